"""Operands to check an operation at: drawn from its record's samples, and at the ends of its domain."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.records import Elementwise

POINTS = 10
Shape = tuple[int, ...]


def generator(name: str) -> np.random.Generator:
    """A generator of an operation's own: the same numbers in every run."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def of_integers(op: Elementwise) -> bool:
    """Whether it makes floats out of what is not float: there is nothing to differentiate."""
    return op.converts and op.result == "float"


def variables(op: Elementwise) -> range:
    """Which operands a derivative may be taken in."""
    return range(op.arity, op.arity) if of_integers(op) else range(op.conditions, op.arity)


def draw(op: Elementwise, shapes: int | Shape | list[Shape] = POINTS) -> list[Any]:
    """Operands from the record's samples; one shape for all, or one each. Conditions are truth values."""
    rng = generator(op.name)
    result = []
    for i in range(op.arity):
        shape = shapes[i % len(shapes)] if isinstance(shapes, list) else shapes
        low, high = op.samples[min(i, len(op.samples) - 1)]
        numbers: Any = np.asarray(rng.uniform(low, high, shape))
        if i < op.conditions:
            numbers = np.asarray(rng.random(shape) < 0.5)
        elif of_integers(op):
            numbers = numbers.astype(np.int64)
        result.append(numbers)
    return result


def ends(op: Elementwise) -> list[Any]:
    """Every combination of zeros, ones, huge and tiny numbers, infinities and kinks that lies in the domain."""
    numbers = [0.0, -0.0, 1.0, -1.0, 1e-300, 800.0, -800.0, np.inf, -np.inf, *op.kinks]
    axes: list[Sequence[Any]] = []
    for i in range(op.arity):
        inside = op.domain_of(i)
        within = [
            v
            for v in numbers
            if inside.low <= v <= inside.high
            and not (inside.open and (v == inside.low or v == inside.high) and np.isfinite(v))
        ]
        axes.append([False, True] if i < op.conditions else [0, 1, -7] if of_integers(op) else within)
    if op.arity > 3:
        axes = [axis[:4] for axis in axes]
    return [np.array(column) for column in zip(*itertools.product(*axes), strict=True)]


def broadcasting(arity: int) -> list[list[Shape]]:
    """Shapes of the operands: 0-d, empty, of size 1, and such as broadcast."""
    match arity:
        case 1:
            return [[()], [(0,)], [(1,)], [(2, 3)]]
        case 2:
            alike: list[list[Shape]] = [[(), ()], [(0, 3), (1, 3)], [(1,), (1,)]]
            return [*alike, [(3, 1), (1, 4)], [(2, 3), ()], [(3,), (2, 3)], [(1,), (5, 4)]]
    rest: list[Shape] = [()] * (arity - 3)
    alike = [[()], [(0,), (0,), (), *rest], [(1,), (), (1,), *rest]]
    return [*alike, [(3, 1), (), (1, 4), *rest], [(2, 3), (3,), (2, 1), *rest]]
