"""What the networks learn from real data, everything as it is by default: 5-fold cross-validation with seed 0.

The data are those that scikit-learn carries. A network has one hidden layer, the cnn a convolution before it, and is
trained for 100 epochs, the cnn for 30, with the optimiser, rate, batch size and initial weights that `cr.train` and
`cr.networks` take unless told. Inputs are standardised with the means and deviations of the training folds alone, by
column, images by channel, and so are targets that are numbers. The score is the mean over the five folds, of the
accuracy or of R².
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.train import Network

FOLDS, SEED = 5, 0


@dataclass(frozen=True)
class Task:
    """Data, a network for them, and the score that it has to reach."""

    data: str
    network: Network
    bound: float
    epochs: int = 100

    @property
    def name(self) -> str:
        return f"{self.data} {self.network.kind}"

    def score(self) -> tuple[float, float]:
        """The mean score of the folds, and the lowest."""
        x, y = self.loaded()
        scores = [self.fold(x, y, *fold) for fold in self.folds(x, y)]
        return float(np.mean(scores)), min(scores)

    def loaded(self) -> tuple[Any, Any]:
        """Samples as the network takes them, and what is to be learnt of each."""
        from sklearn import datasets

        x, y = getattr(datasets, f"load_{self.data}")(return_X_y=True)
        if self.network.classifies:
            return x.reshape(len(x), *map(int, self.network.sample.split())), y.astype(np.int64)
        return x, y[:, None]

    def folds(self, x: Any, y: Any) -> Any:
        """Pairs of indices, to train on and to be judged by; each class in the same share where there are classes."""
        from sklearn.model_selection import KFold, StratifiedKFold

        kind: Callable[..., Any] = StratifiedKFold if self.network.classifies else KFold
        return kind(FOLDS, shuffle=True, random_state=SEED).split(x, y)

    def fold(self, x: Any, y: Any, train: Any, test: Any) -> float:
        """Train on some of the samples; the score on the others."""
        x_train, x_test = standardised(x[train], x[test])
        y_train, y_test = (y[train], y[test]) if self.network.classifies else standardised(y[train], y[test])
        data = {"x": x_train, "y": y_train}
        run = cr.train(self.network.loss, self.network.init(SEED), data, epochs=self.epochs, seed=SEED)
        if self.network.classifies:
            return self.network.accuracy(run.parameters, {"x": x_test, "y": y_test})
        return r_squared(self.network.predict(run.parameters, x_test), y_test)


TASKS = (
    Task("digits", cr.networks.mlp([64, 128, 10]), 0.97),
    Task("digits", cr.networks.cnn((1, 8, 8), [32], 10, hidden=[128]), 0.985, epochs=30),
    Task("breast_cancer", cr.networks.mlp([30, 32, 2]), 0.965),
    Task("wine", cr.networks.mlp([13, 32, 3]), 0.96),
    Task("diabetes", cr.networks.mlp([10, 32, 1], loss="mse"), 0.45),
)


def standardised(train: Any, test: Any) -> tuple[Any, Any]:
    """Both as the training data get mean 0 and deviation 1, in each column or channel; what does not vary is left."""
    others = (0, *range(2, train.ndim))
    mean, deviation = train.mean(others, keepdims=True), train.std(others, keepdims=True)
    deviation = np.where(deviation == 0, 1, deviation)
    return (train - mean) / deviation, (test - mean) / deviation


def r_squared(prediction: Any, y: Any) -> float:
    """The share of the variance that is predicted, 1 − Σ(y − p)²/Σ(y − ȳ)²."""
    return float(1 - ((y - prediction) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def row(task: Task) -> dict[str, Any]:
    begin = time.perf_counter()
    mean, lowest = task.score()
    return {
        "data": task.data,
        "network": task.network.kind,
        "score": "accuracy" if task.network.classifies else "R²",
        "mean": round(mean, 4),
        "lowest fold": round(lowest, 4),
        "bound": task.bound,
        "seconds": round(time.perf_counter() - begin, 1),
        "kept": mean >= task.bound,
    }


def measure() -> Iterator[dict[str, Any]]:
    """A row for each task, as soon as it is there."""
    return map(row, TASKS)
