"""Numbers for a telling: the reader's own, or a small example; and what formulas are at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.dims import bind_sizes
from ..ir.graph import Graph, toposort
from ..ir.node import Input, Map, Node
from ..ir.telling import Name, Piece, Sentence, Value
from ..run.interpret import interpret
from .evaluate import finite_point, without_derivatives
from .properties import rounded
from .subject import Subject


def has_unknown(graph: Graph) -> bool:
    """Whether a function without a formula (`symbol`) is in the graph, so that it has no numbers."""
    return any(isinstance(node, Map) and node.op.symbol is not None for node in toposort(graph.outputs))


def example(subject: Subject) -> dict[str, np.ndarray]:
    """The reader's numbers for the inputs, or numbers of one decimal; named dimensions are small and distinct.

    Raises ArithmeticError where no point is found at which everything is finite.
    """
    if subject.at:
        return {name: np.asarray(value) for name, value in subject.at.items()}
    nodes = [subject.loss, *subject.gradients.values()]
    for seed in range(8):
        values, sizes = finite_point(subject.graph, nodes, seed)
        short = {node.name: rounded(node, values[node.name]) for node in subject.graph.inputs}
        results = interpret(nodes, short, dtype=np.float64, sizes=sizes)
        if all(np.all(np.isfinite(result)) for result in results):
            return short
    raise ArithmeticError("no example was found where everything is finite")


def values_at(nodes: Sequence[Node], at: Mapping[str, Any], inputs: Sequence[Input] = ()) -> list[Any]:
    """What the nodes are at a point that names all their inputs; derivatives in them by forward mode.

    The shapes of further ``inputs`` say how long a dimension is that no input of the nodes has.
    """
    values = {name: np.asarray(value) for name, value in at.items()}
    worked_out = without_derivatives(nodes)
    shapes = {node.name: node.shape for node in (*inputs, *toposort(worked_out)) if isinstance(node, Input)}
    sizes = bind_sizes(shapes, {name: value.shape for name, value in values.items()})
    return interpret(worked_out, values, dtype=np.float64, sizes=sizes)


def point_of(at: Mapping[str, Any]) -> Sentence:
    """``x = 1.5, y = 2``: the numbers of a point, to stand in a sentence."""
    pieces: list[Piece] = []
    for name, value in at.items():
        pieces += [", "] if pieces else []
        pieces += [Name(name), " = ", Value(Input.of(name, np.shape(value)), value)]
    return tuple(pieces)
