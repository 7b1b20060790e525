"""The training by scikit-learn: a `partial_fit` for each batch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ..tasks import Layers, Task

warnings.filterwarnings("ignore")


class BySklearn:
    """An estimator whose parameters are set before it begins."""

    def __init__(self, task: Task, x: Any, y: Any) -> None:
        self.task = task
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        self.batches = [(x[i : i + task.batch], y[i : i + task.batch]) for i in range(0, len(x), task.batch)]

    def begin(self, layers: Layers, optimizer: str, rate: float) -> None:
        task = self.task
        regression = task.loss == "mse"
        # Its loss is half the sum of squares over the outputs, the mean over the samples.
        scale = 2 / task.sizes[-1] if regression and optimizer == "sgd" else 1.0
        kind = MLPRegressor if regression else MLPClassifier
        activation = {"sigmoid": "logistic"}.get(task.activation, task.activation)
        self.estimator = kind(
            hidden_layer_sizes=task.sizes[1:-1], activation=activation, solver=optimizer, alpha=0.0, momentum=0.0,
            batch_size=task.batch, learning_rate_init=rate * scale, nesterovs_momentum=False, shuffle=False,
        )  # fmt: skip
        self.at = 0
        self.classes = None if regression else np.arange(task.sizes[-1])
        self._partial(*self.batches[0])
        for (w, b), own_w, own_b in zip(layers, self.estimator.coefs_, self.estimator.intercepts_, strict=True):
            own_w[...], own_b[...] = w, b
        rule = self.estimator._optimizer
        rule.t = 0
        for moments in (getattr(rule, name, []) for name in ("ms", "vs", "velocities")):
            for a in moments:
                a[...] = 0

    def _partial(self, x: Any, y: Any) -> None:
        if self.classes is None:
            self.estimator.partial_fit(x, y)
        else:
            self.estimator.partial_fit(x, y, self.classes)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self._partial(*self.batches[self.at])
            self.at = (self.at + 1) % len(self.batches)

    def parameters(self) -> Layers:
        return list(zip(self.estimator.coefs_, self.estimator.intercepts_, strict=True))


def make(task: Task, x: Any, y: Any, variant: str) -> BySklearn:
    """See `bench.peers`."""
    return BySklearn(task, x, y)
