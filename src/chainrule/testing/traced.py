"""Functions of arrays, taken through the graph: values and both modes of derivatives, as the interpreter sees them.

Every graph on the way is verified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops  # noqa: F401  (fills the registry)
from ..derive import forward, jacobian, reverse
from ..ir.build import as_node
from ..ir.graph import Graph, substitute
from ..ir.node import Input, Kind, Node
from ..ir.verify import verify
from ..run.interpret import interpret, precision
from ..run.printed import Program

F = Callable[..., Any]
Arrays = Sequence[Any]
_KINDS: dict[str, Kind] = {"f": "float", "i": "int", "b": "bool"}


class Traced:
    """A function at given arrays: its graph, and what it and its derivatives evaluate to."""

    def __init__(self, f: F, values: Arrays) -> None:
        arrays = [np.asarray(v) for v in values]
        self.inputs = [Input.of(f"x{i}", a.shape, _KINDS[a.dtype.kind]) for i, a in enumerate(arrays)]
        self.values = {i.name: a for i, a in zip(self.inputs, arrays, strict=True)}
        self.floats = [i for i in self.inputs if i.kind == "float"]
        self.output: Node = as_node(f(*self.inputs))
        verify([self.output])

    def evaluate(self, nodes: Sequence[Node], **more: Any) -> list[Any]:
        """The values of nodes, by the interpreter, in the precision of the arguments."""
        verify(nodes)
        # Told, since a gradient that is constant no longer holds the arguments.
        return interpret(nodes, {**self.values, **more}, dtype=precision(self.values))

    def printed(self, nodes: Sequence[Node], **more: Any) -> list[Any]:
        """The values of nodes, by the NumPy that is printed for them."""
        extra = [Input.of(name, np.shape(value)) for name, value in more.items()]
        program = Program(Graph((*self.inputs, *extra), tuple(nodes)))
        return program({**self.values, **more}, precision(self.values))

    def value(self) -> Any:
        """The value of the function."""
        return self.evaluate([self.output])[0]

    def at(self, *values: Any) -> Any:
        """The value at other arrays."""
        return self.evaluate([self.output], **dict(zip(self.values, values, strict=True)))[0]

    def pullbacks(self, g: Node) -> list[Node]:
        """The cotangents of the float inputs, given the output's."""
        found = reverse({self.output: g}, self.floats)
        return [found.get(i) for i in self.floats]

    def pull(self, g: Any = None) -> list[Any]:
        """Reverse mode: the cotangents of the float inputs, given the output's (ones unless told)."""
        g = np.ones(self.output.shape) if g is None else np.asarray(g)
        return self.evaluate(self.pullbacks(Input.of("g", self.output.shape)), g=g)

    def push(self, tangents: Arrays) -> Any:
        """Forward mode: the output's tangent, given those of the float inputs (None: that one is held)."""
        pairs = list(zip(self.floats, tangents, strict=True))
        seeds: dict[Node, Node] = {i: Input.of(f"t{n}", i.shape) for n, (i, t) in enumerate(pairs) if t is not None}
        given = {f"t{n}": t for n, t in enumerate(tangents) if t is not None}
        return self.evaluate(forward([self.output], seeds), **given)[0]

    def jacobians(self) -> list[Any]:
        """The Jacobian in each float input: the output's axes first, then the input's."""
        return self.evaluate([jacobian([self.output], i)[0] for i in self.floats])

    def gradient(self, i: int) -> Callable[..., Node]:
        """The gradient of the sum of the outputs in the i-th float input, as a function to be traced again."""
        return self.gradient_under(np.ones(self.output.shape), i)

    def gradient_under(self, g: Any, i: int) -> Callable[..., Node]:
        """The cotangent of the i-th float input, given the output's as numbers, as a function to be traced again."""
        seed = Input.of("g", self.output.shape)
        pulled = self.pullbacks(seed)[i]

        def again(*inputs: Node) -> Node:
            replace: dict[Node, Node] = dict(zip(self.inputs, inputs, strict=True))
            replace[seed] = as_node(np.asarray(g))
            return substitute([pulled], replace)[0]

        return again


def random_like(rng: np.random.Generator, array: Any) -> Any:
    """Normal numbers of the array's shape: a cotangent or tangent that hides no bug."""
    return rng.normal(size=np.shape(array))
