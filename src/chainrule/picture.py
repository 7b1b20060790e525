"""Pictures of functions, as SVG: networks, graphs, values and derivatives on them, tangents, contours and paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .frontend.arguments import Declared
from .frontend.function import Function
from .frontend.trace import Traced
from .ir.errors import ArgumentError
from .ir.graph import Graph
from .ir.node import Input
from .ir.picture import Drawn
from .pipeline import as_function, gradient_graph, wanted
from .run.printed import Program
from .simplify import stabilise

PLOTS = ("tangent", "contours", "path")
DETAILS = ("network", "graph", "full", *PLOTS)
"""What can be drawn of a function."""
SHOWN = ("forward", "backward")
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture: ``svg`` is its text, which needs nothing beside it; Jupyter shows it as it is.

    ``drawn`` has what is seen, as data: `ir.picture.Diagram` or `ir.picture.Plot`.
    """

    drawn: Drawn

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document: as wide as its surroundings allow; light or dark, as the screen is."""
        from .render.svg import draw

        return draw(self.drawn)

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file, and return its path."""
        file = Path(path)
        file.write_text(self.svg, encoding="utf-8")
        return file

    def __str__(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<picture: {self.drawn.title}>"

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return f'<div style="max-width: 700px">{self.svg}</div>'


def picture(
    f: Callable[..., Any],
    *,
    at: Mapping[str, Any] | None = None,
    detail: str | None = None,
    show: str | None = None,
    wrt: str | Sequence[str] | None = None,
) -> Picture:
    """A function as a picture; ``.save(path)`` it, or let Jupyter show it.

    ``detail``: "network" (units as circles, weights at the edges), "graph" (a vertex for each operation, boxes for what
    has a name where these are many), "full" (a vertex for every multiplication, sum and function of single numbers).
    Unless told: the network where layers are found, else the graph. ``show``: "forward" puts the values at a point on
    it, "backward" also the derivatives of the result by each thing, flowing back. ``at``: the point, a value for each
    argument; drawn at random where it is left out. ``wrt``: the arguments that derivatives flow to, the weights (or
    all floats) unless told.

    For scalar calculus: "tangent" (a function of one number with its tangent and secants), "contours" (of two numbers,
    or a vector of two, with the gradient), "path" (steps of descent; or, where ``at`` has a row of values for each of
    two numbers, that path). ``wrt`` names what varies, where a function has more arguments.

    Raises ValueError for an unknown detail or show; ArgumentError where a function has no layers, or not as many
    numbers as a plot has axes, or lacks an argument; and what `value_and_grad` raises.
    """
    if detail is not None and detail not in DETAILS:
        raise ValueError(f"{detail!r} is nothing that can be drawn; there are {', '.join(DETAILS)}")
    if show is not None and show not in SHOWN:
        raise ValueError(f"{show!r} cannot be shown; there are {', '.join(SHOWN)}, or None for no numbers")
    function = as_function(f)
    if detail in PLOTS:
        if show is not None:
            raise ValueError(f"show={show!r} belongs to a network or a graph; {detail} has its numbers on its axes")
        return Picture(_plot(function, str(detail), at, wrt))
    return Picture(_diagram(function, detail, show, at, wrt))


def _diagram(
    function: Function, detail: str | None, show: Any, at: Mapping[str, Any] | None, wrt: str | Sequence[str] | None
) -> Drawn:
    """A network or a graph."""
    from .explain.pictures import diagram, example, flowing_to, layers

    bound = None if at is None else function.bind((), at)
    traced = function.trace(bound)
    inputs = _inputs(function, traced, wrt)
    graph = traced.graph
    point = None if bound is None else traced.flatten(bound)
    if show is not None:
        network = layers(graph, detail, inputs)
        told = example(graph, network) if point is None else point
        moving = flowing_to(graph, network, inputs) if show == "backward" else ()
        graph = _running(traced, told, moving)
    return diagram(graph, detail, show=show, at=point, wrt=inputs)


def _running(traced: Traced, point: Mapping[str, np.ndarray], moving: Sequence[Input]) -> Graph:
    """The function's graph whose numbers are those that run: as it was written, where these agree, else the stable one.

    Raises what `value_and_grad` raises.
    """
    from .explain.evaluate import deviation
    from .explain.pictures.point import numbers

    written = traced.graph
    runs = gradient_graph(traced, moving).graph if moving else Graph(written.inputs, stabilise(written).outputs)
    results = Program(runs, traced.function)(point)
    found = numbers(written, point, moving)
    loss = written.outputs[0]
    gradients = [found.deltas.get(node, np.zeros(np.shape(point[node.name]))) for node in moving]
    values = [found.values[loss], *gradients]
    expected = [results[0], *results[len(written.outputs) :]][: len(values)]
    agree = all(deviation(a, b) < _TOLERANCE for a, b in zip(values, expected, strict=True))
    return written if agree else stabilise(written)


def _inputs(function: Function, traced: Traced, wrt: str | Sequence[str] | None) -> list[Input]:
    return [] if wrt is None else [i for group in wanted(function, traced, wrt).values() for i in group]


# ---------------------------------------------------------------------------------------------- plots


def _plot(function: Function, detail: str, at: Mapping[str, Any] | None, wrt: str | Sequence[str] | None) -> Drawn:
    """A tangent, contours or a path."""
    from .explain.pictures import plots
    from .explain.pictures.point import example_point

    rows = _rows(function, at) if detail == "path" else {}
    start = None if at is None else {n: np.asarray(v, float)[0] if n in rows else v for n, v in at.items()}
    bound = None if start is None else function.bind((), start)
    traced = function.trace(bound)
    point = example_point(traced.graph) if bound is None else traced.flatten(bound)
    inputs = _varying(function, traced, list(rows) if rows and wrt is None else wrt, point, detail)
    gradient_graph(traced, inputs)
    places = [(node, index) for node in inputs for index in np.ndindex(np.shape(point[node.name]))]
    field = plots.Field(stabilise(traced.graph), tuple(places), point)
    if rows:
        columns = [np.reshape(np.asarray((at or {})[node.name], float), (len(rows[node.name]), -1)) for node in inputs]
        spots = np.concatenate(columns, axis=1)
        return plots.along(field, [(float(a), float(b)) for a, b in spots])
    draw = {"tangent": plots.tangent, "contours": plots.contours, "path": plots.descent}[detail]
    return draw(field)


def _rows(function: Function, at: Mapping[str, Any] | None) -> dict[str, Any]:
    """The arguments that are given a row of values each: one axis more than was declared."""
    declared = {n: d for n, d in function.declared.items() if isinstance(d, Declared)}
    return {
        name: value
        for name, value in (at or {}).items()
        if name in declared and np.ndim(value) == len(declared[name].shape) + 1
    }


def _varying(
    function: Function, traced: Traced, wrt: str | Sequence[str] | None, point: Mapping[str, np.ndarray], detail: str
) -> list[Input]:
    """The inputs that vary: those that are named, else the first ones that are as many numbers as there are axes."""
    wanted_counts = {"tangent": (1,), "contours": (2,), "path": (1, 2)}[detail]
    floats = [node for node in traced.graph.inputs if node.kind == "float"]
    named = _inputs(function, traced, wrt)
    for inputs in [named] if named else [floats, floats[:1]]:
        if sum(np.size(point[node.name]) for node in inputs) in wanted_counts:
            return inputs
    axes = {"tangent": "one number", "contours": "two numbers, or a vector of two", "path": "one or two numbers"}[
        detail
    ]
    chosen = ", ".join(f"{n.name} ({np.size(point[n.name])})" for n in named or floats) or "no float argument"
    example = "wrt='x'" if wanted_counts == (1,) else "wrt=['x', 'y']"
    raise ArgumentError(
        f"detail={detail!r} draws a function of {axes}; {function.name} has {chosen}: name what varies, as in {example}"
    )
