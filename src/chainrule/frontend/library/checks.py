"""What the layers and losses ask of their arguments before they compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.build import as_node, is_traced
from ...ir.dims import Shape, show_shape
from ...ir.errors import ArgumentError, ShapeError, at_user_line
from ...ir.graph import describe
from ...ir.node import Kind
from ...ops.linear import mean, sum


def arrays(*values: Any) -> tuple[Any, ...]:
    """All as expressions where one is traced, else all as arrays."""
    return tuple(map(as_node if is_traced(values) else np.asarray, values))


def shape_of(x: Any) -> Shape:
    """The shape of an expression or an array."""
    return x.shape  # type: ignore[no-any-return]


def kind_of(x: Any) -> Kind:
    """The kind of number in an expression or array."""
    if is_traced(x):
        return as_node(x).kind
    kinds: dict[str, Kind] = {"b": "bool", "i": "int", "u": "int"}
    return kinds.get(x.dtype.kind, "float")


def called(x: Any) -> str:
    """What a message calls an argument."""
    return describe(x) if is_traced(x) else "an array"


def same_shape(function: str, **arguments: Any) -> tuple[Any, ...]:
    """The arguments as arrays or expressions. Raises ShapeError, naming every shape, where two of them differ."""
    values = arrays(*arguments.values())
    if any(shape_of(v) != shape_of(values[0]) for v in values):
        shapes = [f"{name} {show_shape(shape_of(v))}" for name, v in zip(arguments, values, strict=True)]
        raise ShapeError(
            at_user_line(
                f"{function} compares arrays of one shape, and does not broadcast: the shapes are {', '.join(shapes)}"
            )
        )
    return values


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or the sum of all losses, or each by itself, as ``reduction`` says: mean, sum, none."""
    match reduction:
        case "mean":
            return mean(losses)
        case "sum":
            return sum(losses)
        case "none":
            return losses
    raise ArgumentError(at_user_line(f"a reduction is 'mean', 'sum' or 'none', not {reduction!r}"))


def rows_of(function: str, x: Any) -> None:
    """Raises ShapeError where an array has no last axis to work along."""
    if not shape_of(x):
        raise ShapeError(at_user_line(f"{function} works along the last axis, but {called(x)} is a single number"))
