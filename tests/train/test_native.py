"""Training in native code: what NumPy makes of the same steps, the same stops, and NumPy where C cannot be had."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError
from chainrule.train.loop import TrainingStopped, train
from chainrule.train.optimizer import Optimizer

OPTIMISERS: list[Optimizer] = [
    cr.sgd(0.1),
    cr.momentum(0.05),
    cr.adam(1e-2, weight_decay=0.1),
    cr.rmsprop(1e-3, clip_norm=0.5),
    cr.adagrad(0.1),
]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def data(rows: int = 77, classes: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(rows, 5)), "y": rng.integers(0, classes, rows)}


def classifier(dtype: Any = np.float64, activation: str = "tanh") -> tuple[Any, dict[str, Any]]:
    net = cr.networks.mlp([5, 20, 3], activation=activation, loss="cross_entropy")
    return net.loss, net.init(0, dtype=dtype)


@pytest.mark.parametrize("optimizer", OPTIMISERS, ids=lambda o: o.name)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_parameters_are_those_of_numpy(optimizer: Optimizer, dtype: str) -> None:
    loss, begin = classifier(np.dtype(dtype))
    runs = [
        train(loss, begin, data(), optimizer=optimizer, batch_size=16, epochs=6, engine=engine)
        for engine in ("numpy", "native")
    ]
    assert [run.config["engine"] for run in runs] == ["numpy", "native"]
    tolerance = 1e-9 if dtype == "float64" else 1e-3
    for name, value in runs[0].parameters.items():
        assert runs[1].parameters[name].dtype == np.dtype(dtype)
        np.testing.assert_allclose(runs[1].parameters[name], value, rtol=tolerance, atol=tolerance)
    for one, other in zip(runs[0].history, runs[1].history, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=tolerance)


def test_the_same_seed_gives_the_same_parameters_bit_for_bit() -> None:
    loss, begin = classifier(np.float32)
    runs = [train(loss, begin, data(), batch_size=16, epochs=5, seed=3, engine="native") for _ in range(2)]
    for name, value in runs[0].parameters.items():
        assert np.array_equal(runs[1].parameters[name], value)
    other = train(loss, begin, data(), batch_size=16, epochs=5, seed=4, engine="native")
    assert not np.array_equal(other.parameters["W1"], runs[0].parameters["W1"])


@pytest.mark.parametrize(("rows", "batch_size"), [(77, 16), (77, 77), (77, 200), (5, 1), (16, 16)])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_of_any_size_take_one_compilation(rows: int, batch_size: int, shuffle: bool) -> None:
    loss, begin = classifier()
    settings: Any = {"batch_size": batch_size, "epochs": 3, "shuffle": shuffle, "optimizer": cr.sgd(0.2)}
    expected, got = (train(loss, begin, data(rows), engine=e, **settings) for e in ("numpy", "native"))
    for name, value in expected.parameters.items():
        np.testing.assert_allclose(got.parameters[name], value, rtol=1e-9, atol=1e-12)


def test_what_a_loss_gives_besides_and_what_is_no_sample_are_taken_along() -> None:
    def loss(x: Any, y: Any, w: Any, decay: Any = 0.1) -> Any:
        prediction = x @ w
        return ((prediction - y) ** 2).mean() + decay * (w**2).sum(), {"prediction": prediction}

    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(40, 6)), "y": rng.normal(size=40)}
    runs = [train(loss, {"w": np.zeros(6)}, given, epochs=4, engine=e) for e in ("numpy", "native")]
    np.testing.assert_allclose(runs[1].parameters["w"], runs[0].parameters["w"], rtol=1e-9)


def explosive(x: Any, y: Any, w: Any) -> Any:
    return ((cr.exp(cr.exp(x @ w)) - y) ** 2).mean()


def test_a_step_that_is_not_finite_is_not_taken() -> None:
    given = {"x": np.ones((64, 3)), "y": np.full(64, 50.0)}
    stopped = []
    for engine in ("numpy", "native"):
        with pytest.warns(TrainingStopped, match=r"step \d+ \(epoch \d+\)"):
            run = train(
                explosive, {"w": np.full(3, 0.1)}, given, optimizer=cr.sgd(1e-2), batch_size=8, epochs=50, engine=engine
            )
        assert all(np.isfinite(value).all() for value in run.parameters.values())
        stopped.append((run.stopped, run.parameters["w"]))
    assert stopped[0][0] == stopped[1][0]
    np.testing.assert_allclose(stopped[1][1], stopped[0][1], rtol=1e-9)


def test_an_index_outside_its_axis_is_refused() -> None:
    loss, begin = classifier()
    with pytest.raises(ArgumentError, match="y"):
        train(loss, begin, data(classes=4), engine="native")


def test_an_interrupt_is_seen_soon() -> None:
    net = cr.networks.mlp([30, 256, 256, 1], loss="mse")
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(20_000, 30)), "y": rng.normal(size=(20_000, 1))}
    pressed = []

    def press() -> None:
        pressed.append(time.perf_counter())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    epochs = itertools.count()

    def callback(row: dict[str, Any], parameters: dict[str, Any]) -> None:
        if next(epochs) == 0:
            threading.Timer(0.3, press).start()

    run = train(net.loss, net.init(0), given, epochs=10_000, callback=callback, engine="native")
    waited = time.perf_counter() - pressed[0]
    assert run.interrupted
    assert run.config["engine"] == "native"
    assert all(np.isfinite(value).all() for value in run.parameters.values())
    assert waited < 2  # PATIENCE is 0.1 s; a busy machine may be late


def test_auto_compiles_what_is_long_and_leaves_what_is_short() -> None:
    loss, begin = classifier()
    short = train(loss, begin, data(), epochs=1)
    assert short.config["engine"] == "numpy"
    assert "too short" in short.config["why_numpy"]
    long = train(loss, begin, data(770), batch_size=8, epochs=300)
    assert long.config["engine"] == "native"


def test_without_a_compiler_numpy_runs_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "no-such-compiler"))
    loss, begin = classifier()
    with pytest.warns(UserWarning, match="the training runs in NumPy: .*Install one"):
        # One that pays to compile, ended after its first epoch.
        run = train(loss, begin, data(770), batch_size=8, epochs=400, callback=lambda row, parameters: True)
    assert run.config["engine"] == "numpy"


def test_what_c_cannot_say_is_told() -> None:
    def loss(x: Any, w: Any) -> Any:
        return (cr.inv(w @ w.T + np.eye(3)) * x).sum()

    given = {"x": np.ones((8, 3, 3))}
    run = train(loss, {"w": np.eye(3)}, given, epochs=1)
    assert run.config["engine"] == "numpy"
    with pytest.raises(ArgumentError, match=r"engine=.native. is not possible: .*inv"):
        train(loss, {"w": np.eye(3)}, given, epochs=1, engine="native")
    with pytest.raises(ArgumentError, match="engine is"):
        train(loss, {"w": np.eye(3)}, given, epochs=1, engine="gpu")  # type: ignore[arg-type]
