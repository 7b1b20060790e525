"""How long a formula is on paper, in numbers counted by hand."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Const, Input, Node, Size
from chainrule.ir.registry import call
from chainrule.simplify.size import Lengths, signs, written

X, Y = Input.of("x", (2, 3)), Input.of("y", (2, 3))
V, S, T = Input.of("v", (3,)), Input.of("s", ()), Input.of("t", ())
TOTAL = call("sum", X * Y)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (X, 1),
        (Size.of(Dim("N")), 1),
        (as_node(2.0), 1),
        (as_node(0.0), 1),
        (Const.of([1.0, 2.0]), 1),
        # A negative number is written as a sign and a number, minus one as a sign, and one not at all.
        (as_node(-2.0), 2),
        (as_node(-1.0), 1),
        (as_node(1.0), 0),
        (X * Y, 1),
        (-X, 1),
        (call("exp", X), 1),
        (call("max", X), 1),
        # A sum of products has a sign for each of its factors.
        (call("sum", X), 1),
        (X @ V, 2),
        # A power by a number is written by the number; by another expression it is raised with a sign.
        (X**2.0, 0),
        (S**T, 1),
        (cast(X > Y, "float"), 0),
        (X.T, 0),
        (broadcast(S, (2, 3)), 0),
    ],
)
def test_the_signs_that_a_node_puts_on_paper(node: Node, expected: int) -> None:
    assert signs(node) == expected


@pytest.mark.parametrize(
    ("node", "length"),
    [
        (X, (1, 0)),
        (X * Y, (3, 0)),
        # What is used twice is written twice.
        (X * X, (3, 0)),
        ((X * Y) + (X * Y), (7, 0)),
        (X**2.0 + Y, (4, 0)),
        # Inside of the sum stand the three signs of the product.
        (TOTAL, (4, 3)),
        (2.0 * TOTAL, (6, 3)),
        (call("sum", 2.0 * X), (4, 3)),
        # What stands inside of two sums counts twice: the product's three signs, then the six of the quotient.
        (call("sum", X / call("sum", X * Y)), (7, 9)),
        # A transpose or a spread is not a sum.
        ((X * Y).T, (3, 0)),
        (broadcast(call("exp", S), (2, 3)), (2, 0)),
    ],
)
def test_the_length_of_a_formula(node: Node, length: tuple[int, int]) -> None:
    assert written(node) == length


def test_a_named_node_is_read_as_its_name() -> None:
    named = frozenset([TOTAL])
    assert written(call("exp", TOTAL), named) == (2, 0)
    # Its own formula is written out.
    assert written(TOTAL, named) == (4, 3)


def test_lengths_are_found_again() -> None:
    lengths = Lengths([TOTAL])
    assert [lengths.of(n) for n in (2.0 * TOTAL, TOTAL, 2.0 * TOTAL)] == [(3, 0), (1, 0), (3, 0)]
