"""A run in a folder: it comes back as it was, whole or not at all, and nothing in it is ever executed."""

from __future__ import annotations

import json
import math
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.train.run import VERSION, Run, RunError, load

PARAMETERS = {
    "W1": np.arange(6.0).reshape(2, 3),
    "scale": np.array(2.5, np.float32),
    "deep": {"layers": [np.ones(2), {"b": np.zeros((0, 3))}], "turned": np.arange(6.0).reshape(2, 3).T},
}
HISTORY = [{"epoch": 1, "loss": 0.1 + 0.2, "accuracy": math.nan}, {"epoch": 2, "loss": math.inf, "accuracy": -math.inf}]


def run() -> Run:
    return Run(PARAMETERS, HISTORY, {"batch_size": 3}, "stopped at step 3", True, cr.networks.mlp([2, 3]))


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = run().save(tmp_path / "a" / "b")
    found = load(folder)
    assert same(found.parameters, PARAMETERS)
    assert [list(row) for row in found.history] == [list(row) for row in HISTORY]
    assert repr(found.history) == repr(HISTORY)
    assert (found.config, found.stopped, found.interrupted) == ({"batch_size": 3}, "stopped at step 3", True)
    assert found.network == cr.networks.mlp([2, 3])


def test_a_trained_network_predicts_the_same_after_loading(tmp_path: Path, rng: np.random.Generator) -> None:
    net = cr.networks.mlp([3, 4, 2])
    x = rng.normal(size=(20, 3))
    trained = cr.train(net.loss, net.init(0), {"x": x, "y": (x[:, 0] > 0).astype(int)}, epochs=2)
    trained.save(tmp_path)
    found = cr.load(tmp_path)
    assert found.history == trained.history
    assert found.config == trained.config
    np.testing.assert_array_equal(
        found.network.predict_proba(found.parameters, x), net.predict_proba(trained.parameters, x)
    )


def test_the_history_is_a_line_for_each_epoch_and_strict_json(tmp_path: Path) -> None:
    run().save(tmp_path)
    lines = (tmp_path / "history.jsonl").read_text().splitlines()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert [json.loads(line, parse_constant=refuse)["epoch"] for line in lines] == [1, 2]


def test_only_the_three_files_are_left_and_saving_again_replaces_them(tmp_path: Path) -> None:
    for _ in range(2):
        run().save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["history.jsonl", "parameters.safetensors", "run.json"]


def test_a_failure_while_saving_leaves_the_old_run_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run().save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="the disk is full"):
        Run({"other": np.ones(1)}).save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def edited(folder: Path, **changes: Any) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_newer_format_is_refused_by_its_version(tmp_path: Path) -> None:
    run().save(tmp_path)
    edited(tmp_path, version=VERSION + 1, chainrule="9.0")
    with pytest.raises(RunError, match=rf"format version {VERSION + 1}, written by chainrule 9\.0"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["run.json", "parameters.safetensors", "history.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    run().save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"{"),
        ("run.json", b"[]"),
        ("run.json", b'{"format": "other"}'),
        ("run.json", b"[" * 100_000),
        ("run.json", b"\xff\xfe"),
        ("history.jsonl", b'{"epoch": 1'),
        ("history.jsonl", b"[1]\n"),
        ("parameters.safetensors", b"\x00" * 4),
        ("parameters.safetensors", pickle.dumps({"W1": np.ones(3)})),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    run().save(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RunError):
        load(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"W1": "nowhere"}},
        {"network": {"kind": "dense", "sizes": ["a"], "activation": "relu", "loss": "mse"}},
        {"network": {"kind": "other"}},
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    run().save(tmp_path)
    edited(tmp_path, **changes)
    with pytest.raises((RunError, cr.ArgumentError)):
        load(tmp_path)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run().save(tmp_path)

    def unpickled(*_: Any, **__: Any) -> None:
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, unpickled)
    assert load(tmp_path).interrupted


@pytest.mark.parametrize("name", ["a.b", 3])
def test_a_name_that_could_not_be_told_apart_is_refused(tmp_path: Path, name: Any) -> None:
    with pytest.raises(cr.ArgumentError, match="without dots"):
        Run({name: np.ones(2)}).save(tmp_path)
