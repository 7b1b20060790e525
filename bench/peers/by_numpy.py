"""The training as one writes it in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf, expit

from ..tasks import Layers, Task


def activation(name: str, z: Any) -> tuple[Any, Any]:
    """The value and the slope."""
    if name == "relu":
        return np.maximum(z, 0), z > 0
    if name == "tanh":
        a = np.tanh(z)
        return a, 1 - a * a
    if name == "sigmoid":
        a = expit(z)
        return a, a * (1 - a)
    share = (0.5 * (1 + erf(z * np.float32(0.70710678)))).astype(np.float32)
    return z * share, share + z * np.exp(-0.5 * z * z) * np.float32(0.39894228)


class ByNumpy:
    """Forward, backward and the update, written out."""

    def __init__(self, task: Task, x: Any, y: Any) -> None:
        self.task = task
        b = task.batch
        self.batches = [(x[i : i + b], y[i : i + b]) for i in range(0, len(x), b)]

    def begin(self, layers: Layers, optimizer: str, rate: float) -> None:
        self.layers = [(w.copy(), b.copy()) for w, b in layers]
        self.optimizer, self.rate, self.count = optimizer, np.float32(rate), 0
        self.m = [np.zeros_like(p) for layer in layers for p in layer]
        self.v = [np.zeros_like(p) for layer in layers for p in layer]

    def steps(self, count: int) -> None:
        for _ in range(count):
            x, y = self.batches[self.count % len(self.batches)]
            self.count += 1
            self.update(self.gradients(x, y))

    def gradients(self, x: Any, y: Any) -> list[Any]:
        """Of the weights and the bias of each layer."""
        values, slopes = [x], []
        for w, b in self.layers[:-1]:
            a, slope = activation(self.task.activation, values[-1] @ w + b)
            values.append(a)
            slopes.append(slope)
        w, b = self.layers[-1]
        out = values[-1] @ w + b
        if self.task.loss == "mse":
            delta = (out - y) * np.float32(2 / out.size)
        else:
            e = np.exp(out - out.max(axis=1, keepdims=True))
            delta = e / e.sum(axis=1, keepdims=True)
            delta[np.arange(len(y)), y] -= 1
            delta /= np.float32(len(y))
        found: list[Any] = []
        for n in range(len(self.layers) - 1, -1, -1):
            found = [values[n].T @ delta, delta.sum(axis=0), *found]
            if n:
                delta = (delta @ self.layers[n][0].T) * slopes[n - 1]
        return found

    def update(self, gradients: list[Any]) -> None:
        """In place, by descent or by Adam."""
        parameters = [p for layer in self.layers for p in layer]
        for n, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            if self.optimizer == "sgd":
                p -= self.rate * g
                continue
            self.m[n] += np.float32(0.1) * (g - self.m[n])
            self.v[n] += np.float32(0.001) * (g * g - self.v[n])
            fraction = self.rate / np.float32(1 - 0.9**self.count)
            p -= fraction * self.m[n] / (np.sqrt(self.v[n] / np.float32(1 - 0.999**self.count)) + np.float32(1e-8))

    def parameters(self) -> Layers:
        return self.layers


def make(task: Task, x: Any, y: Any, variant: str) -> ByNumpy:
    """See `bench.peers`."""
    return ByNumpy(task, x, y)
