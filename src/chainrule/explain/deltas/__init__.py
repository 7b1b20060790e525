"""The deltas form: a layered network forward, then the errors δ = ∂E/∂z from the output backwards, each stored once.

After the layers come the product along a path of one weight, the errors, the derivatives by all weights, a step of
gradient descent in numbers, and what it saves to store the errors.
"""

from __future__ import annotations

from ...ir.dims import show_shape
from ...ir.errors import DerivativeError
from ...ir.graph import Graph
from ...ir.node import D, Input, Node
from ...ir.telling import Block, Definitions, Math, Name, Paragraph, Piece, Section, Sentence, Table, Telling, Term
from ..conventions import conventions
from ..subject import Subject
from . import backward as deltas_backward
from . import numbers as deltas_numbers
from . import path as deltas_path
from . import saved as deltas_saved
from .layers import Layered, layered
from .numbers import sizes_for


def deltas(subject: Subject) -> Telling:
    """The gradients of a layered network by its stored errors.

    Raises DerivativeError for a function in which there are no layers.
    """
    found = layered(subject)
    if found is None:
        raise DerivativeError(
            f"{subject.name_of(subject.loss)} has no layers that errors δ could go back through (a sum of inputs times "
            "weights, a function of that sum, and so on): the forms matrix, components and substitution fit it"
        )
    numbers = deltas_numbers.step(found)
    sizes = sizes_for(subject, numbers.at if numbers else {})
    sections = [
        Section("", (_opening(found), *map(Paragraph, conventions(subject)))),
        _forward(found),
        deltas_path.section(found, sizes),
        deltas_backward.errors(found),
        deltas_backward.gradients(found),
        *([numbers.section] if numbers else []),
        deltas_saved.section(found, sizes),
    ]
    # The closed form is written in the reader's own names alone.
    own = {node: name for node, name in subject.names.items() if node not in subject.made}
    graph = Graph(subject.graph.inputs, subject.graph.outputs, own)
    at = numbers.at if numbers else subject.at
    return Telling("deltas", graph, subject.closed, found.names, tuple(sections), at=at)


def _opening(found: Layered) -> Paragraph:
    """What is meant by δ, by z and a, and which layer has which number."""
    name = found.name_of(found.loss)
    symbol = D.make((Input.of(name, ()), Input.of("z^l", ())), ())
    return Paragraph((
        "A unit adds up what comes in, each times its weight: the sum ", Name("z"), "; what comes out is ", Name("a"),
        " = f(", Name("z"), "). The ", Term("error", "delta"), " ", Name("delta^l"), " = ", Math(symbol),
        " of layer ", Name("l"), " says how ", Name(name), " changes with that sum. (It is not Kronecker's δ, "
        "which has two indices.) The inputs are layer 1.",
    ))  # fmt: skip


def _forward(found: Layered) -> Section:
    """A row for each unit or layer: its sum and what comes out; then the loss."""
    rows: list[tuple[Sentence, ...]] = [_inputs(found)]
    number = ""
    for z in sorted(found.sums, key=found.layer_of):
        layer = found.sums[z]
        shown, number = str(found.layer_of(z)) if str(found.layer_of(z)) != number else "", str(found.layer_of(z))
        output = layer.output if layer.output in found.outputs and layer.output is not z else None
        rows.append(((shown,), _defined(found, z), _defined(found, output) if output is not None else ("",)))
    rows.append((("",), ("",), _defined(found, found.loss)))
    head: tuple[Sentence, ...] = (("layer",), ("what goes in",), ("what comes out",))
    blocks: list[Block] = [Table(head, tuple(rows))]
    places = set(found.places)
    others = tuple(
        node
        for node in found.subject.graph.nodes()
        if node.args and node in found.names and node not in places and node not in found.subject.made
    )
    return Section("Forward", (*blocks, Definitions(others)) if others else tuple(blocks))


def _inputs(found: Layered) -> tuple[Sentence, ...]:
    """Layer 1: the inputs by their names."""
    nodes = [layer.output for layer in found.network.layers if layer.sum is None]
    pieces: list[Piece] = []
    for node in dict.fromkeys(nodes):
        pieces += [", "] if pieces else []
        pieces += [Math(node), f" {show_shape(node.shape)}"] if node.shape else [Math(node)]
    return ("1",), ("",), tuple(pieces)


def _defined(found: Layered, node: Node) -> Sentence:
    """``z1 = x @ w1 + b1  (N, m)``."""
    shape = f"  {show_shape(node.shape)}" if node.shape else ""
    return (Name(found.name_of(node)), " = ", Math(node, opened=frozenset([node])), shape)
