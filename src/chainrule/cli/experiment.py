"""What the demo did and found: everything that its report tells, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .digits import Digits


@dataclass(frozen=True)
class Told:
    """A line of the derivation: a formula in MathML, and why it holds."""

    formula: str
    why: str


@dataclass(frozen=True)
class CheckedGradient:
    """A parameter whose gradient was compared with differences of the loss."""

    name: str
    shape: tuple[int, ...]
    error: float
    ok: bool


@dataclass(frozen=True)
class Experiment:
    """A network, its gradient, its training, and how it did on images it had never seen.

    ``forward`` holds formulas in MathML. ``deviation`` is the largest relative difference of the two sides of any line
    of the derivation, evaluated at random points. ``probabilities`` has a row for each test image; ``seconds`` says how
    long each part took; ``settings`` are what was chosen, and ``versions`` of what it ran on.
    """

    digits: Digits
    sizes: Sequence[int]
    forward: Sequence[str]
    backward: Sequence[Told]
    deviation: float
    source: str
    check: Sequence[CheckedGradient]
    history: Sequence[Mapping[str, Any]]
    probabilities: np.ndarray[Any, Any]
    settings: Mapping[str, str]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(math.prod(c.shape) for c in self.check)

    @property
    def predictions(self) -> np.ndarray[Any, Any]:
        """The likeliest digit for each test image."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def accuracy(self) -> float:
        """The share of test images that are recognised."""
        return float(np.mean(self.predictions == self.digits.test.y))

    @property
    def missed(self) -> np.ndarray[Any, Any]:
        """The positions of the test images that are not."""
        return np.flatnonzero(self.predictions != self.digits.test.y)

    def confusion(self) -> np.ndarray[Any, Any]:
        """How many test images of each digit (rows) were taken for which (columns): (10, 10)."""
        counts = np.zeros((10, 10), np.int64)
        np.add.at(counts, (self.digits.test.y, self.predictions), 1)
        return counts
