"""Which of the declared properties a formula owes its form to: without them it would come out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ..ir.graph import Graph, substitute, toposort
from ..ir.node import Input, Node
from .phases import stabilise
from .telling import told

Used: TypeAlias = tuple[tuple[Input, str], ...]


def used_properties(gradient: Node, names: Mapping[Node, str], function: Sequence[Node] = ()) -> Used:
    """The inputs and their properties that `told` uses for this closed form, in the inputs' order."""
    rest, labels = [*function, *names], list(names.values())

    def work(nodes: Sequence[Node]) -> Sequence[Node]:
        closed, *others = nodes
        outputs, named = others[: len(function)], others[len(function) :]
        return [told(closed, dict(zip(named, labels, strict=True)), outputs)]

    return _used([gradient, *rest], work)


def used_before(graph: Graph) -> Used:
    """The inputs and their properties that `stabilise` uses for a function, before it is differentiated."""
    return _used(graph.outputs, lambda nodes: stabilise(Graph(graph.inputs, tuple(nodes))).outputs)


def _used(nodes: Sequence[Node], work: Callable[[Sequence[Node]], Sequence[Node]]) -> Used:
    """The properties without which some work on nodes has another result."""
    inputs = [node for node in toposort(nodes) if isinstance(node, Input)]
    declared = [(node, what) for node in inputs for what in sorted(node.properties)]
    if not declared:
        return ()
    results = work(nodes)
    found = []
    for node, what in declared:
        plain: dict[Node, Node] = {node: Input.of(node.name, node.shape, node.kind, node.properties - {what})}
        wanted = substitute(list(results), plain)
        if any(a is not b for a, b in zip(work(substitute(list(nodes), plain)), wanted, strict=True)):
            found.append((node, what))
    return tuple(found)
