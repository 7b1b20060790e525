"""The C file of `cr.source`: it compiles anywhere, needs nothing, and gives what the interpreter gives."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.emit.c_file import c_file
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input

STRICT = ("-std=c11", "-Wall", "-Wextra", "-Werror")
COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]
OPTIONS = {
    "plain": ("-O0", "-DCR_PLAIN"),
    "usual": ("-O2",),
    "this machine": ("-O3", "-march=native"),
    "several at a time": ("-O3", "-march=native", "-fopenmp-simd", "-DCR_SIMD"),
}
TOLERANCE = {"float64": 1e-11, "float32": 1e-4}


@cr.function(x="N 6", y="N int", w1=(6, 5), b1=(5,), w2=(5, 3))
def classes(x: Any, y: Any, w1: Any, b1: Any, w2: Any) -> Any:
    return cr.cross_entropy(cr.tanh(x @ w1 + b1) @ w2, y)


@cr.function(tokens="N 4 int", e=(7, 6), g=(6,), b=(6,), w=(6, 6))
def texts(tokens: Any, e: Any, g: Any, b: Any, w: Any) -> Any:
    return (cr.softmax(cr.layer_norm(cr.embedding(e, tokens), g, b) @ w) ** 2).sum()


@cr.function(x="N 2 6 6", k=(3, 2, 3, 3), b=(3,))
def images(x: Any, k: Any, b: Any) -> Any:
    return (cr.max_pool(cr.relu(cr.conv2d(x, k, b, padding=1)), 2) ** 2).mean()


CASES: dict[str, tuple[Any, list[str]]] = {
    "classes": (classes, ["w1", "b1", "w2"]),
    "texts": (texts, ["e", "g", "b", "w"]),
    "images": (images, ["k", "b"]),
}


def arguments(f: Any, rows: int, dtype: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(rows)
    found = {}
    for i in f.trace().graph.inputs:
        shape = tuple(rows if not isinstance(e, int) else e for e in i.shape)
        found[i.name] = rng.integers(0, 3, shape) if i.kind == "int" else rng.normal(size=shape).astype(dtype)
    return found


def library(text: str, compiler: str, options: Sequence[str], folder: Path) -> ctypes.CDLL:
    path = folder / "made.so"
    command = [compiler, *STRICT, *options, "-shared", "-fPIC", "-x", "c", "-", "-o", str(path), "-lm"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(path))


def call(made: ctypes.CDLL, function: str, rows: int, arrays: Sequence[Any]) -> int:
    """Calls a function with the number of rows, arrays or a rate, and a workspace of just as many bytes as it wants."""
    size = made[f"workspace_{function}"]
    size.argtypes, size.restype = [ctypes.c_ssize_t], ctypes.c_ssize_t
    room = np.full(size(rows) // 8, np.nan)
    given: list[Any] = [ctypes.c_ssize_t(rows)]
    given += [a if not isinstance(a, np.ndarray) else ctypes.c_void_p(a.ctypes.data) for a in arrays]
    return int(made[function](*given, ctypes.c_void_p(room.ctypes.data)))


def test_there_is_a_compiler() -> None:
    assert COMPILERS


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("case", CASES)
def test_the_three_functions(case: str, compiler: str, options: str, dtype: Any, tmp_path: Path) -> None:
    f, wrt = CASES[case]
    made = library(cr.source(f, wrt, target="c", dtype=dtype), compiler, OPTIONS[options], tmp_path)
    real = {"float64": ctypes.c_double, "float32": ctypes.c_float}[dtype]
    for rows in (5, 1, 17):
        given = arguments(f, rows, dtype)
        value, slopes = cr.value_and_grad(f, wrt, engine="numpy")(**given)
        inputs = [given[i.name] for i in f.trace().graph.inputs]
        out = np.zeros((), dtype)
        assert call(made, f"cr_{case}_forward", rows, [*inputs, out]) == 0
        np.testing.assert_allclose(out, value, rtol=TOLERANCE[dtype])
        gradients = [np.full(given[name].shape, np.nan, dtype) for name in wrt]
        out[...] = 0
        assert call(made, f"cr_{case}_backward", rows, [*inputs, out, *gradients]) == 0
        np.testing.assert_allclose(out, value, rtol=TOLERANCE[dtype])
        for name, gradient in zip(wrt, gradients, strict=True):
            np.testing.assert_allclose(gradient, slopes[name], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        changed = {name: array.copy() for name, array in given.items()}
        assert call(made, f"cr_{case}_step", rows, [*changed.values(), real(0.1), out]) == 0
        for name, array in given.items():
            after = array - 0.1 * slopes[name] if name in wrt else array
            np.testing.assert_allclose(changed[name], after, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def test_it_needs_nothing_but_libm_and_allocates_nothing(tmp_path: Path) -> None:
    for f, wrt in CASES.values():
        path = tmp_path / "made.o"
        text = cr.source(f, wrt, target="c")
        subprocess.run(
            [COMPILERS[0], *STRICT, "-O2", "-c", "-x", "c", "-", "-o", path], input=text, text=True, check=True
        )
        told = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True).stdout
        needed = {line.split()[-1].split("@")[0] for line in told.splitlines()}
        assert needed <= {"tanh", "exp", "log", "sqrt", "memset", "memcpy", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}


def test_a_wrong_index_is_told_by_a_code_that_the_heading_explains(tmp_path: Path) -> None:
    text = cr.source(classes, ["w1", "b1", "w2"], target="c")
    assert "1: an index in y lies outside axis" in " ".join(text.split())
    made = library(text, COMPILERS[0], ("-O2",), tmp_path)
    given = arguments(classes, 5, "float64")
    given["y"][2] = 3
    before = given["w1"].copy()
    inputs = [given[i.name] for i in classes.trace().graph.inputs]
    assert call(made, "cr_classes_step", 5, [*inputs, ctypes.c_double(0.1), np.zeros(())]) == 1
    np.testing.assert_array_equal(given["w1"], before)


def test_the_heading_tells_the_formulas_and_how_it_is_called() -> None:
    text = cr.source(classes, ["w1", "b1", "w2"], target="c")
    heading = text[: text.index("*/")]
    for said in (
        "classes: written by chainrule.", "cr_classes_forward: the value.", "slopes by w1, b1, w2",
        "cr_classes_step: a step of gradient descent.", "CR_PLAIN", "workspace_cr_classes_backward(N)",
        "d_w1 = x.T @ d_u", "link with -lm",
    ):  # fmt: skip
        assert said in heading, said
    assert max(map(len, heading.splitlines())) <= 120


def test_without_anything_to_differentiate_by_there_is_forward_alone(tmp_path: Path) -> None:
    outer = cr.function(a="N", b="3")(lambda a, b: a[:, None] * b)
    text = cr.source(outer, [], target="c")
    assert "backward" not in text
    made = library(text, COMPILERS[0], ("-O2",), tmp_path)
    a, b, out = np.arange(4.0), np.array([1.0, -2.0, 3.0]), np.zeros((4, 3))
    [function] = [w for w in text.split() if w.startswith("cr_") and w.endswith("_forward(")]
    assert call(made, function.removesuffix("("), 4, [a, b, out]) == 0
    np.testing.assert_array_equal(out, a[:, None] * b)


def test_a_text_cannot_end_the_heading(tmp_path: Path) -> None:
    x = Input.of("x", (3,))
    graph = Graph((x,), (x * 2.0,))
    text = c_file("f", graph, None, [], notes="/* a */ #error b \\\n??/").text
    assert "* / #error b /" in text
    library(text, COMPILERS[0], ("-O2",), tmp_path)
