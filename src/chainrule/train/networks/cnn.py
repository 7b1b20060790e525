"""Convolutions, each followed by pooling, and dense layers on what is left: a convolutional network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import chainrule as cr

from ...ir.errors import ArgumentError
from .mlp import stacked, through
from .network import Network, Parameter, check_widths, plain


@dataclass(frozen=True)
class Cnn(Network):
    """Convolution, activation, max pooling, …; then affine, activation, …, affine.

    A convolution keeps height and width, pooling divides them and leaves out what is over. Source: LeCun et al. 1998,
    "Gradient-based learning applied to document recognition", with max pooling and without its sparse connections.
    """

    kind: ClassVar[str] = "cnn"

    image: tuple[int, ...]
    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    outputs: int
    kernel: int = 3
    pool: int = 2

    def __post_init__(self) -> None:
        check_widths(self, image=self.image, channels=self.channels, hidden=self.hidden, outputs=self.outputs,
                     kernel=self.kernel, pool=self.pool)  # fmt: skip
        if len(self.image) != 3 or not self.channels:
            raise ArgumentError(
                f"a cnn is made for images of (channels, height, width) and has a convolution or more, such as "
                f"cnn((1, 28, 28), [16, 32], 10), not for {self.image} with {self.channels}"
            )
        if self.kernel % 2 == 0:
            raise ArgumentError(f"kernel of cnn is odd, so that it has a middle, not {self.kernel}")
        if not all(self._left[1:]):
            times = len(self.channels)
            raise ArgumentError(f"nothing is left of an image {self.image} that is pooled by {self.pool} {times} times")
        super().__post_init__()

    @property
    def _left(self) -> tuple[int, int, int]:
        """Channels, height and width after all convolutions."""
        _, height, width = self.image
        shrunk = self.pool ** len(self.channels)
        return self.channels[-1], height // shrunk, width // shrunk

    @property
    def parameters(self) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        for i, (before, after) in enumerate(zip((self.image[0], *self.channels), self.channels, strict=False), 1):
            found |= {
                f"K{i}": Parameter((after, before, self.kernel, self.kernel), "kernel"),
                f"b{i}": Parameter((after,), "zeros"),
            }
        return found | stacked((math.prod(self._left), *self.hidden, self.outputs), len(self.channels) + 1)

    @property
    def sample(self) -> str:
        return " ".join(map(str, self.image))

    @property
    def answer(self) -> tuple[int, ...]:
        return (self.outputs,)

    def layers_of(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        """The intermediates are called z1, a1, p1, …, and behind the convolutions z3, a3, …"""
        bend, last = cr.activation(self.activation), len(self.channels)
        for i in range(1, last + 1):
            z = cr.conv2d(x, parameters[f"K{i}"], parameters[f"b{i}"], padding=self.kernel // 2)
            a = cr.name(bend(cr.name(z, f"z{i}")), f"a{i}")
            x = cr.name(cr.max_pool(a, self.pool), f"p{i}")
        flat = x.reshape(x.shape[0], math.prod(self._left))
        return through(flat, parameters, last + 1, last + 1 + len(self.hidden), self.activation)


def cnn(
    image: Sequence[int],
    channels: Sequence[int],
    outputs: int,
    *,
    hidden: Sequence[int] = (),
    kernel: int = 3,
    pool: int = 2,
    activation: str = "relu",
    loss: str = "cross_entropy",
) -> Cnn:
    """A convolutional network, such as ``cnn((1, 28, 28), [16, 32], 10, hidden=[64])``: x: (N, 1, 28, 28), ten classes.

    Its parameters are K1: (16, 1, 3, 3), b1: (16,), K2: (32, 16, 3, 3), b2 of the convolutions, and W3, b3, W4, b4 of
    the dense layers. Raises ArgumentError for numbers that are no sizes, for an image that pooling leaves nothing of,
    or for an activation or loss that is unknown.
    """
    return Cnn(
        plain(image), plain(channels), plain(hidden), plain(outputs), plain(kernel), plain(pool),
        activation=activation, loss_name=loss,
    )  # fmt: skip
