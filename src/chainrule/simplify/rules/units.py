"""Where a unit of a network is on, by what goes into it."""

from __future__ import annotations

from ...ir.build import scalar_value
from ...ir.node import Input, Map, Node
from ...ir.registry import call
from ..rule import Context, Rule, structural


@structural(
    "where a unit is on",
    "greater",
    "relu(z) is positive where z is, and a slope is told at what goes into a function",
    lambda: [call("relu", Input.of("z", (2, 3))) > 0],
)
def unit_on(node: Node, context: Context) -> Node | None:
    """The bracket [h > 0] of h = relu(z), where the reader has a name for z → [z > 0]."""
    unit, zero = node.args
    if scalar_value(zero) != 0 or not isinstance(unit, Map) or unit.op.name != "relu":
        return None
    (z,) = unit.args
    return z > 0 if z in context.named or isinstance(z, Input) else None


RULES: tuple[Rule, ...] = (unit_on,)
