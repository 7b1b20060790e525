"""How long a formula is on paper: the measure of the rules that only serve a reader."""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.build import scalar_value
from ..ir.node import Const, Einsum, Input, Map, Node, Size
from .rule import Measure, is_sign


def signs(node: Node) -> int:
    """How many signs a node itself puts on paper: a name or a number is one, and so is an operation.

    A power by a number is written by the number alone; a broadcast, a transpose and a cast are written by nothing that
    counts. Ones cost nothing, for they go away.
    """
    match node:
        case Const() if node.shape == () and abs(node.value) == 1:
            return is_sign(node)
        case Input() | Const() | Size():
            return 1 + is_sign(node)
        case Einsum():
            return 0 if node.is_layout else len(node.args)
        case Map() if node.op.converts or (node.op.name == "pow" and scalar_value(node.args[1]) is not None):
            return 0
        case _:
            return 1


class Lengths:
    """The lengths of formulas that are written out as a whole, in which a named node is read as its name.

    A length is the number of signs, and, of two formulas with as many, how much of it stands inside of sums, once for
    each: sums over all places of the formula, so what is shorter is shorter in any surroundings. Lengths are kept.
    """

    def __init__(self, named: Iterable[Node] = ()) -> None:
        self._known = dict.fromkeys(named, (1, 0))

    def of(self, root: Node) -> tuple[int, int]:
        """The length of this node's formula; of a named one, that of its name."""
        stack = [root]
        while stack:
            node = stack[-1]
            todo = [arg for arg in node.args if arg not in self._known]
            if node in self._known:
                stack.pop()
            elif todo:
                stack.extend(todo)
            else:
                below = sum(self._known[arg][0] for arg in node.args)
                is_sum = isinstance(node, Einsum) and not node.is_layout
                inside = sum(self._known[arg][1] for arg in node.args) + (below if is_sum else 0)
                self._known[node] = signs(node) + below, inside
        return self._known[root]


def written(root: Node, named: frozenset[Node] = frozenset()) -> Measure:
    """The length of a formula, as a phase's measure; a name stands only inside of it."""
    return Lengths(named - {root}).of(root)
