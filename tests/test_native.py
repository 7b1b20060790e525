"""`cr.compile`: gradients in native code are those that run in NumPy."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError
from chainrule.train import engine


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@cr.function(x="N 6", y="N int", w=(6, 4), b=(4,))
def loss(x: Any, y: Any, w: Any, b: Any) -> Any:
    return cr.cross_entropy(cr.tanh(x @ w + b), y)


def arguments(rows: int, dtype: Any = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(rows)
    floats = {"x": rng.normal(size=(rows, 6)), "w": rng.normal(size=(6, 4)), "b": rng.normal(size=4)}
    return {"y": rng.integers(0, 4, rows), **{name: value.astype(dtype) for name, value in floats.items()}}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_gradients_are_those_of_numpy(dtype: Any) -> None:
    compiled, plain = cr.compile(loss, ["w", "b"]), cr.value_and_grad(loss, ["w", "b"])
    for rows in (1, 7, 64, 33):
        (value, gradients), (wanted, expected) = compiled(**arguments(rows, dtype)), plain(**arguments(rows, dtype))
        tolerance = 1e-12 if dtype is np.float64 else 1e-5
        assert value == pytest.approx(wanted, rel=tolerance)
        assert value.dtype == dtype
        for name, gradient in expected.items():
            assert gradients[name].dtype == dtype
            np.testing.assert_allclose(gradients[name], gradient, rtol=tolerance, atol=tolerance)


def test_results_are_the_callers_own() -> None:
    compiled = cr.compile(loss, "w")
    first = compiled(**arguments(5))[1]
    kept = first.copy()
    compiled(**arguments(9))
    assert np.array_equal(first, kept)


def test_arguments_that_lie_elsewhere_and_structures_are_taken() -> None:
    def net(x: Any, layers: Any) -> Any:
        for w, b in layers:
            x = cr.tanh(x @ w + b)
        return (x**2).mean()

    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(5, 3)).T, np.zeros(5)), (rng.normal(size=(10, 2))[::2], np.zeros(2))]
    x = np.asfortranarray(rng.normal(size=(8, 3)))
    value, gradients = cr.compile(net, "layers")(x, layers)
    wanted, expected = cr.value_and_grad(net, "layers")(x, layers)
    assert value == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(gradients[0][0], expected[0][0], rtol=1e-9)
    np.testing.assert_allclose(gradients[1][1], expected[1][1], rtol=1e-9)


def test_what_cannot_be_compiled_runs_in_numpy_and_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inverse = cr.function(a="3 3")(lambda a: cr.inv(a).sum())
    compiled = cr.compile(inverse)
    with pytest.warns(UserWarning, match="run in NumPy: .*inv") as caught:
        value, gradient = compiled(2 * np.eye(3))
    assert value == 1.5
    np.testing.assert_array_equal(gradient, np.full((3, 3), -0.25))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiled(np.eye(3))[0] == 3
    with pytest.raises(cr.ShapeError):
        cr.compile(loss, "w")(**{**arguments(4), "b": np.zeros(3)})
    monkeypatch.setenv("CC", str(tmp_path / "nothing"))
    with pytest.warns(UserWarning, match="Install one"):
        assert cr.compile(lambda a: (a**3).sum())(np.ones(3))[0] == 3


def broken(folder: Path, text: str) -> str:
    """A compiler that knows its version and does nothing else well."""
    path = folder / "cc"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo 1.0 && exit\n{text}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("echo 'out of patience' >&2; exit 3", "failed .exit status 3.:\nout of patience"),
        ("sleep 60", "did not come to an end within 0.5 s"),
        ("exit 0", "failed .exit status 0."),
    ],
)
def test_a_compiler_that_does_not_work_is_told_of_once(
    text: str, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", broken(tmp_path, text))
    monkeypatch.setattr("chainrule.run.compiler._SECONDS", 0.5)
    compiled = cr.compile(lambda a: (a**2).sum())
    with pytest.warns(UserWarning, match=told) as caught:
        values = [compiled(np.arange(3.0))[0] for _ in range(2)]
    assert len(caught) == 1
    assert values == [5, 5]
    with pytest.raises(cr.ChainruleError, match=told):
        cr.grad(lambda a: (a**2).sum(), engine="native")(np.ones(3))
    monkeypatch.setattr(engine, "seconds_to_compile", lambda _: 0.0)
    with pytest.warns(UserWarning, match=told):
        run = cr.train(lambda x, w: ((x @ w) ** 2).mean(), {"w": np.ones(3)}, {"x": np.ones((50, 3))}, epochs=2)
    assert run.config["engine"] == "numpy"


def test_an_index_outside_its_axis_is_an_error() -> None:
    with pytest.raises(IndexError, match="outside axis"):
        cr.compile(loss, "w")(**{**arguments(3), "y": np.array([0, 1, 9])})


def test_a_quicker_tanh_is_within_five_units() -> None:
    x = np.r_[np.linspace(-10, 10, 400_001), 0.0, np.inf, -np.inf, 1e-30, np.nan].astype(np.float32)
    # The values themselves come out beside a float that is differentiated.
    both = cr.function(x="N")(lambda x: (cr.tanh(x).sum(), cr.tanh(x)))
    exact = np.tanh(x.astype(np.float64))
    units = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    worst = {}
    for accuracy in ("libm", "fast"):
        (_, values), _ = cr.compile(both, "x", accuracy=accuracy)(x)
        assert np.isnan(values[-1])
        worst[accuracy] = np.abs(values[:-1] - exact[:-1]).max(where=units[:-1] > 0, initial=0.0)
        assert (np.abs(values[:-1] - exact[:-1]) <= {"libm": 4, "fast": 5}[accuracy] * units[:-1]).all()
    assert worst["libm"] != worst["fast"]
    with pytest.raises(ArgumentError, match='accuracy is "libm" or "fast", not \'best\''):
        cr.compile(both, "x", accuracy="best")  # type: ignore[arg-type]
