"""Recurrent layers: one step of each, and its unrolling along a time axis.

Weights of several gates are stacked, W[0], W[1], …: along the first axis of an array, or in a tuple or list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir.dims import show_shape
from ...ir.errors import ShapeError, at_user_line
from ...ir.registry import function
from ...ops.activations import sigmoid
from ...ops.linear import matmul
from ...ops.rearrange import stack
from ...ops.transcendental import tanh
from .checks import arrays, called, shape_of

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell", "rnn", "rnn_cell"]


@function()
def rnn_cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    """tanh(xW + hU + b). x: (…, n), h: (…, m), W: (n, m), U: (m, m), b: (m,) → (…, m), the next h.

    Source: J. L. Elman, *Finding structure in time*, 1990.
    """
    return tanh(_gate(x, h, W, U, b))


@function()
def gru_cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    """A gated recurrent unit. x: (…, n), h: (…, m) → (…, m), the next h.

    r = σ(xW₀ + hU₀ + b₀), z = σ(xW₁ + hU₁ + b₁), c = tanh(xW₂ + (r h)U₂ + b₂), and z h + (1 − z) c. W: three of
    (n, m), U: three of (m, m), b: three of (m,), stacked. Source: K. Cho et al., *Learning phrase representations using
    RNN encoder–decoder for statistical machine translation*, 2014.
    """
    _stacked("gru_cell", 3, W=W, U=U, b=b)
    reset = sigmoid(_gate(x, h, W[0], U[0], b[0]))
    keep = sigmoid(_gate(x, h, W[1], U[1], b[1]))
    candidate = tanh(_gate(x, reset * h, W[2], U[2], b[2]))
    return keep * h + (1 - keep) * candidate


@function()
def lstm_cell(x: Any, state: Any, W: Any, U: Any, b: Any) -> tuple[Any, Any]:
    """A long short-term memory. x: (…, n), state: (h, c), each (…, m) → the next (h, c).

    i = σ(xW₀ + hU₀ + b₀), f = σ(xW₁ + hU₁ + b₁), o = σ(xW₂ + hU₂ + b₂), g = tanh(xW₃ + hU₃ + b₃); the next c is
    f c + i g, the next h is o tanh(c). W: four of (n, m), U: four of (m, m), b: four of (m,), stacked. Sources:
    S. Hochreiter and J. Schmidhuber, *Long short-term memory*, 1997; the gate f: F. A. Gers et al., *Learning to
    forget*, 2000.
    """
    _stacked("lstm_cell", 4, W=W, U=U, b=b)
    h, c = state
    enter, keep, show = (sigmoid(_gate(x, h, W[i], U[i], b[i])) for i in range(3))
    c = keep * c + enter * tanh(_gate(x, h, W[3], U[3], b[3]))
    return show * tanh(c), c


@function()
def rnn(xs: Any, h: Any, W: Any, U: Any, b: Any) -> tuple[Any, Any]:
    """`rnn_cell` for each step of xs: (…, T, n), from h: (…, m) → (every h: (…, T, m), the last h).

    T is an integer, one or more; raises ShapeError where it is 0.
    """
    return _unrolled("rnn", xs, h, lambda x, state: _twice(rnn_cell(x, state, W, U, b)))


@function()
def gru(xs: Any, h: Any, W: Any, U: Any, b: Any) -> tuple[Any, Any]:
    """`gru_cell` for each step of xs: (…, T, n), from h: (…, m) → (every h: (…, T, m), the last h).

    T is an integer, one or more; raises ShapeError where it is 0.
    """
    return _unrolled("gru", xs, h, lambda x, state: _twice(gru_cell(x, state, W, U, b)))


@function()
def lstm(xs: Any, state: Any, W: Any, U: Any, b: Any) -> tuple[Any, Any]:
    """`lstm_cell` for each step of xs: (…, T, n), from (h, c), each (…, m) → (every h: (…, T, m), the last (h, c)).

    T is an integer, one or more; raises ShapeError where it is 0.
    """

    def step(x: Any, state: Any) -> tuple[Any, Any]:
        state = lstm_cell(x, state, W, U, b)
        return state[0], state

    return _unrolled("lstm", xs, state, step)


def _gate(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    return matmul(x, W) + matmul(h, U) + b


def _twice(h: Any) -> tuple[Any, Any]:
    """What is shown, and what is kept: the same."""
    return h, h


def _unrolled(name: str, xs: Any, state: Any, step: Callable[[Any, Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    """What each step shows, stacked along the time axis, and the last state."""
    (xs,) = arrays(xs)
    shape = shape_of(xs)
    if len(shape) < 2 or shape[-2] == 0:
        raise ShapeError(
            at_user_line(
                f"{name} takes steps of shape (…, T, n), T ≥ 1, but {called(xs)} has shape {show_shape(shape)}"
            )
        )
    shown = []
    # A named dimension says itself that an integer is needed.
    for t in range(shape[-2]):
        output, state = step(xs[..., t, :], state)
        shown.append(output)
    return stack(shown, axis=-2), state


def _stacked(cell: str, count: int, **weights: Any) -> None:
    """Raises ShapeError where weights are not stacked, one part for each gate."""
    for name, value in weights.items():
        parts = len(value) if isinstance(value, (tuple, list)) else (*shape_of(*arrays(value)), None)[0]
        if parts != count:
            raise ShapeError(at_user_line(f"{cell} needs {count} parts in {name}, one for each gate, not {parts}"))
