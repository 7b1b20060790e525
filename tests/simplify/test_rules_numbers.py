"""What the rules for numbers make of an expression, node for node, and what they leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
import chainrule.ops
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Const, Input, Map, Node, Size
from chainrule.ir.registry import call, record
from chainrule.ops.symbol import symbol
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
X, Y = (Input.of(n, (2, 3)) for n in "xy")
A, B, C, D, S, T = (Input.of(n, ()) for n in "abcdst")
N, K = Size.of(Dim("N")), Size.of(Dim("K"))


def number(value: float | Node) -> Node:
    return broadcast(as_node(value), (2, 3))


def operation(name: str, *args: Node) -> Node:
    """An operation as it is, of numbers too."""
    return Map.of(record(name), *args)


def product(*factors: Node) -> Node:
    """((a b) c) d …"""
    result, *others = factors
    for factor in others:
        result = result * factor
    return result


def apart(name: str, a: float, b: float) -> Node:
    """A number times what another one multiplies or divides, as it is."""
    inner = operation(name, *((X, number(b)) if name == "div" else (number(b), X)))
    return operation("mul", number(a), inner)


ONE, TWO, THREE = as_node(1.0), as_node(2.0), as_node(3.0)
LEAST, GREATEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
FOLD, RECIPROCAL, OF_MUL, OF_DIV = (
    *("work out numbers", "times a number's reciprocal"),
    *("numbers of a mul", "numbers of a div"),
)
TOGETHER, INTO, OVER, UNDER, BESIDE = (
    *("numbers together", "number into numerator", "number over quotient"),
    *("number under product", "number and product"),
)
IN_ADD, IN_SUB, IN_MUL, IN_DIV = (f"negative number in {name}" for name in ("add", "sub", "mul", "div"))

CASES: list[tuple[str, Node, Node | None]] = [
    # What is done with single numbers is done once, not for every entry.
    (TOGETHER, S * (T * X), (S * T) * X),
    (TOGETHER, (X * T) * S, (S * T) * X),
    (TOGETHER, S * (T * A), None),
    (TOGETHER, S * (X * Y), None),
    (INTO, S * (T / X), (S * T) / X),
    (OVER, S * (X / T), (S / T) * X),
    (UNDER, (S * X) / T, (S / T) * X),
    (UNDER, T / (S * X), None),
    (BESIDE, X * (S * Y), S * (X * Y)),
    (BESIDE, X * (call("tanh", S) * Y), call("tanh", S) * (X * Y)),
    # So are constants, but where the one that they make would be none in single precision.
    (TOGETHER, apart("mul", 2.0, 3.0), number(operation("mul", TWO, THREE)) * X),
    (TOGETHER, apart("mul", 1.0, GREATEST), number(operation("mul", ONE, as_node(GREATEST))) * X),
    (TOGETHER, apart("mul", 1.0, LEAST), number(operation("mul", ONE, as_node(LEAST))) * X),
    (TOGETHER, apart("mul", 1.5, GREATEST), None),
    (TOGETHER, apart("mul", 0.5, LEAST), None),
    (TOGETHER, apart("mul", 1e20, 1e20), None),
    (TOGETHER, apart("mul", -1e20, 1e20), None),
    (TOGETHER, apart("mul", 1e100, 1e-100), number(operation("mul", as_node(1e100), as_node(1e-100))) * X),
    (TOGETHER, apart("mul", 0.0, 1e20), number(operation("mul", as_node(0.0), as_node(1e20))) * X),
    (TOGETHER, apart("mul", 1e20, 0.0), number(operation("mul", as_node(1e20), as_node(0.0))) * X),
    (TOGETHER, S * (1e200 * X), (S * 1e200) * X),
    (OVER, apart("div", 1e38, 0.4), number(operation("div", as_node(1e38), as_node(0.4))) * X),
    (OVER, apart("div", 0.4, 1e38), None),
    (OVER, apart("div", 1e20, 1e-20), None),
    (OVER, apart("div", 1e100, 1e100), number(operation("div", as_node(1e100), as_node(1e100))) * X),
    (OVER, apart("div", 2.0, 0.0), number(operation("div", TWO, as_node(0.0))) * X),
    (FOLD, operation("add", TWO, THREE), as_node(5.0)),
    (FOLD, operation("add", Const.of(2), Const.of(3)), Const.of(5)),
    (FOLD, operation("less", TWO, THREE), Const.of(True)),
    (FOLD, operation("mul", number(2.0), number(3.0)), number(6.0)),
    (FOLD, operation("log", Const.of(0.0)), Const.of(-np.inf)),
    (FOLD, operation("add", TWO, S), None),
    (FOLD, symbol("f")(TWO), None),
    # A number may stand in either place; between single numbers a quotient is no shorter.
    (RECIPROCAL, number(1 / S) * X, X / number(S)),
    (RECIPROCAL, X * number(1 / S), X / number(S)),
    (RECIPROCAL, X * number(2 / S), None),
    (RECIPROCAL, X * number(S / T), None),
    (RECIPROCAL, X * number(S), None),
    (RECIPROCAL, X * Y, None),
    (RECIPROCAL, (1 / S) * T, None),
    (IN_ADD, X + -3.0, X - 3.0),
    (IN_ADD, -3.0 + X, X - 3.0),
    (IN_SUB, X - -3.0, X + 3.0),
    (IN_SUB, -3.0 - X, None),
    (IN_MUL, X * -3.0, -(X * 3.0)),
    (IN_MUL, -3.0 * X, -(3.0 * X)),
    (IN_DIV, X / -3.0, -(X / 3.0)),
    (IN_DIV, -3.0 / X, -(3.0 / X)),
    (IN_ADD, X + 3.0, None),
    (IN_MUL, X * 0.0, None),
    (IN_MUL, X * Y, None),
    (OF_MUL, 2.0 * (3.0 * S), 6.0 * S),
    (OF_MUL, (S * 2.0) * (3.0 * T), 6.0 * S * T),
    (OF_MUL, 2.0 * S, None),
    (OF_MUL, 1.0 * (2.0 * S), None),
    (OF_MUL, S * T, None),
    (OF_MUL, TWO * THREE, None),
    (OF_MUL, number(2.0) * (3.0 * X), None),
    # What is multiplied keeps its order.
    (OF_MUL, (2.0 * A) * (B * (3.0 * C)), 6.0 * A * B * C),
    (OF_DIV, (2.0 * A / B) / (C / (3.0 * D)), 6.0 * A * D / (B * C)),
    # What is under a fraction that is itself under one is above, and so on.
    (OF_DIV, A / (B / (C / (D / (2.0 * (3.0 * S))))), 6.0 * A * C * S / (B * D)),
    # Halves and thirds are written under the line, where nothing else is a number.
    (OF_DIV, (2.0 * S) / 6.0, S / 3.0),
    (OF_DIV, (3.0 * S) / 6.0, S / 2.0),
    (OF_DIV, (6.0 * S) / 3.0, 2.0 * S),
    (OF_DIV, (3.0 * S) / 2.0, 1.5 * S),
    (OF_DIV, (2.0 * S) / 3.0, (2 / 3) * S),
    (OF_DIV, 1.0 / S, None),
    (OF_DIV, 2.0 / (4.0 * S), ONE / (2.0 * S)),
    (OF_DIV, (2.0 * S) / 0.0, None),
    (OF_MUL, (-0.5 * S) * 2.0, -1.0 * S),
    (OF_MUL, 0.0 * (2.0 * S), 0.0 * S),
    (OF_MUL, 0.5 * (2.0 * S), S),
    # A size that is counted: its factors are whole numbers.
    (OF_MUL, 2.0 * cast(3 * (N * K), "float"), 6.0 * cast(N, "float") * cast(K, "float")),
    (OF_MUL, 2.0 * (3.0 * cast(N + K, "float")), 6.0 * cast(N + K, "float")),
]


@pytest.mark.parametrize(
    ("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_what_a_rule_makes_of_numbers(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


SHARED: dict[str, tuple[Node, Node]] = {
    TOGETHER: (S * (T * X), T * X),
    INTO: (S * (T / X), T / X),
    OVER: (S * (X / T), X / T),
    UNDER: ((S * X) / T, S * X),
    BESIDE: (X * (S * Y), S * Y),
}


@pytest.mark.parametrize("name", SHARED)
def test_what_others_use_keeps_its_number(name: str) -> None:
    outer, inner = SHARED[name]
    assert RULES[name].rewrite(outer, Context({inner: 1})) is not None
    assert RULES[name].rewrite(outer, Context({inner: 2})) is None


@pytest.mark.parametrize("name", [OF_MUL, OF_DIV])
def test_a_fraction_that_others_use_is_not_taken_apart_but_may_be_rewritten(name: str) -> None:
    inner = 3.0 * S if name == OF_MUL else 3.0 / S
    outer = call(name.rpartition(" ")[2], inner, 2.0)
    alone = RULES[name].rewrite(outer, Context())
    assert alone is not None
    assert RULES[name].rewrite(outer, Context({outer: 2})) is alone
    assert RULES[name].rewrite(outer, Context({inner: 2})) is None
    assert RULES[name].rewrite(outer, Context(named=frozenset((inner,)))) is None


def test_longer_fractions_are_left_alone() -> None:
    letters = [Input.of(f"a{k}", ()) for k in range(7)]
    assert RULES[OF_MUL].rewrite(product(TWO, THREE * letters[0], *letters[1:6]), Context()) is product(
        as_node(6.0), *letters[:6]
    )
    assert RULES[OF_MUL].rewrite(product(TWO, THREE * letters[0], *letters[1:]), Context()) is None


def test_infinite_numbers_are_worked_out_without_a_warning() -> None:
    with np.errstate(all="raise"):
        assert RULES[FOLD].rewrite(operation("div", ONE, as_node(0.0)), Context()) is as_node(np.inf)


@pytest.mark.parametrize(
    ("f", "x", "value"),
    [
        (lambda x: ((x * 1e200) * 1e200).sum(), 1e-300, 1e100),
        (lambda x: ((x * 1e-200) * 1e-200).sum(), 1e300, 1e-100),
        (lambda x: ((x / 1e200) / 1e200).sum(), 1e300, 1e-100),
        (lambda x: 1e200 * (x[0] * 1e200), 1e-300, 1e100),
        (lambda x: 1e-200 * (x[0] / 1e200), 1e300, 1e-100),
        (lambda x: ((x * 1e200) / 1e-200).sum(), 1e-300, 1e100),
    ],
)
def test_constants_that_overflow_together_stay_apart(f: Any, x: float, value: float) -> None:
    assert cr.function(f)(np.array([x])) == pytest.approx(value, rel=1e-12)
