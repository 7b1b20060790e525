"""Pictures of scalar calculus: a tangent, contours with the gradient, and a path."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ...derive import reverse
from ...ir.build import constant
from ...ir.graph import Graph
from ...ir.node import Input
from ...ir.picture import Arrow, Axis, Curve, Dot, Label, Line, Number, Plot, Spot, Symbol
from ...run.printed import Program
from .contour import contour, framed, ticks

STEPS = 12
"""Steps of descent that are drawn."""
_SAMPLES, _GRID, _LEVELS, _HALVINGS = 201, 61, 12, 14
_SECANTS = (1.0, 0.5, 0.25)


@dataclass(frozen=True, eq=False)
class Field:
    """A function of one or two numbers: the first output of a graph, where ``places`` vary and the rest is held.

    A place is an input with the position of the entry that varies (an empty one for a single number).
    """

    graph: Graph
    places: tuple[tuple[Input, tuple[int, ...]], ...]
    at: Mapping[str, np.ndarray]

    @cached_property
    def _value(self) -> Program:
        return Program(Graph(self.graph.inputs, self.graph.outputs[:1]))

    @cached_property
    def _gradient(self) -> Program:
        moving = list(dict.fromkeys(node for node, _ in self.places))
        found = reverse({self.graph.outputs[0]: constant(1, "float")}, moving)
        return Program(Graph(self.graph.inputs, tuple(found.get(node) for node, _ in self.places)))

    def point(self, spot: Sequence[float]) -> dict[str, np.ndarray]:
        """The arguments, with the varying numbers put in."""
        values = {
            name: np.array(v, np.float64 if np.asarray(v).dtype.kind == "f" else None) for name, v in self.at.items()
        }
        for (node, index), number in zip(self.places, spot, strict=True):
            values[node.name] = values[node.name].astype(np.float64)
            values[node.name][index] = number
        return values

    def __call__(self, *spot: float) -> float:
        """The value."""
        return float(self._value(self.point(spot))[0])

    def slopes(self, *spot: float) -> tuple[float, ...]:
        """The partial derivatives, by reverse mode."""
        found = self._gradient(self.point(spot))
        return tuple(float(array[index]) for array, (_, index) in zip(found, self.places, strict=True))

    @property
    def start(self) -> tuple[float, ...]:
        """The varying numbers at the point."""
        return tuple(float(np.asarray(self.at[node.name])[index]) for node, index in self.places)

    def symbol(self, k: int) -> Symbol:
        """The name of a varying number."""
        node, index = self.places[k]
        return Symbol(self.graph.names.get(node, node.name), tuple(str(i + 1) for i in index))

    @property
    def name(self) -> Symbol:
        """The name of the function."""
        return Symbol(self.graph.names.get(self.graph.outputs[0], "f"))


def tangent(field: Field) -> Plot:
    """A function of one number, its tangent at a point, and secants that come near it."""
    (x0,) = field.start
    y0, (slope,) = field(x0), field.slopes(x0)
    half = max(2.0, abs(x0) / 2)
    x = (x0 - half, x0 + half)
    points = _samples(field, x)
    y = _range([v for _, v in points], y0)
    curves = _framed("function", points, x, y, (field.name, "(", field.symbol(0), ")"))
    for n, h in enumerate(h for h in _SECANTS if math.isfinite(field(x0 + h))):
        steep = (field(x0 + h) - y0) / h
        label: Label = ("secant, ", Symbol("h"), " = ", Number(h), ": slope ", Number(steep))
        curves += _framed("secant", _line(x0, y0, steep, x), x, y, label, 0.9 - 0.25 * (2 - n))
    curves += _framed("tangent", _line(x0, y0, slope, x), x, y, ("tangent: slope ", Number(slope)))
    dot = Dot((x0, y0), ("(", Number(x0), ", ", Number(y0), ")"))
    caption = Line(("as ", Symbol("h"), " gets smaller, the secants turn into the tangent"), "quiet")
    return Plot(
        f"The tangent of {field.name.name}",
        f"The curve, its tangent at {field.symbol(0).name} = {x0:g} with the slope {slope:.6g}, and secants.",
        Axis((field.symbol(0),), *x, ticks(*x)), Axis((field.name,), *y, ticks(*y)),
        tuple(curves), (), (dot,), (caption,),
    )  # fmt: skip


def contours(field: Field) -> Plot:
    """A function of two numbers as lines of equal value; at a point its gradient, and the direction of descent."""
    spot, slopes = field.start, field.slopes(*field.start)
    half = max(2.0, 0.75 * max(map(abs, spot)))
    x, y = ((c - half, c + half) for c in spot)
    arrows: tuple[Arrow, ...] = ()
    length = math.hypot(*slopes)
    if length > 0 and math.isfinite(length):
        dx, dy = (0.45 * half * s / length for s in slopes)
        gradient: Label = ("∇", field.name, " = (", Number(slopes[0]), ", ", Number(slopes[1]), ")")
        arrows = (
            Arrow("gradient", _pair(spot), (spot[0] + dx, spot[1] + dy), gradient),
            Arrow("descent", _pair(spot), (spot[0] - dx, spot[1] - dy), ("−∇", field.name)),
        )
        caption: Label = (
            "the gradient stands at right angles to the contour, and points to where ",
            field.name,
            " rises most",
        )
    else:
        caption = ("the gradient is zero here",)
    value = field(*spot)
    return _plane(
        field, x, y, arrows, (Dot(_pair(spot), (field.name, " = ", Number(value))),), (), (Line(caption, "quiet"),),
        f"Contours of {field.name.name}",
        f"Lines of equal value; at ({spot[0]:g}, {spot[1]:g}) the gradient is ({slopes[0]:.6g}, {slopes[1]:.6g}).",
        value,
    )  # fmt: skip


def descent(field: Field) -> Plot:
    """Steps of gradient descent from a point, on the contours of a function of two numbers, or on the curve of one."""
    rate, spots = _descent(field)
    told: Label = (f"{len(spots) - 1} steps of gradient descent, learning rate ", Number(rate, 5), ": ", field.name)
    told = (*told, " falls from ", Number(field(*spots[0])), " to ", Number(field(*spots[-1])))
    title = f"Gradient descent on {field.name.name}"
    text = f"{len(spots) - 1} steps with the learning rate {rate:g}."
    if len(field.places) == 1:
        return _on_the_curve(field, [s[0] for s in spots], Line(told, "quiet"), title, text)
    return _with_path(field, [_pair(s) for s in spots], Line(told, "quiet"), title, text)


def along(field: Field, spots: Sequence[Spot]) -> Plot:
    """A path through the plane, on the contours of a function of two numbers."""
    values = [field(*spot) for spot in spots]
    told: Label = ("on the way ", field.name, " goes from ", Number(values[0]), " to ", Number(values[-1]))
    title = f"A path on the contours of {field.name.name}"
    return _with_path(field, list(spots), Line(told, "quiet"), title, f"{len(spots)} points of a path.")


# ---------------------------------------------------------------------------------------------- parts


def _pair(spot: Sequence[float]) -> Spot:
    return spot[0], spot[1]


def _descent(field: Field) -> tuple[float, list[tuple[float, ...]]]:
    """The steps with half the greatest learning rate of 1, ½, ¼, … with which the function falls at every step."""
    rate = 1.0
    for _ in range(_HALVINGS):
        if _falls(field, _steps(field, rate)):
            break
        rate /= 2
    return rate / 2, _steps(field, rate / 2)


def _steps(field: Field, rate: float) -> list[tuple[float, ...]]:
    """Steps of descent with a learning rate; they end where the gradient does."""
    spots = [field.start]
    for _ in range(STEPS):
        slopes = field.slopes(*spots[-1])
        moved = tuple(p - rate * s for p, s in zip(spots[-1], slopes, strict=True))
        if not all(map(math.isfinite, moved)) or max(map(abs, slopes)) < 1e-9:
            break
        spots.append(moved)
    return spots


def _falls(field: Field, spots: Sequence[tuple[float, ...]]) -> bool:
    """Whether the function gets smaller with each step."""
    return all(field(*after) < field(*before) for before, after in pairwise(spots))


def _on_the_curve(field: Field, places: Sequence[float], told: Line, title: str, text: str) -> Plot:
    low, high = min(places), max(places)
    room = max(1.0, 0.4 * (high - low))
    x = (low - room, high + room)
    points = _samples(field, x)
    dots = [(p, field(p)) for p in places]
    y = _range([v for _, v in points], *(v for _, v in dots))
    curves = _framed("function", points, x, y, (field.name, "(", field.symbol(0), ")"))
    curves.append(Curve("path", tuple(dots), ("steps of descent",)))
    marked = [Dot(spot, kind="step") for spot in dots[1:]]
    return Plot(
        title, text, Axis((field.symbol(0),), *x, ticks(*x)), Axis((field.name,), *y, ticks(*y)), tuple(curves), (),
        (Dot(dots[0], ("start",)), *marked), (told,),
    )  # fmt: skip


def _with_path(field: Field, spots: Sequence[Spot], told: Line, title: str, text: str) -> Plot:
    ranges = []
    half = max(1.0, 0.65 * max(max(s[k] for s in spots) - min(s[k] for s in spots) for k in (0, 1)))
    for k in (0, 1):
        middle = (max(s[k] for s in spots) + min(s[k] for s in spots)) / 2
        ranges.append((middle - half, middle + half))
    few = len(spots) <= 2 * STEPS
    dots = [
        Dot(spots[0], ("start",)),
        *([Dot(s, kind="step") for s in spots[1:]] if few else [Dot(spots[-1], ("end",))]),
    ]
    path = Curve("path", tuple(spots))
    return _plane(field, ranges[0], ranges[1], (), tuple(dots), (path,), (told,), title, text)


def _plane(
    field: Field, x: tuple[float, float], y: tuple[float, float], arrows: tuple[Arrow, ...], dots: tuple[Dot, ...],
    more: tuple[Curve, ...], caption: tuple[Line, ...], title: str, text: str,
    through: float | None = None,
) -> Plot:  # fmt: skip
    """Contours in a square, with what else is drawn."""
    xs, ys = np.linspace(*x, _GRID), np.linspace(*y, _GRID)
    z = np.array([[field(float(a), float(b)) for b in ys] for a in xs])
    known = z[np.isfinite(z)]
    levels = ticks(float(known.min()), float(np.quantile(known, 0.97)), _LEVELS) if known.size else ()
    curves = [
        Curve("contour", line, mark=(Number(level),), shade=0.35 + 0.65 * n / max(1, len(levels) - 1))
        for n, level in enumerate(levels)
        for line in contour(xs, ys, z, level)
    ]
    if through is not None:
        curves += [Curve("contour", line, shade=1.0) for line in contour(xs, ys, z, through)]
    return Plot(
        title, text, Axis((field.symbol(0),), *x, ticks(*x)), Axis((field.symbol(1),), *y, ticks(*y)),
        (*curves, *more), arrows, dots, caption, square=True,
    )  # fmt: skip


def _samples(field: Field, x: tuple[float, float]) -> list[Spot]:
    return [(float(v), field(float(v))) for v in np.linspace(*x, _SAMPLES)]


def _line(x0: float, y0: float, slope: float, x: tuple[float, float]) -> list[Spot]:
    return [(v, y0 + slope * (v - x0)) for v in x]


def _range(values: Sequence[float], *shown: float) -> tuple[float, float]:
    """From where to where an axis goes: what is finite and no outlier, and what is shown in any case."""
    finite = np.array([v for v in values if math.isfinite(v)] or [0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    near, far = np.quantile(finite, (0.1, 0.9))
    if high - low > 8 * (far - near) > 0:
        # A pole: most of the curve counts.
        low, high = float(near - (far - near)), float(far + (far - near))
    low, high = min(low, *shown), max(high, *shown)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _framed(
    kind: str, points: Sequence[Spot], x: tuple[float, float], y: tuple[float, float], label: Label, shade: float = 1.0
) -> list[Curve]:
    """A curve cut to the frame; its label goes with the first piece."""
    pieces = framed(points, x, y)
    return [Curve(kind, p, label if not n else (), shade=shade) for n, p in enumerate(pieces)]  # type: ignore[arg-type]
