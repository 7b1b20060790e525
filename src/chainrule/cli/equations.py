"""A function and its gradients as equations, a line for each thing that has a name."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.graph import toposort
from ..ir.node import Input, Node
from ..pipeline import GradientGraph
from ..render import Letters, NotationName, Reading, equation


@dataclass(frozen=True)
class Equation:
    """A line: the name of what stands on the left (``d_w1`` for a gradient), and the whole in some notation."""

    name: str
    formula: str


@dataclass(frozen=True)
class Equations:
    """The lines of the forward pass, then those of the backward pass, in the order in which they are worked out."""

    forward: list[Equation]
    backward: list[Equation]


def equations(
    gradients: GradientGraph, notation: NotationName = "text", reading: Reading = "matrix", *, loss: str | None = None
) -> Equations:
    """The equations of a function and its gradients.

    ``loss`` is what is written on top of ∂…/∂w: the name of the function's result unless told.
    """
    graph = gradients.graph
    names = dict(graph.names)
    names.setdefault(graph.outputs[0], gradients.traced.function)
    wanted = [f"d_{names.get(wrt, wrt.name)}" for wrt in gradients.wrt]
    for node, name in zip(gradients.gradients, wanted, strict=True):
        if not isinstance(node, Input):
            names.setdefault(node, name)
    letters = Letters.for_nodes(graph.outputs, names.values())
    loss = names[graph.outputs[0]] if loss is None else loss

    def line(name: str, node: Node) -> Equation:
        formula = equation(name, node, notation, reading, names=names, letters=letters, loss_name=loss)
        return Equation(name, formula)

    own = set(toposort(graph.outputs[: gradients.values]))
    named = [node for node in graph.nodes() if node in names and not isinstance(node, Input)]
    forward = [line(names[node], node) for node in named if node in own]
    backward = [line(names[node], node) for node in named if node not in own]
    # A gradient that is also something else (an input, an intermediate, that of another) goes by the other's name.
    backward += [
        line(name, node) for name, node in zip(wanted, gradients.gradients, strict=True) if names.get(node) != name
    ]
    return Equations(forward, backward)
