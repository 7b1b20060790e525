"""Mistakes that the numbers show by themselves: of shape, of name, of a few entries, of precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ir.dims import show_shape
from .backward import Array
from .diagnosis import Diagnosis
from .search import Sample, same

_ROUGH = 2e-3
"""Up to this relative error numbers that follow no rule are taken for imprecise ones."""


def by_itself(name: str, samples: Sequence[Sample]) -> Diagnosis | None:
    """What is seen before any edit is tried: not finite, of another shape, or another argument's gradient."""
    for sample in samples:
        given = np.asarray(sample.given[name])
        if not np.all(np.isfinite(given)):
            places = np.argwhere(~np.isfinite(given))
            at = f" at {[int(i) for i in places[0]]}" if given.ndim else ""
            return Diagnosis("unknown", name, f"your gradient is {given[tuple(places[0])]}{at}",
                             "Look for a division by zero, a logarithm of zero, or an overflow.")  # fmt: skip
    return _shape(name, samples) or _mislabelled(name, samples)


def _shape(name: str, samples: Sequence[Sample]) -> Diagnosis | None:
    first = samples[0]
    given, right = np.asarray(first.given[name]), first.right[name]
    if given.shape == right.shape:
        return None
    shapes = f"your gradient has shape {show_shape(given.shape)}, {name} has {show_shape(right.shape)}"

    def always(turned: object) -> bool:
        return all(same(turned(np.asarray(s.given[name])), s.right[name], s.noise[name]) for s in samples)  # type: ignore[operator]

    if given.ndim == 2 and given.T.shape == right.shape and always(lambda a: a.T):
        if 1 in given.shape:
            return Diagnosis(
                "shape", name, f"{shapes}: the numbers are right", f"Reshape it to {show_shape(right.shape)}."
            )
        return Diagnosis("transpose", name, f"{shapes}: it is the right one transposed", "Transpose it.")
    if given.size == right.size and always(lambda a: a.reshape(right.shape)):
        return Diagnosis("shape", name, f"{shapes}: the numbers are right", f"Reshape it to {show_shape(right.shape)}.")
    return None


def _mislabelled(name: str, samples: Sequence[Sample]) -> Diagnosis | None:
    for other in samples[0].right:
        if other != name and all(same(s.given[name], s.right[other], s.noise[other]) for s in samples):
            if not np.any(samples[0].right[other]):
                continue
            return Diagnosis("mislabelled", name, f"what you return as the gradient of {name} is that of {other}",
                             f"Look whether {name} and {other} are exchanged where they are returned.")  # fmt: skip
    return None


def otherwise(name: str, samples: Sequence[Sample]) -> Diagnosis:
    """What is said where no edit explains the numbers: wrong in some entries, imprecise, or not known."""
    return _partial(name, samples) or _precision(name, samples) or _unknown(name, samples[0])


def _unknown(name: str, sample: Sample) -> Diagnosis:
    given, right = np.asarray(sample.given[name]), sample.right[name]
    said = "no single or double edit of the right gradient gives your numbers"
    if given.shape != right.shape:
        said += f"; your gradient has shape {show_shape(given.shape)}, {name} has {show_shape(right.shape)}"
    elif right.size:
        place = np.unravel_index(int(np.argmax(np.abs(given - right))), right.shape)
        at = f" at {[int(i) for i in place]}" if place else ""
        said += f"; it is furthest off{at}: {given[place]:.8g}, and right is {right[place]:.8g}"
    return Diagnosis("unknown", name, said, confidence=0.0)


def _partial(name: str, samples: Sequence[Sample]) -> Diagnosis | None:
    """Right but for some rows, columns or entries: the same at every point."""
    bad: Array | None = None
    for sample in samples:
        given, right = np.asarray(sample.given[name]), sample.right[name]
        if given.shape != right.shape or given.ndim == 0:
            return None
        limit = sample.noise[name] + 1e-9 * float(np.max(np.abs(right), initial=0))
        here = ~(np.abs(given - right) <= limit)
        bad = here if bad is None else bad | here
    if bad is None or not bad.any() or bad.all():
        return None
    for axis in range(bad.ndim if bad.ndim > 1 else 0):
        others = tuple(a for a in range(bad.ndim) if a != axis)
        whole = bad.all(axis=others)
        if np.array_equal(whole, bad.any(axis=others)) and not whole.all():
            word = ("rows", "columns")[axis] if bad.ndim == 2 else f"entries along axis {axis},"
            places = ", ".join(map(str, np.flatnonzero(whole)[:8]))
            return _some(name, f"{word} {places}", samples, bad)
    places = ", ".join(str([int(i) for i in place]) for place in np.argwhere(bad)[:4])
    return _some(name, f"the entries {places}" + (" and more" if bad.sum() > 4 else ""), samples, bad)


def _some(name: str, where: str, samples: Sequence[Sample], bad: Array) -> Diagnosis:
    zero = all(not np.any(np.asarray(s.given[name])[bad]) for s in samples)
    return Diagnosis(
        "partial", name, f"your gradient is right but for {where}, which are {'zero' if zero else 'wrong'}",
        "Look at how far a loop or a slice goes, or at what is written there last.",
    )  # fmt: skip


def _precision(name: str, samples: Sequence[Sample]) -> Diagnosis | None:
    worst = 0.0
    for sample in samples:
        given, right = np.asarray(sample.given[name]), sample.right[name]
        if given.shape != right.shape:
            return None
        worst = max(worst, float(np.max(np.abs(given - right), initial=0)) / max(float(np.max(np.abs(right))), 1e-300))
    if worst > _ROUGH:
        return None
    return Diagnosis(
        "precision", name, f"your gradient is right, but only to {worst:.0e} of its largest entry",
        "Look for float32, for rounded constants, or for a difference quotient.",
    )  # fmt: skip
