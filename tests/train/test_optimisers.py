"""Optimisers against their published formulas in NumPy, and against figures of PyTorch; as graphs and on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.emit.c import sources
from chainrule.ir.node import Input
from chainrule.pipeline import as_function
from chainrule.run.native import compile_c
from chainrule.train.loop import train
from chainrule.train.optimisers import Optimizer
from chainrule.train.step import Step, initial_state, step_graph
from tests.train.from_torch import CLIP_NORM, CLIP_VALUE, CLIPPED, OPTIMISERS, PLAIN, STEPS, B, W, X, Y

Arrays = dict[str, Any]


def loss(x: Any, y: Any, w: Any, b: Any) -> Any:
    return ((x @ w + b - y) ** 4).sum() / x.shape[0]


def slopes(p: Arrays) -> Arrays:
    """The slope of the loss, by hand."""
    r = 4 * (X @ p["w"] + p["b"] - Y) ** 3 / len(X)
    return {"w": X.T @ r, "b": r.sum(0)}


# Each rule of the papers: from a gradient, a rate and what it remembers to what is taken off. They run in float64.


def gradient_descent(g: Any, rate: float, held: Arrays) -> Any:
    return rate * g


def momentum(g: Any, rate: float, held: Arrays) -> Any:
    """Polyak 1964, with the velocity in the gradient's units."""
    held["v"] = 0.8 * held.get("v", 0) + g
    return rate * held["v"]


def nesterov(g: Any, rate: float, held: Arrays) -> Any:
    """Bengio et al. 2013, for the point ahead: β² of the velocity that was, 1 + β of the gradient."""
    before = held.get("v", 0)
    held["v"] = 0.8 * before + g
    return rate * (0.8**2 * before + (1 + 0.8) * g)


def adagrad(g: Any, rate: float, held: Arrays) -> Any:
    """Duchi et al. 2011: by the root of the sum of all squares so far."""
    held["all"] = [*held.get("all", []), g]
    return rate * g / (np.sqrt(np.sum(np.square(held["all"]), axis=0)) + 1e-6)


def rmsprop(g: Any, rate: float, held: Arrays) -> Any:
    """Tieleman & Hinton 2012: by the root of a mean in which the square of k steps ago weighs 0.2·0.8ᵏ."""
    held["all"] = [*held.get("all", []), g]
    weights = 0.2 * 0.8 ** np.arange(len(held["all"]))[::-1]
    return rate * g / (np.sqrt(np.tensordot(weights, np.square(held["all"]), 1)) + 1e-6)


def adam(g: Any, rate: float, held: Arrays) -> Any:
    """Kingma & Ba 2015, algorithm 1; its corrections make the means weighted ones, with weights that add up to 1."""
    held["all"] = [*held.get("all", []), g]
    ages = np.arange(len(held["all"]))[::-1]
    m, v = (np.average(np.power(held["all"], n), axis=0, weights=b**ages) for n, b in ((1, 0.8), (2, 0.99)))
    return rate * m / (np.sqrt(v) + 1e-6)


RULES: dict[str, tuple[Callable[..., Optimizer], Callable[[Any, float, Arrays], Any], Arrays]] = {
    "gradient_descent": (cr.sgd, gradient_descent, {}),
    "momentum": (cr.momentum, momentum, {"beta": 0.8}),
    "nesterov": (cr.nesterov, nesterov, {"beta": 0.8}),
    "adagrad": (cr.adagrad, adagrad, {"eps": 1e-6}),
    "rmsprop": (cr.rmsprop, rmsprop, {"beta": 0.8, "eps": 1e-6}),
    "adam": (cr.adam, adam, {"beta1": 0.8, "beta2": 0.99, "eps": 1e-6}),
    "adamw": (cr.adamw, adam, {"beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.1}),
}


def made(name: str, schedule: bool = False, **more: Any) -> Optimizer:
    """The optimiser with the settings that PyTorch had, or with a schedule that falls to 0."""
    make, _, settings = RULES[name]
    lr = OPTIMISERS[name][1]["lr"]
    return make(cr.schedules.cosine(lr, steps=STEPS) if schedule else lr, **{**settings, **more})


def learnt(optimizer: Optimizer, dtype: Any = np.float64) -> Arrays:
    begin = {"w": W.astype(dtype), "b": B.astype(dtype)}
    run = train(loss, begin, {"x": X, "y": Y}, optimizer=optimizer, batch_size=len(X), epochs=STEPS, shuffle=False)
    return run.parameters


def by_hand(name: str, decay: float, decayed: str, clip: bool) -> Arrays:
    """The training in NumPy: clip by value, clip by the norm of all, decay, take the rule's step."""
    rule, peak = RULES[name][1], OPTIMISERS[name][1]["lr"]
    p, held = {"w": W, "b": B}, {"w": {}, "b": {}}
    for t in range(STEPS):
        g, rate = slopes(p), peak
        if clip:
            rate = peak * (1 + np.cos(np.pi * t / STEPS)) / 2
            g = {k: np.clip(v, -CLIP_VALUE, CLIP_VALUE) for k, v in g.items()}
            length = np.linalg.norm(np.concatenate([v.ravel() for v in g.values()]))
            g = {k: v if length <= CLIP_NORM else v / length * CLIP_NORM for k, v in g.items()}
        shrink = {k: rate * decay if decayed in (k, "all") else 0.0 for k in p}
        p = {k: p[k] - shrink[k] * p[k] - rule(g[k], rate, held[k]) for k in p}
    return p


@pytest.mark.parametrize("clip", [False, True], ids=["plain", "scheduled and clipped"])
@pytest.mark.parametrize("name", RULES)
def test_twenty_steps_are_those_of_pytorch(name: str, clip: bool) -> None:
    more = {"schedule": True, "clip_norm": CLIP_NORM, "clip_value": CLIP_VALUE} if clip else {}
    found, (w, b) = learnt(made(name, **more)), (CLIPPED if clip else PLAIN)[name]
    np.testing.assert_allclose(found["w"], w, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found["b"], b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("dtype", "near"), [(np.float64, 1e-10), (np.float32, 2e-4)], ids=["float64", "float32"])
@pytest.mark.parametrize("clip", [False, True], ids=["plain", "scheduled and clipped"])
@pytest.mark.parametrize("name", RULES)
def test_twenty_steps_are_those_by_hand(name: str, clip: bool, dtype: Any, near: float) -> None:
    more = {"schedule": True, "clip_norm": CLIP_NORM, "clip_value": CLIP_VALUE} if clip else {}
    found = learnt(made(name, weight_decay=0.3, **more), dtype)
    expected = by_hand(name, 0.3, "w", clip)
    for k in expected:
        assert found[k].dtype == dtype
        np.testing.assert_allclose(found[k], expected[k], rtol=near, atol=near)


@pytest.mark.parametrize("name", RULES)
def test_on_plain_arrays_an_update_is_the_same(name: str) -> None:
    optimizer, parameters = made(name, schedule=True, weight_decay=0.3, clip_norm=1.0), {"w": W, "b": B}
    states: dict[str, Any] = {k: optimizer.init(v) for k, v in parameters.items()}
    for _ in range(STEPS):
        gradients = dict(zip(parameters, optimizer.clipped([*slopes(parameters).values()]), strict=True))
        for k in parameters:
            parameters[k], states[k] = optimizer.update(parameters[k], gradients[k], states[k], k)
    expected = learnt(optimizer)
    for k in parameters:
        np.testing.assert_allclose(parameters[k], expected[k], rtol=1e-12, atol=1e-12)


def test_nesterov_is_the_gradient_at_the_point_where_the_momentum_leads() -> None:
    """Nesterov 1983: v ← βv − η g(w + βv), w ← w + v; what is trained is w + βv."""
    p, v = {"w": W, "b": B}, {"w": 0 * W, "b": 0 * B}
    for _ in range(STEPS):
        g = slopes({k: p[k] + 0.8 * v[k] for k in p})
        v = {k: 0.8 * v[k] - 0.004 * g[k] for k in p}
        p = {k: p[k] + v[k] for k in p}
    found = learnt(cr.nesterov(0.004, beta=0.8))
    for k in p:
        np.testing.assert_allclose(found[k], p[k] + 0.8 * v[k], rtol=1e-11)


@pytest.mark.parametrize(
    ("decayed", "which"), [("matrices", "w"), (["b"], "b"), (["w", "b"], "all"), ("all", "all"), ([], "")], ids=str
)
def test_the_weights_that_decay_are_those_asked_for(decayed: Any, which: str) -> None:
    found = learnt(cr.adam(0.05, 0.8, 0.99, 1e-6, weight_decay=0.5, decayed=decayed))
    expected = by_hand("adam", 0.5, which, False)
    for k in expected:
        np.testing.assert_allclose(found[k], expected[k], rtol=1e-10)


def test_a_gradient_shorter_than_the_bound_is_not_clipped_and_a_longer_one_has_its_length() -> None:
    g = [np.array([3.0, 0.0]), np.array([[0.0], [4.0]])]
    for bound, factor in ((6.0, 1.0), (5.0, 1.0), (2.5, 0.5)):
        for found, whole in zip(cr.sgd(0.1, clip_norm=bound).clipped(g), g, strict=True):
            np.testing.assert_allclose(found, factor * whole, rtol=1e-15)
    zero = cr.sgd(0.1, clip_norm=1.0).clipped([np.zeros(3)])[0]
    np.testing.assert_array_equal(zero, np.zeros(3))
    np.testing.assert_array_equal(cr.sgd(0.1, clip_value=3.5).clipped([-g[1]])[0], [[0.0], [-3.5]])


# ------------------------------------------------------------------------------------------------ the step's graph


def step_of(optimizer: Optimizer) -> Step:
    traced = as_function(loss).trace({"x": X, "y": Y, "w": W, "b": B})
    return step_graph(traced, [i for i in traced.graph.inputs if i.name in ("w", "b")], optimizer)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("gradient_descent", ()),
        ("momentum", ("v",)),
        ("nesterov", ("v",)),
        ("adagrad", ("v",)),
        ("rmsprop", ("v",)),
        ("adam", ("t", "m", "v")),
        ("adamw", ("t", "m", "v")),
    ],
)
def test_a_state_is_an_array_for_each_parameter_and_one_number_of_the_step(name: str, kept: tuple[str, ...]) -> None:
    for schedule in (False, True):
        step = step_of(made(name, schedule))
        t = ["t"] if schedule or "t" in kept else []
        arrays = [entry for entry in kept if entry != "t"]
        expected = [f"{name}.t" for _ in t] + [f"{name}.{entry}.{p}" for p in ("w", "b") for entry in arrays]
        assert list(step.state) == expected
        inputs = {i.name: i for i in step.graph.inputs}
        assert all(isinstance(inputs[entry], Input) for entry in expected)
        shapes = {"t": (), "w": W.shape, "b": B.shape}
        assert [inputs[entry].shape for entry in expected] == [shapes[entry.rsplit(".", 1)[1]] for entry in expected]


def test_a_step_as_c_is_the_same_step() -> None:
    rates = cr.schedules
    lr = rates.warm_up(2, rates.join(rates.cosine(0.1, steps=5), 2, rates.step(0.05, every=1)))
    made = [make(lr, weight_decay=0.1, clip_norm=CLIP_NORM, clip_value=CLIP_VALUE) for make, _, _ in RULES.values()]
    steps = [step_of(optimizer) for optimizer in made]
    # One file for all, so that the compiler runs once.
    written = sources([(f"step{n}", step.graph, "float64") for n, step in enumerate(steps)])
    for optimizer, step, compiled in zip(made, steps, map(compile_c, written), strict=True):
        values = {"w": W, "b": B, **initial_state({"w": W, "b": B}, optimizer), "x": X, "y": Y}
        for _ in range(7):
            expected = step.program(values)(*[values[i.name] for i in step.graph.inputs])
            for found, one in zip(compiled(values), expected, strict=True):
                np.testing.assert_allclose(found, one, rtol=1e-12, atol=1e-14, err_msg=optimizer.name)
            values |= dict(zip((*step.parameters, *step.state), expected[step.values :], strict=True))


def test_an_update_that_changes_a_shape_is_refused() -> None:
    class Wrong(Optimizer):
        name = "wrong"

        def move(self, gradient: Any, rate: Any, state: Any) -> Any:
            return gradient[None], {}

    with pytest.raises(cr.ShapeError, match="wrong does not keep the shape of w"):
        step_of(Wrong(0.1))


def test_the_settings_are_kept_with_the_run_as_far_as_they_were_chosen() -> None:
    assert cr.sgd(0.5).settings() == {"name": "gradient_descent", "lr": 0.5}
    assert cr.adamw(clip_norm=1.0).settings() == {
        "name": "adamw", "lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01, "clip_norm": 1.0,
    }  # fmt: skip
    assert cr.momentum(cr.schedules.warm_up(5, 0.1)).settings() == {
        "name": "momentum", "lr": {"schedule": "warm_up", "steps": 5, "then": 0.1}, "beta": 0.9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "setting"),
    [
        (lambda: cr.sgd(0.0), "lr"),
        (lambda: cr.sgd(-1.0), "lr"),
        (lambda: cr.adam(float("nan")), "lr"),
        (lambda: cr.adam(float("inf")), "lr"),
        (lambda: cr.momentum(0.1, beta=1.0), "beta"),
        (lambda: cr.nesterov(0.1, beta=-0.1), "beta"),
        (lambda: cr.rmsprop(beta=1.0), "beta"),
        (lambda: cr.rmsprop(eps=-1.0), "eps"),
        (lambda: cr.adagrad(eps=-1.0), "eps"),
        (lambda: cr.adam(beta1=-0.1), "beta1"),
        (lambda: cr.adam(beta2=1.5), "beta2"),
        (lambda: cr.adam(eps=-1.0), "eps"),
        (lambda: cr.adamw(weight_decay=-1.0), "weight_decay"),
        (lambda: cr.sgd(0.1, clip_norm=0.0), "clip_norm"),
        (lambda: cr.sgd(0.1, clip_value=-1.0), "clip_value"),
        (lambda: cr.sgd(0.1, decayed="biases"), "decayed"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(make: Callable[[], Any], setting: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting} of"):
        make()
