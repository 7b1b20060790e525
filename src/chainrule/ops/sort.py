"""Order: sort, the k greatest, the median. Each takes entries at the places that `argsort` finds.

The places are integers and have no derivative; the entries taken have theirs. Where entries are equal they keep their
order (the sort is stable), and each hands its slope to the entry that stands there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, cast, is_traced, normal_axes
from ..ir.dims import Extent, Shape, show_shape
from ..ir.errors import ArgumentError, ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Node
from ..ir.registry import function
from .index import take_along_axis
from .linear import transpose
from .order import argsort
from .shape import ravel, reshape

__all__ = ["median", "sort", "top_k"]


@function(np.sort)
def sort(x: Any, axis: int | None = -1, kind: str | None = None) -> Any:
    """The entries along an axis, the last unless told, in ascending order; of the flattened array if it is None.

    Equal entries keep their order, whatever ``kind`` says.
    """
    if not is_traced(x):
        return np.sort(x, axis, kind="stable")
    node = ravel(x) if axis is None else as_node(x)
    (at,) = normal_axes(-1 if axis is None else axis, len(node.shape))
    return take_along_axis(node, argsort(node, axis=at), at)


@function()
def top_k(x: Any, k: int, axis: int = -1) -> Any:
    """The k greatest entries along an axis, the greatest first, and their places: (values, indices).

    Among equal entries the first ones are taken, and stand first. Raises ArgumentError where there are fewer than k.
    """
    if not is_traced(x):
        places = np.argsort(-np.asarray(x), axis, kind="stable")[_first(k, np.shape(x), axis)]
        return np.take_along_axis(np.asarray(x), places, axis), places
    node = as_node(x)
    node = cast(node, "int") if node.kind == "bool" else node
    at = _first(k, node.shape, axis)
    places = argsort(-node, axis=len(at) - 1)[at]
    return take_along_axis(node, places, len(at) - 1), places


def _first(k: int, shape: Shape, axis: int) -> tuple[slice, ...]:
    """The index of the first k entries along an axis."""
    (at,) = normal_axes(axis, len(shape))
    length = int(shape[at])
    if int(k) != k or not 0 <= k <= length:
        raise ArgumentError(
            at_user_line(
                f"axis {at} of an array of shape {show_shape(shape)} has {length} entries: top_k takes between 0 and "
                f"{length} of them, not {k!r}"
            )
        )
    return (*[slice(None)] * at, slice(0, int(k)))


@function(np.median)
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The entry in the middle of the sorted ones along axes (all of them unless told); the mean of two where their
    number is even.

    The slope goes to the entry, or half and half to the two, that stand in the middle of the stable order: among equal
    ones that is one of them, not all. Entries that are NaN are sorted to the end. Raises ShapeError where there is
    none.
    """
    if not is_traced(x):
        return np.median(x, axis=axis, keepdims=keepdims)
    node = cast(as_node(x), "float")
    axes = normal_axes(axis, len(node.shape))
    count = int(np.prod([int(node.shape[a]) for a in axes], dtype=int))
    if not count:
        raise ShapeError(at_user_line(f"the median of no entries: {describe(node)} has shape {show_shape(node.shape)}"))
    shape: list[Extent] = [1 if a in axes else extent for a, extent in enumerate(node.shape)]
    kept = [a for a in range(len(node.shape)) if a not in axes]
    middle = _middle(_behind(node, kept, axes, count), count)
    return reshape(middle, tuple(shape)) if keepdims else middle


def _behind(node: Node, kept: list[int], axes: tuple[int, ...], count: int) -> Node:
    """The array with axes joined to one, the last."""
    turned = transpose(node, (*kept, *axes))
    return turned if len(axes) == 1 else reshape(turned, (*(node.shape[a] for a in kept), count))  # type: ignore[no-any-return]


def _middle(rows: Node, count: int) -> Any:
    """The one or two in the middle of each row of ``count`` entries."""
    ordered = sort(rows)
    upper = ordered[..., count // 2]
    return upper if count % 2 else (ordered[..., count // 2 - 1] + upper) / 2
