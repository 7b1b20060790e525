"""Slopes that are left out, come twice, or are those of another function."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.build import broadcast, cast
from ...ir.graph import Graph, depends_on, substitute
from ...ir.node import Const, Einsum, Input, Map, Node
from ...ir.registry import call
from ...simplify import simplify
from ..backward import Edge, Line
from .edit import Edit, Pool, is_number, made, nodes_of


def _factors(node: Node) -> Iterator[tuple[Node, Node]]:
    """The factors of a product, each with what is left without it."""
    if isinstance(node, Map) and node.op.name == "mul":
        a, b = node.args
        yield b, a
        yield a, b
    elif isinstance(node, Map) and node.op.name == "div":
        yield node.args[1], node.args[0]
    elif isinstance(node, Map) and node.op.name == "where" and len(node.args) == 3:
        yield node.args[0], node.args[1]
        yield node.args[0], node.args[2]
    elif isinstance(node, Einsum) and len(node.args) > 1:
        for k, arg in enumerate(node.args):
            args = [a for i, a in enumerate(node.args) if i != k]
            subs = [s for i, s in enumerate(node.subs) if i != k]
            there = {i for s in subs for i in s}
            if set(node.out) <= there:
                extents = {i: e for i, e in enumerate(node.extents) if i in there}
                yield arg, Einsum.of(args, subs, node.out, extents)


def _one(node: Node) -> Node:
    return broadcast(Const.of(1.0), node.shape)


def _is_single(formula: Node) -> bool:
    """Whether a line is a single function, whose slope is one thing and no product of several."""
    return isinstance(formula, Map) and all(isinstance(arg, Input) or is_number(arg) for arg in formula.args)


def slope(edge: Edge, line: Line) -> Node | None:
    """The slope of a line that works entry by entry."""
    if edge.term.shape != edge.cotangent.shape or edge.operand.shape != line.value.shape:
        return None
    moving = depends_on([line.formula], [edge.operand])
    if not all(isinstance(n, (Map, Input)) and n.shape == line.value.shape for n in moving):
        return None
    one = broadcast(Const.of(1.0), edge.cotangent.shape)
    (made,) = substitute([edge.term], {edge.cotangent: one})
    return simplify(Graph((), (made,), {})).outputs[0]


def missing_factor(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """Without the slope, or without a factor of it."""
    line = pool.lines[edge.line]
    whole = slope(edge, line)
    if whole is not None and not is_number(whole):
        yield Edit("missing-factor", ((edge, edge.cotangent),), whole, None, 1.2)
    elif whole is None and edge.term.shape == edge.cotangent.shape and edge.term is not edge.cotangent:
        yield Edit("missing-factor", ((edge, edge.cotangent),), edge.term, None, 1.6)
    moving = depends_on([edge.term], [edge.cotangent])
    for node in nodes_of(edge):
        for factor, rest in _factors(node):
            if factor in moving or is_number(factor) or rest.kind != "float":
                continue
            condition = isinstance(factor, Map) and factor.kind == "bool"
            part_of_slope = (
                whole is not None and rest is not edge.cotangent and not condition
                and _is_single(line.formula) and not is_number(substitute([rest], {edge.cotangent: _one(rest)})[0])
            )  # fmt: skip
            kind = "wrong-factor" if part_of_slope else "missing-factor"
            for edit in made(kind, edge, node, rest, 1.3 + 0.5 * part_of_slope):
                yield Edit(edit.kind, edit.changes, factor, None, edit.size)


def extra_factor(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """With the slope twice, or with a factor that does not belong there."""
    line = pool.lines[edge.line]
    whole = slope(edge, line)
    if whole is not None and not is_number(whole):
        yield Edit("extra-factor", ((edge, substitute([edge.term], {edge.cotangent: edge.term})[0]),), whole, None, 2.0)
    if edge is line.edges[0]:
        # A factor on what comes from behind, most often the slope of a function that is not there.
        for factor in (*_slopes(line.value, line.value), *pool.values):
            if factor.shape == line.value.shape and factor.shape:
                g = line.cotangent
                changes = tuple((e, substitute([e.term], {g: g * cast(factor, "float")})[0]) for e in line.edges)
                yield Edit("extra-factor", changes, factor, None, 2.6)
    for factor in pool.values:
        if factor.shape == edge.term.shape and factor.shape:
            yield from made(
                "extra-factor",
                edge,
                edge.term,
                edge.term * factor,
                2.7,
            )


def _slopes(z: Node, a: Node) -> Iterator[Node]:
    """The slopes of the usual functions, by the argument or by the value, rightly and wrongly written."""
    yield from (cast(v > 0, "float") for v in dict.fromkeys((z, a)))
    for v in dict.fromkeys((a, z)):
        yield v * (1 - v)
        yield 1 - v * v
        yield 1 - v
        yield v
        yield v * v
        yield v * (1 + v)
    tanh, sigmoid = call("tanh", z), call("sigmoid", z)
    yield 1 - tanh * tanh
    yield 1 - tanh
    yield tanh
    yield sigmoid * (1 - sigmoid)
    yield sigmoid
    yield 1 - sigmoid
    yield call("exp", z)
    yield call("cos", z)
    yield -call("sin", z)
    yield 1 / z
    yield 1 / (1 + call("exp", z))


def wrong_factor(edge: Edge, pool: Pool) -> Iterator[Edit]:
    """With the slope of another function, or at another point."""
    line = pool.lines[edge.line]
    whole = slope(edge, line)
    if whole is not None and not is_number(whole):
        for other in _slopes(edge.operand, line.value):
            yield Edit("wrong-factor", ((edge, edge.cotangent * other),), whole, other, 2.0)
        # The right slope, at the value instead of the argument, or at what comes before.
        for point in (line.value, *pool.values):
            if point.shape == edge.operand.shape and point is not edge.operand:
                moved = substitute([whole], {edge.operand: point})[0]
                if moved is not whole:
                    yield Edit("wrong-factor", ((edge, edge.cotangent * cast(moved, "float")),), whole, moved, 2.2)
        (again,) = substitute([_by_argument(whole, line)], {edge.operand: line.value})
        yield Edit("wrong-factor", ((edge, edge.cotangent * cast(again, "float")),), whole, again, 2.1)
        for again in substitute([line.formula], {edge.operand: line.value}):
            yield Edit("wrong-factor", ((edge, edge.cotangent * cast(again, "float")),), whole, again, 2.2)
    elif whole is None and edge.term.shape == edge.cotangent.shape == line.value.shape and line.value.shape:
        # A Jacobian taken for a diagonal, as if the function worked entry by entry.
        for other in _slopes(edge.operand, line.value):
            yield Edit("wrong-factor", ((edge, edge.cotangent * other),), edge.term, other, 1.85)
    moving = depends_on([edge.term], [edge.cotangent])
    for node in nodes_of(edge):
        if node in moving or node.kind != "float" or is_number(node) or not _is_factor(node, edge):
            continue
        for other in (node * node, 1 - node, 1 - node * node, node * (1 - node), 1 + node,
                      call("sqrt", call("abs", node)), 1 / node):  # fmt: skip
            yield from made("wrong-factor", edge, node, other, 2.8)
    for node in nodes_of(edge):
        if isinstance(node, Map) and node.op.name in ("sqrt", "exp", "log", "tanh", "sigmoid", "square", "reciprocal"):
            yield from made("wrong-factor", edge, node, node.args[0], 2.6)
        if isinstance(node, Map) and node.op.name == "pow":
            base, exponent = node.args
            for other in (base ** (exponent + 1), base ** (exponent - 1), base):
                yield from made("wrong-factor", edge, node, other, 2.5)


def _by_argument(slope: Node, line: Line) -> Node:
    """A slope without the line's value: by its argument alone."""
    return substitute([slope], {line.value: line.formula})[0]


def _is_factor(node: Node, edge: Edge) -> bool:
    """Whether something in the term is multiplied or divided by a node."""
    for user in nodes_of(edge):
        if any(arg is node for arg in user.args) and (
            isinstance(user, Einsum) or (isinstance(user, Map) and user.op.name in ("mul", "div", "neg", "add", "sub"))
        ):
            return True
    return False
