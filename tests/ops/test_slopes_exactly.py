"""What the slopes of records decide by, and the very graphs that they are: a slip here costs, and shows nowhere else.

A quotient by a number needs no guard against 0·∞; a selection that is not needed would still give the right numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.errors import ShapeError
from chainrule.ir.node import Const, Input, Node, Size
from chainrule.ir.registry import call, record
from chainrule.render.formula import show

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


# Whose value or slope may be infinite at a finite point: at the end of the domain, at a zero of a divisor, or because
# it grows so fast that it overflows.
POLES = (
    *("exp", "exp2", "expm1", "sinh", "cosh", "tan"),
    *("log", "log1p", "log2", "log10", "xlogy", "xlog1py", "logit"),
    *("sqrt", "cbrt", "arcsin", "arccos", "arctan2", "arccosh", "arctanh", "erfinv"),
    *("gammaln", "digamma", "polygamma_1", "mod", "floor_divide"),
)
NO_POLES = (
    *("sin", "cos", "tanh", "sigmoid", "softplus", "mul", "add", "abs", "maximum"),
    *("arctan", "arcsinh", "hypot", "erf", "floor", "copysign", "heaviside", "logaddexp", "elu"),
)


@pytest.mark.parametrize("name", [*POLES, *NO_POLES])
def test_what_has_poles_says_so(name: str) -> None:
    op = record(name)
    assert op.is_singular([X] * op.arity) is (name in POLES)


@pytest.mark.parametrize(("name", "poles"), [("cofactor", True), ("log_abs_det", True), ("det", False)])
def test_what_needs_an_inverse_says_so(name: str, poles: bool) -> None:
    assert record(name).is_singular([A]) is poles


A, T, G = (Input.of(n, (3, 3)) for n in ("A", "T", "G"))
NUMBER = Input.of("g", ())

# As a book has them: a change T of A gives the first, a cotangent G (or g, of a number) the second.
MATRICES: list[tuple[str, Node, str, str]] = [
    ("det", NUMBER, "Σ cof(A) ⊙ T", "g cof(A)"),
    ("log_abs_det", NUMBER, "tr(A⁻¹ T)", "g A⁻ᵀ"),
    ("cofactor", G, "(Σ cof(A) ⊙ T) A⁻ᵀ - cof(A) Tᵀ A⁻ᵀ", "tr(G A⁻¹) cof(A) - A⁻ᵀ Gᵀ cof(A)"),
    ("inv", G, "-A⁻¹ T A⁻¹", "-A⁻ᵀ G A⁻ᵀ"),
]


@pytest.mark.parametrize(("name", "g", "change", "cotangent"), MATRICES, ids=[r[0] for r in MATRICES])
def test_the_slopes_of_matrices_are_those_of_the_books(name: str, g: Node, change: str, cotangent: str) -> None:
    op = record(name)
    y = op(A)
    assert show(op.forward((A,), y, (T,))) == change
    assert [show(part) for part in op.backward((A,), y, g)] == [cotangent]


S = Input.of("s", (3,))
D_X, D_Y, G_S = (Input.of(n, (3,)) for n in ("∂x", "∂y", "g"))
RECURRENCES: list[tuple[str, str, str, tuple[str, str]]] = [
    (
        "linear_recurrence",
        "recurrence(x, ∂y + ∂x ⊙ pad(s[:2], 1:3))",
        "recurrence(x, ∂x ⊙ pad(s[:2], 1:3))",
        ("recurrence←(pad(x[1:3], :2), g) ⊙ pad(s[:2], 1:3)", "recurrence←(pad(x[1:3], :2), g)"),
    ),
    (
        "recurrence_back",
        "recurrence←(x, ∂y + ∂x ⊙ pad(s[1:3], :2))",
        "recurrence←(x, ∂x ⊙ pad(s[1:3], :2))",
        ("recurrence(pad(x[:2], 1:3), g) ⊙ pad(s[1:3], :2)", "recurrence(pad(x[:2], 1:3), g)"),
    ),
]


@pytest.mark.parametrize(("name", "both", "one", "back"), RECURRENCES, ids=[r[0] for r in RECURRENCES])
def test_a_recurrence_changes_by_a_recurrence(name: str, both: str, one: str, back: tuple[str, str]) -> None:
    op = record(name)
    assert show(op.forward((X, Y), S, (D_X, D_Y), axis=-1)) == both
    assert show(op.forward((X, Y), S, (D_X, None), axis=-1)) == one
    assert tuple(map(show, op.backward((X, Y), S, G_S, axis=-1))) == back


def test_a_recurrence_of_no_steps_hands_back_nothing() -> None:
    nothing = Input.of("o", (0,))
    for name, back in (("linear_recurrence", "recurrence_back"), ("recurrence_back", "linear_recurrence")):
        delta = record(back).of(nothing, nothing, axis=-1)
        assert record(name).backward((nothing, nothing), nothing, nothing, axis=-1) == (delta * nothing, delta)


@pytest.mark.parametrize("name", ["linear_recurrence", "recurrence_back"])
def test_a_recurrence_needs_to_know_its_length(name: str) -> None:
    x = Input.of("x", (Dim("N"),))
    with pytest.raises(ShapeError, match="a product along N, an axis without a fixed length, has no derivative"):
        record(name).backward((x, x), x, x, axis=-1)


# The products of a, b, c are a, ab, abc; those down two rows are the first row, and the rows multiplied.
PRODUCTS = [
    ("3", [2.0, 3.0, 5.0], [1 + 3 + 3 * 5, 2 + 2 * 5, 2 * 3]),
    ("2 3", [[2.0, 3.0, 4.0], [5.0, 7.0, 9.0]], [[1 + 5, 1 + 7, 1 + 9], [2, 3, 4]]),
]


@pytest.mark.parametrize(("shape", "at", "slopes"), PRODUCTS, ids=[r[0] for r in PRODUCTS])
def test_the_product_before_the_first_factor_is_one(shape: str, at: Any, slopes: Any) -> None:
    f = cr.function(x=shape)(lambda x: cr.sum(cr.cumprod(x, axis=0)))
    np.testing.assert_array_equal(cr.grad(f, "x")(np.array(at)), slopes)
    np.testing.assert_array_equal(cr.jacobian(f, "x")(np.array(at)), slopes)


def test_cholesky_of_stacks_in_stacks() -> None:
    """The gradient of Σ L² is that of the trace of A = L Lᵀ."""
    f = cr.function(a="1 2 3 3")(lambda a: cr.sum(cr.cholesky(a) ** 2))
    at = np.eye(3) + 0.1 * np.ones((1, 2, 3, 3))
    np.testing.assert_allclose(cr.grad(f, "a")(at), np.broadcast_to(np.eye(3), at.shape), atol=1e-14)


SLOPES: list[tuple[str, list[str | None]]] = [
    ("elu", ["where(x > 0, 1, exp(x))"]),
    ("relu6", ["(x > 0) ∧ (x < 6)"]),
    (
        "arctan2",
        [
            "where(hypot(x, y) > 0, (y / hypot(x, y)) / hypot(x, y), 0)",
            "where(hypot(x, y) > 0, -(x / hypot(x, y)) / hypot(x, y), 0)",
        ],
    ),
    ("copysign", ["sign(x) ⊙ copysign(1, y)", None]),
    ("heaviside", [None, "x = 0"]),
    ("logaddexp", ["σ(x - y)", "σ(y - x)"]),
]


@pytest.mark.parametrize(("name", "slopes"), SLOPES, ids=[r[0] for r in SLOPES])
def test_slopes_as_they_are_written(name: str, slopes: list[str | None]) -> None:
    op = record(name)
    operands = [X, Y][: op.arity]
    assert [None if slope is None else show(slope) for slope in op.partials(*operands, op(*operands))] == slopes


@pytest.mark.parametrize("a", [0.0, 0.01, 1.0, -0.01, 1.5, Y])
def test_a_unit_with_a_slope_between_0_and_1_on_its_left_needs_no_case_at_0(a: Any) -> None:
    between = not isinstance(a, Node) and 0 <= a <= 1
    slope, zero = as_node(a), 0.0
    for name, left in (("leaky_relu", slope), ("scaled_elu", slope * call("exp", X))):
        at_zero = call("where", X < 0, left, call("clipped", slope, 0.0, 1.0))
        found = record(name).partials(X, slope, X)
        assert found[0] is call("where", X > 0, 1.0, left if between else at_zero)
        on_the_left = X if name == "leaky_relu" else call("expm1", X)
        assert found[1] is call("where", X < 0, on_the_left, zero)
