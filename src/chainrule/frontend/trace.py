"""From a Python function to a graph: it is called once, with expressions in the place of its arrays."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import BoundArguments, Signature
from typing import Any

import numpy as np

from ..ir.build import as_node
from ..ir.errors import ArgumentError, ShapeError, TraceError
from ..ir.graph import Graph
from ..ir.node import Input, Node
from .arguments import closest, input_leaves, values_of
from .names import Bind, Tracing
from .tree import Tree, flatten, is_structure, map_leaves, unflatten

Watched = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], Bind], Any]
"""Calls a function and reports what its variables are bound to."""


@dataclass(frozen=True, eq=False)
class Traced:
    """A function as a graph, for arguments of certain shapes, kinds and structure.

    ``arguments`` has a tree for each argument, whose leaves are its Inputs (and the values that are no arrays);
    ``result`` has the structure of what the function returned. ``line_of`` is the line of each named intermediate.
    """

    function: str
    graph: Graph
    arguments: dict[str, Tree]
    result: Tree
    line_of: Mapping[Node, int] = field(default_factory=dict)

    def leaves(self, name: str) -> list[Input]:
        """The inputs of an argument (``params``), or of a part of one (``params.W1``).

        Raises ArgumentError where there is none of that name, or where it is no array.
        """
        found = [i for i in self.graph.inputs if i.name == name or i.name.startswith(f"{name}.")]
        if found:
            return found
        if name in self.arguments:
            value = self.arguments[name]
            what = "has no arrays in it" if is_structure(value) else f"is {value!r:.40}, a fixed value and no array"
            raise ArgumentError(f"the argument {name!r} of {self.function} {what}")
        known = [*self.arguments, *(i.name for i in self.graph.inputs if "." in i.name)]
        raise ArgumentError(
            f"{self.function} has no argument {name!r}{closest(name, known)} "
            f"Its arguments are {', '.join(dict.fromkeys(known))}"
        )

    def flatten(self, bound: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The array for each input, by the input's name."""
        return values_of(self.arguments, bound)

    def unflatten(self, values: Sequence[Any]) -> Any:
        """The outputs' values in the structure that the function returned."""
        return unflatten(self.result, values)


def trace(
    function: Callable[..., Any], name: str, signature: Signature, arguments: Mapping[str, Tree], watched: Watched
) -> Traced:
    """Call the function with these arguments, whose arrays are Inputs, and keep what it did as a graph.

    Raises what the function raises; ArgumentError where two inputs have one name; TraceError where something that is
    no array is returned.
    """
    inputs = [leaf for tree in arguments.values() for leaf in input_leaves(tree)]
    twins = [i.name for n, i in enumerate(inputs) if i.name in {j.name for j in inputs[:n]}]
    if twins:
        raise ArgumentError(f"two arrays are both called {twins[0]!r}: rename one of the keys")
    # Every call gets structures of its own: the function may change its dicts and lists.
    fresh = OrderedDict((n, map_leaves(lambda _, leaf: leaf, tree)) for n, tree in arguments.items())
    call = BoundArguments(signature, fresh)
    before = _random_state()
    with Tracing() as names:
        returned = watched(function, call.args, call.kwargs, names.bind)
        result = map_leaves(lambda path, leaf: _output(name, path, leaf), returned)
    if before != _random_state():
        raise TraceError(
            f"{name} draws from numpy.random while it is traced, so the same numbers would be used at every call: "
            f"draw them outside and pass them as an argument"
        )
    outputs = tuple(leaf for _, leaf in flatten(result))
    graph = Graph(tuple(inputs), outputs, names.settle(inputs, outputs, name))
    lines = {node: line for node, line in names.line_of.items() if node in graph.names}
    return Traced(name, graph, dict(arguments), result, lines)


def _random_state() -> tuple[Any, ...]:
    """How far NumPy's global generator is; the generator is looked at only where somebody has imported it."""
    random = sys.modules.get("numpy.random")
    if random is None:
        return ()
    _, keys, position, *rest = random.get_state()
    return keys.tobytes(), position, *rest


def _output(function: str, path: str, leaf: Any) -> Node:
    """A returned leaf as an expression."""
    where = f" (at {path})" if path else ""
    if leaf is None:
        raise TraceError(f"{function} returned None{where}: is its return statement missing?")
    if isinstance(leaf, (str, bytes)):
        raise TraceError(f"{function} returned {leaf!r:.40}{where}, which is no number or array")
    try:
        return as_node(leaf)
    except (TraceError, ShapeError) as error:
        raise TraceError(f"{function} returned {type(leaf).__name__}{where}, which is no number or array") from error
