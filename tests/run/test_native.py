from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.derive import reverse
from chainrule.emit.c import CSource, source
from chainrule.ir.build import constant
from chainrule.ir.dims import Dim
from chainrule.ir.errors import ArgumentError, ShapeError
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input, Node, Size
from chainrule.ir.registry import call
from chainrule.run import compiler
from chainrule.run.native import CompileError, NoCompiler, compile_c
from tests.compiled import STRICT, Case, assert_same

N = Dim("N")
PARAMETERS = {"w1": (5, 4), "b1": (4,), "w2": (4, 3), "b2": (3,)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chainrule"


def training_step() -> Graph:
    """Loss, gradients and the updated parameters of a 5-4-3 network with relu and softmax cross-entropy."""
    x, y = Input.of("x", (N, 5)), Input.of("y", (N,), "int")
    w1, b1, w2, b2 = parameters = [Input.of(name, shape) for name, shape in PARAMETERS.items()]
    hidden = call("relu", x @ w1 + b1)
    logits = hidden @ w2 + b2
    loss = (call("logsumexp", logits, axis=1) - call("pick", logits, y)).sum() / Size.of(N)
    gradients = [reverse({loss: constant(1, "float")}, parameters).get(p) for p in parameters]
    updated = [p - 0.1 * g for p, g in zip(parameters, gradients, strict=True)]
    names: dict[Node, str] = {hidden: "l1", logits: "l2", loss: "loss"}
    names |= {g: f"dloss_d{p.name}" for g, p in zip(gradients, parameters, strict=True)}
    return Graph((x, y, *parameters), (loss, *gradients, *updated), names)


def batch(rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(rows)
    values = {name: rng.normal(size=shape) for name, shape in PARAMETERS.items()}
    return {"x": rng.normal(size=(rows, 5)), "y": rng.integers(0, 3, rows), **values}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_training_step_is_what_the_interpreter_makes_of_it(dtype: str, cache: Path) -> None:
    graph = training_step()
    step = compile_c(source(graph, name="step", dtype=dtype), flags=STRICT)
    # Batches of any size, the empty one too, with one compilation.
    for rows in (7, 32, 1, 0):
        assert_same(Case(f"{rows} rows", graph.outputs, batch(rows), dtype), step)
    assert len([*cache.glob("*.so")]) == 1
    assert [o.name for o in step.source.outputs[:2]] == ["loss", "dloss_dw1"]


def test_steps_repeated_bring_the_loss_down() -> None:
    step, values = compile_c(source(training_step())), batch(20)
    losses = []
    for _ in range(200):
        loss, *rest = step(values)
        losses.append(float(loss))
        values |= dict(zip(PARAMETERS, rest[len(PARAMETERS) :], strict=True))
    assert losses[-1] < 0.5 * losses[0]


def doubled() -> CSource:
    x = Input.of("x", (N, 2))
    k = Input.of("k", (N,), "int")
    return source(Graph((x, k), (x * 2.0,)))


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"x": np.ones((2, 2))}, ArgumentError, "k is missing"),
        ({"x": np.ones((2, 2)), "k": [0.5, 1]}, ArgumentError, "k is an array of float64, where int"),
        ({"x": np.ones((2, 2), complex), "k": [0, 1]}, ArgumentError, "x is an array of complex128"),
        ({"x": np.ones((2, 2)), "k": [1]}, ShapeError, "N is 2, from x"),
        ({"x": np.ones(2), "k": [1]}, ShapeError, "2 axes|1 axes"),
    ],
)
def test_arguments_that_do_not_fit_are_named(values: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compile_c(doubled())(values)


def test_arrays_of_any_layout_and_precision_are_taken() -> None:
    double = compile_c(doubled())
    x = np.arange(12.0).reshape(2, 6)[:, ::3].T
    for given in (x.T, x.T.astype(np.float32), x.T.astype(int), np.asfortranarray(x.T), x.T.tolist()):
        np.testing.assert_array_equal(double({"x": given, "k": np.array([1, 2], np.int8)})[0], 2 * x.T)


def test_without_a_compiler_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler, match="apt install gcc"):
        compile_c(doubled())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "ziglang" or None)
    assert compiler.compiler() == [sys.executable, "-m", "ziglang", "cc"]
    monkeypatch.setenv("CC", "nowhere-cc")
    with pytest.raises(NoCompiler, match="'nowhere-cc'"):
        compile_c(doubled())


def test_the_compiler_of_the_environment_is_taken_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "gcc -DUNUSED='a b'")
    assert compiler.compiler()[1:] == ["-DUNUSED=a b"]
    x = np.ones((1, 2))
    np.testing.assert_array_equal(compile_c(doubled())({"x": x, "k": [0]})[0], 2 * x)


def test_what_the_compiler_says_is_shown(cache: Path) -> None:
    with pytest.raises(CompileError, match=r"gcc failed \(exit status 1\):\n(.*\n)*.*error") as caught:
        compiler.shared_library("int broken(;\n" * 100)
    assert len(str(caught.value).splitlines()) <= 13
    assert [*cache.iterdir()] == []


def test_a_compiler_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_SECONDS", 0.2)
    with pytest.raises(CompileError, match="did not come to an end"):
        compiler._run([sys.executable, "-c", "import time; time.sleep(60)"], "")
