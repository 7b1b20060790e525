"""Which sums of a softmax, and of an array that was declared simplex, are known, node for node; and which are not."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import broadcast, constant
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call, record
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context
from chainrule.simplify.rules.simplex import softmax_of

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
SOFTMAX, SIMPLEX = "a softmax adds up to one", "a simplex adds up to one"
ONE = constant(1, "float")
V, W, X = Input.of("v", (3,)), Input.of("w", (2,)), Input.of("x", (3, 3))


def p(*shape: int) -> Input:
    """An array whose last axis was declared to add up to one."""
    return Input.of("p", shape, properties=frozenset(["simplex"]))


def e(subscripts: str, *factors: Node) -> Node:
    return call("einsum", subscripts, *factors)  # type: ignore[no-any-return]


ROWS = softmax_of(X)
TABLE = call("exp", X - call("spread", record("logsumexp")(X, axis=(0, 1)), X.shape, (0, 1)))
"""A softmax over both axes: the whole of it adds up to one."""

CASES: list[tuple[str, Node, Node | None]] = [
    (SOFTMAX, e("i->", softmax_of(V)), ONE),
    (SOFTMAX, e("ij->i", ROWS), broadcast(ONE, (3,))),
    (SOFTMAX, e("ij,i->", ROWS, V), e("i->", V)),
    (SOFTMAX, e("i,ij->", V, ROWS), e("i->", V)),
    (SOFTMAX, e("ij->j", ROWS), None),
    (SOFTMAX, e("ij->ji", ROWS), None),
    (SOFTMAX, e("ij,j->i", ROWS, V), None),
    (SOFTMAX, e("ii->", ROWS), None),
    (SOFTMAX, e("ij->", TABLE), ONE),
    (SOFTMAX, e("ij,k->k", TABLE, V), V),
    (SOFTMAX, e("ij->i", TABLE), None),
    (SOFTMAX, e("ij,j->i", TABLE, V), None),
    (SOFTMAX, e("ii->", TABLE), None),
    (SOFTMAX, e("ij->i", call("exp", X)), None),
    (SIMPLEX, e("i->", p(3)), ONE),
    (SIMPLEX, e("ij->i", p(2, 3)), broadcast(ONE, (2,))),
    (SIMPLEX, e("ijk->ij", p(2, 3, 4)), broadcast(ONE, (2, 3))),
    (SIMPLEX, e("ij,i->", p(2, 3), W), e("i->", W)),
    (SIMPLEX, e("ij->j", p(2, 3)), None),
    (SIMPLEX, e("ijk->ik", p(2, 3, 4)), None),
    (SIMPLEX, e("ij,j->i", p(2, 3), V), None),
    (SIMPLEX, e("ii->", p(3, 3)), None),
    # A number has no axis along which it adds up, nor does an array of which nothing was declared.
    (SIMPLEX, e(",i->", p(), V), None),
    (SIMPLEX, e("ij->i", X), None),
    # Over all the axes, a row counts as one.
    (SIMPLEX, e("ij->", p(2, 3)), 2.0 * ONE),
]


@pytest.mark.parametrize(("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, *_) in enumerate(CASES)])
def test_what_a_known_sum_becomes(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"
