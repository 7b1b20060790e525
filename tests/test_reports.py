"""What users ran into, kept so that it does not come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(0)
W, C = RNG.normal(size=3), RNG.normal(size=3)
BIG = RNG.normal(size=(60, 40))
KEPT = np.array([[True, False, True]] * 3)
RATINGS = np.arange(9.0).reshape(3, 3)


def test_gradients_are_the_callers_own_arrays() -> None:
    gradients = cr.grad(lambda a, b: ((a + b) ** 2).sum(), ["a", "b"])(W, C)
    expected = {name: g.copy() for name, g in gradients.items()}
    for name in gradients:
        gradients[name] *= 0.1
    for name, g in gradients.items():
        np.testing.assert_allclose(g, 0.1 * expected[name])


def test_an_argument_is_never_handed_back_as_a_gradient() -> None:
    scale = np.ones(3)
    gradient = cr.grad(lambda w, s: (w * s).sum())(W, scale)
    gradient *= 0.1
    assert np.all(scale == 1)
    assert cr.function(lambda w: w)(W) is not W


def test_a_broadcast_gradient_can_be_written_into() -> None:
    gradient = cr.grad(lambda x: (x.sum(0) * C).sum())(np.ones((4, 3)))
    gradient *= 2
    np.testing.assert_allclose(gradient, np.tile(2 * C, (4, 1)))


HATS: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda x: np.maximum(0, 1 - np.abs(x)).sum(), lambda x: -np.sign(x) * (np.abs(x) < 1)),
    (lambda x: -(np.maximum(x, 0) * np.abs(x)).sum(), lambda x: -2 * x * (x > 0)),
]


@pytest.mark.parametrize(("f", "slope"), HATS)
def test_the_sign_of_a_product_that_begins_with_a_truth_value(f: Any, slope: Any) -> None:
    x = RNG.normal(size=7)
    np.testing.assert_allclose(cr.grad(f)(x), slope(x))


def test_each_constant_has_one_name_throughout_a_derivation() -> None:
    @cr.function(U=(3, 2))
    def g(U: Any) -> Any:
        return np.where(KEPT, (U @ U.T - RATINGS) ** 2, 0.0).sum()

    told = cr.derive(g)
    names = [name for node, name in told.telling.names.items() if not node.args and node.shape and name.startswith("A")]
    assert len(names) == len(set(names)) >= 2
    text = str(told)
    for name in names:
        assert f"{name} is a constant array of shape (3, 3)" in text


def test_random_numbers_inside_a_traced_function_are_refused() -> None:
    with pytest.raises(cr.TraceError, match=r"draws from numpy.random .* pass them as an argument"):
        cr.grad(lambda w: (w * (np.random.rand(3) > 0.5)).sum())(W)


@pytest.mark.parametrize("f", [np.log, np.sqrt, lambda x: x**2.5, lambda x: np.sin(1000 * x)])
def test_a_right_gradient_is_not_condemned(f: Any) -> None:
    report = cr.check(cr.function(x="n")(lambda x: f(x).sum()))
    assert report.ok, str(report)


def test_a_mean_of_nothing_is_nan_as_in_numpy() -> None:
    value, gradient = cr.value_and_grad(lambda x: x.mean())(np.zeros(0))
    assert np.isnan(value)
    assert gradient.shape == (0,)


def test_a_long_constant_is_an_argument_of_what_is_printed() -> None:
    f = cr.function(w="40")(lambda w: ((BIG @ w) ** 2).sum())
    w = RNG.normal(size=40)
    text = cr.source(f)
    assert len(text) < 1000
    scope: dict[str, Any] = {}
    exec(text, scope)
    value, gradients = scope["f_and_gradients"](w, BIG)
    np.testing.assert_allclose(gradients["w"], 2 * BIG.T @ (BIG @ w))
    np.testing.assert_allclose(value, np.sum((BIG @ w) ** 2))
    np.testing.assert_allclose(cr.grad(f)(w.astype(np.float32)), gradients["w"], rtol=1e-4)


def test_a_function_may_be_called_like_something_the_program_defines() -> None:
    @cr.function(x="n")
    def logsumexp(x: Any) -> Any:
        return cr.logsumexp(x)

    scope: dict[str, Any] = {}
    exec(cr.source(logsumexp), scope)
    value, gradients = scope["logsumexp_and_gradients"](W)
    np.testing.assert_allclose(value, np.log(np.exp(W).sum()))
    np.testing.assert_allclose(gradients["x"].sum(), 1)


def test_a_softmax_that_is_shifted_by_hand_is_a_softmax() -> None:
    @cr.function(z="N k", y="N int")
    def loss(z: Any, y: Any) -> Any:
        z = z - z.max(axis=1, keepdims=True)
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -cr.pick(logp, y).mean()

    text = cr.source(loss)
    assert "where" not in text.split("# backward")[1]
    assert ".max(" not in text.split("def loss")[1]


def test_what_is_printed_returns_the_results_in_their_structure() -> None:
    @cr.function(x="N 3", y="N")
    def loss(x: Any, y: Any) -> Any:
        a = x[:, 0] * x[:, 2]
        mae = np.abs(a - y).mean()
        return ((a - y) ** 2).mean(), {"pred": a, "mae": mae}

    text = cr.source(loss)
    assert 'return (loss, {"pred": a, "mae": mae}), {"x": d_x}' in text or '{"pred": a, "mae": mae}' in text
    assert "a = x[:, 0] * x[:, 2]" in text


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: cr.grad(lambda w: w.sum(), 2)(W), cr.ArgumentError, "what to differentiate by is named"),
    # The loss of integers is an integer too, but it is the argument that a reader has to change.
    (lambda: cr.grad(lambda x: (x**2).sum())(np.arange(3)), cr.DerivativeError, "x of f is an array of kind int"),
    (lambda: cr.jacobian(lambda w: w, ["w"])(W), cr.ArgumentError, "one argument is named here"),
    (
        lambda: cr.grad(lambda z, y: cr.cross_entropy(z, y))(np.ones((2, 3)), np.array([0, 7])),
        IndexError,
        "y holds 7, and chooses from 3 entries: 0 to 2",
    ),
    (
        lambda: cr.train(
            (net := cr.networks.mlp([3, 2])).loss, net.init(0), {"x": np.ones((2, 3)), "y": np.array([0, -1])}
        ),
        cr.ArgumentError,
        "y holds -1, and chooses from 2 entries: 0 to 1",
    ),
    (
        lambda: cr.train(lambda w, x: (x @ w).sum(), {"w": W}, {"x": np.ones((2, 3))}, optimizer="adam"),  # type: ignore[arg-type]
        cr.ArgumentError,
        "an optimizer is made by",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals_name_what_would_fit(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
