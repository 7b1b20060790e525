"""Which values a program holds in variables, and in which order they are worked out.

A value gets a variable, and a line, if it is an output, has a name, is used more than once, or if the expression it
stands in would grow too long to read. The rest is written inside the lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.affine import index_steps
from ..ir.graph import Graph, toposort
from ..ir.node import Const, Delta, Einsum, Input, Map, Node, Reshape, Size, Slice

READABLE = 6
"""How many operations a line may hold."""


@dataclass(frozen=True, eq=False)
class Line:
    """One assignment of a program: the node and its variable."""

    node: Node
    variable: str


def schedule(graph: Graph, *, reserved: frozenset[str] = frozenset()) -> list[Line]:
    """The lines of a program for the graph, operands before what uses them; inputs have none.

    Variables are the graph's names where there are some, else u1, u2, …; all are distinct and none is ``reserved``.
    """
    uses = _uses(graph)
    outputs = set(graph.outputs)
    sizes: dict[Node, int] = {}
    lines: list[Line] = []
    taken = {*reserved, *graph.names.values(), *(i.name for i in graph.inputs)}
    count = 0
    for node in toposort(graph.outputs):
        if isinstance(node, Input):
            sizes[node] = 0
            continue
        size = (0 if _is_free(node) else 1) + sum(sizes[arg] for arg in node.args)
        named = node in graph.names
        if isinstance(node, Const) and (node.shape == () or index_steps(node) is not None) and not named:
            sizes[node] = 0
            continue
        shared = uses[node] > 1 and not _is_free(node)
        if node in outputs or named or shared or size > READABLE or _is_large(node):
            if named:
                variable = graph.names[node]
            else:
                count += 1
                while f"u{count}" in taken:
                    count += 1
                variable = f"u{count}"
            lines.append(Line(node, variable))
            size = 0
        sizes[node] = size
    return lines


def _uses(graph: Graph) -> dict[Node, int]:
    """How often each value would be written; what costs nothing is written wherever it is used, its operand with it."""
    counts = dict.fromkeys(graph.outputs, 1)
    for node in reversed(toposort(graph.outputs)):
        times = counts[node] if _is_free(node) and node not in graph.names else 1
        for i, arg in enumerate(node.args):
            counts[arg] = counts.get(arg, 0) + times * _written(node, i)
    return counts


def _written(node: Node, place: int) -> int:
    """How often a node's spelling has one of its operands."""
    return max(1, node.op.numpy_template.count(f"{{{place}}}")) if isinstance(node, Map) else 1


def _is_free(node: Node) -> bool:
    """What costs nothing to write again: numbers, layouts, casts of truth values."""
    match node:
        case Const():
            return node.shape == ()
        case Size() | Delta():
            return True
        case Einsum():
            return node.is_layout
        case Slice():
            # A view of an argument.
            return not node.args[0].args
        case Reshape():
            # Axes of length one that are dropped are there again for NumPy's broadcasting.
            old = node.args[0].shape
            return not node.args[0].args or (
                len(node.shape) < len(old) and node.shape == tuple(e for e in old if e != 1)
            )
        case Map():
            return node.op.converts and _is_free(node.args[0])
    return False


def _is_large(node: Node) -> bool:
    """A constant array, which is better read once, by name."""
    return isinstance(node, Const) and node.shape != ()
