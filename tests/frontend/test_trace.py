"""Traced functions compute what NumPy does, on arrays and structures of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.derive import reverse
from chainrule.frontend import Declared, Function
from chainrule.ir.build import constant
from chainrule.ir.dims import Dim
from chainrule.ir.node import Const, Input
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from tests.frontend.tracing import NETWORK, A, B, V, engine, loss, named, traced

PROGRAMS: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
    ("tanh", lambda x: np.tanh(x), (A,)),
    ("einsum", lambda x, y: np.einsum("ij,jk->ik", x, y), (A, B)),
    ("where", lambda x: np.where(x > 0, x, 0.1 * x), (A,)),
    ("sum axis", lambda x: np.sum(x, axis=0, keepdims=True) * x, (A,)),
    ("mean", lambda x: x.mean(axis=-1) + np.mean(x), (A,)),
    ("maximum", lambda x: np.maximum(x, 0.25) + np.minimum(0, x), (A,)),
    ("concatenate", lambda x, v: np.concatenate([x, np.ones((1, 3)), v[None]]), (A, V)),
    ("norm", lambda x: np.linalg.norm(x) * np.linalg.norm(x, axis=1), (A,)),
    ("array @ traced", lambda y: A @ y, (B,)),
    ("array on the left", lambda y: np.ones((3, 2)) * y + np.float32(0.5) * y - [[1.0, 2.0]], (B,)),
    ("float32 constants", lambda y: np.full((3, 2), 0.5, np.float32) * y, (B,)),
    ("vectors", lambda v: (v @ v) * v + np.dot(v, V) + np.outer(v, v)[0], (V,)),
    ("indexing", lambda x: x[0] * x[1, ::-1] + x[:, [2, 0, 1]][1], (A,)),
    ("transposes", lambda x: (x.T @ x).mean(axis=0) + np.transpose(x).reshape(2, 3)[0], (A,)),
    ("stack", lambda v: np.stack([v, 2 * v], axis=1).prod(axis=1), (V,)),
    ("powers", lambda x: x**2 + 2**x + abs(x) ** 1.5, (A,)),
    ("sizes", lambda x: x.sum() / x.shape[0] + 2 / x.size * x.sum(), (A,)),
    ("scalars", lambda a, b: np.exp(-a) * b + a / b, (0.7, 1.3)),
    ("unpacking", lambda x: (lambda a, b: a * b)(*x), (A,)),
]


@pytest.mark.parametrize(("f", "args"), [row[1:] for row in PROGRAMS], ids=[row[0] for row in PROGRAMS])
def test_a_traced_function_computes_what_numpy_does(f: Any, args: tuple[Any, ...], rng: np.random.Generator) -> None:
    function = Function(f, engine)
    value = f(*args)
    np.testing.assert_allclose(function(*args), value, rtol=1e-13, atol=1e-15)

    t = function.trace(function.bind(args, {}))
    verify(t.graph.outputs)
    (output,) = t.graph.outputs
    weight = rng.uniform(0.5, 1.5, np.shape(value))
    cotangents = reverse({output: Const.of(weight)}, t.graph.inputs)
    values = t.flatten(function.bind(args, {}))
    gradients = interpret([cotangents.get(i) for i in t.graph.inputs], values)
    for n, gradient in enumerate(gradients):
        direction = rng.uniform(-1, 1, np.shape(args[n]))
        sides = [np.sum(weight * f(*args[:n], args[n] + e * direction, *args[n + 1 :])) for e in (1e-6, -1e-6)]
        np.testing.assert_allclose(np.sum(gradient * direction), (sides[0] - sides[1]) / 2e-6, rtol=1e-7, atol=1e-8)


def test_declared_names_stay_open() -> None:
    shapes = NETWORK
    t = traced(loss, **shapes)
    assert t.graph.dims() == (Dim("N"), Dim("d"), Dim("k"), Dim("m"))
    rng = np.random.default_rng(1)
    for sizes in ({"N": 5, "d": 3, "k": 2, "m": 4}, {"N": 1, "d": 2, "k": 3, "m": 7}):
        args = [rng.normal(size=[sizes[s] for s in spec.split()]) for spec in shapes.values()]
        values = t.flatten(dict(zip(shapes, args, strict=True)))
        np.testing.assert_allclose(interpret(t.graph.outputs, values)[0], loss(*args), rtol=1e-12)
        w1 = t.leaves("w1")
        got = interpret([reverse({t.graph.outputs[0]: constant(1, "float")}, w1).get(w1[0])], values)[0]
        on = args[0] @ args[2] + args[3] > 0
        error = 2 * ((np.maximum(args[0] @ args[2] + args[3], 0)) @ args[4] + args[5] - args[1]) / sizes["N"]
        np.testing.assert_allclose(got, args[0].T @ ((error @ args[4].T) * on), rtol=1e-12)


def test_ten_thousand_lines_are_traced() -> None:
    def f(x):
        for _ in range(10_000):
            x = x * 1.0001
        return x

    t = traced(f, x="3")
    assert named(t)[-1] == "x10000"
    np.testing.assert_allclose(interpret(t.graph.outputs, {"x": np.ones(3)})[0], 1.0001**10_000, rtol=1e-9)


def test_structures_go_in_and_come_out() -> None:
    def f(params, data, n, *, scale=1.0, flag=True):
        h = data[0] @ params["layers"][0]["W"] + params["b"]
        return (h * n if flag else h), {"state": [h.sum(), scale], "count": n, "size": data[0].shape[0]}

    function = Function(f, engine)
    params = {"b": V, "layers": [{"W": np.eye(3)}]}
    value, rest = function(params, (A, "label"), 3, scale=2.0)
    np.testing.assert_array_equal(value, (A + V) * 3)
    assert rest == {"state": [pytest.approx((A + V).sum()), 2.0], "count": 3, "size": 2}

    t = function.trace(function.bind((params, (A, "label"), 3), {"scale": 2.0}))
    assert [i.name for i in t.graph.inputs] == ["params.b", "params.layers.0.W", "data.0", "scale"]
    assert [i.name for i in t.leaves("params")] == ["params.b", "params.layers.0.W"]
    assert [i.name for i in t.leaves("params.layers")] == ["params.layers.0.W"]
    assert t.arguments["n"] == 3
    assert t.arguments["data"][1] == "label"


def test_declared_structures() -> None:
    shapes = {"params": {"W": "d m", "b": "m"}, "x": "N d"}
    function = Function(lambda x, params: x @ params["W"] + params["b"], engine, shapes)
    t = function.trace()
    assert t.graph.outputs[0].shape == (Dim("N"), Dim("m"))
    np.testing.assert_array_equal(function(A, {"b": V, "W": np.eye(3)}), A + V)
    assert function.trace({"x": A, "params": {"W": np.eye(3), "b": V}}).graph.outputs == t.graph.outputs


def test_a_function_that_changes_its_dict_does_so_to_its_own() -> None:
    params = {"w": V}

    def f(p):
        p["w"] = p["w"] * 2
        return p["w"]

    function = Function(f, engine)
    for _ in range(2):
        np.testing.assert_array_equal(function(params), 2 * V)
    assert params["w"] is V


def test_variadic_arguments() -> None:
    function = Function(lambda x, *more, **named: x + sum(more) + named["k"], engine)
    assert function(1.0, 2.0, 3.0, k=4.0) == 10
    assert [i.name for i in function.trace(function.bind((1.0, 2.0), {"k": 4.0})).graph.inputs] == [
        "x",
        "more.0",
        "named.k",
    ]


KINDS: list[tuple[Any, Any, Any]] = [
    # declared, value, (shape, kind) of the input, or the value where it is no array
    (None, np.ones((2, 3)), ((2, 3), "float")),
    (None, np.ones(2, np.float32), ((2,), "float")),
    (None, np.arange(3), ((3,), "int")),
    (None, np.array([True]), ((1,), "bool")),
    (None, 0.5, ((), "float")),
    (None, np.float32(0.5), ((), "float")),
    (None, [[1.0, 2], [3, 4]], ((2, 2), "float")),
    (None, [1, 2], ((2,), "int")),
    (None, 3, 3),
    (None, np.int64(3), 3),
    (None, True, True),
    (None, None, None),
    (None, "mean", "mean"),
    ("N d", np.ones((2, 3)), ((Dim("N"), Dim("d")), "float")),
    ("N", np.arange(3), ((Dim("N"),), "int")),
    ("N int", np.arange(3), ((Dim("N"),), "int")),
    ("N int", np.array([True]), ((Dim("N"),), "int")),
    ("bool", np.True_, ((), "bool")),
    ("", 3, ((), "float")),
    ("", 3.0, ((), "float")),
    ((2, "k"), [[1, 2, 3]] * 2, ((2, Dim("k")), "int")),
    (3, (1.0, 2.0, 3.0), ((3,), "float")),
]


@pytest.mark.parametrize(("declared", "value", "expected"), KINDS)
def test_what_is_an_input_and_of_which_kind(declared: Any, value: Any, expected: Any) -> None:
    function = Function(lambda x: 1.0, engine, {} if declared is None else {"x": declared})
    found = function.trace({"x": value}).arguments["x"]
    assert ((found.shape, found.kind) if isinstance(found, Input) else found) == expected


def test_declared_words() -> None:
    function = Function(lambda x, y, b: x, engine, {"x": "N d", "y": "N int", "b": ""})
    assert function.declared == {
        "x": Declared((Dim("N"), Dim("d"))),
        "y": Declared((Dim("N"),), "int"),
        "b": Declared(()),
    }


def test_pythons_own_numbers_take_the_precision_of_the_arrays() -> None:
    function = Function(lambda x, a, y: x * a, engine, {"y": "N int"})
    bound = function.bind((np.ones(2, np.float32), 0.1, [True]), {})
    values = function.trace(bound).flatten(bound)
    assert [values[n].dtype for n in ("x", "a", "y")] == [np.float32, np.float32, np.int64]
    assert function(np.ones(2, np.float32), 0.1, [True]).dtype == np.float32
    assert function(np.ones(2, np.float32), np.float64(0.1), [True]).dtype == np.float64
