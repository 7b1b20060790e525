"""What the demo did and found: everything that its report tells, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..check import Checked
    from .digits import Digits
    from .trainings import Trainings


@dataclass(frozen=True)
class Told:
    """A line of the derivation: a formula in MathML, and why it holds."""

    formula: str
    why: str


@dataclass(frozen=True)
class Experiment:
    """A network, its gradient, its training, and how it did on images it had never seen.

    ``sizes`` are the layers' widths, ``shapes`` those of the parameters; ``forward`` holds formulas in MathML,
    ``steps`` a derivation in HTML, ``drawing`` the network in SVG.
    ``deviation`` is the largest relative difference of the two sides of any line of the derivation, evaluated at random
    points. ``trainings`` says how long it took in native code and in NumPy. ``probabilities`` has a row for each test
    image; ``seconds`` says how long each part took; ``settings`` are what was chosen, and ``versions`` of what it ran
    on.
    """

    digits: Digits
    sizes: Sequence[int]
    shapes: Mapping[str, tuple[int, ...]]
    forward: Sequence[str]
    backward: Sequence[Told]
    steps: str
    drawing: str
    deviation: float
    source: str
    check: Sequence[Checked]
    history: Sequence[Mapping[str, Any]]
    trainings: Trainings
    probabilities: np.ndarray[Any, Any]
    settings: Mapping[str, str]
    seconds: Mapping[str, float]
    versions: Mapping[str, str]

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(math.prod(shape) for shape in self.shapes.values())

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
