"""Choosing entries: x[...], gather and its transpose scatter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast, is_traced
from ..ir.dims import Sizes, show_shape
from ..ir.errors import ShapeError, TraceError, at_user_line
from ..ir.graph import describe
from ..ir.node import Const, Gather, Node, Scatter, SliceSpec
from ..ir.records import Structural
from ..ir.registry import call, function, register
from .linear import moveaxis
from .shape import _slice_node, reshape

__all__ = ["pick", "scatter_add", "take", "take_along_axis"]


def _places(shape: tuple[int, ...], indices: Any, axis: int, batch: int) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """An array's shape folded to (batch, between, axis, rest), and the index that finds the entries in it."""
    b, m, r = (int(np.prod(part)) for part in (shape[:batch], shape[batch:axis], shape[axis + 1 :]))
    n = shape[axis]
    # Counted, not −1: a batch may be empty.
    chosen = np.asarray(indices).reshape(b, int(np.prod(np.shape(indices)[batch:])))
    if chosen.size and (chosen.min() < -n or chosen.max() >= n):
        raise IndexError(f"an index of {chosen.min()} … {chosen.max()} into an axis of length {n}")
    index = (
        np.arange(b)[:, None, None, None],
        np.arange(m)[None, :, None, None],
        chosen[:, None, :, None],
        np.arange(r)[None, None, None, :],
    )
    return (b, m, n, r), index


def _gather_value(node: Gather, sizes: Sizes, x: Any, indices: Any) -> Any:
    axis, batch = node.params
    if batch == 0:
        return np.take(x, indices, axis)
    folded, index = _places(x.shape, indices, axis, batch)
    return x.reshape(folded)[index].reshape(sizes.of(node.shape))


def _scatter_value(node: Scatter, sizes: Sizes, x: Any, indices: Any) -> Any:
    axis, batch, _ = node.params
    shape = sizes.of(node.shape)
    folded, index = _places(shape, indices, axis, batch)
    result = np.zeros(folded, x.dtype)
    np.add.at(result, index, x.reshape(*folded[:2], index[2].shape[2], folded[3]))
    return result.reshape(shape)


gather = register(
    Structural(
        name="gather",
        ref=_gather_value,
        transpose=lambda node, g: (
            Scatter.make((g, node.args[1]), (*node.params, node.args[0].shape[node.params[0]])),
            None,
        ),
        push=lambda node, tangents, extra: Gather.make((tangents[0], node.args[1]), node.params),
        operands=(True, False),
        why="an entry taken several times gathers the derivatives of all of them",
        cases=lambda: (
            (lambda a: a[[0, 0, 1]], ((3,),)),
            (lambda a: a[:, np.array([[0, 1], [1, 1]])], ((2, 3),)),
            (lambda a: call("pick", a, np.array([2, 0])), ((2, 3),)),
            (lambda a: a[[1, 0], [2, 2]], ((2, 3),)),
            (lambda a: a[np.array([-1, 0])], ((3, 2),)),
            (lambda a: a[np.array([], dtype=int)], ((3,),)),
            (lambda a: call("windows", a, 1, 3, stride=2), ((2, 8),)),
            (lambda a: call("windows", call("windows", a, 1, 2), 0, 3, dilation=2), ((6, 3),)),
            (lambda a: call("windows", a, 0, 2, stride=2), ((6, 2),)),
        ),
        errors=lambda: (
            (lambda a: a[np.array([0.5, 1.0])], ((3,),), "an index is an integer"),
            (lambda a: call("pick", a, np.array([0, 1, 2])), ((2, 3),), "one index is needed for each row"),
        ),
    )
)

scatter = register(
    Structural(
        name="scatter",
        ref=_scatter_value,
        transpose=lambda node, g: (Gather.make((g, node.args[1]), node.params[:2]), None),
        push=lambda node, tangents, extra: Scatter.make((tangents[0], node.args[1]), node.params),
        operands=(True, False),
        why="what was added up at a place changes one for one with each entry",
        cases=lambda: (
            (lambda a: call("scatter_add", a, np.array([0, 2, 0]), 4), ((3,),)),
            (lambda a: call("scatter_add", a, np.array([1, 1]), 2), ((2, 3),)),
        ),
        errors=lambda: (
            (lambda a: call("scatter_add", a, np.array([0.0, 1.0]), 4), ((2,),), "an index is an integer"),
            (lambda a: call("scatter_add", a, np.array([0, 1]), 4), ((3,),), "an index is needed for each entry"),
        ),
    )
)


@function()
def scatter_add(x: Any, indices: Any, length: int) -> Any:
    """Entries of x along its first axis, added up at ``indices`` in zeros of that length.

    Raises TraceError for indices that are no integers, ShapeError where there is not one for each entry.
    """
    if not is_traced((x, indices)):
        result = np.zeros((length, *np.shape(x)[1:]), np.asarray(x).dtype)
        np.add.at(result, np.asarray(indices), x)
        return result
    entries, places = as_node(x), as_node(indices)
    if places.kind != "int":
        raise TraceError(at_user_line(f"{describe(entries)} is added up at numbers of kind {places.kind}; "
                                      "an index is an integer"))  # fmt: skip
    if entries.shape[: len(places.shape)] != places.shape:
        raise ShapeError(
            at_user_line(
                f"an index is needed for each entry: {describe(entries)} has shape {show_shape(entries.shape)}, "
                f"the indices {show_shape(places.shape)}"
            )
        )
    return Scatter.make((entries, places), (0, 0, length))


@function(np.take)
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Entries along an axis, chosen by integers; of the flattened array where no axis is given."""
    if not is_traced((x, indices)):
        return np.take(x, indices, axis)
    node = as_node(x) if axis is not None else reshape(x, -1)
    return _gather(node, as_node(indices), (axis or 0) % len(node.shape))


def _gather(x: Node, indices: Node, axis: int, batch: int = 0) -> Node:
    if indices.kind != "int":
        raise TraceError(
            at_user_line(
                f"{describe(x)} is indexed by numbers of kind {indices.kind}; an index is an integer"
                + (", and a mask needs cr.where(mask, x, 0)" if indices.kind == "bool" else "")
            )
        )
    return Gather.make((x, indices), (axis, batch))


@function()
def pick(x: Any, indices: Any) -> Any:
    """One entry of the last axis for each row: ``pick(p, y)[n] = p[n, y[n]]``.

    x: (…, k), indices: (…) of integers → (…).
    """
    if not is_traced((x, indices)):
        return np.take_along_axis(np.asarray(x), np.asarray(indices)[..., None], -1)[..., 0]
    node, chosen = as_node(x), as_node(indices)
    if node.shape[:-1] != chosen.shape:
        raise ShapeError(
            at_user_line(
                f"one index is needed for each row: {describe(node)} has shape {show_shape(node.shape)}, so the "
                f"indices need {show_shape(node.shape[:-1])}, but {describe(chosen)} has {show_shape(chosen.shape)}"
            )
        )
    # Each row is an axis that both share; the chosen axis itself is gone, for the indices add none of their own.
    return _gather(node, chosen, len(node.shape) - 1, len(chosen.shape))


@function(np.take_along_axis)
def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Any:
    """Entries along one axis, chosen apart for every position of the other axes."""
    if not is_traced((x, indices)):
        return np.take_along_axis(x, indices, axis)
    node, chosen = moveaxis(as_node(x), axis, -1), moveaxis(as_node(indices), axis, -1)
    last = len(node.shape) - 1
    return moveaxis(_gather(node, chosen, last, last), -1, axis)


@function()
def getitem(x: Any, key: Any) -> Any:
    """x[key] as in NumPy: integers, slices, ..., None, integer arrays, constant masks."""
    node = as_node(x)
    keys = list(key) if isinstance(key, tuple) else [key]
    keys = [_as_index(k) for k in keys]
    plain = [k for k in keys if k is not None and k is not Ellipsis]
    if len(plain) > len(node.shape):
        raise ShapeError(at_user_line(f"{describe(node)} has {len(node.shape)} axes, and is indexed with {len(plain)}"))
    whole = [slice(None)] * (len(node.shape) - len(plain))
    at = next((i for i, k in enumerate(keys) if k is Ellipsis), len(keys))
    keys = [*keys[:at], *whole, *keys[at + 1 :]]
    arrays = [(axis, k) for axis, k in enumerate(k for k in keys if k is not None) if isinstance(k, Node)]
    node = _basic(node, [k for k in keys if k is not None])
    kept = [k for k in keys if not isinstance(k, int)]
    if not arrays:
        return _with_new_axes(node, kept)
    if None in [k for k in kept if not isinstance(k, Node)]:
        raise TraceError(at_user_line("integer arrays together with None: index first, then add the axis"))
    positions = [i for i, k in enumerate(kept) if isinstance(k, Node)]
    return _advanced(node, positions, [k for k in kept if isinstance(k, Node)])


def _as_index(key: Any) -> Any:
    """One part of an index: a Python int, a slice, None, ..., or an array of integers as an expression."""
    if key is None or key is Ellipsis or isinstance(key, slice):
        return key
    if isinstance(key, (bool, np.bool_)):
        raise TraceError(at_user_line("a single truth value is no index"))
    if isinstance(key, (int, np.integer)):
        return int(key)
    array = as_node(np.asarray(key, int) if isinstance(key, list) and not key else key)
    if isinstance(array, Const) and array.kind == "bool":
        if len(array.shape) != 1:
            raise TraceError(at_user_line("a mask of several axes: use cr.where(mask, x, 0)"))
        return as_node(np.nonzero(array.value)[0])
    return array


def _basic(node: Node, keys: list[Any]) -> Node:
    """The slices and single integers of an index."""
    specs: list[SliceSpec] = []
    for axis, (extent, key) in enumerate(zip(node.shape, keys, strict=True)):
        if isinstance(key, int):
            length = int(extent)
            if not -length <= key < length:
                raise ShapeError(at_user_line(f"index {key} is outside axis {axis} of length {length}"))
            specs.append((key % length, 1, 1))
        elif isinstance(key, slice) and key != slice(None):
            chosen = range(int(extent))[key]
            specs.append((chosen.start if chosen else 0, len(chosen), chosen.step if chosen else 1))
        else:
            specs.append(None)
    sliced = _slice_node(node, specs)
    kept = tuple(s for s, k in zip(sliced.shape, keys, strict=True) if not isinstance(k, int))
    return reshape(sliced, kept)  # type: ignore[no-any-return]


def _with_new_axes(node: Node, kept: list[Any]) -> Node:
    extents = iter(node.shape)
    return reshape(node, tuple(1 if k is None else next(extents) for k in kept))  # type: ignore[no-any-return]


def _advanced(node: Node, positions: list[int], arrays: list[Node]) -> Node:
    """Integer arrays at some axes: one is a gather; several side by side choose entries together."""
    first = positions[0]
    if len(arrays) == 1:
        return _gather(node, arrays[0], first)
    if positions != list(range(first, first + len(arrays))):
        raise TraceError(at_user_line("integer arrays at axes that do not stand side by side: transpose first"))
    if len(arrays) == 2 and first == 0 and _counts_rows(arrays[0], node):
        return _gather(node, broadcast(arrays[1], arrays[0].shape), 1, 1)
    lengths = [int(node.shape[p]) for p in positions]
    flat = _wrapped(arrays[0], lengths[0])
    for array, length in zip(arrays[1:], lengths[1:], strict=True):
        flat = flat * length + _wrapped(array, length)
    merged = (*node.shape[:first], int(np.prod(lengths)), *node.shape[first + len(arrays) :])
    return _gather(reshape(node, merged), flat, first)


def _wrapped(indices: Node, length: int) -> Any:
    """Negative indices counted from the end."""
    if isinstance(indices, Const):
        return as_node(np.asarray(indices.value) % length)
    from .select import where

    return where(indices < 0, indices + length, indices)


def _counts_rows(indices: Node, node: Node) -> bool:
    """Whether an index array is 0, 1, 2, … over the first axis: p[np.arange(n), y]."""
    return (
        isinstance(indices, Const)
        and indices.shape == node.shape[:1]
        and np.array_equal(indices.value, np.arange(len(indices.value)))
    )
