"""Losses of classes: by logits or scores, and the right answers.

``reduction`` is "mean", over all that is judged, "sum", or "none": each loss by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.build import is_traced
from ...ir.dims import Dim, show_shape
from ...ir.errors import ShapeError, at_user_line
from ...ir.registry import function
from ...ops.activations import relu, softplus
from ...ops.index import pick, take
from ...ops.linear import eye, sum
from ...ops.reduce import max
from ...ops.select import where
from .checks import arrays, called, kind_of, reduced, rows_of, same_shape, shape_of
from .probabilities import log_softmax, one_hot

__all__ = ["binary_cross_entropy", "cross_entropy", "hinge_loss", "multiclass_hinge_loss"]


@function()
def binary_cross_entropy(logits: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """−t log σ(z) − (1 − t) log(1 − σ(z)), from the logits z, as softplus(z) − t z; the mean over all unless told.

    Targets are 0, 1 or between, of the logits' shape; raises ShapeError where the shapes differ.
    """
    logits, targets = same_shape("binary_cross_entropy", logits=logits, targets=targets)
    return reduced(softplus(logits) - targets * logits, reduction)


@function()
def cross_entropy(logits: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """−Σ t log softmax(z) of each row of logits z: (…, k); the mean over all rows unless told.

    Targets are integers of shape (…), each the number of the right class, or of the logits' shape: one-hot rows, or
    rows of probabilities. A target of zero asks nothing of its logit, which may be −∞; by convention the slope in that
    target is zero as well. Raises ShapeError for any other shape.
    """
    logits, targets = arrays(logits, targets)
    rows_of("cross_entropy", logits)
    log_p = log_softmax(logits)
    if shape_of(targets) == shape_of(logits):
        with np.errstate(invalid="ignore"):  # 0·(−∞), which is not chosen.
            return -reduced(sum(where(targets == 0, 0.0, targets * log_p), axis=-1), reduction)
    _check_classes("cross_entropy", logits, targets, f" or one-hot rows of shape {show_shape(shape_of(logits))}")
    return -reduced(pick(log_p, targets), reduction)


@function()
def hinge_loss(scores: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """max(0, 1 − t s) of scores s and targets t of −1 and 1; the mean over all entries unless told.

    At a margin t s of exactly 1 the slope is 0. Raises ShapeError where the shapes differ.
    """
    scores, targets = same_shape("hinge_loss", scores=scores, targets=targets)
    return reduced(relu(1 - targets * scores), reduction)


@function()
def multiclass_hinge_loss(scores: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """The greatest s_j + [j ≠ t], less s_t, of each row of scores s: (…, k); the mean over all rows unless told.

    Targets are integers of shape (…), each the number of the right class t. Zero where the right score is by one
    greater than any other. Source: K. Crammer and Y. Singer, *On the algorithmic implementation of multiclass
    kernel-based vector machines*, 2001. Raises ShapeError for any other shape.
    """
    scores, targets = arrays(scores, targets)
    rows_of("multiclass_hinge_loss", scores)
    _check_classes("multiclass_hinge_loss", scores, targets)
    rivals = scores + 1 - _right(scores, targets)
    return reduced(max(rivals, axis=-1) - pick(scores, targets), reduction)


def _right(scores: Any, targets: Any) -> Any:
    """A one at the right class of each row: rows of the identity where the number of classes has a name."""
    classes = shape_of(scores)[-1]
    if isinstance(classes, Dim):
        return take(eye(classes), targets, axis=0)
    rows = one_hot(targets, classes)
    return rows if is_traced(rows) else rows.astype(scores.dtype)


def _check_classes(loss: str, scores: Any, targets: Any, otherwise: str = "") -> None:
    """Raises ShapeError where the targets are not an integer for each row of scores."""
    rows = shape_of(scores)[:-1]
    if shape_of(targets) != rows or kind_of(targets) != "int":
        of = "scores" if "hinge" in loss else "logits"
        raise ShapeError(
            at_user_line(
                f"{loss} of {of} of shape {show_shape(shape_of(scores))} needs integers of shape "
                f"{show_shape(rows)}{otherwise}, but {called(targets)} "
                f"of kind {kind_of(targets)} has shape {show_shape(shape_of(targets))}"
            )
        )
