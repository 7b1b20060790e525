"""How a polynomial is written: what stands in front, what is taken out, in which order, and with which numbers."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, constant
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.render.formula import show
from chainrule.simplify import PHASES, told
from chainrule.simplify.collected import Collected, as_float, expansions, shorter
from chainrule.simplify.monomials import MOST_TERMS, Expansion, Polynomial, TooLong
from chainrule.simplify.rule import Context
from chainrule.simplify.size import Lengths

A, B, C, D, E = (Input.of(n, ()) for n in "abcde")
U, V, W = (Input.of(n, (3,)) for n in "uvw")
X, Y = (Input.of(n, (2, 3)) for n in "xy")
Q = Input.of("q", (3, 3))
M = Input.of("m", (3,), "bool")
OUTER = call("einsum", "i,j->ij", V, V)


def written(node: Node) -> Node:
    """An expression multiplied out and written again, be it longer or not."""
    expansion = Expansion(node, frozenset(), everything=True)
    return Collected(expansion, Lengths()).write(expansion.polynomial)


TABLE: list[tuple[Node, str]] = [
    # Nothing, and numbers alone.
    (A - A, "0"),
    (V - V, "0"),
    (A - A + 2, "2"),
    (A / A - 1 + V / V - V / V + A - A / A, "a - 1"),
    # What all terms share stands in front, the number first.
    (A * B + A * C, "a(b + c)"),
    (2 * A + 4 * B, "2(a + 2b)"),
    (4 * A + 2 * B, "2(2a + b)"),
    (3 * A + 3 * B * V, "3(a + bv)"),
    (A**2 * B + A**3 * C, "a²(b + ac)"),
    (A**-2 * B + A**-3 * C, "(b + c/a)/a²"),
    (V / W + U / W, "(v + u)/w"),
    # A number that does not divide the others stays with its term.
    (2 * A + 3 * B, "2a + 3b"),
    (A / 2 + B / 3, "(1/2) a + b/3"),
    (2 * A + 4 * B + 5 * C, "2a + 4b + 5c"),
    # A sign that all have stands in front of all.
    (-A, "-a"),
    (-2 * V, "-2v"),
    (-(A * B) - A * C, "-a(b + c)"),
    (-V - 1, "-(v + 1)"),
    (-A / 2 - B / 3, "-((1/2) a + b/3)"),
    (A / 2 - B / 3, "(1/2) a - b/3"),
    # The terms keep their order; only that the first is one that is added.
    (B - A - C, "b - a - c"),
    (-A + B - C, "b - a - c"),
    (-A - B + C, "c - a - b"),
    (-A + B - C + D, "b - a - c + d"),
    (1 - V, "1 - v"),
    (V - 1, "v - 1"),
    # What the most terms share is taken out of them.
    (A * B + A * C + D, "a(b + c) + d"),
    (A * B + B * C + C * D + C * E, "c(b + d + e) + ab"),
    (A * V + A * W + B * V, "a(v + w) + bv"),
    (V * W + V * U + 1, "v ⊙ (w + u) + 1"),
    (V / W + U / W + 1, "(v + u)/w + 1"),
    (2 * V * W + 2 * V * U + W * U, "2v ⊙ (w + u) + w ⊙ u"),
    (A * B + A * C + B * D + C * D, "a(b + c) + d(b + c)"),
    # Of two factors that as many terms share the first, be it that another one stands below a line.
    (A * B + B * C + C * A, "a(b + c) + bc"),
    (B * A + C * B + C * A, "b(a + c) + ac"),
    (A * B + A * C / D + E / D, "a(b + c/d) + e/d"),
    # What stands above and below a line is not shared.
    (A * B + A * C + D / A, "a(b + c) + d/a"),
    (D / A + B / A + A * C, "(d + b)/a + ac"),
    # A part that is taken away as a whole, and one that is added though its last term is not.
    (E - A * B - A * C, "e - a(b + c)"),
    (A * B - A * C + E, "a(b - c) + e"),
    (A * B - A * C - E, "a(b - c) - e"),
    # With the number of terms of one kind nothing is taken out; nor where it would be as long.
    (A + 2 * B + 2 * C, "a + 2b + 2c"),
    (1 / A + 1 / B, "1/a + 1/b"),
    (A**2 * B + A**2 * C + D, "a²(b + c) + d"),
    (A**2 + A + 1, "a² + a + 1"),
    (V + 2 * V * W + W * 3, "v ⊙ (1 + 2w) + 3w"),
    # Single numbers first, then arrays, and of these what is spread last; a sum among its like, after them.
    (V * A * W * B, "abv ⊙ w"),
    (V * X, "x ⊙ v"),
    (V * X * Y, "x ⊙ y ⊙ v"),
    (Y / (V * X), "y / (x ⊙ v)"),
    (Q.T * Q, "qᵀ ⊙ q"),
    (OUTER * Q, "vvᵀ ⊙ q"),
    ((A + B) * V, "(a + b)v"),
    ((A + B) * C, "c(a + b)"),
    ((A + V) * W, "w ⊙ (a + v)"),
    # What divides stands under what is of its kind.
    (V / A, "v/a"),
    (V / (A * B), "v/(ab)"),
    (B * V / A, "(b/a) v"),
    (2 * V / A, "(2/a) v"),
    (A / V, "a(1/v)"),
    (V / W, "v/w"),
    (1 / A, "1/a"),
    (A * B * V * W / (C * D * U), "(ab / (cd)) ((v ⊙ w) / u)"),
    (1 / (C * D * V), "(1/v) / (cd)"),
    # A number and an array that are added.
    (A + V, "a + v"),
    (V + A, "v + a"),
    (V + A * B + A * C, "a(b + c) + v"),
    # Numbers: whole ones, thirds, halves as such, and long fractions as decimals.
    (V * 3, "3v"),
    (V * 2 / 3, "(2/3) v"),
    (V / 3, "v/3"),
    (V * 3 / 2, "(3/2) v"),
    (V * 2 / 999, "(2/999) v"),
    (V * 3 / 1000, "(3/1000) v"),
    (V * 2 / 1001, "0.001998001998001998v"),
    (V / 2048, "0.00048828125v"),
]


@pytest.mark.parametrize(("node", "after"), TABLE)
def test_a_polynomial_as_it_is_written(node: Node, after: str) -> None:
    found = written(node)
    assert show(found, "text") == after
    assert found.shape in ((), node.shape)


NUMBERS: list[tuple[Node, Node]] = [
    # Halves are one number, as nothing is lost by that; of thirds two are written.
    (V * 3 / 2, 1.5 * V),
    (V / 2048, 2.0**-11 * V),
    (V * 3 / 1000, constant(3, "float") / constant(1000, "float") * V),
    (V * 2 / 1001, as_node(2 / 1001) * V),
    (V / 3, V / constant(3, "float")),
    (A * 2 / 3, constant(2, "float") * A / constant(3, "float")),
]


@pytest.mark.parametrize(("node", "after"), NUMBERS)
def test_which_numbers_are_decimals(node: Node, after: Node) -> None:
    assert written(node) is after


def test_sums_that_are_factors_are_left_alone_first_and_then_multiplied_out() -> None:
    found = expansions((A + B) * (A - B), frozenset())
    assert [len(expansion.polynomial) for expansion in found] == [1, 2]
    named = expansions((A + B) * C, frozenset([A + B]))
    assert [expansion.atoms for expansion in named] == [[A + B, C]] * 2


def test_what_nobody_would_write_out_is_left_away() -> None:
    letters = [Input.of(f"x{k}", ()) for k in range(6)]
    product = (A + B) ** 8 * (letters[0] + letters[1] + letters[2] + letters[3])
    (alone,) = expansions(product, frozenset())
    assert len(alone.polynomial) == 1
    assert expansions(reduce(add, [Input.of(f"x{k}", ()) for k in range(MOST_TERMS + 1)]), frozenset()) == []


SHORTER: list[tuple[Node, str | None]] = [
    (A * B + A * C, "a(b + c)"),
    ((A + B) * (A - B) + B * B, "a²"),
    # Of two that are as long the one whose sums were left alone.
    ((A + B) * C + (A + B) * C, "2(a + b)c"),
    # As long as it is now, or longer.
    (A * (B + C), None),
    ((A + B) ** 2, None),
    (V - V, "0"),
]


@pytest.mark.parametrize(("node", "after"), SHORTER)
def test_the_shortest_way_is_taken(node: Node, after: str | None) -> None:
    found = shorter(node, expansions(node, frozenset()), Lengths())
    assert (None if found is None else show(found, "text")) == after
    assert found is None or found.shape == node.shape


def test_a_polynomial_may_be_changed_before_it_is_written() -> None:
    def doubled(expansion: Expansion) -> Polynomial:
        return {monomial: 2 * number for monomial, number in expansion.polynomial.items()}

    ways = expansions(A * B + A * C + A * D, frozenset())
    found = shorter(ways[0].root, ways, Lengths(), doubled)
    assert found is not None
    assert show(found, "text") == "2a(b + c + d)"
    assert shorter(ways[0].root, ways, Lengths(), lambda expansion: None) is None


BEYOND: list[Node] = [
    # Of 10⁴⁰⁰, 10⁻⁴⁰⁰, and 2¹⁰²⁴/3, of which only the numerator is too great.
    1e200 * V * 1e200,
    (1e200 * V) ** 2 - V,
    1e-200 * V * 1e-200,
    2.0**600 * A + 2.0**-600 * A * A,
    2.0**1000 * V * 2.0**24 / 3,
]


@pytest.mark.parametrize("node", BEYOND)
def test_numbers_that_no_float_is_near_stay_as_they_were_written(node: Node) -> None:
    assert shorter(node, expansions(node, frozenset()), Lengths()) is None
    # Nothing of it has become 0 or infinite.
    shown = show(told(node, {V: "v", W: "w", A: "a"}), "text")
    assert "∞" not in shown
    assert shown != "0"


def test_the_rules_that_collect_leave_such_numbers_too() -> None:
    rules = {rule.name: rule for phase in PHASES for rule in phase.rules}
    p = call("exp", V - call("logsumexp", V))
    known = [call("sum", 1e200 * p * 1e200 + V), call("sum", p + (1e200 * V) ** 2)]
    for node in known:
        assert rules["a part of a sum is known"].rewrite(node, Context()) is None
    tiny = as_node(1e-200) * as_node(1e-200)
    chosen = call("where", M, V + tiny, V)
    assert rules["branches that differ by a number"].rewrite(chosen, Context()) is None


FLOATS: list[tuple[Fraction | int, float | None]] = [
    (Fraction(1, 3), 1 / 3),
    (Fraction(-1, 3), -1 / 3),
    (7, 7.0),
    (Fraction(2) ** 1023, 2.0**1023),
    (Fraction(2) ** 1024, None),
    (-(2**1024), None),
    (Fraction(1, 2**1074), 5e-324),
    (Fraction(1, 2**1076), None),
]


@pytest.mark.parametrize(("number", "nearest"), FLOATS)
def test_the_float_nearest_to_a_number(number: Fraction | int, nearest: float | None) -> None:
    if nearest is None:
        with pytest.raises(TooLong):
            as_float(number)
    else:
        assert as_float(number) == nearest
