"""From entries to arrays: every transpose derived from the index that is summed, every product with its shapes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.explain.components.arrays import as_arrays, product_shapes, transposed_sides
from chainrule.explain.components.indexed import Allocator
from chainrule.explain.evaluate import deviation, random_point
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.ir.telling import Step
from chainrule.run.interpret import interpret

m, n, L = Dim("m"), Dim("n"), Dim("L")
A, B, C = Input.of("A", (m, L)), Input.of("B", (n, L)), Input.of("C", (m, n))
u, v, x = Input.of("u", (m,)), Input.of("v", (n,)), Input.of("x", (L,))


def steps(closed: Node) -> tuple[Step, ...]:
    allocator = Allocator()
    return as_arrays(closed, closed, {}, allocator.fresh(*closed.shape), allocator, "E")


def rules(closed: Node) -> list[str]:
    return [step.rule for step in steps(closed)[1:-1]]


ALL: list[tuple[str, Any, list[str]]] = [
    ("a product as it is", C @ B, ["product of matrices"]),
    ("the right factor turned", A @ B.T, ["transpose", "product of matrices"]),
    ("the left factor turned", C.T @ A, ["transpose", "product of matrices"]),
    ("both turned", B.T @ C.T, ["transpose", "product of matrices"]),
    ("a matrix and a vector", C @ v, ["product of matrices"]),
    ("a matrix turned and a vector", C.T @ u, ["transpose", "product of matrices"]),
    ("a row in front", u @ C, ["transpose", "product of matrices"]),
    ("three", call("einsum", "mn,ml,l->n", C, A, x), ["transpose", "product of matrices"]),
    ("an outer product", call("outer", u, v), ["outer product"]),
    ("a sum over rows", A.sum(axis=0), ["sum over an axis"]),
    ("entry by entry", (C @ B) * np.tanh(A), ["product of matrices", "entry by entry"]),
    ("with numbers", (C @ B) * 2 / n, ["product of matrices"]),
    ("one after the other", C.T @ A @ x, ["transpose", "product of matrices", "product of matrices"]),
    ("a sum with a transpose", C + (B @ A.T).T, ["transpose", "product of matrices", "transpose"]),
    ("arithmetic alone", np.tanh(C) * 2 - C, []),
    ("of three axes", call("einsum", "ij,kj->ikj", A, B), ["entry by entry"]),
    ("a bracket", (C @ B + A) @ x, ["product of matrices", "product of matrices"]),
]


@pytest.mark.parametrize(("closed", "wanted"), [row[1:] for row in ALL], ids=[row[0] for row in ALL])
def test_the_steps_to_an_array(closed: Any, wanted: list[str]) -> None:
    found = steps(closed)
    assert found[0].rule == "in this order"
    assert found[-1].rule == "as matrices"
    assert rules(closed) == wanted
    assert found[-1].after is closed
    values, sizes = random_point(Graph((A, B, C, u, v, x), (closed,)), 1)
    exact, *lines = interpret([closed, *(step.after for step in found)], values, sizes=sizes)
    assert all(deviation(exact, line) < 1e-14 for line in lines)


def test_what_is_whole_only_grows() -> None:
    found = steps((C @ B + A) @ x)
    for before, after in pairwise(found):
        assert before.whole <= after.whole
    assert found[-1].after in found[-1].whole


@pytest.mark.parametrize(
    ("product", "turned", "shapes"),
    [
        (A @ B.T, [(B, "last")], "(m, L) @ (L, n) → (m, n)"),
        (C.T @ A, [(C, "first")], "(n, m) @ (m, L) → (n, L)"),
        (C @ B, [], "(m, n) @ (n, L) → (m, L)"),
        (u @ C, [(C, "first")], "(n, m) @ (m,) → (n,)"),
        (C @ v, [], "(m, n) @ (n,) → (m,)"),
        (call("outer", u, v), [], "(m,) and (n,) → (m, n)"),
    ],
)
def test_what_stands_transposed_follows_from_the_summed_index(product: Any, turned: Any, shapes: str) -> None:
    (node,) = [k for k in toposort([product]) if isinstance(k, Einsum) and not k.is_layout]
    found = transposed_sides(node)  # type: ignore[arg-type]
    assert [(a is b, c == d) for (a, c), (b, d) in zip(found, turned, strict=True)] == [(True, True)] * len(turned)
    assert product_shapes(node) == shapes  # type: ignore[arg-type]


def test_the_reason_for_a_transpose_names_the_index() -> None:
    product = call("einsum", "ml,nl->mn", A, B)
    first, transpose, done, _ = steps(product)
    assert first.indices is not None
    (summed,) = first.indices.sums[product]
    assert transpose.why == (
        f"the sum runs over {{{summed}}}, the last index of B; a product sums over the first index of its right "
        "factor, so B stands transposed"
    )
    assert transpose.indices is not None
    assert list(transpose.indices.sums.values()) == [(summed,)]
    assert done.why.endswith("(m, L) @ (L, n) → (m, n)")


def test_of_many_products_the_last_are_told() -> None:
    node: Node = C
    for _ in range(6):
        node = np.tanh(np.tanh(node @ B) @ B.T)
    assert len(rules(node)) <= 8
