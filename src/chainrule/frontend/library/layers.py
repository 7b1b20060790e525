"""Layers that are a line or two: dense, residual, embedding, dropout; and the activation of a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir import registry
from ...ir.build import is_traced
from ...ir.dims import show_shape
from ...ir.errors import ArgumentError, ShapeError, at_user_line
from ...ir.records import Elementwise
from ...ir.registry import function
from ...ops.index import take
from ...ops.linear import matmul
from ...ops.random import bernoulli
from ...ops.select import where
from ..arguments import closest
from .checks import arrays, called, kind_of, shape_of

__all__ = ["activation", "dense", "dropout", "embedding", "residual"]


@function()
def dense(x: Any, W: Any, b: Any) -> Any:
    """A dense layer before its activation, xW + b. x: (…, n), W: (n, m), b: (m,) → (…, m)."""
    return matmul(x, W) + b


@function()
def residual(x: Any, f: Callable[[Any], Any]) -> Any:
    """The sum x + f(x), for a function f that keeps the shape.

    Source: K. He et al., *Deep residual learning for image recognition*, 2016. Raises ShapeError where f(x) has
    another shape, also where the two would broadcast.
    """
    (x,) = arrays(x)
    (y,) = arrays(f(x))
    if shape_of(y) != shape_of(x):
        raise ShapeError(
            at_user_line(
                f"residual adds a function's result to its argument, and does not broadcast: "
                f"{called(x)} has shape {show_shape(shape_of(x))}, the result {show_shape(shape_of(y))}"
            )
        )
    return x + y


@function()
def embedding(table: Any, tokens: Any) -> Any:
    """The row of a table for each token. table: (v, d), tokens: (…) of integers below v → (…, d).

    Raises ShapeError for a table that is no matrix, ArgumentError for tokens that are no integers.
    """
    table, tokens = arrays(table, tokens)
    if len(shape_of(table)) != 2:
        raise ShapeError(
            at_user_line(f"embedding needs a table of rows: {called(table)} has shape {show_shape(shape_of(table))}")
        )
    if kind_of(tokens) != "int":
        raise ArgumentError(at_user_line(f"tokens are integers, not of kind {kind_of(tokens)}"))
    return take(table, tokens, axis=0)


@function()
def dropout(x: Any, rate: float, key: Any) -> Any:
    """Each entry 0 with probability ``rate``, else x/(1 − rate), so that the mean stays; as a key (`cr.key`) decides.

    Two dropouts with one key share their mask: `cr.split` makes keys for several. When a network is used rather than
    trained, leave dropout out. Source: N. Srivastava et al., *Dropout: a simple way to prevent neural networks from
    overfitting*, 2014. Raises ArgumentError where the rate is not from 0 to below 1.
    """
    if is_traced(rate) or not 0 <= rate < 1:
        raise ArgumentError(at_user_line(f"the rate of dropout is a number from 0 to below 1, not {rate!r}"))
    x, key = arrays(x, key)
    return where(bernoulli(key, 1 - rate, shape_of(x)), x / (1 - rate), 0.0)


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
