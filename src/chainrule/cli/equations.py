"""A function and its gradients as equations, a line for each thing that has a name."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.graph import toposort
from ..ir.node import Input
from ..pipeline import GradientGraph
from ..render import Letters, NotationName, Reading, equation


@dataclass(frozen=True)
class Equations:
    """The lines of the forward pass, then those of the backward pass, in the order in which they are worked out."""

    forward: list[str]
    backward: list[str]


def equations(
    gradients: GradientGraph, notation: NotationName = "text", reading: Reading = "matrix", *, loss: str | None = None
) -> Equations:
    """The equations of a function and its gradients.

    ``loss`` is what is written on top of ∂…/∂w: the name of the function's result unless told.
    """
    graph = gradients.graph
    names = dict(graph.names)
    names.setdefault(graph.outputs[0], gradients.traced.function)
    for wrt, node in zip(gradients.wrt, gradients.gradients, strict=True):
        # A gradient that is a number or another's twin has no name of its own in the graph.
        if node not in names:
            names[node] = f"d_{names.get(wrt, wrt.name)}"
    letters = Letters.for_nodes(graph.outputs, names.values())
    loss = names[graph.outputs[0]] if loss is None else loss
    own = set(toposort(graph.outputs[: gradients.values]))
    forward: list[str] = []
    backward: list[str] = []
    for node in graph.nodes():
        if node in names and not isinstance(node, Input):
            line = equation(node, node, notation, reading, names=names, letters=letters, loss_name=loss)
            (forward if node in own else backward).append(line)
    return Equations(forward, backward)
