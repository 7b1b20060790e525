"""How much a program has to work: what tells whether it pays to compile it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..ir.dims import Dim, Shape
from ..ir.graph import Graph
from ..ir.node import Call, Einsum, Gather, Map, Reduce, Scatter


def operations(graph: Graph, sizes: Mapping[Dim, int]) -> tuple[int, int]:
    """The multiplications and additions of one run, and how many operations on whole arrays they belong to."""

    def volume(shape: Shape) -> int:
        return math.prod(sizes.get(extent, 1) if isinstance(extent, Dim) else int(extent) for extent in shape)

    total, count = 0, 0
    for node in graph.nodes():
        match node:
            case Einsum() if not node.is_layout:
                total += len(node.args) * volume(node.extents)
                count += 1
            case Map():
                total += volume(node.shape)
                count += 1
            case Reduce() | Gather() | Scatter() | Call():
                total += volume(node.args[0].shape)
                count += 1
    return total, count
