"""What the rules for choices make of an expression, node for node, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.node import Input, Map, Node
from chainrule.ir.registry import call, record
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
X, Y, V = (Input.of(n, (2, 3)) for n in "xyv")
S, T = Input.of("s", ()), Input.of("t", ())
ABS, SIGN = call("abs", X), call("sign", X)
ON, OTHER = Input.of("on", (2, 3), "bool"), Input.of("other", (2, 3), "bool")
M, NOT_M, P = cast(ON, "float"), cast(~ON, "float"), cast(OTHER, "float")


def where(c: Any, a: Any, b: Any) -> Node:
    return call("where", c, a, b)  # type: ignore[no-any-return]


def clip(bound: float) -> Node:
    return call("clip", X, -bound, bound)  # type: ignore[no-any-return]


def on(condition: Node) -> Node:
    return cast(condition, "float")


def spread(node: Any) -> Node:
    return broadcast(as_node(node), (2, 3))


CLIPPED = Map.of(record("clipped"), X, spread(-as_node(1.5)), spread(1.5))
RELU, MAX = call("relu", X), call("maximum", X, 0.0)
POSITIVE = on(X > 0)
FAR, HALVES, LESS = "clip, far branch first", "two halves of a choice: add", "two halves of a choice: sub"
BOTH, UNDER, OPEN = "mask on both branches", "number under both branches", "masked where it is 0 anyway"

CASES: list[tuple[str, Node, Node | None]] = [
    ("other choice", where(~ON, X, Y), where(ON, Y, X)),
    ("clip by |x| ≤ 1", where(ABS <= 1.0, X, SIGN), clip(1.0)),
    ("clip by |x| ≤ 1", where(ABS < 1.0, X, SIGN), None),
    ("clip by |x| ≤ 1", where(ABS <= 2.0, X, SIGN), None),
    ("clip by |x| < 1", where(ABS < 1.0, X, SIGN), clip(1.0)),
    ("clip by |x| ≤ c", where(ABS <= 1.5, X, 1.5 * SIGN), CLIPPED),
    ("clip by |x| ≤ c", where(ABS < 1.5, X, 1.5 * SIGN), None),
    ("clip by |x| ≤ c", where(ABS <= 1.5, X, 1.5 / SIGN), None),
    ("clip by |x| ≤ c", where(ABS <= -1.5, X, -1.5 * SIGN), None),
    ("clip by |x| < c", where(ABS < 1.5, X, 1.5 * SIGN), CLIPPED),
    (FAR, where(ABS > 1.5, 1.5 * SIGN, X), clip(1.5)),
    (FAR, where(ABS >= 1.0, SIGN, X), clip(1.0)),
    (FAR, where(ABS > 1.0, 1.0 * SIGN, X), clip(1.0)),
    (FAR, where(ABS > 0.0, 0.0 * SIGN, X), clip(0.0)),
    (FAR, where(ABS > 0.5, 0.5 * SIGN, X), clip(0.5)),
    (FAR, where(ABS > -1.5, -1.5 * SIGN, X), None),
    (FAR, where(ABS < 1.5, 1.5 * SIGN, X), None),
    (FAR, where(ABS > 1.5, SIGN, X), None),
    (FAR, where(ABS > 1.5, 1.5 / SIGN, X), None),
    (FAR, where(ABS > 1.5, 1.5, X), None),
    (FAR, where(ABS > 1.5, 1.5 * X, X), None),
    (FAR, where(ABS > Y, Y * SIGN, X), None),
    (FAR, where(ON, SIGN, X), None),
    (FAR, where(X > 1.5, 1.5, where(X < -1.5, -1.5, X)), clip(1.5)),
    (FAR, where(X >= 1.5, 1.5, where(X <= -1.5, -1.5, X)), clip(1.5)),
    (FAR, where(X > 1.5, 2.0, where(X < -1.5, -1.5, X)), None),
    (FAR, where(X > 1.5, 1.5, X), None),
    (FAR, where(X > 1.5, 1.5, X * Y), None),
    (FAR, where(X > 1.5, 1.5, call("clip", X, -1.5, 3.0)), None),
    (FAR, where(X > 1.5, 1.5, where(ON, -1.5, X)), None),
    (FAR, where(X > 1.5, 1.5, where(X > -1.5, -1.5, X)), None),
    (FAR, where(X > 1.5, 1.5, where(Y < -1.5, -1.5, X)), None),
    (FAR, where(X > 1.5, 1.5, where(X < -1.5, -1.5, Y)), None),
    (FAR, where(X > 1.5, 1.5, where(X < -1.5, -1.0, X)), None),
    (FAR, where(X > 1.5, 1.5, where(X < -1.0, -1.0, X)), None),
    (FAR, where(X > 1.5, 1.5, where(X < -1.0, -1.5, X)), None),
    (HALVES, X * M + Y * NOT_M, where(ON, X, Y)),
    (HALVES, X * NOT_M + Y * M, where(~ON, X, Y)),
    (HALVES, M + Y * NOT_M, where(ON, spread(1.0), Y)),
    (HALVES, M * X + Y * NOT_M, where(ON, X, Y)),
    (HALVES, X * (V * M) + Y * NOT_M, where(ON, X * V, Y)),
    (HALVES, (V * M) * X + Y * NOT_M, where(ON, V * X, Y)),
    (HALVES, -(X * M) + (Y * NOT_M) / V, where(ON, -X, Y / V)),
    (HALVES, -(-(X * M)) + Y * NOT_M, where(ON, -(-X), Y)),  # noqa: B002 - a graph has two minuses
    (HALVES, X * M + Y * P, None),
    (HALVES, X * M + Y * M, None),
    (HALVES, X * M + Y, None),
    (HALVES, X + call("exp", NOT_M), None),
    (HALVES, -(-(-(-(X * M)))) + Y * NOT_M, None),  # noqa: B002 - deeper than is looked
    (HALVES, X * (X * (X * (X * (X * M)))) + Y * NOT_M, None),
    (HALVES, X * (X * (X * (X * M))) + Y * NOT_M, where(ON, X * (X * (X * X)), Y)),
    (LESS, X * M - Y * NOT_M, where(ON, X, -Y)),
    (BOTH, where(ON, X * P, Y * P), where(ON, X, Y) * P),
    (BOTH, where(ON, X * P, P), where(ON, X, spread(1.0)) * P),
    (BOTH, where(ON, X * P, Y * M), None),
    (UNDER, where(ON, X / spread(S), Y / spread(S)), where(ON, X, Y) / spread(S)),
    (UNDER, where(ON, X / spread(S), spread(T / S) * Y), where(ON, X, spread(T) * Y) / spread(S)),
    (UNDER, where(ON, X / spread(S), Y * spread(T / S)), where(ON, X, spread(T) * Y) / spread(S)),
    (UNDER, where(ON, X / spread(S), spread(1.0 / S) * Y), where(ON, X, Y) / spread(S)),
    (UNDER, where(ON, X / spread(S), spread(2.0 / S) * Y), where(ON, X, 2.0 * Y) / spread(S)),
    (
        UNDER,
        where(ON, X / spread(S), spread(T / S) * spread(1.0 / T)),
        where(ON, X, spread(T) * spread(1.0 / T)) / spread(S),
    ),
    (UNDER, where(ON, X / spread(S), Y / spread(T)), None),
    (UNDER, where(ON, X / spread(S), spread(T * S) * Y), None),
    (UNDER, where(ON, X / V, Y / V), None),
    (UNDER, where(ON, X / spread(S), Y), None),
    (UNDER, where(ON, X, Y / spread(S)), None),
    (OPEN, RELU * POSITIVE, RELU),
    (OPEN, POSITIVE * RELU, RELU),
    (OPEN, (Y * RELU) * POSITIVE, Y * RELU),
    (OPEN, (Y * POSITIVE) * RELU, Y * RELU),
    (OPEN, (POSITIVE * Y) * RELU, Y * RELU),
    (OPEN, RELU * (POSITIVE * Y), Y * RELU),
    (OPEN, MAX * POSITIVE, MAX),
    (OPEN, call("maximum", 0.0, X) * POSITIVE, call("maximum", 0.0, X)),
    (OPEN, on(RELU > 0) * RELU, RELU),
    (OPEN, call("maximum", X, 1.0) * POSITIVE, None),
    (OPEN, call("maximum", X, Y) * POSITIVE, None),
    (OPEN, call("minimum", X, 0.0) * POSITIVE, None),
    (OPEN, call("exp", X) * POSITIVE, None),
    (OPEN, X * POSITIVE, None),
    (OPEN, RELU * on(Y > 0), None),
    (OPEN, RELU * on(X > 1), None),
    (OPEN, RELU * on(X >= 0), None),
    (OPEN, RELU * on(X < 0), None),
    (OPEN, RELU * M, None),
    (OPEN, RELU * where(X > 0, 2.0, 1.0), None),
    (OPEN, RELU * call("exp", POSITIVE), None),
    (OPEN, (Y + POSITIVE) * RELU, None),
    (OPEN, (Y / RELU) * POSITIVE, None),
]


@pytest.mark.parametrize(
    ("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_what_a_rule_makes_of_a_choice(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


TWICE: list[tuple[str, Node, Node]] = [
    (HALVES, X * M + Y * NOT_M, X * M),
    (HALVES, X * M + Y * NOT_M, Y * NOT_M),
    (UNDER, where(ON, X / spread(S), Y / spread(S)), X / spread(S)),
    (UNDER, where(ON, X / spread(S), Y / spread(S)), Y / spread(S)),
    (OPEN, (Y * POSITIVE) * RELU, Y * POSITIVE),
    (OPEN, (Y * RELU) * POSITIVE, Y * RELU),
]


@pytest.mark.parametrize(("name", "before", "shared"), TWICE)
def test_a_choice_that_others_use_is_not_taken_apart(name: str, before: Node, shared: Node) -> None:
    assert RULES[name].rewrite(before, Context()) is not None
    assert RULES[name].rewrite(before, Context({shared: 2})) is None
