"""Arrays put together, taken apart and turned: stack, split, flip, roll, tile, repeat, diag, triangles, tensordot.

Functions of other operations, each as NumPy's of that name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast, is_traced, normal_axes, promote
from ..ir.dims import Extent, Shape, show_shape
from ..ir.errors import ArgumentError, ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Einsum, Node
from ..ir.registry import call, function
from .einsum import einsum
from .padding import pad
from .select import where
from .shape import concatenate, expand_dims, ravel, reshape

__all__ = [
    "array_split",
    "diag",
    "flip",
    "hstack",
    "repeat",
    "roll",
    "stack",
    "tensordot",
    "tile",
    "tril",
    "triu",
    "vstack",
]

# ------------------------------------------------------------------------------------------------ together and apart


@function(np.stack)
def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    if not is_traced(list(arrays)):
        return np.stack(arrays, axis)
    nodes = [as_node(a) for a in arrays]
    if len({n.shape for n in nodes}) > 1:
        shapes = ", ".join(f"{describe(n)} {show_shape(n.shape)}" for n in nodes)
        raise ShapeError(at_user_line(f"arrays that are stacked are of one shape: {shapes}"))
    return concatenate([expand_dims(n, axis) for n in nodes], axis)


@function(np.vstack)
def vstack(arrays: Any) -> Any:
    """Rows on top of each other."""
    if not is_traced(list(arrays)):
        return np.vstack(arrays)
    return concatenate([a if np.ndim(a) > 1 else expand_dims(as_node(a), 0) for a in arrays], 0)


@function(np.hstack)
def hstack(arrays: Any) -> Any:
    """Arrays side by side."""
    if not is_traced(list(arrays)):
        return np.hstack(arrays)
    return concatenate(arrays, 0 if np.ndim(arrays[0]) == 1 else 1)


@function(np.array_split)
def array_split(x: Any, parts: Any, axis: int = 0) -> Any:
    """An array cut along an axis, as a list: into so many parts, or at these places.

    Where the length does not divide the first parts are longer by one.
    """
    if not is_traced(x):
        return np.array_split(x, parts, axis)
    node = as_node(x)
    (at,) = normal_axes(axis, len(node.shape))
    length = int(node.shape[at])
    if isinstance(parts, (int, np.integer)):
        if parts < 1:
            raise ArgumentError(at_user_line(f"an array is split into at least one part, not into {parts}"))
        each, more = divmod(length, int(parts))
        places = [k * each + min(k, more) for k in range(1, parts)]
    else:
        places = [int(p) for p in parts]
    # As Python cuts a list: places beyond the end, or before the one in front, give parts without entries.
    cuts = zip([0, *places], [*places, length], strict=True)
    whole = [slice(None)] * at
    return [node[(*whole, slice(start, stop))] for start, stop in cuts]


@function(np.split)
def split(x: Any, parts: Any, axis: int = 0) -> Any:
    """What np.split is of traced arrays: cut along an axis, as a list, into so many equal parts, or at these places."""
    if not is_traced(x):
        return np.split(x, parts, axis)
    if isinstance(parts, (int, np.integer)) and parts > 0:
        node = as_node(x)
        (at,) = normal_axes(axis, len(node.shape))
        if int(node.shape[at]) % parts:
            raise ShapeError(
                at_user_line(
                    f"axis {at} of {describe(node)}, of shape {show_shape(node.shape)}, has {node.shape[at]} entries, "
                    f"which are not split into {parts} equal parts; array_split takes unequal ones"
                )
            )
    return array_split(x, parts, axis)


# ------------------------------------------------------------------------------------------------ turned and repeated


@function(np.flip)
def flip(x: Any, axis: Any = None) -> Any:
    """The entries of axes (all of them unless told) in reverse order."""
    axes = normal_axes(axis, np.ndim(x))
    return x[tuple(slice(None, None, -1) if a in axes else slice(None) for a in range(np.ndim(x)))]


@function(np.roll)
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Entries moved on along an axis, the last ones coming in at the front; of the flattened array without an axis."""
    if not is_traced(x):
        return np.roll(x, shift, axis)
    node = as_node(x)
    if axis is None:
        return reshape(roll(ravel(node), shift, 0), node.shape)
    shifts, axes = np.broadcast_arrays(np.asarray(shift, int), np.asarray(axis, int))
    for by, along in zip(shifts.ravel().tolist(), axes.ravel().tolist(), strict=True):
        (at,) = normal_axes(along, len(node.shape))
        length = int(node.shape[at])
        cut = length - by % length if length else 0
        if cut not in (0, length):
            whole = [slice(None)] * at
            node = concatenate([node[(*whole, slice(cut, None))], node[(*whole, slice(0, cut))]], at)
    return node


@function(np.tile)
def tile(x: Any, reps: Any) -> Any:
    """An array laid out so many times along each axis; reps that are fewer than the axes are for the last ones."""
    if not is_traced(x):
        return np.tile(x, reps)
    node = as_node(x)
    times = [int(r) for r in np.atleast_1d(reps).tolist()]
    rank = max(len(times), len(node.shape))
    times = [1] * (rank - len(times)) + times
    shape: Shape = (*[1] * (rank - len(node.shape)), *node.shape)
    return _repeated(node, shape, times, before=True)


@function(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every entry along an axis so many times, or each its own number of times; of the flattened array without one."""
    if not is_traced(x):
        return np.repeat(x, repeats, axis)
    node = as_node(x) if axis is not None else ravel(x)
    (at,) = normal_axes(0 if axis is None else axis, len(node.shape))
    if np.size(repeats) > 1:
        return call("take", node, np.repeat(np.arange(int(node.shape[at])), repeats), axis=at)
    times = [1] * len(node.shape)
    times[at] = int(np.ravel(repeats)[0])
    return _repeated(node, node.shape, times, before=False)


def _repeated(node: Node, shape: Shape, times: list[int], *, before: bool) -> Node:
    """The array, of this shape but for axes of length one, several times: whole axes, or (not before) each entry."""
    spread: list[Extent] = []
    joined: list[Extent] = []
    for extent, n in zip(shape, times, strict=True):
        pair = [n, extent] if before else [extent, n]
        spread += pair if n != 1 else [extent]
        joined.append(extent if n == 1 else int(extent) * n)
    ones = [e for extent, n in zip(shape, times, strict=True) for e in _with_one(extent, n, before)]
    return reshape(broadcast(reshape(node, tuple(ones)), tuple(spread)), tuple(joined))  # type: ignore[no-any-return]


def _with_one(extent: Extent, times: int, before: bool) -> list[Extent]:
    return [extent] if times == 1 else [1, extent] if before else [extent, 1]


# ------------------------------------------------------------------------------------------------ diagonals, triangles


@function(np.diag)
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with a vector on its k-th diagonal, zeros elsewhere; of a matrix its k-th diagonal.

    k counts upwards from the main diagonal, which is 0.
    """
    if not is_traced(x):
        return np.diag(x, k)
    node = as_node(x)
    if len(node.shape) == 1:
        square = Einsum.of([node], [(0,)], (0, 0), {0: node.shape[0]})
        return pad(square, ((max(0, -k), max(0, k)), (max(0, k), max(0, -k)))) if k else square
    if len(node.shape) != 2:
        raise ShapeError(
            at_user_line(f"diag takes a vector or a matrix; {describe(node)} has shape {show_shape(node.shape)}")
        )
    if k or node.shape[0] != node.shape[1]:
        down, right = max(0, -k), max(0, k)
        rows, columns = (int(extent) for extent in node.shape)
        length = max(0, min(rows - down, columns - right))
        node = node[down : down + length, right : right + length]
    return einsum("ii->i", node)


@function(np.triu)
def triu(x: Any, k: int = 0) -> Any:
    """The last two axes with zeros below the k-th diagonal, which counts upwards from the main one."""
    return np.triu(x, k) if not is_traced(x) else _triangle(as_node(x), k - 1, upper=True)


@function(np.tril)
def tril(x: Any, k: int = 0) -> Any:
    """The last two axes with zeros above the k-th diagonal, which counts upwards from the main one."""
    return np.tril(x, k) if not is_traced(x) else _triangle(as_node(x), k, upper=False)


def _triangle(node: Node, k: int, *, upper: bool) -> Any:
    """What lies on the k-th diagonal and below it, or (upper) above it."""
    if len(node.shape) < 2:
        raise ShapeError(
            at_user_line(f"a triangle is one of a matrix; {describe(node)} has shape {show_shape(node.shape)}")
        )
    rows, columns = (int(extent) for extent in node.shape[-2:])
    below = np.tri(rows, columns, k, dtype=bool)
    return where(~below if upper else below, node, 0 if node.kind == "int" else 0.0)


# ------------------------------------------------------------------------------------------------ products


@function(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over axes of both: the last so many of a and the first of b, or (those of a, those of b)."""
    if not is_traced((a, b)):
        return np.tensordot(a, b, axes)
    left, right = promote([as_node(a), as_node(b)], "int")
    ranks = len(left.shape), len(right.shape)
    if isinstance(axes, (int, np.integer)):
        of_a, of_b = list(range(ranks[0] - int(axes), ranks[0])), list(range(int(axes)))
    else:
        of_a, of_b = ([int(i) for i in np.atleast_1d(side).tolist()] for side in axes)
    here = [normal_axes(i, ranks[0])[0] for i in of_a]
    there = [normal_axes(i, ranks[1])[0] for i in of_b]
    if len(here) != len(there) or any(left.shape[i] != right.shape[j] for i, j in zip(here, there, strict=False)):
        raise ShapeError(
            at_user_line(
                f"tensordot sums axes {tuple(here)} of {describe(left)} {show_shape(left.shape)} with axes "
                f"{tuple(there)} of {describe(right)} {show_shape(right.shape)}: these have to be as many, and as long"
            )
        )
    subs = tuple(range(ranks[0]))
    other = tuple(here[there.index(j)] if j in there else ranks[0] + j for j in range(ranks[1]))
    out = tuple(i for i in subs if i not in here) + tuple(i for i in other if i >= ranks[0])
    return Einsum.of([left, right], [subs, other], out, {})
