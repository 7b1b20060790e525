"""Values that mature frameworks got wrong, each reported against one of them, in both modes and precisions.

What needs a rewriting or the public names is in test_edge_cases_api.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.ir.node import Input
from chainrule.ops.activations import relu
from chainrule.ops.index import pick
from chainrule.ops.linear import mean
from chainrule.ops.reduce import logsumexp, max, norm, prod
from chainrule.ops.select import abs_, clip, maximum, where
from chainrule.ops.statistics import std
from chainrule.ops.transcendental import sqrt, tanh
from chainrule.run.interpret import interpret
from tests.differentiated import Traced, random_like

INF, NAN = np.inf, np.nan


def cumprod(x: Any) -> Any:
    """Each entry's product with all before it, by way of prod."""
    n = x.shape[0]
    return prod(where(np.tri(n, dtype=bool), x[None, :], 1.0), axis=1)


# expression, where, gradient in each argument, the framework's issue
ROWS: list[tuple[str, Callable[..., Any], tuple[Any, ...], tuple[Any, ...], str]] = [
    ("where(x≥0, x, √−x)", lambda x: where(x >= 0, x, sqrt(-x)), (1.0,), (1.0,), "jax#1052, HIPS/autograd#802"),
    ("norm(x)", norm, ([0.0, 0.0],), ([0.0, 0.0],), "jax#21723"),
    ("norm(x)²", lambda x: norm(x) ** 2, ([0.0, 0.0],), ([0.0, 0.0],), "HIPS/autograd#151"),
    ("norm of one", norm, (0.0,), (0.0,), "jax#21723"),
    ("|x|", abs_, (0.0,), (0.0,), "jax#37820"),
    ("relu", relu, (0.0,), (0.0,), "jax#37821"),
    ("maximum(x, 0)", lambda x: maximum(x, 0), (0.0,), (0.0,), "jax#37821"),
    ("maximum(0, x)", lambda x: maximum(0.0, x), (0.0,), (0.0,), "jax#37821"),
    ("maximum(x, y)", maximum, (3.0, 3.0), (0.5, 0.5), "jax#37821"),
    ("maximum(x, x)", lambda x: maximum(x, x), (3.0,), (1.0,), "jax#37821"),
    ("(√x)²", lambda x: sqrt(x) ** 2, (0.0,), (NAN,), "a coincidence is no structure: 0·∞"),
    ("√x·√x", lambda x: sqrt(x) * sqrt(x), (0.0,), (NAN,), "a coincidence is no structure: 0·∞"),
    ("relu(x) − relu(−x)", lambda x: relu(x) - relu(-x), (0.0,), (0.0,), "conventions do not compose"),
    ("max", max, ([2.0, 2.0, 1.0],), ([0.5, 0.5, 0.0],), "mxnet#18563"),
    ("clip at 0", lambda x: clip(x, 0, 6), (0.0,), (0.0,), "pytorch#184574"),
    ("clip at 6", lambda x: clip(x, 0, 6), (6.0,), (0.0,), "pytorch#184574"),
    ("√", sqrt, (0.0,), (INF,), "stan-dev/math#3031"),
    ("std", std, ([1.0, 1.0],), ([0.0, 0.0],), "pytorch#4320"),
    ("std, ddof=1", lambda x: std(x, ddof=1), ([1.0, 1.0],), ([0.0, 0.0],), "pytorch#4320"),
    ("std of one", std, ([3.0],), ([0.0],), "jax#11716"),
    ("x⁰", lambda x: x**0, (0.0,), (0.0,), "clad#1383"),
    ("xᵖ", lambda x: x ** np.float64(0.0), (0.0,), (0.0,), "clad#1383"),
    ("x^[0, 1, 2]", lambda x: (x ** np.arange(3)).sum(), (0.0,), (1.0,), "clad#1383"),
    ("prod", prod, ([0.0, 2.0, 3.0],), ([6.0, 0.0, 0.0],), "tinygrad#17404"),
    ("Σ cumprod", lambda x: cumprod(x).sum(), ([2.0, 0.0, 3.0, 4.0],), ([1.0, 32.0, 0.0, 0.0],), "tensorflow#119430"),
    ("logsumexp", logsumexp, ([1000.0, 1001.0],), ([0.26894142, 0.73105858],), "overflow"),
    (
        "cross-entropy, target 1",
        lambda z: logsumexp(z) - pick(z, np.array(1)),
        ([-INF, 0.0, 0.0],),
        ([0.0, -0.5, 0.5],),
        "optax#1762",
    ),
    (
        "cross-entropy, one-hot",
        lambda z: -where(np.array([False, True, False]), z - logsumexp(z), 0.0).sum(),
        ([-INF, 0.0, 0.0],),
        ([0.0, -0.5, 0.5],),
        "optax#1762",
    ),
    (
        "Σ a·b",
        lambda a, b: (a * b).sum(),
        ([2.0], np.arange(20.0).reshape(5, 4)),
        ([190.0], np.full((5, 4), 2.0)),
        "pytorch#1787, nd4j#2424",
    ),
    ("x³", lambda x: x**3, (3.0,), (27.0,), "micrograd#53"),
    ("Σ x[[0, 0, 1]]", lambda x: x[[0, 0, 1]].sum(), ([5.0, 7.0],), ([2.0, 1.0],), "accumulation"),
]
ids = [f"{name} at {at} ({issue})" for name, _, at, _, issue in ROWS]


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(("f", "at", "gradients"), [row[1:4] for row in ROWS], ids=ids)
def test_a_row(f: Callable[..., Any], at: tuple[Any, ...], gradients: tuple[Any, ...], dtype: Any) -> None:
    values = [np.asarray(v, dtype) for v in at]
    traced = Traced(f, values)
    tolerance = 1e-8 if dtype is np.float64 else 1e-4
    # Twice: nothing is left over from the first time.
    for _ in range(2):
        for found, expected in zip(traced.pull(), gradients, strict=True):
            assert found.dtype == dtype
            assert found.shape == np.shape(expected)
            np.testing.assert_allclose(found, expected, rtol=tolerance)
    for i, (value, expected) in enumerate(zip(values, gradients, strict=True)):
        for entry in np.ndindex(value.shape):
            tangents = [np.zeros(v.shape) for v in values]
            tangents[i][entry] = 1
            found = traced.push(tangents)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, np.asarray(expected)[entry], rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_the_second_derivative_through_a_zero_by_coincidence(dtype: Any) -> None:
    """½(tanh x − t)² at t = tanh x has the slope 0, and the curvature (1 − t²)²: the zero residual is no structure."""
    x = np.asarray(0.7, dtype)
    t = np.tanh(x)
    traced = Traced(lambda v: 0.5 * (tanh(v) - t) ** 2, [x])
    assert traced.pull()[0] == 0
    again = Traced(traced.gradient(0), [x])
    expected = (1 - float(t) ** 2) ** 2
    for found in (again.pull()[0], again.push([1.0])):
        np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype is np.float64 else 1e-5)


def batchnorm(x: Any, namespace: Any = np) -> Any:
    centred = x - namespace.mean(x, axis=0)
    return centred / namespace.sqrt(namespace.mean(centred**2, axis=0) + 1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_batch_normalisation_with_ones_and_with_random_cotangents(dtype: Any) -> None:
    """Mnemosyne#310: an all-ones cotangent gives 0 and hides bugs; random ones do not."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(16, 3)).astype(dtype)
    traced = Traced(batchnorm, [x])
    np.testing.assert_allclose(traced.pull()[0], 0, atol=1e-13 if dtype is np.float64 else 1e-5)
    g = random_like(rng, x).astype(dtype)
    _, back = jax.vjp(lambda v: batchnorm(v, jnp), x.astype(np.float64))
    np.testing.assert_allclose(
        traced.pull(g)[0], back(g.astype(np.float64))[0], atol=1e-12 if dtype is np.float64 else 1e-5
    )


def test_the_mean_of_twenty_million_floats() -> None:
    """numpy#22956: added one after the other in float32, ones give a mean of 0.8389."""
    n = 20_000_000
    x = Input.of("x", (n, 2))
    for number in (0.1, 1.0):
        (found,) = interpret([mean(x, axis=0)], {"x": np.full((n, 2), number, np.float32)})
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, number, rtol=1e-6)
