"""Losses: what a network is judged by."""

from __future__ import annotations

from typing import Any

from ...ir.dims import show_shape
from ...ir.errors import ShapeError, at_user_line
from ...ir.registry import function
from ...ops.activations import softplus
from ...ops.index import pick
from ...ops.linear import mean, sum
from ...ops.select import where
from .checks import arrays, called, kind_of, same_shape, shape_of
from .probabilities import log_softmax

__all__ = ["binary_cross_entropy", "cross_entropy", "mse"]


@function()
def mse(prediction: Any, target: Any) -> Any:
    """The mean of the squared differences, over all entries.

    Raises ShapeError where the shapes differ, also where they would broadcast.
    """
    prediction, target = same_shape("mse", prediction=prediction, target=target)
    return mean((prediction - target) ** 2)


@function()
def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """The mean of −t log σ(z) − (1 − t) log(1 − σ(z)), from the logits z, as softplus(z) − t z.

    Targets are 0, 1 or between, of the logits' shape; raises ShapeError where the shapes differ.
    """
    logits, targets = same_shape("binary_cross_entropy", logits=logits, targets=targets)
    return mean(softplus(logits) - targets * logits)


@function()
def cross_entropy(logits: Any, targets: Any) -> Any:
    """The mean over all rows of −Σ t log softmax(z), from the logits z: (…, k).

    Targets are integers of shape (…), each the number of the right class, or of the logits' shape: one-hot rows, or
    rows of probabilities. A target of zero asks nothing of its logit, which may be −∞; by convention the slope in that
    target is zero as well. Raises ShapeError for any other shape.
    """
    logits, targets = arrays(logits, targets)
    log_p = log_softmax(logits)
    if shape_of(targets) == shape_of(logits):
        return -mean(sum(where(targets == 0, 0.0, targets * log_p), axis=-1))
    rows = shape_of(logits)[:-1]
    if shape_of(targets) != rows or kind_of(targets) != "int":
        raise ShapeError(
            at_user_line(
                f"cross_entropy of logits of shape {show_shape(shape_of(logits))} needs integers of shape "
                f"{show_shape(rows)} or one-hot rows of shape {show_shape(shape_of(logits))}, but {called(targets)} "
                f"of kind {kind_of(targets)} has shape {show_shape(shape_of(targets))}"
            )
        )
    return -mean(pick(log_p, targets))
