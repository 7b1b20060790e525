"""How parameters follow their gradients. Each update is written in traced operations, so that it is a graph too.

A state is a dict of arrays for each parameter. The entries named in ``shared`` do not depend on the parameter, such as
the number of the step, and are kept once for all.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

import chainrule as cr

State: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Optimizer(ABC):
    """One rule for every parameter: its state at the beginning, and its update."""

    lr: float

    name: ClassVar[str] = ""
    shared: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        _check(self, "lr", 0, math.inf)

    def init(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        """The state that a parameter begins with: arrays of the parameter's precision."""
        return {}

    @abstractmethod
    def update(self, parameter: Any, gradient: Any, state: State) -> tuple[Any, dict[str, Any]]:
        """The new parameter and the new state, from traced arrays or plain ones."""

    def settings(self) -> dict[str, Any]:
        """Name and numbers, for the record."""
        return {"name": self.name, **dataclasses.asdict(self)}


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """Against the gradient, at a fixed rate: w ← w − η g."""

    name: ClassVar[str] = "gradient_descent"

    def update(self, parameter: Any, gradient: Any, state: State) -> tuple[Any, dict[str, Any]]:
        return parameter - self.lr * gradient, {}


@dataclass(frozen=True)
class Momentum(Optimizer):
    """A heavy ball that rolls on: v ← β v + g, w ← w − η v.

    Source: Polyak 1964, "Some methods of speeding up the convergence of iteration methods", whose
    w ← w − η g + β (w − w before) is the same at a fixed rate.
    """

    beta: float = 0.9

    name: ClassVar[str] = "momentum"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "beta", 0, 1)

    def init(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"v": np.zeros_like(parameter)}

    def update(self, parameter: Any, gradient: Any, state: State) -> tuple[Any, dict[str, Any]]:
        v = self.beta * state["v"] + gradient
        return parameter - self.lr * v, {"v": v}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Each entry at a rate of its own, from running means of its gradient and its square.

    t ← t + 1, m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and
    v̂ = v/(1 − β₂ᵗ). Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    name: ClassVar[str] = "adam"
    shared: ClassVar[frozenset[str]] = frozenset({"t"})

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "beta1", 0, 1)
        _check(self, "beta2", 0, 1)
        _check(self, "eps", 0, math.inf)

    def init(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"t": np.zeros((), parameter.dtype), "m": np.zeros_like(parameter), "v": np.zeros_like(parameter)}

    def update(self, parameter: Any, gradient: Any, state: State) -> tuple[Any, dict[str, Any]]:
        t = state["t"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * gradient
        v = self.beta2 * state["v"] + (1 - self.beta2) * gradient**2
        # η/(1 − β₁ᵗ) is a single number: m̂ itself would be one more array.
        rate, v_hat = self.lr / (1 - self.beta1**t), v / (1 - self.beta2**t)
        return parameter - rate * m / (cr.sqrt(v_hat) + self.eps), {"t": t, "m": m, "v": v}


def gradient_descent(lr: float = 0.1) -> GradientDescent:
    """Plain gradient descent at the rate ``lr``. Raises ValueError where that is not positive."""
    return GradientDescent(lr)


sgd = gradient_descent


def momentum(lr: float = 0.01, beta: float = 0.9) -> Momentum:
    """Gradient descent with momentum. Raises ValueError for a rate that is not positive, or beta outside [0, 1)."""
    return Momentum(lr, beta)


def adam(lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Adam:
    """Adam. Raises ValueError for a rate that is not positive, or means outside [0, 1)."""
    return Adam(lr, beta1, beta2, eps)


def _check(optimizer: Optimizer, setting: str, low: float, high: float) -> None:
    """Raise ValueError where a setting is outside [low, high); a rate is above 0."""
    value = getattr(optimizer, setting)
    positive = setting == "lr"
    if not low <= value < high or (positive and value == 0):
        within = f"above {low}" if positive else f"in [{low}, {high})"
        raise ValueError(f"{setting} of {optimizer.name} is a number {within}, not {value!r}")
