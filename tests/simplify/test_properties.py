"""Declared properties at work: in `canonical`, in closed forms, and in the list of what was used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.evaluate import random_point
from chainrule.explain.properties import rounded
from chainrule.ir.build import as_node
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.pipeline import gradient_graph
from chainrule.simplify import canonical, properties
from chainrule.simplify.properties import used_before, used_properties
from chainrule.simplify.telling import told

SYMMETRIC = frozenset(("symmetric",))


def pairs(A: Node) -> list[tuple[Node, Node]]:
    """Expressions that are equal where A is symmetric, and else are not."""
    x, y, B = Input.of("x", (3,)), Input.of("y", (3,)), Input.of("B", (3, 3))
    return [
        (A, A.T),
        (A @ x, x @ A),
        (x @ A @ y, y @ A @ x),
        (A @ B @ A, (A @ B.T @ A).T),
        (A * A, A * A.T),
        (call("exp", A + B), call("exp", A.T + B)),
        (call("einsum", "ij,jk,kl->il", A, A, B), call("einsum", "ji,kj,kl->il", A, A, B)),
        (call("einsum", "ij,jk,ki->", A, B, B), call("einsum", "ji,jk,ki->", A, B, B)),
    ]


@pytest.mark.parametrize("number", range(len(pairs(Input.of("A", (3, 3))))))
def test_canonical_forms_know_what_is_symmetric(number: int) -> None:
    left, right = pairs(Input.of("A", (3, 3), "float", SYMMETRIC))[number]
    assert canonical(left) is canonical(right)
    left, right = pairs(Input.of("A", (3, 3)))[number]
    assert canonical(left) is not canonical(right)


@pytest.mark.parametrize("name", "bcdefghk")
def test_it_does_not_matter_from_which_side_a_symmetric_matrix_is_met(name: str) -> None:
    """Indices are numbered by what they touch, and of two axes that can be exchanged none is the first."""
    A, u, v = Input.of("A", (3, 3), "float", SYMMETRIC), Input.of(name, (3,)), Input.of("v", (3,))
    assert canonical(u @ A @ v) is canonical(v @ A @ u)
    assert canonical(call("exp", u) @ A @ A @ v) is canonical(v @ A @ A @ call("exp", u))


def test_only_the_last_two_axes_are_exchanged() -> None:
    A = Input.of("A", (3, 3, 3), "float", SYMMETRIC)
    extents = {0: 3, 1: 3, 2: 3}
    turned = [Einsum.of([A], [sub], (0, 1, 2), dict(extents)) for sub in ((0, 2, 1), (1, 0, 2))]
    assert canonical(turned[0]) is canonical(A)
    assert canonical(turned[1]) is not canonical(A)


def used(f: Callable[..., Any], wrt: str, **shapes: str) -> dict[str, str]:
    traced = cr.function(**shapes)(f).trace()
    found = gradient_graph(traced, traced.leaves(wrt))
    names = {node: name for node, name in found.forward.names.items() if name != "f"}
    return {node.name: what for node, what in used_properties(found.gradients[0], names, found.forward.outputs[:1])}


def test_what_a_closed_form_used_is_listed() -> None:
    def quadratic(x: Any, A: Any) -> Any:
        return x @ A @ x

    assert used(quadratic, "x", x="n", A="n n symmetric") == {"A": "symmetric"}
    assert used(quadratic, "x", x="n positive", A="n n symmetric positive") == {"A": "symmetric"}
    assert used(quadratic, "A", x="n", A="n n symmetric") == {}
    assert used(quadratic, "x", x="n", A="n n") == {}

    def entropy(Z: Any, Y: Any) -> Any:
        return -(Y * cr.log_softmax(Z)).sum()

    assert used(entropy, "Z", Z="N k", Y="N k simplex") == {"Y": "simplex"}


def test_what_was_used_before_differentiating_is_listed() -> None:
    graph = cr.function(x="n positive", y="n positive")(lambda x, y: (np.sqrt(x) ** 2 * y).sum()).trace().graph
    assert [(node.name, what) for node, what in used_before(graph)] == [("x", "positive")]


def test_of_several_outputs_one_is_enough() -> None:
    x, y = Input.of("x", (), properties=frozenset(["positive"])), Input.of("y", ())
    graph = Graph((x, y), (call("exp", y), call("sqrt", x) ** 2))
    assert used_before(graph) == ((x, "positive"),)


def test_what_has_a_name_uses_nothing() -> None:
    """Of a product that the reader has a name for nobody sees how it is spelled."""
    A, x, y = Input.of("A", (3, 3), properties=SYMMETRIC), Input.of("x", (3,)), Input.of("y", (3,))
    product = x @ A
    assert used_properties(product * y, {}) == ((A, "symmetric"),)
    assert used_properties(product * y, {x: "x", product: "h"}) == ()
    assert used_properties(product * y, {product: "h"}, [product @ y]) == ()


def test_a_closed_form_is_asked_about_in_the_words_of_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    A, x = Input.of("A", (3, 3), properties=SYMMETRIC), Input.of("x", (3,))
    function, product, closed = x @ A @ x, x @ A, 2 * (A @ x)
    asked: list[tuple[Node, dict[Node, str], list[Node]]] = []

    def spied(gradient: Node, names: dict[Node, str], function: Sequence[Node]) -> Node:
        asked.append((gradient, dict(names), list(function)))
        return told(gradient, names, function)

    monkeypatch.setattr(properties, "told", spied)
    used_properties(closed, {product: "h", x: "x"}, [function])
    assert len(asked) == 2
    (gradient, names, outputs), plainly = asked
    assert gradient is closed
    assert outputs[0] is function
    assert [(node, name) for node, name in names.items()] == [(product, "h"), (x, "x")]
    B = Input.of("A", (3, 3))
    assert (plainly[0], plainly[2][0]) == (2 * (B @ x), x @ B @ x)
    assert list(plainly[1].items()) == [(x @ B, "h"), (x, "x")]


def test_where_nothing_is_declared_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> Node:
        raise AssertionError("told a closed form that can owe nothing to a property")

    monkeypatch.setattr(properties, "told", never)
    x = Input.of("x", (3,))
    assert used_properties(2 * x, {x: "x"}, [x @ x]) == ()


def test_the_properties_of_an_input_are_listed_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every process, though a set of words has another order in each."""
    words = ["five", "four", "one", "seven", "six", "three", "two"]

    def counted(gradient: Node, *_: object) -> Node:
        (x,) = (node for node in toposort([gradient]) if isinstance(node, Input))
        return as_node(float(len(x.properties)))

    monkeypatch.setattr(properties, "told", counted)
    x = Input.of("x", (3,), properties=frozenset(words))
    assert used_properties(2 * x, {x: "x"}) == tuple((x, word) for word in words)


@pytest.mark.parametrize("seed", range(5))
def test_random_points_have_the_declared_properties(seed: int) -> None:
    @cr.function(
        A="2 n n symmetric", p="N k simplex", x="n positive", D="n n symmetric simplex", i="n int simplex",
        j="n n int symmetric positive", y="n",
    )  # fmt: skip
    def f(A: Any, p: Any, x: Any, D: Any, i: Any, j: Any, y: Any) -> Any:
        return A.sum() + p.sum() + (x * y).sum() + (D * j).sum() + i.sum()

    values, _ = random_point(f.trace().graph, seed)
    assert f(**values) is not None, "a value that is not as declared would be refused"
    assert (values["y"] < 0).any() or seed, "what is not declared positive is drawn of both signs"
    assert (values["x"] > 0).all()
    for name in "ADj":
        np.testing.assert_array_equal(values[name], np.swapaxes(values[name], -1, -2))
    for name in "pD":
        short = rounded(f.trace().arguments[name], values[name])
        np.testing.assert_allclose(short.sum(-1), 1, rtol=1e-12)
        assert (short >= 0).all()
        assert f(**{**values, name: short}) is not None
        np.testing.assert_allclose(10 * short, np.round(10 * short), atol=1e-12)
    for name in "pDi":
        np.testing.assert_allclose(values[name].sum(-1), 1, rtol=1e-12)
        assert (values[name] >= 0).all()


def test_a_derivation_is_verified_at_points_that_have_the_property() -> None:
    """At other points 2Ax would deviate from the slope."""
    d = cr.derive(cr.function(x="n", A="n n symmetric")(lambda x, A: x @ A @ x), "x")
    assert str(d.closed_form) == "2Ax"
    assert d.verify() < 1e-9


CHAINS: list[tuple[Callable[..., Any], str, str]] = [
    (lambda A, B, Y: ((A @ B - Y) ** 2).sum(), "A", "2(AB - Y)B"),
    (lambda A, B, Y: ((A @ B - Y) ** 2).sum(), "B", "2A(AB - Y)"),
    (lambda A, B, Y: ((A @ B @ A - Y) ** 2).sum(), "B", "2A(ABA - Y)A"),
    (lambda A, B, Y: (Y.T @ A @ B).sum(), "Y", "A(Σ_d B[:, d])ᵀ"),
    (lambda A, B, Y: np.trace(A @ B @ A), "A", "BA + AB"),
]


@pytest.mark.parametrize(("f", "wrt", "closed"), CHAINS)
def test_no_symmetric_matrix_is_transposed_in_a_chain(f: Callable[..., Any], wrt: str, closed: str) -> None:
    d = cr.derive(cr.function(A="n n symmetric", B="n n symmetric", Y="n n")(f), wrt)
    assert str(d.closed_form) == closed
    assert d.verify() < 1e-9
