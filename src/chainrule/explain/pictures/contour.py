"""Lines of equal value on a grid (marching squares), marks at round numbers, and curves cut to a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from ...ir.picture import Spot

Edge: TypeAlias = tuple[int, int, int]
"""An edge of the grid: the column and row of its first corner, and 0 for one along x, 1 for one along y."""


def ticks(low: float, high: float, about: int = 6) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten in a range, not many more than asked for.

    >>> ticks(-1.2, 3.1)
    (-1.0, 0.0, 1.0, 2.0, 3.0)
    """
    if not high > low:
        return (low,)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Divided by a whole number, multiples of 0.1 are as exact as they are written.
    return tuple(float(f"{n * step:.12g}") for n in range(first, last + 1))


def contour(x: np.ndarray, y: np.ndarray, z: np.ndarray, level: float) -> list[tuple[Spot, ...]]:
    """The lines along which z has a value; z[i, j] belongs to x[i], y[j].

    Cells with a corner that is not finite are left out.
    """
    above = z > level
    next_to: dict[Edge, list[Edge]] = {}
    corners = np.stack((z[:-1, :-1], z[1:, :-1], z[1:, 1:], z[:-1, 1:]))
    higher = (corners > level).sum(axis=0)
    for i, j in np.argwhere((higher % 4 != 0) & np.isfinite(corners).all(axis=0)).tolist():
        middle = bool(z[i : i + 2, j : j + 2].mean() > level)
        for a, b in _cell(i, j, above[i : i + 2, j : j + 2], middle):
            next_to.setdefault(a, []).append(b)
            next_to.setdefault(b, []).append(a)
    return [tuple(_crossing(edge, x, y, z, level) for edge in line) for line in _lines(next_to)]


def _cell(i: int, j: int, above: np.ndarray, middle: bool) -> list[tuple[Edge, Edge]]:
    """The pieces of the line in one cell, from edge to edge."""
    left, right, bottom, top = (i, j, 1), (i + 1, j, 1), (i, j, 0), (i, j + 1, 0)
    a, b, c, d = bool(above[0, 0]), bool(above[1, 0]), bool(above[1, 1]), bool(above[0, 1])
    crossed = [
        edge for edge, differs in ((bottom, a != b), (right, b != c), (top, c != d), (left, d != a)) if differs
    ]  # fmt: skip
    if len(crossed) == 4:
        # A saddle: its middle says which corners belong together.
        return [(left, bottom), (right, top)] if a != middle else [(left, top), (right, bottom)]
    return [(crossed[0], crossed[1])] if crossed else []


def _crossing(edge: Edge, x: np.ndarray, y: np.ndarray, z: np.ndarray, level: float) -> Spot:
    """Where the line crosses an edge, by interpolation."""
    i, j, along_y = edge
    start, end = z[i, j], z[i + 1 - along_y, j + along_y]
    t = float((level - start) / (end - start))
    if along_y:
        return float(x[i]), float(y[j] + t * (y[j + 1] - y[j]))
    return float(x[i] + t * (x[i + 1] - x[i])), float(y[j])


def _lines(next_to: dict[Edge, list[Edge]]) -> list[list[Edge]]:
    """Pieces put together, open lines from an end, closed ones from anywhere."""
    ends = [edge for edge, others in next_to.items() if len(others) == 1]
    left = dict.fromkeys([*ends, *next_to])
    lines = []
    while left:
        edge = next(iter(left))
        line = [edge]
        del left[edge]
        while (following := next((e for e in next_to[line[-1]] if e in left), None)) is not None:
            line.append(following)
            del left[following]
        if len(line) > 2 and line[0] in next_to[line[-1]]:
            line.append(line[0])
        if len(line) > 1:
            lines.append(line)
    return lines


def framed(points: Sequence[Spot], x: tuple[float, float], y: tuple[float, float]) -> list[tuple[Spot, ...]]:
    """A curve cut to a frame: its pieces inside. Points that are not finite are gaps."""
    pieces: list[list[Spot]] = [[]]
    for start, end in pairwise(points):
        part = _inside(start, end, x, y)
        if part is None:
            pieces.append([])
            continue
        if not pieces[-1] or pieces[-1][-1] != part[0]:
            pieces.append([part[0]])
        pieces[-1].append(part[1])
    return [tuple(piece) for piece in pieces if len(piece) > 1]


def _inside(start: Spot, end: Spot, x: tuple[float, float], y: tuple[float, float]) -> tuple[Spot, Spot] | None:
    """The part of a line inside a frame (Liang and Barsky)."""
    if not all(map(math.isfinite, (*start, *end))):
        return None
    first, last = 0.0, 1.0
    way = (end[0] - start[0], end[1] - start[1])
    for k, (low, high) in enumerate((x, y)):
        for step, room in ((-way[k], start[k] - low), (way[k], high - start[k])):
            if step == 0 and room < 0:
                return None
            if step < 0:
                first = max(first, room / step)
            elif step > 0:
                last = min(last, room / step)
    if first > last:
        return None
    begin = start if first == 0.0 else (start[0] + first * way[0], start[1] + first * way[1])
    finish = end if last == 1.0 else (start[0] + last * way[0], start[1] + last * way[1])
    return begin, finish
