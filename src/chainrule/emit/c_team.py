"""How threads divide a C function among them: each works out its share of the rows of every array.

All threads run the function. An array is divided by its first axis; a number is worked out by each thread for itself.
No sum is divided, so the result does not depend on how many threads there are. Where a thread reads rows that are not
its own it has to wait for the others: nodes are put into stages, as few as can be, and threads meet between them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from contextlib import nullcontext

from ..ir.dims import Dim, Extent
from ..ir.graph import Graph
from ..ir.node import Einsum, Gather, Input, Node, Reduce
from ..lower.products import product_of
from ..lower.views import Form, view
from .c_body import Body
from .c_nodes import copy, is_written_by_rows, write
from .c_plan import Plan

_LONG = 4096
_NEAR = 32768
"""Bytes of the nearest cache that a block of rows may take."""
_NEXT = 16 * _NEAR
"""The same of the cache behind it, where rows are so long that few of them fit the nearest."""
_TILES = 48
"""Rows that tiles of 4, 6, 8, 12 and 16 divide."""


def divides(node: Node) -> bool:
    """Whether the threads divide the rows of an array; if not, the first of them works it out alone.

    So it is with a short list of numbers, such as a bias, and with what is not written row by row.
    """
    if not node.shape or node.shape[0] == 1 or not is_written_by_rows(node):
        return False
    return len(node.shape) > 1 or isinstance(node.shape[0], Dim) or node.shape[0] >= _LONG


def stages(plan: Plan, divided_inputs: Collection[Node], local: Collection[Node]) -> list[list[Node]]:
    """The stored nodes in stages: what a thread reads of others was worked out in a stage before.

    ``divided_inputs`` are inputs whose rows each thread puts in place for itself, before the first stage. ``local`` are
    the numbers of which each thread has its own.
    """
    stage: dict[Node, int] = dict.fromkeys(divided_inputs, 0)
    waits: dict[Node, list[tuple[Node, bool]]] = {}
    for node in plan.stored:
        waits[node] = [
            (operand, not (operand in local or (node not in local and _is_own(node, operand, rows))))
            for operand, rows in _read(plan, node)
            if operand in stage
        ]
        stage[node] = max((stage[operand] + for_others for operand, for_others in waits[node]), default=0)
    last = max((stage[n] for n in plan.stored), default=0)
    # As late as can be, so that what is worked out for some rows is used while it is still near.
    latest = dict.fromkeys(stage, last)
    for node in reversed(plan.stored):
        for operand, for_others in waits[node]:
            latest[operand] = min(latest[operand], latest[node] - for_others)
    return [[n for n in plan.stored if latest[n] == k] for k in range(last + 1)]


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


def write_in_stages(body: Body, graph: Graph, outs: Sequence[str], divided_inputs: Collection[Node]) -> None:
    """Every stored node, and the outputs that are stored elsewhere, for threads that meet after each stage."""
    for stage in stages(body.plan, divided_inputs, body.scalars):
        for node in stage:
            if not divides(node):
                with nullcontext() if node in body.scalars else body.lines.block("if (thread == 0)"):
                    write(body, node, graph.names.get(node, body.where[node]))
        body.divided = True
        for rows in dict.fromkeys(node.shape[0] for node in stage if divides(node)):
            _write_rows(body, graph, [n for n in stage if divides(n) and n.shape[0] == rows], rows)
        body.divided = False
        body.lines.add("meet(team, thread, threads);")
    rest = [(output, out) for output, out in zip(graph.outputs, outs, strict=True) if body.where.get(output) != out]
    if rest:
        with body.lines.block("if (thread == 0)"):
            for output, out in rest:
                body.restart("i")
                copy(body, output, out)
        body.lines.add("meet(team, thread, threads);")


def _write_rows(body: Body, graph: Graph, nodes: Sequence[Node], rows: Extent) -> None:
    """Nodes of which a thread has the same rows: a block of these after the other, while what they share is near."""
    first, end = body.share(rows)
    for run in _runs(body, nodes):
        block = _block(body, run) if len(run) > 1 else None
        with body.lines.block(f"for (ptrdiff_t {first} = {first}_, {end}; {first} < {end}_; {first} = {end})"):
            to = f"{end}_ - {first} < {block} ? {end}_ : {first} + {block}" if block else f"{end}_"
            body.lines.add(f"{end} = {to};")
            for node in run:
                write(body, node, graph.names.get(node, body.where[node]))


def _runs(body: Body, nodes: Sequence[Node]) -> list[list[Node]]:
    """The nodes in order, in runs that suit the same blocks: those of the rows of a product are of many rows, those of
    arrays whose rows are long arrays themselves, such as images, of few.
    """
    runs: list[list[Node]] = []
    many: bool | None = None
    for node in nodes:
        wants = _wants_many_rows(body, node)
        if not runs or (wants is not None and many is not None and wants != many):
            runs.append([])
            many = None
        runs[-1].append(node)
        many = many if wants is None else wants
    return runs


def _wants_many_rows(body: Body, node: Node) -> bool | None:
    """Whether a node is best worked out for many rows at once, or for few; None where it does not matter."""
    product = product_of(node)
    if product is not None and isinstance(node, Einsum) and product.rows == node.out[0]:
        return True
    return False if len(node.shape) > 2 and _row_bytes(body, [node]) > _LONG else None


def _block(body: Body, nodes: Sequence[Node]) -> int:
    """How many rows are worked out together: as many as fit the cache, in whole tiles of every height."""
    row = _row_bytes(body, nodes)
    if any(_wants_many_rows(body, node) is False for node in nodes):
        return max(1, _NEXT // row)
    return max(1, _NEAR // (row * _TILES)) * _TILES


def _row_bytes(body: Body, nodes: Sequence[Node]) -> int:
    width = sum(math.prod(64 if isinstance(e, Dim) else int(e) for e in node.shape[1:]) for node in nodes)
    return max(1, width * body.real.bytes)


def shares_of(body: Body) -> list[str]:
    """Where a thread's share of so many rows begins and ends."""
    lines = ["    int failed = 0;"] if body.team else []
    for rows, (first, end) in body.shares.items():
        lines.append(f"    const ptrdiff_t {first}_ = share({rows}, thread, threads);")
        lines.append(f"    const ptrdiff_t {end}_ = share({rows}, thread + 1, threads);")
    return lines
