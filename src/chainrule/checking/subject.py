"""What a candidate is compared with: a function, its derived gradient, and the points at which both are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..check.backward import Backward, backward, concrete
from ..explain.evaluate import finite_point
from ..frontend.function import Function
from ..frontend.trace import Traced
from ..ir.dims import Sizes, bind_sizes
from ..ir.graph import Graph
from ..ir.node import Input
from ..ir.registry import call
from ..pipeline import gradient_graph
from ..run.printed import Program

POINTS = 6
"""One at which is searched, and five at which what was found has to hold."""
LEAST = 5
"""No named dimension is shorter, so that a factor of 2 is not taken for one."""
_MOVE = 1e-6


class Subject:
    """A function of which gradients are checked by the arguments ``wrt``, which chooses them from those of its trace.

    ``upstream`` is the name of what a candidate takes as the cotangent of the result; then the function is that times
    its result, added up.
    """

    def __init__(
        self, function: Function, wrt: Any, at: Mapping[str, Any] | None, seed: int, upstream: str = ""
    ) -> None:
        self.function, self.seed, self.upstream = function, seed, upstream
        bound: Mapping[str, Any] = {} if at is None else function.bind((), at)
        self.traced: Traced = function.trace(bound or None)
        self.graph = self._scalar(self.traced.graph)
        self.inputs: list[Input] = wrt(self.traced)
        traced = replace(self.traced, graph=self.graph, result=self.graph.outputs[0])
        derived = gradient_graph(traced, self.inputs).graph
        self.program = Program(derived, self.traced.function)
        if at is None:
            given = dict(finite_point(self.graph, derived.outputs, seed, LEAST)[0])
        else:
            given = dict(self.traced.flatten(bound))
            if upstream:
                value = Program(Graph(self.traced.graph.inputs, self.traced.graph.outputs[:1]), self.traced.function)
                given[upstream] = np.random.default_rng(seed).normal(size=np.shape(value(given)[0]))
        arrays = {name: np.asarray(value) for name, value in given.items()}
        self.eps = max((float(np.finfo(a.dtype).eps) for a in arrays.values() if a.dtype.kind == "f"), default=2e-16)
        """The precision of the arguments; what is right is worked out in float64."""
        self.dtypes = {name: a.dtype for name, a in arrays.items()}
        self.base = {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in arrays.items()}

    def _scalar(self, graph: Graph) -> Graph:
        """The function as one number: an array's entries, or a number, times what is handed in from behind."""
        output = graph.outputs[0]
        if not self.upstream:
            return Graph(graph.inputs, graph.outputs[:1], graph.names)
        upstream = Input.of(self.upstream, output.shape)
        root = output * upstream
        if output.shape:
            root = call("sum", root)
        names = dict(graph.names)
        names.setdefault(output, "out")
        return Graph((*graph.inputs, upstream), (root,), names)

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes of the named dimensions."""
        shapes = {i.name: i.shape for i in self.graph.inputs}
        return bind_sizes(shapes, {n: np.shape(self.base[n]) for n in shapes})

    @cached_property
    def passes(self) -> tuple[Backward, Backward]:
        """The backward pass, a line for each variable, and a line for each operation."""
        graph = concrete(self.graph, self.sizes)
        names = {i.name for i in self.inputs}
        wrt = [i for i in graph.inputs if i.name in names]
        own = {n: name for n, name in graph.names.items() if name != self.traced.function or n is not graph.outputs[0]}
        graph = Graph(graph.inputs, graph.outputs, own)
        return backward(graph, wrt, self.sizes), backward(graph, wrt, self.sizes, fine=True)

    def points(self) -> list[dict[str, Any]]:
        """The base, then points where the arguments that are differentiated by are others; the data stay."""
        points, rng = [self.base], np.random.default_rng(self.seed + 1)
        for _ in range(8 * POINTS):
            if len(points) == POINTS:
                break
            point = dict(self.base)
            for node in self.inputs:
                moved = near(np.asarray(point[node.name]), node.properties, rng)
                # A number that the arguments' own precision has.
                point[node.name] = moved.astype(self.dtypes[node.name]).astype(np.float64)
            if self.upstream:
                drawn = rng.normal(size=np.shape(point[self.upstream]))
                point[self.upstream] = drawn.astype(self.dtypes[self.upstream]).astype(np.float64)
            if all(np.all(np.isfinite(result)) for result in self.program(point)):
                points.append(point)
        return points

    def right(self, point: Mapping[str, Any]) -> tuple[float, dict[str, np.ndarray]]:
        """The value and the derived gradients at a point."""
        value, *gradients = self.program(point)
        return float(value), {i.name: np.asarray(g, np.float64) for i, g in zip(self.inputs, gradients, strict=True)}

    def noise(self, point: Mapping[str, Any], right: Mapping[str, np.ndarray]) -> dict[str, float]:
        """How far rounding in this precision may be from what is right: as far as a small change of all numbers is."""
        rng = np.random.default_rng(self.seed)
        moved: dict[str, float] = dict.fromkeys(right, 0.0)
        for _ in range(2):
            near = {
                n: v * (1 + _MOVE * rng.choice([-1.0, 1.0], np.shape(v))) if np.asarray(v).dtype.kind == "f" else v
                for n, v in point.items()
            }
            for name, there in self.right(near)[1].items():
                change = float(np.max(np.abs(there - right[name]), initial=0)) / _MOVE
                moved[name] = max(moved[name], change if np.isfinite(change) else 0.0)
        return {n: 64 * self.eps * (moved[n] + float(np.max(np.abs(g), initial=0))) + 1e-300 for n, g in right.items()}


def near(value: np.ndarray, declared: frozenset[str], rng: np.random.Generator) -> np.ndarray:
    """Other numbers of the same sort: symmetric, positive or summing to one where those are."""
    positive = value.size > 1 and bool(np.all(value > 0))
    square = value.ndim == 2 and value.shape[0] == value.shape[1] > 1
    if "symmetric" in declared or (square and np.array_equal(value, value.T)):
        scale = rng.uniform(0.7, 1.3, len(value))
        return np.asarray(value * scale[:, None] * scale)
    moved = value * rng.uniform(0.5, 1.5, value.shape)
    if "simplex" in declared or (value.ndim and np.all(value >= 0) and np.allclose(value.sum(-1), 1, 0, 1e-12)):
        return np.asarray(moved / moved.sum(-1, keepdims=True))
    if positive or "positive" in declared:
        return moved
    spread = float(np.std(value)) if value.size > 1 else float(np.max(np.abs(value), initial=0))
    return np.asarray(moved + 0.5 * (spread or 0.3) * rng.normal(size=value.shape))
