"""How parameters follow their gradients: a rule each, said once, as a graph (see `optimizer` for what all share)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

import chainrule as cr

from .optimizer import Optimizer, State
from .schedules import Schedule, check_number

__all__ = ["Optimizer", "adagrad", "adam", "adamw", "gradient_descent", "momentum", "nesterov", "rmsprop", "sgd"]


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """Against the gradient: w ← w − η g."""

    lr: float | Schedule = 0.1

    name: ClassVar[str] = "gradient_descent"

    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        return rate * gradient, {}


@dataclass(frozen=True)
class Momentum(Optimizer):
    """A heavy ball that rolls on: v ← β v + g, w ← w − η v.

    Source: Polyak 1964, "Some methods of speeding up the convergence of iteration methods", whose
    w ← w − η g + β (w − w before) is the same at a fixed rate.
    """

    lr: float | Schedule = 0.01
    beta: float = 0.9

    name: ClassVar[str] = "momentum"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.name, "beta", self.beta, 1, zero=True)

    def memory(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"v": np.zeros_like(parameter)}

    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        v = self.beta * state["v"] + gradient
        return rate * v, {"v": v}


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Momentum that looks ahead: v ← β v + g, w ← w − η (g + β v).

    Nesterov takes the gradient where the momentum alone would lead; here w stands for that point. Sources: Nesterov
    1983, "A method of solving a convex programming problem with convergence rate O(1/k²)"; in terms of the point ahead:
    Bengio, Boulanger-Lewandowski & Pascanu 2013, "Advances in optimizing recurrent networks".
    """

    name: ClassVar[str] = "nesterov"

    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        v = self.beta * state["v"] + gradient
        return rate * (gradient + self.beta * v), {"v": v}


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Each entry at a rate that falls with what its gradients were so far: v ← v + g², w ← w − η g/(√v + ε).

    Source: Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization",
    with diagonal matrices; ε keeps it from dividing by zero.
    """

    lr: float | Schedule = 0.01
    eps: float = 1e-10

    name: ClassVar[str] = "adagrad"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.name, "eps", self.eps, zero=True)

    def memory(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"v": np.zeros_like(parameter)}

    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        v = state["v"] + gradient**2
        return rate * gradient / (cr.sqrt(v) + self.eps), {"v": v}


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """Each gradient in units of its own recent size: v ← βv + (1 − β)g², w ← w − η g/(√v + ε).

    Source: Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning"; ε keeps it from dividing by
    zero.
    """

    lr: float | Schedule = 1e-3
    beta: float = 0.9
    eps: float = 1e-8

    name: ClassVar[str] = "rmsprop"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.name, "beta", self.beta, 1, zero=True)
        check_number(self.name, "eps", self.eps, zero=True)

    def memory(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"v": np.zeros_like(parameter)}

    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        v = self.beta * state["v"] + (1 - self.beta) * gradient**2
        return rate * gradient / (cr.sqrt(v) + self.eps), {"v": v}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Each entry at a rate of its own, from running means of its gradient and its square.

    t ← t + 1, m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η m̂/(√v̂ + ε) with m̂ = m/(1 − β₁ᵗ) and
    v̂ = v/(1 − β₂ᵗ). Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    lr: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    name: ClassVar[str] = "adam"
    counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.name, "beta1", self.beta1, 1, zero=True)
        check_number(self.name, "beta2", self.beta2, 1, zero=True)
        check_number(self.name, "eps", self.eps, zero=True)

    def memory(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"m": np.zeros_like(parameter), "v": np.zeros_like(parameter)}

    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        t = state["t"]
        m = self.beta1 * state["m"] + (1 - self.beta1) * gradient
        v = self.beta2 * state["v"] + (1 - self.beta2) * gradient**2
        # η/(1 − β₁ᵗ) is a single number: m̂ itself would be one more array.
        rate, v_hat = rate / (1 - self.beta1**t), v / (1 - self.beta2**t)
        return rate * m / (cr.sqrt(v_hat) + self.eps), {"m": m, "v": v}


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay, unless told at 0.01.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """

    weight_decay: float = field(default=0.01, kw_only=True)

    name: ClassVar[str] = "adamw"


sgd = gradient_descent = GradientDescent
momentum, nesterov, adagrad, rmsprop, adam, adamw = Momentum, Nesterov, Adagrad, RMSProp, Adam, AdamW
