"""Sums over what is read backwards, turned round."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.dims import Extent
from ..ir.node import Node
from ..ir.templates import Spelled
from ..lower.views import view
from .c_body import Body, Index
from .c_text import shifted


def forwards(
    body: Body,
    operands: Sequence[tuple[Node, Sequence[int]]],
    gone: Sequence[int],
    extents: Sequence[Extent],
    inner: Index,
) -> list[Spelled]:
    """The indices that are added up over, turned round where everything is read backwards along one.

    A sum has no direction; and of short rows read backwards GCC 12 adds up wrong entries at -O3.
    """
    turned = list(inner)
    for k, index in enumerate(gone):
        steps = [
            step for arg, sub in operands for step in _steps(body, arg, [a for a, i in enumerate(sub) if i == index])
        ]
        length = body.length(extents[index])
        if length is not None and steps and max(steps) < 0:
            turned[k] = shifted(turned[k], length - 1, -1)
    return turned


def _steps(body: Body, root: Node, axes: Sequence[int]) -> list[int]:
    """How far what is read for an operand, in its own arrays, goes on with one more step along these axes."""
    read = [root]
    if root in body.plan.folded:
        read = [arg for node in body.plan.tree(root) for arg in node.args if arg not in body.plan.folded]
    views = [view(node, body.is_array) for node in read]
    factors = [v.factor(place, axis) for v in views if v is not None for place in range(len(v.at)) for axis in axes]
    return [factor for factor in factors if factor]
