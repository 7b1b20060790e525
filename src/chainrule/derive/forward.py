"""Forward mode: from the inputs onwards, how each node changes when they do.

A tangent may have extra axes behind its node's own. With the identity as the seed those are the axes of the input,
and what comes out is the whole Jacobian: ∂f/∂w with f's axes first, then w's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.build import broadcast, cast, constant, scalar_value
from ..ir.dims import Shape
from ..ir.graph import toposort
from ..ir.node import Concat, Delta, Einsum, Map, Node, Reduce
from ..ir.registry import call
from .flow import Flow, Wild, as_mask, both, guard, support
from .local import is_product, reduction_slope, slopes, takes_derivative


def forward(outputs: Sequence[Node], seeds: Mapping[Node, Node], extra: Shape = ()) -> list[Node]:
    """The tangents of the outputs, given those of some nodes (each of shape: the node's, then ``extra``)."""
    order = toposort(outputs)
    wild = Wild(order)
    flows = {node: Flow(seed) for node, seed in seeds.items()}
    for node in order:
        if node not in flows and any(arg in flows for arg in node.args):
            pushed = _push(node, [flows.get(arg) for arg in node.args], extra, wild)
            if pushed is not None:
                flows[node] = pushed
    zero = constant(0, "float")
    return [flows[o].value if o in flows else broadcast(zero, o.shape + extra) for o in outputs]


def tangent(node: Node, tangents: Sequence[Node | None], extra: Shape) -> Node | None:
    """One node's tangent from those of its operands (None: does not vary), by the node's own record."""
    pushed = _push(node, [None if t is None else Flow(t) for t in tangents], extra, Wild(()))
    return None if pushed is None else pushed.value


def _push(node: Node, flows: Sequence[Flow | None], extra: Shape, wild: Wild) -> Flow | None:
    """What a node hands on of its operands' tangents."""
    flows = [t if t is not None and takes_derivative(node, i) else None for i, t in enumerate(flows)]
    if all(t is None for t in flows):
        return None
    match node:
        case Map():
            total: Flow | None = None
            for slope, t in zip(slopes(node, tuple(t is not None for t in flows)), flows, strict=True):
                if slope is not None and t is not None:
                    term = _scaled(t, slope, wild.slope(node, slope))
                    total = term if total is None else total.joined(term)
            return total
        case Reduce():
            (t,) = flows
            assert t is not None
            slope = reduction_slope(node)
            return _scaled(t, slope, wild.slope(node, slope), node.axes)
        case _:
            return _pushed_on(node, flows, extra, wild)


def _scaled(t: Flow, slope: Node, wild: bool, summed: tuple[int, ...] = ()) -> Flow:
    """The slope times the tangent, constant along the extra axes, summed over the axes that a reduction removes."""
    number = None if summed else scalar_value(slope)
    if number == 1:
        return t
    if number == -1:
        return Flow(-t.value, t.mask, t.wild)
    mask = both(t.mask, support(slope))
    if mask is not None and summed:
        mask = as_mask(call("sum", mask, axis=summed))
    chosen = guard(t, slope, wild)
    if chosen is None:
        return Flow(_product(slope, t.value, summed), mask, t.wild or wild)
    product = t.value if slope.kind == "bool" else _product(slope, t.value)
    every = Einsum.of([chosen], [_own(slope)], _own(product), dict(enumerate(product.shape)))
    value = call("where", every, product, 0.0)
    return Flow(call("sum", value, axis=summed) if summed else value, mask, t.wild or wild)


def _own(node: Node) -> tuple[int, ...]:
    return tuple(range(len(node.shape)))


def _product(slope: Node, t: Node, summed: tuple[int, ...] = ()) -> Node:
    """The slope times the tangent, a sum of products where axes are summed."""
    out = tuple(i for i in _own(t) if i not in summed)
    return Einsum.of([cast(slope, "float"), t], [_own(slope), _own(t)], out, {})


def _pushed_on(node: Node, flows: Sequence[Flow | None], extra: Shape, wild: Wild) -> Flow:
    """The tangent of a structural node."""
    value = node.op.push(node, [None if t is None else t.value for t in flows], extra)
    product = is_product(node)
    mask = None
    # Zeros are not followed through a product of several, or a library's work: that is arithmetic.
    if not product and any(t is not None and t.mask is not None for t in flows):
        mask = as_mask(node.op.push(node, _masks(node, flows), ()))
    return Flow(value, mask, any(t is not None and t.wild for t in flows) or (product and wild.any((node, *node.args))))


def _masks(node: Node, flows: Sequence[Flow | None]) -> list[Node | None]:
    """The masks of the operands; where arrays are joined, each has one."""
    masks = [None if t is None else t.mask for t in flows]
    if not isinstance(node, Concat):
        return masks
    return [
        broadcast(constant(t is not None, "bool"), arg.shape) if mask is None else mask
        for arg, t, mask in zip(node.args, flows, masks, strict=True)
    ]


def identity(node: Node) -> Node:
    """∂w/∂w: a Kronecker delta for each axis."""
    rank = len(node.shape)
    if rank == 0:
        return constant(1, "float")
    deltas: list[Node] = [Delta.of(extent) for extent in node.shape]
    return Einsum.of(deltas, [(i, rank + i) for i in range(rank)], tuple(range(2 * rank)), {})


def jacobian(outputs: Sequence[Node], wrt: Node) -> list[Node]:
    """∂output/∂wrt for each output: the output's axes first, then wrt's."""
    return forward(outputs, {wrt: identity(wrt)}, wrt.shape)
