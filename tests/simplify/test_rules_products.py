"""What the rules for chains of matrices make of an expression, node for node, and what they leave alone."""

from __future__ import annotations

from functools import reduce
from operator import add

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
A, B, C, D = (Input.of(n, (2, 2)) for n in "ABCD")
U, V, W, X, Y, Z = (Input.of(n, (2,)) for n in "uvwxyz")
T = Input.of("T", (2, 2, 2))
BRACKETS, PLUS, MINUS = "brackets in a chain", "common matrix factor in add", "common matrix factor in sub"


def e(subscripts: str, *factors: Node) -> Node:
    return call("einsum", subscripts, *factors)  # type: ignore[no-any-return]


def total(*terms: Node) -> Node:
    return reduce(add, terms)


OTHERS = [Input.of(f"term{n}", (2,)) for n in range(7)]
OUTER, DOT = e("i,j->ij", X, Y), X @ Y
SPREAD = Einsum.of([A, Y], [(1, 2), (2,)], (0,), {0: 2})
"""The sum of Ay, as every entry of a vector."""
ABC, BAX, XABY = e("ij,jk,kl->il", A, B, C), e("ij,jk,k->i", B, A, X), e("i,ij,jk,k->", X, A, B, Y)

CHAINS: list[tuple[Node, Node | None]] = [
    (A @ (B @ C), ABC),
    ((A @ B) @ C, ABC),
    (e("ij,jk,kl->il", A, B @ C, D), e("ij,jk,kl,lm->im", A, B, C, D)),
    ((A @ B) @ X, e("ij,jk,k->i", A, B, X)),
    (X @ (A @ B), e("i,ij,jk->k", X, A, B)),
    (A.T @ (B @ C), e("ij,jk,kl->il", A.T, B, C)),
    # Down to a number: between two vectors, whichever comes first, or all the way round.
    ((X @ A) @ (B @ Y), e("i,ij,j->", X, A, B @ Y)),
    (X @ (A @ (B @ Y)), e("i,ij,j->", X, A, B @ Y)),
    (e("i,ij,j->", X, A @ B, Y), XABY),
    (e("ij,i,j->", A @ B, X, Y), e("ij,jk,i,k->", A, B, X, Y)),
    (e("ij,ji->", A @ B, C), e("ij,jk,ki->", A, B, C)),
    (e("ij,ij->", A, B @ C), e("ij,ik,kj->", A, B, C)),
    # An outer product is two chains side by side.
    (e("i,j->ij", A @ X, Y), e("ij,j,k->ik", A, X, Y)),
    (A @ OUTER, e("ij,j,k->ik", A, X, Y)),
    # The brackets say which two vectors make a number.
    (OUTER @ Z, None),
    (Z @ OUTER, None),
    (e("ij,j,k->ik", OUTER, Z, W), None),
    # Neither alone nor under a sum over one operand is there a chain to be opened.
    (A @ B, None),
    ((A @ B).T, None),
    (e("ii->", A @ B), None),
    (A.T @ B, None),
    (e("ij->i", A) @ B, None),
    (A @ (B + C), None),
    # Other sums of products are no chains: an index of three factors, entries side by side, a number, three axes.
    (e("ij,ij->i", A, B @ C), None),
    (e("i,ij->ij", A @ X, B), None),
    (e(",ij,j->i", DOT, A, B @ X), None),
    (e(",i->i", DOT, A @ X), None),
    (e("ijk,j->ik", T, A @ X), None),
    (e("i,jk->ijk", X, e("i,j->ij", Y, Z)), None),
    (e("ijkl,jk->il", e("ij,kl->ijkl", A, C), B), None),
]

SUMS: list[tuple[str, Node, Node | None]] = [
    (PLUS, A @ X + B @ X, (A + B) @ X),
    (PLUS, A @ X + A @ Y, A @ (X + Y)),
    (PLUS, X @ A + Y @ A, (X + Y) @ A),
    (PLUS, A @ X + Y + B @ X, (A + B) @ X + Y),
    (PLUS, Y + A @ X + B @ X, Y + (A + B) @ X),
    (PLUS, Y - A @ X + B @ X, Y - (A - B) @ X),
    (PLUS, (Y - A @ X) + (Z - B @ X), Y - (A + B) @ X + Z),
    (MINUS, A @ X - B @ X, (A - B) @ X),
    (MINUS, A @ X - (Y - B @ X), (A + B) @ X - Y),
    (MINUS, A @ X - (B @ X - Y), (A - B) @ X + Y),
    (MINUS, Y - A @ X - B @ X, Y - (A + B) @ X),
    # What is left of each has the same axes, in the order in which the shared factors lead to them.
    (PLUS, A @ X + BAX, (A + B @ A) @ X),
    (PLUS, BAX + A @ X, e("ij,j->i", B @ A + A, X)),
    (PLUS, B @ X + e("ij,jk,k->i", B, C, X), B @ (X + C @ X)),
    (PLUS, e("lj,ij,jl->i", A, B, C) + e("lj,ij,jl->i", A, B, D), e("lj,ij,jl->i", A, B, C + D)),
    (PLUS, e("ij,jk,kl->il", A, B, C) + e("ij,jk->ik", D, C), e("ij,jk->ik", A @ B + D, C)),
    # A matrix before its transpose, but nothing else out of its order.
    (PLUS, X @ A + A @ X, e("i,ji->j", X, A + A.T)),
    (PLUS, A @ X + X @ A, (A + A.T) @ X),
    (PLUS, X @ A + B @ X, e("i,ji->j", X, A.T + B)),
    (PLUS, e("jk,ij,k->i", B, C, X) + B @ X, e("ij,j->i", e("jk,ij->ik", B, C) + B, X)),
    (MINUS, X @ A - A @ X, e("i,ji->j", X, A.T - A)),
    # As many factors as hang together and have their indices in the same places.
    (PLUS, ABC + e("ij,jk,kl->il", A, D, C), A @ (B @ C + D @ C)),
    (PLUS, ABC + e("ij,jk,kl->il", A, B, D), e("ij,jk,kl->il", A, B, C + D)),
    (PLUS, e("i,ij,j->", X, A, X) + e("i,ij,j->", X, A, Y), e("i,ij,j->", X, A, X + Y)),
    (PLUS, e("i,ij,j->", X, A, X) + e("i,ij,j->", Y, A, X), e("i,ij,j->", X + Y, A, X)),
    (PLUS, e("jj,ij->i", A, B) + e("jk,ij,k->i", A, B, Y), e("j,ij->i", e("jj->j", A) + A @ Y, B)),
    (PLUS, A @ X + e("i,k,kl,l->i", Z, W, A, Y), None),
    (PLUS, e("i,k,kl,l->i", Z, W, A, Y) + A @ X, None),
    (PLUS, A @ X + SPREAD, None),
    (PLUS, SPREAD + A @ X, None),
    (PLUS, A @ X + B @ Y, None),
    (PLUS, A @ X + X @ B, e("ij,j->i", A + B.T, X)),
    (PLUS, A @ X + e("i,i->i", X, Y), None),
    # Something has to be left of both, over the same axes, and of no more axes than the factors have.
    (PLUS, A @ X + e("ij,j,k,k->i", A, X, Y, Z), None),
    (PLUS, e("ij,j,k,k->i", A, X, Y, Z) + A @ X, None),
    (PLUS, e("ij,j->i", A, X) + e("ij,ij,j->i", A, A, Y), None),
    (PLUS, e("ij,ij,j->i", A, A, Y) + e("ij,j,j->i", A, X, Z), None),
    (PLUS, e("ij,i,j,k->k", C, X, Y, Z) + e("ij,i,j,k->k", C, U, V, W), None),
    # Written in two orders, a product is the same.
    (PLUS, A @ X + e("j,ij->i", X, A), 2 * (A @ X)),
    (MINUS, A @ X - e("j,ij->i", X, A), None),
    (PLUS, A @ X + call("exp", X), None),
    (PLUS, call("exp", X) + A @ X, None),
    (PLUS, A + A.T, None),
    # Of eight terms at most.
    (PLUS, total(A @ X, *OTHERS[1:], B @ X), total((A + B) @ X, *OTHERS[1:])),
    (PLUS, total(A @ X, *OTHERS, B @ X), None),
]


@pytest.mark.parametrize(("before", "after"), CHAINS)
def test_what_becomes_of_a_chain(before: Node, after: Node | None) -> None:
    found = RULES[BRACKETS].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


@pytest.mark.parametrize(("name", "before", "after"), SUMS, ids=[f"{name} {n}" for n, (name, *_) in enumerate(SUMS)])
def test_what_becomes_of_a_sum_of_products(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


TWICE: list[tuple[str, Node, Node]] = [
    (BRACKETS, A @ (B @ C), B @ C),
    (PLUS, A @ X + B @ X, A @ X),
    (PLUS, A @ X + B @ X, B @ X),
    (PLUS, (Y + A @ X) + B @ X, Y + A @ X),
]


@pytest.mark.parametrize(("name", "before", "shared"), TWICE)
def test_what_others_use_or_what_has_a_name_is_not_taken_apart(name: str, before: Node, shared: Node) -> None:
    assert RULES[name].rewrite(before, Context()) is not None
    assert RULES[name].rewrite(before, Context({shared: 2})) is None
    assert RULES[name].rewrite(before, Context(named=frozenset([shared]))) is None


@pytest.mark.parametrize(("name", "before"), [(BRACKETS, A @ (B @ C)), (PLUS, A @ X + B @ X), (MINUS, A @ X - B @ X)])
def test_what_is_rewritten_may_be_used_often_and_have_a_name(name: str, before: Node) -> None:
    known = Context({before: 2}, named=frozenset([before]))
    assert RULES[name].rewrite(before, known) is RULES[name].rewrite(before, Context()) is not None
