"""What one node's record says of its slopes, put into the form both directions use."""

from __future__ import annotations

from ..ir.build import as_node, broadcast
from ..ir.errors import DerivativeError
from ..ir.node import Call, D, Einsum, Map, Node, Reduce
from ..ir.records import Over


def takes_derivative(node: Node, i: int) -> bool:
    """Whether a derivative can flow through operand i of this node at all.

    Raises DerivativeError for a derivative that is not worked out: it has no rule of its own.
    """
    if isinstance(node, D):
        raise DerivativeError("a derivative that is not worked out cannot be differentiated: work it out first")
    if node.args[i].kind != "float":
        return False
    if isinstance(node, (Map, Reduce)):
        return True
    flags = node.op.operands
    return bool(flags[min(i, len(flags) - 1)])


def is_product(node: Node) -> bool:
    """Whether the tangent is arithmetic with other values: a product of several, or what a library works out."""
    return isinstance(node, Call) or (isinstance(node, Einsum) and len(node.args) > 1)


def slopes(node: Map, needed: tuple[bool, ...]) -> list[Node | None]:
    """The slope of a Map with respect to each operand that is needed, of the node's own shape.

    A slope that is a truth value stays one: whoever multiplies by it knows that it masks. None is a slope of zero.
    """
    result: list[Node | None] = []
    for slope, wanted in zip(node.op.partials(*node.args, node), needed, strict=True):
        if slope is None or not wanted:
            result.append(None)
        else:
            # A slope may be a plain number, ±1, that needs no shape of its own until it is multiplied.
            result.append(broadcast(as_node(slope), node.shape))
    return result


def reduction_slope(node: Reduce) -> Node:
    """The slope of a reduction's result with respect to each entry, of the operand's shape."""
    (x,) = node.args
    over = Over(x.shape, node.axes)
    return node.op.partials(x, over.spread(node), over)
