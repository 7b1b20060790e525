"""Every structural record: its cases against NumPy itself; both modes and the Jacobian against exact differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.records import Structural
from chainrule.ir.registry import records
from tests.differentiated import Traced, random_like

STRUCTURAL: list[Structural] = [r for r in records() if isinstance(r, Structural)]
CASES = [(op, i, f, shapes) for op in STRUCTURAL for i, (f, shapes) in enumerate(op.cases())]
every_case = pytest.mark.parametrize(
    ("f", "shapes"), [c[2:] for c in CASES], ids=[f"{c[0].name} {c[1]}" for c in CASES]
)


def draw(shapes: tuple[tuple[int, ...], ...], dtype: Any = np.float64) -> list[Any]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


@every_case
def test_the_value_is_numpys(f: Callable[..., Any], shapes: Any) -> None:
    for dtype in (np.float64, np.float32):
        values = draw(shapes, dtype)
        found = Traced(f, values).value()
        expected = np.asarray(f(*values))
        assert (found.shape, found.dtype) == (expected.shape, dtype)
        np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype is np.float32 else 1e-14)


@every_case
def test_whole_numbers_and_truth_values_move_alike(f: Callable[..., Any], shapes: Any) -> None:
    values = [np.arange(v.size).reshape(v.shape) - 2 for v in draw(shapes)]
    found = Traced(f, values).value()
    assert found.dtype.kind == "i"
    np.testing.assert_array_equal(found, f(*values))


@every_case
def test_the_jacobian_is_an_exact_difference(f: Callable[..., Any], shapes: Any) -> None:
    """The functions are linear in each argument (where it is named twice, quadratic): central differences are exact."""
    values = draw(shapes)
    traced = Traced(f, values)
    for i, (found, value) in enumerate(zip(traced.jacobians(), values, strict=True)):
        assert found.shape == traced.output.shape + value.shape
        for entry in np.ndindex(value.shape):
            step = np.zeros(value.shape)
            step[entry] = 0.5
            there = [v + step if n == i else v for n, v in enumerate(values)]
            back = [v - step if n == i else v for n, v in enumerate(values)]
            column = np.asarray(f(*there)) - np.asarray(f(*back))
            np.testing.assert_allclose(found[(..., *entry)], column, rtol=1e-12, atol=1e-13)


@every_case
def test_reverse_is_the_transpose_of_forward_and_both_are_the_jacobian(f: Callable[..., Any], shapes: Any) -> None:
    values = draw(shapes)
    traced = Traced(f, values)
    rng = np.random.default_rng(8)
    g, tangents = random_like(rng, traced.value()), [random_like(rng, v) for v in values]
    pulled, pushed, jacobians = traced.pull(g), traced.push(tangents), traced.jacobians()
    for found, jacobian, value in zip(pulled, jacobians, values, strict=True):
        assert found.shape == value.shape
        np.testing.assert_allclose(found, np.tensordot(g, jacobian, g.ndim), rtol=1e-12, atol=1e-13)
    along = sum(np.tensordot(j, t, t.ndim) for j, t in zip(jacobians, tangents, strict=True))
    assert pushed.shape == traced.output.shape
    np.testing.assert_allclose(pushed, along, rtol=1e-12, atol=1e-13)
    inner = sum(np.sum(p * t) for p, t in zip(pulled, tangents, strict=True))
    np.testing.assert_allclose(np.sum(g * pushed), inner, rtol=1e-12, atol=1e-13)


@every_case
def test_second_derivatives_by_both_modes(f: Callable[..., Any], shapes: Any) -> None:
    """Of Σ g·f(x)³, whose Hessian is no longer trivial: reverse over reverse equals forward over reverse."""
    values = draw(shapes)
    traced = Traced(lambda *x: f(*x) ** 3, values)
    rng = np.random.default_rng(9)
    tangents = [random_like(rng, v) for v in values]
    for i, value in enumerate(values):
        again = Traced(traced.gradient(i), values)
        g = random_like(rng, value)
        inner = sum(np.sum(p * t) for p, t in zip(again.pull(g), tangents, strict=True))
        np.testing.assert_allclose(np.sum(g * again.push(tangents)), inner, rtol=1e-11, atol=1e-12)


@every_case
def test_views_are_as_good_as_arrays(f: Callable[..., Any], shapes: Any) -> None:
    values = draw(shapes)
    views = [np.repeat(v[..., None], 2, -1)[..., 0] for v in values]
    np.testing.assert_array_equal(Traced(f, views).value(), Traced(f, values).value())
