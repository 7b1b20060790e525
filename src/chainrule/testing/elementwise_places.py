"""What is checked of a scalar operation at points of their own: kinks, special values, ties, the ends of its domain."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.records import Elementwise
from .compare import close, require
from .drawing import draw, ends
from .reference import exactly, mpmath_function
from .traced import Traced

_STEP = 1e-7


def kinks(op: Elementwise, oracle: Any = None) -> None:
    """At a kink the slope is the smallest of those between its left and its right."""
    conditions = [v[:1] for v in draw(op)[: op.conditions]]
    others = [v[:1] for v in draw(op)[op.conditions + 1 :]]
    for kink in op.kinks:
        left, right = (Traced(op, [*conditions, np.array([kink + h]), *others]) for h in (-_STEP, _STEP))
        for point in (kink, -kink) if kink == 0 else (kink,):
            for dtype in (np.float64, np.float32):
                there = [*conditions, np.array([point], dtype), *(v.astype(dtype) for v in others)]
                _kink(f"at the kink {point:g} in {np.dtype(dtype)}", Traced(op, there), left, right)


def _kink(where: str, at: Traced, left: Traced, right: Traced) -> None:
    """One kink: both modes, both orders; the second slope is one of its neighbours', or 0, or between."""
    sides = left.pull()[0][0], right.pull()[0][0]
    unit = [np.ones(1), *[None] * (len(at.floats) - 1)]
    smallest = [np.clip(0.0, min(sides), max(sides))]
    close(at.pull()[0], smallest, f"the slope by reverse mode {where}", atol=1e-6)
    close(at.push(unit), smallest, f"the slope by forward mode {where}", atol=1e-6)
    second, *neighbours = (Traced(t.gradient(0), list(t.values.values())) for t in (at, left, right))
    found = second.pull()[0][0]
    low, high = (pick(0.0, *(t.pull()[0][0] for t in neighbours)) for pick in (min, max))
    require(low - 1e-5 <= found <= high + 1e-5, f"the second slope {where} is {found:g}, which is none of its sides'")
    close(second.push(unit), [found], f"the second slope by forward mode {where}", rtol=1e-12)


def special_values(op: Elementwise, oracle: Any = None) -> None:
    """The special values of the record, and the slopes there, in both modes and both precisions."""
    for operands, wanted, told in op.special:
        require(len(operands) == op.arity, f"{operands} are not the operands of {op.name}, which takes {op.arity}")
        require(len(told) == op.arity, f"at {operands} a slope for each operand is needed (None: it is a constant)")
        for dtype in (np.float64, np.float32):
            _special(op, operands, wanted, told, dtype)


def _special(op: Elementwise, operands: Any, wanted: float, told: Any, dtype: Any) -> None:
    """One of them. An operand without a slope is a constant; where none has one, all are arguments."""
    free = [i for i, slope in enumerate(told) if slope is not None]
    given = free or range(op.arity)
    values = [np.bool_(v) if i < op.conditions else dtype(v) for i, v in enumerate(operands)]

    def f(*inputs: Any) -> Any:
        variable = dict(zip(given, inputs, strict=True))
        return op(*(variable.get(i, v.item()) for i, v in enumerate(values)))

    traced = Traced(f, [values[i] for i in given])
    at = f"at {', '.join(f'{v:g}' for v in operands)} in {np.dtype(dtype)}"
    tolerance = 1e-14 if dtype is np.float64 else 2e-6
    close(traced.value().astype(float), float(wanted), f"the value {at}", rtol=tolerance)
    pulled = traced.pull() if free else []
    for n, (i, found) in enumerate(zip(free, pulled, strict=True)):
        unit = [dtype(1) if m == n else None for m in range(len(free))]
        for mode, slope in (("reverse", found), ("forward", traced.push(unit))):
            what = f"the slope in operand {i} by {mode} mode {at}"
            close(slope, dtype(told[i]), what, rtol=tolerance, atol=tolerance * (told[i] == 0))


def far_points(op: Elementwise, oracle: Any = None) -> None:
    """At zeros, infinities and very large numbers both modes agree, and the printed NumPy gives the same."""
    operands = ends(op)
    if op.result == "int":
        operands = [np.where(np.isfinite(v), v, 0) for v in operands]
    traced = Traced(op, operands)
    close(traced.printed([traced.output])[0], traced.value(), "the printed value", rtol=1e-14, at=operands)
    _agree(traced, operands)


def ties(op: Elementwise, oracle: Any = None) -> None:
    """Where the operands are equal the value is the oracle's, and both modes agree."""
    domains = [op.domain_of(i) for i in range(op.conditions, op.arity)]
    numbers = [v for v in (-2.0, -1.0, 0.0, 1.0, 2.5) if all(v in domain for domain in domains)]
    conditions = [np.arange(len(numbers)) % 2 == i % 2 for i in range(op.conditions)]
    operands = [*conditions, *[np.array(numbers)] * (op.arity - op.conditions)]
    traced = Traced(op, operands)
    wanted = _where_told(op, oracle, operands)
    close(np.where(np.isnan(wanted), np.nan, traced.value()), wanted, "the value", rtol=1e-14, at=operands)
    _agree(traced, operands)


def _agree(traced: Traced, operands: list[Any]) -> None:
    """Both modes give the same slopes, infinite ones and NaN too."""
    for n, found in enumerate(traced.pull()):
        unit = [np.ones(len(found)) if m == n else None for m in range(len(traced.floats))]
        close(traced.push(unit), found, "the slope by forward mode", rtol=1e-14, at=operands)


def _where_told(op: Elementwise, oracle: Any, operands: list[Any]) -> Any:
    """The oracle's values; NaN where it has none (0/0 is an error to it)."""
    f = mpmath_function(op, oracle)
    found = []
    for point in zip(*operands, strict=True):
        try:
            found.append(np.nan if f is None else float(f(*map(exactly, point))))
        except (ValueError, ZeroDivisionError, TypeError):
            found.append(np.nan)
    return np.array(found)
