"""Calling functions, binding their arguments, and when a trace is used again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.frontend import Function, Traced
from chainrule.ir.errors import ArgumentError, ChainruleError, ShapeError, TraceError
from chainrule.ir.node import Input
from tests.frontend.tracing import A, V, engine, loss, traced


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
    (lambda: traced(lambda x, n: x, V, 3).leaves("n"), ArgumentError, "'n' of f is 3, a fixed value"),
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
