"""Steps that threads divide: for every kind of network what NumPy makes of them, and the same bits for any number."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.native import native_loop
from chainrule.train.optimizer import Optimizer
from chainrule.train.problem import problem
from chainrule.train.step import initial_state, step_graph

Made = tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def classifier() -> Made:
    net = cr.networks.mlp([6, 33, 20, 4], activation="gelu", loss="cross_entropy")
    return net.loss, net.init(0), {"x": RNG.normal(size=(61, 6)), "y": RNG.integers(0, 4, 61)}


def one_output() -> Made:
    net = cr.networks.mlp([3, 17, 1], activation="relu", loss="mse")
    return net.loss, net.init(0), {"x": RNG.normal(size=(50, 3)), "y": RNG.normal(size=(50, 1))}


def tiny() -> Made:
    net = cr.networks.mlp([2, 2, 1], activation="tanh", loss="mse")
    return net.loss, net.init(0), {"x": RNG.normal(size=(50, 2)), "y": RNG.normal(size=(50, 1))}


def images() -> Made:
    net = cr.networks.cnn((1, 8, 8), [3], 3, hidden=[12])
    return net.loss, net.init(0), {"x": RNG.normal(size=(30, 1, 8, 8)), "y": RNG.integers(0, 3, 30)}


def normalised() -> Made:
    def loss(x: Any, y: Any, w: Any, scale: Any, shift: Any, v: Any) -> Any:
        h = x @ w
        centred = h - h.mean(axis=0)
        h = cr.relu(scale * centred / cr.sqrt((centred**2).mean(axis=0) + 1e-5) + shift)
        return ((h @ v - y) ** 2).mean()

    begin = {"w": RNG.normal(size=(5, 9)), "scale": np.ones(9), "shift": np.zeros(9), "v": RNG.normal(size=9)}
    return loss, begin, {"x": RNG.normal(size=(40, 5)), "y": RNG.normal(size=40)}


def attending() -> Made:
    def loss(x: Any, y: Any, q: Any, k: Any, v: Any) -> Any:
        return ((cr.scaled_dot_product_attention(x @ q, x @ k, x @ v).mean(axis=1) - y) ** 2).mean()

    begin = {name: RNG.normal(size=(6, 8)) for name in "qkv"}
    return loss, begin, {"x": RNG.normal(size=(20, 7, 6)), "y": RNG.normal(size=(20, 8))}


def embedded() -> Made:
    def loss(words: Any, y: Any, table: Any, w: Any) -> Any:
        return cr.cross_entropy(cr.embedding(table, words).mean(axis=1) @ w, y)

    begin = {"table": RNG.normal(size=(11, 6)), "w": RNG.normal(size=(6, 3))}
    return loss, begin, {"words": RNG.integers(0, 11, (45, 5)), "y": RNG.integers(0, 3, 45)}


def ranked() -> Made:
    def loss(x: Any, w: Any) -> Any:
        scores = x @ w
        # Every sample with every other: no row is a thread's own.
        return cr.softplus(-(scores[:, None] - scores[None, :])).mean() + cr.max(scores) ** 2

    return loss, {"w": RNG.normal(size=4)}, {"x": RNG.normal(size=(32, 4))}


NETWORKS = [classifier, one_output, tiny, images, normalised, attending, embedded, ranked]
OPTIMISERS: dict[str, Optimizer] = {"sgd": cr.sgd(0.05), "adam, clipped": cr.adam(1e-2, clip_norm=1.0)}


@pytest.mark.parametrize("few", [0, 10**9], ids=["open", "known"])
@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda f: f.__name__)
def test_any_number_of_threads_makes_the_same_steps(
    network: Callable[[], Made], optimizer: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With the length of a batch open when it is compiled, and with it known.
    monkeypatch.setattr("chainrule.native.FEW", few)
    loss, parameters, data = network()
    given = problem(loss, parameters, data)
    batch = given.batch(slice(0, 16))
    traced = given.trace(batch, free=True)
    step = step_graph(traced, given.inputs(traced), OPTIMISERS[optimizer])
    arrays = traced.flatten(given.bound(batch))
    begin = {name: arrays[name] for name in step.parameters}
    held = [*begin.values(), *initial_state(begin, OPTIMISERS[optimizer]).values()]
    fixed = {name: arrays[name] for name in step.batch if name not in data}
    order = np.random.default_rng(1).permutation(given.samples)

    expected, program = (
        list(held),
        step.program({**arrays, **dict(zip((*step.parameters, *step.state), held, strict=True))}),
    )
    for k in range(given.samples // 16):
        chosen = order[16 * k : 16 * k + 16]
        samples = [data[name][chosen] if name in data else fixed[name] for name in step.batch]
        expected = list(program(*expected, *samples))[step.values :]

    found = []
    for threads in (1, 2, 3):
        native = native_loop(
            step.graph, held, checked=len(step.parameters), data=given.data, fixed=fixed, dtype="float64", longest=16,
            threads=threads,
        )  # fmt: skip
        losses, code = native.take(given.samples // 16, 16, order)
        assert code == 0
        assert len(losses) == given.samples // 16
        found.append([value.copy() for value in native.held])
        assert (native.source.few is not None) == bool(few)
    for one, two, three, wanted in zip(*found, expected, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-8, atol=1e-10)
        assert np.array_equal(one, two)
        assert np.array_equal(one, three)


def test_a_failure_in_one_share_ends_all() -> None:
    def loss(x: Any, words: Any, table: Any) -> Any:
        return ((cr.take(table, words) - x) ** 2).mean()

    data = {"x": RNG.normal(size=32), "words": np.r_[np.zeros(31, int), 2]}
    given = problem(loss, {"table": np.zeros(3)}, data)
    traced = given.trace(given.batch(slice(0, 8)), free=True)
    step = step_graph(traced, given.inputs(traced), cr.sgd(0.1))
    bad = {**given.data, "words": np.r_[np.zeros(31, int), 7]}
    native = native_loop(
        step.graph, [np.zeros(3)], checked=1, data=bad, fixed={}, dtype="float64", longest=8, threads=2
    )
    losses, code = native.take(4, 8, None)
    assert code > 0
    assert native.source.step.failures[code - 1].error is IndexError
    assert len(losses) == 3


def test_batches_begin_anew_where_too_few_samples_are_left() -> None:
    _, _, data = one_output()
    net = cr.networks.mlp([3, 17, 1], activation="relu", loss="mse")
    given = problem(net.loss, net.init(0), data)
    traced = given.trace(given.batch(slice(0, 8)), free=True)
    step = step_graph(traced, given.inputs(traced), cr.sgd(0.1))
    arrays = traced.flatten(given.bound(given.batch(slice(0, 8))))
    begin = [arrays[name] for name in step.parameters]
    one, other = (
        native_loop(
            step.graph, begin, checked=len(begin), data=given.data, fixed={}, dtype="float64", longest=8, threads=1
        )
        for _ in range(2)
    )
    one.take(5, 8, None, first=32)
    other.take(5, 8, np.r_[32:40, 40:48, 0:8, 8:16, 16:24])
    for a, b in zip(one.held, other.held, strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(ValueError, match="8 samples from 43 on: there are 50"):
        one.take(1, 8, None, first=43)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are chosen so on Linux alone")
def test_threads_that_share_a_core_finish_and_leave_the_choice_of_cores_as_it_was() -> None:
    _, _, data = one_output()
    net = cr.networks.mlp([3, 17, 1], activation="relu", loss="mse")
    given = problem(net.loss, net.init(0), data)
    traced = given.trace(given.batch(slice(0, 8)), free=True)
    step = step_graph(traced, given.inputs(traced), cr.sgd(0.1))
    arrays = traced.flatten(given.bound(given.batch(slice(0, 8))))
    begin = [arrays[name] for name in step.parameters]
    cores = os.sched_getaffinity(0)
    found = []
    for chosen in ({min(cores)}, cores):
        native = native_loop(
            step.graph, begin, checked=len(begin), data=given.data, fixed={}, dtype="float64", longest=8, threads=2
        )
        os.sched_setaffinity(0, chosen)
        try:
            _, code = native.take(300, 8)
            assert os.sched_getaffinity(0) == chosen
        finally:
            os.sched_setaffinity(0, cores)
        assert code == 0
        found.append([value.copy() for value in native.held])
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))
