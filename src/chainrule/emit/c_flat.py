"""Loops over all entries of an array as they lie in memory, whatever its shape: one instead of one for each axis.

So the compiler's vectors are full where the last axis is short, as that of an image is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..ir.build import scalar_value
from ..ir.dims import Extent
from ..ir.node import Einsum, Map, Node
from ..lower.views import view
from .c_body import Body, Index
from .c_text import PLAIN, product


@contextmanager
def entries(body: Body, node: Map) -> Iterator[Index]:
    """Loops over the entries of a node, or those of its rows that are a thread's share, and the index inside."""
    first, *rest = node.shape or (1,)
    if sum(extent != 1 for extent in node.shape) < 2 or not all(lies_flat(body, a) for a in node.args):
        with body.loops(node.shape, rows=True) as index:
            yield index
        return
    begin, end = body.share(first)
    row = product(body.extent(extent) for extent in rest)
    i = body.fresh("i")
    with body.lines.loop(i, f"{end} * {row}", f"{begin} * {row}" if begin != "0" else "0"):
        yield flat_index(node.shape, i)


def flat_index(shape: Sequence[Extent], place: str) -> Index:
    """The index of the entry at a place in row-major order: 0 along each axis but the last."""
    return [*[("0", PLAIN)] * (len(shape) - 1), (place, PLAIN)] if shape else []


def lies_flat(body: Body, node: Node) -> bool:
    """Whether the entries of a node lie one after the other, are all the same, or are made one by one of such."""
    folded = body.plan.folded
    leaves = [a for m in body.plan.tree(node) for a in m.args if a not in folded] if node in folded else [node]
    return all(_is_in_order(body, leaf) for leaf in leaves)


def _is_in_order(body: Body, node: Node) -> bool:
    if scalar_value(node) is not None:
        return True
    lies = view(node, body.is_array)
    if lies is not None:
        return lies.shape == node.shape and all(form == (0, {axis: 1}) for axis, form in enumerate(lies.at))
    while isinstance(node, Einsum) and node.is_layout:
        node = node.args[0]
    return node in body.scalars
