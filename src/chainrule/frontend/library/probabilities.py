"""Probabilities: the softmax and its logarithm, one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.build import is_traced
from ...ir.errors import ArgumentError, at_user_line
from ...ir.registry import function
from ...ops.reduce import logsumexp
from ...ops.select import astype
from ...ops.transcendental import exp
from .checks import kind_of

__all__ = ["log_softmax", "one_hot", "softmax"]


@function()
def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax along an axis, the last unless told. Neither over- nor underflows."""
    return x - logsumexp(x, axis=axis, keepdims=True)


@function()
def softmax(x: Any, axis: int = -1) -> Any:
    """eˣ/Σeˣ along an axis, the last unless told: positive numbers that add up to one."""
    return exp(log_softmax(x, axis))


@function()
def one_hot(labels: Any, k: int) -> Any:
    """A row of zeros with a single one for each label. labels: (…) of integers below k → (…, k).

    A label outside 0 … k−1 has no one in its row. Raises ArgumentError for labels that are no integers.
    """
    labels = labels if is_traced(labels) else np.asarray(labels)
    if kind_of(labels) != "int":
        raise ArgumentError(at_user_line(f"labels are integers, not of kind {kind_of(labels)}"))
    return astype(labels[..., None] == np.arange(k), float)
