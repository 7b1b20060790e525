"""What the rules for a library's operations make of a node, node for node, and what they leave alone."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import broadcast
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify import PHASES, Rule, canonical
from chainrule.simplify.rule import Context
from chainrule.simplify.rules.library import by_the_inverse

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
A, B = Input.of("A", (2, 2)), Input.of("B", (2, 3))
MANY_A, MANY_B = Input.of("As", (4, 2, 2)), Input.of("Bs", (4, 2, 3))
V, DEEP = Input.of("v", (2,)), Input.of("deep", (5, 4, 2, 2))
SIX, LYING, COLUMNS = Input.of("six", (6,)), Input.of("w", (1, 2)), Input.of("vs", (4, 2))


def inv(matrix: Node) -> Node:
    return call("inv", matrix)  # type: ignore[no-any-return]


def solve(a: Node, b: Node) -> Node:
    return call("solve", a, b)  # type: ignore[no-any-return]


def einsum(subscripts: str, *args: Node) -> Node:
    return call("einsum", subscripts, *args)  # type: ignore[no-any-return]


def reshape(node: Node, *shape: int) -> Node:
    return call("reshape", node, shape)  # type: ignore[no-any-return]


def copies(node: Node) -> Node:
    """The same array at each of four places."""
    return broadcast(node, (4, *node.shape))


ONCE, SOLVED, TURNED = "once for all copies", "solved by the inverse", "inverse of a transpose"
OVER_FIVE = call("broadcast_to", MANY_A, (5, 4, 2, 2))
SWAPPED = einsum("aij->aji", MANY_A)

CASES: list[tuple[str, Node, Node | None]] = [
    (ONCE, inv(copies(A)), copies(inv(A))),
    (ONCE, solve(copies(A), copies(B)), copies(solve(A, B))),
    (ONCE, call("det", OVER_FIVE), call("broadcast_to", call("det", MANY_A), (5, 4))),
    (ONCE, inv(call("broadcast_to", A, (5, 4, 2, 2))), call("broadcast_to", inv(A), (5, 4, 2, 2))),
    (ONCE, call("cumsum", copies(V), axis=1), copies(call("cumsum", V, axis=0))),
    # A row at each place, the same twice: only the places are copies.
    (ONCE, call("det", call("broadcast_to", V, (4, 2, 2))), copies(call("det", broadcast(V, (2, 2))))),
    (ONCE, inv(MANY_A), None),
    (ONCE, inv(SWAPPED), None),
    (ONCE, inv(einsum("ij,aj->aij", A, Input.of("D", (4, 2)))), None),
    (ONCE, solve(copies(A), MANY_B), None),
    (ONCE, solve(copies(A), einsum("aji->aij", Input.of("C", (4, 3, 2)))), None),
    (ONCE, call("cumsum", copies(V), axis=0), None),
    (SOLVED, solve(A, B), call("matmul", inv(A), B)),
    (SOLVED, solve(MANY_A, MANY_B), call("matmul", inv(MANY_A), MANY_B)),
    (SOLVED, solve(A, reshape(V, 2, 1)), reshape(call("matmul", inv(A), V), 2, 1)),
    (SOLVED, solve(A, reshape(SIX, 2, 3)), call("matmul", inv(A), reshape(SIX, 2, 3))),
    (SOLVED, solve(A, reshape(LYING, 2, 1)), call("matmul", inv(A), reshape(LYING, 2, 1))),
    (
        SOLVED,
        solve(MANY_A, reshape(COLUMNS, 4, 2, 1)),
        call("matmul", inv(MANY_A), reshape(COLUMNS, 4, 2, 1)),
    ),
    (SOLVED, inv(A), None),
    (TURNED, inv(A.T), inv(A).T),
    (TURNED, inv(SWAPPED), einsum("aij->aji", inv(MANY_A))),
    (TURNED, inv(A), None),
    (TURNED, inv(copies(A)), None),
    (TURNED, inv(einsum("abij->baji", DEEP)), None),  # other axes change places too
    (TURNED, inv(einsum("ji,ij->ij", A, Input.of("C", (2, 2)))), None),
    (TURNED, call("det", A.T), None),
    (TURNED, solve(A.T, B), None),
]


@pytest.mark.parametrize(
    ("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_what_a_rule_makes_of_an_operation(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


FIRING = [(name, before, after) for name, before, after in CASES if after is not None]


@pytest.mark.parametrize(
    ("name", "before", "after"), FIRING, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(FIRING)]
)
def test_a_phase_ends_wherever_the_operation_is(name: str, before: Node, after: Node) -> None:
    """The measure falls alone, and with each of two such places."""
    steps = [(before, after), (before / before, before / after), (before / after, after / after)]
    for phase in PHASES:
        if RULES[name] in phase.rules:
            assert all(phase.lowers(b, a) for b, a in steps)


def test_one_question_asks_both_rules() -> None:
    assert by_the_inverse(solve(A.T, B)) is call("matmul", inv(A.T), B)
    assert by_the_inverse(inv(A.T)) is inv(A).T
    assert by_the_inverse(inv(A)) is None


def test_a_solution_and_an_inverse_of_a_transpose_have_the_canonical_form_of_the_inverse() -> None:
    assert canonical(solve(A, B)) is canonical(call("matmul", inv(A), B))
    assert canonical(inv(A.T)) is canonical(inv(A).T)
    assert canonical(inv(A.T)) is not canonical(inv(A))
    assert canonical(call("det", A.T)) is not canonical(inv(A).T)
