"""Matrices that are transposed, in another order, or multiplied entry by entry; and other variables in their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ir.build import broadcast
from ...ir.node import Einsum, Input, Map, Node
from ...ir.registry import call
from ..backward import Edge
from .edit import Edit, Pool, is_number, made, nodes_of
from .terms import updated


def transposed(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """With a square matrix turned over."""
    for node in nodes_of(edge):
        if len(node.shape) >= 2 and node.shape[-1] == node.shape[-2] and node.kind == "float" and not is_number(node):
            turned = call("swapaxes", node, -1, -2)
            yield from made("transpose", edge, node, turned, 1.5 if isinstance(node, Input) else 1.6)


def products(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """Two matrices in the other order, or entry by entry; and entry by entry what is no product of matrices."""
    for node in nodes_of(edge):
        if isinstance(node, Einsum) and len(node.args) == 2 and node.summed:
            a, b = node.args
            if len(a.shape) == 2 == len(b.shape) and len(node.out) == 2 and len(node.summed) == 1:
                left = a if node.subs[0][1] == node.summed[0] else a.T
                right = b if node.subs[1][0] == node.summed[0] else b.T
                if node.out[0] not in node.subs[0]:
                    left, right = (
                        (b if node.subs[1][1] == node.summed[0] else b.T),
                        (a if node.subs[0][0] == node.summed[0] else a.T),
                    )
                for first, second in ((right, left), (right.T, left.T)):
                    if first.shape[1] == second.shape[0]:
                        product = first @ second
                        if product.shape == node.shape:
                            yield from made("order", edge, node, product, 1.8)
            for first in dict.fromkeys((a, call("transpose", a))):
                for second in dict.fromkeys((b, call("transpose", b))):
                    if first.shape == second.shape == node.shape:
                        yield from made("elementwise-for-matrix", edge, node, first * second, 2.0)
                    elif first.shape == second.shape:
                        yield from sums_to(edge, node, first * second, "elementwise-for-matrix", 2.0)
                    elif _broadcasts(first, second) == node.shape:
                        yield from made("elementwise-for-matrix", edge, node, first * second, 2.0)
        if isinstance(node, Map) and node.op.name == "mul" and len(node.shape) == 2 and node.shape[0] == node.shape[1]:
            a, b = node.args
            for first in (a, a.T):
                for second in (b, b.T):
                    yield from made("elementwise-for-matrix", edge, node, first @ second, 2.1)
                    yield from made("elementwise-for-matrix", edge, node, second @ first, 2.1)


def _broadcasts(a: Node, b: Node) -> tuple[Any, ...] | None:
    shape = []
    for x, y in zip((1,) * (2 - len(a.shape)) + a.shape, (1,) * (2 - len(b.shape)) + b.shape, strict=False):
        if x != y and 1 not in (x, y):
            return None
        shape.append(max(x, y))
    return tuple(shape)


def sums_to(edge: Edge, part: Node, wide: Node, kind: str, size: float) -> Iterator[Edit]:
    """Sums of an array over some axes, where what is left can stand for a part."""
    rank = len(wide.shape)
    for axis in (*range(rank), None):
        summed = call("sum", wide) if axis is None else call("sum", wide, axis=axis)
        if summed.shape == part.shape or part is edge.term:
            yield from made(kind, edge, part, summed, size)
        elif part is not edge.term and part.shape and _fits(summed.shape, part.shape):
            yield from made(kind, edge, part, broadcast(summed, part.shape), size)


def _fits(shape: tuple[Any, ...], wide: tuple[Any, ...]) -> bool:
    if len(shape) > len(wide):
        return False
    return all(x in (1, y) for x, y in zip(shape[::-1], wide[::-1], strict=False))


def operands(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """Another variable in the place of one: of another layer, or what it is before or after a function."""
    for node in nodes_of(edge):
        if isinstance(node, Input) and node.kind == "float":
            for other in pool.like(node):
                yield from made(_role(node, other, pool), edge, node, other, _strangeness(node, other))
    yield from updated(edge, pool)


def _role(node: Input, other: Node, pool: Pool) -> str:
    """A variable of another layer or step is a stale value; any other is a wrong operand."""
    inner = other if isinstance(other, Input) else other.args[0]
    assert isinstance(inner, Input)
    alike = _stem(node.name) == _stem(inner.name) and not node.name.startswith("d_")
    return "stale-value" if alike and node not in pool.wrt else "wrong-operand"


def _stem(name: str) -> str:
    return name.rstrip("0123456789_.'")


def _strangeness(node: Input, other: Node) -> float:
    """A value for a value is likelier than for a cotangent."""
    if not isinstance(other, Input):
        return 2.9
    return 2.4 if node.name.startswith("d_") == other.name.startswith("d_") else 3.0
