"""Scalar functions made of records, and what the records of scalar functions promise: digits, limits, operators."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.node import Input
from chainrule.ir.registry import record
from chainrule.simplify.canonical import canonical
from chainrule.simplify.identities import COMPLEMENTS, EVEN, ODD
from tests.differentiated import Traced

X, Y = Input.of("x", (3,)), Input.of("y", (3,))
INF = np.inf
POINTS = np.array([-2.0, -0.3, 0.4, 2.0])

# A function, the same in JAX.
COMPOSED: list[tuple[Any, Any]] = [
    (np.deg2rad, jnp.deg2rad),
    (np.radians, jnp.radians),
    (np.rad2deg, jnp.rad2deg),
    (np.degrees, jnp.degrees),
    (np.reciprocal, jnp.reciprocal),
    (np.square, jnp.square),
    (lambda x: cr.celu(x, 0.7), lambda x: jax.nn.celu(x, 0.7)),
    (cr.celu, jax.nn.celu),
    (cr.elu, jax.nn.elu),
    (lambda x: cr.elu(x, 1.5), lambda x: jax.nn.elu(x, 1.5)),
    (cr.leaky_relu, jax.nn.leaky_relu),
    (lambda x: cr.leaky_relu(x, 0.2), lambda x: jax.nn.leaky_relu(x, 0.2)),
    (lambda x: x % 0.7, lambda x: x % 0.7),
    (lambda x: 3.5 % x, lambda x: 3.5 % x),
    (lambda x: x // 0.7, lambda x: x // 0.7),
    (lambda x: 3.5 // x, lambda x: 3.5 // x),
    (lambda x: np.round(x * 3.21, 1), lambda x: jnp.round(x * 3.21, 1)),
    (lambda x: np.round(x * 321.0, -1), lambda x: jnp.round(x * 321.0, -1)),
    (lambda x: np.round(x), jnp.round),
]


@pytest.mark.parametrize(("ours", "theirs"), COMPOSED)
def test_value_and_slope_are_those_of_jax(ours: Any, theirs: Any) -> None:
    traced = Traced(ours, [POINTS])
    np.testing.assert_allclose(traced.value(), theirs(POINTS), rtol=1e-14)
    slopes = jax.vmap(jax.grad(theirs))(POINTS)
    np.testing.assert_allclose(traced.pull()[0], slopes, rtol=1e-14)
    np.testing.assert_allclose(traced.push([np.ones(4)]), slopes, rtol=1e-14)


@pytest.mark.parametrize("name", ["deg2rad", "rad2deg", "reciprocal", "round", "celu", "elu", "leaky_relu"])
def test_numbers_that_are_not_traced_are_worked_out(name: str) -> None:
    found = getattr(cr, name)(POINTS)
    np.testing.assert_allclose(found, Traced(getattr(cr, name), [POINTS]).value(), rtol=1e-15)


BENT = ["silu", "mish", "gelu", "gelu_tanh", "softsign", "log_cosh", "hard_swish", "hard_sigmoid", "elu", "selu"]
LIMITS = {
    "softsign": (0.0, 0.0),
    "log_cosh": (-1.0, 1.0),
    "hard_sigmoid": (0.0, 0.0),
    "selu": (0.0, 1.0507009873554805),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BENT)
def test_slopes_are_finite_as_far_as_floats_go(name: str, dtype: Any) -> None:
    far = np.array([-INF, -800, -100, 100, 800, INF], dtype)
    left, right = LIMITS.get(name, (0.0, 1.0))
    wanted = np.array([left] * 3 + [right] * 3, dtype)
    traced = Traced(getattr(cr, name), [far])
    # At −100 most are already as small as e⁻¹⁰⁰, softsign is as 1/x².
    atol = 1e-4 if name == "softsign" else 1e-40
    np.testing.assert_allclose(traced.pull()[0], wanted, rtol=1e-6, atol=atol)
    np.testing.assert_allclose(traced.push([np.ones(6, dtype)]), wanted, rtol=1e-6, atol=atol)


# A function, points near which the plain formula loses its digits, the oracle's slope.
SMALL: list[tuple[Any, list[float], Any]] = [
    (cr.sinc, [1e-9, -1e-5, 1e-3, 0.1, 0.24, 0.26, 1.0, 7.5], lambda x: mpmath.diff(mpmath.sincpi, x)),
    (cr.expm1, [-1e-12, -30.0], mpmath.exp),
    (cr.arcsin, [1 - 1e-12, -1 + 1e-9], lambda x: 1 / mpmath.sqrt(1 - x * x)),
    (cr.arctanh, [1 - 1e-12, -1 + 1e-9], lambda x: 1 / (1 - x * x)),
    (cr.arccosh, [1 + 1e-12, 1e9], lambda x: 1 / mpmath.sqrt(x * x - 1)),
    (cr.log1p, [-1 + 1e-12, 1e-15], lambda x: 1 / (1 + x)),
    (cr.gelu, [-8.0, -20.0, 1e-9], lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x)),
    (cr.gelu_tanh, [-5.0], lambda x: mpmath.diff(lambda v: v / 2 * (1 + mpmath.tanh(_inner(v))), x)),
    (cr.erfc, [9.0, 20.0], lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)),
]


def _inner(v: Any) -> Any:
    return mpmath.sqrt(2 / mpmath.pi) * (v + mpmath.mpf("0.044715") * v**3)


@pytest.mark.parametrize(("f", "points", "slope"), SMALL)
def test_slopes_keep_their_digits_where_a_plain_formula_would_lose_them(f: Any, points: Any, slope: Any) -> None:
    with mpmath.workdps(60):
        wanted = [float(slope(mpmath.mpf(v))) for v in points]
    np.testing.assert_allclose(Traced(f, [np.array(points)]).pull()[0], wanted, rtol=3e-13)


def test_a_length_and_an_angle_do_not_overflow() -> None:
    a, b = np.array([3e200, 3e-200]), np.array([4e200, 4e-200])
    np.testing.assert_allclose(Traced(cr.hypot, [a, b]).pull(), [[0.6] * 2, [0.8] * 2], rtol=1e-15)
    slopes = Traced(cr.arctan2, [a, b]).pull()
    np.testing.assert_allclose(slopes, [[1.6e-201, 1.6e199], [-1.2e-201, -1.2e199]], rtol=1e-14)


def test_percent_and_double_slash_are_the_records() -> None:
    assert X % Y is cr.mod(X, Y)
    assert X // Y is cr.floor_divide(X, Y)
    assert (2 % X) is cr.mod(2, X)
    assert (2 // X) is cr.floor_divide(2, X)


@pytest.mark.parametrize("name", sorted(ODD | EVEN | COMPLEMENTS))
def test_what_is_said_of_its_symmetry_holds(name: str) -> None:
    op = record(name)
    x = np.linspace(0, op.samples[0][1], 21)
    turned, plain = op.ref(-x), op.ref(x)
    wanted = -plain if name in ODD else plain if name in EVEN else 1 - plain
    np.testing.assert_allclose(turned, wanted, rtol=1e-14, atol=1e-16)
    told = -op(X) if name in ODD else op(X) if name in EVEN else 1 - op(X)
    assert canonical(op(-X)) is canonical(told)


def test_whole_numbers_stay_whole() -> None:
    i = Input.of("i", (3,), "int")
    for node in (cr.floor(i), cr.rint(i), cr.trunc(i), i % 3, i // 3):
        assert node.kind == "int"
    np.testing.assert_array_equal(
        Traced(lambda i: (i % 3) + 10 * (i // 3), [np.array([-7, 0, 8])]).value(), [-28, 0, 22]
    )


def test_a_record_of_a_family_is_found_in_another_process() -> None:
    packed = pickle.dumps(cr.polygamma(9, X))
    program = "import pickle, sys, chainrule; print(pickle.loads(sys.stdin.buffer.read()).op.name)"
    found = subprocess.run([sys.executable, "-c", program], input=packed, capture_output=True, check=True)
    assert found.stdout.split() == [b"polygamma_9"]


def test_what_is_written_naively_keeps_its_digits() -> None:
    @cr.function(x="N")
    def loss(x: Any) -> Any:
        return (np.log(1 + x) + (np.exp(x) - 1)).sum()

    tiny = np.array([1e-20, -3e-18])
    np.testing.assert_allclose(loss(tiny), 2 * tiny.sum(), rtol=1e-15)
    text = cr.source(loss, wrt="x")
    assert "np.log1p(x)" in text
    assert "np.expm1(x)" in text
    assert "log(1 + x)" in str(cr.derive(loss, "x"))
