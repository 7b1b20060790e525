"""Every elementwise record: what `chainrule.testing` checks, each by its own name, and JAX as a second oracle."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import records
from chainrule.testing import Check, checks_of, native
from chainrule.testing.drawing import POINTS, broadcasting, draw, ends
from chainrule.testing.traced import Traced
from tests.oracles import JAX, MPMATH

ELEMENTWISE: list[Elementwise] = [r for r in records() if isinstance(r, Elementwise)]
COMPILED = {native.emitted_c}
"""tests/emit/test_c.py compiles all records in one file."""
CHECKS = [(op, check) for op in ELEMENTWISE for check in checks_of(op) if check.run not in COMPILED]


@pytest.mark.parametrize(("op", "check"), CHECKS, ids=[f"{op.name} {check.name}" for op, check in CHECKS])
def test_elementwise(op: Elementwise, check: Check) -> None:
    check.run(op, MPMATH.get(op.name))


def test_each_is_drawn_at_ten_points_and_more_at_the_ends_of_its_domain() -> None:
    for op in ELEMENTWISE:
        assert len(draw(op)[0]) == POINTS >= 10
        assert len(ends(op)[0]) >= 2, op.name
        shapes = {shape for given in broadcasting(op.arity) for shape in given}
        assert {(), (1,)} <= shapes
        assert any(0 in shape for shape in shapes)


IN_JAX = [op for op in ELEMENTWISE if op.name in JAX]


@pytest.mark.parametrize("op", IN_JAX, ids=lambda op: op.name)
def test_special_values_are_those_of_jax(op: Elementwise) -> None:
    operands = ends(op)
    if op.result == "int":
        operands = [np.where(np.isfinite(v), v, 0) for v in operands]
    expected = np.asarray(JAX[op.name](*operands))
    found = Traced(op, operands).value()
    np.testing.assert_allclose(found, expected, rtol=1e-14)


SLOPED_AT_INFINITY = [op for op in IN_JAX if op.arity == 1 and op.result == "float" and op.analytic]


@pytest.mark.parametrize("op", SLOPED_AT_INFINITY, ids=lambda op: op.name)
def test_far_out_the_slope_is_that_of_jax(op: Elementwise) -> None:
    points = np.array([v for v in (-800.0, -40.0, 40.0, 800.0) if v in op.domain_of(0)])
    expected = jax.vmap(jax.grad(JAX[op.name]))(points)
    found = Traced(op, [points])
    np.testing.assert_allclose(found.pull()[0], expected, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(found.push([np.ones(len(points))]), expected, rtol=1e-13, atol=1e-16)


@pytest.mark.slow
def test_two_oracles_agree_on_what_each_operation_is() -> None:
    """JAX beside the record, where mpmath was: two must agree."""
    for op in IN_JAX:
        operands: list[Any] = draw(op)
        expected = np.asarray(JAX[op.name](*operands), float)
        found = np.asarray(Traced(op, operands).value(), float)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14, err_msg=op.name)


def test_a_number_of_pythons_takes_the_precision_of_plain_arrays() -> None:
    x = np.array([-1.0, 2.0], np.float32)
    assert cr.where(x > 0, x, 0.0).dtype == np.float32
    assert cr.maximum(x, 0).dtype == np.float32
    assert cr.maximum(np.array([1, 2]), 0.5).dtype == np.float64
    assert cr.maximum(x, np.float64(0)).dtype == np.float64
