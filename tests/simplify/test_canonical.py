"""One representative for all that is equal by the laws of rings; both directions of the chain rule agree in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.derive import jacobian, reverse
from chainrule.explain.properties import with_properties
from chainrule.ir.build import as_node, constant
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call, record
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from chainrule.simplify import simplify, stabilise
from chainrule.simplify.canonical import canonical, forms_kept

N = Dim("N")
x, y, z = (Input.of(name, (2, 3)) for name in "xyz")
v, s, w = Input.of("v", (3,)), Input.of("s", ()), Input.of("w", (3, 4))
q, r = Input.of("q", (3, 3)), Input.of("r", (3, 3))
X, labels = Input.of("X", (N, 3)), Input.of("labels", (N,), "int")
row = Input.of("row", (1, 3))


def spread(node: Any, shape: tuple[Any, ...] = (2, 3)) -> Any:
    return call("broadcast_to", as_node(node), shape)


def sigma(node: Any) -> Any:
    return call("sigmoid", node)


def softmax(node: Node) -> Node:
    last = len(node.shape) - 1
    return call("exp", node - call("spread", record("logsumexp")(node, axis=last), node.shape, (last,)))  # type: ignore[no-any-return]


p = Input.of("p", (2, 3), properties=frozenset(["simplex"]))
length = call("norm", v)
mask = x > y

EQUAL: dict[str, tuple[Any, Any]] = {
    "commuted sum": (x + y, y + x),
    "commuted product": (x * v, v * x),
    "regrouped": ((x + y) + z, x + (y + z)),
    "written out": ((x + y) * v, x * v + v * y),
    "square of a sum": ((x + y) ** 2, x * x + 2 * x * y + y**2),
    "difference of squares": ((x - y) * (x + y), x**2 - y**2),
    "like terms": (3 * x - x, 2.0 * x),
    "nothing left": (x - x, spread(0.0)),
    "signs": (-(x - y), y - x),
    "quotient by a number": (x / 4, 0.25 * x),
    "quotient of a quotient": (x / y / s, x / (s * y)),
    "quotient by a normalised sum": (x / (2 * y + 2), 0.5 * x / (1 + y)),
    "a square in the divisor": (x / (y + 1) / (1 + y), x / (y + 1) ** 2),
    "a common factor in the divisor": (z / (x * y + x), z / x / (y + 1)),
    "a common power in the divisor": (z / (x**3 * y + x**2), z / (x * y + 1) / x**2),
    "sums in the divisor": (z / ((x + 1) * (y + 1)), z / (y + 1) / (x + 1)),
    "a quotient in the divisor": (z / (x / y + 1 / y), z * y / (x + 1)),
    "power and product": (x**3, x * (x * x)),
    "power of a power": ((x**2) ** -2, 1 / x**4),
    "distributed matmul": ((x + y) @ w, y @ w + x @ w),
    "transposed matmul": ((x @ w).T, w.T @ x.T),
    "regrouped matmul": ((x @ q) @ r, x @ (q @ r)),
    "trace turned round": (call("trace", q @ r), call("trace", r @ q)),
    "number out of a matmul": ((s * x) @ w, s * (x @ w)),
    "sum of a broadcast": (call("sum", spread(v)), 2 * call("sum", v)),
    "sum of a named broadcast": (call("sum", spread(v, (N, 3))), call("sum", v) * X.shape[0]),
    "mean": (call("mean", X), call("sum", X) / (X.shape[0] * 3)),
    "sums of rows and columns": (call("sum", call("sum", x, axis=0)), call("sum", call("sum", x, axis=1))),
    "delta": (call("einsum", "ij,jk->ik", call("eye", 2), x), x),
    "delta in an elementwise product": (call("eye", 3) * q, call("eye", 3) * q.T),
    "sum of a delta": (call("sum", call("eye", 3)), constant(3, "float")),
    "axes kept": (x - call("sum", x, axis=1, keepdims=True), x - call("spread", call("sum", x, axis=1), (2, 3), (1,))),
    "axis of length one": (row * x, call("reshape", row, (3,)) * x),
    "operation of a broadcast": (call("tanh", spread(v)), spread(call("tanh", v))),
    "inside an operation": (call("tanh", (x + y) * 2), call("tanh", y * 2 + 2 * x)),
    "inside a reduction": (call("max", x + y, axis=1), call("max", y + x, axis=1)),
    "commutative operation": (call("maximum", x, y), call("maximum", y, x)),
    "picking and one-hot": (call("pick", X * s, labels), s * call("pick", X, labels)),
    "gathered sum": ((x + y)[:, [0, 2]], x[:, [0, 2]] + y[:, [0, 2]]),
    "whole numbers": (call("astype", 2 * labels + labels, float), 3.0 * call("astype", labels, float)),
    "the other side of the sigmoid": (sigma(y - x), 1 - sigma(x - y)),
    "both sides of the sigmoid": (sigma(x) + sigma(-x), spread(1.0)),
    "odd functions": (call("tanh", y - x) + call("sin", -x), -call("tanh", x - y) - call("sin", x)),
    "even functions": (call("abs", y - x) + call("cos", -2 * x), call("abs", x - y) + call("cos", 2 * x)),
    "logarithm of an exponential": (call("log", call("exp", x + y)), y + x),
    "a softmax adds up to one": (call("sum", softmax(x @ w) * s, axis=1), call("broadcast_to", s, (2,))),
    "a softmax in a sum of products": (call("sum", softmax(x + y) * s, axis=1), call("broadcast_to", s, (2,))),
    "rows of a softmax, counted": (call("sum", softmax(X)), call("astype", X.shape[0], float)),
    "a simplex adds up to one": (call("einsum", "ij,ik->k", p, w[:2]), call("sum", w[:2], axis=0)),
    "cancelled, where the logarithm stands": (call("log", x) + y * x / x, y + call("log", x)),
    "cancelled, where the logarithm of a quotient stands": (call("log", x / y) + y / y, call("log", x / y) + 1),
    "cancelled, where it divides": (1 / x + y * x / x, y + 1 / x),
    "cancelled, never zero": (call("exp", x) * y / call("exp", x), y),
    "cancelled, whatever came before": ((call("log", x) + x / x) - call("log", x), x / x),
    "a length that is guarded": (v / call("where", length == 0, 1.0, length), v / length),
    "the share of a tie": (
        call("where", x >= y, call("where", x == y, 0.5, 1.0), 0.0),
        0.5 * call("astype", x == y, float) + call("astype", x > y, float),
    ),
    "where a relu is on": (call("astype", call("relu", x) > 0, float), call("astype", x > 0, float)),
    "a denial": (call("astype", ~mask, float), 1 - call("astype", mask, float)),
    "a choice turned": (call("where", ~mask, x, y), call("where", mask, y, x)),
    "a number in both branches": (call("where", mask, 2 * x, 4 * y), 2 * call("where", mask, x, 2 * y)),
    "a size under both branches": (
        call("where", X > 0, X / X.shape[0], 3 / (X.shape[0] * 1.0)),
        call("where", X > 0, X, 3.0) / X.shape[0],
    ),
    "branches that differ by a number": (call("where", mask, y - 1, y), y - call("astype", mask, float)),
    "indices nothing tells apart": (
        call("einsum", "ij,jk,ki->", q, q, q),
        call("einsum", "ca,bc,ab->", q, q, q),
    ),
}

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "x/x is not 1 at 0": (x / x, x**0),
    "x/x beside another's logarithm": (x / x + call("log", y), 1 + call("log", y)),
    "x/x beside another's reciprocal": (x / x + 1 / y, 1 + 1 / y),
    "a function without a law": (call("exp", -x), -call("exp", x)),
    "the sigmoid's other side": (sigma(-x), -sigma(x)),
    "a softmax along another axis": (call("sum", softmax(x), axis=0), spread(1.0, (3,))),
    "a weighted softmax": (call("sum", softmax(x) * y, axis=1), call("sum", y, axis=1)),
    "the square of a simplex": (call("sum", p * p, axis=1), spread(1.0, (2,))),
    "a masked product": (call("where", mask, x, 0.0), call("astype", mask, float) * x),
    "a length that is not guarded": (v / call("where", s == 0, 1.0, s), v / s),
    "a sum over itself": ((x + y) / (x + y), x**0),
    "order in a matmul": (q @ r, r @ q),
    "transpose": (q, q.T),
    "sum before a product": (call("sum", x * y), call("sum", x) * call("sum", y)),
    "broadcast along another axis": (spread(v, (3, 3)), spread(v, (3, 3)).T),
    "another function": (call("sin", x), call("cos", x)),
    "difference": (x - y, y - x),
    "another constant": (x * 0.1, x * 0.2),
    "root of a square": (call("sqrt", x * x), x),
}


@pytest.mark.parametrize("name", EQUAL)
def test_what_is_equal_has_one_representative(name: str) -> None:
    a, b = EQUAL[name]
    assert canonical(a) is canonical(b)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_has_two(name: str) -> None:
    a, b = DIFFERENT[name]
    assert canonical(a) is not canonical(b)


@pytest.mark.parametrize("name", EQUAL | DIFFERENT)
def test_the_representative_is_sound_its_own_and_equal(name: str, rng: np.random.Generator) -> None:
    for node in (EQUAL | DIFFERENT)[name]:
        check_representative(node, rng)


def check_representative(node: Node, rng: np.random.Generator) -> None:
    found = canonical(node)
    verify([found])
    assert (found.shape, found.kind) == (node.shape, node.kind)
    assert canonical(found) is found
    values = {
        n.name: rng.integers(0, 3, 4)
        if n.kind == "int"
        else with_properties(n, rng.normal(size=[4 if e is N else e for e in n.shape]))
        for n in (X, labels, *toposort([node]))
        if isinstance(n, Input)
    }
    from chainrule.run.interpret import bind

    sizes = bind([X, labels], values)
    want, got = (interpret([n], values, sizes=sizes)[0] for n in (node, found))
    # What is cancelled may have had no number: log x − log x.
    there = np.isfinite(want)
    assert there.any() or not want.size
    scale = max(1.0, float(np.max(np.abs(want), initial=0, where=there)))
    np.testing.assert_allclose(got[there], want[there], rtol=1e-9, atol=1e-9 * scale)


LEAVES = [
    q, r, call("tanh", q), q.T, spread(v, (3, 3)), spread(s, (3, 3)), spread(2.0, (3, 3)), call("eye", 3),
    sigma(q), sigma(-q), softmax(r), call("exp", r), 1 / r, r / s, call("log", call("exp", q)),
]  # fmt: skip
ALIKE: dict[int, Any] = {
    2: lambda: -call("tanh", -q),
    8: lambda: 1 - sigma(-q),
    9: lambda: 1 - sigma(q),
    10: lambda: softmax(r) * call("sum", softmax(r), axis=1, keepdims=True),
    11: lambda: call("exp", r) ** 2 / call("exp", r),
    14: lambda: q,
}
"""Other ways to write a leaf."""


def expressions(depth: int) -> st.SearchStrategy[Any]:
    """Nested tuples: (operation, operands…) over square matrices."""
    leaf = st.integers(0, len(LEAVES) - 1)
    if not depth:
        return leaf
    below = expressions(depth - 1)
    return st.one_of(leaf, st.tuples(st.sampled_from(["add", "sub", "mul", "matmul"]), below, below))


def plain(tree: Any) -> Node:
    """The expression as it is written."""
    if isinstance(tree, int):
        return LEAVES[tree]  # type: ignore[no-any-return]
    name, a, b = tree
    return call(name, plain(a), plain(b))  # type: ignore[no-any-return]


def shuffled(tree: Any, rng: np.random.Generator) -> Node:
    """The same by the laws of rings: operands turned round, sums regrouped and multiplied out; and by other laws."""
    if isinstance(tree, int):
        return ALIKE[tree]() if tree in ALIKE and rng.random() < 0.5 else LEAVES[tree]  # type: ignore[no-any-return]
    name, a, b = tree
    if name == "sub":
        return shuffled(a, rng) + -shuffled(b, rng) if rng.random() < 0.5 else -(shuffled(b, rng) - shuffled(a, rng))
    if name in ("mul", "matmul"):
        for k, part in ((0, a), (1, b)):
            if not isinstance(part, int) and part[0] in ("add", "sub") and rng.random() < 0.7:
                terms = [(name, p, b) if k == 0 else (name, a, p) for p in part[1:]]
                return shuffled((part[0], *terms), rng)
    if name == "matmul":
        turned = shuffled(b, rng).T, shuffled(a, rng).T
        return (turned[0] @ turned[1]).T if rng.random() < 0.5 else turned[1].T @ turned[0].T  # type: ignore[no-any-return]
    if not isinstance(a, int) and a[0] == name and rng.random() < 0.5:
        return call(name, shuffled(a[1], rng), call(name, shuffled(b, rng), shuffled(a[2], rng)))  # type: ignore[no-any-return]
    left, right = shuffled(a, rng), shuffled(b, rng)
    return call(name, right, left) if rng.random() < 0.5 else call(name, left, right)  # type: ignore[no-any-return]


@given(expressions(3), st.integers(0, 1000))
@settings(max_examples=max(150, settings().max_examples))
def test_the_order_of_operands_does_not_matter(tree: Any, seed: int) -> None:
    a, b = plain(tree), shuffled(tree, np.random.default_rng(seed))
    assert canonical(a) is canonical(b)


@given(expressions(3), st.integers(0, 1000))
def test_random_expressions_keep_their_numbers(tree: Any, seed: int) -> None:
    check_representative(plain(tree), np.random.default_rng(seed))


Activation = Callable[[Node], Node]
ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda h: h,
    "tanh": lambda h: call("tanh", h),  # type: ignore[no-any-return]
    "relu": lambda h: call("relu", h),  # type: ignore[no-any-return]
}


def mean_square(output: Node) -> Node:
    return call("sum", (output - Input.of("t", (N, 2))) ** 2) / (2 * X.shape[0])  # type: ignore[no-any-return]


def one_hot_cross_entropy(output: Node) -> Node:
    logs = output - call("spread", record("logsumexp")(output, axis=1), (N, 2), (1,))
    return -call("sum", Input.of("t", (N, 2)) * logs) / X.shape[0]  # type: ignore[no-any-return]


def labelled_cross_entropy(output: Node) -> Node:
    logs = output - call("spread", record("logsumexp")(output, axis=1), (N, 2), (1,))
    return -call("mean", call("pick", logs, labels))  # type: ignore[no-any-return]


@pytest.mark.parametrize("loss", [mean_square, one_hot_cross_entropy, labelled_cross_entropy])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_both_directions_find_the_same_gradient(layers: int, activation: str, loss: Callable[[Node], Node]) -> None:
    sizes = [*[3, 5, 4, 6][:layers], 2]
    weights = [Input.of(f"w{k}", (sizes[k], sizes[k + 1])) for k in range(layers)]
    biases = [Input.of(f"b{k}", (sizes[k + 1],)) for k in range(layers)]
    h: Node = X
    for k in range(layers):
        h = h @ weights[k] + biases[k]
        h = ACTIVATIONS[activation](h) if k < layers - 1 else h
    out = loss(h)
    found = reverse({out: constant(1, "float")}, [*weights, *biases])
    for parameter in (*weights, *biases):
        pulled, pushed = found.get(parameter), jacobian([out], parameter)[0]
        assert canonical(pushed) is canonical(pulled)
        graph = Graph((), (pulled,))
        assert canonical(simplify(stabilise(graph)).outputs[0]) is canonical(pulled)


@pytest.mark.slow
def test_a_deep_expression_has_a_representative() -> None:
    node: Node = v
    for _ in range(20_000):
        node = call("tanh", node)
    assert canonical(node) is node


def test_what_is_kept_for_a_while_is_what_is_found_anew() -> None:
    a, b = (x + y) * (x - y), x * x - y * y
    alone = canonical(a)
    with forms_kept():
        assert canonical(x + y) is canonical(y + x)
        assert canonical(a) is alone
        with forms_kept():
            assert canonical(b) is alone
    assert canonical(b) is alone
