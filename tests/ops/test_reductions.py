"""Every reduction: values against mpmath and JAX, gradients against differences and JAX, Hessians, special entries."""

from __future__ import annotations

import zlib
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.records import Reduction
from chainrule.ir.registry import records
from tests.differentiated import Traced, random_like
from tests.oracles import JAX, exactly, mpmath_function

REDUCTIONS: list[Reduction] = [r for r in records() if isinstance(r, Reduction)]
every_record = pytest.mark.parametrize("op", REDUCTIONS, ids=lambda op: op.name)

# shape, axis
OVER: list[tuple[tuple[int, ...], Any]] = [
    ((5,), None),
    ((1,), 0),
    ((3, 4), 0),
    ((3, 4), -1),
    ((3, 4), None),
    ((2, 3, 4), (0, 2)),
    ((2, 3, 4), (-1, -2)),
    ((3, 1), 1),
    ((2, 3), ()),
]
every_axis = pytest.mark.parametrize(("shape", "axis"), OVER, ids=[f"{s} over {a}" for s, a in OVER])


in_jax = pytest.mark.parametrize(
    "op", [op for op in REDUCTIONS if op.name in JAX], ids=[op.name for op in REDUCTIONS if op.name in JAX]
)
"""The records that JAX has too; all are compared with mpmath."""


def draw(op: Reduction, shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    """Entries without ties, from the record's samples."""
    rng = np.random.default_rng(zlib.crc32(f"{op.name}{shape}".encode()))
    return rng.uniform(*op.samples, shape).astype(dtype)


def of(op: Reduction, axis: Any, keepdims: bool = False) -> Any:
    return lambda x: op(x, axis=axis, keepdims=keepdims)


def oracle(op: Reduction, axis: Any) -> Any:
    return lambda x: JAX[op.name](x, axis=axis, keepdims=False)


@every_record
@every_axis
def test_the_value_is_the_oracles(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    for keepdims in (False, True):
        found = Traced(of(op, axis, keepdims), [x]).value()
        assert found.shape == np.sum(x, axis=axis, keepdims=keepdims).shape
        if op.name in JAX:
            expected = JAX[op.name](jnp.asarray(x), axis=axis, keepdims=keepdims)
            np.testing.assert_allclose(found, expected, rtol=1e-13)
    if axis is None:
        exact = mpmath_function(op)([exactly(v) for v in x.ravel()])
        np.testing.assert_allclose(Traced(of(op, axis), [x]).value(), float(exact), rtol=1e-14)


@every_record
def test_the_slope_in_every_entry_is_that_of_mpmath(op: Reduction) -> None:
    x = draw(op, (4,))
    entries, meaning = [exactly(v) for v in x], mpmath_function(op)
    slopes = [
        mpmath.diff(lambda v, i=i: meaning([*entries[:i], v, *entries[i + 1 :]]), entries[i]) for i in range(len(x))
    ]
    pulled = Traced(of(op, None), [x]).pull(np.asarray(1.5))[0]
    np.testing.assert_allclose(pulled, [1.5 * float(s) for s in slopes], rtol=1e-12, atol=1e-14)


@in_jax
@pytest.mark.parametrize(("shape", "axis"), [((5,), None), ((3, 4), 0), ((2, 3, 4), (-1, 0)), ((2, 3), ())])
def test_gradients_are_those_of_jax_in_both_modes(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    value, back = jax.vjp(oracle(op, axis), x)
    rng = np.random.default_rng(1)
    g, t = random_like(rng, value), random_like(rng, x)
    traced = Traced(of(op, axis), [x])
    (expected,) = back(g)
    np.testing.assert_allclose(traced.pull(g)[0], expected, rtol=1e-12, atol=1e-14)
    pushed = traced.push([t])
    np.testing.assert_allclose(np.sum(g * pushed), np.sum(expected * t), rtol=1e-12)
    (jacobian,) = traced.jacobians()
    np.testing.assert_allclose(np.tensordot(jacobian, t, t.ndim), pushed, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(np.tensordot(g, jacobian, g.ndim), expected, rtol=1e-12, atol=1e-14)


def difference(f: Any, x: Any, t: Any) -> tuple[Any, Any]:
    """The derivative of f along t by Richardson's extrapolation, and an estimate of its error."""
    step, table = 0.05, []
    for row in range(7):
        h = step / 2**row
        table.append([(f(x + h * t) - f(x - h * t)) / (2 * h)])
        for k in range(1, row + 1):
            table[row].append(table[row][k - 1] + (table[row][k - 1] - table[row - 1][k - 1]) / (4**k - 1))
    guesses = [(np.max(abs(table[r][r] - table[r][r - 1])), table[r][r]) for r in range(2, 7)]
    error, best = min(guesses, key=lambda guess: guess[0])
    return best, error + 1e-14 * np.max(abs(f(x))) / step


@every_record
@every_axis
def test_gradients_are_directional_differences(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    # Entries a step apart keep their order, so that no difference reaches across a tie.
    x = x + (np.argsort(np.argsort(x, None)) * 0.4).reshape(shape)
    t = random_like(np.random.default_rng(2), x)
    t /= np.max(abs(t))
    traced = Traced(of(op, axis), [x])
    slope, error = difference(of(op, axis), x, t)
    assert np.max(abs(traced.push([t]) - slope)) <= 10 * error
    g = random_like(np.random.default_rng(3), slope)
    assert abs(np.sum(traced.pull(g)[0] * t) - np.sum(g * slope)) <= 10 * error * np.sum(abs(g))


@in_jax
@pytest.mark.parametrize(("shape", "axis"), [((4,), None), ((2, 3), 1)])
def test_hessians_are_symmetric_and_those_of_jax(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    gradient = Traced(Traced(of(op, axis), [x]).gradient(0), [x])
    hessian = gradient.jacobians()[0].reshape(x.size, x.size)
    expected = jax.hessian(lambda v: jnp.sum(oracle(op, axis)(v)))(x).reshape(x.size, x.size)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-13)
    np.testing.assert_allclose(hessian, expected, rtol=1e-11, atol=1e-13)
    t = random_like(np.random.default_rng(4), x)
    np.testing.assert_allclose(gradient.pull(t)[0].ravel(), hessian @ t.ravel(), rtol=1e-11, atol=1e-13)


SPECIAL = [(op, entries, slopes) for op in REDUCTIONS for entries, slopes in op.special]


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(("op", "entries", "slopes"), SPECIAL, ids=[f"{o.name} {e}" for o, e, _ in SPECIAL])
def test_special_entries(op: Reduction, entries: Any, slopes: Any, dtype: Any) -> None:
    x = np.array(entries, dtype)
    traced = Traced(op, [x])
    tolerance = 1e-12 if dtype is np.float64 else 1e-4
    (found,) = traced.pull()
    assert found.dtype == dtype
    np.testing.assert_allclose(found, slopes, rtol=tolerance)
    pushed = [traced.push([unit]) for unit in np.eye(len(x))]
    np.testing.assert_allclose(pushed, slopes, rtol=tolerance)
    np.testing.assert_allclose(traced.jacobians()[0], slopes, rtol=tolerance)
    # The same row among others, along either axis of a matrix.
    rows = np.stack([x, x[::-1]])
    for axis, matrix in ((1, rows), (0, rows.T)):
        (found,) = Traced(of(op, axis), [matrix]).pull()
        expected = np.stack([slopes, slopes[::-1]])
        np.testing.assert_allclose(found, expected if axis == 1 else expected.T, rtol=tolerance)


@every_record
def test_no_entries(op: Reduction) -> None:
    traced = Traced(of(op, 0), [np.ones((0, 2))])
    if op.empty is None:
        with pytest.raises(ValueError, match=op.name):
            traced.value()
        with pytest.raises(ValueError, match="zero-size"):
            op(np.ones((0, 2)), axis=0)
    else:
        np.testing.assert_array_equal(traced.value(), [op.empty, op.empty])
        assert traced.pull()[0].shape == (0, 2)


@every_record
def test_no_results(op: Reduction) -> None:
    traced = Traced(of(op, 1), [np.ones((0, 2))])
    assert traced.value().shape == (0,)
    assert traced.pull()[0].shape == (0, 2)


@every_record
def test_float32_in_float32_out(op: Reduction) -> None:
    x = draw(op, (3, 4), np.float32)
    single, double = Traced(of(op, 1), [x]), Traced(of(op, 1), [x.astype(np.float64)])
    g = random_like(np.random.default_rng(5), double.value()).astype(np.float32)
    pairs = [
        (single.value(), double.value()),
        (single.pull(g)[0], double.pull(g)[0]),
        (single.push([x]), double.push([x])),
    ]
    for found, expected in pairs:
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6)


@every_record
def test_views_are_as_good_as_arrays(op: Reduction) -> None:
    view = draw(op, (4, 6))[::-1, ::2].T
    found, copy = Traced(of(op, 0), [view]), Traced(of(op, 0), [view.copy()])
    np.testing.assert_array_equal(found.value(), copy.value())
    np.testing.assert_array_equal(found.pull(), copy.pull())


@every_record
def test_integers_are_numbers_too(op: Reduction) -> None:
    x = np.array([[3, 1, 2], [0, 5, 4]])
    found = Traced(of(op, 1), [x]).value()
    assert (found.dtype.kind == "i") == (not op.float_only)
    np.testing.assert_allclose(found, op(x.astype(float), axis=1), rtol=1e-13)
