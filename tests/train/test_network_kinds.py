"""The networks beside JAX: loss and gradients of each kind, written there from its definition."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.train.networks import Network, from_spec, network_of

Parameters = dict[str, Any]


def cross_entropy(z: Any, y: Any) -> Any:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], -1))


def affine(x: Any, p: Parameters, weights: str, bias: str) -> Any:
    return jnp.einsum("...n,nm->...m", x, p[weights]) + p[bias]


def normed(x: Any, scale: Any, shift: Any) -> Any:
    return jax.nn.standardize(x, -1, epsilon=1e-5) * scale + shift


def residual(x: Any, p: Parameters) -> Any:
    h = affine(x, p, "W_in", "b_in")
    for i in (1, 2, 3):
        n = normed(h, p[f"scale{i}"], p[f"shift{i}"])
        h = h + affine(jnp.tanh(affine(n, p, f"W{i}", f"b{i}")), p, f"V{i}", f"c{i}")
    return affine(normed(h, p["scale_out"], p["shift_out"]), p, "W_out", "b_out")


def convolutional(x: Any, p: Parameters) -> Any:
    for i in (1, 2):
        same = [(1, 1), (1, 1)]
        z = jax.lax.conv_general_dilated(x, p[f"K{i}"], (1, 1), same, dimension_numbers=("NCHW", "OIHW", "NCHW"))
        a = jnp.tanh(z + p[f"b{i}"][:, None, None])
        x = jax.lax.reduce_window(a, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return affine(jnp.tanh(affine(x.reshape(len(x), -1), p, "W3", "b3")), p, "W4", "b4")


def attended(h: Any, p: Parameters, i: int, heads: int, causal: bool) -> Any:
    length, d = h.shape[-2:]
    q, k, v = (jnp.stack(jnp.split(h @ p[f"{name}{i}"], heads, -1), 1) for name in ("query", "key", "value"))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(d / heads)
    if causal:
        scores = jnp.where(np.tri(length, dtype=bool), scores, -jnp.inf)
    mixed = jax.nn.softmax(scores, -1) @ v
    return jnp.concatenate([mixed[:, j] for j in range(heads)], -1) @ p[f"output{i}"]


def encoded(x: Any, p: Parameters, causal: bool, each: bool) -> Any:
    h = p["embedding"][x] + p["positions"]
    for i in (1, 2):
        h = h + attended(normed(h, p[f"scale{i}"], p[f"shift{i}"]), p, i, 2, causal)
        n = normed(h, p[f"norm_scale{i}"], p[f"norm_shift{i}"])
        h = h + affine(jnp.tanh(affine(n, p, f"W{i}", f"b{i}")), p, f"V{i}", f"c{i}")
    n = normed(h, p["scale_out"], p["shift_out"])
    return affine(n if each else n.mean(-2), p, "W_out", "b_out")


TOKENS = {"tokens": 5, "length": 6, "width": 4, "heads": 2, "blocks": 2, "hidden": 7, "activation": "tanh"}
KINDS: dict[str, tuple[Callable[[], Network], Callable[[Any, Parameters], Any], tuple[int, ...], tuple[int, ...]]] = {
    "residual": (
        lambda: cr.networks.residual_mlp(3, 4, 2, blocks=3, hidden=5, activation="tanh"), residual, (7, 3), (7,),
    ),
    "cnn": (
        lambda: cr.networks.cnn((2, 7, 5), [3, 4], 2, hidden=[6], activation="tanh"), convolutional, (7, 2, 7, 5), (7,),
    ),
    "language": (
        lambda: cr.networks.transformer_encoder(**TOKENS, causal=True),
        lambda x, p: encoded(x, p, True, True), (7, 6), (7, 6),
    ),
    "reader": (
        lambda: cr.networks.transformer_encoder(**TOKENS, outputs=3),
        lambda x, p: encoded(x, p, False, False), (7, 6), (7,),
    ),
}  # fmt: skip
"""A network, what it is in JAX, the shape of x, and that of y."""


def made(name: str, rng: np.random.Generator) -> tuple[Network, Any, Any, Parameters]:
    network, _, shape, answers = KINDS[name]
    net = network()
    x = rng.integers(0, 5, shape) if name in ("language", "reader") else rng.normal(size=shape)
    y = rng.integers(0, net.answer[-1], answers)
    return net, x, y, {name: rng.normal(size=s) for name, s in net.shapes.items()}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.slow
def test_loss_and_gradients_are_those_of_jax(name: str, rng: np.random.Generator) -> None:
    net, x, y, parameters = made(name, rng)
    other = KINDS[name][1]
    value, gradients = cr.value_and_grad(net.loss, list(parameters))(x, y, **parameters)

    def both(p: Parameters) -> Any:
        outputs = other(x, p)
        return cross_entropy(outputs, y), outputs

    (expected, outputs), slopes = jax.jit(jax.value_and_grad(both, has_aux=True))(parameters)
    np.testing.assert_allclose(net.forward(x, **parameters), outputs, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for parameter in parameters:
        np.testing.assert_allclose(gradients[parameter], slopes[parameter], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", KINDS)
def test_what_was_learnt_is_kept_with_the_network(name: str, rng: np.random.Generator, tmp_path: Any) -> None:
    net, x, y, _ = made(name, rng)
    run = cr.train(net.loss, net.init(0, dtype=np.float32), {"x": x, "y": y}, optimizer=cr.adamw(1e-2), epochs=30,
                   validation={"x": x, "y": y})  # fmt: skip
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    assert {p.dtype for p in run.parameters.values()} == {np.dtype(np.float32)}
    assert run.history[-1]["accuracy"] == np.mean(net.predict(run.parameters, x) == y)
    probabilities = net.predict_proba(run.parameters, x)
    assert probabilities.shape == (*y.shape, net.answer[-1])
    run.save(tmp_path)
    found = cr.load(tmp_path)
    assert found.network == net
    np.testing.assert_array_equal(found.network.predict_proba(found.parameters, x), probabilities)


@pytest.mark.parametrize("name", KINDS)
def test_a_network_is_found_ascale(name: str) -> None:
    net = KINDS[name][0]()
    assert network_of(net.loss) is net
    assert from_spec(net.spec()) == net
    assert pickle.loads(pickle.dumps(net)) == net


def test_parameters_begin_as_they_should() -> None:
    net = cr.networks.transformer_encoder(tokens=50, length=40, width=64, heads=4, blocks=2)
    begin = net.init(0)
    assert all((begin[name] == 1).all() for name in begin if "scale" in name)
    assert not any(begin[name].any() for name in begin if name[0] in "bc" or "shift" in name)
    assert begin["embedding"].std() == pytest.approx(0.02, rel=0.05)
    assert begin["W1"].var() == pytest.approx(2 / 64, rel=0.05)
    assert begin["V1"].var() == pytest.approx(2 / 256 / 4, rel=0.05)
    kernels = cr.networks.cnn((8, 9, 9), [64], 3, kernel=5).init(0)["K1"]
    assert kernels.shape == (64, 8, 5, 5)
    assert kernels.var() == pytest.approx(2 / (8 * 25), rel=0.05)
    # A kernel's outputs are drawn apart from each other.
    assert abs(np.corrcoef(kernels[0].ravel(), kernels[1].ravel())[0, 1]) < 0.3
    assert cr.networks.residual_mlp(3, 100, 2, hidden=200, blocks=4).init(0)["V1"].var() == pytest.approx(
        2 / 200 / 4, rel=0.05
    )


def test_the_future_is_not_seen(rng: np.random.Generator) -> None:
    net, x, _, parameters = made("language", rng)
    outputs = net.forward(x, **parameters)
    x[:, 4] = (x[:, 4] + 1) % 5
    changed = net.forward(x, **parameters)
    np.testing.assert_array_equal(outputs[:, :4], changed[:, :4])
    assert (outputs[:, 4:] != changed[:, 4:]).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cr.networks.residual_mlp(3, 0, 2), "width of residual_mlp"),
        (lambda: cr.networks.residual_mlp(3, 4, 2, blocks=1.5), "blocks of residual_mlp"),
        (lambda: cr.networks.residual_mlp(3, 4, 2, activation="rleu"), "'relu'"),
        (lambda: cr.networks.cnn((8, 8), [4], 2), "images of"),
        (lambda: cr.networks.cnn((1, 8, 8), [], 2), "a convolution or more"),
        (lambda: cr.networks.cnn((1, 8, 8), [4, 4, 4, 4], 2), "nothing is left"),
        (lambda: cr.networks.cnn((1, 8, 8), [4], 2, kernel=4), "kernel of cnn is odd"),
        (lambda: cr.networks.cnn((1, 8, 8), [4], 2, hidden=[-1]), "hidden of cnn"),
        (lambda: cr.networks.cnn((1, 8, 8), [4], 2, loss="hinge"), "cross_entropy, mse"),
        (lambda: cr.networks.transformer_encoder(tokens=5, length=6, width=6, heads=4), "no multiple of 4"),
        (lambda: cr.networks.transformer_encoder(tokens=5, length=True), "length of transformer_encoder"),
    ],
)
def test_what_is_no_network_is_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(cr.ArgumentError, match=words):
        make()
