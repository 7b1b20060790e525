"""What flows along the graph, in either direction: a cotangent or a tangent, and what is known of its zeros.

Zeros are structural. Where a selection (where, relu, max, clip) closes a path, nothing flows along it, whatever the
other slopes on the path are. Multiplying by zero would not say so, for 0·∞ is NaN; so where a zero by structure meets
a number that may be infinite, the product is selected: ``where(mask, g * slope, 0)``. A zero by coincidence is none of
this: it is multiplied, and 0·∞ stays NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..ir.build import scalar_value
from ..ir.node import Call, Const, Map, Node, Reduce
from ..ir.registry import call


@dataclass(frozen=True, eq=False)
class Flow:
    """A cotangent or tangent on its way.

    ``mask`` is a truth value, False where the flow is zero by structure (None: nowhere); it has the shape of the node
    that the flow belongs to. ``wild``: the flow may be infinite or NaN although all inputs are finite.
    """

    value: Node
    mask: Node | None = None
    wild: bool = False

    def joined(self, other: Flow) -> Flow:
        """The sum of two flows: zero by structure where both are."""
        return Flow(self.value + other.value, _either(self.mask, other.mask), self.wild or other.wild)

    def through(self, move: Callable[[Node], Node]) -> Flow:
        """The flow behind something that moves numbers or adds them up; the mask goes the same way."""
        return Flow(move(self.value), None if self.mask is None else as_mask(move(self.mask)), self.wild)


def as_mask(mask: Node | None) -> Node | None:
    """A mask that was moved. Truth values that were added up are counts: any of the terms may be non-zero."""
    return mask if mask is None or mask.kind == "bool" else mask > 0


def guard(flow: Flow, slope: Node, wild: bool) -> Node | None:
    """Where the product of a flow and a slope is to be selected, since 0·∞ may be met; None: it may be multiplied."""
    return both(flow.mask if wild else None, support(slope) if flow.wild else None)


def support(slope: Node) -> Node | None:
    """The truth value by which a slope is zero: the slope itself, or the condition of a where with a zero."""
    if slope.kind == "bool":
        return slope
    if isinstance(slope, Map) and slope.op.name == "where":
        condition, a, b = slope.args
        if scalar_value(b) == 0:
            return condition
        return call("logical_not", condition) if scalar_value(a) == 0 else None
    return None


def both(a: Node | None, b: Node | None) -> Node | None:
    """A mask that is open where both are; None is open everywhere."""
    if a is None or b is None or a is b:
        return b if a is None else a
    return call("logical_and", a, b)  # type: ignore[no-any-return]


def _either(a: Node | None, b: Node | None) -> Node | None:
    """A mask that is open where one of them is."""
    if a is None or b is None or a is b:
        return a if a is b else None
    if call("logical_not", a) is b or call("logical_not", b) is a:
        return None
    return call("logical_or", a, b)  # type: ignore[no-any-return]


class Wild:
    """Which nodes and slopes may be infinite or NaN although all inputs are finite, as the records declare it."""

    def __init__(self, order: Iterable[Node]) -> None:
        self._nodes: set[Node] = set()
        for node in order:
            if node.kind == "float" and (self.any(node.args) or self._begins(node)):
                self._nodes.add(node)

    def any(self, nodes: Iterable[Node]) -> bool:
        """Whether one of the nodes may be."""
        return any(node in self._nodes for node in nodes)

    def slope(self, node: Map | Reduce, slope: Node) -> bool:
        """Whether a slope of this node may be; where the slope is an operand (a product's), only that one counts."""
        if slope.kind == "bool":
            return False
        if any(slope is arg for arg in node.args):
            return slope in self._nodes
        return self._begins(node) or self.any(node.args)

    @staticmethod
    def _begins(node: Node) -> bool:
        if isinstance(node, Const):
            return node.shape == () and not math.isfinite(node.value)
        return isinstance(node, (Call, Map, Reduce)) and node.op.is_singular(node.args)
