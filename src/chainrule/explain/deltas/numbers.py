"""One step of gradient descent in numbers: values forward, errors backward, the weights that follow, the next loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...derive import reverse
from ...ir.build import constant
from ...ir.dims import Sizes, bind_sizes
from ...ir.graph import substitute
from ...ir.node import D, Input, Node
from ...ir.telling import Block, Math, Name, Paragraph, Piece, Section, Sentence, Table, Term, Value
from ..components.differentiate import derivative
from ..evaluate import random_point
from ..example import example, has_unknown, point_of, values_at
from ..subject import Subject
from .layers import Layered

MOST_ENTRIES = 12
"""Arrays are shown where none has more entries than this."""
MOST_IN_ALL = 120
"""And where there are no more in all."""
_RATES = tuple(10.0**-k for k in range(9))


@dataclass(frozen=True, eq=False)
class NumberedStep:
    """The section, and the point that its numbers are those of."""

    section: Section
    at: Mapping[str, Any]


def sizes_for(subject: Subject, at: Mapping[str, Any]) -> Sizes:
    """The lengths of named dimensions: those at the point, or of an example."""
    if not at:
        return random_point(subject.graph, 0)[1]
    return bind_sizes({i.name: i.shape for i in subject.graph.inputs}, {n: np.shape(v) for n, v in at.items()})


def step(found: Layered) -> NumberedStep | None:
    """A step at the reader's point or an example; None where a function has no formula."""
    if has_unknown(found.subject.graph):
        return None
    at = example(found.subject)
    entries = [np.size(value) for value in values_at([*found.subject.graph.inputs, *found.places], at)]
    small = max(entries) <= MOST_ENTRIES and sum(entries) <= MOST_IN_ALL
    at = at if small or found.subject.at else _tamed(found, at)
    trial = _tried(found, at)
    blocks = [_point(found, at, small), *(_forward_and_back(found, at) if small else [])]
    blocks += [_rule(found, trial), *(_update(found, at, trial.rate) if small else []), _outcome(found, trial)]
    return NumberedStep(Section("A step with numbers", tuple(blocks)), at)


def _tamed(found: Layered, at: Mapping[str, Any]) -> dict[str, Any]:
    """The point with smaller weights where layers are wide, so that sums do not grow with their number of terms."""
    tamed = dict(at)
    for link in found.network.links:
        if link.weight is not None and link.source_axis is not None:
            array = np.asarray(at[link.weight.name])
            tamed[link.weight.name] = np.round(array / np.sqrt(array.shape[link.source_axis]), 3)
    return tamed


def _point(found: Layered, at: Mapping[str, Any], small: bool) -> Block:
    """Where the numbers are taken."""
    if small:
        return Paragraph(("At ", *point_of(at), ":"))
    own = "At the given numbers" if found.subject.at else "At numbers drawn at random"
    return Paragraph((f"{own}; the arrays are too large to be printed.",))


def _forward_and_back(found: Layered, at: Mapping[str, Any]) -> list[Block]:
    """For each sum its value, what comes out, its error; then the loss."""
    places = sorted(found.sums, key=found.layer_of)
    outputs = [found.sums[z].output for z in places]
    nodes = [*places, *outputs, *map(found.error, places), found.loss]
    values = dict(zip(nodes, values_at(nodes, at), strict=True))

    def shown(node: Node) -> Sentence:
        return (Math(node), " = ", Value(node, values[node]))

    rows: list[tuple[str, tuple[Sentence, ...]]] = []
    for z, a in zip(places, outputs, strict=True):
        out = shown(a) if a in found.outputs and a is not z else ("",)
        rows.append((str(found.layer_of(z)), (shown(z), out, shown(found.error(z)))))
    rows.append(("", (("",), shown(found.loss), ("",))))
    if any(place.shape for place in found.places):
        return [_line(f"Layer {number}: " if number else "", cells) for number, cells in rows]
    # A layer's number stands beside its first unit.
    numbers = [number if k == 0 or rows[k - 1][0] != number else "" for k, (number, _) in enumerate(rows)]
    head: tuple[Sentence, ...] = (("layer",), ("what goes in",), ("what comes out",), ("error",))
    return [Table(head, tuple(((number,), *cells) for number, (_, cells) in zip(numbers, rows, strict=True)))]


def _update(found: Layered, at: Mapping[str, Any], rate: float) -> list[Block]:
    """For each weight w, its derivative, and what it is after the step."""
    weights = found.parameters
    slopes = [derivative(found.loss, w) for w in weights]
    moved = [w - rate * slope for w, slope in zip(weights, slopes, strict=True)]
    values = values_at([*weights, *slopes, *moved], at)
    n = len(weights)
    rows: list[tuple[Value, ...]] = []
    for k, w in enumerate(weights):
        nodes = ((w, values[k]), (slopes[k], values[n + k]), (moved[k], values[2 * n + k]))
        rows.append(tuple(Value(node, value) for node, value in nodes))
    if any(w.shape for w in weights):
        pairs = zip(weights, slopes, rows, strict=True)
        return [
            _line("", ((Math(d), " = ", slope), (Name(found.name_of(w)), " := ", new)))
            for w, d, (_, slope, new) in pairs
        ]
    head: tuple[Sentence, ...] = (("weight",), ("before",), (Math(_by_weight(found)),), ("after",))
    cells: list[tuple[Sentence, ...]] = []
    for w, row in zip(weights, rows, strict=True):
        cells.append(((Name(found.name_of(w)),), *((value,) for value in row)))
    return [Table(head, tuple(cells))]


def _line(start: str, cells: Sequence[Sentence]) -> Paragraph:
    """Arrays one after the other, in a line that can be broken."""
    pieces: list[Piece] = [start] if start else []
    for k, cell in enumerate(cell for cell in cells if cell != ("",)):
        pieces += [", ", *cell] if k else cell
    return Paragraph((*pieces, "."))


def _by_weight(found: Layered) -> Node:
    return D.make((Input.of(found.name_of(found.loss), ()), Input.of("w", ())), ())


@dataclass(frozen=True, eq=False)
class _Trial:
    """A learning rate, the loss before and after a step with it, and whether it falls."""

    rate: float
    now: Value
    then: Value

    @property
    def falls(self) -> bool:
        """Whether the step made it smaller."""
        return bool(self.then.value < self.now.value)


def _tried(found: Layered, at: Mapping[str, Any]) -> _Trial:
    """A step with the largest rate of 1, 0.1, 0.01, … with which the loss falls; with the smallest where none is."""
    loss, weights = found.loss, found.parameters
    slopes = reverse({loss: constant(1, "float")}, weights)
    after = [substitute([loss], {w: w - rate * slopes.get(w) for w in weights})[0] for rate in _RATES]
    # Adding zero takes the sign from what is rounded to -0.
    first, *values = (float(value) + 0.0 for value in values_at([loss, *after], at))
    now = Value(loss, first, 6)
    trials = [_Trial(*row) for row in zip(_RATES, [now] * len(after), map(_six, after, values), strict=True)]
    return next((trial for trial in trials if trial.falls), trials[-1])


def _six(node: Node, value: float) -> Value:
    return Value(node, value, 6)


def _rule(found: Layered, trial: _Trial) -> Paragraph:
    """How the weights change, and where the learning rate comes from."""
    pieces: list[Piece] = [
        "Every weight is moved against its derivative: ", Name("w"), " := ", Name("w"), " − ", Name("alpha"), " ",
        Math(_by_weight(found)), ". The ", Term("learning rate", "learning rate"), " ", Name("alpha"),
        f" = {trial.rate:g} was found by trying 1, 0.1, 0.01, …: ",
    ]  # fmt: skip
    name = Name(found.name_of(found.loss))
    if trial.falls:
        return Paragraph((*pieces, "it is the first with which ", name, " gets smaller."))
    return Paragraph((*pieces, "with none of them ", name, " gets smaller."))


def _outcome(found: Layered, trial: _Trial) -> Paragraph:
    """The loss before and after."""
    name = Name(found.name_of(found.loss))
    verb = " falls from " if trial.falls else " goes from "
    return Paragraph(("Worked out anew with these weights, ", name, verb, trial.now, " to ", trial.then, "."))
