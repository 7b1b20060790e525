"""Dense layers one after the other: a multilayer perceptron."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import chainrule as cr

from ...ir.errors import ArgumentError
from .network import Network, Parameter, is_width, plain


@dataclass(frozen=True)
class Mlp(Network):
    """Affine, activation, …, affine. ``sizes`` are the widths from the input to the output."""

    kind: ClassVar[str] = "mlp"

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or not all(map(is_width, self.sizes)):
            raise ArgumentError(f"sizes are the widths of two layers or more, such as [64, 32, 10], not {self.sizes}")
        super().__post_init__()

    @property
    def layers(self) -> int:
        """The number of affine layers."""
        return len(self.sizes) - 1

    @property
    def parameters(self) -> dict[str, Parameter]:
        return stacked(self.sizes)

    @property
    def sample(self) -> str:
        return str(self.sizes[0])

    @property
    def answer(self) -> tuple[int, ...]:
        return self.sizes[-1:]

    def layers_of(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        return through(x, parameters, 1, self.layers, self.activation)


def mlp(sizes: Sequence[int], activation: str = "relu", loss: str = "cross_entropy") -> Mlp:
    """A multilayer perceptron, such as ``mlp([64, 32, 10])``: x: (N, 64), ten classes.

    Its parameters are W1: (64, 32), b1: (32,), W2: (32, 10), b2: (10,). Raises ArgumentError for sizes that are no
    widths, or for an activation or loss that is unknown.
    """
    return Mlp(plain(tuple(sizes)), activation=activation, loss_name=loss)


def stacked(sizes: Sequence[int], first: int = 1) -> dict[str, Parameter]:
    """Weights and biases of affine layers between these widths, numbered from ``first``."""
    found: dict[str, Parameter] = {}
    for i, (n, m) in enumerate(itertools.pairwise(sizes), first):
        found |= {f"W{i}": Parameter((n, m)), f"b{i}": Parameter((m,), "zeros")}
    return found


def through(a: Any, parameters: Mapping[str, Any], first: int, last: int, activation: str) -> Any:
    """What comes out of the affine layers numbered from ``first`` to ``last``, an activation behind all but the last.

    The intermediates are called z1, a1, z2, …
    """
    bend = cr.activation(activation)
    for i in range(first, last):
        z = cr.name(cr.dense(a, parameters[f"W{i}"], parameters[f"b{i}"]), f"z{i}")
        a = cr.name(bend(z), f"a{i}")
    return cr.dense(a, parameters[f"W{last}"], parameters[f"b{last}"])
