"""Properties that are declared of an argument: how they are written, and which values are refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.dims import Dim
from chainrule.ir.errors import ArgumentError, ShapeError
from chainrule.ir.node import Input

N = Dim("n")


def inputs(spec: Any) -> Any:
    return cr.function(A=spec)(lambda A: A.sum() if not isinstance(A, dict) else A["w"].sum()).trace().arguments["A"]


@pytest.mark.parametrize(
    ("spec", "shape", "kind", "properties"),
    [
        ("n n symmetric", (N, N), "float", {"symmetric"}),
        ("3 3 symmetric", (3, 3), "float", {"symmetric"}),
        ("2 n n symmetric positive", (2, N, N), "float", {"symmetric", "positive"}),
        ("n simplex float", (N,), "float", {"simplex"}),
        ("n int positive", (N,), "int", {"positive"}),
        ("positive", (), "float", {"positive"}),
        ("n", (N,), "float", set()),
    ],
)
def test_words_behind_the_shape_are_properties(spec: str, shape: Any, kind: str, properties: set[str]) -> None:
    (found,) = (inputs(spec),)
    assert (found.shape, found.kind, found.properties) == (shape, kind, frozenset(properties))
    assert pickle.loads(pickle.dumps(found)) is found


def test_a_property_makes_another_input() -> None:
    assert inputs("n n symmetric") is not inputs("n n")
    assert inputs("n n") is Input.of("A", (N, N))
    assert inputs({"w": "n positive"})["w"].properties == {"positive"}
    parsed = cr.parse("x @ A @ x", x="n", A="n n symmetric")
    assert parsed.trace().arguments["A"] is inputs("n n symmetric")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("n m symmetric", "A is declared symmetric, so its last two axes are equally long, but they are n and m long"),
        ("n symmetric", r"but its shape is \(n,\)"),
        ("simplex", "A is declared simplex, so its last axis adds up to 1, but it is a single number"),
        ("n n symmetric bool", "truth values, which are not symmetric"),
        ("n int float", "the numbers are of one kind, not int and float"),
        ("n - positive", "'n - positive' is no shape for A: .* symmetric, positive, simplex"),
    ],
)
def test_what_no_array_can_have_is_refused(spec: str, says: str) -> None:
    with pytest.raises(ShapeError, match=says):
        inputs(spec)


@cr.function(A="d d symmetric", x="d positive", p="N d simplex", k="d int simplex")
def f(A: Any, x: Any, p: Any, k: Any) -> Any:
    return x @ A @ x + (p * cr.log(x)).sum() + (k * x).sum()


RIGHT = {
    "A": np.array([[1.0, 2.0, -3.0], [2.0, 0.0, 5.0], [-3.0, 5.0, 1.0]]),
    "x": np.array([0.5, 1.0, 2.0]),
    "p": np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]),
    "k": np.array([0, 1, 0]),
}


def with_entry(name: str, place: Any, value: float) -> dict[str, Any]:
    array = RIGHT[name].copy()
    array[place] = value
    return {**RIGHT, name: array}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (with_entry("A", (2, 1), 5.1), r"A is declared symmetric, but A\[1, 2\] = 5.0 and A\[2, 1\] = 5.1"),
        (with_entry("A", (0, 1), np.inf), r"A\[0, 1\] = inf and A\[1, 0\] = 2.0"),
        (with_entry("A", (0, 0), np.nan), r"A\[0, 0\] = nan"),
        (with_entry("x", 1, 0.0), r"x is declared positive, but x\[1\] = 0.0"),
        (with_entry("x", 2, np.nan), r"x is declared positive, but x\[2\] = nan"),
        (with_entry("p", (1, 0), 1.1), r"p is declared simplex, but p\[1\] adds up to 1.1, not to 1"),
        (with_entry("p", (0, 0), -0.2), r"p is declared simplex, but p\[0, 0\] = -0.2"),
        (with_entry("k", 0, 1), r"k is declared simplex, but k adds up to 2, not to 1"),
    ],
)
def test_values_without_a_property_are_refused(values: dict[str, Any], says: str) -> None:
    for call in (f, cr.value_and_grad(f, "x")):
        assert call(**RIGHT) is not None
        with pytest.raises(ArgumentError, match=says):
            call(**values)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_half_of_the_digits_have_to_agree(dtype: Any) -> None:
    def near(name: str, place: Any, relative: float) -> dict[str, Any]:
        values = {n: v.astype(dtype) if v.dtype.kind == "f" else v for n, v in RIGHT.items()}
        values[name][place] *= dtype(1 + relative)
        return values

    root = np.sqrt(np.finfo(dtype).eps)
    for name, place in (("A", (1, 2)), ("p", (1, 0))):
        f(**near(name, place, 0.5 * root))
        with pytest.raises(ArgumentError, match=f"{name} is declared"):
            f(**near(name, place, 3 * root))


def test_an_array_of_another_shape_is_told_its_shape() -> None:
    with pytest.raises(ShapeError, match="is needed"):
        f(**{**RIGHT, "A": np.ones((3, 4))})


def test_equal_infinities_are_symmetric() -> None:
    A = with_entry("A", (0, 1), np.inf)["A"]
    A[1, 0] = np.inf
    assert not np.isfinite(f(**{**RIGHT, "A": A}))
