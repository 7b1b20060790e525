"""Vertices in columns so that all edges run forward and few of them cross (after Sugiyama, Tagawa and Toda, 1981).

A vertex stands one column behind the last that leads to it. Where an edge passes a column it gets a bend there, a
vertex of its own. In each column the order follows the mean place of the neighbours (the barycentre), to and fro, and
the arrangement with the fewest crossings is kept. The result depends on nothing but the order in which all is given.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 24


@dataclass(frozen=True)
class Layered:
    """Columns of vertices; those from ``count`` on are bends. ``through`` has the bends of each edge, in its order."""

    columns: tuple[tuple[int, ...], ...]
    through: tuple[tuple[int, ...], ...]
    count: int


def layered(count: int, edges: Sequence[tuple[int, int]]) -> Layered:
    """Columns for vertices 0 … count − 1, of which every edge (from, to) has from < to."""
    rank = _ranks(count, edges)
    columns: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for v in range(count):
        columns[rank[v]].append(v)
    through: list[tuple[int, ...]] = []
    steps: list[tuple[int, int]] = []
    fresh = count
    for a, b in edges:
        bends = list(range(fresh, fresh + rank[b] - rank[a] - 1))
        fresh += len(bends)
        for n, bend in enumerate(bends):
            columns[rank[a] + 1 + n].append(bend)
        steps += pairwise([a, *bends, b])
        through.append(tuple(bends))
    return Layered(_ordered(columns, steps), tuple(through), count)


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The column of each vertex: as early as it can be; then as late, where that makes its edges shorter."""
    sources: list[list[int]] = [[] for _ in range(count)]
    targets: list[list[int]] = [[] for _ in range(count)]
    for a, b in dict.fromkeys(edges):
        sources[b].append(a)
        targets[a].append(b)
    rank = [0] * count
    for v in range(count):
        rank[v] = max((rank[a] + 1 for a in sources[v]), default=0)
    for v in reversed(range(count)):
        # What is used here alone comes along, so that its edge does not get longer.
        bound = sum(bool(sources[a]) or len(targets[a]) > 1 for a in sources[v])
        if targets[v] and (bound < len(targets[v]) or (bound == len(targets[v]) and bound < len(sources[v]))):
            rank[v] = min(rank[b] for b in targets[v]) - 1
    return rank


def _ordered(columns: list[list[int]], steps: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The columns in the order with the fewest crossings that was met."""
    near: dict[int, tuple[list[int], list[int]]] = {v: ([], []) for column in columns for v in column}
    for a, b in steps:
        near[a][1].append(b)
        near[b][0].append(a)
    best, fewest = [list(column) for column in columns], _crossings(columns, near)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        side = sweep % 2
        for k in range(1, len(columns)) if side == 0 else reversed(range(len(columns) - 1)):
            place = {v: n for n, v in enumerate(columns[k - 1 if side == 0 else k + 1])}
            own = {v: n for n, v in enumerate(columns[k])}
            columns[k].sort(key=lambda v: (_barycentre(near[v][side], place, own[v]), own[v]))
        crossings = _crossings(columns, near)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return tuple(map(tuple, best))


def _barycentre(others: Sequence[int], place: dict[int, int], own: int) -> float:
    return sum(place[o] for o in others) / len(others) if others else float(own)


def _crossings(columns: Sequence[Sequence[int]], near: dict[int, tuple[list[int], list[int]]]) -> int:
    """How many pairs of edges cross: between neighbouring columns, ends that stand in the opposite order."""
    total = 0
    for left, right in pairwise(columns):
        place = {v: n for n, v in enumerate(right)}
        ends: list[int] = []
        for v in left:
            own = sorted(place[b] for b in near[v][1])
            total += sum(len(ends) - bisect_right(ends, end) for end in own)
            for end in own:
                insort(ends, end)
    return total
