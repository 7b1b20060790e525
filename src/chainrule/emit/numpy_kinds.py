"""What NumPy will make of an expression: an array or a number of Python's own, floats or truth values."""

from __future__ import annotations

import re

from ..ir.graph import toposort
from ..ir.node import Delta, Input, Map, Node, Reduce
from .numpy_products import carried_axes


def is_float_array(node: Node) -> bool:
    """Whether an operand comes as an array of floats, which decides the precision of the result."""
    return bool(node.shape) and not truth(node) and not spread_number(node) and node.kind == "float"


def truth(node: Node) -> bool:
    """Whether an expression is a truth value as a number."""
    return isinstance(node, Map) and node.op.name == "to_float" and node.args[0].kind == "bool"


def has_array(node: Node) -> bool:
    """Whether an expression's value is an array or NumPy number, rather than Python's own."""
    return any(isinstance(n, (Input, Delta, Reduce)) or n.shape for n in toposort((node,)) if not spread_number(n))


def spread_number(node: Node) -> bool:
    """Whether an expression is one number, spread over a shape."""
    return bool(node.shape) and len(node.args) == 1 and node.args[0].shape == ()


def covers(node: Map) -> bool:
    """Whether NumPy's own broadcasting of the operands gives the node's whole shape."""
    carried: set[int] = set()
    for arg in node.args:
        carried |= carried_axes(arg)
    return len(carried) == len(node.shape)


def nested(template: str, place: int) -> bool:
    """Whether an operand stands in a function of NumPy that stands in another one."""
    calls: list[bool] = []
    for piece in re.findall(rf"np\.\w+\(|\(|\)|\{{{place}\}}", template):
        if piece == ")":
            calls.pop()
        elif piece.endswith("("):
            calls.append(piece.startswith("np."))
        elif sum(calls) > 1:
            return True
    return False
