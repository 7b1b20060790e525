"""How people get a step wrong, as data: a record for each kind of edit of what a line hands back.

Each takes an `Edge`, and gives the terms that somebody may have written for the right one. A number that may be any is
left free: it is solved for, not tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...ir.graph import substitute
from ..backward import Backward, Edge
from .edit import Edit, Pool, is_number, is_statistic
from .factors import extra_factor, missing_factor, slope, wrong_factor
from .masks import masks
from .products import operands, products, transposed
from .sums import sums
from .terms import detached, more, times

__all__ = ["MUTATIONS", "Edit", "Mutation", "Pool", "edits", "is_number", "is_statistic", "slope"]


@dataclass(frozen=True)
class Mutation:
    """A kind of edit. ``edits`` gives those of one edge; ``fine`` if it is worth trying at every operation."""

    name: str
    edits: Callable[[Edge, Pool], Iterator[Edit]]
    fine: bool = False


MUTATIONS = (
    Mutation("times", times, fine=True),
    Mutation("missing factor", missing_factor, fine=True),
    Mutation("sums", sums, fine=True),
    Mutation("transposed", transposed),
    Mutation("masks", masks, fine=True),
    Mutation("products", products),
    Mutation("wrong factor", wrong_factor, fine=True),
    Mutation("extra factor", extra_factor),
    Mutation("operands", operands, fine=True),
    Mutation("more", more),
)


def edits(passes: Backward, *, fine: bool = False) -> Iterator[Edit]:
    """All edits of a backward pass, edge by edge from the loss on."""
    pool = Pool(passes)
    yield from detached(passes, pool)
    for operand, count in pool.into.items():
        if count > 1:
            into = [edge for edge in passes.edges if edge.operand is operand]
            yield Edit("scale", tuple((e, e.term * 2.0) for e in into), operand, None, 1.05, "times")
    for line in reversed(passes.lines):
        if not fine and len(line.edges) > 1:
            g = line.cotangent
            changes = tuple((e, substitute([e.term], {g: g * 2.0})[0]) for e in line.edges)
            yield Edit("scale", changes, g, None, 1.0, "times", several=pool.into.get(line.value, 0) > 1)
        for edge in line.edges:
            for mutation in MUTATIONS:
                if mutation.fine or not fine:
                    yield from mutation.edits(edge, pool)
