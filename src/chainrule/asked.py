"""What a derivation is asked for: a function, what to differentiate it by, and the gradients that run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .emit.numpy_statements import statements
from .explain import Subject
from .ir.affine import index_steps
from .ir.dims import show_shape
from .ir.errors import ArgumentError
from .ir.graph import Graph
from .ir.node import Const, Node
from .pipeline import GradientGraph, as_function, gradient_graph, wanted
from .simplify.canonical import canonical
from .simplify.properties import used_before, used_properties
from .simplify.telling import told

PROPERTIES_SAID = {"simplex": "a simplex: not negative, the last axis sums to one"}
"""A declared property in words, where its name alone does not say it."""


def subject_of(
    f: Callable[..., Any], wrt: str | Sequence[str] | None, at: Mapping[str, Any] | None
) -> tuple[Subject, tuple[str, ...]]:
    """What is told of, and notes on its constants and on declared properties that were used.

    Raises ArgumentError for a name that f does not have, and what `value_and_grad` raises.
    """
    function = as_function(f)
    bound = None if at is None else function.bind((), at)
    traced = function.trace(bound)
    names = [wrt] if isinstance(wrt, str) else list(wrt) if wrt is not None else None
    inner = set(traced.graph.names.values()) - set(function.signature.parameters)
    if names is not None and any(name in inner for name in names):
        # An intermediate's gradient is found on the way to the arguments.
        derived = gradient_graph(traced, [i for i in traced.graph.inputs if i.kind == "float"])
    else:
        derived = gradient_graph(traced, [i for group in wanted(function, traced, names).values() for i in group])
        names = None
    asked = _asked(derived, names)
    if not asked:
        raise ArgumentError("name at least one thing to differentiate by")
    forward, notes = _with_constants_named(derived)
    numbers = {} if bound is None else {name: np.asarray(value) for name, value in traced.flatten(bound).items()}
    own = set(traced.graph.names.values())
    made = frozenset(node for node in derived.intermediates if derived.graph.names[node] not in own)
    words = _words(forward, own, traced.function)
    closed = _closed_forms(asked, words, forward)
    notes = (*notes, *_properties(traced.graph, asked, words, forward))
    return Subject(forward, asked, closed, derived.intermediates, numbers, made, statements, words), notes


def _words(forward: Graph, own: set[str], function: str) -> dict[Node, str]:
    """The reader's names: not those that were made up, and not the function's, which its result has for want of one."""
    loss = forward.outputs[0]
    return {n: name for n, name in forward.names.items() if name in own and not (n is loss and name == function)}


def _closed_forms(gradients: Mapping[Node, Node], names: Mapping[Node, str], forward: Graph) -> dict[Node, Node]:
    """Each gradient as a textbook writes it; as it runs where the two are not canonically the same."""
    closed = {}
    for wrt, gradient in gradients.items():
        shown = told(gradient, names, forward.outputs[:1])
        closed[wrt] = shown if canonical(shown) is canonical(gradient) else gradient
    return closed


def _properties(
    graph: Graph, gradients: Mapping[Node, Node], names: Mapping[Node, str], forward: Graph
) -> tuple[str, ...]:  # fmt: skip
    """A note on each declared property that the function's form, or a closed form, rests on."""
    used = dict.fromkeys(used_before(graph))
    for gradient in gradients.values():
        used |= dict.fromkeys(used_properties(gradient, names, forward.outputs[:1]))
    return tuple(f"uses that {node.name} is {PROPERTIES_SAID.get(what, what)}" for node, what in used)


def _asked(derived: GradientGraph, names: Sequence[str] | None) -> dict[Node, Node]:
    """The gradient that runs for each thing asked for."""
    if names is None:
        return dict(zip(derived.wrt, derived.gradients, strict=True))
    found: dict[Node, Node] = {}
    by_name = {derived.graph.names[node]: node for node in derived.intermediates}
    inputs: dict[str, tuple[Node, Node]] = {
        node.name: (node, gradient) for node, gradient in zip(derived.wrt, derived.gradients, strict=True)
    }
    for name in names:
        if name in inputs:
            found[inputs[name][0]] = inputs[name][1]
        elif name in by_name:
            found[by_name[name]] = derived.intermediates[by_name[name]]
        else:
            known = ", ".join([*inputs, *by_name])
            raise ArgumentError(f"{name!r} is nothing that the loss can be differentiated by; there are {known}")
    return found


def _with_constants_named(derived: GradientGraph) -> tuple[Graph, tuple[str, ...]]:
    """The function's graph with a name for each constant array, the same in every line of a telling; and a legend."""
    names = dict(derived.forward.names)
    taken, notes, count = {*derived.graph.names.values()}, [], 0
    for node in derived.graph.nodes():
        if isinstance(node, Const) and node.shape and node not in names and index_steps(node) is None:
            count += 1
            while f"A{count}" in taken:
                count += 1
            names[node] = f"A{count}"
            notes.append(f"A{count} is a constant array of shape {show_shape(node.shape)}")
    return Graph(derived.forward.inputs, derived.forward.outputs, names), tuple(notes)
