"""What is checked of a scalar operation: its value and its slopes, in both modes, at both orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.records import Elementwise
from .compare import close, require
from .drawing import POINTS, draw, generator, variables
from .reference import oracle_values, slopes
from .traced import Traced, random_like


def value(op: Elementwise, oracle: Any = None) -> None:
    """The value is the oracle's."""
    operands = draw(op)
    wanted = oracle_values(op, oracle, operands)
    found = Traced(op, operands).value()
    kind = {"bool": "b", "int": "i", "float": "f", "same": "f"}[op.result]
    require(found.dtype.kind == kind, f"numbers of kind {op.result} come out as {found.dtype}")
    if wanted is not None:
        close(found.astype(float), wanted, "the value", rtol=1e-14, at=operands)


def first_slopes(op: Elementwise, oracle: Any = None) -> None:
    """The slope in each operand is the oracle's, in both modes."""
    operands = draw(op)
    traced = Traced(op, operands)
    if not traced.floats:
        return
    g = _cotangent(op)
    pulled = traced.pull(g)
    for n, i in enumerate(variables(op)):
        slope, error = slopes(op, oracle, operands, (i,))
        tangents = [g if m == n else np.zeros(POINTS) for m in range(len(traced.floats))]
        for mode, found in (("reverse", pulled[n]), ("forward", traced.push(tangents))):
            what = f"the slope{_in(op, i)} by {mode} mode"
            close(found / g, slope, what, rtol=1e-12, atol=1e-14 / abs(g) + error, at=operands)


def second_slopes(op: Elementwise, oracle: Any = None) -> None:
    """The second slopes are the oracle's, by reverse over reverse and by forward over reverse."""
    operands = draw(op)
    traced = Traced(op, operands)
    for n, i in enumerate(variables(op)[: len(traced.floats)]):
        g = _cotangent(op)
        again = Traced(traced.gradient(n), operands)
        told = [slopes(op, oracle, operands, (i, j)) for j in variables(op)]
        for j, found, (slope, error) in zip(variables(op), again.pull(g), told, strict=True):
            what = f"the second slope{_in(op, i)}{' and then' * (op.arity > 1)}{_in(op, j)}"
            close(found / g, slope, what, rtol=1e-11, atol=1e-13 / abs(g) + error, at=operands)
        tangents = [random_like(np.random.default_rng(j), g) for j in range(len(told))]
        terms = [t * slope for t, (slope, _) in zip(tangents, told, strict=True)]
        left = [abs(t * error) for t, (_, error) in zip(tangents, told, strict=True)]
        tolerance = 1e-11 * np.sum(np.abs(terms), axis=0) + np.sum(left, axis=0) + 1e-13
        what = f"the slope of the slope{_in(op, i)} along a random direction"
        close(again.push(tangents), np.sum(terms, axis=0), what, atol=tolerance, at=operands)


def complex_step(op: Elementwise, oracle: Any = None) -> None:
    """The slope is that of what runs, by a step along the imaginary axis."""
    operands = draw(op)
    for i, slope in enumerate(Traced(op, operands).pull()):
        stepped = [v + 1e-30j if m == i else v.astype(complex) for m, v in enumerate(operands)]
        with np.errstate(all="ignore"):
            wanted = np.imag(op.ref(*stepped)) / 1e-30
        close(slope, wanted, f"the slope{_in(op, i)}", rtol=1e-12, atol=1e-14, at=operands)


def forward_is_reverse(op: Elementwise, oracle: Any = None) -> None:
    """Forward and reverse mode are each other's transpose, under random cotangents and tangents."""
    traced = Traced(op, draw(op, (3, 4)))
    if not traced.floats:
        return
    rng = generator(op.name)
    g, tangents = rng.normal(size=(3, 4)), [rng.normal(size=(3, 4)) for _ in traced.floats]
    products = [p * t for p, t in zip(traced.pull(g), tangents, strict=True)]
    tolerance = 1e-13 * np.sum(np.abs(products)) + 1e-15
    close(np.sum(g * traced.push(tangents)), np.sum(products), "cotangent times tangent", atol=tolerance)


def jacobian_and_hessian(op: Elementwise, oracle: Any = None) -> None:
    """The symbolic Jacobian and Hessian have the slopes on their diagonals, and zeros elsewhere."""
    operands = draw(op, (2, 3))
    traced = Traced(op, operands)
    for n, (jacobian, slope) in enumerate(zip(traced.jacobians(), traced.pull(), strict=True)):
        close(jacobian.reshape(6, 6), np.diag(slope.ravel()), "the Jacobian", rtol=1e-13, atol=1e-15)
        again = Traced(traced.gradient(n), operands)
        for hessian, second in zip(again.jacobians(), again.pull(), strict=True):
            close(hessian.reshape(6, 6), np.diag(second.ravel()), "the Hessian", rtol=1e-12, atol=1e-14)


def _cotangent(op: Elementwise) -> Any:
    """Random and not uniform, and nowhere so small that dividing by it would lose digits."""
    g = random_like(generator(op.name), np.zeros(POINTS))
    return np.where(abs(g) < 0.1, g + 0.5, g)


def _in(op: Elementwise, i: int) -> str:
    """Which operand, where there are several."""
    return f" in operand {i}" if op.arity > 1 else ""
