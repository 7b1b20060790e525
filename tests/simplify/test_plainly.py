"""What the simpler words for a node are, node for node, and which nodes have none."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import cast
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify.plainly import plainly

X, Y = Input.of("x", (3,)), Input.of("y", (3,))
A, B = Input.of("A", (3, 3)), Input.of("B", (3, 2))
SHARE = call("where", X >= Y, call("where", call("equal", X, Y), 0.5, 1.0), 0.0)

CASES: list[tuple[Node, Node | None]] = [
    # by logarithm and exponential
    (call("log1p", X), call("log", 1 + X)),
    (call("expm1", X), call("exp", X) - 1),
    (call("log_sigmoid", X), call("log", call("sigmoid", X))),
    (call("softplus", X), -call("log", call("sigmoid", -X))),
    # by the inverse
    (call("solve", A, B), call("inv", A) @ B),
    (call("inv", A.T), call("inv", A).T),
    # without a tie
    (SHARE, cast(X > Y, "float") + 0.5 * cast(call("equal", X, Y), "float")),
    (call("relu", X) > 0, X > 0),
    # what is as simple as can be
    (X, None),
    (call("inv", A), None),
    (call("det", A), None),
    (call("sum", X), None),
    (call("log", X), None),
    (call("exp", X), None),
    (call("sigmoid", X), None),
    (call("where", X > Y, X, Y), None),
    (X > Y, None),
    (X + 1, None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0])[:60])
def test_what_a_node_is_in_simpler_words(case: tuple[Node, Node | None]) -> None:
    node, plain = case
    assert plainly(node) is plain
