"""What the rules for sums of products and layouts make of a node, node for node, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Delta, Einsum, Input, Node, Reshape, Scatter, Size
from chainrule.ir.registry import call
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
X, Y, W = Input.of("x", (2, 3)), Input.of("y", (2, 3)), Input.of("w", (3, 4))
SQUARE, CUBE, LAST = Input.of("q", (3, 3)), Input.of("cube", (2, 3, 4)), Input.of("l", (4, 5))
U, V, FOUR = Input.of("u", (2,)), Input.of("v", (3,)), Input.of("f", (4,))
S, T = Input.of("s", ()), Input.of("t", ())
N = Dim("N")
AT = Input.of("at", (2,), "int")


def einsum(subscripts: str, *args: Node | float) -> Node:
    return call("einsum", subscripts, *args)  # type: ignore[no-any-return]


def total(node: Node, axis: int | tuple[int, ...] | None = None) -> Node:
    return call("sum", node, axis=axis)  # type: ignore[no-any-return]


def matmul(a: Node, b: Node) -> Node:
    return call("matmul", a, b)  # type: ignore[no-any-return]


def reshape(node: Node, *shape: int) -> Node:
    """The node itself, whatever `reshape` would make of it."""
    return Reshape.make((node,), (shape,))


def spread(node: Node) -> Node:
    return broadcast(node, (2, 3))


def rows(node: Node) -> Node:
    """Four of the same."""
    return broadcast(node, (4, *node.shape))


def scattered(x: Node, axis: int, length: int) -> Node:
    """Each entry of x at its own place of a new axis, one for each of the two rows."""
    return Scatter.make((x, AT), (axis, 1, length))


PRODUCT = matmul(X, SQUARE)
COMPOSE, SUMS, CONTRACT, OUT = "compose layouts", "sum of a sum", "contract a delta", "number out of a sum"
PLAIN, FACTOR, SCATTER = "number out of a plain sum", "number out of a factor", "sum of a scatter"
DIAGONAL = Einsum.of([Delta.of(2), U], [(0, 1), (0,)], (0, 1), {0: 2, 1: 2})

CASES: list[tuple[str, Node, Node | None]] = [
    (COMPOSE, W.T.T, W),
    (COMPOSE, matmul(X, Y.T), einsum("ij,kj->ik", X, Y)),
    (COMPOSE, matmul(Y.T, X), einsum("ji,jk->ik", Y, X)),
    (COMPOSE, total(rows(V), 0), 4 * V),
    (COMPOSE, total(broadcast(V, (N, 3)), 0), Size.of(N) * V),
    (COMPOSE, total(rows(S)), as_node(4) * S),
    (
        COMPOSE,
        einsum("ij,ijkl->kl", X, einsum("ik,jl->ijkl", Delta.of(2), Delta.of(3))),
        einsum("ij,ik,jl->kl", X, Delta.of(2), Delta.of(3)),
    ),
    # A product of matrices is worked out first, and so is one of vectors.
    (COMPOSE, matmul(matmul(X, W), LAST), None),
    (COMPOSE, matmul(einsum("i,j->ij", U, V), W), None),
    (COMPOSE, einsum("ij,ijkl->kl", X, einsum("ik,jl->ijkl", Delta.of(2), SQUARE)), None),
    (COMPOSE, matmul(einsum("ij,jk->ik", Delta.of(3), Delta.of(3)), W), None),
    (COMPOSE, matmul(X, W), None),
    (SUMS, total(total(X, 0)), total(X)),
    (SUMS, total(total(CUBE, 0), 1), total(CUBE, (0, 2))),
    (SUMS, PRODUCT.T, einsum("ij,jk->ki", X, SQUARE)),
    (SUMS, einsum("ii->i", matmul(SQUARE, SQUARE)), einsum("ij,ji->i", SQUARE, SQUARE)),
    (SUMS, total(PRODUCT, 0), None),  # two products of many numbers for one
    (SUMS, rows(total(X, 0)), None),  # the sum is worked out before it is spread
    (SUMS, rows(PRODUCT), None),
    (SUMS, einsum("jk,k->j", total(CUBE, 0), FOUR), None),
    (SUMS, X.T, None),
    (SUMS, total(X * Y), None),
    (CONTRACT, einsum("ij,jk->ik", Delta.of(2), X), X),
    (CONTRACT, einsum("ji,jk->ik", Delta.of(2), X), X),
    (CONTRACT, einsum("ij,jk->ik", X, Delta.of(3)), X),
    (CONTRACT, einsum("ij,ij->", SQUARE, Delta.of(3)), einsum("ii->", SQUARE)),
    (CONTRACT, einsum("ii,i->i", Delta.of(2), U), U),
    (CONTRACT, einsum("ii->", Delta.of(3)), as_node(3.0) * 1.0),
    (CONTRACT, einsum("ij->", Delta.of(3)), as_node(3.0) * 1.0),
    (CONTRACT, einsum("ii->", Delta.of(N)), cast(Size.of(N), "float") * 1.0),
    (
        CONTRACT,
        Einsum.of([Delta.of(2), U], [(0, 2), (2,)], (0, 1), {0: 2, 1: 5, 2: 2}),
        Einsum.of([U], [(0,)], (0, 1), {0: 2, 1: 5}),
    ),
    (CONTRACT, DIAGONAL, None),  # what is not on the diagonal is 0
    (CONTRACT, einsum("ij,ik->jk", X, W[:2]), None),
    (OUT, einsum(",ij,jk->ik", S, X, W), broadcast(S, (2, 4)) * matmul(X, W)),
    (OUT, einsum("ij,,jk->ik", X, S, W), broadcast(S, (2, 4)) * matmul(X, W)),
    (OUT, einsum(",ij->j", S, X), broadcast(S, (3,)) * total(X, 0)),
    (OUT, einsum(",ij,jk->ik", 2.0, X, W), broadcast(as_node(2.0), (2, 4)) * matmul(X, W)),
    (OUT, einsum(",ij,jk->ik", 1.0, X, W), matmul(X, W)),
    (OUT, spread(S), None),
    (OUT, matmul(X, W), None),
    (PLAIN, total(spread(S) * X), S * total(X)),
    (PLAIN, total(X * spread(S)), S * total(X)),
    (PLAIN, total(X / spread(S)), total(X) / S),
    (PLAIN, total(X / spread(S), 0), total(X, 0) / broadcast(S, (3,))),
    (PLAIN, total(spread(S) * spread(T)), S * total(spread(T))),  # the first of two
    (PLAIN, total(spread(S) / X), None),
    (PLAIN, total(X - spread(S)), None),
    (PLAIN, total(call("maximum", X, spread(S))), None),
    (PLAIN, total(X * Y), None),
    (PLAIN, total(call("exp", X)), None),
    (PLAIN, (spread(S) * X).T, None),
    (PLAIN, matmul(spread(S) * X, W), None),
    (FACTOR, matmul(spread(S) * X, W), broadcast(S, (2, 4)) * matmul(X, W)),
    (FACTOR, matmul(X * spread(S), W), broadcast(S, (2, 4)) * matmul(X, W)),
    (FACTOR, matmul(X / spread(S), W), matmul(X, W) / broadcast(S, (2, 4))),
    (FACTOR, matmul(X, 2.0 * W), broadcast(as_node(2.0), (2, 4)) * matmul(X, W)),
    (FACTOR, matmul(spread(S) / X, W), None),
    (FACTOR, matmul(spread(S) + X, W), None),
    (FACTOR, matmul(X * Y, W), None),
    (FACTOR, matmul(call("exp", X), W), None),
    (FACTOR, matmul(spread(S) * spread(T), W), None),  # one number, not an array times one
    (FACTOR, einsum(",ij,jk->ik", S * T, X, W), None),
    (FACTOR, total(spread(S) * X), None),
    ("sign out of a einsum", (-X).T, -(X.T)),
    ("sign out of a einsum", total(-X, 0), -total(X, 0)),
    ("sign out of a einsum", matmul(X, -W), -matmul(X, W)),
    ("sign out of a einsum", total(call("exp", X)), None),
    ("sign out of a reshape", reshape(-X, 6), -reshape(X, 6)),
    ("sign out of a slice", (-X)[:, 1:], -(X[:, 1:])),
    ("sign out of a pad", call("pad", -X, 1), -call("pad", X, 1)),
    ("sign out of a gather", call("pick", -X, AT), -call("pick", X, AT)),
    ("sign out of a gather", V[-AT], None),  # x[−1] is the last entry
    ("sign out of a scatter", scattered(-U, 1, 3), -scattered(U, 1, 3)),
    ("sign out of a scatter", call("scatter_add", U, -AT, 3), None),
    (SCATTER, total(scattered(U, 1, 3), 1), U),
    (SCATTER, total(scattered(U, 1, 3)), total(U)),
    (SCATTER, total(scattered(Input.of("z", (2, 4)), 1, 3), 1), Input.of("z", (2, 4))),
    (SCATTER, total(scattered(Input.of("z", (2, 4)), 1, 3), (1, 2)), total(Input.of("z", (2, 4)), 1)),
    (SCATTER, total(scattered(U, 1, 3), 0), None),
    (SCATTER, scattered(U, 1, 3).T, None),
    (SCATTER, einsum("ii->", scattered(U, 1, 2)), None),  # at the place of its own row, or not
    (SCATTER, total(call("scatter_add", V, np.array([0, 2, 0]), 4)), None),
    (SCATTER, matmul(scattered(U, 1, 3), V), None),
    (SCATTER, total(X, 1), None),
    ("reshape of a reshape", reshape(reshape(X, 6), 3, 2), reshape(X, 3, 2)),
    ("reshape of a reshape", reshape(reshape(X, 6), 2, 3), X),
    ("reshape of a reshape", reshape(X, 6), None),
    ("reshape of a number", reshape(spread(S), 6), broadcast(S, (6,))),
    ("reshape of a number", reshape(spread(V), 6), None),
    ("reshape of a number", reshape(S, 1, 1), None),  # nothing is repeated
]


@pytest.mark.parametrize(
    ("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_what_a_rule_makes_of_a_sum_of_products(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


FIRING = [(name, before, after) for name, before, after in CASES if after is not None]


@pytest.mark.parametrize(
    ("name", "before", "after"), FIRING, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(FIRING)]
)
def test_a_phase_ends_wherever_the_sum_is(name: str, before: Node, after: Node) -> None:
    """The measure falls alone, in an operation, and with each of two such places."""
    old, new = cast(before, "float"), cast(after, "float")
    steps = [(before, after), (call("tanh", old), call("tanh", new)), (old / old, old / new), (old / new, new / new)]
    for phase in PHASES:
        if RULES[name] in phase.rules:
            assert all(phase.lowers(b, a) for b, a in steps)


SHARED: list[tuple[str, Node, Node]] = [
    (SUMS, total(total(X, 0)), total(X, 0)),
    (SUMS, PRODUCT.T, PRODUCT),
    (PLAIN, total(spread(S) * X), spread(S) * X),
    (FACTOR, matmul(spread(S) * X, W), spread(S) * X),
    ("sign out of a einsum", matmul(-X, W), -X),
    ("sign out of a reshape", reshape(-X, 6), -X),
]


@pytest.mark.parametrize(("name", "before", "shared"), SHARED)
def test_what_others_use_is_not_taken_apart(name: str, before: Node, shared: Node) -> None:
    assert RULES[name].rewrite(before, Context()) is not None
    assert RULES[name].rewrite(before, Context({shared: 2})) is None
    assert RULES[name].rewrite(before, Context(named=frozenset({shared}))) is None
