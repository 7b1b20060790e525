"""What a check of an entry of docs/notes.md is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """What our formula gives, what chainrule or plain arithmetic gives, and what the note's formula gives.

    ``note`` is None where the note has no formula; an exception where its formula cannot be worked out.
    """

    ours: Any
    truth: Any
    note: Any = None


class Checks(dict[int, Callable[[], Case]]):
    """The checks of a note, each under the number of its entry."""

    def of(self, number: int) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
        """Put a function under a number; none is taken twice."""

        def put(check: Callable[[], Case]) -> Callable[[], Case]:
            assert number not in self, f"entry {number} has two checks"
            self[number] = check
            return check

        return put


def right(formula: Any, truth: Any) -> Case:
    """Theirs is ours."""
    return Case(ours=formula, truth=truth, note=formula)


def attempt(formula: Callable[[], Any]) -> Any:
    """What a formula gives, or the error where shapes do not fit."""
    try:
        return formula()
    except (ValueError, IndexError) as error:
        return error


def deviation(found: Any, truth: Any) -> float:
    """The largest difference, relative to the largest entry; infinite where the shapes differ."""
    if isinstance(found, Exception):
        return np.inf
    found, truth = np.asarray(found, dtype=float), np.asarray(truth, dtype=float)
    if found.shape != truth.shape:
        return np.inf
    scale = max(float(np.max(np.abs(truth), initial=0)), float(np.max(np.abs(found), initial=0)), 1e-300)
    return float(np.max(np.abs(found - truth), initial=0)) / scale


STEP = 1e-30


def slope(f: Callable[[Any], Any], x: Any) -> np.ndarray:
    """∂f/∂x by the complex step, which knows nothing of rules and has no rounding: the axes of f(x), then those of x.

    Im f(x + ih) / h, exact up to h² for an analytic f (Squire and Trapp, SIAM Review 40, 1998).
    """
    x = np.asarray(x, dtype=complex)
    moved = []
    for place in np.ndindex(x.shape):
        at = x.copy()
        at[place] += 1j * STEP
        moved.append(np.imag(f(at)) / STEP)
    return np.moveaxis(np.array(moved).reshape((*x.shape, *np.shape(moved[0]))), range(x.ndim), range(-x.ndim, 0))


def relu(z: Any) -> Any:
    """max(0, z), of complex numbers too."""
    return z * (np.real(z) > 0)
