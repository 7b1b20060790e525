"""Cumulative sums and products, recurrences and orders, against JAX and against loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ShapeError

X = np.random.default_rng(4).normal(size=(3, 5))
ZEROS = np.array([[2.0, 0.0, 3.0, 4.0], [0.0, 1.5, 0.0, -1.0]])
WEIGHTS = np.random.default_rng(6).normal(size=(3, 5))


def loop(a: Any, b: Any) -> Any:
    """s_k = a_k s_{k−1} + b_k along the last axis, in JAX."""
    s, steps = jnp.zeros(b.shape[:-1]), []
    for k in range(b.shape[-1]):
        s = a[..., k] * s + b[..., k]
        steps.append(s)
    return jnp.stack(steps, -1)


CASES: list[tuple[str, Callable[..., Any], Callable[..., Any], Any]] = [
    ("cumsum", lambda x: cr.cumsum(x, axis=1), lambda x: jnp.cumsum(x, 1), X),
    ("cumsum along rows", lambda x: cr.cumsum(x, axis=0), lambda x: jnp.cumsum(x, 0), X),
    ("cumprod", lambda x: cr.cumprod(x, axis=1), lambda x: jnp.cumprod(x, 1), X),
    ("cumprod along rows", lambda x: cr.cumprod(x, axis=0), lambda x: jnp.cumprod(x, 0), X),
    ("cumprod with zeros", lambda x: cr.cumprod(x, axis=1), lambda x: jnp.cumprod(x, 1), ZEROS),
    ("recurrence", lambda x: cr.linear_recurrence(x, cr.sin(x), axis=1), lambda x: loop(x, jnp.sin(x)), X),
]
every_case = pytest.mark.parametrize(("ours", "theirs", "x"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])


@every_case
@pytest.mark.slow
def test_gradients_of_both_orders_are_those_of_jax(ours: Any, theirs: Any, x: Any) -> None:
    weights = WEIGHTS[: x.shape[0], : x.shape[1]]
    f = cr.function(x=" ".join(map(str, x.shape)))(lambda x: (ours(x) * weights).sum())

    def g(x: Any) -> Any:
        return (theirs(x) * weights).sum()

    np.testing.assert_allclose(cr.grad(f, "x")(x), jax.grad(g)(x), rtol=1e-12, atol=1e-13)
    v = np.random.default_rng(9).normal(size=x.shape)
    expected = jax.jvp(jax.grad(g), (x,), (v,))[1]
    np.testing.assert_allclose(cr.hvp(f, {"x": v})(x)["x"], expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_product_with_zeros_divides_by_nothing(dtype: Any) -> None:
    """Σ cumprod([2, 0, 3, 4]): tensorflow#119430."""
    f = cr.function(x="4")(lambda x: cr.sum(cr.cumprod(x)))
    at = np.array([2, 0, 3, 4], dtype)
    found = cr.grad(f, "x")(at)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, [1, 32, 0, 0])
    np.testing.assert_array_equal(cr.jacobian(f, "x")(at), [1, 32, 0, 0])


def test_sums_go_along_a_named_axis_and_products_say_that_they_need_its_length() -> None:
    f = cr.function(x="N 2")(lambda x: cr.sum(cr.cumsum(x, axis=0) ** 2))
    x = X[:, :2]
    expected = jax.grad(lambda x: (jnp.cumsum(x, 0) ** 2).sum())(x)
    np.testing.assert_allclose(cr.grad(f, "x")(x), expected, rtol=1e-12)
    g = cr.function(x="N 2")(lambda x: cr.sum(cr.cumprod(x, axis=0)))
    with pytest.raises(ShapeError, match="a product along N, an axis without a fixed length"):
        cr.grad(g, "x")(x)


def test_an_order_is_stable_and_has_no_derivative() -> None:
    x = np.array([2.0, 1.0, 2.0, 1.0])
    f = cr.function(x="4")(lambda x: cr.sum(x * cr.argsort(x)) + cr.argmax(x) * cr.sum(x))
    np.testing.assert_array_equal(cr.grad(f, "x")(x), np.argsort(x, kind="stable"))


def test_numpys_names_find_them() -> None:
    f = cr.function(x="3 5")(lambda x: np.sum(np.cumsum(x, axis=1) * np.cumprod(x, axis=0) * np.argsort(x, axis=1)))
    g = jax.grad(lambda x: jnp.sum(jnp.cumsum(x, 1) * jnp.cumprod(x, 0) * jnp.argsort(x, 1)))
    np.testing.assert_allclose(cr.grad(f, "x")(X), g(X), rtol=1e-12)


@pytest.mark.parametrize("form", ["matrix", "components", "substitution"])
def test_a_cumulative_sum_is_told(form: str) -> None:
    f = cr.function(x="5")(lambda x: cr.sum(cr.cumsum(x) ** 2))
    told = cr.derive(f, "x", form)
    assert told.error < 1e-12
    assert "cumsum←(2 cumsum(x))" in str(told)
