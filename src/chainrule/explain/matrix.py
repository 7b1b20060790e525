"""The matrix form, for practitioners: a row for each intermediate, forward and backward, and the closed form."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.dims import show_shape
from ..ir.graph import describe, toposort
from ..ir.node import Einsum, Input, Map, Node, Reshape
from ..ir.telling import Math, Name, Paragraph, Section, Sentence, Step, Table, Telling
from ..simplify.canonical import canonical
from ..simplify.pattern import spread_scalar
from ..simplify.telling import told
from .components.arrays import product_shapes, transposed_sides
from .components.differentiate import derivative
from .components.numbers import nudged, point
from .conventions import conventions
from .subject import Subject


def matrix(subject: Subject) -> Telling:
    """The derivation as a table from the loss backwards; what was asked for ends it."""
    told = _Rows(subject)
    loss, graph = subject.loss, subject.graph
    forward = [n for n in graph.nodes() if n in graph.names and n in subject.intermediates and n.args]
    if loss in graph.names:
        told.add(loss, None)
    for node in reversed(forward):
        if node is not loss and node not in subject.gradients:
            told.add(node, subject.intermediates[node])
    for node, gradient in subject.gradients.items():
        told.add(node, gradient)
    head: tuple[Sentence, ...] = (
        ("",), ("forward",), ("shape",), ("∂", Name(subject.name_of(loss)), "/∂ of it"), ("shape",), ("why",)
    )  # fmt: skip
    notes = tuple(Paragraph(sentence, "note") for sentence in conventions(subject))
    sections = [Section("", (*notes, Table(head, tuple(told.rows), tuple(told.claims))))]
    at = point(subject) if subject.at else {}
    if at:
        sections += [nudged(subject, node, at) for node in subject.gradients if isinstance(node, Input)]
    return Telling("matrix", graph, subject.closed, graph.names, tuple(sections), at=at or subject.at)


class _Rows:
    """The rows of the table, and the equalities that they state."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.rows: list[tuple[Sentence, ...]] = []
        self.claims: list[Step] = []
        self.names = dict(subject.names)
        self.behind: dict[Node, str] = {}
        for node, gradient in {**subject.intermediates, **subject.gradients}.items():
            # A gradient that is a number or an input goes by what it is.
            if gradient.args and gradient not in self.names:
                self.names[gradient] = f"d_{subject.name_of(node)}"
                self.behind[gradient] = f"∂{subject.name_of(subject.loss)}/∂{subject.name_of(node)}"

    def add(self, node: Node, gradient: Node | None) -> None:
        """A row for a node; the loss has no gradient but 1."""
        name, shape = self.subject.name_of(node), show_shape(node.shape)
        forward: Sentence = (Math(node, opened=frozenset([node])),) if node.args else ("given",)
        backward: Sentence = ("1",)
        why = "the loss by itself"
        if gradient is not None:
            shown = self._shown(gradient)
            opened = frozenset() if gradient in self.subject.names else frozenset([shown])
            backward = (Math(shown, opened=opened, names=self.names, gradients=True),)
            names = {**self.subject.names, **self.behind}
            straight = not any(n in self.behind and n is not gradient for n in toposort([shown]))
            why = f"straight from {self.subject.name_of(self.subject.loss)}" if straight else why_back(shown, names)
            self.claims.append(Step(derivative(self.subject.loss, node), shown, "chain rule", why, name))
        self.rows.append(((Name(name),), forward, (shape,), backward, (shape,), (why,)))

    def _shown(self, gradient: Node) -> Node:
        """A gradient as a textbook writes it, those behind it by their names; as it runs where that is not the same."""
        if gradient in self.subject.names:
            return gradient
        held = {node: name for node, name in self.names.items() if node is not gradient}
        shown = told(gradient, held, self.subject.graph.outputs[:1])
        return shown if canonical(shown) is canonical(gradient) else gradient


def why_back(gradient: Node, names: Mapping[Node, str]) -> str:
    """One line on how a gradient is put together from those behind it, with the shapes of a product."""
    core = _core(gradient, names)
    match core:
        case _ if core in names and core is not gradient:
            return "handed on"
        case Einsum() if len(core.args) > 1:
            return _why_product(core, names)
        case Einsum() if core.summed:
            return f"shared along an axis, so the gradients of all its uses are summed: {product_shapes(core)}"
        case Map() if core.op.name in ("mul", "div"):
            return "the gradient behind it, times the slope, entry by entry"
        case Map() if core.op.name in ("add", "sub"):
            return "the gradients of all its uses, added"
        case _:
            return "handed on"


def _core(node: Node, names: Mapping[Node, str]) -> Node:
    """What stands behind signs, numbers, and axes that only come and go."""
    root = node
    while node is root or node not in names:
        match node:
            case Map() if node.op.name == "neg":
                (node,) = node.args
            case Map() if node.op.name == "div" and spread_scalar(node.args[1]) is not None:
                node = node.args[0]
            case Map() if node.op.name == "mul" and any(spread_scalar(arg) is not None for arg in node.args):
                node = next((arg for arg in node.args if spread_scalar(arg) is None), node.args[0])
            case Reshape():
                (node,) = node.args
            case Einsum() if node.is_layout:
                (node,) = node.args
            case _:
                break
    return node


def _why_product(gradient: Einsum, names: Mapping[Node, str]) -> str:
    """Which index a product sums over, so what stands transposed, and the shapes."""
    parts = []
    for node, axis in transposed_sides(gradient):
        name = names.get(node) or (describe(node) if isinstance(node, Input) else "the bracket")
        where = f"the {axis} axis of {name}" if axis else f"both axes of {name}, the other way round"
        parts.append(f"the sum runs over {where}, so it stands transposed")
    parts += [product_shapes(gradient)]
    return "; ".join(parts)
