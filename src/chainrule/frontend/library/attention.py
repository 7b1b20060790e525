"""Attention: each query takes the mean of the values, weighted by how well their keys fit it.

Source of both: A. Vaswani et al., *Attention is all you need*, 2017.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.dims import Dim, broadcast_shapes, show_shape
from ...ir.errors import ArgumentError, ShapeError, at_user_line
from ...ir.registry import function
from ...ops.compare import logical_and
from ...ops.linear import matmul, swapaxes
from ...ops.select import where
from ...ops.shape import reshape
from .checks import arrays, called, kind_of, shape_of
from .probabilities import softmax

__all__ = ["multi_head_attention", "scaled_dot_product_attention"]


@function()
def scaled_dot_product_attention(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    """softmax(q kᵀ/√d) v, the softmax along each row. q: (…, T, d), k: (…, S, d), v: (…, S, e) → (…, T, e).

    The mask is of truth values that broadcast to (…, T, S): a query looks only where it is true, and the scores
    elsewhere have no influence and slope 0. A query that may look nowhere gets zeros, with slope 0. Raises ShapeError
    where the shapes do not fit, ArgumentError for a mask of numbers.
    """
    q, k, v = arrays(q, k, v)
    _check_shapes(q, k, v)
    scores = matmul(q, swapaxes(k, -1, -2)) / shape_of(q)[-1] ** 0.5
    return matmul(_weights(scores, mask), v)


def _weights(scores: Any, mask: Any) -> Any:
    """The softmax of each row of scores, over the places where a mask is true; zeros where it is true nowhere."""
    if mask is None:
        return softmax(scores)
    (mask,) = arrays(mask)
    if kind_of(mask) != "bool":
        raise ArgumentError(at_user_line(f"a mask is of truth values, true where to look, not of kind {kind_of(mask)}"))
    if broadcast_shapes(shape_of(mask), shape_of(scores)) != shape_of(scores):
        raise ShapeError(
            at_user_line(
                f"a mask of shape {show_shape(shape_of(mask))} does not fit scores of shape "
                f"{show_shape(shape_of(scores))}"
            )
        )
    # −∞ − (−∞) where the mask is true nowhere: the outer choice does not take it.
    with np.errstate(invalid="ignore"):
        return where(mask, softmax(where(mask, scores, -np.inf)), 0.0)


def _check_shapes(q: Any, k: Any, v: Any) -> None:
    shapes = [shape_of(x) for x in (q, k, v)]
    fit = all(len(s) >= 2 for s in shapes) and shapes[0][-1] == shapes[1][-1] and shapes[1][-2] == shapes[2][-2]
    if not fit or broadcast_shapes(*(s[:-2] for s in shapes)) is None:
        raise ShapeError(
            at_user_line(
                "attention takes q of shape (…, T, d), k of shape (…, S, d) and v of shape (…, S, e), but they have "
                f"{', '.join(map(show_shape, shapes))}"
            )
        )


@function()
def multi_head_attention(
    x: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any, heads: int, mask: Any = None, *, causal: bool = False
) -> Any:
    """Attention of x to itself in several heads, side by side in the columns of the weights, joined by Wo.

    x: (…, T, d); Wq and Wk: (d, m), Wv: (d, n), Wo: (n, o), where ``heads`` divides m and n → (…, T, o). The mask is
    of truth values that broadcast to (…, heads, T, T); with ``causal`` no place looks at those after it, and T is an
    integer. Raises ShapeError where the shapes do not fit or cannot be divided into heads.
    """
    x, Wq, Wk, Wv, Wo = arrays(x, Wq, Wk, Wv, Wo)
    if len(shape_of(x)) < 2:
        raise ShapeError(
            at_user_line(f"attention is among the rows of x, but {called(x)} has shape {show_shape(shape_of(x))}")
        )
    q, k, v = (_heads(matmul(x, W), heads) for W in (Wq, Wk, Wv))
    if causal:
        past = np.tri(int(shape_of(x)[-2]), dtype=bool)
        mask = past if mask is None else logical_and(mask, past)
    joined = swapaxes(scaled_dot_product_attention(q, k, v, mask), -2, -3)
    return matmul(reshape(joined, (*shape_of(joined)[:-2], shape_of(v)[-1] * heads)), Wo)


def _heads(x: Any, heads: int) -> Any:
    """(…, T, m) → (…, heads, T, m/heads)."""
    *rest, width = shape_of(x)
    if isinstance(width, Dim) or heads < 1 or width % heads:
        raise ShapeError(at_user_line(f"{width} columns cannot be divided into {heads} heads" + _wants_integer(width)))
    return swapaxes(reshape(x, (*rest, heads, width // heads)), -2, -3)


def _wants_integer(width: Any) -> str:
    return f": give the dimension {width} as an integer" if isinstance(width, Dim) else ""
