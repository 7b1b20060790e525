"""Which integer argument holds an index that is outside the axis it chooses from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir.graph import Graph
from ..ir.node import Gather, Input, Scatter


def misplaced_index(graph: Graph, values: Mapping[str, Any], *, negative: bool) -> str:
    """A sentence naming the first such argument and what it holds; "" where there is none.

    ``negative``: whether indices may count from the end, as NumPy's do. Only arguments that are indices as they stand,
    into axes of integer length, can be told.
    """
    for node in graph.nodes():
        if not isinstance(node, (Gather, Scatter)) or not isinstance(node.args[1], Input):
            continue
        extent = node.args[0].shape[node.params[0]] if isinstance(node, Gather) else node.params[2]
        name = node.args[1].name
        array = np.asarray(values[name])
        if not isinstance(extent, int) or not array.size:
            continue
        low, high = int(array.min()), int(array.max())
        if low < (-extent if negative else 0) or high >= extent:
            return f"{name} holds {low if low < 0 else high}, and chooses from {extent} entries: 0 to {extent - 1}"
    return ""
