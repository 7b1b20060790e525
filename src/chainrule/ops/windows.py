"""Windows along an axis: what a convolution multiplies with its weights, and a pool reduces."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, is_traced, normal_axes
from ..ir.dims import show_shape
from ..ir.errors import ArgumentError, ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Const, Gather
from ..ir.registry import function

__all__ = ["windows"]


@function()
def windows(x: Any, axis: int, length: int, stride: int = 1, dilation: int = 1) -> Any:
    """Windows along an axis: entry i of window p is the entry p·stride + i·dilation.

    The axis, of n entries, becomes two: the windows, as many as lie whole within it, and the ``length`` entries of
    each. Raises ShapeError where not one window fits.
    """
    shape = np.shape(x) if not is_traced(x) else as_node(x).shape
    (axis,) = normal_axes(axis, len(shape))
    for name, value in (("length", length), ("stride", stride), ("dilation", dilation)):
        if int(value) != value or value < 1:
            raise ArgumentError(at_user_line(f"the {name} of windows is a whole number of at least 1, not {value!r}"))
    extent, reach = int(shape[axis]), dilation * (length - 1) + 1
    if extent < reach:
        called = describe(as_node(x)) if is_traced(x) else "an array"
        spread = f", {dilation} apart," if dilation > 1 and length > 1 else ""
        raise ShapeError(
            at_user_line(
                f"a window of {length} entries{spread} reaches over {reach}, but axis {axis} of {called}, of shape "
                f"{show_shape(shape)}, has {extent}: a shorter window, or an array padded by {reach - extent} or more, "
                f"would fit"
            )
        )
    count = (extent - reach) // stride + 1
    places = np.arange(count)[:, None] * stride + np.arange(length) * dilation
    return Gather.make((as_node(x), Const.of(places)), (axis, 0)) if is_traced(x) else np.take(x, places, axis)
