"""What is an einsum by another name: matmul, outer product, transpose, sum, mean, trace, broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast, cast, count, is_traced, normal_axes, promote
from ..ir.dims import Extent, Shape, broadcast_shapes, parse_shape, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Const, Delta, Einsum, Node, Subscripts
from ..ir.registry import function
from .einsum import drop_ones, einsum, reshape_to

__all__ = [
    "broadcast_to",
    "diagonal",
    "dot",
    "eye",
    "inner",
    "matmul",
    "mean",
    "moveaxis",
    "outer",
    "sum",
    "swapaxes",
    "trace",
    "transpose",
]


@function(np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """The matrix product, with leading batch axes that broadcast; vectors as NumPy takes them."""
    if not is_traced((a, b)):
        return np.matmul(a, b)
    left, right = promote([as_node(a), as_node(b)], "int")
    if not left.shape or not right.shape:
        raise ShapeError(at_user_line("@ needs arrays with at least one axis; multiply by a number with *"))
    batch_l, batch_r = left.shape[:-2], right.shape[:-2]
    batch = broadcast_shapes(batch_l, batch_r)
    inner_r = right.shape[-2] if len(right.shape) > 1 else right.shape[0]
    if left.shape[-1] != inner_r or batch is None:
        raise ShapeError(at_user_line(_matmul_mismatch(left, right, inner_r)))
    rank = len(batch)
    row, col, inner = rank, rank + 1, rank + 2
    extents: dict[int, Extent] = {**dict(enumerate(batch)), inner: left.shape[-1]}
    sub_l: Subscripts = tuple(range(rank - len(batch_l), rank)) + ((row, inner) if len(left.shape) > 1 else (inner,))
    sub_r: Subscripts = tuple(range(rank - len(batch_r), rank)) + ((inner, col) if len(right.shape) > 1 else (inner,))
    out: Subscripts = (
        tuple(range(rank)) + ((row,) if len(left.shape) > 1 else ()) + ((col,) if len(right.shape) > 1 else ())
    )
    for node, sub in ((left, sub_l), (right, sub_r)):
        extents.update({i: e for i, e in zip(sub, node.shape, strict=True) if i in (row, col)})
    (left, sub_l), (right, sub_r) = drop_ones(left, sub_l, extents), drop_ones(right, sub_r, extents)
    return Einsum.of([left, right], [sub_l, sub_r], out, extents)


def _matmul_mismatch(left: Node, right: Node, inner: Extent) -> str:
    names = describe(left), describe(right)
    lines = [
        f"the shapes of a matrix product do not fit: {show_shape(left.shape)} @ {show_shape(right.shape)}",
        f"  {names[0]} has shape {show_shape(left.shape)}, {names[1]} has shape {show_shape(right.shape)}",
        f"  the last axis on the left ({left.shape[-1]}) has to equal the "
        f"{'last but one' if len(right.shape) > 1 else 'only'} axis on the right ({inner})",
    ]
    if len(right.shape) > 1 and right.shape[-1] == left.shape[-1]:
        lines.append(f"  {names[0]} @ {_turned(names[1])} would fit")
    elif len(left.shape) > 1 and left.shape[-2] == inner:
        lines.append(f"  {_turned(names[0])} @ {names[1]} would fit")
    elif len(left.shape) == len(right.shape) == 2 and right.shape[-1] == left.shape[0]:
        lines.append(f"  {names[1]} @ {names[0]} would fit")
    else:
        fits = (left.shape[-1], *right.shape[-1:]) if len(right.shape) > 1 else (left.shape[-1],)
        lines.append(f"  {names[1]} of shape {show_shape(fits)} would fit")
    return "\n".join(lines)


def _turned(name: str) -> str:
    """How the transpose of what is called so is written."""
    if name.endswith(".T"):
        return name.removesuffix(".T")
    return f"{name}.T" if name.isidentifier() else f"({name}).T"


@function(np.dot)
def dot(a: Any, b: Any) -> Any:
    """As numpy.dot: a product with a number, of vectors, of matrices."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return matmul(a, b)


@function(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The sum over the last axes of both."""
    return matmul(a, transpose(b)) if np.ndim(b) == 2 else matmul(a, b)


@function(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of all products of matching entries."""
    return sum(as_node(a) * b)


@function(np.outer)
def outer(a: Any, b: Any) -> Any:
    """All products of an entry of a with an entry of b: shape (a's size, b's size)."""
    if not is_traced((a, b)):
        return np.outer(a, b)
    left, right = (as_node(v) for v in (a, b))
    left, right = (n if len(n.shape) == 1 else reshape_to(n, (-1,)) for n in (left, right))
    return einsum("i,j->ij", left, right)


@function(np.trace)
def trace(a: Any) -> Any:
    """The sum of the diagonal of a square matrix."""
    return einsum("ii->", a)


@function(np.diagonal)
def diagonal(a: Any) -> Any:
    """The diagonal of a square matrix."""
    return einsum("ii->i", a)


@function(np.sum)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over axes (all of them unless told)."""
    if not is_traced(x):
        return np.sum(x, axis=axis, keepdims=keepdims)
    node = as_node(x)
    node = cast(node, "int") if node.kind == "bool" else node
    axes = normal_axes(axis, len(node.shape))
    indices = tuple(range(len(node.shape)))
    result = Einsum.of([node], [indices], tuple(i for i in indices if i not in axes), dict(enumerate(node.shape)))
    if not keepdims or not axes:
        return result
    return reshape_to(result, tuple(1 if a in axes else s for a, s in enumerate(node.shape)))


@function(np.mean, np.average)
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over axes (all of them unless told), divided by the number of terms."""
    if not is_traced(x):
        return np.mean(x, axis=axis, keepdims=keepdims)
    node = as_node(x)
    axes = normal_axes(axis, len(node.shape))
    return sum(node, axis=axes, keepdims=keepdims) / count([node.shape[a] for a in axes])


@function(np.size)
def size(x: Any) -> Any:
    """The number of elements, a number that may hold named dimensions."""
    if not is_traced(x):
        return np.size(x)
    number = count(as_node(x).shape)
    return number.value if isinstance(number, Const) else number


@function(np.transpose, np.permute_dims)
def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order; reversed unless told."""
    if not is_traced(x):
        return np.transpose(x, axes)
    node = as_node(x)
    rank = len(node.shape)
    order = tuple(range(rank))[::-1] if axes is None else tuple(a % rank for a in axes)
    if sorted(order) != list(range(rank)):
        raise ShapeError(at_user_line(f"transpose takes each of the {rank} axes once, not {axes}"))
    return Einsum.of([node], [tuple(range(rank))], order, dict(enumerate(node.shape)))


@function(np.swapaxes)
def swapaxes(x: Any, a: int, b: int) -> Any:
    """Two axes exchanged."""
    order = list(range(np.ndim(x)))
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


@function(np.moveaxis)
def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved to another place."""
    order = list(range(np.ndim(x)))
    order.insert(destination % len(order), order.pop(source))
    return transpose(x, order)


@function(np.broadcast_to)
def broadcast_to(x: Any, shape: Any) -> Any:
    """The array stretched to a shape, by NumPy's rule."""
    return broadcast(as_node(x), parse_shape(shape)) if is_traced((x, shape)) else np.broadcast_to(x, shape)


@function()
def spread(y: Any, shape: Shape, axes: tuple[int, ...]) -> Any:
    """A reduced array, constant along the axes that were removed: the transpose of a sum."""
    kept = tuple(a for a in range(len(shape)) if a not in axes)
    return Einsum.of([y], [kept], tuple(range(len(shape))), dict(enumerate(shape)))


@function()
def eye(extent: Extent) -> Node:
    """The identity matrix, Kronecker's delta."""
    return Delta.of(extent)
