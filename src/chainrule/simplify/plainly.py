"""What a node is in simpler words, for `canonical`: two spellings of one function then have one form."""

from __future__ import annotations

from ..ir.node import Call, Map, Node
from ..ir.registry import call
from .rule import Context
from .rules.library import by_the_inverse
from .rules.spell import relu_on, tie


def plainly(node: Node) -> Node | None:
    """What it is in simpler words, where there are any: by the inverse, without a tie, by logarithm and exponential."""
    match node:
        case Call():
            return by_the_inverse(node)
        case Map(op=op) if op.name == "where":
            return tie.rewrite(node, Context())
        case Map(op=op) if op.name == "greater":
            return relu_on.rewrite(node, Context())
        case Map():
            return _elementary(node)
    return None


def _elementary(node: Map) -> Node | None:
    """What keeps its digits, said by logarithm and exponential; None for all others."""
    x = node.args[0]
    match node.op.name:
        case "log1p":
            return call("log", 1 + x)  # type: ignore[no-any-return]
        case "expm1":
            return call("exp", x) - 1  # type: ignore[no-any-return]
        case "log_sigmoid":
            return call("log", call("sigmoid", x))  # type: ignore[no-any-return]
        case "softplus":
            return -call("log", call("sigmoid", -x))  # type: ignore[no-any-return]
    return None
