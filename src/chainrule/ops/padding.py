"""Entries put around an array: zeros (the transpose of a slice), a number, or the array's own entries again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast, cast, is_traced
from ..ir.dims import Extent, Sizes, broadcast_shapes
from ..ir.errors import ArgumentError, ShapeError, at_user_line
from ..ir.node import Node, Pad, Slice, SliceSpec
from ..ir.records import Structural
from ..ir.registry import call, register
from .shape import concatenate, python_slices

__all__ = ["pad"]

_PADDINGS = ("constant", "edge", "reflect", "symmetric", "wrap")


def _put(node: Pad, sizes: Sizes, x: Any) -> Any:
    """The array x at its places in zeros."""
    result = np.zeros(sizes.of(node.shape), x.dtype)
    result[python_slices(node.params[0])] = x
    return result


pad: Structural = register(
    Structural(
        name="pad",
        ref=_put,
        transpose=lambda node, g: (Slice.make((g,), (node.params[0],)),),
        push=lambda node, tangents, extra: Pad.make(
            (tangents[0],), (node.params[0] + (None,) * len(extra), node.shape + extra)
        ),
        build=lambda x, *how, **more: _build_pad(x, *how, **more),
        stands_for=(np.pad,),
        why="zeros put around do not change; what is inside is taken out again",
        cases=lambda: (
            (lambda a: pad(a, 1), ((2, 3),)),
            (lambda a: pad(a, ((0, 2), (1, 0))), ((2, 3),)),
            (lambda a: np.pad(a, ((1, 0), (2, 1)), "edge"), ((2, 3),)),
            (lambda a: np.pad(a, (2, 1), "reflect"), ((4,),)),
        ),
        errors=lambda: (
            (lambda a: pad(a, -1), ((2,),), "no axis can be padded by -1"),
            (lambda a: pad(a, ((1, 2), (3, 4))), ((2,),), "widths of shape (2, 2) do not fit"),
        ),
    )
)


def _build_pad(x: Any, width: Any, mode: str = "constant", constant_values: float = 0) -> Any:
    """As numpy.pad: entries around an array, one width for all sides, or (before, after) for all or for each axis.

    ``mode`` is constant (zeros unless told), or one that repeats entries of the array: edge, reflect, symmetric, wrap.
    """
    if not is_traced(x):
        more = {"constant_values": constant_values} if mode == "constant" else {}
        return np.pad(x, width, mode, **more)  # type: ignore[call-overload]
    if mode not in _PADDINGS:
        raise ArgumentError(at_user_line(f"pad knows the modes {', '.join(_PADDINGS)}, not {mode!r}"))
    node = as_node(x)
    pairs = _widths(node, width)
    if mode == "constant" and constant_values == 0:
        return _zeros_around(node, pairs)
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            if mode == "constant":
                node = _constant_around(node, axis, before, after, constant_values)
            else:
                places = np.pad(np.arange(int(node.shape[axis])), (before, after), mode)  # type: ignore[call-overload]
                node = call("take", node, places, axis=axis)
    return node


def _widths(node: Node, width: Any) -> list[list[int]]:
    """How much is put before and after, for each axis."""
    widths = np.asarray(width)
    if np.any(widths < 0):
        raise ShapeError(at_user_line(f"no axis can be padded by {widths.min()}; a width is 0 or more"))
    if broadcast_shapes(widths.shape, (len(node.shape), 2)) != (len(node.shape), 2):
        raise ShapeError(at_user_line(f"widths of shape {widths.shape} do not fit an array of {len(node.shape)} axes"))
    return np.broadcast_to(widths, (len(node.shape), 2)).tolist()  # type: ignore[no-any-return]


def _zeros_around(node: Node, pairs: Sequence[Sequence[int]]) -> Node:
    """The array put into zeros."""
    specs: list[SliceSpec] = []
    shape: list[Extent] = []
    for extent, (before, after) in zip(node.shape, pairs, strict=True):
        whole = before == after == 0
        specs.append(None if whole else (before, int(extent), 1))
        shape.append(extent if whole else before + int(extent) + after)
    return Pad.make((node,), (tuple(specs), tuple(shape))) if any(specs) else node


def _constant_around(node: Node, axis: int, before: int, after: int, value: float) -> Node:
    """The array between two blocks of one number."""
    head, tail = node.shape[:axis], node.shape[axis + 1 :]
    number = cast(as_node(value), node.kind)
    blocks = [broadcast(number, (*head, width, *tail)) for width in (before, after)]
    return concatenate([blocks[0]] * bool(before) + [node] + [blocks[1]] * bool(after), axis)  # type: ignore[no-any-return]
