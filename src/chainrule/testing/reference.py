"""What an operation means, told by somebody else than its record: mpmath at 50 digits, a complex step, differences.

With mpmath and an oracle (a function of numbers of mpmath, or the name of one of its own) values and slopes are the
oracle's, to 50 digits. Without either the slopes are those of ``ref``: by a step along the imaginary axis where the
record is analytic, and else by differences, extrapolated (Richardson), with an estimate of what error is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.records import Elementwise, Reduction

_STEP, _HALVINGS = 0.05, 7
_DIGITS = 50


def mpmath_function(op: Elementwise | Reduction, oracle: Any = None) -> Callable[..., Any] | None:
    """The oracle as a function of numbers of mpmath (a reduction's: of a list of them); None where there is none.

    ``oracle`` counts, or else the record's own, or else the function of mpmath that has the record's name.
    """
    try:
        import mpmath
    except ImportError:
        return None
    found = oracle or op.oracle or op.name
    return found if callable(found) else getattr(mpmath, found, None)


def exactly(value: Any) -> Any:
    """A NumPy number as a number of mpmath, every digit kept; a truth value stays one."""
    import mpmath

    return bool(value) if isinstance(value, (bool, np.bool_)) else mpmath.mpf(float(value))


def oracle_values(op: Elementwise, oracle: Any, operands: Sequence[Any]) -> Any:
    """The oracle's values at every point; None where there is no oracle."""
    f = mpmath_function(op, oracle)
    if f is None:
        return None
    import mpmath

    with mpmath.workdps(_DIGITS):
        return np.array([float(f(*map(exactly, point))) for point in zip(*operands, strict=True)])


def slopes(op: Elementwise, oracle: Any, operands: Sequence[Any], by: tuple[int, ...]) -> tuple[Any, Any]:
    """The derivative by these operands, one after the other, at every point; and what error it may have there."""
    points = len(operands[0])
    if op.name == "stop_gradient" or op.result in ("bool", "int"):
        # A jump has no slope, and what is held constant has none on purpose.
        return np.zeros(points), np.zeros(points)
    f = mpmath_function(op, oracle)
    if f is None:
        return (
            by_differences(_stepped(op, by[0]), operands, by[1:])
            if op.analytic
            else by_differences(op.ref, operands, by)
        )
    return exact_slopes(f, op.conditions, operands, by), np.zeros(points)


def exact_slopes(f: Callable[..., Any], conditions: int, operands: Sequence[Any], by: tuple[int, ...]) -> Any:
    """Slopes to 50 digits, by mpmath; the first operands are truth values."""
    import mpmath

    order = tuple(by.count(i) for i in range(conditions, len(operands)))
    found = []
    with mpmath.workdps(_DIGITS):
        for point in zip(*operands, strict=True):
            fixed, free = point[:conditions], tuple(map(exactly, point[conditions:]))
            found.append(float(mpmath.diff(lambda *v, fixed=fixed: f(*map(bool, fixed), *v), free, order)))
    return np.array(found)


def _stepped(op: Elementwise, i: int) -> Callable[..., Any]:
    """The slope in operand i by a step along the imaginary axis: no difference is formed, so no digit is lost."""

    def slope(*operands: Any) -> Any:
        stepped = [np.asarray(v, complex) for v in operands]
        stepped[i] = stepped[i] + 1e-30j
        return np.imag(op.ref(*stepped)) / 1e-30

    return slope


def by_differences(f: Callable[..., Any], operands: Sequence[Any], by: tuple[int, ...]) -> tuple[Any, Any]:
    """The derivative of a function by these operands, one after the other, by differences; and its error, estimated."""
    arrays = [np.asarray(v, np.longdouble) if np.asarray(v).dtype.kind == "f" else np.asarray(v) for v in operands]
    with np.errstate(all="ignore"):
        if not by:
            value = np.asarray(f(*arrays), float)
            return value, 1e-14 + 1e-12 * np.abs(value)
        i, rest = by[-1], by[:-1]
        if not rest:
            return difference(lambda x: f(*arrays[:i], x, *arrays[i + 1 :]), arrays[i], np.ones_like(arrays[i]))
        table, errors = [], []

        def inner(x: Any) -> Any:
            value, error = by_differences(f, [*arrays[:i], x, *arrays[i + 1 :]], rest)
            errors.append(error)
            table.append(value)
            return np.asarray(value, np.longdouble)

        value, error = difference(inner, arrays[i], np.ones_like(arrays[i]))
        # The finest step divides the greatest error of the inner derivative.
        return value, error + 1e-9 * (1 + np.abs(value)) + np.max(errors, axis=0)


def difference(f: Callable[[Any], Any], x: Any, t: Any) -> tuple[Any, Any]:
    """The derivative of f along t by Richardson's extrapolation, and an estimate of its error, entry by entry.

    A central difference has an error of order h²; of two steps the leading term is cancelled, of three the next.
    """
    size = np.max(np.abs(np.asarray(f(x), float)), initial=0)
    best, error = np.asarray(np.nan), np.asarray(np.inf)
    above: list[Any] = []
    for row in range(_HALVINGS):
        h = _STEP / 2**row
        current = [(f(x + h * t) - f(x - h * t)) / (2 * h)]
        for k in range(1, row + 1):
            current.append(current[k - 1] + (current[k - 1] - above[k - 1]) / (4**k - 1))
        if row > 1:
            moved = np.abs(current[-1] - above[-1])
            better = moved < error
            best, error = np.where(better, current[-1], best), np.where(better, moved, error)
        above = current
    rounding = 1e-14 * size / _STEP
    return np.asarray(best, float), 10 * np.asarray(error, float) + 10 * rounding
