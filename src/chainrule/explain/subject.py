"""What a form of telling is given: a function, its names, and the gradients that run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from ..ir.graph import Graph, describe
from ..ir.node import Node


class Written(Protocol):
    """A program's text: what has to be defined before it, what it begins with, and the statements of each line."""

    @property
    def definitions(self) -> Sequence[str]:
        """Functions that it calls, each a text."""

    @property
    def head(self) -> Sequence[str]:
        """The statements for the sizes and the precision that it uses."""

    @property
    def lines(self) -> Sequence[Sequence[str]]:
        """The statements of each line; the last of them assigns to the line's name."""


Writer: TypeAlias = Callable[[Mapping[Node, str], Sequence[tuple[str, Node]]], Written]
"""Writes lines, each a name and an expression, as a program: given the arguments with their names. An expression uses
earlier lines by inputs of their names."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A function to be told of.

    ``graph`` holds it, its first output the loss, its names the reader's. ``gradients`` gives the gradient that runs
    for each thing that was asked for (inputs, or named intermediates), ``closed`` the same as a reader is shown it, and
    ``intermediates`` the gradient of every named intermediate on the way; those in ``made`` have names that are not the
    reader's own, but were made up for what is shared. ``at`` are numbers for the inputs, where the reader wants some;
    ``code`` writes lines as the NumPy that is printed. ``words`` are the names that the reader gave, and no others.
    """

    graph: Graph
    gradients: Mapping[Node, Node]
    closed: Mapping[Node, Node]
    intermediates: Mapping[Node, Node]
    at: Mapping[str, Any] = field(default_factory=dict)
    made: frozenset[Node] = frozenset()
    code: Writer | None = None
    words: Mapping[Node, str] = field(default_factory=dict)

    @property
    def loss(self) -> Node:
        """What is differentiated."""
        return self.graph.outputs[0]

    @property
    def names(self) -> Mapping[Node, str]:
        """The reader's name of every node that has one."""
        return self.graph.names

    def name_of(self, node: Node) -> str:
        """The reader's name of a node, or a description of it."""
        return self.graph.names.get(node, describe(node))
