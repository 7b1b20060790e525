"""Scalar calculus, directions: the gradient, the linear approximation, and where a function rises fastest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...ir.build import constant
from ...ir.graph import substitute
from ...ir.node import Einsum, Input, Node
from ...ir.telling import Block, Math, Name, Paragraph, Section, Sentence, Table, Term, Value
from ..example import point_of, values_at
from ..subject import Subject
from .calculus import partial, total

_STEPS = (1.0, 0.1, 0.01, 0.001)
_ANGLES = (0, 45, 90, 135, 180)
_SHORT = 1e-5
"""How long a step is whose change stands for the slope in its direction."""


def sections(subject: Subject, at: dict[str, Any]) -> list[Section]:
    """The gradient, the linear approximation, and the steepest direction; ``at`` gets what they need besides."""
    inputs = [x for x in subject.gradients if isinstance(x, Input)]
    if not inputs or len(inputs) != len(subject.gradients):
        return []
    made = [_gradient(subject, at)]
    if at:
        made.append(_approximation(subject, inputs, at))
        if sum(np.size(at[x.name]) for x in inputs) > 1:
            made.append(_steepest(subject, inputs, at))
    return made


def _gradient(subject: Subject, at: Mapping[str, Any]) -> Section:
    """All partial derivatives, put together."""
    f = subject.loss
    head: list[Sentence] = [("by",), ("partial derivative",)]
    rows: list[tuple[Sentence, ...]] = []
    values = values_at(list(subject.gradients.values()), at, subject.graph.inputs) if at else []
    for k, (x, gradient) in enumerate(subject.gradients.items()):
        row: list[Sentence] = [(Name(subject.name_of(x)),), (Math(partial(f, x)), " = ", Math(gradient))]
        rows.append((*row, (Value(gradient, values[k]),)) if at else tuple(row))
    if at:
        head.append(("at the point",))
    what: Sentence = (
        "The ", Term("gradient", "gradient"), " holds the partial derivative by every variable, in its own shape.",
        *((" The point: ", *point_of({x.name: at[x.name] for x in subject.graph.inputs}), ".") if at else ()),
    )  # fmt: skip
    return Section("The gradient", (Paragraph(what), Table(tuple(head), tuple(rows))))


def _approximation(subject: Subject, inputs: Sequence[Input], at: dict[str, Any]) -> Section:
    """The function at points nearby, against its value plus the gradient times the way there."""
    f, name = subject.loss, subject.name_of(subject.loss)
    way = _directions(inputs, at, "v", 1)
    slopes = total([_dot(subject.gradients[x], v) for x, v in zip(inputs, way, strict=True)])
    rows: list[tuple[Sentence, ...]] = []
    worst = 0.0
    for size in _STEPS:
        t = constant(size, "float")
        moved = substitute([f], {x: x + t * v for x, v in zip(inputs, way, strict=True)})[0]
        guess = f + t * slopes
        nodes = [moved, guess, moved - guess, (moved - guess) / (t * t)]
        values = values_at(nodes, at, subject.graph.inputs)
        worst = max(worst, abs(float(values[2])) / max(abs(float(values[0])), 1.0))
        cells: list[Sentence] = [(Value(n, v, d),) for n, v, d in zip(nodes, values, (7, 7, 2, 3), strict=True)]
        rows.append(((f"{size:g}",), *cells))
    where: Sentence = (
        "Near a point a smooth function is almost ", Term("linear", "linear approximation"),
        ": its value there, plus the gradient times the way. Take the way t v, with ",
        *point_of({v.name: at[v.name] for v in way}), ". ",
    )  # fmt: skip
    if worst < 1e-12:
        exact: Sentence = (*where, "Here the two agree wherever one goes: ", Name(name), " is linear.")
        return Section("The linear approximation", (Paragraph(exact),))
    text: Sentence = (*where, "A tenth of the way leaves about a hundredth of the error:")
    head: tuple[Sentence, ...] = (("t",), (Name(name), " there"), ("approximation",), ("error",), ("error / t²",))
    return Section("The linear approximation", (Paragraph(text), Table(head, tuple(rows))))


def _steepest(subject: Subject, inputs: Sequence[Input], at: dict[str, Any]) -> Section:
    """The slope in directions of length one, at several angles with the gradient."""
    f = subject.loss
    gradients = [np.asarray(g) for g in values_at([subject.gradients[x] for x in inputs], at, subject.graph.inputs)]
    flat = np.concatenate([g.ravel() for g in gradients])
    length = float(np.linalg.norm(flat))
    if length < 1e-9:
        text: Sentence = ("The gradient is zero here: to first order no direction leads up or down.",)
        return Section("The steepest direction", (Paragraph(text),))
    along = flat / length
    across = np.random.default_rng(1).normal(size=flat.size)
    across -= (across @ along) * along
    across /= np.linalg.norm(across)
    rows: list[tuple[Sentence, ...]] = []
    for number, angle in enumerate(_ANGLES):
        turned = math.cos(math.radians(angle)) * along + math.sin(math.radians(angle)) * across
        way = _named_directions(inputs, gradients, turned, at, f"u{number}")
        slopes = total([_dot(subject.gradients[x], d) for x, d in zip(inputs, way, strict=True)])
        step = constant(_SHORT, "float")
        moved = substitute([f], {x: x + step * d for x, d in zip(inputs, way, strict=True)})[0]
        change = (moved - f) / step
        values = values_at([slopes, change], at, subject.graph.inputs)
        rows.append(
            ((f"{angle}°",), (Value(slopes, values[0], 3, fixed=True),), (Value(change, values[1], 3, fixed=True),))
        )
    why: Sentence = (
        "Take a direction d of length 1. The slope in that direction is ∇f · d = ‖∇f‖ cos θ, where θ is the angle ",
        "between d and the gradient. It is greatest for θ = 0, along the gradient, where it is ‖∇f‖; zero at a right ",
        "angle, along a contour line; and least for θ = 180°, against the gradient. That is why ",
        Term("descent", "gradient descent"), " goes against it. (The length is fixed: a longer d ",
        "would make any slope greater.)",
    )  # fmt: skip
    head: tuple[Sentence, ...] = (("θ",), ("∇f · d",), (f"measured, over a step of {_SHORT:g}",))
    blocks: tuple[Block, ...] = (Paragraph(why), Table(head, tuple(rows)))
    return Section("The steepest direction", blocks)


def _directions(inputs: Sequence[Input], at: dict[str, Any], prefix: str, seed: int) -> list[Input]:
    """An input for a way in each variable, with numbers of one decimal; their numbers go to ``at``."""
    rng = np.random.default_rng(seed)
    made = []
    for x in inputs:
        name = prefix if len(inputs) == 1 else f"{prefix}_{x.name}"
        while name in at:
            name += "_"
        at[name] = np.round(rng.uniform(0.3, 1.0, np.shape(at[x.name])) * rng.choice([-1.0, 1.0]), 1)
        made.append(Input.of(name, x.shape))
    return made


def _named_directions(
    inputs: Sequence[Input], like: Sequence[np.ndarray], flat: np.ndarray, at: dict[str, Any], prefix: str
) -> list[Input]:
    """A direction through all variables as an input for each; their numbers go to ``at``."""
    made, start = [], 0
    for x, array in zip(inputs, like, strict=True):
        name = f"{prefix}_{x.name}"
        while name in at:
            name += "_"
        at[name] = flat[start : start + array.size].reshape(array.shape)
        start += array.size
        made.append(Input.of(name, x.shape))
    return made


def _dot(a: Node, b: Node) -> Node:
    """The sum of the products of entries."""
    axes = tuple(range(len(a.shape)))
    return Einsum.of([a, b], [axes, axes], (), dict(enumerate(a.shape)))
