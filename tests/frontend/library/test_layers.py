"""Layers beside the same written in JAX; their state, their masks, what they refuse."""

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
X, G, B = RNG.normal(1, 2, size=(4, 3)), RNG.normal(size=3), RNG.normal(size=3)
IMAGES = RNG.normal(size=(2, 3, 4, 5))
STATE = {"mean": RNG.normal(size=3), "variance": RNG.uniform(0.5, 2, size=3)}
TOKENS = np.array([[0, 3], [3, 1], [2, 0]])
KEY = cr.key(5)
KEPT = cr.uniform(KEY, (4, 3)) < 0.7


def jax_layer_norm(x: Any, g: Any, b: Any) -> Any:
    return g * (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) + b


def jax_batch_norm(x: Any, g: Any, b: Any, mean: Any, variance: Any, training: bool = True) -> Any:
    """The output and the new state, in one row."""
    m, v = (x.mean(0), x.var(0)) if training else (mean, variance)
    state = [0.9 * mean + 0.1 * m, 0.9 * variance + 0.1 * v] if training else [mean, variance]
    return jnp.concatenate([(g * (x - m) / jnp.sqrt(v + 1e-5) + b).ravel(), *state])


def batch_norm(x: Any, g: Any, b: Any, mean: Any, variance: Any, training: bool = True) -> Any:
    y, state = cr.batch_norm(x, g, b, {"mean": mean, "variance": variance}, training=training)
    return cr.concatenate([y.ravel(), state["mean"], state["variance"]])


def jax_batch_norm_of_images(x: Any, g: Any, b: Any) -> Any:
    m, v = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    return g[:, None, None] * (x - m) / jnp.sqrt(v + 1e-5) + b[:, None, None]


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "layer_norm": (cr.layer_norm, jax_layer_norm, (X, G, B)),
    "layer_norm of more axes": (cr.layer_norm, jax_layer_norm, (RNG.normal(size=(2, 4, 3)), G, B)),
    "layer_norm of one row": (cr.layer_norm, jax_layer_norm, (X[0], G, B)),
    "rms_norm": (
        cr.rms_norm, lambda x, g: g * x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-5), (X, G),
    ),
    "batch_norm": (batch_norm, jax_batch_norm, (X, G, B, STATE["mean"], STATE["variance"])),
    "batch_norm in use": (
        lambda *a: batch_norm(*a, training=False), lambda *a: jax_batch_norm(*a, training=False),
        (X, G, B, STATE["mean"], STATE["variance"]),
    ),
    "batch_norm of images": (
        lambda x, g, b: cr.batch_norm(x, g, b, {"mean": np.zeros(3), "variance": np.ones(3)}, axis=1)[0],
        jax_batch_norm_of_images, (IMAGES, G, B),
    ),
    "embedding": (lambda e: cr.embedding(e, TOKENS), lambda e: e[TOKENS], (X,)),
    "residual": (
        lambda x, w, b: cr.residual(x, lambda h: cr.tanh(cr.dense(h, w, b))), lambda x, w, b: x + jnp.tanh(x @ w + b),
        (X, RNG.normal(size=(3, 3)), B),
    ),
    "dropout": (lambda x: cr.dropout(x, 0.3, KEY), lambda x: jnp.where(KEPT, x / 0.7, 0), (X,)),
    "dropout of nothing": (lambda x: cr.dropout(x, 0, KEY), lambda x: x, (X,)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_a_layer_and_its_derivatives_are_those_of_jax(case: str, dtype: Any) -> None:
    agrees(*CASES[case], dtype)


NAMED: dict[str, tuple[Callable[..., Any], dict[str, str], tuple[Any, ...]]] = {
    "layer_norm": (lambda x, g, b: (cr.layer_norm(x, g, b) ** 3).sum(), {"x": "N d", "g": "d", "b": "d"}, (X, G, B)),
    "rms_norm": (lambda x, g: (cr.rms_norm(x, g) ** 3).sum(), {"x": "N d", "g": "d"}, (X, G)),
    "batch_norm": (
        lambda x, g, b, m, v: (batch_norm_only(x, g, b, m, v) ** 3).sum(),
        {"x": "N d", "g": "d", "b": "d", "m": "d", "v": "d"}, (X, G, B, STATE["mean"], STATE["variance"]),
    ),
    "embedding": (lambda e, t: (cr.embedding(e, t) ** 3).sum(), {"e": "v d", "t": "N T int"}, (X, TOKENS)),
    "dropout": (lambda x: (cr.dropout(x, 0.3, KEY) ** 3).sum(), {"x": "N d"}, (X,)),
}  # fmt: skip


def batch_norm_only(x: Any, g: Any, b: Any, m: Any, v: Any) -> Any:
    return cr.batch_norm(x, g, b, {"mean": m, "variance": v})[0]


@pytest.mark.parametrize("case", NAMED)
def test_named_dimensions_give_the_same(case: str) -> None:
    f, shapes, arguments = NAMED[case]
    names = [n for n, a in zip(shapes, arguments, strict=True) if a.dtype.kind == "f"]
    found = cr.grad(cr.function(**shapes)(f), names)(*arguments)
    expected = cr.grad(f, names)(*arguments)
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("layer", ["layer_norm", "rms_norm", "embedding", "dropout"])
def test_an_empty_batch_gives_an_empty_batch_and_slopes_of_zero(layer: str) -> None:
    f, _, arguments = NAMED[layer]
    values = [arguments[-1][:0]] if layer == "dropout" else [arguments[0][:0], *arguments[1:]]
    if layer == "embedding":
        values = [arguments[0], arguments[1][:0]]
    value, slope = cr.value_and_grad(f)(*values)
    assert value == 0
    np.testing.assert_array_equal(slope, np.zeros(np.shape(values[0])))


# ------------------------------------------------------------------------------------------------ normalisation


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_the_slopes_of_the_sum_of_a_normalised_batch_are_zero(dtype: Any) -> None:
    """Mnemosyne#310: a cotangent of ones hides bugs, so those above are random."""
    x = RNG.normal(size=(16, 3)).astype(dtype)
    state = {"mean": np.zeros(3, dtype), "variance": np.ones(3, dtype)}
    f = lambda x: cr.batch_norm(x, np.ones(3, dtype), np.zeros(3, dtype), state)[0].sum()  # noqa: E731
    np.testing.assert_allclose(cr.grad(f)(x), 0, atol=1e-13 if dtype is np.float64 else 2e-6)
    for direction in np.eye(3):
        change = cr.jvp(f, {"x": np.broadcast_to(direction, x.shape) * x**2})(x)[1]
        np.testing.assert_allclose(change, 0, atol=1e-13 if dtype is np.float64 else 2e-5)


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_a_large_mean_costs_float32_no_digits(norm: str) -> None:
    """Mean of squares less the square of the mean would leave none at all: the squares differ in the eighth digit."""
    small = np.linspace(-1, 1, 64, dtype=np.float32)
    x = (10_000 + small)[:, None] if norm == "batch" else (10_000 + small)[None, :]
    d = x.shape[-1]
    scale, shift = np.ones(d, np.float32), np.zeros(d, np.float32)
    state = {"mean": shift, "variance": scale}
    layers: dict[str, Callable[..., Any]] = {
        "batch": lambda x: cr.batch_norm(x, scale, shift, state)[0],
        "layer": lambda x: cr.layer_norm(x, scale, shift),
    }
    exact = x.astype(np.float64) - x.astype(np.float64).mean()
    exact /= np.sqrt((exact**2).mean() + 1e-5)
    for f in (layers[norm], cr.function(layers[norm])):
        found = f(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, exact, atol=2e-3)


def test_the_state_of_batch_norm_comes_to_the_moments_of_the_data() -> None:
    state = {"mean": np.zeros(3), "variance": np.ones(3)}
    rng = np.random.default_rng(0)

    @cr.function
    def step(x: Any, state: Any) -> Any:
        y, new = cr.batch_norm(x, np.ones(3), np.zeros(3), state)
        return (y**2).sum(), {"state": new}

    for _ in range(200):
        x = rng.normal([1, 2, 3], [1, 0.5, 2], size=(256, 3))
        (_, result), slope = cr.value_and_grad(step, "x")(x, state)
        assert slope.shape == x.shape
        state = result["state"]
    np.testing.assert_allclose(state["mean"], [1, 2, 3], atol=0.1)
    np.testing.assert_allclose(state["variance"], [1, 0.25, 4], rtol=0.1)
    y, same = cr.batch_norm(x, np.ones(3), np.zeros(3), state, training=False)
    assert same == state
    np.testing.assert_allclose(y.std(0), 1, atol=0.15)


# ------------------------------------------------------------------------------------------------ dropout


def test_dropout_keeps_the_mean_and_the_share_of_zeros() -> None:
    x = np.ones(100_000)
    y = cr.dropout(x, 0.3, cr.key(0))
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)


def test_two_dropouts_share_a_mask_where_they_share_a_key_and_only_there() -> None:
    @cr.function
    def f(x: Any, key: Any) -> Any:
        first, second = cr.split(key, 2)
        once, again, other = cr.dropout(x, 0.5, first), cr.dropout(x, 0.5, first), cr.dropout(x, 0.5, second)
        return once, again, other, cr.dropout(once, 0.5, second)

    once, again, other, twice = f(np.ones(1000), cr.key(0))
    np.testing.assert_array_equal(once, again)
    # Of independent halves a quarter is left; of one mask twice, a half.
    assert np.mean((once > 0) & (other > 0)) == pytest.approx(0.25, abs=0.05)
    assert np.mean(twice > 0) == pytest.approx(0.25, abs=0.05)
    assert not np.array_equal(f(np.ones(1000), cr.key(1))[0], once)


def test_dropout_drops_what_is_not_finite() -> None:
    x = np.where(KEPT, X, np.inf)
    value, slope = cr.value_and_grad(lambda x: (cr.dropout(x, 0.3, KEY) ** 2).sum())(x)
    assert np.isfinite(value)
    np.testing.assert_allclose(slope, np.where(KEPT, 2 * X / 0.49, 0), rtol=1e-12)


# ------------------------------------------------------------------------------------------------ refusals

HALF_STATE = {"mean": np.zeros(3)}
REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], type[Exception], str]] = {
    "scale": (cr.layer_norm, (X, np.ones(1), B), cr.ShapeError, r"layer_norm of .* a scale of shape \(3,\), not \(1"),
    "shift": (cr.layer_norm, (X, G, np.ones((4, 3))), cr.ShapeError, r"a shift of shape \(3,\), not \(4, 3\)"),
    "no row": (cr.layer_norm, (np.array(1.0), G, B), cr.ShapeError, "works along the last axis"),
    "rms scale": (cr.rms_norm, (X, np.array(2.0)), cr.ShapeError, r"a scale of shape \(3,\), not \(\)"),
    "no samples": (lambda x: cr.batch_norm(x, G, B, STATE), (X[0],), cr.ShapeError, "axes for the samples"),
    "other axis": (lambda x: cr.batch_norm(x, G, B, STATE, axis=0), (X,), cr.ShapeError, r"shape \(4,\), not \(3,\)"),
    "no axis": (lambda x: cr.batch_norm(x, G, B, STATE, axis=2), (X,), cr.ShapeError, "axis 2 does not exist"),
    "state": (lambda x: cr.batch_norm(x, G, B, HALF_STATE), (X,), cr.ArgumentError, "has no 'variance'"),
    "rate of one": (lambda x: cr.dropout(x, 1.0, KEY), (X,), cr.ArgumentError, "below 1, not 1.0"),
    "negative rate": (lambda x: cr.dropout(x, -0.1, KEY), (X,), cr.ArgumentError, "below 1, not -0.1"),
    "table": (lambda e: cr.embedding(e, TOKENS), (B,), cr.ShapeError, r"a table of rows: .* has shape \(3,\)"),
    "tokens": (lambda e: cr.embedding(e, TOKENS * 1.0), (X,), cr.ArgumentError, "are integers, not of kind float"),
    "residual": (lambda x: cr.residual(x, lambda h: h[:1]), (X,), cr.ShapeError, r"\(4, 3\), the result \(1, 3\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    layer, arguments, error, words = REFUSED[case]
    for f in (layer, cr.function(_traced(layer, len(arguments)))):
        with pytest.raises(error, match=words):
            f(*arguments)


def _traced(f: Callable[..., Any], count: int) -> Callable[..., Any]:
    return {
        1: lambda a0: f(a0),
        2: lambda a0, a1: f(a0, a1),
        3: lambda a0, a1, a2: f(a0, a1, a2),
    }[count]


def test_jax_is_asked_in_float64() -> None:
    assert jax.config.jax_enable_x64
