"""Sums of more than two factors, contracted two at a time in a good order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.dims import Dim, Extent
from ..ir.graph import Graph, rebuild
from ..ir.node import Einsum, Node, Subscripts

UNKNOWN = 64
"""What a named dimension is taken for when orders are compared."""


def pairwise(graph: Graph) -> Graph:
    """The graph with every einsum of more than two operands as a tree of einsums of two."""
    known: dict[Node, Node] = {}
    outputs = rebuild(graph.outputs, _contract, known)
    names: dict[Node, str] = {}
    for node, name in graph.names.items():
        names.setdefault(known.get(node, node), name)
    return Graph(graph.inputs, tuple(outputs), names)


def _contract(node: Node, args: tuple[Node, ...]) -> Node:
    if not isinstance(node, Einsum) or len(args) < 3:
        return node if all(a is b for a, b in zip(args, node.args, strict=True)) else node.with_args(args)
    operands = list(zip(args, node.subs, strict=True))
    extents = dict(enumerate(node.extents))
    while len(operands) > 2:
        i, j = _cheapest_pair([sub for _, sub in operands], node.out, extents)
        (a, sub_a), (b, sub_b) = operands[i], operands[j]
        rest = [operand for k, operand in enumerate(operands) if k not in (i, j)]
        kept = _kept(sub_a, sub_b, [sub for _, sub in rest], node.out)
        product = Einsum.of([a, b], [sub_a, sub_b], kept, dict(extents))
        operands = [*rest[:i], (product, kept), *rest[i:]]
    return Einsum.of([a for a, _ in operands], [s for _, s in operands], node.out, extents)


def _kept(a: Subscripts, b: Subscripts, rest: Sequence[Subscripts], out: Subscripts) -> Subscripts:
    """The indices of a product of two operands that are still needed afterwards, in order of appearance."""
    needed = {i for sub in (*rest, out) for i in sub}
    return tuple(i for i in dict.fromkeys((*a, *b)) if i in needed)


def _cheapest_pair(subs: Sequence[Subscripts], out: Subscripts, extents: dict[int, Extent]) -> tuple[int, int]:
    """The two operands whose product costs the fewest multiplications, then the smallest result (greedy)."""
    best: tuple[float, float, int, int] | None = None
    for i in range(len(subs)):
        for j in range(i + 1, len(subs)):
            rest = [sub for k, sub in enumerate(subs) if k not in (i, j)]
            work = _volume({*subs[i], *subs[j]}, extents)
            size = _volume(set(_kept(subs[i], subs[j], rest, out)), extents)
            grows = size - _volume(set(subs[i]), extents) - _volume(set(subs[j]), extents)
            candidate = (work, grows, i, j)
            best = candidate if best is None or candidate < best else best
    assert best is not None
    return best[2], best[3]


def _volume(indices: set[int], extents: dict[int, Extent]) -> float:
    return math.prod(UNKNOWN if isinstance(extents[i], Dim) else max(1, int(extents[i])) for i in indices)
