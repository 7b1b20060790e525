"""Where a unit is on: by what goes into it, if the reader has a name for that."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify.rule import Context
from chainrule.simplify.rules.units import unit_on

X, Y = Input.of("x", (2, 3)), Input.of("y", (2, 3))
Z = X + Y
RELU = call("relu", X)

CASES: list[tuple[Node, Node | None]] = [
    (RELU > 0, X > 0),
    (RELU > 0.0, X > 0),
    (call("relu", Z) > 0, Z > 0),
    # No reader has a name for x − y.
    (call("relu", X - Y) > 0, None),
    (RELU > 1, None),
    (RELU > -1, None),
    (RELU > Y, None),
    (call("tanh", X) > 0, None),
    (call("exp", X) > 0, None),
    (X > 0, None),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_where_a_unit_is_on(before: Node, after: Node | None) -> None:
    found = unit_on.rewrite(before, Context(named=frozenset([Z])))
    assert found is after, f"{before!r} became {found!r}"
