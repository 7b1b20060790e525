"""The trainings that are timed: networks, batches, what is asked of chainrule; and their data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

Layers = list[tuple[np.ndarray, np.ndarray]]
"""Weights (in, out) and biases (out) of each layer."""


@dataclass(frozen=True)
class Task:
    """A training of a dense network, in float32. ``batches`` is how many there are before they begin anew."""

    sizes: tuple[int, ...]
    batch: int
    batches: int = 16
    activation: Literal["relu", "tanh", "sigmoid", "gelu"] = "relu"
    loss: Literal["mse", "cross_entropy"] = "mse"
    optimizer: Literal["sgd", "adam"] = "sgd"
    rate: float = 0.01
    accuracy: Literal["libm", "fast"] = "libm"
    """Of chainrule's tanh."""
    at_least: float = 1.0
    """How many times faster than the best of the others chainrule has to be."""
    at_most: float | None = None
    """µs that a step may take at most."""

    @property
    def name(self) -> str:
        """As in the tables: 64-64-10 / 32, and what is not relu, mean square and plain descent."""
        usual = Task((), 0)
        other = [v for v in ("activation", "loss", "optimizer", "accuracy") if getattr(self, v) != getattr(usual, v)]
        return " ".join([f"{'-'.join(map(str, self.sizes))} / {self.batch}", *(str(getattr(self, v)) for v in other)])

    @property
    def operations(self) -> int:
        """Multiplications and additions of a step's products of matrices: three a layer, two for the first."""
        pairs = list(zip(self.sizes, self.sizes[1:], strict=False))
        return 6 * self.batch * sum(a * b for a, b in pairs) - 2 * self.batch * pairs[0][0] * pairs[0][1]

    def words(self) -> dict[str, Any]:
        """What a task is made of again: ``Task(**words)``."""
        return asdict(self)


ROWS = (
    Task((2, 2, 1), 4, batches=1, at_least=1.3),
    Task((8, 32, 1), 32, at_least=6),
    Task((64, 64, 10), 32, at_least=2.2),
    Task((30, 64, 64, 1), 32, at_least=1.6),
    Task((64, 128, 128, 10), 64, at_least=1.8),
    Task((54, 128, 128, 7), 256, at_least=3),
    Task((784, 512, 512, 10), 128, at_least=1.4),
    Task((1024, 2048, 2048, 1024), 256, batches=2, at_least=1.1),
    *(
        Task(
            (4, 32, 16, 4), 9984, batches=1, activation="tanh", optimizer="adam", rate=1e-3, accuracy=accuracy,
            at_least=5, at_most=350,
        )
        for accuracy in ("libm", "fast")
    ),
)  # fmt: skip


def variants() -> list[Task]:
    """The same networks with other activations, another optimiser and another loss, at 0.8 of what is asked above."""
    found = []
    for row in ROWS[:-2]:
        others: list[dict[str, Any]] = [{"activation": a} for a in ("tanh", "sigmoid", "gelu")]
        others.append({"optimizer": "adam", "rate": 1e-3})
        if row.sizes[-1] > 1:
            others.append({"loss": "cross_entropy"})
        found += [replace(row, at_least=round(0.8 * row.at_least, 3), **other) for other in others]
    return found


def data(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Samples (samples, in) and what to learn of them: numbers (samples, out), or labels (samples)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(task.batch * task.batches, task.sizes[0])).astype(np.float32)
    teacher = rng.normal(size=(task.sizes[0], task.sizes[-1])) / np.sqrt(task.sizes[0])
    wanted = x @ teacher
    return x, (wanted.argmax(axis=1) if task.loss == "cross_entropy" else wanted.astype(np.float32))


def weights(task: Task, seed: int) -> Layers:
    """Parameters to begin with: √(2 / in) times normal numbers, and zeros."""
    rng = np.random.default_rng([1, seed])
    return [
        ((rng.normal(size=(a, b)) * np.sqrt(2 / a)).astype(np.float32), np.zeros(b, np.float32))
        for a, b in zip(task.sizes, task.sizes[1:], strict=False)
    ]
