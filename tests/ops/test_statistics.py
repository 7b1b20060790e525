"""Variance and standard deviation against NumPy and JAX, and what they do where there is nothing to divide by."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from tests.frontend.library.peers import agrees

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(4, 3))
CASES: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
    "all": (X, {}),
    "axis 0": (X, {"axis": 0}),
    "last axis, kept": (X, {"axis": -1, "keepdims": True}),
    "two axes": (RNG.normal(size=(2, 3, 4)), {"axis": (0, 2), "ddof": 1}),
    "ddof 1": (X, {"axis": 1, "ddof": 1}),
    "ddof 2": (X[:, 0], {"ddof": 2}),
    "no axis": (X, {"axis": ()}),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["var", "std"])
@pytest.mark.slow
def test_values_and_derivatives_are_those_of_jax(name: str, case: str, dtype: Any) -> None:
    x, options = CASES[case]
    if name == "std" and case == "no axis":
        np.testing.assert_array_equal(cr.grad(lambda x: cr.std(x, axis=()).sum())(x), 0)
        return
    agrees(lambda x: getattr(cr, name)(x, **options), lambda x: getattr(jnp, name)(x, **options), (x,), dtype)


@pytest.mark.parametrize("name", ["var", "std"])
def test_numpys_names_and_methods_are_answered(name: str) -> None:
    for f in (lambda x: getattr(np, name)(x, axis=0, ddof=1), lambda x: getattr(x, name)(axis=0, ddof=1)):
        np.testing.assert_allclose(cr.function(f)(X), getattr(np, name)(X, axis=0, ddof=1), rtol=1e-12)


@pytest.mark.parametrize("name", ["var", "std"])
def test_a_named_dimension_counts_when_the_program_runs(name: str) -> None:
    @cr.function(x="N d")
    def f(x: Any) -> Any:
        return getattr(cr, name)(x, axis=0, ddof=1).sum()

    wanted = jax.grad(lambda x: getattr(jnp, name)(x, axis=0, ddof=1).sum())(X)
    np.testing.assert_allclose(cr.grad(f)(X), wanted, rtol=1e-11, atol=1e-12)
    # One sample: 0/0, which is not known while the function is traced.
    assert np.isnan(f(X[:1]))


def test_a_large_mean_costs_float32_no_digits() -> None:
    x = (10_000 + np.linspace(-1, 1, 64)).astype(np.float32)
    exact = x.astype(np.float64)
    for f in (cr.var, cr.std):
        found = cr.function(lambda x, f=f: f(x))(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, f(exact), rtol=1e-4)


@pytest.mark.parametrize(("shape", "options", "words"), [
    ((1,), {"ddof": 1}, r"of one value with ddof=1 has nothing to divide by: .* has shape \(1,\)"),
    ((4, 1), {"axis": 1, "ddof": 1}, r"of one value .* has shape \(4, 1\)"),
    ((2,), {"ddof": 2}, "of 2 values with ddof=2"),
    ((0,), {"ddof": 1}, "of 0 values with ddof=1"),
    ((), {"ddof": 1}, "of one value"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["variance", "standard deviation"])
def test_nothing_to_divide_by_is_refused(name: str, shape: Any, options: Any, words: str) -> None:
    f = cr.var if name == "variance" else cr.std
    for call in (lambda x: f(x, **options), cr.function(lambda x: f(x, **options))):
        with pytest.raises(cr.ArgumentError, match=f"the {name} {words}"):
            call(np.ones(shape))


def test_an_axis_that_does_not_exist_is_refused() -> None:
    for call in (lambda x: cr.var(x, axis=2), cr.function(lambda x: cr.var(x, axis=2))):
        with pytest.raises(cr.ShapeError, match="axis 2 does not exist"):
            call(X)


@pytest.mark.parametrize("name", ["var", "std"])
def test_the_spread_of_a_constant_has_slope_zero(name: str) -> None:
    f = getattr(cr, name)
    for shape in ((5,), (5, 2)):
        value, slope = cr.value_and_grad(lambda x: f(x, axis=0, ddof=1).sum())(np.full(shape, 2.0))
        assert value == 0
        np.testing.assert_array_equal(slope, np.zeros(shape))
