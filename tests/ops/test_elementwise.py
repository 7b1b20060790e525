"""Every elementwise record: value and slopes against mpmath and JAX, both modes, orders 1 and 2, kinks, shapes."""

from __future__ import annotations

import itertools
import zlib
from typing import Any

import jax
import mpmath
import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import record, records
from tests.differentiated import Traced, random_like
from tests.oracles import JAX, exactly, mpmath_function

ELEMENTWISE: list[Elementwise] = [r for r in records() if isinstance(r, Elementwise)]
every_record = pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
POINTS = 8

# Their slope is not that of the function: it is set.
BY_DECREE = {"stop_gradient"}
# They make floats out of what is not float: there is nothing to differentiate.
OF_INTEGERS = {"to_float"}


def generator(op: Elementwise) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(op.name.encode()))


def draw(op: Elementwise, shapes: Any = POINTS) -> list[Any]:
    """Operands from the record's samples; one shape for all, or one each. Conditions are truth values."""
    rng = generator(op)
    result = []
    for i in range(op.arity):
        shape = shapes[i % len(shapes)] if isinstance(shapes, list) else shapes
        low, high = op.samples[min(i, len(op.samples) - 1)]
        numbers = rng.uniform(low, high, shape)
        if i < op.conditions:
            numbers = rng.random(shape) < 0.5
        elif op.name in OF_INTEGERS:
            numbers = numbers.astype(np.int64)
        result.append(numbers)
    return result


def variables(op: Elementwise) -> range:
    """Which operands a derivative may be taken in."""
    return range(op.arity, op.arity) if op.name in OF_INTEGERS else range(op.conditions, op.arity)


def exact_slopes(op: Elementwise, operands: list[Any], order: tuple[int, ...]) -> Any:
    """The derivative of this order in each operand at every point, by mpmath."""
    if op.name in BY_DECREE or op.result in ("bool", "int"):
        return np.zeros(len(operands[0]))
    f = mpmath_function(op)
    result = []
    for point in zip(*operands, strict=True):
        free = [exactly(v) for v in point[op.conditions :]]
        fixed = [exactly(v) for v in point[: op.conditions]]
        result.append(float(mpmath.diff(lambda *v, fixed=fixed: f(*fixed, *v), tuple(free), order)))
    return np.array(result)


def unit(op: Elementwise, *positions: int) -> tuple[int, ...]:
    """How often mpmath differentiates in each operand."""
    return tuple(positions.count(i) for i in range(op.conditions, op.arity))


@every_record
def test_the_value_is_the_oracles(op: Elementwise) -> None:
    operands = draw(op)
    f = mpmath_function(op)
    expected = [f(*map(exactly, point)) for point in zip(*operands, strict=True)]
    found = Traced(op, operands).value()
    if op.result == "bool":
        assert found.dtype == bool
        np.testing.assert_array_equal(found, [bool(v) for v in expected])
    else:
        np.testing.assert_allclose(found, [float(v) for v in expected], rtol=1e-14)


def special_operands(op: Elementwise) -> list[Any]:
    """Every combination of zeros, ones, huge and tiny numbers, infinities and kinks that lies in the domain."""
    numbers = [0.0, -0.0, 1.0, -1.0, 1e-300, 800.0, -800.0, np.inf, -np.inf, *op.kinks]
    axes = []
    for i in range(op.arity):
        inside = op.domain_of(i)
        within = [v for v in numbers if inside.low <= v <= inside.high and not (inside.open and v == inside.low)]
        axes.append([False, True] if i < op.conditions else [0, 1, -7] if op.name in OF_INTEGERS else within)
    return [np.array(column) for column in zip(*itertools.product(*axes), strict=True)]


@pytest.mark.parametrize("op", [op for op in ELEMENTWISE if op.name in JAX], ids=lambda op: op.name)
def test_special_values_are_those_of_jax(op: Elementwise) -> None:
    operands = special_operands(op)
    if op.result == "int":
        operands = [np.where(np.isfinite(v), v, 0) for v in operands]
    expected = np.asarray(JAX[op.name](*operands))
    found = Traced(op, operands).value()
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@every_record
def test_slopes_are_those_of_mpmath_in_both_modes(op: Elementwise) -> None:
    operands = draw(op)
    traced = Traced(op, operands)
    if not traced.floats:
        return
    g = random_like(generator(op), operands[0])
    pulled = traced.pull(g)
    for n, i in enumerate(variables(op)):
        slope = exact_slopes(op, operands, unit(op, i))
        np.testing.assert_allclose(pulled[n], g * slope, rtol=1e-12, atol=1e-14, err_msg=f"operand {i}")
        tangents = [g if m == n else np.zeros(POINTS) for m in range(len(traced.floats))]
        np.testing.assert_allclose(traced.push(tangents), g * slope, rtol=1e-12, atol=1e-14, err_msg=f"operand {i}")


@every_record
def test_second_slopes_are_those_of_mpmath_reverse_and_forward_over_reverse(op: Elementwise) -> None:
    operands = draw(op)
    traced = Traced(op, operands)
    g = random_like(generator(op), operands[0])
    for n, i in enumerate(variables(op)):
        again = Traced(traced.gradient(n), operands)
        second = [exact_slopes(op, operands, unit(op, i, j)) for j in variables(op)]
        for j, (found, slope) in enumerate(zip(again.pull(g), second, strict=True)):
            np.testing.assert_allclose(found, g * slope, rtol=1e-11, atol=1e-13, err_msg=f"operands {i}, {j}")
        tangents = [random_like(np.random.default_rng(j), g) for j in range(len(second))]
        expected = sum((t * slope for t, slope in zip(tangents, second, strict=True)), np.zeros(POINTS))
        scale = sum(abs(t * slope) for t, slope in zip(tangents, second, strict=True))
        np.testing.assert_array_less(abs(again.push(tangents) - expected), 1e-11 * scale + 1e-13)


ANALYTIC = [op for op in ELEMENTWISE if op.analytic]


@pytest.mark.parametrize("op", ANALYTIC, ids=lambda op: op.name)
def test_the_slope_of_an_analytic_record_is_its_complex_step(op: Elementwise) -> None:
    operands = draw(op)
    slopes = Traced(op, operands).pull()
    for i, slope in enumerate(slopes):
        stepped = [v + 1e-30j if m == i else v.astype(complex) for m, v in enumerate(operands)]
        np.testing.assert_allclose(slope, np.imag(op.ref(*stepped)) / 1e-30, rtol=1e-12, atol=1e-14)


SLOPED_AT_INFINITY = [
    op for op in ELEMENTWISE if op.arity == 1 and op.result == "float" and op.analytic and op.name in JAX
]


@pytest.mark.parametrize("op", SLOPED_AT_INFINITY, ids=lambda op: op.name)
def test_far_out_the_slope_is_that_of_jax(op: Elementwise) -> None:
    points = np.array([v for v in (-800.0, -40.0, 40.0, 800.0) if op.domain_of(0).low < v])
    expected = jax.vmap(jax.grad(JAX[op.name]))(points)
    found = Traced(op, [points])
    np.testing.assert_allclose(found.pull()[0], expected, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(found.push([np.ones(len(points))]), expected, rtol=1e-13, atol=1e-16)


KINKED = [op for op in ELEMENTWISE if op.kinks]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("op", KINKED, ids=lambda op: op.name)
def test_at_a_kink_the_slope_is_zero_at_both_orders(op: Elementwise, dtype: str) -> None:
    points = np.array([*op.kinks, *(-k for k in op.kinks if k == 0)], dtype)
    traced = Traced(op, [points])
    again = Traced(traced.gradient(0), [points])
    for mode in (traced.pull()[0], traced.push([np.ones(len(points))]), again.pull()[0], again.push([points + 1])):
        np.testing.assert_array_equal(mode, np.zeros(len(points)))


INF, NAN = np.inf, np.nan
# record, operands, which of them are variables, their slopes.
AT_SPECIAL_POINTS = [
    ("maximum", (1.0, 1.0), (0, 1), (0.5, 0.5)),
    ("maximum", (1.0, 1.0), (0,), (0.0,)),
    ("maximum", (1.0, 1.0), (1,), (0.0,)),
    ("maximum", (INF, INF), (0, 1), (0.5, 0.5)),
    ("maximum", (-INF, 0.0), (0, 1), (0.0, 1.0)),
    ("minimum", (1.0, 1.0), (0, 1), (0.5, 0.5)),
    ("minimum", (1.0, 1.0), (0,), (0.0,)),
    ("minimum", (0.0, INF), (0, 1), (1.0, 0.0)),
    ("clipped", (0.0, 0.0, 6.0), (0,), (0.0,)),
    ("clipped", (6.0, 0.0, 6.0), (0,), (0.0,)),
    ("clipped", (3.0, 0.0, 6.0), (0, 1, 2), (1.0, 0.0, 0.0)),
    ("clipped", (-3.0, 0.0, 6.0), (0, 1, 2), (0.0, 1.0, 0.0)),
    ("clipped", (9.0, 0.0, 6.0), (0, 1, 2), (0.0, 0.0, 1.0)),
    ("pow", (0.0, 0.0), (0,), (0.0,)),
    ("pow", (0.0, 1.0), (0,), (1.0,)),
    ("pow", (0.0, 2.0), (0, 1), (0.0, 0.0)),
    ("pow", (-2.0, 3.0), (0,), (12.0,)),
    ("pow", (0.0, 0.5), (0,), (INF,)),
    ("sqrt", (0.0,), (0,), (INF,)),
    ("log", (0.0,), (0,), (INF,)),
    ("div", (1.0, 0.0), (0, 1), (INF, -INF)),
    ("div", (0.0, 0.0), (0, 1), (INF, NAN)),
    ("xlogy", (0.0, 0.0), (0, 1), (-INF, 0.0)),
    ("xlogy", (0.0, 2.0), (1,), (0.0,)),
    ("exp", (-INF,), (0,), (0.0,)),
    ("exp", (INF,), (0,), (INF,)),
    ("tanh", (INF,), (0,), (0.0,)),
    ("sigmoid", (-INF,), (0,), (0.0,)),
    ("softplus", (INF,), (0,), (1.0,)),
    ("softplus", (-INF,), (0,), (0.0,)),
    ("log_sigmoid", (-INF,), (0,), (1.0,)),
    ("log_sigmoid", (INF,), (0,), (0.0,)),
    ("abs", (-INF,), (0,), (-1.0,)),
    ("relu", (INF,), (0,), (1.0,)),
    ("stop_gradient", (2.0,), (0,), (0.0,)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(("name", "operands", "of", "slopes"), AT_SPECIAL_POINTS)
def test_the_convention_at_special_points(
    name: str, operands: tuple[float, ...], of: tuple[int, ...], slopes: tuple[float, ...], dtype: Any
) -> None:
    def f(*free: Any) -> Any:
        given = dict(zip(of, free, strict=True))
        return record(name)(*(given.get(i, v) for i, v in enumerate(operands)))

    traced = Traced(f, [dtype(operands[i]) for i in of])
    np.testing.assert_array_equal(traced.pull(), slopes)
    for n, slope in enumerate(slopes):
        if np.isfinite(slopes).all():
            np.testing.assert_array_equal(traced.push([float(m == n) for m in range(len(of))]), slope)


@every_record
def test_float32_in_float32_out(op: Elementwise) -> None:
    exact = [v.astype(np.float32) if v.dtype.kind == "f" else v for v in draw(op)]
    single = Traced(op, exact)
    double = Traced(op, [v.astype(np.float64) if v.dtype.kind == "f" else v for v in exact])
    np.testing.assert_allclose(single.value(), double.value(), rtol=1e-5, atol=1e-6)
    if not single.floats:
        return
    if op.result not in ("bool", "int"):
        assert single.value().dtype == np.float32
    g = random_like(generator(op), exact[0]).astype(np.float32)
    for found, expected in zip(single.pull(g), double.pull(g), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert single.push([g] * len(single.floats)).dtype == np.float32


SHAPES: dict[int, list[list[tuple[int, ...]]]] = {
    1: [[()], [(0,)], [(1,)], [(2, 3)]],
    2: [[()], [(0, 3), (1, 3)], [(1,), (1,)], [(3, 1), (1, 4)], [(2, 3), ()], [(3,), (2, 3)], [(1,), (5, 4)]],
    3: [[()], [(0,), (0,), ()], [(3, 1), (), (1, 4)], [(2, 3), (3,), (2, 1)]],
}


@every_record
def test_shapes_broadcast_and_gradients_come_back_in_the_operands_own(op: Elementwise) -> None:
    for shapes in SHAPES[op.arity]:
        operands = [np.asarray(v) for v in draw(op, shapes)]
        traced = Traced(op, operands)
        whole = np.broadcast_arrays(*operands)
        full = Traced(op, whole)
        value = traced.value()
        assert value.shape == full.output.shape == np.broadcast_shapes(*(v.shape for v in operands))
        np.testing.assert_array_equal(value, full.value())
        g = random_like(generator(op), value)
        own = [operands[i].shape for i in variables(op)]
        for found, wide, shape in zip(traced.pull(g), full.pull(g), own, strict=True):
            np.testing.assert_allclose(found, summed_to(wide, shape), rtol=1e-13, atol=1e-14)
            assert found.shape == shape


def summed_to(wide: Any, shape: tuple[int, ...]) -> Any:
    """The sum over everything that broadcasting repeated."""
    wide = wide.sum(axis=tuple(range(wide.ndim - len(shape))))
    return wide.sum(axis=tuple(a for a, n in enumerate(shape) if n == 1), keepdims=True)


@every_record
def test_views_are_as_good_as_arrays(op: Elementwise) -> None:
    dense = draw(op, (4, 6))
    views = [v.repeat(2, axis=0)[::2].T[::-1] for v in dense]
    assert not any(v.flags.c_contiguous for v in views)
    found = Traced(op, views)
    copies = Traced(op, [v.copy() for v in views])
    np.testing.assert_array_equal(found.value(), copies.value())
    np.testing.assert_array_equal(found.pull(), copies.pull())


@every_record
def test_integers_are_numbers_too(op: Elementwise) -> None:
    operands = [np.array([True, False]) if i < op.conditions else np.array([2, 1 + (i > 0)]) for i in range(op.arity)]
    traced = Traced(op, operands)
    assert traced.output.kind == op.result_kind("int")
    f = mpmath_function(op)
    expected = [float(f(*map(exactly, point))) for point in zip(*operands, strict=True)]
    np.testing.assert_allclose(traced.value(), expected, rtol=1e-14)
