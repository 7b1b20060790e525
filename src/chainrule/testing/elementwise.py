"""What is checked of a scalar operation: its value and its slopes, in both modes, at both orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.records import Elementwise
from .checks import Check
from .compare import close
from .drawing import POINTS, draw, ends, generator, variables
from .reference import by_differences, exactly, mpmath_function, oracle_values, slopes
from .traced import Traced, random_like


def value(op: Elementwise, oracle: Any = None) -> None:
    """The value is the oracle's."""
    operands = draw(op)
    wanted = oracle_values(op, oracle, operands)
    found = Traced(op, operands).value()
    kind = {"bool": "b", "int": "i", "float": "f", "same": "f"}[op.result]
    assert found.dtype.kind == kind, f"numbers of kind {op.result} come out as {found.dtype}"
    close(found, wanted, "the value", rtol=1e-14, at=operands)


def first_slopes(op: Elementwise, oracle: Any = None) -> None:
    """The slope in each operand is the oracle's, in both modes."""
    operands = draw(op)
    traced = Traced(op, operands)
    if not traced.floats:
        return
    g = random_like(generator(op.name), operands[-1])
    pulled = traced.pull(g)
    for n, i in enumerate(variables(op)):
        slope, error = slopes(op, oracle, operands, (i,))
        tangents = [g if m == n else np.zeros(POINTS) for m in range(len(traced.floats))]
        for mode, found in (("reverse", pulled[n]), ("forward", traced.push(tangents))):
            what = f"the slope in operand {i} by {mode} mode, times {{g}}," if i else f"the slope by {mode} mode"
            close(
                found / g, slope, what.replace(", times {g},", ""), rtol=1e-12, atol=1e-14 + error + 1e-14 / abs(g),
                at=operands,
            )  # fmt: skip


def second_slopes(op: Elementwise, oracle: Any = None) -> None:
    """The second slopes are the oracle's, by reverse over reverse and by forward over reverse."""
    operands = draw(op)
    traced = Traced(op, operands)
    if not traced.floats:
        return
    g = random_like(generator(op.name), operands[-1])
    for n, i in enumerate(variables(op)):
        again = Traced(traced.gradient(n), operands)
        second = [slopes(op, oracle, operands, (i, j)) for j in variables(op)]
        for j, (found, (slope, error)) in enumerate(zip(again.pull(g), second, strict=True)):
            what = f"the second slope in operands {i} and {j + op.conditions}"
            close(found / g, slope, what, rtol=1e-11, atol=1e-13 + error + 1e-13 / abs(g), at=operands)
        tangents = [random_like(np.random.default_rng(j), g) for j in range(len(second))]
        terms = [t * slope for t, (slope, _) in zip(tangents, second, strict=True)]
        left = [abs(t * error) for t, (_, error) in zip(tangents, second, strict=True)]
        what = f"the slope of the slope in operand {i}, along a random direction,"
        scale = np.sum(np.abs(terms), axis=0) * 1e-11 + np.sum(left, axis=0) + 1e-13
        close(again.push(tangents), np.sum(terms, axis=0), what, atol=scale, at=operands)


def complex_step(op: Elementwise, oracle: Any = None) -> None:
    """The slope is that of what runs, by a step along the imaginary axis."""
    operands = draw(op)
    for i, slope in enumerate(Traced(op, operands).pull()):
        stepped = [v + 1e-30j if m == i else v.astype(complex) for m, v in enumerate(operands)]
        with np.errstate(all="ignore"):
            wanted = np.imag(op.ref(*stepped)) / 1e-30
        close(slope, wanted, f"the slope in operand {i}", rtol=1e-12, atol=1e-14, at=operands)


def forward_is_reverse(op: Elementwise, oracle: Any = None) -> None:
    """Forward and reverse mode are each other's transpose, under random cotangents."""
    operands = [np.asarray(v) for v in draw(op, (3, 4))]
    traced = Traced(op, operands)
    if not traced.floats:
        return
    rng = generator(op.name)
    g, tangents = random_like(rng, operands[-1]), [random_like(rng, v.value) if False else rng.normal(size=(3, 4))
                                                   for v in traced.floats]
    pulled, pushed = traced.pull(g), traced.push(tangents)
    products = [p * t for p, t in zip(pulled, tangents, strict=True)]
    scale = 1e-13 * np.sum(np.abs(products)) + 1e-15
    close(np.sum(g * pushed), np.sum(products), "the product of cotangent and tangent", atol=scale)


def jacobian_and_hessian(op: Elementwise, oracle: Any = None) -> None:
    """The symbolic Jacobian and Hessian hold the slopes on their diagonals, and zeros elsewhere."""
    operands = [np.asarray(v) for v in draw(op, (2, 3))]
    traced = Traced(op, operands)
    for n, (jacobian, slope) in enumerate(zip(traced.jacobians(), traced.pull(), strict=True)):
        close(jacobian.reshape(6, 6), np.diag(slope.ravel()), "the Jacobian", rtol=1e-13, atol=1e-15)
        again = Traced(traced.gradient(n), operands)
        for hessian, second in zip(again.jacobians(), again.pull(), strict=True):
            close(hessian.reshape(6, 6), np.diag(second.ravel()), "the Hessian", rtol=1e-12, atol=1e-14)


def kinks(op: Elementwise, oracle: Any = None) -> None:
    """At a kink the slope is the smallest that lies between those to its left and right."""
    others = [v[:1] for v in draw(op)[op.conditions + 1 :]]
    conditions = [v[:1] for v in draw(op)[: op.conditions]]
    step = 1e-7
    for kink in op.kinks:
        for dtype in (np.float64, np.float32):
            for point in {kink, -kink} if kink == 0 else {kink}:
                at, left, right = (
                    Traced(op, [*conditions, np.array([v]), *others])
                    for v in (dtype(point), kink - step, kink + step)
                )
                around = left.pull()[0][0], right.pull()[0][0]
                smallest = np.clip(0.0, min(around), max(around))
                for mode, found in (("reverse", at.pull()[0]), ("forward", at.push(_first(at)))):
                    close(found, [smallest], f"the slope at the kink {kink:g} by {mode} mode", atol=1e-6)
                _second_at_kink(kink, [Traced(t.gradient(0), list(t.values.values())) for t in (at, left, right)])


def _first(traced: Traced) -> list[Any]:
    """The unit tangent of the first variable, zeros for the others."""
    return [np.ones(1), *(np.zeros(1) for _ in traced.floats[1:])]


def _second_at_kink(kink: float, slopes_there: list[Traced]) -> None:
    """The second slope lies between its neighbours' too (0 may be returned where a slope jumps)."""
    at, left, right = (t.pull()[0][0] for t in slopes_there)
    low, high = min(left, right, 0.0), max(left, right, 0.0)
    assert low - 1e-5 <= at <= high + 1e-5, f"the second slope at the kink {kink:g} is {at:g}: none of {low:g} … {high:g}"
    pushed = slopes_there[0].push(_first(slopes_there[0]))
    close(pushed, [at], f"the second slope at the kink {kink:g} by forward mode", rtol=1e-12)


def special_values(op: Elementwise, oracle: Any = None) -> None:
    """The special values of the record, with their slopes, in both modes and both precisions."""
    for operands, wanted, told in op.special:
        assert len(operands) == len(told) == op.arity, f"{operands}: not an operand and a slope for each of {op.arity}"
        for dtype in (np.float64, np.float32):
            _special(op, operands, wanted, told, dtype)


def _special(op: Elementwise, operands: Any, wanted: float, told: Any, dtype: Any) -> None:
    """One of them; an operand without a slope (None) is a constant."""
    free = [i for i, slope in enumerate(told) if slope is not None]
    tolerance = 1e-14 if dtype is np.float64 else 1e-6

    def f(*inputs: Any) -> Any:
        given = dict(zip(free, inputs, strict=True))
        fixed = [bool(v) if i < op.conditions else v for i, v in enumerate(operands)]
        return op(*(given.get(i, v) for i, v in enumerate(fixed)))

    constant = not free
    traced = Traced(op, [_special_operand(op, i, v, dtype) for i, v in enumerate(operands)]) if constant else Traced(
        f, [dtype(operands[i]) for i in free]
    )
    at = f"at {', '.join(f'{v:g}' for v in operands)} in {np.dtype(dtype)}"
    close(np.asarray(traced.value(), float), float(wanted), f"the value {at}", rtol=tolerance)
    if constant or traced.output.kind != "float":
        return
    for n, (i, found) in enumerate(zip(free, traced.pull(), strict=True)):
        close(found, dtype(told[i]), f"the slope in operand {i} by reverse mode {at}", rtol=tolerance)
        alone = [dtype(1) if m == n else None for m in range(len(free))]
        close(traced.push(alone), dtype(told[i]), f"the slope in operand {i} by forward mode {at}", rtol=tolerance)


def _special_operand(op: Elementwise, i: int, v: float, dtype: Any) -> Any:
    """An operand as the operation takes it: a truth value, or a number."""
    return np.bool_(v) if i < op.conditions else dtype(v)


def far_points(op: Elementwise, oracle: Any = None) -> None:
    """At zeros, infinities and very large numbers both modes agree, and the printed NumPy gives the same."""
    operands = ends(op)
    if op.result == "int":
        operands = [np.where(np.isfinite(v), v, 0) for v in operands]
    traced = Traced(op, operands)
    close(traced.printed([traced.output])[0], traced.value(), "the printed value", rtol=1e-14, at=operands)
    for n, found in enumerate(traced.pull()):
        alone = [np.ones(len(operands[0])) if m == n else None for m in range(len(traced.floats))]
        close(traced.push(alone), found, "the slope by forward mode", rtol=1e-14, at=operands)


def ties(op: Elementwise, oracle: Any = None) -> None:
    """Where the operands are equal the value is the oracle's, and both modes agree."""
    numbers = [np.array([-2.0, -1.0, 0.0, 1.0, 2.5])] * (op.arity - op.conditions)
    inside = [
        (op.domain_of(i + op.conditions).low <= v) & (v <= op.domain_of(i + op.conditions).high)
        & ~(op.domain_of(i + op.conditions).open & (v == op.domain_of(i + op.conditions).low))
        for i, v in enumerate(numbers)
    ]  # fmt: skip
    kept = numbers[0][np.all(inside, axis=0)]
    operands = [*([np.array([True, False, True, True, False])[: len(kept)]] * op.conditions)]
    operands += [kept] * (op.arity - op.conditions)
    traced = Traced(op, operands)
    wanted = _values_where_told(op, oracle, operands)
    close(np.where(np.isnan(wanted), np.nan, traced.value()), wanted, "the value", rtol=1e-14, at=operands)
    for n, found in enumerate(traced.pull()):
        alone = [np.ones(len(kept)) if m == n else None for m in range(len(traced.floats))]
        close(traced.push(alone), found, "the slope by forward mode", rtol=1e-14, at=operands)


def _values_where_told(op: Elementwise, oracle: Any, operands: list[Any]) -> Any:
    """The oracle's values; NaN where it has none (0/0 is an error to it)."""
    f = mpmath_function(op, oracle)
    if f is None:
        return np.full(len(operands[0]), np.nan)
    found = []
    for point in zip(*operands, strict=True):
        try:
            found.append(float(f(*map(exactly, point))))
        except (ValueError, ZeroDivisionError, TypeError):
            found.append(np.nan)
    return np.array(found)


def integers(op: Elementwise, oracle: Any = None) -> None:
    """Integers are numbers too."""
    operands = [np.array([True, False]) if i < op.conditions else np.array([2, 1 + (i > 0)]) for i in range(op.arity)]
    for i in range(op.conditions, op.arity):
        low, high = op.domain_of(i).low, op.domain_of(i).high
        if not all(low <= v <= high for v in operands[i]):
            operands[i] = np.array([0, 1]) if low <= 0 and high >= 1 else np.array([int(low) + 1] * 2)
    traced = Traced(op, operands)
    assert traced.output.kind == op.result_kind("int"), f"integers come out as {traced.output.kind}"
    wanted = oracle_values(op, oracle, operands)
    if wanted is None:
        wanted, _ = by_differences(lambda *v: op.ref(*v), [v.astype(float) for v in operands], ())
    close(np.asarray(traced.value(), float), wanted, "the value of integers", rtol=1e-12, at=operands)
