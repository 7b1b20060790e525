"""Comparisons with something else, turned round, or left out."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.graph import substitute, toposort
from ...ir.node import Input, Map
from ...ir.registry import call
from ..backward import Edge
from .edit import Edit, Pool, is_number, made, nodes_of

_COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


def masks(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """With another comparison where one chooses."""
    for node in nodes_of(edge):
        if isinstance(node, Map) and node.kind == "bool":
            yield from made("mask", edge, node, call("logical_not", node), 1.5)
            # Two bounds the wrong way round: nothing is between them.
            yield from made("mask", edge, node, node & ~node, 1.9)
        if node.kind == "bool" and isinstance(node, (Input, Map)):
            yield from made("mask", edge, node, node | ~node, 1.7)
        if isinstance(node, Map) and node.op.name in _COMPARISONS:
            yield from _compared(edge, node, pool)
        if isinstance(node, Map) and node.op.name == "where" and len(node.args) == 3:
            condition, a, b = node.args
            yield from made("mask", edge, node, call("where", condition, b, a), 1.6)


def _compared(edge: Edge, node: Map, pool: Pool) -> Iterator[Edit]:
    """A comparison turned round, with another bound, or of something else."""
    a, b = node.args
    for other in (a > b, a < b):
        yield from made("mask", edge, node, other, 1.6)
    for bound in (0.0, 1.0):
        for other in (a > bound, a < bound):
            yield from made("mask", edge, node, other, 1.9)
    for side in (a, b):
        if is_number(side):
            continue
        same = [call("abs", side)]
        same += side.args if isinstance(side, Map) and side.op.name == "abs" else []
        for other in (*same, *pool.like(side)):
            if other.shape == side.shape:
                yield from made("mask", edge, node, substitute([node], {side: other})[0], 2.2)
    for leaf in [n for n in toposort([node]) if isinstance(n, Input) and n.kind == "float"]:
        for other in pool.like(leaf):
            if other.shape == leaf.shape:
                yield from made("mask", edge, node, substitute([node], {leaf: other})[0], 2.3)
