"""The closed forms of textbooks, as text: least squares, quadratic forms, traces, factorisation, networks.

A row is a function as somebody may write it; functions that are the same written otherwise end in the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.evaluate import finite_point
from chainrule.frontend.function import Function
from chainrule.frontend.matrix_notation import parse_matrix
from chainrule.ir.node import Node, Size
from chainrule.pipeline import GradientGraph, gradient_graph, wanted
from chainrule.render.formula import show
from chainrule.run.interpret import interpret
from chainrule.simplify import canonical, told

Row = tuple[Callable[..., Any], Mapping[str, str], str, str]


def names_of(derived: GradientGraph) -> dict[Node, str]:
    """What the reader has a name for: arguments and local variables, but not the function itself."""
    own = set(derived.traced.graph.names.values()) - {derived.traced.function}
    return {node: name for node, name in derived.forward.names.items() if name in own}


def derived(function: Function, wrt: str) -> tuple[Node, Node, dict[Node, str]]:
    """The gradient that runs, its closed form, and the names in it."""
    traced = function.trace()
    found = gradient_graph(traced, [i for group in wanted(function, traced, wrt).values() for i in group])
    names = names_of(found)
    return found.gradients[0], told(found.gradients[0], names, found.forward.outputs[:1]), names


def text_of(f: Callable[..., Any], shapes: Mapping[str, str], wrt: str) -> str:
    _, closed, names = derived(cr.function(**shapes)(f), wrt)
    return show(closed, "text", names=names)


# ---------------------------------------------------------------------------------------------- least squares

LEAST = {"X": "n d", "w": "d", "y": "n"}
RIDGE = {**LEAST, "λ": ""}


def with_residual(X: Any, w: Any, y: Any) -> Any:
    r = X @ w - y
    return 0.5 * r @ r


SQUARES: list[Row] = [
    *(
        (f, LEAST, "w", "Xᵀ(Xw - y)")
        for f in (
            lambda X, w, y: 0.5 * np.sum((X @ w - y) ** 2),
            lambda X, w, y: np.sum((X @ w - y) ** 2) / 2,
            lambda X, w, y: 0.5 * ((X @ w - y) @ (X @ w - y)),
            lambda X, w, y: 0.5 * np.sum(np.square(X @ w - y)),
            lambda X, w, y: 0.5 * np.linalg.norm(X @ w - y) ** 2,
            lambda X, w, y: cr.norm(X @ w - y) ** 2 / 2,
        )
    ),
    (with_residual, LEAST, "w", "Xᵀr"),
    *(
        (f, RIDGE, "w", "Xᵀ(Xw - y) + λw")
        for f in (
            lambda X, w, y, λ: 0.5 * np.sum((X @ w - y) ** 2) + 0.5 * λ * (w @ w),
            lambda X, w, y, λ: 0.5 * np.sum((X @ w - y) ** 2) + λ / 2 * np.sum(w**2),
            lambda X, w, y, λ: 0.5 * np.linalg.norm(X @ w - y) ** 2 + λ * np.linalg.norm(w) ** 2 / 2,
        )
    ),
    (
        lambda X, w, y, λ: 0.5 * np.sum((y - X @ w) ** 2) + 0.5 * λ * np.sum(w**2),
        RIDGE,
        "w",
        "-Xᵀ(y - Xw) + λw",
    ),
    (lambda X, w, y, λ: np.sum((X @ w - y) ** 2) + λ * np.sum(w**2), RIDGE, "w", "2(Xᵀ(Xw - y) + λw)"),
    # Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, sections 3.2 and 3.4.1.
    (lambda X, w, y: np.sum((y - X @ w) ** 2), LEAST, "w", "-2Xᵀ(y - Xw)"),
    (lambda X, w, y, λ: np.sum((y - X @ w) ** 2) + λ * np.sum(w**2), RIDGE, "w", "2(λw - Xᵀ(y - Xw))"),
    *(
        (f, {"x": "n", "a": "n"}, "x", "(x - a)/‖x - a‖")
        for f in (
            lambda x, a: np.linalg.norm(x - a),
            lambda x, a: np.sqrt(np.sum((x - a) ** 2)),
            lambda x, a: np.sqrt((x - a) @ (x - a)),
        )
    ),
]

# ---------------------------------------------------------------------------------------------- linear and quadratic

VECTORS = {"x": "n", "a": "n"}
QUADRATIC = {"x": "n", "A": "n n"}
BILINEAR = {"X": "n m", "a": "n", "b": "m"}
WEIGHTED = {"x": "n", "A": "n k", "s": "k", "W": "n n symmetric"}
QUADRATICS = (
    lambda x, A: x @ A @ x,
    lambda x, A: x.T @ A @ x,
    lambda x, A: x @ (A @ x),
    lambda x, A: np.sum(x * (A @ x)),
    lambda x, A: np.dot(x, A @ x),
)

FORMS: list[Row] = [
    *((f, VECTORS, "x", "a") for f in (lambda x, a: a @ x, lambda x, a: x @ a, lambda x, a: np.sum(a * x))),
    *((f, QUADRATIC, "x", "(A + Aᵀ)x") for f in QUADRATICS),
    *((f, {**QUADRATIC, "A": "n n symmetric"}, "x", "2Ax") for f in QUADRATICS),
    *(
        (f, BILINEAR, "X", "abᵀ")
        for f in (lambda X, a, b: a @ X @ b, lambda X, a, b: a.T @ (X @ b), lambda X, a, b: np.sum(a * (X @ b)))
    ),
    *(
        (f, WEIGHTED, "s", "-2AᵀW(x - As)")
        for f in (
            lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s),
            lambda x, A, s, W: (x - A @ s).T @ W @ (x - A @ s),
            lambda x, A, s, W: np.sum((x - A @ s) * (W @ (x - A @ s))),
        )
    ),
    (lambda x, A, s, W: (x - A @ s) @ W @ (x - A @ s), {**WEIGHTED, "W": "n n"}, "s", "-Aᵀ(W + Wᵀ)(x - As)"),
    # Petersen and Pedersen, The Matrix Cookbook, section 2.4.
    (lambda X, a, b: a @ X.T @ b, {"X": "m n", "a": "n", "b": "m"}, "X", "baᵀ"),
    (lambda X, b, c: b @ X.T @ X @ c, {"X": "m n", "b": "n", "c": "n"}, "X", "X(bcᵀ + cbᵀ)"),
    (
        lambda X, b, c, D: (X @ b + c) @ D @ (X @ b + c),
        {"X": "n m", "b": "m", "c": "n", "D": "n n"},
        "X",
        "(D + Dᵀ)(Xb + c)bᵀ",
    ),
    (lambda x, A, b: 0.5 * x @ A @ x - b @ x, {**QUADRATIC, "A": "n n symmetric", "b": "n"}, "x", "Ax - b"),
]

# ---------------------------------------------------------------------------------------------- norms and traces

MATRIX = {"X": "n m"}
PRODUCT = {"X": "n m", "C": "m k"}
FACTORS = {"R": "n m", "U": "n k", "V": "m k"}
FACTORISED = (
    lambda R, U, V: 0.5 * np.sum((R - U @ V.T) ** 2),
    lambda R, U, V: 0.5 * np.linalg.norm(R - U @ V.T) ** 2,
    lambda R, U, V: 0.5 * np.trace((R - U @ V.T).T @ (R - U @ V.T)),
)

TRACES: list[Row] = [
    *(
        (f, MATRIX, "X", "2X")
        for f in (
            lambda X: np.sum(X**2),
            lambda X: np.sum(X * X),
            lambda X: np.linalg.norm(X) ** 2,
            lambda X: np.trace(X.T @ X),
        )
    ),
    *(
        (f, PRODUCT, "X", "2XCCᵀ")
        for f in (
            lambda X, C: np.sum((X @ C) ** 2),
            lambda X, C: np.linalg.norm(X @ C) ** 2,
            lambda X, C: np.trace((X @ C).T @ (X @ C)),
            lambda X, C: np.trace(C.T @ X.T @ X @ C),
        )
    ),
    *(
        (f, {"X": "n m", "A": "n n"}, "X", "(A + Aᵀ)X")
        for f in (lambda X, A: np.trace(X.T @ A @ X), lambda X, A: np.sum(X * (A @ X)))
    ),
    (lambda X, A: np.trace(X.T @ A @ X), {"X": "n m", "A": "n n symmetric"}, "X", "2AX"),
    (lambda A, X, B: np.trace(A @ X @ B), {"A": "n m", "X": "m k", "B": "k n"}, "X", "AᵀBᵀ"),
    *((f, FACTORS, "U", "-(R - UVᵀ)V") for f in FACTORISED),
    *((f, FACTORS, "V", "-(R - UVᵀ)ᵀU") for f in FACTORISED),
    # The Matrix Cookbook, section 2.5.
    (lambda X: np.trace(X @ X), {"X": "n n"}, "X", "2Xᵀ"),
    (lambda A, X, B: np.trace(A @ X.T @ B), {"A": "n m", "X": "k m", "B": "k n"}, "X", "BA"),
    (lambda X, B: np.trace(X @ B @ X.T), {"X": "n m", "B": "m m"}, "X", "X(B + Bᵀ)"),
    (
        lambda A, X, B, C: np.trace(A @ X @ B @ X.T @ C),
        {"A": "p n", "X": "n m", "B": "m m", "C": "n p"},
        "X",
        "CAXB + AᵀCᵀXBᵀ",
    ),
]

# ---------------------------------------------------------------------------------------------- networks

f = cr.symbol("f")


def columns(x: Any, y: Any, W1: Any, W2: Any) -> Any:
    z = W1 @ x
    a = f(z)
    ŷ = W2 @ a
    return np.sum((y - ŷ) ** 2) / (2 * x.shape[1])


def rows(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    z = x @ w1 + b1
    h = cr.relu(z)
    l2 = h @ w2 + b2
    return np.mean(np.sum((l2 - y) ** 2, axis=1))


def rows_of_numbers(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    z = x @ w1 + b1
    h = np.maximum(z, 0)
    l2 = h @ w2 + b2
    return np.mean((l2 - y) ** 2)


def rows_without_z(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    h = cr.relu(x @ w1 + b1)
    l2 = h @ w2 + b2
    return np.sum((l2 - y) ** 2) / x.shape[0]


COLUMNS = {"x": "n L", "y": "k L", "W1": "m n", "W2": "k m"}
ROWS_OF = {"x": "N d", "w1": "d m", "b1": "m", "w2": "m k", "b2": "k", "y": "N k"}
NUMBERS = {**ROWS_OF, "w2": "m", "b2": "", "y": "N"}

NETWORKS: list[Row] = [
    (columns, COLUMNS, "W2", "(1/L)(ŷ - y)aᵀ"),
    (columns, COLUMNS, "W1", "(1/L)(W2ᵀ(ŷ - y) ⊙ f′(z))xᵀ"),
    (rows, ROWS_OF, "w2", "(2/N) hᵀ(l2 - y)"),
    (rows, ROWS_OF, "b2", "(2/N) Σ_n (l2 - y)[n]"),
    (rows, ROWS_OF, "w1", "(2/N) xᵀ((l2 - y) w2ᵀ ⊙ [z > 0])"),
    (rows, ROWS_OF, "b1", "(2/N) Σ_n ((l2 - y) w2ᵀ ⊙ [z > 0])[n]"),
    (rows_without_z, ROWS_OF, "w1", "(2/N) xᵀ((l2 - y) w2ᵀ ⊙ [h > 0])"),
    (rows_of_numbers, NUMBERS, "w2", "(2/N) hᵀ(l2 - y)"),
    (rows_of_numbers, NUMBERS, "b2", "(2/N) Σ (l2 - y)"),
]

ROWS = [*SQUARES, *FORMS, *TRACES, *NETWORKS]


def name_of(row: Row) -> str:
    f, shapes, wrt, text = row
    return f"{f.__name__ if f.__name__ != '<lambda>' else text}-{wrt}-{' '.join(shapes.values())}"


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_the_closed_form_is_that_of_a_textbook(row: Row) -> None:
    f, shapes, wrt, text = row
    assert text_of(f, shapes, wrt) == text


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_it_is_the_gradient_that_runs(row: Row) -> None:
    f, shapes, wrt, _ = row
    function = cr.function(**shapes)(f)
    gradient, closed, _ = derived(function, wrt)
    assert canonical(closed) is canonical(gradient)
    if f is columns:
        return  # f has no values; what runs is compared with it by form alone
    graph = function.trace().graph
    for seed in range(3):
        values, sizes = finite_point(graph, [gradient, closed], seed)
        ran, shown = interpret([gradient, closed], values, sizes=sizes)
        np.testing.assert_allclose(shown, ran, rtol=1e-12, atol=1e-12 * np.max(np.abs(ran), initial=0))


@pytest.mark.parametrize("row", [row for row in ROWS if row[0] is not columns], ids=name_of)
def test_what_runs_is_the_gradient(row: Row) -> None:
    f, shapes, wrt, _ = row
    assert cr.check(cr.function(**shapes)(f), wrt=wrt).ok


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_the_text_is_read_back(row: Row) -> None:
    f, shapes, wrt, text = row
    function = cr.function(**shapes)(f)
    gradient, _, names = derived(function, wrt)
    graph = function.trace().graph
    scope = {node.name: node for node in graph.inputs} | {dim.name: Size.of(dim) for dim in graph.dims()}
    # A letter of an index is no size here: Σ_n.
    scope = {name: node for name, node in scope.items() if name != "n"}
    assert canonical(parse_matrix(text, scope | {name: node for node, name in names.items()})) is canonical(gradient)


def test_a_closed_form_told_again_stays() -> None:
    for f, shapes, wrt, _ in ROWS:
        function = cr.function(**shapes)(f)
        _, closed, names = derived(function, wrt)
        assert told(closed, names, function.trace().graph.outputs[:1]) is closed, name_of((f, shapes, wrt, ""))
