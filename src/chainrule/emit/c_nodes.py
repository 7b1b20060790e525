"""How each kind of node is worked out in C: one loop nest a node."""

from __future__ import annotations

import re
from contextlib import ExitStack

from ..ir.dims import show_shape
from ..ir.errors import ShapeError
from ..ir.graph import describe
from ..ir.node import Concat, Delta, Einsum, Gather, Map, Node, Pad, Reduce, Scatter, Slice
from ..ir.records import Fold
from ..ir.templates import Spelled, fill
from .c_body import Body, Index, placed
from .c_plan import NoSpelling
from .c_text import PLAIN, harmless, product, shifted

_BOUNDS = {
    "float": ("-INFINITY", "INFINITY"),
    "int": ("INT64_MIN", "INT64_MAX"),
    "bool": ("false", "true"),
}


def write(body: Body, node: Node, title: str) -> None:
    """The statements that work a stored node out."""
    what = node.op.name if isinstance(node, (Map, Reduce)) else type(node).__name__.lower()
    body.lines.add(f"/* {harmless(title)} {harmless(show_shape(node.shape))}: {harmless(what)} */")
    if node in body.scalars:
        body.lines.add(f"{body.real.of(node.kind)} {body.where[node]};")
    match node:
        case Map():
            with body.loops(node.shape) as index:
                _set(body, node, index, body.expression(node, index)[0])
        case Einsum() if node.summed and _runs_along_rows(body, node):
            _rows(body, node)
        case Einsum():
            _dots(body, node)
        case Reduce():
            _reduce(body, node)
        case Pad():
            _zeros(body, node)
            _spread(body, node, node.args[0], lambda index: placed(index, node.params[0]))
        case Concat():
            _concat(body, node)
        case Gather():
            _gather(body, node)
        case Scatter():
            _scatter(body, node)
        case Slice() | Delta():
            copy(body, node, body.where[node])
        case _:
            raise NoSpelling(f"a kind of node that C does not know: {type(node).__name__}")


def copy(body: Body, node: Node, target: str) -> None:
    """A node that is index arithmetic, or stored elsewhere, written entry by entry into an array."""
    with body.loops(node.shape) as index:
        body.lines.add(f"{target}[{body.at(index, node.shape)}] = {body.load(node, index)[0]};")


def _set(body: Body, node: Node, index: Index, value: str, how: str = "=") -> None:
    body.lines.add(f"{body.entry(node, index)} {how} {value};")
