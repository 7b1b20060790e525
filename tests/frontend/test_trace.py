"""Tracing: names, numbers, arguments, and when a trace is used again."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.derive import reverse
from chainrule.frontend import Declared, Function, Traced, name
from chainrule.ir import registry
from chainrule.ir.build import constant
from chainrule.ir.dims import Dim
from chainrule.ir.errors import ArgumentError, ChainruleError, ShapeError, TraceError
from chainrule.ir.node import Const, Input
from chainrule.ir.verify import verify
from chainrule.run.interpret import bind, interpret

relu = registry.record("relu")


def engine(function: Function, bound: dict[str, Any]) -> Any:
    traced = function.trace(bound)
    values = traced.flatten(bound)
    return traced.unflatten(interpret(traced.graph.outputs, values, sizes=bind(traced.graph.inputs, values)))


def traced(f: Callable[..., Any], *args: Any, **shapes: Any) -> Traced:
    function = Function(f, engine, shapes)
    return function.trace(function.bind(args, {}) if args else None)


def named(t: Traced) -> list[str]:
    """The names of what is no input, in order."""
    return [text for node, text in t.graph.names.items() if not isinstance(node, Input)]


# --- names ---------------------------------------------------------------------------------------------------------


def loss(x, y, w1, b1, w2, b2):
    l1 = relu(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return ((l2 - y) ** 2).sum() / x.shape[0]


def looped(x, w):
    h = x
    for _ in range(3):
        h = np.tanh(h @ w)
    out = h.sum()
    return out


def on_one_line(x):
    h = x
    for _ in range(2): h = np.sin(h)  # fmt: skip  # noqa: E701
    return h


def branched(x):
    a = x * 2
    b = a
    a = b + 1
    h1 = a * a
    h = np.exp(h1)
    h = np.exp(h)
    return h


def changes_its_argument(x):
    x = x * 2
    return x.sum()


def explicit(x):
    return name(np.exp(name(x * 2, "inner")), "result") + 1


def explicit_wins(x):
    a = name(x * 2, "scaled")
    return a * a


def with_a_helper(x):
    def helper(v):
        inside = v * 3
        return inside

    a = helper(x)
    return a + a * 2


inlined = Function(lambda x: changes_its_argument(x), engine)


def with_an_inlined_function(x):
    before = x + 1
    after = inlined(before)
    return after


def dead(x):
    unused = np.exp(x)  # noqa: F841
    used = np.sin(x)
    return used


def constants(x):
    half = 0.5
    grid = np.arange(3.0)
    scaled = x * half * grid
    return scaled


def twice(f):
    @functools.wraps(f)
    def wrapper(*args):
        outside = f(*args)
        return outside * 2

    return wrapper


@twice
def decorated(x):
    inner = x + 1
    return inner


def loss_is_taken(x):
    loss_is_taken = x * 2
    return loss_is_taken.sum()


def recursive(x, n=2):
    step = np.sin(x)
    return step if n == 0 else recursive(step, n - 1)


NAMES: list[tuple[Callable[..., Any], dict[str, str], list[str]]] = [
    (loss, {"x": "N d", "y": "N k", "w1": "d m", "b1": "m", "w2": "m k", "b2": "k"}, ["l1", "l2", "loss"]),
    (looped, {"x": "N d", "w": "d d"}, ["h1", "h2", "h3", "out"]),
    (on_one_line, {"x": "3"}, ["h1", "h2"]),
    (branched, {"x": "3"}, ["a1", "a2", "h1", "h_1", "h_2"]),
    (changes_its_argument, {"x": "3"}, ["x1", "changes_its_argument"]),
    (explicit, {"x": "3"}, ["inner", "result"]),
    (explicit_wins, {"x": "3"}, ["scaled"]),
    (with_a_helper, {"x": "3"}, ["a"]),
    (with_an_inlined_function, {"x": "3"}, ["before", "after"]),
    (dead, {"x": "3"}, ["used"]),
    (constants, {"x": "3"}, ["scaled"]),
    (decorated, {"x": "3"}, ["inner"]),
    (loss_is_taken, {"x": "3"}, ["loss_is_taken"]),
    (recursive, {"x": "3"}, ["step"]),
    (lambda x: x.sum(), {"x": "3"}, []),
    (functools.partial(looped, w=np.eye(3)), {"x": "2 3"}, ["h1", "h2", "h3", "out"]),
]


@pytest.mark.parametrize(("f", "shapes", "expected"), NAMES, ids=lambda v: getattr(v, "__name__", ""))
def test_local_variables_give_their_names(f: Any, shapes: dict[str, str], expected: list[str]) -> None:
    t = traced(f, **shapes)
    assert named(t) == expected
    assert [t.graph.names[i] for i in t.graph.inputs][: len(shapes)] == list(shapes)
    assert len(set(t.graph.names.values())) == len(t.graph.names)
    verify(t.graph.outputs)


PARAMETERS: list[tuple[Callable[..., Any], Any, list[str]]] = [
    (lambda p: p["W1"] + p["b"], {"W1": np.ones(2), "b": 1.0}, ["W1", "b"]),
    (lambda p: p[0] + p[1], [np.ones(2), np.ones(2)], ["p_0", "p_1"]),
    (lambda p: p["a"]["w"] + p["b"]["w"], {"a": {"w": np.ones(2)}, "b": {"w": np.ones(2)}}, ["p_a_w", "p_b_w"]),
    (lambda p: p["p"] * 1.0, {"p": np.ones(2)}, ["p_p"]),
    (lambda p: p["lambda"] + p["a b"], {"lambda": np.ones(2), "a b": np.ones(2)}, ["p_lambda", "p_a_b"]),
]


@pytest.mark.parametrize(("f", "value", "expected"), PARAMETERS)
def test_leaves_of_a_structure_are_called_by_their_keys(f: Any, value: Any, expected: list[str]) -> None:
    t = traced(f, value)
    assert [t.graph.names[i] for i in t.graph.inputs] == expected


def test_a_variable_that_is_no_alias_takes_the_short_name() -> None:
    def f(params):
        W1, b1 = params["W1"], params["b1"]
        b1 = b1 * 2
        return W1 + b1

    t = traced(f, {"W1": np.ones(2), "b1": np.ones(2)})
    assert list(t.graph.names.values()) == ["W1", "params_b1", "b1"]


def test_named_intermediates_know_their_lines() -> None:
    t = traced(loss, **NAMES[0][1])
    first = loss.__code__.co_firstlineno
    assert [(t.graph.names[n], line - first) for n, line in t.line_of.items()] == [("l1", 1), ("l2", 2)]


def test_a_name_is_checked_and_does_nothing_outside_a_trace() -> None:
    x = np.ones(2)
    assert name(x, "a") is x
    with pytest.raises(ChainruleError, match="a name is a Python identifier, not 'two words'"):
        name(x, "two words")


@pytest.mark.parametrize("fails", [False, True])
def test_another_trace_function_goes_on_working(fails: bool) -> None:
    seen: list[tuple[str, str]] = []

    def tracer(frame: Any, event: str, arg: Any) -> Any:
        seen.append((frame.f_code.co_name, event))
        return tracer

    def f(x: Any) -> Any:
        a = x * 2
        if fails:
            raise KeyError
        return a

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        if fails:
            with pytest.raises(KeyError):
                traced(f, x="3")
        else:
            assert named(traced(f, x="3")) == ["a"]
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)
    assert ("f", "call") in seen
    assert ("f", "line") in seen
    assert ("f", "return") in seen


def test_a_trace_function_that_installs_itself_again_is_put_back() -> None:
    class Stubborn:
        def __call__(self, frame: Any, event: str, arg: Any) -> Any:
            if event == "call":
                sys.settrace(self)
            return self

    before = sys.gettrace()
    sys.settrace(Stubborn())
    try:
        found = named(traced(with_a_helper, x="3"))
    finally:
        sys.settrace(before)
    assert found == ["a"]


def test_threads_do_not_mix_their_names() -> None:
    found: dict[int, list[str]] = {}

    def work(n: int) -> None:
        def f(x):
            a = x * n
            for _ in range(50):
                a = np.sin(a)
            return a

        found[n] = named(traced(f, x="3"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [f"a{i}" for i in range(1, 52)] for n in range(2, 6)}


# --- numbers -------------------------------------------------------------------------------------------------------

A = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
B = np.array([[0.2, 0.9], [-0.5, 0.8], [1.3, -0.4]])
V = np.array([0.5, -0.7, 1.9])

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
    shapes = NAMES[0][1]
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


# --- structures ----------------------------------------------------------------------------------------------------


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


# --- calls ---------------------------------------------------------------------------------------------------------


def test_a_function_keeps_what_it_wraps() -> None:
    function = Function(loss, engine)
    assert function.__wrapped__ is loss
    assert (function.name, function.__name__, function.__doc__) == ("loss", "loss", loss.__doc__)
    assert list(function.signature.parameters) == ["x", "y", "w1", "b1", "w2", "b2"]
    assert repr(function) == "<chainrule function loss(x, y, w1, b1, w2, b2)>"


def test_a_function_is_inlined_while_another_is_traced_even_on_constants() -> None:
    ran: list[str] = []

    def spy(function: Function, bound: dict[str, Any]) -> Any:
        ran.append(function.name)
        return engine(function, bound)

    @functools.partial(Function, engine=spy)
    def inner(w, x=2.0):
        return w * x

    def outer(x):
        return inner(np.ones(3), x) + inner({"w": x}["w"]) + inner(np.ones(3))

    np.testing.assert_array_equal(Function(outer, spy)(V), V + 2 * V + 2)
    assert ran == ["outer"]
    x = Input.of("x", (3,))
    assert inner(x) is x * 2.0


# --- traces are kept -----------------------------------------------------------------------------------------------

GLOBAL = np.ones(3)
SETTINGS = {"scale": 2.0}


class Model:
    def __init__(self) -> None:
        self.w = 2.0

    def loss(self, x: Any) -> Any:
        return x * self.w


def test_a_trace_is_kept_for_shapes_kinds_and_fixed_values() -> None:
    calls: list[int] = []

    def f(x, n=1):
        calls.append(n)
        return x * n

    function = Function(f, engine)
    rows = [
        ({"x": np.ones(3), "n": 1}, 1),
        ({"x": np.zeros(3), "n": 1}, 1),
        ({"x": np.ones(3, np.float32), "n": 1}, 1),
        ({"x": np.ones(4), "n": 1}, 2),
        ({"x": np.ones(3), "n": 2}, 3),
        ({"x": np.ones(3), "n": True}, 4),
        ({"x": np.ones(3, int), "n": 1}, 5),
        ({"x": np.ones(3), "n": 1.0}, 6),
        ({"x": np.ones(3), "n": 1}, 6),
    ]
    # The list that counts is part of the closure; it must not be what tells the traces apart.
    function.__wrapped__.__defaults__ = (1,)
    for bound, _ in rows:
        function.trace(bound)
    assert len(calls) == len(rows)

    silent = Function(lambda x, n=1: x * n, engine)
    seen: list[Traced] = []
    for bound, expected in rows:
        t = silent.trace(bound)
        if not any(t is s for s in seen):
            seen.append(t)
        assert len(seen) == expected


def test_a_trace_follows_what_the_function_takes_from_its_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    here = np.ones(3)
    model = Model()
    helper = lambda v: v * GLOBAL * SETTINGS["scale"]  # noqa: E731

    def f(x):
        return helper(x) * here * model.w

    function, method = Function(f, engine), Function(model.loss, engine)
    first = function.trace({"x": V})
    assert function.trace({"x": V}) is first
    np.testing.assert_array_equal(function(V), 4 * V)
    here[:] = 3
    np.testing.assert_array_equal(function(V), 12 * V)
    monkeypatch.setitem(globals(), "GLOBAL", np.full(3, 2.0))
    np.testing.assert_array_equal(function(V), 24 * V)
    monkeypatch.setitem(SETTINGS, "scale", 1.0)
    np.testing.assert_array_equal(function(V), 12 * V)
    np.testing.assert_array_equal(method(V), 2 * V)
    model.w = 0.5
    np.testing.assert_array_equal(function(V), 3 * V)
    np.testing.assert_array_equal(method(V), 0.5 * V)
    helper = lambda v: v  # noqa: E731
    np.testing.assert_array_equal(function(V), 1.5 * V)
    large = np.zeros(100_000)
    on_large = Function(lambda: large.sum() * 1.0, engine)
    assert on_large() == 0
    large[:] = 1
    assert on_large() == 100_000


def test_random_constants_are_drawn_anew() -> None:
    rng = np.random.default_rng(0)
    function = Function(lambda x: x * rng.normal(), engine)
    assert function(1.0) != function(1.0)
    # With the generator in reach but the same graph, the trace is the same.
    unused = Function(lambda x: x * 2.0 if rng else x, engine)
    assert unused.trace({"x": V}) is unused.trace({"x": V})


def test_only_the_latest_traces_are_kept() -> None:
    function = Function(lambda x: x, engine)
    traces = [function.trace({"x": np.ones(n)}) for n in range(70)]
    assert function.trace({"x": np.ones(69)}) is traces[69]
    assert function.trace({"x": np.ones(6)}) is traces[6]
    assert function.trace({"x": np.ones(5)}) is not traces[5]


# --- refusals ------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: traced(loss), ArgumentError, "the shape of loss's argument 'x' is not known: declare it"),
    (lambda: traced(lambda x: x, A, x="N"), ShapeError, r"x has shape \(2, 3\), but \(N,\) was declared: 2 axes"),
    (lambda: traced(lambda x: x, A, x="N d int"), ArgumentError, "x was declared int, but an array of float64"),
    (lambda: traced(lambda x: x, A * 1j), ArgumentError, "x is an array of real numbers, but made of complex128"),
    (lambda: traced(lambda x: x, "a", x="N"), ArgumentError, "x is an array of real numbers, but a str was given"),
    (lambda: traced(lambda x: x, [[1.0], [1.0, 2.0]]), ArgumentError, "x is no array: .*inhomogeneous"),
    (lambda: traced(lambda x: x, x="N -3"), ShapeError, r"'N -3' is no shape for x: write names or integers"),
    (lambda: traced(lambda x: x, x=(3, -1)), ShapeError, r"\(3, -1\) is no shape for x"),
    (lambda: traced(lambda x: x, x=2.5), ShapeError, r"2.5 is no shape for x"),
    (lambda: traced(lambda x: x, [A], x={"w": "N"}), ArgumentError, "x is a dict with w, not a list"),
    (lambda: traced(lambda x: x, {"v": A}, x={"vv": "N"}), ArgumentError, "x has no entry 'v'; did you mean 'vv'"),
    (lambda: traced(lambda x: x, {}, x={"w": "N"}), ArgumentError, "x lacks its entry 'w'"),
    (lambda: traced(lambda x: 1.0, {"a.b": V, "a": {"b": V}}), ArgumentError, "two arrays are both called 'x.a.b'"),
    (lambda: Function(loss, engine, {"w3": "N"}), ArgumentError, "loss has no argument 'w3'; did you mean"),
    (lambda: traced(lambda x: None, V), TraceError, "returned None: is its return statement missing"),
    (lambda: traced(lambda x: {"a": "b"}, V), TraceError, r"returned 'b' \(at a\), which is no number or array"),
    (lambda: traced(lambda x: object(), V), TraceError, "returned object, which is no number or array"),
    (lambda: traced(lambda x, n: x, V, 3).leaves("n"), ArgumentError, "'n' of <lambda> is 3, a fixed value"),
    (lambda: traced(lambda x: x["w1"], {"w1": V}).leaves("x.w2"), ArgumentError, "'x.w2'; did you mean 'x.w1'"),
    (lambda: traced(lambda x: x["w"], {"w": V}).flatten({"x": {"v": V}}), ArgumentError, "x is structured otherwise"),
    (lambda: Function(loss)(*[V] * 6), ChainruleError, "loss has no engine"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


CALLS: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((1, 2), {"w3": 3}, "f has no argument 'w3'; did you mean 'w1'? Its arguments are x, y, w1"),
    ((1, 2), {"w1": 3, "zzz": 4}, "f has no argument 'zzz'. Its arguments are x, y, w1"),
    ((1, 2, 3, 4), {}, "f takes 3 arguments (x, y, w1), but 4 are given"),
    ((1, 2), {"x": 3}, "f is given its argument 'x' twice, by position and by name"),
    ((1,), {}, "f lacks the arguments 'y' and 'w1'. Its arguments are x, y, w1"),
    ((1,), {"w1": 3}, "f lacks the argument 'y'. Its arguments are x, y, w1"),
]


@pytest.mark.parametrize(("args", "kwargs", "message"), CALLS)
def test_calls_that_do_not_fit(args: Any, kwargs: Any, message: str) -> None:
    def f(x, y, w1):
        return x

    with pytest.raises(ArgumentError) as caught:
        Function(f, engine)(*args, **kwargs)
    assert str(caught.value) == message
