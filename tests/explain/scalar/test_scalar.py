"""Scalar calculus: quotients, rules, the chain rule, Jacobians, directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.evaluate import without_derivatives
from chainrule.explain.scalar.calculus import nearest, powers, slope
from chainrule.ir.graph import depends_on
from chainrule.ir.node import D, Input
from chainrule.ir.telling import Chain, Table, Value, all_steps
from chainrule.run.interpret import interpret


def told(f: Any, wrt: Any, at: Any = None, **shapes: str) -> Any:
    return cr.derive(cr.function(**shapes)(f), wrt, "scalar", at=at)


def titles(derivation: Any) -> list[str]:
    return [section.title for section in derivation.telling.sections]


def section(derivation: Any, start: str) -> Any:
    return next(s for s in derivation.telling.sections if s.title.startswith(start))


def cells(table: Table, column: int) -> list[Any]:
    return [row[column][0].value for row in table.rows]


def test_the_quotient_of_a_square_is_multiplied_out_and_tends_to_the_slope() -> None:
    d = told(lambda x: x**2, "x", {"x": 1.5}, x="")
    limit = section(d, "The derivative by x")
    text = str(d)
    assert " = 2x + h\n" in text
    assert "What is left: 2x." in text
    table = next(b for b in limit.blocks if isinstance(b, Table))
    np.testing.assert_allclose(cells(table, 1), [3 + h for h in (1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)], rtol=1e-9)
    # The quotient's error falls with h, a power of ten at a time.
    np.testing.assert_allclose(np.diff(np.log10(cells(table, 2))), -1, atol=1e-3)


def test_what_is_no_polynomial_is_not_multiplied_out() -> None:
    d = told(lambda x: cr.exp(x), "x", {"x": 0.5}, x="")
    rules = [
        step.rule for block in section(d, "The derivative").blocks if isinstance(block, Chain) for step in block.steps
    ]
    assert rules == ["substitution"]
    table = next(b for b in section(d, "The derivative").blocks if isinstance(b, Table))
    assert abs(cells(table, 1)[-1] - np.exp(0.5)) < 1e-5


@pytest.mark.parametrize(
    ("f", "closed"),
    [
        (lambda x, y: x + y, ["1", "1"]),
        (lambda x, y: x * cr.exp(y), ["exp(y)", "x exp(y)"]),
        (lambda x, y: x**2 + 3 * x * y - 5 * y + 2, ["2x + 3y", "3x - 5"]),
        (lambda x, y: x * y + cr.sin(x) / y, None),
    ],
)
def test_partial_derivatives_agree_with_their_definition(f: Any, closed: list[str] | None) -> None:
    d = told(f, ["x", "y"], {"x": 1.2, "y": -0.7}, x="", y="")
    assert d.error < 1e-9
    if closed:
        assert [str(c) for c in d.closed_forms.values()] == closed
    gradients = section(d, "The gradient").blocks[1]
    h = 1e-6
    at = np.array([1.2, -0.7])
    for k, row in enumerate(gradients.rows):
        value = next(piece.value for cell in row for piece in cell if isinstance(piece, Value))
        step = h * np.eye(2)[k]
        quotient = (cr.function(x="", y="")(f)(*(at + step)) - cr.function(x="", y="")(f)(*(at - step))) / (2 * h)
        assert value == pytest.approx(quotient, abs=1e-8)


def test_the_error_of_the_linear_approximation_is_of_second_order() -> None:
    d = told(lambda x, a: (a * cr.exp(x)).sum(), "x", x="n", a="n")
    table = section(d, "The linear approximation").blocks[1]
    ratios = cells(table, 4)
    assert ratios[1] == pytest.approx(ratios[3], rel=0.1)
    assert abs(ratios[3]) > 1e-3
    linear = told(lambda x, y: 2 * x - y, ["x", "y"], x="", y="")
    assert len(section(linear, "The linear approximation").blocks) == 1
    assert "is linear" in str(linear)


def test_the_slope_is_greatest_along_the_gradient() -> None:
    d = told(lambda x, y: x**2 + 3 * x * y, ["x", "y"], {"x": 1.0, "y": 2.0}, x="", y="")
    table = section(d, "The steepest direction").blocks[1]
    slopes, measured = np.array(cells(table, 1)), np.array(cells(table, 2))
    length = np.hypot(2 * 1.0 + 3 * 2.0, 3 * 1.0)
    np.testing.assert_allclose(slopes, length * np.cos(np.radians([0, 45, 90, 135, 180])), atol=1e-12)
    np.testing.assert_allclose(measured, slopes, atol=1e-3)
    at_top = told(lambda x, y: x**2 + y**2, ["x", "y"], {"x": 0.0, "y": 0.0}, x="", y="")
    assert "The gradient is zero here" in str(at_top)


def chain(x: Any) -> Any:
    u = 7 + x**2
    y = 3 * u
    return y


def path(t: Any) -> Any:
    x = cr.cos(t)
    y = cr.sin(t)
    f = x**2 + 3 * x * y + t
    return f


def test_the_chain_rule_through_one_intermediate() -> None:
    d = told(chain, "x", {"x": 2.0}, x="")
    steps = [s for b in section(d, "The chain rule: y by x, through u").blocks if isinstance(b, Chain) for s in b.steps]
    assert [step.rule for step in steps][:2] == ["chain rule", "local derivatives"]
    assert str(d.closed_form) == "6x"
    assert "∂y/∂x = ∂y/∂u ∂u/∂x" in str(d)


def test_along_a_path_every_way_is_added_also_the_direct_one() -> None:
    d = told(path, "t", {"t": 0.7}, t="")
    assert "∂f/∂t = ∂f/∂x ∂x/∂t + ∂f/∂y ∂y/∂t + ∂f/∂t" in str(d).replace("∂f/∂t + ∂f/∂x ∂x/∂t + ∂f/∂y ∂y/∂t",
        "∂f/∂x ∂x/∂t + ∂f/∂y ∂y/∂t + ∂f/∂t")  # fmt: skip
    table = [b for b in section(d, "The chain rule").blocks if isinstance(b, Table)][-1]
    products = [row[2][0].value for row in table.rows]
    assert sum(products[:-1]) == pytest.approx(products[-1], rel=1e-12)
    h = 1e-6
    f = cr.function(t="")(path)
    assert products[-1] == pytest.approx((f(0.7 + h) - f(0.7 - h)) / (2 * h), abs=1e-8)
    assert "the row (" in str(d)


def test_the_jacobian_of_a_linear_map_is_its_matrix() -> None:
    def f(y: Any, A: Any, b: Any) -> Any:
        x = A @ y
        return ((x - b) ** 2).sum() / 2

    d = told(f, "y", y="m", A="n m", b="n")
    text = " ".join(str(d).split())
    assert "∂x_d/∂y_m = A_dm" in text or "∂x_n/∂y_m = A_nm" in text
    assert "numerator layout" in text
    assert "It is constant: A." in text
    assert any(title.startswith("The Jacobian of x by y") for title in titles(d))
    assert d.error < 1e-9


def test_a_derivative_with_others_held_is_not_the_total_one() -> None:
    t = Input.of("t", ())
    x = t * t
    f = x * t
    total, held = without_derivatives([D.make((f, t), ()), D.make((f, t, x), ())])
    values = interpret([total, held, slope(f, t), slope(f, t, [x])], {"t": np.array(2.0)})
    assert [float(v) for v in values] == [12, 4, 12, 4]


def test_powers_are_those_of_taylor() -> None:
    x = Input.of("x", ())
    found = powers(2 * x**3 - x + 5, x)
    assert found is not None
    values = interpret(found, {"x": np.array(1.5)})
    assert [float(v) for v in values] == [2 * 1.5**3 - 1.5 + 5, 6 * 1.5**2 - 1, 6 * 1.5, 2]
    assert powers(cr.exp(x), x) is None


def test_the_nearest_names_stop_at_what_has_one() -> None:
    t = Input.of("t", ())
    u = cr.sin(t)
    v = cr.exp(u)
    f = u * v + t
    assert nearest(f, {u: "u", v: "v"}, depends_on([f], [t])) == [t, u, v]


def test_numbers_are_verified_too() -> None:
    d = told(chain, "x", {"x": 2.0}, x="")
    values = d.telling.values
    assert len(values) > 20
    assert all(step.before.shape == step.after.shape for step in all_steps(d.steps))
    object.__setattr__(values[3], "value", np.asarray(values[3].value) + 1e-3)
    assert d.verify() > 1e-6


def test_an_unknown_function_has_no_numbers() -> None:
    f = cr.symbol("f")
    d = told(lambda x: f(x) ** 2, "x", x="")
    assert d.telling.values == ()
    assert d.error < 1e-9


def test_a_matrix_is_refused_and_other_forms_are_named() -> None:
    with pytest.raises(cr.DerivativeError, match="W has 2 axes: the forms matrix, components and substitution fit it"):
        told(lambda W: (W**2).sum(), "W", W="n m")
