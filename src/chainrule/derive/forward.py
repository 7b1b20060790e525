"""Forward mode: from the inputs onwards, how each node changes when they do.

A tangent may have extra axes behind its node's own. With the identity as the seed those are the axes of the input,
and what comes out is the whole Jacobian: ∂f/∂w with f's axes first, then w's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.build import broadcast, cast, constant
from ..ir.dims import Shape
from ..ir.graph import toposort
from ..ir.node import Delta, Einsum, Map, Node, Reduce
from .local import reduction_slope, refuse_unknown, slopes, takes_derivative


def forward(outputs: Sequence[Node], seeds: Mapping[Node, Node], extra: Shape = ()) -> list[Node]:
    """The tangents of the outputs, given those of some nodes (each of shape: the node's, then ``extra``)."""
    tangents: dict[Node, Node] = dict(seeds)
    for node in toposort(outputs):
        if node in tangents or not any(arg in tangents for arg in node.args):
            continue
        pushed = tangent(node, [tangents.get(arg) for arg in node.args], extra)
        if pushed is not None:
            tangents[node] = pushed
    zero = constant(0, "float")
    return [tangents[o] if o in tangents else broadcast(zero, o.shape + extra) for o in outputs]


def tangent(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    """One node's tangent from those of its operands (None: does not vary), by the node's own record."""
    flows = [t if t is not None and takes_derivative(node, i) else None for i, t in enumerate(tangents)]
    if all(t is None for t in flows):
        return None
    match node:
        case Map():
            total: Node | None = None
            for slope, t in zip(slopes(node, tuple(t is not None for t in flows)), flows, strict=True):
                if slope is not None and t is not None:
                    term = _times(slope, t, node.shape, extra)
                    total = term if total is None else total + term
            return total
        case Reduce():
            (t,) = flows
            assert t is not None
            x = node.args[0]
            return _times(reduction_slope(node), t, x.shape, extra, node.axes)
        case _:
            refuse_unknown(node)
            return node.op.push(node, flows, extra)  # type: ignore[no-any-return]


def _times(slope: Node, t: Node, shape: Shape, extra: Shape, summed: tuple[int, ...] = ()) -> Node:
    """slope · tangent entry by entry, constant along the extra axes, summed over the axes a reduction removes."""
    own = tuple(range(len(shape)))
    more = tuple(range(len(shape), len(shape) + len(extra)))
    out = tuple(i for i in own if i not in summed) + more
    extents = dict(enumerate(shape + extra))
    if slope.kind == "bool":
        slope = cast(slope, "float")
    return Einsum.of([slope, t], [own, own + more], out, extents)


def identity(node: Node) -> Node:
    """∂w/∂w: a Kronecker delta for each axis."""
    rank = len(node.shape)
    if rank == 0:
        return constant(1, "float")
    deltas: list[Node] = [Delta.of(extent) for extent in node.shape]
    subs = [(i, rank + i) for i in range(rank)]
    extents = {**dict(enumerate(node.shape)), **{rank + i: e for i, e in enumerate(node.shape)}}
    return Einsum.of(deltas, subs, tuple(range(2 * rank)), extents)


def jacobian(outputs: Sequence[Node], wrt: Node) -> list[Node]:
    """∂output/∂wrt for each output: the output's axes first, then wrt's."""
    return forward(outputs, {wrt: identity(wrt)}, wrt.shape)
