"""A gradient against differences of the function: entry by entry, or a sample of entries and random directions.

A central difference D(h) has an error of order h². Two steps cancel its leading term (Richardson): (4 D(h/2) − D(h))/3,
and what that changes estimates the error that is left. Of several steps the one with the smallest estimate counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ENTRIES = 60
"""So many entries of an array are checked one by one, drawn at random where there are more."""
DIRECTIONS = 4
STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The finer ones are for functions that change over small distances."""
KINK_STEP = 1e-4
_EPS = float(np.finfo(np.float64).eps)

Arrays = Mapping[str, np.ndarray]
Loss = Callable[[dict[str, np.ndarray]], float]


@dataclass(frozen=True)
class Slope:
    """A numeric derivative along a line, an estimate of its error, and the slopes to either side."""

    value: float
    error: float
    left: float
    right: float

    @property
    def is_kink(self) -> bool:
        """Whether the slopes to the left and right differ by more than any smooth function's would at this step."""
        gap = abs(self.right - self.left)
        return gap > 0.05 * max(abs(self.left), abs(self.right)) and gap > 1e3 * _EPS / KINK_STEP


@dataclass(frozen=True)
class Checked:
    """What was found for one argument. ``worst`` is the entry (or "a random direction") of the largest error."""

    name: str
    ok: bool
    max_error: float
    worst: str
    gradient: float
    numeric: float
    estimate: float
    checked: int
    size: int
    kinks: int
    complaint: str = ""

    def __str__(self) -> str:
        verdict = "ok   " if self.ok else "WRONG"
        if self.complaint:
            return f"{self.name}  {verdict}  {self.complaint}"
        some = "" if self.checked >= self.size else f" ({self.checked} of {self.size} entries, {DIRECTIONS} directions)"
        text = f"{self.name}  {verdict}  largest relative error {self.max_error:.1e} at {self.worst}{some}"
        if not self.ok:
            text += f": the gradient is {self.gradient:.8g}, differences give {self.numeric:.8g} ± {self.estimate:.0e}"
        if self.kinks:
            text += f"; {self.kinks} on a kink, where any slope between the two sides is accepted"
        return text


@dataclass(frozen=True)
class Report:
    """The outcome for every argument; ``print`` it to see where each is worst."""

    checks: tuple[Checked, ...]

    @property
    def ok(self) -> bool:
        """Whether all gradients agree with the differences within their error."""
        return all(check.ok for check in self.checks)

    @property
    def max_error(self) -> float:
        """The largest relative error of all."""
        return max((check.max_error for check in self.checks), default=0.0)

    def __getitem__(self, name: str) -> Checked:
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(f"{name} was not checked; checked were {', '.join(c.name for c in self.checks)}")

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        width = max((len(check.name) for check in self.checks), default=0)
        return "\n".join(" " * (width - len(check.name)) + str(check) for check in self.checks)


def compare(loss: Loss, gradients: Arrays, at: Arrays, *, seed: int = 0) -> Report:
    """Each gradient against differences of ``loss`` at a point.

    ``loss`` takes the arrays by name and gives a float64; ``gradients`` holds an array of the argument's shape for each
    argument that is checked, ``at`` all arguments. The error is relative to the gradient's largest entry.
    """
    arrays = {name: np.asarray(a) for name, a in at.items()}
    point = {name: a.astype(np.float64) if a.dtype.kind == "f" else a for name, a in arrays.items()}
    rng = np.random.default_rng(seed)
    return Report(tuple(_check(loss, name, np.asarray(g), point, rng) for name, g in gradients.items()))


def _check(loss: Loss, name: str, gradient: np.ndarray, point: Arrays, rng: np.random.Generator) -> Checked:
    x = point[name]
    if gradient.shape != x.shape:
        complaint = f"the gradient has shape {gradient.shape}, the argument {x.shape}"
        return Checked(name, False, float("inf"), "every entry", 0.0, 0.0, 0.0, 0, x.size, 0, complaint)
    if not np.all(np.isfinite(gradient)):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(gradient))[0])
        complaint = f"the gradient is {gradient[where]} at {list(where)}"
        return Checked(name, False, float("inf"), str(list(where)), 0.0, 0.0, 0.0, 0, x.size, 0, complaint)
    # Rounding in the gradient's own precision is no mistake.
    noise = max(1e-6, 2000 * float(np.finfo(gradient.dtype).eps)) if gradient.dtype.kind == "f" else 1e-6
    scale = max(float(np.max(np.abs(gradient), initial=0)), 1e-12)
    worst, ok, kinks, count = (-1.0, "nowhere", 0.0, 0.0, 0.0), True, 0, 0
    for label, direction in _lines(x, rng):
        ours = float(np.sum(gradient * direction))
        # A direction sums many entries: its error is measured against the sum of their sizes.
        size = max(scale, float(np.sum(np.abs(gradient * direction))), 1e-12)
        found = slope(loss, name, direction, point)
        size = max(size, abs(found.value)) if np.isfinite(found.value) else size
        count += label != _RANDOM
        if found.is_kink:
            low, high = sorted((found.left, found.right))
            margin = 1e-3 * max(abs(low), abs(high))
            if low - margin <= ours <= high + margin:
                kinks += 1
                continue
        error = abs(ours - found.value) / size
        agrees = abs(ours - found.value) <= 10 * found.error + noise * size
        ok &= bool(agrees)
        if not error <= worst[0]:
            worst = (error, label, ours, found.value, found.error)
    error, label, ours, numeric, estimate = worst
    return Checked(name, ok, max(error, 0.0), label, ours, numeric, estimate, count, x.size, kinks)


_RANDOM = "a random direction"


def _lines(x: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """The entries that are checked, each as a direction, then random directions where not all are."""
    chosen = np.arange(x.size) if x.size <= ENTRIES else np.sort(rng.choice(x.size, ENTRIES, replace=False))
    for flat in chosen:
        direction = np.zeros(x.size)
        direction[flat] = 1
        place = [int(i) for i in np.unravel_index(flat, x.shape)] if x.shape else []
        yield str(place) if place else "its value", direction.reshape(x.shape)
    if x.size > ENTRIES:
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=x.shape)
            yield _RANDOM, direction / np.linalg.norm(direction)


def slope(loss: Loss, name: str, direction: np.ndarray, point: Arrays) -> Slope:
    """The derivative of the loss along a direction of one argument, by differences."""
    x = point[name]
    size = float(np.max(np.abs(x), initial=0))
    scales = [max(1.0, float(np.max(np.abs(x[direction != 0]), initial=0)))]
    if 0 < size < 0.1:
        # Where all entries are small, the function may well change over as small a distance.
        scales.append(size)

    def at(t: float) -> float:
        return float(loss({**point, name: x + t * direction}))

    found = [_slope_by_steps(at, [step * scale for step in STEPS]) for scale in scales]
    return min(found, key=lambda s: s.error if np.isfinite(s.error) else np.inf)


def _slope_by_steps(at: Callable[[float], float], steps: Sequence[float]) -> Slope:
    """The derivative of a function of one number at 0: of several steps the one that is most to be trusted."""
    here = at(0.0)
    best: tuple[float, float] | None = None
    left = right = 0.0
    for h in steps:
        up, down, up2, down2 = at(h), at(-h), at(h / 2), at(-h / 2)
        coarse, fine = (up - down) / (2 * h), (up2 - down2) / h
        value = (4 * fine - coarse) / 3
        rounding = 4 * _EPS * max(abs(here), abs(up), abs(down)) / h
        error = abs(value - fine) + rounding
        # Curvature makes the sides differ by about h f″; that is taken out, so that what is left is a kink.
        if h >= 0.5 * KINK_STEP * steps[0] / STEPS[0]:
            left = 2 * (here - down2) / (h / 2) - (here - down) / h
            right = 2 * (up2 - here) / (h / 2) - (up - here) / h
        if best is None or not error >= best[1]:
            best = (value, error)
    assert best is not None
    return Slope(best[0], best[1], left, right)
