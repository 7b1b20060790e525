"""Moving numbers about: reshape, slice (its transpose is in `padding`), concatenate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast, constant, is_traced, promote
from ..ir.dims import Dim, Extent, Shape, known_product, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Concat, Node, Pad, Reshape, Size, Slice, SliceSpec
from ..ir.records import Slopes, Structural
from ..ir.registry import call, function, register
from ..ir.verify import segments

__all__ = ["concatenate", "expand_dims", "ravel", "reshape", "squeeze"]


def _build_reshape(x: Any, shape: Any) -> Any:
    """As numpy.reshape in row-major order; one extent may be −1; named dimensions are kept whole."""
    if not is_traced((x, shape)):
        return np.reshape(x, shape)
    node = as_node(x)
    wanted = shape if isinstance(shape, (tuple, list)) else (shape,)
    extents = tuple(s.dim if isinstance(s, Size) else s for s in wanted)
    if -1 in extents:
        extents = _fill_in(node, extents)
    if extents == node.shape:
        return node
    if segments(extents) != segments(node.shape):
        raise ShapeError(
            at_user_line(
                f"{describe(node)} of shape {show_shape(node.shape)} cannot be reshaped to {show_shape(extents)}: "
                f"the number of entries differs, or a named dimension would not stay whole"
            )
        )
    return Reshape.make((node,), (extents,))


def _fill_in(node: Node, extents: tuple[Extent, ...]) -> Shape:
    """The shape with its −1 worked out: the named dimension that is missing, or what is left of the integers."""
    missing = [s for s in node.shape if isinstance(s, Dim) and s not in extents]
    rest = known_product(s for s in extents if s != -1)
    have = known_product(node.shape)
    value: Extent
    if len(missing) == 1 and rest == have:
        value = missing[0]
    elif not missing and rest and have % rest == 0:
        value = have // rest
    else:
        raise ShapeError(
            at_user_line(
                f"{describe(node)} of shape {show_shape(node.shape)} cannot be reshaped to {show_shape(extents)}"
            )
        )
    if extents.count(-1) > 1:
        raise ShapeError(at_user_line("only one extent of a shape may be -1"))
    return tuple(value if s == -1 else s for s in extents)


reshape: Structural = register(
    Structural(
        name="reshape",
        ref=lambda node, sizes, x: np.reshape(x, sizes.of(node.shape)),
        transpose=lambda node, g: (reshape(g, node.args[0].shape),),
        push=lambda node, tangents, extra: reshape(tangents[0], node.shape + extra),
        build=_build_reshape,
        stands_for=(np.reshape,),
        why="the same numbers in another shape: so are the derivatives",
        cases=lambda: (
            (lambda a: reshape(a, (3, 2)), ((2, 3),)),
            (lambda a: reshape(a, -1), ((2, 3),)),
            (lambda a: reshape(a, (1, 2, 1)), ((2,),)),
            (lambda a: reshape(a, ()), ((1, 1),)),
            (lambda a: reshape(a, (0, 5)), ((5, 0),)),
        ),
        errors=lambda: ((lambda a: reshape(a, (4, 2)), ((2, 3),), "cannot be reshaped to (4, 2)"),),
    )
)


def _python_slice(spec: SliceSpec) -> slice:
    """A SliceSpec as Python's own slice."""
    if spec is None:
        return slice(None)
    first, entries, step = spec
    stop: int | None = first + entries * step
    return slice(first, None if stop is not None and stop < 0 else stop, step)


def python_slices(specs: Sequence[SliceSpec]) -> tuple[slice, ...]:
    """SliceSpecs as an index that NumPy takes."""
    return tuple(_python_slice(s) for s in specs)


def _slice_node(x: Node, specs: Sequence[SliceSpec]) -> Node:
    """The slice; the array itself where every axis is whole."""
    whole = tuple(None if spec == (0, extent, 1) else spec for spec, extent in zip(specs, x.shape, strict=True))
    return x if not any(whole) else Slice.make((x,), (whole,))


slice_ = register(
    Structural(
        name="slice",
        ref=lambda node, sizes, x: x[python_slices(node.params[0])],
        transpose=lambda node, g: (Pad.make((g,), (node.params[0], node.args[0].shape)),),
        push=lambda node, tangents, extra: Slice.make((tangents[0],), (node.params[0] + (None,) * len(extra),)),
        why="what was taken goes back to where it came from, zeros elsewhere",
        cases=lambda: (
            (lambda a: a[1:3], ((4, 2),)),
            (lambda a: a[::-1, ::2], ((3, 4),)),
            (lambda a: a[-1], ((3, 2),)),
            (lambda a: a[..., None, 0], ((3, 2),)),
            (lambda a: a[2:2], ((3,),)),
            (lambda a: a[3:0:-2], ((5,),)),
        ),
        errors=lambda: (
            (lambda a: a[5], ((3,),), "index 5 is outside axis 0 of length 3"),
            (lambda a: a[0, 0], ((3,),), "has 1 axes, and is indexed with 2"),
        ),
    )
)


def _concat_transpose(node: Concat, g: Node) -> Slopes:
    """Each operand's own part of the cotangent."""
    (axis,) = node.params
    start, result = 0, []
    for arg in node.args:
        specs: list[SliceSpec] = [None] * len(node.shape)
        specs[axis] = (start, int(arg.shape[axis]), 1)
        result.append(_slice_node(g, specs))
        start += int(arg.shape[axis])
    return tuple(result)


def _concat_push(node: Concat, tangents: Sequence[Node | None], extra: Shape) -> Node:
    """The tangents one after the other, zeros where an operand does not vary."""
    zero = constant(0, "float")
    parts = [broadcast(zero, arg.shape + extra) if t is None else t for arg, t in zip(node.args, tangents, strict=True)]
    return Concat.make(tuple(parts), node.params)


def _build_concatenate(arrays: Any, axis: int = 0) -> Any:
    """As numpy.concatenate: arrays joined along an axis whose extents are integers."""
    if not is_traced(list(arrays)):
        return np.concatenate(arrays, axis)
    nodes = promote([as_node(a) for a in arrays])
    rank = len(nodes[0].shape)
    if rank == 0 or not -rank <= axis < rank:
        raise ShapeError(at_user_line(f"axis {axis} does not exist: the arrays have {rank} axes"))
    axis %= rank
    rest = {(*n.shape[:axis], *n.shape[axis + 1 :]) for n in nodes}
    if len(rest) > 1 or any(len(n.shape) != rank for n in nodes):
        shapes = ", ".join(f"{describe(n)} {show_shape(n.shape)}" for n in nodes)
        raise ShapeError(at_user_line(f"arrays joined along axis {axis} have to agree in the other axes: {shapes}"))
    for n in nodes:
        math.trunc(int(n.shape[axis]))
    return nodes[0] if len(nodes) == 1 else Concat.make(tuple(nodes), (axis,))


concatenate: Structural = register(
    Structural(
        name="concat",
        ref=lambda node, sizes, *values: np.concatenate(values, node.params[0]),
        transpose=_concat_transpose,
        push=_concat_push,
        build=_build_concatenate,
        stands_for=(np.concatenate,),
        why="each part gets its own part of the derivative",
        cases=lambda: (
            (lambda a, b: concatenate([a, b]), ((2, 3), (1, 3))),
            (lambda a, b: concatenate([a, b, a], axis=1), ((2, 3), (2, 0))),
            (lambda a, b: call("stack", [a, b], axis=-1), ((2,), (2,))),
        ),
        errors=lambda: (
            (lambda a, b: concatenate([a, b]), ((2, 3), (2, 4)), "have to agree in the other axes"),
            (lambda a, b: concatenate([a, b], axis=2), ((2, 3), (2, 3)), "axis 2 does not exist"),
        ),
    )
)


@function(np.expand_dims)
def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of length one."""
    rank = np.ndim(x) + 1
    shape = list(np.shape(x))
    shape.insert(axis % rank, 1)
    return reshape(x, tuple(shape))


@function(np.squeeze)
def squeeze(x: Any, axis: Any = None) -> Any:
    """Without its axes of length one, or without those named."""
    shape = np.shape(x)
    named = range(len(shape)) if axis is None else [a % len(shape) for a in np.atleast_1d(axis).tolist()]
    gone = [a for a in named if shape[a] == 1]
    if axis is not None and len(gone) < len(named):
        raise ShapeError(at_user_line(f"axis {axis} of shape {show_shape(shape)} is not of length one"))
    return reshape(x, tuple(s for a, s in enumerate(shape) if a not in gone))


@function(np.ravel)
def ravel(x: Any) -> Any:
    """All entries in a row."""
    return reshape(x, -1)


@function(np.zeros_like)
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of the array's shape."""
    return broadcast(constant(0, "float"), as_node(x).shape) if is_traced(x) else np.zeros_like(x, dtype)


@function(np.ones_like)
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones of the array's shape."""
    return broadcast(constant(1, "float"), as_node(x).shape) if is_traced(x) else np.ones_like(x, dtype)


@function(np.shape)
def shape(x: Any) -> Any:
    """The shape."""
    return as_node(x).shape if is_traced(x) else np.shape(x)


@function(np.ndim)
def ndim(x: Any) -> int:
    """The number of axes."""
    return len(as_node(x).shape) if is_traced(x) else np.ndim(x)
