"""Every reduction: what `chainrule.testing` checks, each by its own name, and JAX as a second oracle."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.ir.records import Reduction
from chainrule.ir.registry import records
from chainrule.testing import Check, checks_of, native
from chainrule.testing.reduction import OVER, draw, of
from chainrule.testing.traced import Traced, random_like
from tests.oracles import JAX, MPMATH

REDUCTIONS: list[Reduction] = [r for r in records() if isinstance(r, Reduction)]
COMPILED = {native.emitted_c_of_rows}
"""tests/emit/test_c.py compiles all records in one file."""
CHECKS = [(op, check) for op in REDUCTIONS for check in checks_of(op) if check.run not in COMPILED]


@pytest.mark.parametrize(("op", "check"), CHECKS, ids=[f"{op.name} {check.name}" for op, check in CHECKS])
def test_reduction(op: Reduction, check: Check) -> None:
    check.run(op, MPMATH.get(op.name))


IN_JAX = [op for op in REDUCTIONS if op.name in JAX]
in_jax = pytest.mark.parametrize("op", IN_JAX, ids=[op.name for op in IN_JAX])
"""The records that JAX has too; all are compared with mpmath."""


def oracle(op: Reduction, axis: Any) -> Any:
    return lambda x: JAX[op.name](x, axis=axis, keepdims=False)


@in_jax
@pytest.mark.parametrize(("shape", "axis"), OVER, ids=[f"{s} over {a}" for s, a in OVER])
@pytest.mark.slow
def test_the_value_is_that_of_jax(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    for keepdims in (False, True):
        found = Traced(of(op, axis, keepdims), [x]).value()
        expected = JAX[op.name](jnp.asarray(x), axis=axis, keepdims=keepdims)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@in_jax
@pytest.mark.parametrize(("shape", "axis"), [((5,), None), ((3, 4), 0), ((2, 3, 4), (-1, 0)), ((2, 3), ())])
@pytest.mark.slow
def test_gradients_are_those_of_jax_in_both_modes(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    value, back = jax.vjp(oracle(op, axis), x)
    rng = np.random.default_rng(1)
    g, t = random_like(rng, value), random_like(rng, x)
    traced = Traced(of(op, axis), [x])
    (expected,) = back(g)
    np.testing.assert_allclose(traced.pull(g)[0], expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(np.sum(g * traced.push([t])), np.sum(expected * t), rtol=1e-12)


@in_jax
@pytest.mark.parametrize(("shape", "axis"), [((4,), None), ((2, 3), 1)])
@pytest.mark.slow
def test_hessians_are_those_of_jax(op: Reduction, shape: tuple[int, ...], axis: Any) -> None:
    x = draw(op, shape)
    gradient = Traced(Traced(of(op, axis), [x]).gradient(0), [x])
    hessian = gradient.jacobians()[0].reshape(x.size, x.size)
    expected = jax.hessian(lambda v: jnp.sum(oracle(op, axis)(v)))(x).reshape(x.size, x.size)
    np.testing.assert_allclose(hessian, expected, rtol=1e-11, atol=1e-13)
