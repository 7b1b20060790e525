"""Optimisers against NumPy by hand, as graphs and on plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.train.loop import train
from chainrule.train.optimisers import Optimizer

Hand = Callable[[Any, Callable[[Any], Any], int], Any]

TARGET = np.array([[1.0, -2.0], [0.5, 3.0], [0.0, 0.25]])
START = np.array([4.0, -1.0])


def slope(w: Any) -> Any:
    """The slope of the mean of Σ (w − t)⁴ over the rows."""
    return 4 * ((w - TARGET) ** 3).mean(0)


def loss(t: Any, w: Any) -> Any:
    return ((w - t) ** 4).sum() / t.shape[0]


def sgd_by_hand(w: Any, g: Callable[[Any], Any], steps: int) -> Any:
    for _ in range(steps):
        w = w - 1e-3 * g(w)
    return w


def momentum_by_hand(w: Any, g: Callable[[Any], Any], steps: int) -> Any:
    """Polyak 1964: x ← x − η g + β (x − x before)."""
    before = w
    for _ in range(steps):
        w, before = w - 1e-3 * g(w) + 0.8 * (w - before), w
    return w


def adam_by_hand(w: Any, g: Callable[[Any], Any], steps: int) -> Any:
    """Kingma & Ba 2015, algorithm 1."""
    m = v = np.zeros_like(w)
    for t in range(1, steps + 1):
        gradient = g(w)
        m = 0.8 * m + 0.2 * gradient
        v = 0.99 * v + 0.01 * gradient**2
        w = w - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-6)
    return w


@pytest.mark.parametrize(
    ("optimizer", "by_hand"),
    [
        (cr.gradient_descent(1e-3), sgd_by_hand),
        (cr.momentum(1e-3, beta=0.8), momentum_by_hand),
        (cr.adam(0.05, beta1=0.8, beta2=0.99, eps=1e-6), adam_by_hand),
    ],
    ids=["gradient descent", "momentum", "adam"],
)
def test_twenty_steps_are_those_by_hand(optimizer: Optimizer, by_hand: Hand) -> None:
    run = train(loss, {"w": START}, {"t": TARGET}, optimizer=optimizer, batch_size=3, epochs=20, shuffle=False)
    np.testing.assert_allclose(run.parameters["w"], by_hand(START, slope, 20), rtol=1e-12, atol=1e-12)
    w, state = START, optimizer.init(START)
    for _ in range(20):
        w, state = optimizer.update(w, slope(w), state)
    np.testing.assert_allclose(w, by_hand(START, slope, 20), rtol=1e-12, atol=1e-12)


def test_adam_counts_its_steps_once_for_all_parameters() -> None:
    from chainrule.ir.node import Input
    from chainrule.pipeline import as_function
    from chainrule.train.step import step_graph

    def two(t: Any, a: Any, b: Any) -> Any:
        return ((a * b - t) ** 2).mean()

    traced = as_function(two).trace({"t": np.ones(3), "a": np.ones(()), "b": np.ones(3)})
    wrt = [i for i in traced.graph.inputs if i.name in ("a", "b")]
    step = step_graph(traced, wrt, cr.adam())
    assert step.state == ("adam.t", "adam.m.a", "adam.v.a", "adam.m.b", "adam.v.b")
    assert all(isinstance(i, Input) for i in step.graph.inputs)


@pytest.mark.parametrize(
    ("make", "setting"),
    [
        (lambda: cr.sgd(0.0), "lr"),
        (lambda: cr.sgd(-1.0), "lr"),
        (lambda: cr.adam(float("nan")), "lr"),
        (lambda: cr.adam(float("inf")), "lr"),
        (lambda: cr.momentum(0.1, beta=1.0), "beta"),
        (lambda: cr.adam(beta1=-0.1), "beta1"),
        (lambda: cr.adam(beta2=1.5), "beta2"),
        (lambda: cr.adam(eps=-1.0), "eps"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(make: Callable[[], Any], setting: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting} of"):
        make()


def test_an_update_that_changes_a_shape_is_refused() -> None:
    class Wrong(Optimizer):
        name = "wrong"

        def update(self, parameter: Any, gradient: Any, state: Any) -> Any:
            return gradient.sum(), {}

    with pytest.raises(cr.ShapeError, match="wrong does not keep the shape of w"):
        train(loss, {"w": START}, {"t": TARGET}, optimizer=Wrong(0.1))
