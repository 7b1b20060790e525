"""Layers and losses, written with the operations alone: none has a derivative rule of its own.

Each takes traced arrays, and plain ones as well. What must be stable rests on an operation that is (`logsumexp`,
`softplus`), never on a trick in here. A loss refuses shapes that would broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import registry
from ..ir.build import as_node, is_traced
from ..ir.dims import Shape, show_shape
from ..ir.errors import ArgumentError, ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Kind
from ..ir.records import Elementwise
from ..ir.registry import function
from ..ops.activations import softplus
from ..ops.index import pick
from ..ops.linear import matmul, mean, sum
from ..ops.reduce import logsumexp
from ..ops.select import astype, where
from ..ops.transcendental import exp
from .arguments import closest

__all__ = [
    "activation",
    "binary_cross_entropy",
    "cross_entropy",
    "dense",
    "log_softmax",
    "mse",
    "one_hot",
    "softmax",
]


@function()
def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of the softmax along an axis, the last unless told. Neither over- nor underflows."""
    return x - logsumexp(x, axis=axis, keepdims=True)


@function()
def softmax(x: Any, axis: int = -1) -> Any:
    """eˣ/Σeˣ along an axis, the last unless told: positive numbers that add up to one."""
    return exp(log_softmax(x, axis))


@function()
def dense(x: Any, W: Any, b: Any) -> Any:
    """A dense layer before its activation, xW + b. x: (…, n), W: (n, m), b: (m,) → (…, m)."""
    return matmul(x, W) + b


@function()
def one_hot(labels: Any, k: int) -> Any:
    """A row of zeros with a single one for each label. labels: (…) of integers below k → (…, k).

    A label outside 0 … k−1 has no one in its row. Raises ArgumentError for labels that are no integers.
    """
    labels = labels if is_traced(labels) else np.asarray(labels)
    if _kind(labels) != "int":
        raise ArgumentError(at_user_line(f"labels are integers, not of kind {_kind(labels)}"))
    return astype(labels[..., None] == np.arange(k), float)


@function()
def mse(prediction: Any, target: Any) -> Any:
    """The mean of the squared differences, over all entries.

    Raises ShapeError where the shapes differ, also where they would broadcast.
    """
    prediction, target = _same_shape("mse", prediction, target, "prediction", "target")
    return mean((prediction - target) ** 2)


@function()
def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    """The mean of −t log σ(z) − (1 − t) log(1 − σ(z)), from the logits z, as softplus(z) − t z.

    Targets are 0, 1 or between, of the logits' shape; raises ShapeError where the shapes differ.
    """
    logits, targets = _same_shape("binary_cross_entropy", logits, targets, "logits", "targets")
    return mean(softplus(logits) - targets * logits)


@function()
def cross_entropy(logits: Any, targets: Any) -> Any:
    """The mean over all rows of −Σ t log softmax(z), from the logits z: (…, k).

    Targets are integers of shape (…), each the number of the right class, or of the logits' shape: one-hot rows, or
    rows of probabilities. A target of zero asks nothing of its logit, which may be −∞; by convention the slope in that
    target is zero as well. Raises ShapeError for any other shape.
    """
    logits, targets = _arrays(logits, targets)
    log_p = log_softmax(logits)
    if _shape(targets) == _shape(logits):
        return -mean(sum(where(targets == 0, 0.0, targets * log_p), axis=-1))
    rows = _shape(logits)[:-1]
    if _shape(targets) != rows or _kind(targets) != "int":
        raise ShapeError(
            at_user_line(
                f"cross_entropy of logits of shape {show_shape(_shape(logits))} needs integers of shape "
                f"{show_shape(rows)} or one-hot rows of shape {show_shape(_shape(logits))}, but {_called(targets)} "
                f"of kind {_kind(targets)} has shape {show_shape(_shape(targets))}"
            )
        )
    return -mean(pick(log_p, targets))


def activation(name: str) -> Callable[[Any], Any]:
    """The scalar operation of this name (``relu``, ``tanh``, ``sigmoid``, …), or ``identity``.

    Every operation of one operand is known, those that users register too. Raises ArgumentError, with the nearest
    name, for any other.
    """
    if name == "identity":
        return lambda x: x
    known = {r.name: r for r in registry.records() if isinstance(r, Elementwise) and _bends(r)}
    if name not in known:
        raise ArgumentError(f"there is no activation {name!r}{closest(name, [*known, 'identity'])}")
    return known[name]


def _bends(record: Elementwise) -> bool:
    """Whether an operation takes and gives one float."""
    return record.arity == 1 and record.result != "bool" and not record.converts


def _arrays(*values: Any) -> tuple[Any, ...]:
    """All as expressions where one is traced, else all as arrays."""
    return tuple(map(as_node if is_traced(values) else np.asarray, values))


def _shape(x: Any) -> Shape:
    return x.shape  # type: ignore[no-any-return]


def _kind(x: Any) -> Kind:
    """The kind of number in an expression or array."""
    if is_traced(x):
        return as_node(x).kind
    kinds: dict[str, Kind] = {"b": "bool", "i": "int", "u": "int"}
    return kinds.get(x.dtype.kind, "float")


def _called(x: Any) -> str:
    return describe(x) if is_traced(x) else "an array"


def _same_shape(loss: str, a: Any, b: Any, first: str, second: str) -> tuple[Any, Any]:
    """Both as arrays or expressions. Raises ShapeError, naming both shapes, where these differ."""
    a, b = _arrays(a, b)
    if _shape(a) != _shape(b):
        raise ShapeError(
            at_user_line(
                f"{loss} compares arrays of one shape, and does not broadcast: the {first} has shape "
                f"{show_shape(_shape(a))}, the {second} {show_shape(_shape(b))}"
            )
        )
    return a, b
