"""A backward pass, line by line: what each line of the function hands back to each thing that it is made of.

A line is a variable of the user's, and what it is made of: other variables and arguments, all as inputs of a small
graph. What it hands back (an `Edge`) is a graph too, of these and of the line's own cotangent, and linear in that. So
a change anywhere goes on to the arguments through edges that stay as they are, and is cheap to follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..derive import reverse
from ..ir.dims import Dim, Sizes
from ..ir.graph import Graph, depends_on, rebuild, substitute, toposort
from ..ir.node import Input, Node
from ..run.interpret import value_of
from ..simplify import simplify, told

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Edge:
    """What a line hands back to one of its operands. ``of`` is the variable in whose line it is."""

    of: str
    line: Input
    cotangent: Input
    operand: Input
    term: Node


@dataclass(frozen=True, eq=False)
class Line:
    """A variable, its cotangent, and what it is made of; ``of`` is the reader's variable that it belongs to."""

    of: str
    value: Input
    cotangent: Input
    formula: Node
    edges: tuple[Edge, ...]


@dataclass(frozen=True, eq=False)
class Backward:
    """The lines from the first to the loss, and the arguments that are differentiated by."""

    lines: tuple[Line, ...]
    wrt: tuple[Input, ...]
    sizes: Sizes = field(default_factory=Sizes)

    @property
    def edges(self) -> list[Edge]:
        """All edges, those of the loss first."""
        return [edge for line in reversed(self.lines) for edge in line.edges]

    def with_terms(self, terms: Mapping[Edge, Node]) -> Backward:
        """The same with other terms in some edges."""

        def changed(line: Line) -> Line:
            return replace(line, edges=tuple(replace(e, term=terms.get(e, e.term)) for e in line.edges))

        return replace(self, lines=tuple(map(changed, self.lines)))

    def reached_from(self, operand: Input) -> frozenset[str]:
        """The arguments whose gradients depend on the cotangent of a variable."""
        found: set[Node] = {operand}
        for line in reversed(self.lines):
            if line.value in found:
                found |= {edge.operand for edge in line.edges}
        return frozenset(i.name for i in self.wrt if i in found)


def concrete(graph: Graph, sizes: Sizes) -> Graph:
    """The graph with its named dimensions at their sizes; as numbers (the N of 1/N) they keep their names."""

    def known(value: Any) -> Any:
        if isinstance(value, Dim):
            return sizes[value]
        return tuple(map(known, value)) if isinstance(value, tuple) else value

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        return node if type(node).__name__ == "Size" else type(node).make(args, known(node.params))

    names = list(graph.names)
    made = rebuild([*graph.inputs, *graph.outputs, *names], make, {})
    inputs, rest = made[: len(graph.inputs)], made[len(graph.inputs) :]
    outputs, named = rest[: len(graph.outputs)], rest[len(graph.outputs) :]
    return Graph(tuple(inputs), tuple(outputs), {n: graph.names[old] for old, n in zip(names, named, strict=True)})  # type: ignore[arg-type]


def backward(graph: Graph, wrt: Sequence[Input], sizes: Sizes, *, fine: bool = False, loss: str = "loss") -> Backward:
    """The lines of a concrete graph, one for each variable; where ``fine``, one for each operation."""
    root = graph.outputs[0]
    moving = depends_on([root], wrt)
    own = {node: name for node, name in graph.names.items() if node.args}
    # What does not depend on the arguments is known by its name, and nothing is handed back to it.
    order = [n for n in toposort([root]) if n.args and (n in moving or n in own) and n.kind == "float"]
    owner = _owners(order, own, root, loss)
    chosen = [n for n in order if fine or n in own or n is root]
    taken = {i.name for i in graph.inputs}
    stands: dict[Node, Input] = {}
    for count, node in enumerate(chosen):
        name = owner[node] if node in own or node is root else f"{owner[node]}.{count}"
        while name in taken:
            name += "_"
        taken.add(name)
        stands[node] = Input.of(name, node.shape)
    lines, mine = [], {*(stands[n] for n in chosen if n in moving), *wrt}
    for node in chosen:
        others = {n: i for n, i in stands.items() if n is not node}
        (formula,) = substitute([node.with_args(tuple(substitute(node.args, others)))], {})
        value = stands[node]
        cotangent = Input.of(f"d_{value.name}", node.shape)
        operands = [
            i for i in toposort([formula]) if isinstance(i, Input) and i.kind == "float"
            and i in mine
        ]  # fmt: skip
        cotangents = reverse({formula: cotangent}, operands)
        terms = [cotangents.get(operand) for operand in operands]
        shown = simplify(Graph((), tuple(terms), {})).outputs
        if not fine:
            shown = tuple(told(term, {formula: value.name}, [formula]) for term in shown)
        # As it is, and as a textbook spells it: a softmax in a term is the line's own value.
        terms = list(substitute(shown, {formula: value, _spelled(formula): value}))
        edges = tuple(
            Edge(owner[node], value, cotangent, operand, term) for operand, term in zip(operands, terms, strict=True)
        )
        lines.append(Line(owner[node], value, cotangent, formula, edges))
    return Backward(tuple(lines), tuple(wrt), sizes)


def _spelled(formula: Node) -> Node:
    """A formula as a textbook writes it; itself where that has another shape, or is a variable."""
    spelled = told(formula, {})
    return spelled if spelled.args and spelled.shape == formula.shape else formula


def _owners(order: Sequence[Node], own: Mapping[Node, str], root: Node, loss: str) -> dict[Node, str]:
    """The variable in whose line each operation stands: the nearest that it is worked out for."""
    owner: dict[Node, str] = {root: own.get(root, loss)}
    for node in reversed(order):
        if node in own:
            owner[node] = own[node] if node is not root else owner[root]
        for arg in node.args:
            owner.setdefault(arg, owner.get(node, loss))
    return owner


class At:
    """All values of a backward pass at one point."""

    def __init__(self, passes: Backward, point: Mapping[str, Any], dtype: Any = np.float64) -> None:
        self.passes, self.dtype = passes, np.dtype(dtype)
        self.point = point
        self.known: dict[Node, Any] = {}
        with np.errstate(all="ignore"):
            for line in passes.lines:
                self.known[line.value] = self.value(line.formula)
            self.cotangents: dict[Node, Any] = {passes.lines[-1].value: np.ones(())}
            for line in reversed(passes.lines):
                g = self.cotangents.get(line.value)
                if g is None:
                    g = np.zeros(self.known[line.value].shape)
                self.known[line.cotangent] = g
                for edge in line.edges:
                    part = self.value(edge.term)
                    before = self.cotangents.get(edge.operand)
                    self.cotangents[edge.operand] = part if before is None else before + part
        for argument in passes.wrt:
            # For what a weight is after its update.
            self.known[Input.of(f"d_{argument.name}", argument.shape)] = self.gradients()[argument.name]
        self._moving: dict[tuple[Node, Input], list[Node]] = {}

    def gradients(self) -> dict[str, Array]:
        """The gradient of each argument."""
        found = {i: self.cotangents.get(i) for i in self.passes.wrt}
        shapes = {i: self.passes.sizes.of(i.shape) for i in self.passes.wrt}
        return {i.name: np.zeros(shapes[i]) if g is None else np.asarray(g) for i, g in found.items()}

    def value(self, node: Node) -> Any:
        """The value of a graph of the pass's variables and cotangents; what was worked out before is known."""
        known, stack = self.known, [node]
        while stack:
            last = stack[-1]
            if last in known:
                stack.pop()
                continue
            todo = [arg for arg in last.args if arg not in known]
            if todo:
                stack += todo
                continue
            stack.pop()
            known[last] = self._one(last, [known[a] for a in last.args])
        return known[node]

    def _one(self, node: Node, args: list[Any]) -> Any:
        return value_of(node, args, self.point, self.passes.sizes, self.dtype)

    def forget(self, nodes: Iterable[Node]) -> None:
        """Let go of what is not needed again."""
        for node in nodes:
            self.known.pop(node, None)

    def applied(self, edge: Edge, change: Any) -> Any:
        """What an edge makes of a cotangent, or of a change of one."""
        key = (edge.term, edge.cotangent)
        moving = self._moving.get(key)
        if moving is None:
            below = depends_on([edge.term], [edge.cotangent])
            moving = self._moving[key] = [n for n in toposort([edge.term]) if n in below and n is not edge.cotangent]
        if not moving and edge.term is not edge.cotangent:
            return np.zeros(self.passes.sizes.of(edge.term.shape))
        local: dict[Node, Any] = {edge.cotangent: change}
        for node in moving:
            local[node] = self._one(node, [local[a] if a in local else self.value(a) for a in node.args])
        return local[edge.term]

    def flowed(self, changes: Mapping[Input, Any], wanted: Iterable[str] | None = None) -> dict[str, Array]:
        """How the arguments' gradients change where the cotangents of some variables change by so much."""
        flowing: dict[Node, Any] = {operand: change for operand, change in changes.items()}  # noqa: C416
        for line in reversed(self.passes.lines):
            change = flowing.get(line.value)
            if change is None:
                continue
            for edge in line.edges:
                part = self.applied(edge, change)
                before = flowing.get(edge.operand)
                flowing[edge.operand] = part if before is None else before + part
        names = None if wanted is None else set(wanted)
        return {i.name: flowing[i] for i in self.passes.wrt if i in flowing and (names is None or i.name in names)}
