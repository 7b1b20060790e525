"""The handwritten digits that scikit-learn carries: 1,797 images of 8 by 8 pixels, and the digit that each shows.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

TEST, VALIDATION = 360, 180
"""How many images are set aside: to be judged by at the end, and to be watched during training."""
WHITE = 16
"""The pixels are whole numbers from 0 to 16."""


@dataclass(frozen=True)
class Part:
    """Images, as rows of 64 numbers between 0 and 1, and their digits."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]

    def arrays(self) -> dict[str, Any]:
        """By the names of the loss function's arguments."""
        return {"x": self.x, "y": self.y}

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Digits:
    """The three parts. Each has every digit in the same share, and no image is in two."""

    training: Part
    validation: Part
    test: Part


def load(seed: int) -> Digits:
    """The digits, divided at random by the seed. Needs scikit-learn."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x, y = x / WHITE, y.astype(np.int64)
    x, x_test, y, y_test = train_test_split(x, y, test_size=TEST, stratify=y, random_state=seed)
    x, x_validation, y, y_validation = train_test_split(x, y, test_size=VALIDATION, stratify=y, random_state=seed)
    return Digits(Part(x, y), Part(x_validation, y_validation), Part(x_test, y_test))
