"""The cases of test_edge_cases.py that need a rewriting, a composite or the public names: as a user meets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from tests import test_edge_cases

INF, NAN = np.inf, np.nan


def bce_as_written(z: Any, t: Any) -> Any:
    p = cr.sigmoid(z)
    return -(t * cr.log(p) + (1 - t) * cr.log(1 - p))


# expression, where, value (None: not compared), gradient in the first argument, the framework's issue
ROWS: list[tuple[str, Callable[..., Any], tuple[Any, ...], Any, Any, str]] = [
    ("√(x²)", lambda x: cr.sqrt(x**2), (0.0,), 0.0, 0.0, "stan-dev/math#3031"),
    ("√(x²)", lambda x: cr.sqrt(x**2), (-3.0,), 3.0, -1.0, "stan-dev/math#3031"),
    ("√(x·x)", lambda x: cr.sqrt(x * x), (0.0,), 0.0, 0.0, "stan-dev/math#3031"),
    ("√x", cr.sqrt, (0.0,), 0.0, INF, "stan-dev/math#3031"),
    ("log(1 + eˣ)", lambda x: cr.log(1 + cr.exp(x)), (800.0,), 800.0, 1.0, "burn#5373"),
    ("log(1 + eˣ)", lambda x: cr.log(1 + cr.exp(x)), (-800.0,), 0.0, 0.0, "burn#5373"),
    ("logsumexp", cr.logsumexp, ([1000.0, 1001.0],), 1001.3132616875182, [0.26894142, 0.73105858], "overflow"),
    ("cross-entropy", cr.cross_entropy, ([-INF, 0.0, 0.0], [0.0, 1.0, 0.0]), np.log(2), [0, -0.5, 0.5], "optax#1762"),
    ("cross-entropy", cr.cross_entropy, ([-INF, 0.0, 0.0], np.array(1)), np.log(2), [0, -0.5, 0.5], "optax#1762"),
    ("BCE as written", bce_as_written, (-20.0, 1.0), 20.0, -1.0, "pytorch#103316"),
    ("BCE as written", bce_as_written, (20.0, 0.0), 20.0, 1.0, "pytorch#103316"),
    ("x³", lambda x: x**3, (3.0,), 27.0, 27.0, "micrograd#53"),
    ("relu(x) − relu(−x)", lambda x: cr.relu(x) - cr.relu(-x), (0.0,), 0.0, 0.0, "conventions do not compose"),
    ("relu(x) + relu(x + 1)", lambda x: cr.relu(x) + cr.relu(x + 1), (1.0,), 3.0, 2.0, "truth values added up"),
    ("where(x≥0, x, √−x)", lambda x: cr.where(x >= 0, x, cr.sqrt(-x)), (1.0,), 1.0, 1.0, "jax#1052"),
    ("√var", lambda x: cr.sqrt(((x - x.mean()) ** 2).mean()), ([1.0] * 3,), 0.0, [0.0] * 3, "pytorch#4320"),
    ("std", lambda x: x.std(), ([1.0, 1.0],), 0.0, [0.0, 0.0], "pytorch#4320"),
    ("std, ddof=1", lambda x: np.std(x, ddof=1), ([1.0, 1.0],), 0.0, [0.0, 0.0], "pytorch#4320"),
    ("var, ddof=1", lambda x: np.var(x, ddof=1), ([1.0, 1.0],), 0.0, [0.0, 0.0], "jax#11716"),
    ("norm(x)²", lambda x: cr.norm(x) ** 2, ([0.0, 0.0],), 0.0, [0.0, 0.0], "HIPS/autograd#151"),
]
DOUBLE = [
    ("BCE as written, far out", bce_as_written, (-50.0, 1.0), 50.0, -1.0, "pytorch#103316"),
    ("BCE as written, far out", bce_as_written, (50.0, 0.0), 50.0, 1.0, "pytorch#103316"),
]
CASES = [(row, dtype) for row in ROWS for dtype in ("64", "32")] + [(row, "64") for row in DOUBLE]
ids = [f"{row[0]} at {row[2]} float{dtype}" for row, dtype in CASES]


def of_dtype(at: tuple[Any, ...], dtype: str) -> list[Any]:
    return [v if np.asarray(v).dtype.kind == "i" else np.asarray(v, f"float{dtype}") for v in at]


@pytest.mark.parametrize(("f", "at", "value", "gradient", "dtype"), [(*c[0][1:5], c[1]) for c in CASES], ids=ids)
def test_a_row(f: Callable[..., Any], at: Any, value: Any, gradient: Any, dtype: str) -> None:
    values = of_dtype(at, dtype)
    tolerance = {"rtol": 1e-8, "atol": 1e-12} if dtype == "64" else {"rtol": 1e-4, "atol": 1e-6}
    first, *others = values

    def of_first(x: Any) -> Any:
        return f(x, *others)

    for _ in range(2):
        found = cr.grad(of_first, "x")(first)
        assert found.dtype == f"float{dtype}"
        np.testing.assert_allclose(found, gradient, **tolerance)
        np.testing.assert_allclose(cr.value_and_grad(of_first, "x")(first)[0], value, **tolerance)
    for unit, slope in zip(np.eye(max(first.size, 1)), np.ravel(gradient), strict=True):
        tangent = unit.reshape(first.shape).astype(first.dtype)
        _, pushed = cr.jvp(of_first, {"x": tangent})(first)
        np.testing.assert_allclose(pushed, slope, **tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("f", "at", "gradients"), [row[1:4] for row in test_edge_cases.ROWS], ids=test_edge_cases.ids)
def test_a_row_of_the_graphs_simplified(f: Callable[..., Any], at: Any, gradients: Any, dtype: str) -> None:
    """What the derivation gets right the simplifier must not spoil; where it rewrites (√x)² to x it may mend a NaN."""
    values = [np.asarray(v, dtype) for v in at]
    names = [f"x{i}" for i in range(len(values))]
    namespace: dict[str, Any] = {"f": f}
    exec(f"def loss({', '.join(names)}):\n    return f({', '.join(names)})", namespace)
    found = cr.grad(namespace["loss"], names)(*values)
    for name, expected in zip(names, gradients, strict=True):
        assert found[name].dtype == dtype
        if np.isnan(expected).any():
            assert np.isnan(found[name]) or found[name] == 1
        else:
            np.testing.assert_allclose(found[name], expected, rtol=1e-8 if dtype == "float64" else 1e-4)


def test_an_integer_is_refused_by_name_where_a_gradient_is_asked_for() -> None:
    """CREsted#138 gave a silent 0."""
    with pytest.raises(cr.ChainruleError, match=r"^x of .* is an array of kind int"):
        cr.grad(lambda x: (x * 2.0).sum(), "x")(np.array([1, 2, 3]))


def test_the_mean_squared_error_of_shapes_that_would_broadcast_is_refused() -> None:
    """pytorch#16413 gave 1.3333."""
    y = np.array([1.0, 2.0, 3.0])
    with pytest.raises(cr.ShapeError) as caught:
        cr.grad(lambda a, b: cr.mse(a, b), "a")(y, y[:, None])
    assert "(3,)" in str(caught.value)
    assert "(3, 1)" in str(caught.value)
    assert cr.value_and_grad(lambda a, b: cr.mse(a, b), "a")(y, y)[0] == 0


@pytest.mark.parametrize("f", [cr.var, cr.std], ids=["var", "std"])
def test_the_unbiased_variance_of_one_value_is_an_error(f: Callable[..., Any]) -> None:
    """jax#11716: NaN without a word."""
    for call in (lambda x: f(x, ddof=1), cr.grad(lambda x: f(x, ddof=1), "x")):
        with pytest.raises(cr.ArgumentError, match="of one value with ddof=1 has nothing to divide by"):
            call(np.array([3.0]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_curvature_through_a_zero_by_coincidence(dtype: str) -> None:
    x = np.asarray(0.7, dtype)
    t = np.tanh(x)
    found = cr.hessian(lambda v: 0.5 * (cr.tanh(v) - t) ** 2, "v")(x)
    np.testing.assert_allclose(found, (1 - float(t) ** 2) ** 2, rtol=1e-12 if dtype == "float64" else 1e-5)


def test_the_mean_of_twenty_million_floats() -> None:
    """numpy#22956: ones gave 0.8389."""
    x = np.full((20_000_000, 2), 0.1, np.float32)
    value, gradient = cr.value_and_grad(lambda x: x.mean(axis=0).sum(), "x")(x)
    np.testing.assert_allclose(value, 0.2, rtol=1e-6)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient[::1_000_000], 5e-8, rtol=1e-6)
