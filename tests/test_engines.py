"""Which of NumPy and native code runs a gradient."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import engines
from chainrule.ir.errors import ArgumentError
from chainrule.run.native import NativeProgram, NoCompiler, NoSpelling


@cr.function(x="N 3", w="3")
def loss(x: Any, w: Any) -> Any:
    return cr.tanh(x @ w).sum()


X, W = np.linspace(-1, 1, 12).reshape(4, 3), np.array([0.5, -1.0, 2.0])


@pytest.fixture
def readied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Grows by the rows of x whenever native code is made ready for a call."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rows: list[int] = []
    ready = NativeProgram.ready

    def counted(self: NativeProgram, arrays: Any) -> Any:
        rows.append(len(next(iter(arrays.values()))))
        return ready(self, arrays)

    monkeypatch.setattr(NativeProgram, "ready", counted)
    return rows


def test_native_code_runs_at_once_where_it_was_asked_for(readied: list[int]) -> None:
    value, gradient = cr.value_and_grad(loss, "w", engine="native")(X, W)
    assert readied == [4]
    plain, expected = cr.value_and_grad(loss, "w", engine="numpy")(X, W)
    assert readied == [4]
    np.testing.assert_allclose(value, plain, rtol=1e-15)
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)


def test_auto_compiles_when_it_would_have_paid(readied: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    function = cr.function(x="N 3", w="3")(lambda x, w: cr.sin(x @ w).sum())
    gradient = cr.grad(function, "w")
    one = engines.seconds_saved(
        cr.pipeline.gradient_graph(function.trace(), [function.trace().leaves("w")[0]]).graph, {}, 1
    )
    assert 5e-6 < one < 50e-6
    monkeypatch.setattr(engines, "seconds_to_compile", lambda _: 9.5 * one)
    results = [gradient(X, W) for _ in range(12)]
    assert readied == [4]
    for result in results:
        np.testing.assert_allclose(result, results[0], rtol=1e-14)
    # Other shapes are of the same program: it is compiled already.
    np.testing.assert_allclose(gradient(np.tile(X, (2, 1)), W), 2 * results[0], rtol=1e-14)
    assert readied == [4, 8]


def test_auto_counts_the_calls_of_all_shapes_together(readied: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "seconds_saved", lambda *_: 1.0)
    monkeypatch.setattr(engines, "seconds_to_compile", lambda _: 2.0)
    gradient = cr.grad(cr.function(x="N 3", w="3")(lambda x, w: cr.exp(x @ w).sum()), "w")
    for rows in (4, 8, 12):
        gradient(np.tile(X, (rows // 4, 1)), W)
    assert readied == [12]


def test_auto_leaves_to_numpy_what_has_no_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "seconds_to_compile", lambda _: 0.0)
    inverse = cr.function(a="3 3")(lambda a: cr.inv(a).sum())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            np.testing.assert_array_equal(cr.grad(inverse)(np.eye(3)), -np.ones((3, 3)))
    with pytest.raises(NoSpelling, match="inv"):
        cr.grad(inverse, engine="native")(np.eye(3))


def test_auto_tells_once_of_a_compiler_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engines, "seconds_to_compile", lambda _: 0.0)
    monkeypatch.setenv("CC", str(tmp_path / "nothing"))
    gradient = cr.grad(cr.function(a="3")(lambda a: (a**4).sum()))
    with pytest.warns(UserWarning, match="Install one") as caught:
        results = [gradient(np.arange(3.0)) for _ in range(3)]
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(results, [[0, 4, 32]] * 3)
    with pytest.raises(NoCompiler):
        cr.grad(lambda a: (a**4).sum(), engine="native")(np.arange(3.0))


def test_long_programs_are_not_compiled_unasked(readied: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "seconds_to_compile", lambda _: 0.0)
    monkeypatch.setattr(engines, "LONGEST", 3)
    cr.grad(cr.function(a="3")(lambda a: cr.tanh(cr.cos(a)).sum()))(np.arange(3.0))
    assert readied == []


def test_what_has_more_operations_takes_longer_to_compile() -> None:
    def seconds(layers: int) -> float:
        net = cr.networks.mlp([64] * (layers + 1), loss="mse")
        return engines.seconds_to_compile(net.loss.trace().graph)

    assert 0.5 < seconds(2) < seconds(10) < 5


def test_another_engine_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r'engine is "auto", "native" or "numpy", not \'cuda\''):
        cr.grad(loss, "w", engine="cuda")  # type: ignore[arg-type]
