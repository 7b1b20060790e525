"""What is known of a node's values: from its record's range, its own number, a declared property of an input."""

from __future__ import annotations

from ..ir.build import scalar_value
from ..ir.node import Einsum, Input, Map, Node, Reduce, Size, Subscripts
from ..ir.records import POSITIVE, Interval


def declared(node: Node, what: str) -> bool:
    """Whether an input was declared to have a property: simplex, positive, …"""
    return isinstance(node, Input) and what in node.properties


def in_order(node: Node, sub: Subscripts) -> Subscripts:
    """The indices of an array; of one that was declared symmetric, with the smaller of the last two first."""
    return (*sub[:-2], *sorted(sub[-2:])) if declared(node, "symmetric") else sub


def proves(node: Node, interval: Interval) -> bool:
    """Whether a node's values are known to lie in an interval."""
    number = scalar_value(node)
    if number is not None:
        return number in interval
    if isinstance(node, Einsum) and node.is_layout:
        return proves(node.args[0], interval)
    if isinstance(node, (Map, Reduce)):
        return node.op.range.within(interval)
    return declared(node, "positive") and POSITIVE.within(interval)


def is_not(node: Node) -> bool:
    """Whether it is the denial of a truth value."""
    return isinstance(node, Map) and node.op.name == "logical_not"


def is_bracket(node: Node) -> bool:
    """Whether it is a truth value as a number: Iverson's bracket."""
    return isinstance(node, Map) and node.op.name == "to_float" and node.args[0].kind == "bool"


def is_size(node: Node) -> bool:
    """Whether it is a named dimension as a number, which counts the entries along an axis."""
    return isinstance(node, Size) or (isinstance(node, Map) and node.op.name == "to_float" and is_size(node.args[0]))


def never_zero(node: Node) -> bool:
    """Whether dividing by it is never dividing by nothing."""
    return is_size(node) or scalar_value(node) not in (None, 0) or proves(node, POSITIVE)


def square_sum(node: Node) -> Node | None:
    """The array x, if the node is the sum of all x², however it is written."""
    if not isinstance(node, Einsum) or node.shape != () or len(set(node.subs[0])) < len(node.subs[0]):
        return None
    first = node.args[0]
    if len(node.args) == 2:
        return first if first is node.args[1] and node.subs[0] == node.subs[1] else None
    if len(node.args) != 1 or not isinstance(first, Map):
        return None
    twice = first.op.name == "mul" and first.args[0] is first.args[1]
    power = first.op.name == "pow" and scalar_value(first.args[1]) == 2
    return first.args[0] if twice or power else None


def log_softmax(node: Node) -> tuple[Node, tuple[int, ...]] | None:
    """The array x and the axes, if the node is x − logsumexp(x) over them: the logarithm of a softmax."""
    if not isinstance(node, Map) or node.op.name != "sub":
        return None
    x, spread = node.args
    if not (isinstance(spread, Einsum) and spread.is_layout and isinstance(spread.args[0], Reduce)):
        return None
    total = spread.args[0]
    kept = tuple(a for a in range(len(x.shape)) if a not in total.axes)
    if total.op.name != "logsumexp" or total.args[0] is not x or spread.subs[0] != kept:
        return None
    return x, total.axes


def negative_log_softmax(node: Node) -> Node | None:
    """The logarithm of a softmax, if the node is its negative, logsumexp(x) − x."""
    if not isinstance(node, Map) or node.op.name != "sub":
        return None
    total, x = node.args
    turned = x - total
    return None if log_softmax(turned) is None else turned


def softmax(node: Node) -> tuple[Node, tuple[int, ...]] | None:
    """The array x and the axes, if the node is its softmax over them, whose entries add up to one."""
    return log_softmax(node.args[0]) if isinstance(node, Map) and node.op.name == "exp" else None
