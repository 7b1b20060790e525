"""Formulas as text: what they are worth, and what is refused before anything can happen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  # fills the registry
from chainrule.derive import reverse
from chainrule.frontend import Function, parse
from chainrule.frontend.formula import FUNCTIONS, allowed
from chainrule.ir import registry
from chainrule.ir.build import constant
from chainrule.ir.dims import Dim
from chainrule.ir.records import Structural
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from tests.frontend.tracing import engine

A = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([[0.2, 0.9], [-0.5, 0.8], [1.3, -0.4]])
V = np.array([0.5, -0.7, 1.9])
SHAPES = {"x": "N d", "w": "d m", "v": "3"}


VALUES: list[tuple[str, Any]] = [
    ("x", A),
    ("x @ w", A @ W),
    ("-x + +x * 2 - x / 4", -A + 2 * A - A / 4),
    ("2 - 3 - 4", -5),
    ("2 ** 3 ** 2", 512),
    ("-2 ** 2", -4),
    ("(2 ** 60) * 2 ** -60", 1),
    ("7 / 2", 3.5),
    ("2 ** 0.5 * sqrt(2)", 2),
    ("sum(x) / x.shape[0]", A.sum() / 2),
    ("x.shape[1] * v.shape[-1]", 9),
    ("mean(x, axis=0) + x.mean(axis=0) + x.mean(0)", 3 * A.mean(axis=0)),
    ("sum(x, axis=(0, 1), keepdims=True)", A.sum(axis=(0, 1), keepdims=True)),
    ("max(x, axis=-1) - x.min(axis=1)", A.max(axis=1) - A.min(axis=1)),
    ("prod(v) * norm(v)", V.prod() * np.linalg.norm(V)),
    ("tanh(x) + sin(x) * exp(-x)", np.tanh(A) + np.sin(A) * np.exp(-A)),
    ("relu(x) + maximum(x, 0) + abs(x)", 2 * np.maximum(A, 0) + abs(A)),
    ("where((x > 0) & ~(x > 1) | (x == 1.1), x, 0)", np.where((A > 0) & ~(A > 1) | (A == 1.1), A, 0)),
    ("clip(x, -1, 0.5)", np.clip(A, -1, 0.5)),
    ("where(x <= 0.3, 1, 2) + where(x != 0.3, 1, 2)", np.where(A <= 0.3, 1, 2) + np.where(A != 0.3, 1, 2)),
    ("where(v >= 0.5, 1, 2) + where(v < 0.5, 1, 2)", np.full(3, 3)),
    ("logsumexp(x, axis=1)", np.log(np.exp(A).sum(axis=1))),
    ("dot(v, v) + outer(v, v)[0, 1] + trace(x.T @ x)", V @ V + V[0] * V[1] + (A**2).sum()),
    ("v[0] + v[-1] + sum(v[:2]) + v[::-1][0]", V[0] + V[-1] + V[:2].sum() + V[-1]),
    ("w.T @ x.T", W.T @ A.T),
    ("pi * e", np.pi * np.e),
    ("e = x * 2; sum(e)", 2 * A.sum()),
    ("pi = 3; pi * v", 3 * V),
    ("h = tanh(x)\nh = h * 2\n\nsum(h)", 2 * np.tanh(A).sum()),
    ("  a = x * 2;\r\n  b = (a +\n   1)\n  b", 2 * A + 1),
    ("r = sum(x);", A.sum()),
    ("θ = v; sum(θ)", V.sum()),
    (".5e-1 * v + 1. * v", 1.05 * V),
    ("+".join(["v"] * 900), 900 * V),
    ("(" * 99 + "v" + ")" * 99, V),
]


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text[:40] for text, _ in VALUES])
def test_a_formula_is_worth_what_numpy_says(text: str, expected: Any) -> None:
    f = parse(text, engine=engine, **SHAPES)
    np.testing.assert_allclose(f(A, W, V), expected, rtol=1e-13)
    np.testing.assert_allclose(f(v=V, w=W, x=A), expected, rtol=1e-13)
    verify(f.trace().graph.outputs)


def test_a_network_as_text_is_the_network_as_a_function(rng: np.random.Generator) -> None:
    text = "l1 = tanh(x@w1 + b1); l2 = l1@w2 + b2; mean((l2 - y)**2)"
    shapes = {"x": "N d", "y": "N k", "w1": "d m", "b1": "m", "w2": "m k", "b2": "k"}
    formula = parse(text, engine=engine, name="loss", **shapes)

    def loss(x, y, w1, b1, w2, b2):
        l1 = np.tanh(x @ w1 + b1)
        l2 = l1 @ w2 + b2
        return np.mean((l2 - y) ** 2)

    one, other = formula.trace().graph, Function(loss, engine, shapes).trace().graph
    assert one.outputs[0] is other.outputs[0]
    assert one.names == other.names
    assert list(one.names.values())[-3:] == ["l1", "l2", "loss"]

    sizes = {"N": 5, "d": 3, "k": 2, "m": 4}
    values = {n: rng.normal(size=[sizes[s] for s in spec.split()]) for n, spec in shapes.items()}
    gradient = reverse({one.outputs[0]: constant(1, "float")}, one.inputs).get(formula.trace().leaves("b1")[0])
    found = interpret([gradient], values)[0]
    for i in range(4):
        step = np.eye(4)[i] * 1e-6
        sides = [loss(**{**values, "b1": values["b1"] + s}) for s in (step, -step)]
        np.testing.assert_allclose(found[i], (sides[0] - sides[1]) / 2e-6, rtol=1e-6)


def test_arguments_are_the_shapes_in_order() -> None:
    f = parse("x @ w", name="g", text="3", **SHAPES)
    assert list(f.signature.parameters) == ["text", "x", "w", "v"]
    assert (f.name, f.__doc__) == ("g", "x @ w")
    assert f.trace().graph.outputs[0].shape == (Dim("N"), Dim("m"))


def test_a_rebound_name_is_numbered_and_a_formula_is_inlined_without_its_names() -> None:
    f = parse("h = tanh(v); h = h * 2; sum(h)", v="n")
    assert list(f.trace().graph.names.values()) == ["v", "h1", "h2", "f"]

    def outer(v):
        z = f(v) + f(v * 3)
        return z

    graph = Function(outer, engine, {"v": "n"}).trace().graph
    assert list(graph.names.values()) == ["v", "z"]
    np.testing.assert_allclose(interpret(graph.outputs, {"v": V})[0], 2 * (np.tanh(V) + np.tanh(3 * V)).sum())


def test_what_a_formula_may_call() -> None:
    internal = {"getitem", "spread", "size", "astype", "reshape", "scatter_add", "pick", "eye", "shape", "concatenate"}
    assert not internal & set(FUNCTIONS)
    callable_here = {n for n in registry.functions() if allowed(n) is not None}
    assert {"tanh", "sum", "mean", "logsumexp", "where", "matmul"} <= callable_here
    assert not callable_here & {*internal, "pow", "clipped", "to_float", "to_int", "to_bool"}
    assert not any(isinstance(registry.functions()[n], Structural) for n in callable_here)
