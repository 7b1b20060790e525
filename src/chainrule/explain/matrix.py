"""The matrix form, for practitioners: a row for each intermediate, forward and backward, and the closed form."""

from __future__ import annotations

from ..ir.dims import show_shape
from ..ir.node import Einsum, Map, Node, Reduce
from ..ir.telling import Math, Name, Section, Sentence, Step, Table, Telling
from .differentiate import derivative
from .subject import Subject


def matrix(subject: Subject) -> Telling:
    """The derivation as a table from the loss backwards; what was asked for ends it."""
    told = _Rows(subject)
    loss, graph = subject.loss, subject.graph
    forward = [n for n in graph.nodes() if n in graph.names and n in subject.intermediates and n.args]
    if loss in graph.names:
        told.add(loss, None, "the loss")
    for node in reversed(forward):
        if node is not loss and node not in subject.gradients:
            told.add(node, subject.intermediates[node], _why(node))
    for node, gradient in subject.gradients.items():
        told.add(node, gradient, "what was asked for")
    head: tuple[Sentence, ...] = (
        ("",), ("forward",), ("∂", Name(subject.name_of(loss)), "/∂ of it"), ("shape",), ("why",)
    )  # fmt: skip
    table = Table(head, tuple(told.rows), tuple(told.claims))
    return Telling("matrix", graph, subject.closed, graph.names, (Section("", (table,)),), at=subject.at)


class _Rows:
    """The rows of the table, and the equalities that they state."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.rows: list[tuple[Sentence, ...]] = []
        self.claims: list[Step] = []
        self.names = dict(subject.names)
        for node, gradient in {**subject.intermediates, **subject.gradients}.items():
            # A gradient that is a number or an input goes by what it is.
            if gradient.args:
                self.names.setdefault(gradient, f"d_{subject.name_of(node)}")

    def add(self, node: Node, gradient: Node | None, why: str) -> None:
        """A row for a node; the loss has no gradient but 1."""
        name = self.subject.name_of(node)
        forward: Sentence = (Math(node, opened=frozenset([node])),) if node.args else ("given",)
        backward: Sentence = ("1",)
        if gradient is not None:
            backward = (Math(gradient, opened=frozenset([gradient]), names=self.names, gradients=True),)
            reason = why_back(gradient)
            self.claims.append(Step(derivative(self.subject.loss, node), gradient, "chain rule", reason, name))
        self.rows.append(((Name(name),), forward, backward, (show_shape(node.shape),), (why,)))


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


def why_back(gradient: Node) -> str:
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
