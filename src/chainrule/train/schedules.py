"""How the rate of an optimiser changes from step to step: ``cr.adam(cr.schedules.cosine(1e-2, steps=1000))``.

A schedule is a function of the number of steps already taken, t = 0, 1, 2, …, written in traced operations: it becomes
part of the step's program. Those that take another one (`warm_up`, `join`) also take a number, which stays as it is.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import chainrule as cr

__all__ = ["Schedule", "constant", "cosine", "exponential", "join", "linear", "step", "warm_up"]


@dataclass(frozen=True)
class Schedule(ABC):
    """A rate for every step."""

    name: ClassVar[str] = ""

    @abstractmethod
    def at(self, t: Any) -> Any:
        """The rate after t steps, from a number or a traced one."""

    def settings(self) -> dict[str, Any]:
        """Name and numbers, for the record."""
        fields = ((f.name, getattr(self, f.name)) for f in dataclasses.fields(self))
        return {"schedule": self.name, **{k: v.settings() if isinstance(v, Schedule) else v for k, v in fields}}


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate at every step. Raises ValueError where it is not positive."""

    rate: float

    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        check_number(self.name, "rate", self.rate)

    def at(self, t: Any) -> Any:
        return self.rate


@dataclass(frozen=True)
class Step(Schedule):
    """The rate times ``factor`` after every ``every`` steps: r·fᵏ, where k is t/every rounded down.

    Raises ValueError for a rate or factor that is not positive, or for ``every`` below 1.
    """

    rate: float
    every: int
    factor: float = 0.1

    name: ClassVar[str] = "step"

    def __post_init__(self) -> None:
        check_number(self.name, "rate", self.rate)
        check_number(self.name, "factor", self.factor)
        _check_steps(self.name, "every", self.every)

    def at(self, t: Any) -> Any:
        return self.rate * self.factor ** cr.floor(t / self.every)


@dataclass(frozen=True)
class Exponential(Schedule):
    """The rate times ``factor`` over every ``over`` steps, a little at each: r·f^(t/over).

    Raises ValueError for a rate or factor that is not positive, or for ``over`` below 1.
    """

    rate: float
    factor: float
    over: int = 1

    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        check_number(self.name, "rate", self.rate)
        check_number(self.name, "factor", self.factor)
        _check_steps(self.name, "over", self.over)

    def at(self, t: Any) -> Any:
        return self.rate * self.factor ** (t / self.over)


@dataclass(frozen=True)
class Linear(Schedule):
    """In a straight line from ``rate`` to ``final`` within ``steps`` steps, and ``final`` from then on.

    Raises ValueError for a rate that is not positive, a final one below 0, or for ``steps`` below 1.
    """

    rate: float
    steps: int
    final: float = 0.0

    name: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        check_number(self.name, "rate", self.rate)
        check_number(self.name, "final", self.final, zero=True)
        _check_steps(self.name, "steps", self.steps)

    def at(self, t: Any) -> Any:
        return self.rate + (self.final - self.rate) * (cr.minimum(t, self.steps) / self.steps)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave from ``rate`` down to ``final`` within ``steps`` steps, and ``final`` from then on.

    f + (r − f)(1 + cos(π t/steps))/2. Source: Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm
    restarts", equation 5, without a restart. Raises ValueError for a rate that is not positive, a final one below 0,
    or for ``steps`` below 1.
    """

    rate: float
    steps: int
    final: float = 0.0

    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        check_number(self.name, "rate", self.rate)
        check_number(self.name, "final", self.final, zero=True)
        _check_steps(self.name, "steps", self.steps)

    def at(self, t: Any) -> Any:
        wave = (1 + cr.cos(math.pi * (cr.minimum(t, self.steps) / self.steps))) / 2
        return self.final + (self.rate - self.final) * wave


@dataclass(frozen=True)
class WarmUp(Schedule):
    """For ``steps`` steps a rate that grows by equal amounts up to the first of ``then``, which follows.

    The first step has 1/steps of it, and not 0, which would be no step. Source: Goyal et al. 2017, "Accurate, large
    minibatch SGD", section 2.2. Raises ValueError for ``steps`` below 1, or for a number ``then`` that is not positive.
    """

    steps: int
    then: Schedule | float

    name: ClassVar[str] = "warm_up"

    def __post_init__(self) -> None:
        _check_steps(self.name, "steps", self.steps)
        check_rate(self.name, "then", self.then)

    def at(self, t: Any) -> Any:
        first = rate_at(self.then, 0.0) * ((t + 1) / self.steps)
        return cr.where(t < self.steps, first, rate_at(self.then, cr.maximum(t - self.steps, 0.0)))


@dataclass(frozen=True)
class Join(Schedule):
    """One schedule for ``steps`` steps, and then another one, which counts from there.

    Raises ValueError for ``steps`` below 1, or for a number in the place of a schedule that is not positive.
    """

    first: Schedule | float
    steps: int
    then: Schedule | float

    name: ClassVar[str] = "join"

    def __post_init__(self) -> None:
        check_rate(self.name, "first", self.first)
        _check_steps(self.name, "steps", self.steps)
        check_rate(self.name, "then", self.then)

    def at(self, t: Any) -> Any:
        second = rate_at(self.then, cr.maximum(t - self.steps, 0.0))
        return cr.where(t < self.steps, rate_at(self.first, t), second)


constant, step, exponential, linear, cosine, warm_up, join = Constant, Step, Exponential, Linear, Cosine, WarmUp, Join


def rate_at(rate: Schedule | float, t: Any) -> Any:
    """The rate after t steps; a number is the same at each."""
    return rate.at(t) if isinstance(rate, Schedule) else rate


def check_rate(owner: str, setting: str, rate: Any) -> None:
    """Raise ValueError for a rate that is neither a schedule nor a positive number."""
    if not isinstance(rate, Schedule):
        check_number(owner, setting, rate)


def check_number(owner: str, setting: str, value: float, below: float = math.inf, *, zero: bool = False) -> None:
    """Raise ValueError where a setting is not above 0, or with ``zero`` not 0 or above, and below a bound."""
    if not 0 <= value < below or (value == 0 and not zero):
        within = f"in [0, {below})" if zero else "above 0" + ("" if below == math.inf else f" and below {below}")
        raise ValueError(f"{setting} of {owner} is a number {within}, not {value!r}")


def _check_steps(owner: str, setting: str, value: Any) -> None:
    """Raise ValueError where a number of steps is no whole number of at least 1."""
    if isinstance(value, bool) or not 1 <= value < math.inf or value != int(value):
        raise ValueError(f"{setting} of {owner} is a whole number of at least 1, not {value!r}")
