"""Reverse mode: from the loss backwards, every cotangent worked out once and used again.

The cotangent (adjoint, δ) of a node is the derivative of the loss with respect to it. It is the sum, over everything
that uses the node, of what that use hands back: its own cotangent times its slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..ir.build import broadcast, cast, constant, scalar_value
from ..ir.graph import depends_on, toposort
from ..ir.node import Map, Node, Reduce
from ..ir.registry import call
from .flow import Flow, Wild, as_mask, both, guard, support
from .local import is_product, reduction_slope, slopes, takes_derivative


@dataclass
class Cotangents:
    """The cotangent of every node on the way from the outputs to what was asked for."""

    of: dict[Node, Node] = field(default_factory=dict)

    def get(self, node: Node) -> Node:
        """The cotangent of a node; zeros where the outputs do not depend on it."""
        found = self.of.get(node)
        return broadcast(constant(0, "float"), node.shape) if found is None else found


def reverse(seeds: Mapping[Node, Node], wrt: Iterable[Node]) -> Cotangents:
    """The cotangents of ``wrt`` and of all between, given those of the outputs (``seeds``).

    A seed has its output's shape. An output nobody seeds contributes nothing.
    """
    wrt = list(wrt)
    active = depends_on(seeds, wrt)
    order = toposort(seeds)
    wild = Wild(order)
    terms: dict[Node, Flow] = {output: Flow(seed) for output, seed in seeds.items() if output in active}
    result = Cotangents()
    for node in reversed(order):
        g = terms.pop(node, None)
        if g is None:
            continue
        result.of[node] = g.value
        if node.args:
            for arg, part in zip(node.args, _pull(node, g, active, wild), strict=True):
                if part is not None:
                    terms[arg] = terms[arg].joined(part) if arg in terms else part
    return result


def _pull(node: Node, g: Flow, active: set[Node], wild: Wild) -> Sequence[Flow | None]:
    """What a node with cotangent g hands back to each of its operands."""
    needed = tuple(arg in active and takes_derivative(node, i) for i, arg in enumerate(node.args))
    if not any(needed):
        return [None] * len(needed)
    match node:
        case Map():
            return [None if s is None else _scaled(g, s, wild.slope(node, s)) for s in slopes(node, needed)]
        case Reduce():
            slope = reduction_slope(node)
            return [_scaled(g.through(partial(_spread, node)), slope, wild.slope(node, slope))]
        case _:
            return _pulled_back(node, g, needed, wild)


def _scaled(g: Flow, slope: Node, wild: bool) -> Flow:
    """The cotangent times a slope; a slope of ±1 is no multiplication."""
    number = scalar_value(slope)
    if number == 1:
        return g
    if number == -1:
        return Flow(-g.value, g.mask, g.wild)
    chosen = guard(g, slope, wild)
    product = g.value if slope.kind == "bool" and chosen is not None else g.value * cast(slope, "float")
    value = product if chosen is None else call("where", chosen, product, 0.0)
    return Flow(value, both(g.mask, support(slope)), g.wild or wild)


def _spread(node: Reduce, y: Node) -> Node:
    """A reduced array, constant along the axes that were removed."""
    return call("spread", y, node.args[0].shape, node.axes)  # type: ignore[no-any-return]


def _pulled_back(node: Node, g: Flow, needed: tuple[bool, ...], wild: Wild) -> list[Flow | None]:
    """The cotangents of a structural node's operands."""
    pulled = node.op.transpose(node, g.value)
    product = is_product(node)
    # Zeros are not followed through a product of several, or a library's work: that is arithmetic.
    masks = [None] * len(needed) if product or g.mask is None else node.op.transpose(node, g.mask)
    return [
        Flow(part, as_mask(mask), g.wild or (product and wild.any((node, *node.args))))
        if wanted and part is not None
        else None
        for part, mask, wanted in zip(pulled, masks, needed, strict=True)
    ]
