"""An edit of what a line hands back, and what may stand in it by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...ir.build import cast
from ...ir.graph import substitute, toposort
from ...ir.node import Einsum, Input, Node, Reduce
from ..backward import Backward, Edge, Line


@dataclass(frozen=True, eq=False)
class Edit:
    """Other terms for some edges; ``part`` is what was edited, ``other`` what stands there now.

    Where ``free``, the terms hold twice the part, or once what was added, and how often it really is has to be found.
    """

    kind: str
    changes: tuple[tuple[Edge, Node], ...]
    part: Node
    other: Node | None = None
    size: float = 1.0
    free: str = ""
    several: bool = False
    """Whether the part is one of several that are added up."""

    @property
    def edge(self) -> Edge:
        """Where it is, or the first of several."""
        return self.changes[0][0]


class Pool:
    """What a term may be made of by mistake: every variable, argument and cotangent, by shape."""

    def __init__(self, passes: Backward) -> None:
        self.passes = passes
        self.wrt = set(passes.wrt)
        self.lines: dict[Node, Line] = {line.value: line for line in passes.lines}
        values: dict[Node, None] = {}
        for line in passes.lines:
            values |= dict.fromkeys(n for n in toposort([line.formula]) if isinstance(n, Input) and n.kind == "float")
            values[line.value] = None
        self.values = list(values)
        self.cotangents = [line.cotangent for line in passes.lines[:-1]]
        self.into: dict[Node, int] = {}
        for edge in passes.edges:
            self.into[edge.operand] = self.into.get(edge.operand, 0) + 1

    def like(self, node: Node) -> Iterator[Node]:
        """What has the shape of a node, or has it when transposed."""
        for other in (*self.values, *self.cotangents):
            if other.shape == node.shape and other is not node:
                yield other
            elif len(node.shape) == 2 and other.shape == node.shape[::-1]:
                yield other.T


def nodes_of(edge: Edge) -> list[Node]:
    """The parts of a term, the whole last."""
    return toposort([edge.term])


def put(edge: Edge, part: Node, other: Node) -> Node | None:
    """The term with another part; None where its shape does not fit there."""
    if part is edge.term:
        return other
    if other.shape != part.shape or other is part:
        return None
    return substitute([edge.term], {part: cast(other, part.kind)})[0]


def made(kind: str, edge: Edge, part: Node, other: Node, size: float = 1.0, **more: Any) -> Iterator[Edit]:
    """An edit of a part, if it fits there and is one."""
    term = put(edge, part, other)
    if term is not None and term is not edge.term:
        yield Edit(kind, ((edge, term),), part, other, size, **more)


def is_number(node: Node) -> bool:
    """Whether it is one number: a constant, a size, or what is made of these."""
    return not any(isinstance(n, Input) for n in toposort([node]))


def is_statistic(line: Line) -> bool:
    """Whether a line sums up an array that is still used beside it: a mean, a variance, a norm, a maximum."""
    nodes = toposort([line.formula])
    sums = any(isinstance(n, Reduce) or (isinstance(n, Einsum) and n.summed and len(n.args) == 1) for n in nodes)
    wide = max((len(n.shape) for n in nodes if isinstance(n, Input)), default=0)
    narrow = len(line.value.shape) < wide or 1 in line.value.shape
    return sums and narrow
