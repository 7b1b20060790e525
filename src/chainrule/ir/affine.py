"""Constant indices that are those of windows: entry i of window p is the entry p·stride + i·dilation."""

from __future__ import annotations

import numpy as np

from .node import Const, Gather, Node, Scatter


def window_steps(node: Node) -> tuple[int, int] | None:
    """The stride and the dilation of what gathers windows along an axis, or scatters them; None for anything else.

    An axis of length one has the step 1.
    """
    if not isinstance(node, (Gather, Scatter)) or node.params[1] != 0:
        return None
    return index_steps(node.args[1])


def index_steps(indices: Node) -> tuple[int, int] | None:
    """The stride and the dilation of a constant array of such indices, which the two tell; None for any other node."""
    if not isinstance(indices, Const) or indices.kind != "int" or len(indices.shape) != 2:
        return None
    places = np.asarray(indices.value)
    if not places.size or places[0, 0] != 0:
        return None
    count, length = places.shape
    stride = int(places[1, 0]) if count > 1 else 1
    dilation = int(places[0, 1]) if length > 1 else 1
    expected = np.arange(count)[:, None] * stride + np.arange(length) * dilation
    return (stride, dilation) if min(stride, dilation) > 0 and np.array_equal(places, expected) else None
