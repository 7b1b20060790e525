"""Two mistakes side by side: two parts of one gradient that each come another number of times than they should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from .backward import Array, At, Backward
from .mutations import Edit, edits
from .ranking import named
from .search import Found, Sample, effect, same

_MOST = 80
"""So many edits are paired at most."""
_ALIKE = 1 - 1e-9


def two_terms(passes: Backward, samples: Sequence[Sample], name: str) -> tuple[Found, Backward] | None:
    """The likeliest two edits with a number each that together give the candidate's gradient of one argument.

    What each edit changes is a vector; the two numbers are those whose combination is the difference to explain.
    """
    first = samples[0]
    if np.shape(first.given[name]) != np.shape(first.right[name]):
        return None
    at = At(passes, first.point)
    free, vectors = _free(passes, at, name)
    if len(free) < 2:
        return None
    wanted = (first.given[name] - first.right[name]).ravel()
    matrix = np.stack(vectors)
    gram, sides = matrix @ matrix.T, matrix @ wanted
    points = [at, *(At(passes, sample.point) for sample in samples[1:])]
    best: tuple[float, Found] | None = None
    for i, j in combinations(range(len(free)), 2):
        if gram[i, j] ** 2 > _ALIKE * gram[i, i] * gram[j, j]:
            continue
        numbers = np.linalg.solve(gram[np.ix_([i, j], [i, j])], sides[[i, j]])
        if not same(numbers @ matrix[[i, j]], wanted, 10 * first.noise[name]):
            continue
        one, other = (
            Found(free[k], frozenset([name]), frozenset(), float(c)) for k, c in zip((i, j), numbers, strict=True)
        )
        size = named(one, passes).size + named(other, passes).size
        if (best is None or size < best[0]) and _holds((one, other), points, samples, name):
            best = (size, replace(other, before=(one,)))
    return None if best is None else (best[1], passes)


def _free(passes: Backward, at: At, name: str) -> tuple[list[Edit], list[Array]]:
    """The edits with a number to be found, and what each changes; one of those that change the same."""
    found: list[Edit] = []
    vectors: list[Array] = []
    for edit in edits(passes):
        if edit.free != "times" or len(found) == _MOST:
            continue
        changes = effect(at, edit)
        change = None if changes is None else changes.get(name)
        if not isinstance(change, np.ndarray) or not np.any(change):
            continue
        vector = change.ravel()
        if any((vector @ v) ** 2 > _ALIKE * (vector @ vector) * (v @ v) for v in vectors):
            continue
        found.append(edit)
        vectors.append(vector)
    return found, vectors


def _holds(pair: tuple[Found, Found], points: Sequence[At], samples: Sequence[Sample], name: str) -> bool:
    """Whether two edits explain the argument at every point."""
    for at, sample in zip(points, samples, strict=True):
        made = sample.right[name]
        for found in pair:
            changes = effect(at, found.edit)
            if changes is None or not isinstance(changes.get(name), np.ndarray):
                return False
            made = made + (found.times or 0.0) * changes[name]
        if not same(made, sample.given[name], 10 * sample.noise[name]):
            return False
    return True
