"""What the layers and losses ask of their arguments before they compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.build import as_node, is_traced
from ...ir.dims import Shape, show_shape
from ...ir.errors import ShapeError, at_user_line
from ...ir.graph import describe
from ...ir.node import Kind


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
