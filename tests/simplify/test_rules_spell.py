"""What the rules for a textbook's spelling make of an expression, node for node, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import broadcast, cast
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.canonical import canonical
from chainrule.simplify.rule import Context

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
X, Y, Z = (Input.of(n, (2, 3)) for n in "xyz")
V, W = (Input.of(n, (3,)) for n in "vw")
U, R = (Input.of(n, (2,)) for n in "ur")
S, T = Input.of("s", ()), Input.of("t", ())
ON = Input.of("on", (2, 3), "bool")
M, P = cast(ON, "float"), cast(X > Y, "float")
EXP, LOG, OUTER, TURNED = call("exp", V), call("log", X), call("outer", U, V), Input.of("q", (3, 2)).T


def where(c: Any, a: Any, b: Any) -> Node:
    return call("where", c, a, b)  # type: ignore[no-any-return]


def total(node: Node, axis: int | None = None) -> Node:
    return call("sum", node, axis=axis)  # type: ignore[no-any-return]


def spread(node: Node) -> Node:
    """A number everywhere, or a row for each of two rows."""
    return broadcast(node, (2, 3))


def column(node: Node) -> Node:
    """A column for each of three columns."""
    return Einsum.of([node], [(0,)], (0, 1), {0: 2, 1: 3})


def guarded(norm: Node, number: float = 1.0) -> Node:
    """What is divided by, where a length may be 0."""
    return where(norm == 0, number, norm)


def times(node: Node, count: int) -> Node:
    """An expression as the last of so many nested products."""
    for _ in range(count):
        node = Y * node
    return node


NORM, NORMS = call("norm", X), call("norm", X, axis=1)
LENGTH = spread(NORM)
BEFORE_LAST = Einsum.of([X], [(0, 1)], (0, 1, 2), {0: 2, 1: 3, 2: 4})
AROUND_ONE = Einsum.of([X], [(0, 2)], (0, 1, 2), {0: 2, 1: 4, 2: 3})
CUBE, PLACED = Input.of("cube", (2, 3, 4)), Input.of("placed", (2, 4, 3))
SUM, TURNED_SUM = total(X - Y), total(Y - X)
SUMS, TURNED_SUMS = total(X - Y, 0), total(Y - X, 0)
NUMBER = broadcast(S, (3,))
RELU = call("relu", X)

TIE, FRACTION, DOT, BEHIND = "share of a tie", "length in a denominator", "dot product", "slope or column behind"
ROUND, ON_RELU, PLAIN = "sign into a sum of differences", "where a relu is on", "plain product"
SIGN, LAST, FACTOR = "one sign for two terms", "number behind a function", "sign out of a last factor"

CASES: list[tuple[str, Node, Node | None]] = [
    ("other side of the sigmoid", call("sigmoid", -X), 1 - call("sigmoid", X)),
    ("other side of the sigmoid", call("sigmoid", X), None),
    ("plain logarithm", call("log1p", X), call("log", 1 + X)),
    ("plain exponential", call("expm1", X), call("exp", X) - 1),
    (PLAIN, call("multiply_no_nan", X, Y), X * Y),
    (PLAIN, call("multiply_no_nan", -X, Y), -X * Y),
    (TIE, where(X >= Y, where(X == Y, 0.5, 1.0), 0.0), P + 0.5 * cast(X == Y, "float")),
    (TIE, where(X >= Y, where(Y == X, 0.5, 1.0), 0.0), P + 0.5 * cast(X == Y, "float")),
    (TIE, where(X >= Y, where(ON, 0.5, 1.0), 0.0), None),
    (TIE, where(X >= Y, where(spread(V) == spread(W), 0.5, 1.0), 0.0), None),
    (TIE, where(X >= Y, where(X != Y, 0.5, 1.0), 0.0), None),
    (TIE, where(X >= Y, where(X == Z, 0.5, 1.0), 0.0), None),
    (TIE, where(X >= Y, where(X == Y, 0.5, 1.0), 2.0), None),
    (TIE, where(X >= Y, where(X == Y, 0.5, 2.0), 0.0), None),
    (TIE, where(X >= Y, where(X == Y, 0.0, 1.0), 0.0), None),
    (TIE, where(X >= Y, Z, 0.0), None),
    (TIE, where(X >= Y, call("exp", X == Y), 0.0), None),
    (TIE, where(X > Y, where(X == Y, 0.5, 1.0), 0.0), None),
    (TIE, where(ON, where(X == Y, 0.5, 1.0), 0.0), None),
    (FRACTION, X / guarded(LENGTH), X / LENGTH),
    (FRACTION, X / spread(guarded(NORM)), X / LENGTH),
    (FRACTION, X / guarded(column(NORMS)), X / column(NORMS)),
    (FRACTION, X / (Y * guarded(LENGTH)), X / (Y * LENGTH)),
    (FRACTION, X / (guarded(LENGTH) * Y), X / (LENGTH * Y)),
    (FRACTION, X / (Y * spread(S * guarded(NORM))), X / (Y * spread(S * NORM))),
    (FRACTION, X / times(guarded(LENGTH), 7), X / times(LENGTH, 7)),
    (FRACTION, X / times(guarded(LENGTH), 8), None),  # deeper than is looked
    (FRACTION, X / (Y / guarded(LENGTH)), None),
    (FRACTION, X / (Y + guarded(LENGTH)), None),
    (FRACTION, X / spread(total(guarded(NORMS))), None),  # a sum in which an empty row counts as 1
    (FRACTION, X / guarded(LENGTH, 2.0), None),
    (FRACTION, X / where(Y == 0, 1.0, LENGTH), None),
    (FRACTION, X / where(LENGTH == 1, 1.0, LENGTH), None),
    (FRACTION, X / guarded(Y), None),
    (FRACTION, X / guarded(spread(call("max", X))), None),
    (FRACTION, X / guarded(spread(total(NORMS))), None),
    (FRACTION, X / spread(guarded(total(NORMS))), None),  # not one length but the sum of two
    (FRACTION, X / LENGTH, None),
    (FRACTION, X / (Y + 1.0), None),
    (FRACTION, X / call("exp", Y), None),
    (FRACTION, X / Y, None),
    (DOT, total(V * W), call("matmul", V, W)),
    (DOT, total(EXP * V), call("matmul", EXP, V)),
    (DOT, total(V * V), call("matmul", V, V)),
    (DOT, total(EXP * EXP), None),  # a sum of squares
    (DOT, total(V), None),
    (DOT, total(V / W), None),
    (DOT, total(X * Y), None),
    (DOT, total(X * Y, 0), None),
    (DOT, spread(V * W), None),
    (DOT, Einsum.of([V * W], [(1,)], (0,), {0: 2, 1: 3}), None),  # the dot product, two times
    (DOT, call("matmul", V * W, EXP), None),
    (BEHIND, M * X, X * M),
    (BEHIND, M * (1 - X), (1 - X) * M),
    (BEHIND, M * P, None),
    (BEHIND, M * spread(S), None),
    (BEHIND, X * M, None),
    (BEHIND, (1 - X) * Y, Y * (1 - X)),
    (BEHIND, (1 - X) * M, None),
    (BEHIND, (1 - X) * (Y + Z), None),
    (BEHIND, (1 - X) * (Y - Z), None),
    (BEHIND, (1 - X) * spread(S), None),
    (BEHIND, Y * (1 - X), None),
    (BEHIND, (X - Z) * Y, None),
    (BEHIND, (2 - X) * Y, None),
    (BEHIND, (1 + X) * Y, None),
    (BEHIND, (1 / X) * Y, None),
    (BEHIND, column(U) * X, X * column(U)),
    (BEHIND, column(U) * OUTER, OUTER * column(U)),
    (BEHIND, column(U) * TURNED, TURNED * column(U)),
    (BEHIND, column(U) * column(R), None),
    (BEHIND, column(U) * spread(V), None),
    (BEHIND, column(U) * spread(S), None),
    (BEHIND, column(U) * M, None),
    (BEHIND, column(U) * (1 - X), None),
    (BEHIND, X * column(U), None),
    (BEHIND, OUTER * X, None),
    (BEHIND, TURNED * X, None),
    (BEHIND, spread(V) * X, None),
    (BEHIND, spread(S) * X, None),
    (BEHIND, BEFORE_LAST * CUBE, CUBE * BEFORE_LAST),
    (BEHIND, AROUND_ONE * PLACED, None),
    (BEHIND, X * Y, None),
    (ROUND, -SUMS, TURNED_SUMS),
    (ROUND, -(NUMBER * SUMS), NUMBER * TURNED_SUMS),
    (ROUND, -(SUMS * NUMBER), TURNED_SUMS * NUMBER),
    (ROUND, -(SUMS / NUMBER), TURNED_SUMS / NUMBER),
    (ROUND, -(S * SUM), S * TURNED_SUM),
    (ROUND, -(V * SUMS), None),
    (ROUND, -(SUMS / V), None),
    (ROUND, -(S / SUM), None),  # the sign stays before the fraction
    (ROUND, -(NUMBER / SUMS), None),
    (ROUND, -(NUMBER + SUMS), None),
    (ROUND, -total(X * Y), None),
    (ROUND, -total(X), None),
    (ROUND, -call("matmul", V - W, W), None),
    (ROUND, -column(U - R), None),  # a copy is not a sum
    (ROUND, -(X - Y), None),
    (ON_RELU, RELU > 0, X > 0),
    (ON_RELU, RELU > 1, None),
    (ON_RELU, RELU >= 0, None),
    (SIGN, -X - Y, -(X + Y)),
    (SIGN, -1.5 - X, -(1.5 + X)),
    (SIGN, 0.0 - X, None),
    (SIGN, 0.5 - X, None),
    (SIGN, X - Y, None),
    (LAST, 1 + LOG, LOG + 1),
    (LAST, 1 + M, M + 1),
    (LAST, X + LOG, None),
    (LAST, 2 * LOG, None),
    (LAST, 1 + X * Y, None),
    (LAST, 1 + X, None),
    (LAST, 1 + spread(total(X)), None),
    (LAST, LOG + 1, None),
    (FACTOR, X * -Y, -(X * Y)),
    ("number under a quotient", (X / spread(S)) / spread(T), X / spread(S * T)),
    ("number under a quotient", (X / Y) / spread(T), None),
    ("number under a factor", (X / spread(S)) * Y, (X * Y) / spread(S)),
    ("number over a factor", (spread(S) / X) * Y, spread(S) * (Y / X)),
    ("number over the other factor", X * (spread(S) / Y), spread(S) * (X / Y)),
]


@pytest.mark.parametrize(
    ("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_what_a_rule_makes_of_a_spelling(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


FIRING = [(name, before, after) for name, before, after in CASES if after is not None]


@pytest.mark.parametrize(
    ("name", "before", "after"), FIRING, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(FIRING)]
)
def test_a_phase_ends_wherever_the_place_is(name: str, before: Node, after: Node) -> None:
    """The measure falls alone, in an operation, and with each of two such places."""
    old, new = cast(before, "float"), cast(after, "float")
    steps = [(before, after), (call("tanh", old), call("tanh", new)), (old / old, old / new), (old / new, new / new)]
    for phase in PHASES:
        if RULES[name] in phase.rules:
            assert all(phase.lowers(b, a) for b, a in steps)


SHARED: list[tuple[str, Node, Node]] = [
    (ROUND, -(NUMBER * SUMS), NUMBER * SUMS),
    (ROUND, -(NUMBER * SUMS), SUMS),
    (ROUND, -SUMS, SUMS),
    (ROUND, -SUMS, X - Y),
    (ON_RELU, RELU > 0, RELU),
    (SIGN, -X - Y, -X),
]


@pytest.mark.parametrize(("name", "before", "shared"), SHARED)
def test_what_others_use_is_not_taken_apart(name: str, before: Node, shared: Node) -> None:
    assert RULES[name].rewrite(before, Context()) is not None
    assert RULES[name].rewrite(before, Context({shared: 2})) is None
    assert RULES[name].rewrite(before, Context(named=frozenset({shared}))) is None


NAMED: list[tuple[str, Node, Node, Node | None]] = [
    (FRACTION, X / guarded(LENGTH), guarded(LENGTH), None),
    (FRACTION, X / (Y * guarded(LENGTH)), Y * guarded(LENGTH), None),
    (FRACTION, X / (guarded(LENGTH) * guarded(column(NORMS))), guarded(LENGTH), X / (guarded(LENGTH) * column(NORMS))),
    (FRACTION, X / guarded(LENGTH), LENGTH, X / LENGTH),
    (DOT, total(V * W), V * W, None),
    (DOT, total(EXP * EXP), EXP, call("matmul", EXP, EXP)),
]


@pytest.mark.parametrize(("name", "before", "named", "after"), NAMED)
def test_what_has_a_name_is_read_by_it(name: str, before: Node, named: Node, after: Node | None) -> None:
    assert RULES[name].rewrite(before, Context(named=frozenset({named}))) is after


def test_a_choice_in_a_choice_has_a_canonical_form_whatever_is_asked() -> None:
    tie, choice = (where(X >= Y, where(is_half, 0.5, 1.0), 0.0) for is_half in (X == Y, ON))
    assert canonical(tie) is canonical(P + 0.5 * cast(X == Y, "float"))
    assert canonical(choice + choice) is canonical(2 * choice)
    assert canonical(choice) is not canonical(tie)
