"""From what a user writes (numbers, arrays, mixed shapes and kinds) to the operands a node wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import registry
from .dims import Dim, Extent, Shape, broadcast_shapes, show_shape
from .errors import ShapeError, TraceError, at_user_line
from .node import Const, Einsum, Kind, Map, Node, Size

_RANK: dict[Kind, int] = {"bool": 0, "int": 1, "float": 2}


def is_traced(value: Any) -> bool:
    """Whether an operand makes the result an expression; lists and tuples are looked into."""
    if isinstance(value, (list, tuple)):
        return any(map(is_traced, value))
    return isinstance(value, (Node, Dim))


def as_node(value: Any) -> Node:
    """A number, array or dimension as an expression; an expression as it is."""
    if isinstance(value, Node):
        return value
    if isinstance(value, Dim):
        return Size.of(value)
    if isinstance(value, (list, tuple)) and any(map(is_traced, value)):
        return registry.call("stack", list(value))  # type: ignore[no-any-return]
    try:
        return Const.of(value)
    except (TypeError, ValueError) as error:
        raise TraceError(at_user_line(f"{type(value).__name__} is not a number or an array: {value!r:.60}")) from error


def constant(value: float, kind: Kind) -> Const:
    """A scalar constant of this kind of number."""
    return Const.of({"float": float, "int": int, "bool": bool}[kind](value))


def scalar_value(node: Node) -> float | None:
    """The number, if the expression is one number everywhere (a scalar constant, or the broadcast of one)."""
    if isinstance(node, Einsum) and node.is_layout:
        node = node.args[0]
    if isinstance(node, Const) and node.shape == ():
        return node.value  # type: ignore[no-any-return]
    return None


def cast(node: Node, kind: Kind) -> Node:
    """The same numbers as another kind; constants are converted at once."""
    if node.kind == kind:
        return node
    if isinstance(node, Const):
        return Const.of(np.asarray(node.value).astype({"float": np.float64, "int": np.int64, "bool": np.bool_}[kind]))
    if isinstance(node, Einsum) and len(node.args) == 1 and node.is_layout:
        return node.with_args((cast(node.args[0], kind),))
    return Map.of(registry.record(f"to_{kind}"), node)


def broadcast(node: Node, shape: Shape) -> Node:
    """The expression with this shape, by NumPy's rule. Raises ShapeError where it does not fit."""
    if node.shape == shape:
        return node
    if broadcast_shapes(node.shape, shape) != shape:
        raise ShapeError(at_user_line(f"{show_shape(node.shape)} cannot be broadcast to {show_shape(shape)}"))
    offset = len(shape) - len(node.shape)
    kept = [a for a, extent in enumerate(node.shape) if extent == shape[offset + a]]
    if len(kept) < len(node.shape):
        # An axis of length one that is stretched is dropped first, then broadcast anew.
        node = registry.record("reshape")(node, tuple(node.shape[a] for a in kept))
    return Einsum.of([node], [tuple(offset + a for a in kept)], tuple(range(len(shape))), dict(enumerate(shape)))


def promote(nodes: Sequence[Node], least: Kind = "bool") -> list[Node]:
    """The expressions, all of the widest kind among them."""
    kind = max([least, *(n.kind for n in nodes)], key=_RANK.__getitem__)
    return [cast(n, kind) for n in nodes]


def align(sign: str, nodes: Sequence[Node]) -> list[Node]:
    """The expressions broadcast against each other. Raises ShapeError naming every shape and the user's line.

    ``sign``: what the message calls the operation.
    """
    shape = broadcast_shapes(*(n.shape for n in nodes))
    if shape is None:
        from .graph import describe

        lines = [f"the shapes of the operands of {sign} do not fit: {' and '.join(show_shape(n.shape) for n in nodes)}"]
        lines += [f"  {describe(n)} has shape {show_shape(n.shape)}" for n in nodes]
        hint = _fit(nodes)
        raise ShapeError(at_user_line("\n".join(lines + ([f"  {hint}"] if hint else []))))
    return [broadcast(n, shape) for n in nodes]


def _fit(nodes: Sequence[Node]) -> str:
    """What would fit, for the mismatch of two operands."""
    from .graph import describe

    if len(nodes) != 2:
        return ""
    big, small = sorted(nodes, key=lambda n: -len(n.shape))
    shown = describe(small)
    operand = shown if shown.isidentifier() else f"({shown})"
    if len(small.shape) == 1 and small.shape[0] in big.shape[:-1]:
        axis = big.shape.index(small.shape[0])
        index = ", ".join([":"] + ["None"] * (len(big.shape) - 1 - axis))
        return f"{shown} has the length of axis {axis} of {describe(big)}: {operand}[{index}] would fit"
    if broadcast_shapes(big.shape, small.shape[::-1]) is not None:
        return f"{operand}.T has shape {show_shape(small.shape[::-1])}, which would fit"
    fits = show_shape(big.shape[len(big.shape) - len(small.shape) :])
    return f"{shown} would fit with the shape {fits}"


def normal_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes as NumPy takes them (None, an int, a tuple, negative ones) → sorted non-negative ones."""
    if axis is None:
        return tuple(range(rank))
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    for a in axes:
        if not isinstance(a, (int, np.integer)) or not -rank <= a < rank:
            raise ShapeError(at_user_line(f"axis {a!r} does not exist: the array has {rank} axes"))
    result = tuple(sorted(int(a) % rank for a in axes))
    if len(set(result)) < len(result):
        raise ShapeError(at_user_line(f"axis named twice: {axes}"))
    return result


def count(extents: Sequence[Extent]) -> Node:
    """The product of dimensions as a number, the integer ones multiplied out."""
    number, names = 1, []
    for extent in extents:
        if isinstance(extent, Dim):
            names.append(Size.of(extent))
        else:
            number *= extent
    if not names:
        return Const.of(number)
    result = names[0]
    for name in names[1:]:
        result = result * name
    return result if number == 1 else number * result
