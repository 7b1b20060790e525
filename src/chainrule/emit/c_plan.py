"""What a C function keeps in memory, and what lives inside the expression that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.affine import window_steps
from ..ir.build import scalar_value
from ..ir.errors import ChainruleError
from ..ir.graph import toposort, use_counts
from ..ir.node import (
    Call,
    Concat,
    Const,
    D,
    Delta,
    Einsum,
    Gather,
    Input,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Scatter,
    Size,
    Slice,
)


class NoSpelling(ChainruleError, NotImplementedError):
    """Something in the graph cannot be written in C."""


@dataclass(frozen=True)
class Plan:
    """``stored`` are the nodes that are worked out once and kept, in order; ``folded`` the Maps that are not: each
    stands in the expression of its only user. All others (constants, transposes, slices, windows, …) are index
    arithmetic.
    """

    stored: tuple[Node, ...]
    folded: frozenset[Node]
    turned: frozenset[Node] = frozenset()
    """Of the stored nodes those that are only other layouts of an array: matrices as a product reads them."""

    def tree(self, root: Node) -> list[Node]:
        """The root and the folded Maps below it, operands first."""
        order: list[Node] = []
        stack = [root]
        while stack:
            node = stack.pop()
            order.append(node)
            stack += [arg for arg in node.args if arg in self.folded]
        return order[::-1]


def plan(outputs: Sequence[Node], turned: frozenset[Node] = frozenset()) -> Plan:
    """Decide for every node; those in ``turned`` are stored too. Raises NoSpelling for a derivative not worked out."""
    order, uses = toposort(outputs), use_counts(outputs)
    folded = frozenset(
        arg for node in order if _reads_once(node) for arg in node.args if isinstance(arg, Map) and uses[arg] == 1
    )
    flattened = {_below_reshapes(node) for node in order if isinstance(node, Reshape)}
    kept = [n for n in order if n not in folded and (must_be_stored(n) or n in turned or _is_copied(n, flattened))]
    return Plan(tuple(kept), folded, turned)


def _reads_once(node: Node) -> bool:
    """Whether each entry of the operands is read once, so that it costs nothing to work it out in place."""
    match node:
        case Map():
            return True
        case Reduce():
            return len(node.op.c) == 1
        case Einsum():
            return len(node.args) == 1 and not node.is_layout and sorted(node.subs[0]) == [*range(len(node.extents))]
    return False


def must_be_stored(node: Node) -> bool:
    """Whether a node is worked out, and is not a way of looking at another."""
    match node:
        case Input() | Const() | Size() | Delta() | Reshape() | Slice():
            return False
        case Einsum():
            return not node.is_layout
        case Gather() if window_steps(node) is not None:
            return False
        case Map() | Reduce() | Pad() | Concat() | Gather() | Scatter():
            return True
        case Call():
            raise NoSpelling(f"the operation {node.op.name} is a library's, and cannot be written in C")
        case D():
            raise NoSpelling("a derivative that is not worked out cannot be written in C: work it out first")
        case _:
            raise NoSpelling(f"a kind of node that C does not know: {type(node).__name__}")


def _below_reshapes(node: Node) -> Node:
    """What a reshape, or a chain of them, reads."""
    while isinstance(node, Reshape):
        node = node.args[0]
    return node


def _is_copied(node: Node, flattened: set[Node]) -> bool:
    """Whether index arithmetic has to be carried out, since a reshape needs the entries one after the other."""
    virtual = isinstance(node, (Einsum, Slice, Delta)) and scalar_value(node) is None
    return node in flattened and (virtual or window_steps(node) is not None)
