"""Sums that are left out, run over another axis, or over one too many."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

from ...ir.build import broadcast
from ...ir.node import Einsum, Node, Reduce
from ...ir.registry import call
from ..backward import Edge
from .edit import Edit, Pool, made, nodes_of


def sums(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """A sum that is left out, that runs over another axis, or over one axis too many."""
    for node in nodes_of(edge):
        if isinstance(node, Einsum) and node.summed:
            there = list(dict.fromkeys(i for s in node.subs for i in s))
            extents = dict(enumerate(node.extents))
            if node is edge.term:
                yield from _unsummed(edge, node, there, extents)
            for out in permutations(there, len(node.out)):
                if set(out) == set(node.out):
                    continue
                other = Einsum.of(node.args, node.subs, out, dict(extents))
                if other.shape == node.shape or node is edge.term:
                    yield from made("wrong-axis", edge, node, other, 1.7 if other.shape == node.shape else 2.3)
        if isinstance(node, Einsum) and node.is_layout and len(node.out) > len(node.args[0].shape):
            inner = node.args[0]
            if isinstance(inner, (Einsum, Reduce)):
                yield from _spread_sums(edge, node, inner)
    if edge.term.shape:
        for axis in range(len(edge.term.shape)):
            summed = call("sum", edge.term, axis=axis)
            yield from made("extra-sum", edge, edge.term, summed, 1.8)
            if edge.operand in pool.lines:
                yield from made(
                    "extra-sum",
                    edge,
                    edge.term,
                    broadcast(call("sum", edge.term, axis=axis, keepdims=True), edge.term.shape),
                    2.0,
                )
        if edge.operand in pool.lines:
            yield from made("extra-sum", edge, edge.term, broadcast(call("sum", edge.term), edge.term.shape), 2.1)


def _unsummed(edge: Edge, node: Einsum, there: list[int], extents: dict[int, Any]) -> Iterator[Edit]:
    """A sum that is left out, over some of its axes or over all; the axes that are left in any order."""
    for count in range(1, len(node.summed) + 1):
        for kept in combinations(node.summed, count):
            left = [i for i in there if i in node.out or i in kept]
            for out in permutations(left) if len(left) < 4 else [tuple(left)]:
                other = Einsum.of(node.args, node.subs, tuple(out), dict(extents))
                yield from made("missing-sum", edge, node, other, 1.4 + 0.01 * (list(out) != left))


def _spread_sums(edge: Edge, node: Einsum, inner: Node) -> Iterator[Edit]:
    """A sum that is spread over the axis again, as in a softmax: without it, or over other axes."""
    if isinstance(inner, Einsum) and inner.summed:
        there = sorted({i for s in inner.subs for i in s})
        extents = dict(enumerate(inner.extents))
        wide = Einsum.of(inner.args, inner.subs, tuple(there), dict(extents))
    elif isinstance(inner, Reduce):
        (wide,) = inner.args
    else:
        return
    if wide.shape == node.shape:
        yield from made("missing-sum", edge, node, wide, 1.9)
        for axis in range(len(wide.shape)):
            if isinstance(inner, Einsum):
                other = call("sum", wide, axis=axis, keepdims=True)
                yield from made("wrong-axis", edge, node, broadcast(other, node.shape), 1.9)
        yield from made("extra-sum", edge, node, broadcast(call("sum", wide), node.shape), 2.0)
