"""What is measured of speed: everybody trains the same, what is left out is counted, and the tables tell it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import report
from bench.network_tasks import NetworkTask
from bench.network_tasks import data as network_data
from bench.network_tasks import weights as network_weights
from bench.peers.by_chainrule import ByChainrule
from bench.peers.by_numpy import ByNumpy
from bench.speed import Timings, loss_of, ratios
from bench.tasks import ROWS, Task, data, variants, weights


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize(
    "task",
    [
        Task((8, 32, 1), 32, batches=3),
        Task((5, 7, 3), 16, batches=2, activation="gelu", loss="cross_entropy", optimizer="adam", rate=1e-3),
        Task((4, 6, 2), 2048, batches=1, activation="tanh", optimizer="adam", rate=1e-3),
        Task((6, 5, 4), 8, batches=4, activation="sigmoid"),
    ],
    ids=lambda task: task.name,
)
def test_chainrule_trains_as_numpy_by_hand_does(task: Task) -> None:
    found = []
    for make in (ByChainrule, ByNumpy):
        peer = make(task, *data(task))
        peer.begin(weights(task, 1), task.optimizer, task.rate)
        peer.steps(3)
        peer.steps(4)
        found.append([array for layer in peer.parameters() for array in layer])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=2e-5)
    before = loss_of(task, [array for layer in weights(task, 1) for array in layer])
    assert loss_of(task, found[0]) == pytest.approx(loss_of(task, found[1]), rel=1e-4)
    assert loss_of(task, found[0]) < before


@pytest.mark.slow
@pytest.mark.parametrize("task", [NetworkTask("cnn", 8, batches=2), NetworkTask("transformer", 8, batch=4, batches=2)])
def test_other_networks_learn(task: NetworkTask) -> None:
    peer = ByChainrule(task, *network_data(task))
    begin = network_weights(task, 0)
    peer.begin(begin, "adam", 1e-2)
    peer.steps(40)
    after = [array for layer in peer.parameters() for array in layer]
    assert loss_of(task, after) < 0.9 * loss_of(task, [array for layer in begin for array in layer])


def test_a_peer_has_a_process_of_its_own_without_chainrule() -> None:
    command = [sys.executable, "-m", "bench.peers", "by_numpy", "", json.dumps(ROWS[0].words()), "1"]
    # A question that prints what is imported is none, so it is asked of Python itself.
    told = subprocess.run(command, input='["steps", 5]\n["memory"]\n', capture_output=True, text=True, check=True)
    ready, took, memory = map(json.loads, told.stdout.splitlines())
    assert ready == "ready"
    assert 0 < took < 5
    assert 1e7 < memory < 1e9
    imported = subprocess.run(
        [sys.executable, "-c", "import sys, bench.peers, bench.peers.by_numpy; print('chainrule' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert imported.stdout.strip() == "False"


def test_the_rows_and_bounds_are_these() -> None:
    bounds = {task.name: task.at_least for task in ROWS}
    assert bounds == {
        "2-2-1 / 4": 1.3, "8-32-1 / 32": 6, "64-64-10 / 32": 2.2, "30-64-64-1 / 32": 1.6, "64-128-128-10 / 64": 1.8,
        "54-128-128-7 / 256": 3, "784-512-512-10 / 128": 1.4, "1024-2048-2048-1024 / 256": 1.1,
        "4-32-16-4 / 9984 tanh adam": 5, "4-32-16-4 / 9984 tanh adam fast": 5,
    }  # fmt: skip
    assert len(variants()) == 8 * 4 + 5
    assert {v.at_least for v in variants() if v.sizes == (8, 32, 1)} == {4.8}


def test_rounds_in_which_the_machine_changed_are_left_out() -> None:
    ours, theirs = Timings([1.0, 1.0, 1.0], [100, 100, 100]), Timings([2.0, 3.0, 9.0], [100, 104, 80])
    assert ratios(ours, theirs) == ([2.0, 3.0], 1)


def row(**changed: Any) -> dict[str, Any]:
    peers = {"chainrule": {"µs": 2.0, "threads": 1, "cold s": 0.5, "MB": 80}, "JAX jit a step": {
        "µs": 50.0, "threads": 2, "cold s": 1.5, "MB": 300}}  # fmt: skip
    return {
        "task": "2-2-1 / 4", "ratio": 25.0, "quartiles": [24.0, 26.0], "at least": 1.3, "best peer": "JAX jit a step",
        "dropped": 2, "rounds": 15, "GFLOP/s": 1.5, "share of probe": 0.03, "peers": peers,
        "missing": {"scikit-learn": "has no such function"}, **changed,
    }  # fmt: skip


def test_the_page_has_a_place_for_every_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text(report.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for name, place in (("PAGE", page), ("PLOT", tmp_path / "a.svg"), ("GROWTH_PLOT", tmp_path / "b.svg")):
        monkeypatch.setattr(report, name, place)
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    for name in ("speed", "speed_variants", "speed_networks"):
        (tmp_path / f"{name}.json").write_text(json.dumps([row(task=f"a {name}")]))
    (tmp_path / "cold.json").write_text(json.dumps([{"task": "a cold", "compiled anew s": 1.0}]))
    (tmp_path / "inference.json").write_text(json.dumps([{"network": "3-3", "µs a sample": 0.25}]))
    grown = {"grows with": "batch", "slope": 1.0, "times": {"1": 1e-6, "10": 1e-5}}
    (tmp_path / "growth.json").write_text(json.dumps([grown, {**grown, "grows with": "depth"}]))
    assert report.main() == 0
    text = page.read_text(encoding="utf-8")
    assert "| a speed | 25.00 | 24.00 – 26.00 | 1.3 | JAX jit a step | 1.5 | 3 % | 2 of 15 |" in text
    assert "| a speed | 2.00 (1) | 50.0 (2) | – |" in text
    assert "| a speed_networks |" in text
    assert "| a cold | 1.00 s |  |  |" in text
    assert "3-3, float32: **0.25 µs** a sample." in text
    assert "batch 1.00, depth 1.00" in text
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert "<svg" in (tmp_path / "b.svg").read_text()
