"""How threads divide a C function among them: each works out its share of the rows of every array.

All threads run the function. An array is divided by its first axis; a number is worked out by each thread for itself.
No sum is divided, so the result does not depend on how many threads there are. Where a thread reads rows that are not
its own it has to wait for the others: nodes are put into stages, as few as can be, and threads meet between them.
"""

from __future__ import annotations

from collections.abc import Collection

from ..ir.dims import Dim, Extent
from ..ir.node import Einsum, Gather, Input, Map, Node, Reduce
from ..lower.views import Form, view
from .c_plan import Plan

_LONG = 4096


def divides(node: Node) -> bool:
    """Whether the threads divide the rows of an array; if not, the first of them works it out alone.

    So it is with a short list of numbers, such as a bias, and with what is not written row by row.
    """
    if not node.shape or node.shape[0] == 1 or not isinstance(node, (Map, Reduce, Gather, Einsum)):
        return False
    return len(node.shape) > 1 or isinstance(node.shape[0], Dim) or node.shape[0] >= _LONG


def stages(plan: Plan, divided_inputs: Collection[Node], local: Collection[Node]) -> list[list[Node]]:
    """The stored nodes in stages: what a thread reads of others was worked out in a stage before.

    ``divided_inputs`` are inputs whose rows each thread puts in place for itself, before the first stage. ``local`` are
    the numbers of which each thread has its own.
    """
    stage: dict[Node, int] = dict.fromkeys(divided_inputs, 0)
    for node in plan.stored:
        at = 0
        for operand, rows in _read(plan, node):
            if operand in stage:
                own = operand in local or (node not in local and _is_own(node, operand, rows))
                at = max(at, stage[operand] + (not own))
        stage[node] = at
    count = max((stage[n] for n in plan.stored), default=0) + 1
    return [[n for n in plan.stored if stage[n] == k] for k in range(count)]


def _is_own(node: Node, operand: Node, rows: Extent | None) -> bool:
    """Whether what a thread reads for its share of an array is what it worked out itself."""
    divided = divides(operand) or isinstance(operand, Input)
    if divides(node) and divided:
        return rows is not None and node.shape[0] == rows == operand.shape[0]
    # The first thread works out what is not divided, and may read that of its own.
    return not divides(node) and not divided


def _read(plan: Plan, root: Node) -> list[tuple[Node, Extent | None]]:
    """The arrays that a stored node reads; with the length of their rows where row i is read for row i alone."""
    found: list[tuple[Node, Extent | None]] = []
    stored = set(plan.stored)

    def is_array(node: Node) -> bool:
        return node in stored or isinstance(node, Input)

    for node in plan.tree(root):
        for place, arg in enumerate(node.args):
            lies = None if arg in plan.folded else view(arg, is_array)
            if lies is not None:
                rows = bool(lies.at) and _is_row_for_row(node, place, lies.at[0])
                found.append((lies.base, lies.shape[0] if rows else None))
    return found


def _is_row_for_row(node: Node, place: int, first: Form) -> bool:
    """Whether the first index of an operand's array is the first index of the node."""
    number, factors = first
    if number or [*factors.values()] != [1]:
        return False
    (axis,) = factors
    match node:
        case Einsum():
            return bool(node.out) and node.subs[place][axis] == node.out[0]
        case Reduce():
            return axis == min((a for a in range(len(node.args[0].shape)) if a not in node.axes), default=None)
        case Gather():
            gathered, batch = node.params
            return axis == 0 and (gathered > 0 if place == 0 else batch > 0 or gathered == 0)
    return axis == 0
