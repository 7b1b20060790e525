"""The trainings of other networks that are timed: a convolutional network, and a transformer encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

import numpy as np

import chainrule as cr

Parameters = list[tuple[np.ndarray]]
"""In chainrule's order; each alone, where a dense network has weights and biases in pairs."""


@dataclass(frozen=True)
class NetworkTask:
    """A training by Adam in float32. Images have ``size`` × ``size`` pixels, texts ``size`` characters."""

    kind: Literal["cnn", "transformer"]
    size: int
    batch: int = 32
    batches: int = 16
    optimizer: Literal["adam"] = "adam"
    rate: float = 1e-3
    at_least: float = 1.0
    at_most: float | None = None
    accuracy: ClassVar[Literal["libm"]] = "libm"
    letters: ClassVar[int] = 10
    width: ClassVar[int] = 32
    heads: ClassVar[int] = 4
    blocks: ClassVar[int] = 2
    channels: ClassVar[tuple[int, int]] = (16, 32)
    hidden: ClassVar[int] = 64

    @property
    def name(self) -> str:
        """As in the tables."""
        what = f"{self.size}×{self.size} images" if self.kind == "cnn" else f"{self.size} characters"
        return f"{self.kind}, {what} / {self.batch}"

    @property
    def network(self) -> Any:
        """Chainrule's."""
        if self.kind == "cnn":
            return cr.networks.cnn((1, self.size, self.size), self.channels, 10, hidden=[self.hidden])
        return cr.networks.transformer_encoder(
            self.letters, self.size, width=self.width, heads=self.heads, blocks=self.blocks, causal=True,
            activation="gelu",
        )  # fmt: skip

    @property
    def operations(self) -> int:
        """Multiplications and additions of a step's products of matrices: three of each layer's, but for the first."""
        n, (a, b), d = self.size, self.channels, self.width
        if self.kind == "cnn":
            first, second = 9 * a * n * n, 9 * a * b * (n // 2) ** 2
            dense = b * (n // 4) ** 2 * self.hidden + 10 * self.hidden
            return 2 * self.batch * (2 * first + 3 * (second + dense))
        each = n * (4 * d * d + 8 * d * d) + 2 * n * n * d
        return 6 * self.batch * (self.blocks * each + n * d * self.letters)

    def words(self) -> dict[str, Any]:
        """What a task is made of again: ``NetworkTask(**words)``."""
        return asdict(self)


ROWS = (NetworkTask("cnn", 8), NetworkTask("cnn", 28), NetworkTask("transformer", 64))


def data(task: NetworkTask) -> tuple[np.ndarray, np.ndarray]:
    """Images (samples, 1, size, size) and labels, or texts (samples, size) and what follows each character."""
    rng = np.random.default_rng(0)
    samples = task.batch * task.batches
    if task.kind == "cnn":
        images = rng.normal(size=(samples, 1, task.size, task.size)).astype(np.float32)
        return images, (images.mean(axis=(1, 2, 3)) * 30 * task.size / 8).astype(int) % 10
    text = rng.integers(0, task.letters, (samples, task.size + 1))
    return text[:, :-1], (text[:, 1:] + text[:, :-1]) // 2 % task.letters


def weights(task: NetworkTask, seed: int) -> Parameters:
    """Parameters to begin with, as chainrule draws them."""
    return [(value.astype(np.float32),) for value in task.network.init(seed=seed).values()]
