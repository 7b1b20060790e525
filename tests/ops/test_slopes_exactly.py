"""What the slopes of records decide by, and the very graphs that they are: a slip here costs, and shows nowhere else.

A quotient by a number needs no guard against 0·∞; a selection that is not needed would still give the right numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Const, Input, Node, Size
from chainrule.ir.registry import call, record

X, Y = Input.of("x", (3,)), Input.of("y", (3,))
N, M = Size.of(Dim("N")), Size.of(Dim("M"))
COUNT = Input.of("n", (), "int")

# Divided by what, and whether the quotient or a slope may be infinite.
DIVISORS: list[tuple[str, Node, bool]] = [
    ("a number", as_node(2.0), False),
    ("a negative number", as_node(-0.5), False),
    ("zero", as_node(0.0), True),
    ("a number that is spread", broadcast(as_node(4.0), (2, 3)), False),
    ("zero that is spread", broadcast(as_node(0.0), (2, 3)), True),
    ("numbers", Const.of(np.array([1.0, 2.0])), False),
    ("numbers with a zero", Const.of(np.array([1.0, 0.0])), True),
    ("a size", N, False),
    ("a size as a float", cast(N, "float"), False),
    ("a size that is spread", broadcast(cast(N, "float"), (2, 3)), False),
    ("a product of sizes", cast(N * M, "float"), False),
    ("a size times a whole number", cast(N * 3, "float"), False),
    ("a size times nothing", cast(N * 0, "float"), True),
    ("a product of floats", cast(N, "float") * cast(M, "float"), True),
    ("a sum of sizes", cast(N - M, "float"), True),
    ("a quotient of sizes", cast(N, "float") / cast(M, "float"), True),
    ("a whole number that is given", cast(COUNT, "float"), True),
    ("a variable", X, True),
    ("a sum over an axis", call("sum", Input.of("z", (3, 2)), axis=1), True),
    ("a sum of numbers that cancel", call("sum", Const.of(np.array([1.0, -1.0]))), True),
    ("the variable spread", broadcast(X, (2, 3)), True),
]


@pytest.mark.parametrize(("divisor", "singular"), [r[1:] for r in DIVISORS], ids=[r[0] for r in DIVISORS])
def test_a_quotient_is_infinite_where_its_divisor_may_be_zero(divisor: Node, singular: bool) -> None:
    assert record("div").is_singular((X, divisor)) is singular


EXPONENTS: list[tuple[Any, bool]] = [
    (0.0, False),
    (1.0, False),
    (2.0, False),
    (0, False),
    (3, False),
    (0.5, True),
    (2.5, True),
    (-1.0, True),
    (-1, True),
    (-0.5, True),
    (Y, True),
]


@pytest.mark.parametrize(("exponent", "singular"), EXPONENTS)
def test_a_power_is_finite_where_its_exponent_is_0_1_2(exponent: Any, singular: bool) -> None:
    assert record("pow").is_singular((X, as_node(exponent))) is singular
    if not isinstance(exponent, Node):
        assert record("pow").is_singular((X, broadcast(as_node(exponent), (3,)))) is singular


def test_the_slope_of_a_power_is_a_power_with_a_number_one_less() -> None:
    pow_ = record("pow")
    y = X**3.0
    assert pow_.partials(X, as_node(3.0), y)[0] is 3.0 * X**2.0
    assert pow_.partials(X, as_node(0.0), X**0.0)[0] is None
    assert pow_.partials(X, Y, X**Y)[0] is call("where", Y == 0, 0, Y * X ** (Y - 1))
    assert pow_.partials(X, Y, X**Y)[1] is call("xlogy", X**Y, X)


# Operands of max and min, and whether the second is fixed, so that a tie gives the first no share.
FIXED: list[tuple[str, Node, bool]] = [
    ("a number", as_node(1.0), True),
    ("numbers", Const.of(np.array([1.0, 2.0, 3.0])), True),
    ("a number that is spread", broadcast(as_node(1.0), (3,)), True),
    ("a size", cast(N, "int"), True),
    ("a variable", Y, False),
    ("a variable that is spread", broadcast(Input.of("s", ()), (3,)), False),
    ("a sum of numbers", call("sum", Const.of(np.ones((3, 2))), axis=1), False),
]


@pytest.mark.parametrize(("b", "fixed"), [r[1:] for r in FIXED], ids=[r[0] for r in FIXED])
def test_beside_a_constant_there_is_no_tie(b: Node, fixed: bool) -> None:
    x = X
    shared = call("where", x >= b, call("where", x == b, 0.5, 1.0), 0.0)
    other = call("where", b >= x, call("where", b == x, 0.5, 1.0), 0.0)
    of_x, of_b = record("maximum").partials(x, b, None)
    assert of_x is (x > b if fixed else shared)
    assert of_b is (b > x if fixed else other)
    of_x, of_b = record("minimum").partials(x, b, None)
    assert of_x is (b > x if fixed else other)
    assert of_b is (x > b if fixed else shared)
    # In either place.
    assert record("maximum").partials(b, x, None)[1] is (x > b if fixed else shared)


def test_a_clip_at_a_bound_hands_nothing_to_the_bound_either() -> None:
    x, low, high = X, Y, Input.of("z", (3,))
    assert record("clipped").partials(x, low, high, None) == ((x > low) & (x < high), x < low, x > high)


def test_a_slice_of_all_is_no_slice() -> None:
    matrix = Input.of("m", (2, 3))
    assert X[0:3] is X
    assert matrix[0:2, 1:2] is matrix[:, 1:2]
    assert matrix[0:2, 0:3] is matrix
    assert matrix[0:1] is not matrix
    assert matrix[::-1] is not matrix


POLES = ("exp", "log", "sqrt", "xlogy", "tan")
NO_POLES = ("sin", "cos", "tanh", "sigmoid", "softplus", "mul", "add", "abs", "maximum")


@pytest.mark.parametrize("name", [*POLES, *NO_POLES])
def test_what_has_poles_says_so(name: str) -> None:
    op = record(name)
    assert op.is_singular([X] * op.arity) is (name in POLES)
