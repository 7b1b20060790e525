"""Tidying where it once went wrong."""

from __future__ import annotations

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.graph import Graph
from chainrule.ir.node import Einsum, Input
from chainrule.ir.registry import call
from chainrule.simplify import simplify


def test_the_diagonal_of_one_entry_is_no_broadcast() -> None:
    """An operation on a diagonal stays there: on the whole matrix it would be worked out more often."""
    x = Input.of("x", (1, 1))
    diagonal = Einsum.of([x], [(0, 0)], (0,), {0: 1})
    graph = Graph((x,), (call("tanh", diagonal),))
    assert simplify(graph, checked=True).outputs == graph.outputs
