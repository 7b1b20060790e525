"""What a form of telling is given: a function, its names, and the gradients that run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ir.graph import Graph, describe
from ..ir.node import Node


@dataclass(frozen=True, eq=False)
class Subject:
    """A function to be told of.

    ``graph`` holds it, its first output the loss, its names the reader's. ``gradients`` gives the gradient that runs
    for each thing that was asked for (inputs, or named intermediates), ``closed`` the same as a reader is shown it, and
    ``intermediates`` the gradient of every named intermediate on the way. ``at`` are numbers for the inputs, where the
    reader wants some; ``code`` the NumPy line that computes a node in the printed program, where it has one.
    """

    graph: Graph
    gradients: Mapping[Node, Node]
    closed: Mapping[Node, Node]
    intermediates: Mapping[Node, Node]
    at: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[Node, str] = field(default_factory=dict)

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
