"""How a wrong gradient of the corpus is written down: a model, a backward pass by hand, and what is wrong with it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, Any]
Said = tuple[str, str | tuple[str, ...]]
"""A kind of mistake, and the place: the variable of the model whose line is differentiated wrongly, or several of which
any is right."""


@dataclass(frozen=True)
class Fault:
    """A mistake in the gradient of one argument."""

    kind: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """A loss, and points at which it is checked: ``point(rng)`` gives an array for each argument."""

    name: str
    loss: Any
    point: Callable[[np.random.Generator], Arrays]


@dataclass(frozen=True)
class Case:
    """A wrong backward pass; for each argument that is wrong, the answers of which any is right.

    Where ``double``, two mistakes were made, and each argument has one or both of them: an answer is right that names
    all of its mistakes, in any order.
    """

    model: Model
    backward: Callable[..., Any]
    faults: Mapping[str, tuple[Fault, ...]]
    double: bool = False

    @property
    def name(self) -> str:
        """The model's name and the function's."""
        return f"{self.model.name}: {self.backward.__name__}"

    def candidate(self, given: Arrays) -> Any:
        """What the backward pass gives, which takes the arguments that it names."""
        taken = inspect.signature(self.backward).parameters
        return self.backward(**{name: value for name, value in given.items() if name in taken})


CASES: dict[str, list[Case]] = {}
"""The cases of each module."""


def _fault(said: Said) -> Fault:
    kind, places = said
    return Fault(kind, (places,) if isinstance(places, str) else tuple(places))


def wrong(model: Model, **faults: Said | Sequence[Said]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A backward pass with one mistake. For each argument that it gets wrong: ``(kind, place)``, or a list of those of
    which any is right. Arguments that are not named are right.
    """

    def add(backward: Callable[..., Any]) -> Callable[..., Any]:
        made = {n: tuple(map(_fault, s)) if isinstance(s, list) else (_fault(s),) for n, s in faults.items()}  # type: ignore[arg-type]
        CASES.setdefault(backward.__module__, []).append(Case(model, backward, made))
        return backward

    return add


def twice_wrong(model: Model, **faults: Sequence[Said]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A backward pass with two mistakes. For each argument that is wrong, the list of its one or two mistakes."""

    def add(backward: Callable[..., Any]) -> Callable[..., Any]:
        made = {name: tuple(map(_fault, said)) for name, said in faults.items()}
        CASES.setdefault(backward.__module__, []).append(Case(model, backward, made, double=True))
        return backward

    return add
