"""The whole way: values, gradients and their structure, names, precision, repeated calls, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule import pipeline
from chainrule.run import printed
from tests import functions
from tests.functions import GRADIENTS, sized, values_of

jax.config.update("jax_enable_x64", True)


def by_hand(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> tuple[float, dict[str, np.ndarray]]:
    """The network of the README with its gradients worked out by a person."""
    l1 = np.maximum(x @ w1 + b1, 0)
    l2 = l1 @ w2 + b2
    d_l2 = 2 * (l2 - y) / len(x)
    d_l1 = (d_l2 @ w2.T) * (l1 > 0)
    loss = float(((l2 - y) ** 2).sum() / len(x))
    return loss, {"x": d_l1 @ w1.T, "w1": x.T @ d_l1, "b1": d_l1.sum(0), "w2": l1.T @ d_l2, "b2": d_l2.sum(0)}


def plain(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    l1 = cr.relu(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return ((l2 - y) ** 2).sum() / x.shape[0]


INTEGERS = cr.function(x=(5, 3), y="5 2", w1=(3, 4), b1="4", w2="4 2", b2="2")(plain)
PARSED = cr.parse(
    "l1 = relu(x @ w1 + b1); l2 = l1 @ w2 + b2; sum((l2 - y)**2) / 5",
    x="5 3",
    y="5 2",
    w1="3 4",
    b1="4",
    w2="4 2",
    b2="2",
)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "loss",
    [functions.loss, INTEGERS, PARSED, plain],
    ids=["named dimensions", "integer dimensions", "a formula", "plain"],
)
def test_the_network_of_the_readme(loss: Any, dtype: str) -> None:
    values = sized(5, dtype)
    value, wanted = by_hand(**{n: v.astype("float64") for n, v in values.items()})
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    ways: list[Callable[[], Any]] = [
        lambda: cr.value_and_grad(loss, ["w1", "b1", "w2", "b2"])(*values.values()),
        lambda: cr.value_and_grad(loss, ["w1", "b1", "w2", "b2"])(**values),
        lambda: cr.value_and_grad(loss, ["w1", "b1", "w2", "b2"])(
            values["x"], values["y"], **dict(list(values.items())[2:])
        ),
    ]
    for way in ways:
        found, gradients = way()
        assert found.dtype == dtype
        np.testing.assert_allclose(found, value, rtol=tolerance)
        assert list(gradients) == ["w1", "b1", "w2", "b2"]
        for name, gradient in gradients.items():
            assert gradient.dtype == dtype
            np.testing.assert_allclose(gradient, wanted[name], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(cr.grad(loss)(**values), wanted["x"], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(cr.grad(loss, "w1")(**values), wanted["w1"], rtol=tolerance, atol=tolerance)


def test_mixed_precisions_widen_and_python_numbers_do_not() -> None:
    def f(x: Any, s: Any) -> Any:
        return (x * s).sum()

    x = np.ones(3, np.float32)
    assert cr.grad(f, "x")(x, 2.0).dtype == np.float32
    assert cr.grad(f, "x")(x, np.float64(2)).dtype == np.float64
    assert cr.grad(f, "s")(x, 2.0) == 3


# ------------------------------------------------------------------------------------------------ structures


def deep(parameters: Any, x: Any) -> Any:
    h = x
    for layer in parameters["layers"]:
        h = cr.tanh(h @ layer["W"] + layer["b"])
    return (h**2).sum() * parameters["scale"]


def deep_in_jax(parameters: Any, x: Any) -> Any:
    h = x
    for layer in parameters["layers"]:
        h = jnp.tanh(h @ layer["W"] + layer["b"])
    return (h**2).sum() * parameters["scale"]


def test_parameters_in_dicts_and_lists(rng: np.random.Generator) -> None:
    layers = [{"W": rng.normal(size=(3, 3)), "b": rng.normal(size=3)} for _ in range(3)]
    parameters, x = {"layers": layers, "scale": 0.5}, rng.normal(size=(4, 3))
    value, gradient = cr.value_and_grad(deep, "parameters")(parameters, x)
    wanted_value, wanted = jax.value_and_grad(deep_in_jax)(parameters, x)
    np.testing.assert_allclose(value, wanted_value, rtol=1e-12)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10), gradient, wanted)
    assert gradient.keys() == parameters.keys()
    one = cr.grad(deep, "parameters.layers.1.W")(parameters, x)
    np.testing.assert_allclose(one, wanted["layers"][1]["W"], rtol=1e-10)


def test_several_outputs_of_which_the_first_is_the_loss(rng: np.random.Generator) -> None:
    def f(w: Any, x: Any) -> Any:
        h = cr.tanh(x @ w)
        return (h**2).sum(), {"state": h, "more": [h.sum(axis=0), 1.5]}

    w, x = rng.normal(size=(3, 2)), rng.normal(size=(4, 3))
    (loss, state), gradient = cr.value_and_grad(f, "w")(w, x)
    h = np.tanh(x @ w)
    np.testing.assert_allclose(loss, (h**2).sum())
    np.testing.assert_allclose(state["state"], h)
    np.testing.assert_allclose(state["more"][0], h.sum(0))
    assert state["more"][1] == 1.5
    np.testing.assert_allclose(gradient, x.T @ (2 * h * (1 - h * h)), rtol=1e-12)


def test_stop_gradient_holds_a_value_still() -> None:
    def f(x: Any) -> Any:
        return (x * cr.stop_gradient(x * x)).sum()

    x = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(cr.grad(f, "x")(x), x * x)
    np.testing.assert_allclose(cr.value_and_grad(f, "x")(x)[0], (x**3).sum())


def test_a_rebinding_in_a_loop_gives_each_value_a_name() -> None:
    @cr.function(x="3", w="3 3")
    def f(x: Any, w: Any) -> Any:
        h = x
        for _ in range(3):
            h = np.tanh(h @ w)
        return h.sum()

    text = cr.source(f, wrt="w")
    assert [name for name in ("h1", "h2", "h3") if f"{name} = np.tanh(" in text] == ["h1", "h2", "h3"], text
    values = values_of(f)
    found = cr.grad(f, "w")(**values)
    wanted = jax.grad(lambda w: jnp.tanh(jnp.tanh(jnp.tanh(values["x"] @ w) @ w) @ w).sum())(values["w"])
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_value_can_be_given_a_name() -> None:
    @cr.function(x="N")
    def f(x: Any) -> Any:
        return cr.name(cr.exp(x), "weight").sum()

    text = cr.source(f)
    assert "weight = np.exp(x)" in text


@pytest.mark.parametrize("name", GRADIENTS)
def test_every_gradient_against_differences(name: str) -> None:
    function, wrt = GRADIENTS[name]
    report = cr.check(function, wrt=wrt, at=values_of(function, seed=3))
    assert report.ok, str(report)


# ------------------------------------------------------------------------------------------------ again, and otherwise


def test_repeated_calls_follow_shapes_and_dtypes() -> None:
    gradients = cr.value_and_grad(functions.loss, ["w1", "b1", "w2", "b2"])
    for samples, dtype in ((5, "float64"), (2, "float64"), (5, "float32"), (7, "float32"), (5, "float64")):
        for _ in range(3):
            values = sized(samples, dtype)
            value, found = gradients(**values)
            wanted_value, wanted = by_hand(**{n: v.astype("float64") for n, v in values.items()})
            assert value.dtype == dtype
            np.testing.assert_allclose(value, wanted_value, rtol=1e-5)
            for name, gradient in found.items():
                assert gradient.dtype == dtype
                np.testing.assert_allclose(gradient, wanted[name], rtol=1e-4, atol=1e-5)


SCALE = 2.0


def test_repeated_calls_follow_what_the_function_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    factor = 3.0
    table = np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        return (x * table).sum() * factor * SCALE

    gradient, x = cr.grad(f, "x"), np.array([1.0, 1.0])
    for _ in range(2):
        np.testing.assert_allclose(gradient(x), 6 * table)
    factor = 5.0
    np.testing.assert_allclose(gradient(x), 10 * table)
    table[0] = 7.0
    np.testing.assert_allclose(gradient(x), [70, 20])
    table = np.array([0.0, 1.0])
    np.testing.assert_allclose(gradient(x), [0, 10])
    monkeypatch.setitem(globals(), "SCALE", 1.0)
    np.testing.assert_allclose(gradient(x), [0, 5])


def test_repeated_calls_follow_arguments_that_are_no_arrays() -> None:
    def f(x: Any, power: int, sign: str = "plus") -> Any:
        return (x**power).sum() * (1 if sign == "plus" else -1)

    gradient, x = cr.grad(f, "x"), np.array([2.0])
    for power, sign, wanted in ((2, "plus", 4), (3, "plus", 12), (2, "minus", -4), (2, "plus", 4)):
        np.testing.assert_allclose(gradient(x, power, sign=sign), [wanted])


def test_keyword_arguments_in_another_order() -> None:
    def f(a: Any, b: Any) -> Any:
        return (a**2 * b).sum()

    a, b = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    gradient = cr.grad(f, "a")
    for _ in range(2):
        for found in (gradient(a, b), gradient(a=a, b=b), gradient(b=b, a=a), gradient(a, b=b)):
            np.testing.assert_allclose(found, 2 * a * b)


def test_threads_share_a_function() -> None:
    gradients = cr.value_and_grad(functions.loss, ["w1", "b2"])
    wrong: list[Any] = []

    def work(seed: int) -> None:
        for samples in (3, 4, 5, 3):
            values = sized(samples + seed % 3)
            _, found = gradients(**values)
            _, wanted = by_hand(**values)
            if not all(np.allclose(found[n], wanted[n], rtol=1e-10) for n in found):
                wrong.append((seed, samples))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.slow
def test_a_long_function_runs_through_the_interpreter() -> None:
    def f(x: Any) -> Any:
        h = x
        for _ in range(3000):
            h = cr.sin(h) + 0.5
        return h.sum()

    x = np.array([0.3, -1.2])
    traced = pipeline.as_function(f).trace({"x": x})
    graph = pipeline.gradient_graph(traced, traced.leaves("x")).graph
    assert len(graph.nodes()) > max(5000, printed.LONGEST)
    value, gradient = cr.value_and_grad(f, "x")(x)
    h, slope = x, np.ones(2)
    for _ in range(3000):
        h, slope = np.sin(h) + 0.5, slope * np.cos(h)
    np.testing.assert_allclose(value, h.sum(), rtol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9)
