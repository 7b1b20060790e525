"""Numbers for a picture: a point, what every node is there, and what the loss's derivative by it is."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...derive import reverse
from ...ir.build import constant
from ...ir.dims import Dim, Extent, Sizes
from ...ir.graph import Graph
from ...ir.node import Gather, Input, Node, Scatter
from ...run.interpret import bind, interpret
from ..properties import rounded, with_properties

_EXAMPLES = (3, 2, 4, 5, 6, 7, 8, 9)
"""Sizes of named dimensions, in order of appearance, where no numbers are given."""
_TRIES, _MANY = 20, 6


@dataclass(frozen=True, eq=False)
class Numbers:
    """The value of every node of a graph at a point; and for each that the loss depends on its derivative by it."""

    values: Mapping[Node, np.ndarray]
    deltas: Mapping[Node, np.ndarray]


def numbers(graph: Graph, at: Mapping[str, Any], wrt: Iterable[Node] = ()) -> Numbers:
    """Every node's value at a point; with ``wrt`` the derivatives of the first output by all that lies on the way.

    ``at`` has an array for each input. Values are the interpreter's, derivatives those of reverse mode.
    """
    loss = graph.outputs[0]
    flows = dict(reverse({loss: constant(1, "float")}, list(wrt)).of) if wrt else {}
    values: dict[Node, np.ndarray] = {}

    def watch(node: Node, value: Any) -> None:
        values[node] = np.asarray(value)

    interpret([loss, *flows.values()], at, sizes=bind(graph.inputs, at), watch=watch)
    deltas = {node: values[flow] for node, flow in flows.items()}
    return Numbers(values, deltas)


def example_point(
    graph: Graph, single: Collection[Dim] = (), fans: Mapping[Input, Extent] | None = None, seed: int = 0
) -> dict[str, np.ndarray]:
    """Values for the inputs, drawn from a seed and rounded to one decimal, where the loss is finite.

    Dimensions in ``single`` are one long (one sample shows more than many), the others small and distinct. Where a sum
    has many terms, its weights are drawn small: ``fans`` has, for weights, how many are summed.
    Raises ArithmeticError where no such point is found.
    """
    taken = {extent for node in graph.inputs for extent in node.shape if isinstance(extent, int)}
    free = iter([n for n in _EXAMPLES if n not in taken] + list(range(10, 1000)))
    sizes = Sizes({dim: 1 if dim in single else next(free) for dim in graph.dims()})
    for attempt in range(_TRIES):
        rng = np.random.default_rng(seed + attempt)
        drawn = {node: _drawn(node, graph, sizes, rng, attempt >= _TRIES // 2) for node in graph.inputs}
        values = {node.name: rounded(node, with_properties(node, value)) for node, value in drawn.items()}
        for node, fan in (fans or {}).items():
            if sizes.extent(fan) > _MANY:
                values[node.name] = np.round(values[node.name] * math.sqrt(2 / sizes.extent(fan)), 2)
        (loss,) = interpret(graph.outputs[:1], values, sizes=sizes)
        if np.all(np.isfinite(loss)):
            return values
    raise ArithmeticError("no point was found where the function is finite: give one (at=…)")


def _drawn(node: Input, graph: Graph, sizes: Sizes, rng: np.random.Generator, positive: bool) -> np.ndarray:
    """Values for an input: floats of both signs, integers that stay inside the axes they choose from."""
    shape = sizes.of(node.shape)
    match node.kind:
        case "float":
            drawn = rng.uniform(0.2, 1.8, shape)
            return np.asarray(np.round(drawn if positive else drawn * rng.choice([-1.0, 1.0], shape), 1))
        case "bool":
            return np.asarray(rng.integers(0, 2, shape).astype(bool))
        case "int":
            return np.asarray(rng.integers(0, _limit(node, graph, sizes), shape))


def _limit(node: Input, graph: Graph, sizes: Sizes) -> int:
    """How many entries an index may choose from."""
    limits = [
        sizes.extent(user.args[0].shape[user.params[0]] if isinstance(user, Gather) else user.params[2])
        for user in graph.nodes()
        if isinstance(user, (Gather, Scatter)) and user.args[1] is node
    ]
    return min(limits, default=2)
