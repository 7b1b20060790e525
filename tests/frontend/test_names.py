"""What intermediates are called: after the local variables of the function that is traced."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.frontend import Function, name
from chainrule.ir.errors import ChainruleError
from chainrule.ir.verify import verify
from tests.frontend.tracing import NETWORK, engine, loss, named, traced


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
    (loss, NETWORK, ["l1", "l2", "loss"]),
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
    (lambda x: x.sum(), {"x": "3"}, ["f"]),
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
    t = traced(loss, **NETWORK)
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
