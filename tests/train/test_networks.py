"""Networks: their loss is what NumPy makes of the formulas, their gradients those of JAX, their predictions right."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.train.networks import LOSSES, Network, from_spec, network_of

BENDS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "identity": lambda x: x}


def outputs(net: Network, x: Any, parameters: dict[str, Any]) -> Any:
    for i in range(1, net.layers + 1):
        x = x @ parameters[f"W{i}"] + parameters[f"b{i}"]
        x = x if i == net.layers else BENDS[net.activation](x)
    return x


def jax_loss(net: Network, x: Any, y: Any, parameters: dict[str, Any]) -> Any:
    z = outputs(net, x, parameters)
    match net.loss_name:
        case "mse":
            return jnp.mean((z - y) ** 2)
        case "binary_cross_entropy":
            return -jnp.mean(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z))
    return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(len(y)), y])


@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (3, 6, 5, 2)], ids=str)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.slow
def test_loss_and_gradients_are_those_of_jax(
    sizes: tuple[int, ...], loss: str, bend: str, rng: np.random.Generator
) -> None:
    net = cr.networks.mlp(sizes, activation=bend, loss=loss)
    x = rng.normal(size=(7, 3))
    y = rng.integers(0, 2, 7) if loss == "cross_entropy" else rng.integers(0, 2, (7, 2)).astype(float)
    parameters = {name: rng.normal(size=shape) for name, shape in net.shapes.items()}
    value, gradients = cr.value_and_grad(net.loss, list(parameters))(x, y, **parameters)
    expected, slopes = jax.value_and_grad(lambda p: jax_loss(net, x, y, p))(parameters)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(net.forward(x, **parameters), outputs(net, x, parameters), rtol=1e-12)
    for name in parameters:
        np.testing.assert_allclose(gradients[name], slopes[name], rtol=1e-10, atol=1e-12)


def test_the_source_has_the_names_of_a_textbook() -> None:
    text = cr.source(cr.networks.mlp([3, 4, 5, 2]).loss, wrt=["W1", "b3"])
    for name in ("z1", "a1", "z2", "a2", "logits", "d_z1", "d_logits", "d_W1", "d_b3"):
        assert f"    {name} = " in text
    assert "y_hat = " in cr.source(cr.networks.mlp([3, 4, 1], loss="mse").loss, wrt="W1")


def test_predictions_are_classes_answers_and_values() -> None:
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    parameters = {"W1": np.array([[2.0, -1.0], [-3.0, 4.0]]), "b1": np.array([0.5, 0.0])}
    z = x @ parameters["W1"] + parameters["b1"]
    classes, answers, values = (cr.networks.mlp([2, 2], loss=loss) for loss in ("cross_entropy", *LOSSES[2:], "mse"))
    np.testing.assert_array_equal(classes.predict(parameters, x), [0, 1])
    np.testing.assert_allclose(classes.predict_proba(parameters, x), np.exp(z) / np.exp(z).sum(1, keepdims=True))
    np.testing.assert_array_equal(answers.predict(parameters, x), [[1, 0], [0, 1]])
    np.testing.assert_allclose(answers.predict_proba(parameters, x), 1 / (1 + np.exp(-z)))
    np.testing.assert_allclose(values.predict(parameters, x), z)
    with pytest.raises(cr.ArgumentError, match="not probabilities"):
        values.predict_proba(parameters, x)
    assert classes.accuracy(parameters, {"x": x, "y": [0, 0]}) == 0.5


def test_parameters_come_from_the_seed_and_the_initialiser() -> None:
    net = cr.networks.mlp([300, 200, 5])
    first, again, other = net.init(1), net.init(seed=1), net.init(2)
    assert list(first) == ["W1", "b1", "W2", "b2"]
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
    assert first["W1"].tobytes() != other["W1"].tobytes()
    assert first["W1"].var() == pytest.approx(2 / 300, rel=0.05)
    assert not first["b1"].any()
    assert net.init(0, initializer="glorot_uniform")["W1"].var() == pytest.approx(2 / 500, rel=0.05)
    assert {p.dtype for p in net.init(0, dtype=np.float32).values()} == {np.dtype(np.float32)}
    with pytest.raises(cr.ArgumentError, match="'he_normal'"):
        net.init(0, initializer="he_norml")


def test_a_network_is_found_again_from_its_loss_and_from_json() -> None:
    net = cr.networks.mlp([np.int64(3), 4, 2], activation="tanh", loss="mse")
    assert network_of(net.loss) is net
    assert network_of(lambda x: x) is None
    assert from_spec(net.spec()) == net
    assert pickle.loads(pickle.dumps(cr.networks.mlp([3, 2]))) == cr.networks.mlp([3, 2])


@pytest.mark.parametrize(
    ("sizes", "activation", "loss", "words"),
    [
        ([3], "relu", "mse", r"widths of two layers or more"),
        ([3, 0], "relu", "mse", r"widths"),
        ([3, 2.5], "relu", "mse", r"widths"),
        ([3, True], "relu", "mse", r"widths"),
        ([3, 2], "rleu", "mse", r"'relu'"),
        ([3, 2], "relu", "hinge", r"cross_entropy, mse, binary_cross_entropy, not 'hinge'"),
    ],
)
def test_what_is_no_network_is_refused(sizes: Any, activation: str, loss: str, words: str) -> None:
    with pytest.raises(cr.ArgumentError, match=words):
        cr.networks.mlp(sizes, activation=activation, loss=loss)


@pytest.mark.parametrize("spec", [None, {}, {"kind": "conv", "sizes": [1, 2], "activation": "relu", "loss": "mse"}])
def test_what_is_no_spec_is_refused(spec: Any) -> None:
    with pytest.raises(cr.ArgumentError, match="no network that chainrule knows"):
        from_spec(spec)


def test_the_targets_of_the_wrong_shape_are_refused() -> None:
    net = cr.networks.mlp([2, 1], loss="mse")
    with pytest.raises(cr.ShapeError, match="y has shape"):
        net.loss(np.ones((3, 2)), np.ones(3), **net.init())
