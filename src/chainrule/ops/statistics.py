"""Variance and standard deviation, about the mean that is taken away first, so that no digits cancel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.build import as_node, count, is_traced, normal_axes
from ..ir.dims import Dim, Extent, show_shape
from ..ir.errors import ArgumentError, at_user_line
from ..ir.graph import describe
from ..ir.registry import function
from .linear import mean, sum
from .reduce import norm
from .transcendental import sqrt

__all__ = ["std", "var"]


@function(np.var)
def var(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """Σ(x − mean)²/(n − ddof) over axes, all of them unless told; ddof=1 is the unbiased estimate.

    Raises ArgumentError where ``ddof`` leaves nothing to divide by, as for the unbiased variance of one value. Along a
    named dimension that is known when the program runs, and the result is NaN.
    """
    axes, divisor = _divisor("variance", x, axis, ddof)
    if not is_traced(x):
        return np.var(x, axis=axes, ddof=ddof, keepdims=keepdims)
    return sum((x - mean(x, axis=axes, keepdims=True)) ** 2, axis=axes, keepdims=keepdims) / divisor


@function(np.std)
def std(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The root of the variance, as the length of the deviations from the mean over √(n − ddof).

    Its slope where all values are equal is 0, by the convention of the length. Raises ArgumentError as ``var`` does.
    """
    axes, divisor = _divisor("standard deviation", x, axis, ddof)
    if not is_traced(x):
        return np.std(x, axis=axes, ddof=ddof, keepdims=keepdims)
    return norm(x - mean(x, axis=axes, keepdims=True), axis=axes, keepdims=keepdims) / sqrt(divisor)


def _divisor(what: str, x: Any, axis: Any, ddof: float) -> tuple[tuple[int, ...], Any]:
    """The axes, and the number of values along them less ``ddof``: an expression where a dimension has a name."""
    shape: tuple[Extent, ...] = as_node(x).shape if is_traced(x) else np.shape(x)
    axes = normal_axes(axis, len(shape))
    extents = [shape[a] for a in axes]
    if any(isinstance(e, Dim) for e in extents):
        return axes, count(extents) - ddof if ddof else count(extents)
    n = math.prod(map(int, extents))
    # The variance of nothing is NaN, as NumPy's mean of nothing is.
    if ddof and n <= ddof:
        raise ArgumentError(
            at_user_line(
                f"the {what} of {'one value' if n == 1 else f'{n} values'} with ddof={ddof} has nothing to divide by: "
                f"{describe(x) if is_traced(x) else 'the array'} has shape {show_shape(shape)}"
            )
        )
    return axes, n - ddof
