"""Reverse mode: from the loss backwards, every cotangent worked out once and used again.

The cotangent (adjoint, δ) of a node is the derivative of the loss with respect to it. It is the sum, over everything
that uses the node, of what that use hands back: its own cotangent times its slope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..ir.build import broadcast, constant, scalar_value
from ..ir.graph import depends_on, toposort
from ..ir.node import Einsum, Map, Node, Reduce, Reshape
from ..ir.registry import call
from .local import reduction_slope, refuse_unknown, slopes, takes_derivative, times


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
    masks = Masks()
    terms: dict[Node, list[Node]] = {}
    for output, seed in seeds.items():
        if output in active:
            terms.setdefault(output, []).append(seed)
    result = Cotangents()
    for node in reversed(toposort(seeds)):
        parts = terms.pop(node, None)
        if parts is None:
            continue
        g = parts[0]
        for part in parts[1:]:
            g = g + part
        result.of[node] = g
        if node.args:
            for arg, part in zip(node.args, _pull(node, g, active, masks), strict=True):
                if part is not None:
                    terms.setdefault(arg, []).append(part)
    return result


def _pull(node: Node, g: Node, active: set[Node], masks: Masks) -> list[Node | None]:
    """What a node with cotangent g hands back to each of its operands."""
    needed = tuple(arg in active and takes_derivative(node, i) for i, arg in enumerate(node.args))
    if not any(needed):
        return [None] * len(needed)
    match node:
        case Map():
            mask = masks.of(g) if node.op.singular else None
            return [_scaled(g, slope, mask, node.op.singular) for slope in slopes(node, needed)]
        case Reduce():
            spread = call("spread", g, node.args[0].shape, node.axes)
            mask = masks.of(g) if node.op.singular else None
            return [times(spread, reduction_slope(node), mask, node.op.singular)]
        case _:
            refuse_unknown(node)
            pulled = node.op.transpose(node, g)
            return [part if wanted else None for part, wanted in zip(pulled, needed, strict=True)]


def _scaled(g: Node, slope: Node | None, mask: Node | None, singular: bool) -> Node | None:
    """The cotangent times a slope; a slope of ±1 is no multiplication."""
    if slope is None:
        return None
    number = scalar_value(slope)
    if number == 1:
        return g
    return -g if number == -1 else times(g, slope, mask, singular)


class Masks:
    """Where a cotangent is zero by structure: the truth value a selection multiplied it by, or None.

    It is followed through products, signs and moves; worked out once for each node.
    """

    def __init__(self) -> None:
        self._known: dict[Node, Node | None] = {}

    def of(self, g: Node) -> Node | None:
        """The mask of a cotangent; found without recursion, since chains are long."""
        path = [g]
        while path[-1] not in self._known:
            following = _carrier(path[-1])
            if following is None:
                self._known[path[-1]] = _own_mask(path[-1])
                break
            path.append(following)
        for outer, inner in zip(path[-2::-1], path[:0:-1], strict=True):
            mask = self._known[inner]
            if mask is not None and isinstance(outer, (Reshape, Einsum)):
                mask = outer.with_args((mask,)) if isinstance(outer, Reshape) else _moved(outer, mask)
            self._known[outer] = mask if mask is not None else _own_mask(outer)
        return self._known[g]


def _own_mask(g: Node) -> Node | None:
    """The truth value that this very node masks by."""
    if not isinstance(g, Map):
        return None
    if g.op.name == "where":
        condition, a, b = g.args
        if scalar_value(b) == 0:
            return condition
        return call("logical_not", condition) if scalar_value(a) == 0 else None  # type: ignore[no-any-return]
    if g.op.name == "to_float" and g.args[0].kind == "bool":
        return g.args[0]
    if g.op.name == "mul":
        return next((m for m in map(_own_mask, g.args) if m is not None), None)
    return None


def _carrier(g: Node) -> Node | None:
    """The operand whose structural zeros are this node's too, where this node has no mask of its own."""
    if _own_mask(g) is not None:
        return None
    match g:
        case Map() if g.op.name in ("mul", "neg", "div"):
            return g.args[0]
        case Reshape():
            return g.args[0]
        case Einsum() if g.is_layout:
            return g.args[0]
    return None


def _moved(outer: Einsum, mask: Node) -> Node:
    """A mask transposed or broadcast as its cotangent is."""
    return Einsum.of([mask], outer.subs, outer.out, dict(enumerate(outer.extents)))
