"""Sorted entries, the k greatest, the median, against JAX; and what happens at ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError, ShapeError
from tests.differentiated import Traced
from tests.like_jax import assert_like_jax, assert_second_order

Call = Callable[..., Any]
CASES: dict[str, tuple[Call, Call, tuple[int, ...]]] = {
    "sort": (np.sort, jnp.sort, (3, 5)),
    "sort an axis": (lambda x: np.sort(x, 0), lambda x: jnp.sort(x, 0), (4, 3, 2)),
    "sort all": (lambda x: np.sort(x, None), lambda x: jnp.sort(x, None), (2, 3)),
    "sort nothing": (np.sort, jnp.sort, (2, 0)),
    "sort one": (np.sort, jnp.sort, (1,)),
    "top_k": (lambda x: cr.top_k(x, 2)[0], lambda x: jax.lax.top_k(x, 2)[0], (3, 5)),
    "top_k of an axis": (lambda x: cr.top_k(x, 2, 0)[0], lambda x: jax.lax.top_k(x.T, 2)[0].T, (4, 3)),
    "top_k of all": (lambda x: cr.top_k(x, 4)[0], lambda x: jax.lax.top_k(x, 4)[0], (4,)),
    "top_k of none": (lambda x: cr.top_k(x, 0)[0], lambda x: jax.lax.top_k(x, 0)[0], (2, 4)),
    "median, odd": (np.median, jnp.median, (5,)),
    "median, even": (np.median, jnp.median, (2, 3)),
    "median of one": (np.median, jnp.median, (1,)),
    "median of a number": (np.median, jnp.median, ()),
    "median of an axis": (lambda x: np.median(x, 0), lambda x: jnp.median(x, 0), (4, 3)),
    "median kept": (lambda x: np.median(x, -1, keepdims=True), lambda x: jnp.median(x, -1, keepdims=True), (2, 5)),
    "median of two axes": (lambda x: np.median(x, (0, 2)), lambda x: jnp.median(x, (0, 2)), (3, 2, 3)),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_that_of_jax_in_both_modes(case: str) -> None:
    f, twin, shape = CASES[case]
    assert_like_jax(f, twin, np.random.default_rng(5).normal(size=shape))


@pytest.mark.parametrize("case", ["sort an axis", "top_k", "median, even"])
def test_its_second_derivatives_are_those_of_jax(case: str) -> None:
    f, twin, shape = CASES[case]
    assert_second_order(f, twin, np.random.default_rng(5).normal(size=shape))


def gradient(f: Call, x: Any, weights: Any) -> Any:
    return cr.grad(cr.function(x=str(len(x)))(lambda x: (f(x) * weights).sum()), "x")(x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_entries_keep_their_order(dtype: Any) -> None:
    x = np.array([2, 1, 2, 1, np.inf, -np.inf], dtype)
    np.testing.assert_array_equal(gradient(cr.sort, x, np.array([10, 20, 30, 40, 50, 60], dtype)),
                                  np.array([40, 20, 50, 30, 60, 10], dtype))  # fmt: skip
    values, places = cr.top_k(x, 3)
    np.testing.assert_array_equal(values, [np.inf, 2, 2])
    np.testing.assert_array_equal(places, [4, 0, 2])
    np.testing.assert_array_equal(gradient(lambda x: cr.top_k(x, 3)[0], x, np.array([1, 2, 3], dtype)),
                                  np.array([2, 0, 3, 0, 1, 0], dtype))  # fmt: skip
    # The middle of the stable order 1₁ 2₀ 2₂ is the first of the twos.
    np.testing.assert_array_equal(gradient(cr.median, np.array([2, 1, 2], dtype), dtype(1)), np.array([1, 0, 0], dtype))
    np.testing.assert_array_equal(gradient(cr.median, np.array([2, 2, 2, 2], dtype), dtype(1)), [0, 0.5, 0.5, 0])


def test_places_are_integers_without_a_slope() -> None:
    x = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    places = Traced(lambda x: cr.top_k(x, 2)[1], [x]).value()
    assert places.dtype.kind == "i"
    np.testing.assert_array_equal(places, jax.lax.top_k(x, 2)[1])
    np.testing.assert_array_equal(Traced(np.argsort, [x]).value(), np.argsort(x))
    values, plain = cr.top_k(x, 2)
    np.testing.assert_array_equal(plain, places)
    np.testing.assert_array_equal(values, [[3, 2], [5, 4]])


def test_whole_numbers_and_truth_values_are_sorted_too() -> None:
    whole = np.array([[3, 1, 2], [0, 5, 4]])
    np.testing.assert_array_equal(Traced(np.sort, [whole]).value(), np.sort(whole))
    np.testing.assert_array_equal(Traced(lambda x: cr.top_k(x, 1)[0], [whole]).value(), [[3], [5]])
    assert Traced(np.median, [whole]).value() == np.median(whole)
    np.testing.assert_array_equal(Traced(lambda x: cr.top_k(x, 1)[1], [whole > 2]).value(), [[0], [1]])


REFUSED: list[tuple[Call, tuple[int, ...], type[Exception], str]] = [
    (lambda x: cr.top_k(x, 4), (2, 3), ArgumentError, r"axis 1 .* of shape \(2, 3\) has 3 entries.*not 4"),
    (lambda x: cr.top_k(x, -1), (3,), ArgumentError, "between 0 and 3 of them, not -1"),
    (lambda x: np.sort(x, 2), (2, 3), ShapeError, "axis 2 does not exist"),
    (np.median, (0,), ShapeError, "the median of no entries"),
    (lambda x: np.median(x, 0), (0, 2), ShapeError, r"no entries: x0 has shape \(0, 2\)"),
]


@pytest.mark.parametrize(("f", "shape", "error", "message"), REFUSED, ids=[r[3][:24] for r in REFUSED])
def test_what_does_not_fit_is_refused_by_name(f: Call, shape: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Traced(f, [np.zeros(shape)])
