"""What all optimisers share: a rate that may change, weights that decay, gradients that are clipped.

Everything is written in traced operations, so that a step is one graph. A state is a dict of arrays for each parameter.
The number of the step, t, does not depend on the parameter, and is kept once for all.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

import chainrule as cr

from .schedules import Schedule, check_number, check_rate, rate_at

State: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Optimizer(ABC):
    """One rule for every parameter: its state at the beginning, and its update, w ← (1 − ηλ)w − move.

    ``lr`` is the rate η, a number or a schedule. ``weight_decay`` is λ: each step takes that share of η off the
    parameter itself, apart from the gradient ("decoupled", Loshchilov & Hutter 2019, "Decoupled weight decay
    regularization", algorithm 2, with η in the place of its schedule). ``decayed`` says which parameters: "matrices",
    those with two axes or more, so that biases and the scales of a normalisation are left alone, as is usual; "all"; or
    their names. ``clip_value`` limits every entry of a gradient to ±c; then ``clip_norm`` shortens all gradients
    together, taken as a single vector, to at most the length c (Pascanu, Mikolov & Bengio 2013, "On the difficulty of
    training recurrent neural networks", algorithm 1).

    Raises ValueError for a number outside its range.
    """

    lr: float | Schedule
    _: KW_ONLY
    weight_decay: float = 0.0
    decayed: str | Sequence[str] = "matrices"
    clip_norm: float | None = None
    clip_value: float | None = None

    name: ClassVar[str] = ""
    counts: ClassVar[bool] = False
    """Whether the rule itself asks for the number of the step."""
    shared: ClassVar[frozenset[str]] = frozenset({"t"})

    def __post_init__(self) -> None:
        check_rate(self.name, "lr", self.lr)
        check_number(self.name, "weight_decay", self.weight_decay, zero=True)
        for setting in ("clip_norm", "clip_value"):
            if getattr(self, setting) is not None:
                check_number(self.name, setting, getattr(self, setting))
        if isinstance(self.decayed, str) and self.decayed not in ("matrices", "all"):
            raise ValueError(
                f'decayed of {self.name} is "matrices", "all" or a list of parameters\' names, not {self.decayed!r}'
            )

    def init(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        """The state that a parameter begins with: arrays of the parameter's precision."""
        counted = self.counts or isinstance(self.lr, Schedule)
        return ({"t": np.zeros((), parameter.dtype)} if counted else {}) | self.memory(parameter)

    def memory(self, parameter: np.ndarray[Any, Any]) -> dict[str, Any]:
        """What the rule remembers of a parameter, at the beginning."""
        return {}

    @abstractmethod
    def move(self, gradient: Any, rate: Any, state: State) -> tuple[Any, dict[str, Any]]:
        """What is taken off a parameter, and what is remembered; ``state["t"]`` is the number of this step, from 1."""

    def clipped(self, gradients: Sequence[Any]) -> list[Any]:
        """The gradients of all parameters, limited as the settings say."""
        found = list(gradients)
        if self.clip_value is not None:
            found = [cr.clip(g, -self.clip_value, self.clip_value) for g in found]
        if self.clip_norm is not None:
            length = cr.sqrt(sum(cr.sum(g**2) for g in found))
            shorter = self.clip_norm / cr.maximum(length, self.clip_norm)
            found = [g * shorter for g in found]
        return found

    def update(self, parameter: Any, gradient: Any, state: State, name: str = "") -> tuple[Any, dict[str, Any]]:
        """The new parameter and the new state, from traced arrays or plain ones; the gradient is clipped already."""
        rate: Any = rate_at(self.lr, state["t"]) if "t" in state else self.lr
        count = {"t": state["t"] + 1} if "t" in state else {}
        change, remembered = self.move(gradient, rate, {**state, **count})
        if self.decays(name, parameter):
            parameter = parameter * (1 - rate * self.weight_decay)
        return parameter - change, {**count, **remembered}

    def decays(self, name: str, parameter: Any) -> bool:
        """Whether a parameter is made smaller by the weight decay."""
        if self.weight_decay == 0:
            return False
        match self.decayed:
            case "all":
                return True
            case "matrices":
                return len(np.shape(parameter)) >= 2
        return name in self.decayed

    def settings(self) -> dict[str, Any]:
        """Name and numbers, for the record; of what all optimisers share, what is not as by default."""
        shared = {f.name: f.default for f in dataclasses.fields(Optimizer) if f.kw_only}
        found: dict[str, Any] = {"name": self.name}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in shared or value != shared[field.name]:
                found[field.name] = value.settings() if isinstance(value, Schedule) else value
        return found
