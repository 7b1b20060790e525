"""Where the vertices of a layered diagram come to stand across its flow, so that its edges run straight.

In every column the order is given. Each vertex wants to stand in the middle of what it is joined to; those of a column
that want to stand in the same place are moved apart by as little as possible (the pool-adjacent-violators algorithm for
least squares under an order). Columns are gone through forwards and backwards a few times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

_SWEEPS = 40


def spread(
    columns: Sequence[Sequence[int]],
    before: Mapping[int, float],
    after: Mapping[int, float],
    joined: Sequence[tuple[int, int]],
    gap: float,
    light: frozenset[int] = frozenset(),
) -> dict[int, float]:
    """A coordinate for each vertex: at least ``gap`` lies between neighbours of a column.

    A vertex covers ``before`` and ``after`` its coordinate; ``joined`` are pairs in neighbouring columns; ``light``
    vertices (places where edges pass) need half the gap only, and pull strongly, so that long edges run straight.
    """
    near: dict[int, tuple[list[int], list[int]]] = {v: ([], []) for column in columns for v in column}
    for a, b in joined:
        near[a][1].append(b)
        near[b][0].append(a)
    apart = [_apart(column, before, after, gap, light) for column in columns]
    place: dict[int, float] = {}
    for column, distances in zip(columns, apart, strict=True):
        total, offsets = 0.0, [0.0]
        for distance in distances:
            total += distance
            offsets.append(total)
        place.update({v: offset - total / 2 for v, offset in zip(column, offsets, strict=False)})
    for sweep in range(_SWEEPS):
        order = list(range(len(columns)))
        sides: tuple[int, ...] = (0,) if sweep % 2 == 0 else (1,)
        if sweep >= _SWEEPS - 2:
            sides = (0, 1)
        for k in order if sweep % 2 == 0 else reversed(order):
            wanted = [_middle(v, near[v], sides, place, light) for v in columns[k]]
            weights = [16.0 if v in light else 1.0 + len(near[v][0]) + len(near[v][1]) for v in columns[k]]
            place.update(zip(columns[k], fitted(wanted, weights, apart[k]), strict=True))
    return place


def _apart(
    column: Sequence[int], before: Mapping[int, float], after: Mapping[int, float], gap: float, light: frozenset[int]
) -> list[float]:
    """How far each vertex of a column stands from the one before, at least."""
    return [after[u] + (gap if u not in light and v not in light else gap / 2) + before[v] for u, v in pairwise(column)]


def _middle(
    v: int, near: tuple[list[int], list[int]], sides: tuple[int, ...], place: Mapping[int, float], light: frozenset[int]
) -> float:
    """The mean of where a vertex' neighbours stand."""
    others = [other for side in sides for other in near[side]]
    if not others:
        return place[v]
    weights = [8.0 if v in light and other in light else 1.0 for other in others]
    return sum(w * place[o] for w, o in zip(weights, others, strict=True)) / sum(weights)


def fitted(wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]) -> list[float]:
    """The coordinates nearest to those wanted (least squares) that keep the order and the distances.

    >>> fitted([0.0, 0.0], [1.0, 1.0], [10.0])
    [-5.0, 5.0]
    """
    shifts = [0.0]
    for distance in apart:
        shifts.append(shifts[-1] + distance)
    pools: list[tuple[float, float, int]] = []
    for want, weight, shift in zip(wanted, weights, shifts, strict=False):
        mean, total, count = want - shift, weight, 1
        while pools and pools[-1][0] > mean:
            other, heavier, more = pools.pop()
            mean = (mean * total + other * heavier) / (total + heavier)
            total, count = total + heavier, count + more
        pools.append((mean, total, count))
    levels = [mean for mean, _, count in pools for _ in range(count)]
    return [level + shift for level, shift in zip(levels, shifts, strict=False)]
