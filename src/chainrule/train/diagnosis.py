"""Which value went bad first, when a loss is no longer finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir.graph import Graph, describe, naming
from ..ir.node import Input, Node
from ..pipeline import executable


def first_bad_value(graph: Graph, values: Mapping[str, Any]) -> str:
    """A few words on the first value of a run that is not finite while everything it is made of still is.

    Only what an output that went bad was made of counts: an infinity that a mask takes out again is no fault.
    """
    nodes = [node for node in graph.nodes() if not isinstance(node, Input)]
    results: dict[Node, Any] = {node: np.asarray(values[node.name]) for node in graph.inputs}
    program = executable(Graph(graph.inputs, tuple(nodes), graph.names), "diagnosis")
    results |= dict(zip(nodes, program(values), strict=True))
    bad = {node for node, value in results.items() if not np.isfinite(value).all()}
    guilty = _behind([o for o in graph.outputs if o in bad][:1], bad)
    for node in (*graph.inputs, *nodes):
        if node in guilty and not any(arg in bad for arg in node.args):
            return _told(graph, node, results[node], guilty)
    return "every value is finite when the step is run again"


def _behind(outputs: list[Node], bad: set[Node]) -> set[Node]:
    """The bad values that outputs were made of, through bad values alone."""
    found: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [arg for arg in node.args if arg in bad]
    return found


def _told(graph: Graph, node: Node, value: Any, guilty: set[Node]) -> str:
    """What a value is called, how it is made, and where it is bad."""
    array = np.asarray(value)
    # A node's own name is its subject; its operands' names tell how it is made.
    token = naming.set({n: name for n, name in graph.names.items() if n is not node})
    try:
        made = describe(node)
    finally:
        naming.reset(token)
    name = graph.names.get(node)
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    number = f"{array[place]}" + (f" at {list(place)}" if place else "")
    text = f"{name} = {made}" if name is not None and name != made else made
    if name is None:
        on_the_way = next((graph.names[n] for n in graph.nodes() if n in guilty and n in graph.names), None)
        text += f", a part of {on_the_way}," if on_the_way else ""
    return f"{text} is {number}"
