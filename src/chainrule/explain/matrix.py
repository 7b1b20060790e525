"""The matrix form, for practitioners: a row for each intermediate, forward and backward, and the closed form."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.derivation import Derivation, Row, Step
from ..ir.graph import Graph
from ..ir.node import Einsum, Input, Map, Node, Reduce
from .differentiate import derivative


def matrix(graph: Graph, gradients: Mapping[Node, Node], gradient: Node, wrt: Input) -> Derivation:
    """The derivation of ∂loss/∂wrt as a table from the loss backwards.

    ``graph`` holds the function, its first output the loss; ``gradients`` gives the gradient of each named
    intermediate on the way to wrt, and ``gradient`` that of wrt, which ends the table.
    """
    loss = graph.outputs[0]
    forward = [n for n in graph.nodes() if n in graph.names and n in gradients and n is not loss and n.args]
    rows = [Row(graph.names[loss], loss, None, "the loss")] if loss in graph.names else []
    steps = []
    for node in reversed(forward):
        rows.append(Row(graph.names[node], node, gradients[node], _why(node)))
        steps.append(
            Step(derivative(loss, node), gradients[node], "chain rule", _why_back(gradients[node]), graph.names[node])
        )
    rows.append(Row(graph.names.get(wrt, wrt.name), wrt, gradient, "what was asked for"))
    name = graph.names.get(wrt, wrt.name)
    steps.append(Step(derivative(loss, wrt), gradient, "chain rule", _why_back(gradient), name))
    return Derivation("matrix", graph, wrt, tuple(steps), gradient, graph.names, tuple(rows))


def _why(node: Node) -> str:
    """One line on how the derivative goes through a node."""
    match node:
        case Map() | Reduce():
            return node.op.why
        case Einsum() if len(node.args) == 1:
            return "what is summed hands its derivative to every term"
        case Einsum():
            return "each factor's derivative is the other factor, transposed"
        case _:
            return str(node.op.why)


def _why_back(gradient: Node) -> str:
    """One line on how a gradient is put together."""
    match gradient:
        case Einsum() if len(gradient.args) > 1:
            return "the gradient behind it, times the other factor: summed over what both share"
        case Einsum():
            return "shared along an axis, so the gradients of all its uses are summed"
        case Map() if gradient.op.name == "mul":
            return "the gradient behind it, times the slope"
        case Map() if gradient.op.name in ("add", "sub"):
            return "used more than once: the gradients of its uses are added"
        case _:
            return "handed on"
