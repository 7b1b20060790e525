"""Terms that are left out, counted twice, multiplied by a number, or added."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.build import broadcast
from ...ir.graph import depends_on
from ...ir.node import Const, Einsum, Input, Map, Reduce, Size
from ...ir.registry import call
from ..backward import Backward, Edge
from .edit import Edit, Pool, is_number, is_statistic, made, nodes_of


def times(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """The whole, or a part that is one of several terms, any number of times: none, minus once, twice, 1/N times."""
    moving = depends_on([edge.term], [edge.cotangent])
    several = pool.into[edge.operand] > 1
    for node in nodes_of(edge):
        if node.kind != "float" or isinstance(node, (Const, Size)) or is_number(node):
            continue
        if node is edge.term:
            yield from made("scale", edge, node, node * 2.0, 1.0, free="times", several=several)
        if isinstance(node, Map) and node.op.name in ("add", "sub"):
            for arg in dict.fromkeys(node.args):
                if not is_number(arg):
                    yield from made("scale", edge, arg, arg * 2.0, 1.3, free="times", several=True)
        elif node in moving and isinstance(node, (Einsum, Reduce)) and node is not edge.term:
            yield from made("scale", edge, node, node * 2.0, 1.4, free="times")


def more(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """Something added, any number of times."""
    if edge is not next(e for e in pool.passes.edges if e.operand is edge.operand):
        return
    for other in pool.like(edge.term):
        yield from made("extra-term", edge, edge.term, edge.term + other, 2.6, free="plus")
    if edge.operand in pool.wrt and edge.term.shape:
        for other in (call("sign", edge.operand), broadcast(Const.of(1.0), edge.term.shape)):
            yield from made("extra-term", edge, edge.term, edge.term + other, 2.9, free="plus")


def updated(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """A weight after its update: less any number of times its gradient."""
    for node in nodes_of(edge):
        if isinstance(node, Input) and node in pool.wrt:
            gradient = Input.of(f"d_{node.name}", node.shape)
            yield from made("stale-value", edge, node, node - gradient, 2.3, free="plus")


def detached(passes: Backward, pool: Pool) -> Iterator[Edit]:
    """Statistics taken for constants, all of them at once."""
    lines = [line for line in passes.lines[:-1] if is_statistic(line)]
    if len(lines) < 2:
        return
    changes = tuple((edge, edge.term * 0.0) for line in lines for edge in line.edges)
    if changes:
        yield Edit("detached", changes, lines[-1].value, None, 1.5)
