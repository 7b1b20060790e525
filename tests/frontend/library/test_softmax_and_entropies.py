"""Layers and losses: values and gradients against JAX, stability, refusals, and the form gradients come out in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.frontend import initialise
from chainrule.frontend.initialise import INITIALISERS, fans, initialiser
from chainrule.ir import registry
from chainrule.ir.records import Elementwise

Z = np.array([[0.3, -1.2, 2.0], [5.0, 4.0, -3.0]])
T = np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])
ANSWERS = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 1.0]])
Y = np.array([2, 0])


def jax_bce(z: Any, t: Any) -> Any:
    return -jnp.mean(t * jax.nn.log_sigmoid(z) + (1 - t) * jax.nn.log_sigmoid(-z))


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "softmax": (cr.softmax, jax.nn.softmax, (Z,)),
    "softmax along the first axis": (lambda z: cr.softmax(z, axis=0), lambda z: jax.nn.softmax(z, axis=0), (Z,)),
    "softmax of a vector": (cr.softmax, jax.nn.softmax, (Z[0],)),
    "log_softmax": (cr.log_softmax, jax.nn.log_softmax, (Z,)),
    "log_softmax along the first axis": (
        lambda z: cr.log_softmax(z, axis=0), lambda z: jax.nn.log_softmax(z, axis=0), (Z,),
    ),
    "mse": (cr.mse, lambda p, t: jnp.mean((p - t) ** 2), (Z, T)),
    "binary_cross_entropy": (cr.binary_cross_entropy, jax_bce, (Z, ANSWERS)),
    "cross_entropy, rows": (cr.cross_entropy, lambda z, t: -jnp.mean((t * jax.nn.log_softmax(z)).sum(-1)), (Z, T)),
    "cross_entropy, integers": (
        cr.cross_entropy, lambda z, y: -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(2), y]), (Z, Y),
    ),
    "cross_entropy of one row": (cr.cross_entropy, lambda z, y: -jax.nn.log_softmax(z)[y], (Z[0], np.array(1))),
    "dense": (cr.dense, lambda x, w, b: x @ w + b, (Z, T.T, np.array([0.5, -0.5]))),
    "one_hot": (lambda y: cr.one_hot(y, 3), lambda y: jax.nn.one_hot(y, 3), (Y,)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_jax_on_plain_and_on_traced_arrays(case: str) -> None:
    ours, theirs, arguments = CASES[case]
    wanted = np.asarray(theirs(*arguments))
    np.testing.assert_allclose(ours(*arguments), wanted, rtol=1e-12)
    np.testing.assert_allclose(cr.function(_positional(ours, len(arguments)))(*arguments), wanted, rtol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if c != "one_hot"])
def test_gradients_are_those_of_jax(case: str, rng: np.random.Generator) -> None:
    ours, theirs, arguments = CASES[case]
    weights = rng.normal(size=np.shape(theirs(*arguments)))
    floats = [n for n, a in enumerate(arguments) if np.asarray(a).dtype.kind == "f"]
    loss = _positional(lambda *a: (ours(*a) * weights).sum(), len(arguments))
    names = [f"a{n}" for n in floats]
    found = cr.grad(loss, names)(*arguments)
    wanted = jax.grad(lambda *a: (theirs(*a) * weights).sum(), argnums=floats)(*arguments)
    for name, expected in zip(names, wanted, strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-14)


def _positional(f: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The function with arguments a0, a1, …"""
    return {
        1: lambda a0: f(a0),
        2: lambda a0, a1: f(a0, a1),
        3: lambda a0, a1, a2: f(a0, a1, a2),
    }[count]


@pytest.mark.parametrize(
    ("loss", "logits", "targets", "value", "gradient"),
    [
        (cr.cross_entropy, [[-np.inf, 0.0, 0.0]], [[0.0, 1.0, 0.0]], math.log(2), [[0, -0.5, 0.5]]),
        (cr.cross_entropy, [[-np.inf, 0.0, 0.0]], [1], math.log(2), [[0, -0.5, 0.5]]),
        (cr.cross_entropy, [[1000.0, 0.0]], [1], 1000.0, [[1, -1]]),
        (cr.cross_entropy, [[-1000.0, 0.0]], [[0.0, 1.0]], 0.0, [[0, 0]]),
        (cr.binary_cross_entropy, [-50.0], [1.0], 50.0, [-1]),
        (cr.binary_cross_entropy, [50.0], [0.0], 50.0, [1]),
        (cr.binary_cross_entropy, [800.0, -800.0], [0.0, 0.0], 400.0, [0.5, 0]),
    ],
)
@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_extreme_logits_give_finite_losses_and_exact_slopes(
    loss: Callable[..., Any], logits: Any, targets: Any, value: float, gradient: Any, precision: Any
) -> None:
    z, t = np.array(logits, precision), np.array(targets)
    t = t if t.dtype.kind == "i" else t.astype(precision)
    found, slope = cr.value_and_grad(_positional(loss, 2), "a0")(z, t)
    assert slope.dtype == precision
    tolerance = 1e-12 if precision is np.float64 else 1e-6
    np.testing.assert_allclose(found, value, rtol=tolerance)
    np.testing.assert_allclose(slope, gradient, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("loss", "first", "second", "words"),
    [
        (cr.mse, (3,), (3, 1), ["(3,)", "(3, 1)", "prediction", "target"]),
        (cr.mse, (3, 1), (1, 3), ["(3, 1)", "(1, 3)"]),
        (cr.mse, (3,), (), ["(3,)", "()"]),
        (cr.binary_cross_entropy, (3,), (3, 1), ["(3,)", "(3, 1)", "logits", "targets"]),
        (cr.cross_entropy, (3, 4), (3, 1), ["(3, 4)", "(3,)", "(3, 1)"]),
        (cr.cross_entropy, (3, 4), (4,), ["(3, 4)", "(3,)", "(4,)"]),
        (cr.cross_entropy, (3, 4), (3,), ["integers", "kind float"]),
    ],
)
def test_shapes_that_would_broadcast_are_refused(
    loss: Callable[..., Any], first: tuple[int, ...], second: tuple[int, ...], words: list[str]
) -> None:
    for call in (loss, cr.function(_positional(loss, 2))):
        with pytest.raises(cr.ShapeError) as error:
            call(np.ones(first), np.ones(second))
        assert all(word in str(error.value) for word in words), str(error.value)


def test_named_dimensions_that_differ_are_refused_with_their_names() -> None:
    @cr.function(prediction="N k", target="N")
    def loss(prediction: Any, target: Any) -> Any:
        return cr.mse(prediction, target)

    with pytest.raises(cr.ShapeError, match=r"\(N, k\).*\(N,\)"):
        cr.source(loss, "prediction")


@pytest.mark.parametrize(
    ("loss", "shapes", "line"),
    [
        (cr.cross_entropy, {"z": "N k", "t": "N int"},
         r"d_z = \(np\.exp\(\w+\) - \(np\.arange\(k\) == t\[.+, None\]\).*\) / N"),
        (cr.cross_entropy, {"z": "N k", "t": "N k"}, r"d_z = .*\* np\.exp\(\w+\) - t / N"),
        (cr.binary_cross_entropy, {"z": "N", "t": "N"}, r"d_z = \(1 / \(1 \+ np\.exp\(-z\)\) - t\) / N"),
        (cr.mse, {"z": "N", "t": "N"}, r"d_z = 2 / N \* \w+"),
    ],
)  # fmt: skip
def test_gradients_come_out_as_a_person_would_write_them(
    loss: Callable[..., Any], shapes: dict[str, str], line: str
) -> None:
    def f(z: Any, t: Any) -> Any:
        return loss(z, t)

    text = cr.source(cr.function(**shapes)(f), "z")
    assert re.search(line, text), text


def test_labels_that_are_no_integers_have_no_one_hot_rows() -> None:
    with pytest.raises(cr.ArgumentError, match="kind float"):
        cr.one_hot(np.array([0.0, 1.0]), 2)


# ------------------------------------------------------------------------------------------------ by name


def test_an_activation_is_any_scalar_operation_by_name() -> None:
    for name in ("relu", "tanh", "sigmoid", "softplus", "sin"):
        assert cr.activation(name) is registry.record(name)
    assert cr.activation("identity")(3.0) == 3.0


def test_an_activation_of_the_users_own_is_found_too() -> None:
    cr.register(Elementwise(name="cube", ref=lambda x: x**3, partials=lambda x, y: (3 * x * x,), why="the power rule"))
    try:
        assert cr.activation("cube")(2.0) == 8.0
    finally:
        cr.unregister("cube")


@pytest.mark.parametrize(
    ("find", "name", "nearest"),
    [
        (cr.activation, "rleu", "'relu'"),
        (cr.activation, "sigmod", "'sigmoid'"),
        (cr.activation, "add", "."),
        (initialiser, "glorot_unifrom", "'glorot_uniform'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(find: Callable[[str], Any], name: str, nearest: str) -> None:
    with pytest.raises(cr.ArgumentError, match=f"'{name}'.*{nearest}"):
        find(name)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 500), ("glorot_normal", 2 / 500), ("he_uniform", 2 / 300), ("he_normal", 2 / 300),
        ("lecun_normal", 1 / 300), ("normal", 1.0), ("zeros", 0.0), ("ones", 0.0),
    ],
)  # fmt: skip
def test_an_initialiser_has_the_variance_of_its_source(name: str, variance: float) -> None:
    drawn = initialiser(name)((300, 200), np.random.default_rng(0))
    assert drawn.shape == (300, 200)
    assert drawn.dtype == np.float64
    assert drawn.mean() == pytest.approx(1.0 if name == "ones" else 0.0, abs=0.02)
    # 60,000 draws: the variance is known to within a few percent.
    assert drawn.var() == pytest.approx(variance, rel=0.05)
    if name.endswith("uniform"):
        assert np.abs(drawn).max() <= math.sqrt(3 * variance)


def test_every_initialiser_has_a_row_above() -> None:
    assert len(INITIALISERS) == 8
    assert all(getattr(initialise, name) is f for name, f in INITIALISERS.items())


@pytest.mark.parametrize(("shape", "expected"), [((), (1, 1)), ((5,), (1, 5)), ((3, 4), (3, 4)), ((2, 3, 4), (6, 8))])
def test_fans(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert fans(shape) == expected
