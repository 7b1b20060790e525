"""Recurrent layers beside the same written in JAX: the cells, their unrolling, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from tests.frontend.library.peers import agrees

RNG = np.random.default_rng(0)
XS, H, C = RNG.normal(size=(4, 3, 2)), RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))


def weights(gates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return RNG.normal(size=(gates, 2, 5)) / 2, RNG.normal(size=(gates, 5, 5)) / 2, RNG.normal(size=(gates, 5))


RNN, GRU, LSTM = tuple(a[0] for a in weights(1)), weights(3), weights(4)


def jax_rnn_cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    return jnp.tanh(x @ W + h @ U + b)


def jax_gru_cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    r, z = (jax.nn.sigmoid(x @ W[i] + h @ U[i] + b[i]) for i in range(2))
    return z * h + (1 - z) * jnp.tanh(x @ W[2] + (r * h) @ U[2] + b[2])


def jax_lstm_cell(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
    """The next h and c, side by side."""
    i, f, o = (jax.nn.sigmoid(x @ W[n] + h @ U[n] + b[n]) for n in range(3))
    c = f * c + i * jnp.tanh(x @ W[3] + h @ U[3] + b[3])
    return jnp.concatenate([o * jnp.tanh(c), c], -1)


def jax_unrolled(cell: Callable[..., Any], xs: Any, h: Any, *parameters: Any) -> Any:
    shown = []
    for t in range(3):
        h = cell(xs[:, t], h, *parameters)
        shown.append(h)
    return jnp.stack(shown, 1)


def jax_lstm(xs: Any, h: Any, c: Any, *parameters: Any) -> Any:
    shown = []
    for t in range(3):
        both = jax_lstm_cell(xs[:, t], h, c, *parameters)
        h, c = both[:, :5], both[:, 5:]
        shown.append(h)
    return jnp.concatenate([*shown, h, c], -1)


def lstm(xs: Any, h: Any, c: Any, *parameters: Any) -> Any:
    hs, (h, c) = cr.lstm(xs, (h, c), *parameters)
    return cr.concatenate([hs.reshape(4, 15), h, c], axis=-1)


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "rnn_cell": (cr.rnn_cell, jax_rnn_cell, (XS[:, 0], H, *RNN)),
    "rnn_cell of one sample": (cr.rnn_cell, jax_rnn_cell, (XS[0, 0], H[0], *RNN)),
    "gru_cell": (cr.gru_cell, jax_gru_cell, (XS[:, 0], H, *GRU)),
    "lstm_cell": (
        lambda x, h, c, *p: cr.concatenate(cr.lstm_cell(x, (h, c), *p), axis=-1), jax_lstm_cell,
        (XS[:, 0], H, C, *LSTM),
    ),
    "rnn": (lambda *a: cr.rnn(*a)[0], lambda *a: jax_unrolled(jax_rnn_cell, *a), (XS, H, *RNN)),
    "gru": (lambda *a: cr.gru(*a)[0], lambda *a: jax_unrolled(jax_gru_cell, *a), (XS, H, *GRU)),
    "lstm": (lstm, jax_lstm, (XS, H, C, *LSTM)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_a_recurrent_layer_and_its_derivatives_are_those_of_jax(case: str, dtype: Any) -> None:
    agrees(*CASES[case], dtype)


@pytest.mark.parametrize(("layer", "parameters"), [(cr.rnn, RNN), (cr.gru, GRU)], ids=["rnn", "gru"])
def test_the_last_state_is_the_last_output(layer: Any, parameters: Any) -> None:
    hs, h = layer(XS, H, *parameters)
    assert hs.shape == (4, 3, 5)
    np.testing.assert_array_equal(hs[:, -1], h)


def test_weights_may_be_in_a_tuple_of_matrices() -> None:
    f = lambda xs, h, W, U, b: (cr.gru(xs, h, W, U, b)[0] ** 2).sum()  # noqa: E731
    stacked = cr.grad(f, ["W", "U", "b"])(XS, H, *GRU)
    apart = cr.grad(f, ["W", "U", "b"])(XS, H, *map(tuple, GRU))
    for name, parts in apart.items():
        assert len(parts) == 3
        np.testing.assert_allclose(np.stack(parts), stacked[name], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("layer", "parameters"), [("rnn", RNN), ("gru", GRU), ("lstm", LSTM)])
def test_a_named_number_of_samples_gives_the_same(layer: str, parameters: Any) -> None:
    def f(xs: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
        state = (h, h**2) if layer == "lstm" else h
        return (getattr(cr, layer)(xs, state, W, U, b)[0] ** 2).sum()

    shapes = {"xs": "N 3 2", "h": "N 5"}
    names = ["xs", "h", "W", "U", "b"]
    found = cr.grad(cr.function(**shapes)(f), names)(XS, H, *parameters)
    expected = cr.grad(f, names)(XS, H, *parameters)
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-11, atol=1e-12)
    empty = cr.value_and_grad(f, names)(XS[:0], H[:0], *parameters)
    assert empty[0] == 0
    assert not empty[1]["W"].any()


REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], type[Exception], str]] = {
    "two parts for three gates": (
        lambda x: cr.gru_cell(x, H, GRU[0][:2], *GRU[1:]), (XS[:, 0],), cr.ShapeError, "3 parts in W, .*, not 2",
    ),
    "a tuple of three for four": (
        lambda x: cr.lstm_cell(x, (H, C), LSTM[0], tuple(LSTM[1][:3]), LSTM[2]), (XS[:, 0],), cr.ShapeError,
        "4 parts in U, one for each gate, not 3",
    ),
    "a number": (lambda x: cr.gru_cell(x, H, *GRU[:2], 0.0), (XS[:, 0],), cr.ShapeError, "3 parts in b"),
    "no steps": (lambda x: cr.rnn(x, H, *RNN), (XS[:, :0],), cr.ShapeError, r"T ≥ 1, but .* \(4, 0, 2\)"),
    "no time": (lambda x: cr.rnn(x, H, *RNN), (XS[0, 0],), cr.ShapeError, r"T ≥ 1, but .* \(2,\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    layer, arguments, error, words = REFUSED[case]
    for f in (layer, cr.function(lambda a: layer(a))):
        with pytest.raises(error, match=words):
            f(*arguments)


def test_a_time_axis_with_a_name_is_refused() -> None:
    @cr.function(xs="N T 2")
    def f(xs: Any) -> Any:
        return cr.rnn(xs, np.zeros(5), *RNN)[0].sum()

    with pytest.raises(cr.TraceError, match="the size T is not known"):
        cr.source(f)
