"""What a closed form becomes in the words of a function, node for node: its differences, and the order of its terms."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify import rewrite
from chainrule.simplify.as_written import AsWritten
from chainrule.simplify.phases import FINISH

A, B, C, D, E, X = (Input.of(n, (3,)) for n in "abcdex")
S, T, U, W = (Input.of(n, ()) for n in "stuw")
RESIDUAL, TURNED = A * B - C, C - A * B
OTHER = -(D * E) - A
NAMED = call("tanh", TURNED)


def tidied(node: Node) -> Node:
    return rewrite([node], FINISH, uses={})[node]


Nodes = tuple[Node, ...]

CASES: dict[str, tuple[Nodes, Nodes, Node, Node]] = {
    # function, names, closed form, as it is told
    "in the function's order": ((A, B), (), B + A, A + B),
    "which is kept": ((A, B), (), A + B, A + B),
    "three terms, of which one is in its place": ((A, B, C), (), C + B + A, A + B + C),
    "brackets stay where the order does": ((A, B, C), (), A + (B + C), A + (B + C)),
    "by what no other term has": ((A, B, C), (), A * C + A * B, A * B + A * C),
    "by the first thing that no other term has": ((A, B, C), (), B + C * A, C * A + B),
    "unless a term has nothing of its own": ((A, B), (), B * A + A, B * A + A),
    "what is not the function's says nothing": ((A,), (), B + A, B + A),
    "a named sum is one term": ((A, B, C), (C + B,), C + B + A, A + (C + B)),
    "a sum of the function is one term": ((B, C + B, A), (), A + (C + B), C + B + A),
    "what is taken away stays": ((A, B), (), B - A, B - A),
    # differences
    "a difference as the function has it": ((RESIDUAL,), (), X * TURNED, -(X * RESIDUAL)),
    "which is there already": ((RESIDUAL,), (), X * RESIDUAL, X * RESIDUAL),
    "the function has both": ((RESIDUAL, TURNED), (), X * TURNED, X * TURNED),
    "and the other": ((RESIDUAL, TURNED), (), X * RESIDUAL, X * RESIDUAL),
    "of two names it stays": ((A - B,), (), X * (B - A), X * (B - A)),
    "also where one is the name of something": ((A * B - C,), (A * B,), X * TURNED, X * TURNED),
    "a sum is no difference": ((A * B + C,), (), X * TURNED, X * TURNED),
    "the others stay as the function has them": ((RESIDUAL, OTHER), (), OTHER * TURNED, -(OTHER * RESIDUAL)),
    "a named difference stays": ((RESIDUAL,), (RESIDUAL,), X * TURNED, X * TURNED),
    "terms with differences are put in order": ((RESIDUAL, E), (), E - X * RESIDUAL, -(X * RESIDUAL) + E),
    "but not if these have names": ((RESIDUAL, E), (RESIDUAL,), E - X * RESIDUAL, E - X * RESIDUAL),
    "nor if another is taken away": ((RESIDUAL, E, X), (), X * RESIDUAL + (C - E), X * RESIDUAL + (C - E)),
    "what is taken away from what is taken away": (
        (E, RESIDUAL, D),
        (),
        D - (X * RESIDUAL - E),
        E - X * RESIDUAL + D,
    ),
    "nothing is turned inside of a name": ((RESIDUAL,), (NAMED,), NAMED * X * TURNED, -(NAMED * X * RESIDUAL)),
    "but of what has none": ((RESIDUAL,), (), NAMED * X, call("tanh", -RESIDUAL) * X),
    # sums in brackets
    "a multiple of a sum": ((A, B), (), S * (B + A), S * (A + B)),
    "the number behind": ((A, B), (), (B + A) * S, (A + B) * S),
    "a part of a sum": ((A, B), (), (B + A) / S, (A + B) / S),
    "a number over a sum": ((A, B), (), S / (B + A), S / (A + B)),
    "of two sums of numbers the second": ((S, T, U, W), (), (T + S) * (W + U), (T + S) * (U + W)),
    "a product of arrays stays": ((A, B, E), (), E * (B + A), E * (B + A)),
    "and the other way round": ((A, B, E), (), (B + A) * E, (B + A) * E),
    "and divided": ((A, B, E), (), (B + A) / E, (B + A) / E),
    "a function of a sum stays": ((A, B), (), call("tanh", B + A), call("tanh", B + A)),
    "what has a name stays": ((A, B), (S * (B + A),), S * (B + A), S * (B + A)),
    "a sign comes out of a lone difference": ((RESIDUAL,), (), S * TURNED, -(S * RESIDUAL)),
    "in brackets no sign comes first": ((RESIDUAL, E), (), S * (E + X * TURNED), S * (E - X * RESIDUAL)),
    "outside it does": ((RESIDUAL, E), (), E + X * TURNED, -(X * RESIDUAL) + E),
}


@pytest.mark.parametrize("name", CASES)
def test_in_the_words_of_the_function(name: str) -> None:
    function, names, closed, wanted = CASES[name]
    assert AsWritten(function, frozenset(names), tidied).of(closed) is wanted


def test_only_what_was_turned_is_tidied_again() -> None:
    words = AsWritten((RESIDUAL, E), frozenset(), lambda node: call("tanh", node))
    assert words.of(E * RESIDUAL) is E * RESIDUAL
    assert words.of(X * TURNED + E * E) is call("tanh", X * -RESIDUAL) + E * E


def test_without_a_function_all_stays() -> None:
    for node in (A, B + A, S * (B + A), X * TURNED, A - (B - C)):
        assert AsWritten((), frozenset(), tidied).of(node) is node
