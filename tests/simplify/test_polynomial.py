"""Sums of terms: taken apart, multiplied out, added up and written as expressions again."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim, Shape
from chainrule.ir.node import Input, Kind, Node, Size
from chainrule.ir.registry import call
from chainrule.simplify.canonical import canonical
from chainrule.simplify.polynomial import MOST_TERMS, Sum, collected, expanded, in_front, powered, product, rebuilt
from chainrule.simplify.terms import Factor, Term, key

U, V, W, X = (Input.of(name, (3,)) for name in "uvwx")
Q = Input.of("q", (3, 3))
K, L = (Input.of(name, (3,), "int") for name in "kl")
EXP = call("exp", V)
N, M = (cast(Size.of(Dim(name)), "float") for name in "NM")

Spelled = tuple[Any, ...]
"""A base and its indices; then a power other than 1."""


def term(number: float, *factors: Spelled) -> Term:
    """A number times factors, with the lengths of all their indices."""
    found = tuple(Factor(base, subs, *power) for base, subs, *power in factors)
    return Term(Fraction(number), found, {i: e for f in found for i, e in zip(f.subs, f.base.shape, strict=True)})


def total(*terms: Term, shape: Shape = (3,), kind: Kind = "float") -> Sum:
    return Sum(terms, shape, kind)


def plain(found: Term) -> tuple[Any, ...]:
    """What is multiplied in a term."""
    return found.number, {(f.base, f.subs, f.power) for f in found.factors}


OWN = (0,)
SUM = total(term(3, (V, OWN)), term(3, (W, OWN)))
BOTH = canonical(V + W)


def test_what_a_sum_carries_is_in_order() -> None:
    shape = (3,) * 9
    assert total(term(1, (V, (8,))), term(1, (Q, (1, 9))), shape=shape).carried == (1, 8)
    assert total(term(2), shape=shape).carried == ()


OPERATIONS: list[tuple[Sum, bool]] = [
    (total(term(1, (EXP, OWN))), True),
    (total(term(2, (EXP, OWN))), False),
    (total(term(1, (EXP, OWN, 2))), False),
    (total(term(1, (EXP, OWN), (V, OWN))), False),
    (total(term(1, (EXP, OWN)), term(1, (V, OWN))), False),
    (total(term(1, (call("sin", V), OWN))), False),
    (total(term(1, (V, OWN))), False),
    (total(term(1)), False),
    (total(), False),
]


@pytest.mark.parametrize(("sum_", "is_exp"), OPERATIONS)
def test_a_sum_that_is_an_exponential_alone(sum_: Sum, is_exp: bool) -> None:
    found = sum_.operation("exp")
    assert found == ((V,), OWN) if is_exp else found is None


def test_a_sum_in_which_nothing_cancels_is_itself() -> None:
    share = total(term(1, (V, OWN), (W, OWN, -1)), term(2, (X, OWN)))
    assert share.settled is share
    # v/v is 1 where there is no number for v = 0 anyway.
    (one,) = total(term(1, (V, OWN), (V, OWN, -1))).settled.terms
    assert plain(one) == (1, {(V, OWN, 1), (V, OWN, -1)})
    both = total(term(1, (W, OWN), (V, OWN), (V, OWN, -1)), term(1, (V, OWN, -1))).settled
    assert {frozenset(plain(t)[1]) for t in both.terms} == {frozenset({(W, OWN, 1)}), frozenset({(V, OWN, -1)})}


APART: dict[str, tuple[Sum, set[tuple[Any, ...]]]] = {
    # Each: a sum, and what all its terms have as a factor.
    "nothing": (SUM, set()),
    "a factor": (total(term(1, (U, OWN), (V, OWN)), term(2, (U, OWN), (W, OWN))), {(U, OWN, 1)}),
    "the lowest power": (total(term(1, (U, OWN, 3), (V, OWN)), term(1, (U, OWN, 2))), {(U, OWN, 2)}),
    "what all divide by": (total(term(1, (U, OWN, -1), (V, OWN)), term(1, (U, OWN, -2))), {(U, OWN, -1)}),
    "what one multiplies by and one divides by": (total(term(1, (U, OWN)), term(1, (U, OWN, -1))), set()),
    "a factor of two terms of three": (total(term(1, (U, OWN)), term(1, (U, OWN, 2)), term(1, (W, OWN))), set()),
    # Σ_k q_ik v_k + Σ_k q_ik w_k: what is summed over does not stand alone.
    "what is summed": (total(term(1, (Q, (0, 1)), (V, (1,))), term(1, (Q, (0, 1)), (W, (1,)))), set()),
}


@pytest.mark.parametrize("name", APART)
def test_what_all_terms_share_is_taken_out(name: str) -> None:
    sum_, shared = APART[name]
    found = sum_.apart
    assert plain(Term(found.number, found.factors[:-1]))[1] == shared
    rest = found.factors[-1].base
    assert isinstance(rest, Node)
    back = call("einsum", "i->i", rest) * float(found.number)
    for base, _, power in shared:
        back = back * base ** float(power)
    assert canonical(back) is canonical(rebuilt(sum_))


WHOLE: list[tuple[tuple[int, int], int, tuple[int, int]]] = [
    # The coefficients of k and l; the number in front; what is left of the coefficients.
    ((4, 6), 2, (2, 3)),
    ((4, -6), 2, (2, -3)),
    ((-4, 6), -2, (2, -3)),
    ((-4, -6), -2, (2, 3)),
    ((1, 3), 1, (1, 3)),
    ((3, 2), 1, (3, 2)),
    ((6, 3), 3, (2, 1)),
    # Of any length.
    ((2**53 + 1, 2**54 + 2), 2**53 + 1, (1, 2)),
]


@pytest.mark.parametrize(("coefficients", "front", "left"), WHOLE)
def test_whole_numbers_have_no_common_divisor(coefficients: tuple[int, int], front: int, left: tuple[int, int]) -> None:
    a, b = coefficients
    number, atom = total(term(a, (K, OWN)), term(b, (L, OWN)), kind="int").atom
    assert number == front
    assert isinstance(number, Fraction)
    c, d = (n * node if n != 1 else node for n, node in zip(left, (K, L), strict=True))
    assert atom is c + d


def test_the_first_coefficient_of_floats_is_one() -> None:
    number, atom = total(term(4, (V, OWN)), term(-6, (W, OWN))).atom
    assert number == 4
    assert atom is V + -1.5 * W


def test_a_power_is_one_of_every_factor() -> None:
    # (5 v⁻³ (3v + 3w)²)⁻² = (5·3²)⁻² v⁶ (v + w)⁻⁴
    found = powered(term(5, (V, OWN, -3), (SUM, OWN, 2)), -2)
    assert plain(found) == (Fraction(1, 45**2), {(V, OWN, 6), (BOTH, OWN, -4)})
    assert isinstance(found.number, Fraction)


def test_a_power_keeps_the_indices() -> None:
    found = powered(term(1, (Q, (1, 0)), (SUM, (1,))), 3)
    assert plain(found) == (27, {(Q, (1, 0), 3), (BOTH, (1,), 3)})


def test_a_product_is_summed_over_what_is_not_free() -> None:
    written = [(term(2, (Q, (0, 1))), (7, 4)), (term(3, (V, (0,))), (4,))]
    found = product(written, (7,), {7: 3, 4: 3})
    assert plain(found) == (6, {(Q, (0, 1), 1), (V, (1,), 1)})
    assert found.extents == {0: 3, 1: 3}


def test_a_product_of_nothing_is_one() -> None:
    found = product([], (), {})
    assert plain(found) == (1, set())
    assert isinstance(found.number, Fraction)


def longest(count: int) -> Sum:
    """A sum of as many terms, none like another."""
    return total(*(term(1, (V, OWN, k + 1)) for k in range(count)))


PRODUCTS: list[tuple[tuple[Factor, ...], int]] = [
    # Sums that are multiplied, and how many products of their terms there are, like ones counted once.
    ((Factor(longest(2), OWN, 6),), 7),
    ((Factor(longest(8), OWN), Factor(total(term(1, (W, OWN)), term(1)), OWN, 3)), 32),
    ((Factor(longest(MOST_TERMS), OWN),), 64),
    # Of those that are too many one term is made.
    ((Factor(longest(2), OWN, 7),), 1),
    ((Factor(longest(13), OWN), Factor(longest(5), OWN)), 1),
    ((Factor(longest(65), OWN),), 1),
]


@pytest.mark.parametrize(("factors", "count"), PRODUCTS)
def test_products_of_sums_are_written_out_up_to_64_terms(factors: tuple[Factor, ...], count: int) -> None:
    found = expanded(Term(Fraction(1), factors, {0: 3}), (3,), "float")
    assert len(found.terms) == count
    assert (found.shape, found.kind) == ((3,), "float")


def test_beyond_that_a_sum_stands_as_an_atom() -> None:
    # 5u (3v + 3w)⁷ = 5·3⁷ u (v + w)⁷
    (found,) = expanded(term(5, (U, OWN), (SUM, OWN, 7)), (3,), "float").terms
    assert plain(found) == (5 * 3**7, {(U, OWN, 1), (V + W, OWN, 7)})
    assert isinstance(found.number, Fraction)


def test_each_factor_of_a_product_is_summed_on_its_own() -> None:
    """(Σ_k q_ik v_k + u_i)², where the square of the sum has two indices to sum over."""
    inner = total(term(1, (Q, (0, 1)), (V, (1,))), term(1, (U, OWN)))
    found = expanded(term(1, (inner, OWN, 2)), (3,), "float")
    assert sorted(t.number for t in found.terms) == [1, 1, 2]
    assert rebuilt(found) is canonical((Q @ V + U) ** 2)
    assert sorted(len(t.extents) for t in found.terms) == [1, 2, 3]


def test_like_terms_are_added_up() -> None:
    terms = [term(1, (V, OWN)), term(2, (W, OWN)), term(4, (V, OWN)), term(-2, (W, OWN)), term(1, (V, OWN, -1))]
    found = collected(terms, (3,), "float")
    assert {plain(t)[0]: plain(t)[1] for t in found.terms} == {5: {(V, OWN, 1)}, 1: {(V, OWN, -1)}}


FRONT: dict[str, tuple[list[Sum], tuple[Fraction, set[Node]], list[list[Term]]]] = {
    # Each: sums, the number and the sizes in front, and the terms that are left.
    "nothing": ([total(), total()], (Fraction(1), set()), [[], []]),
    "the first number": (
        [total(term(4, (V, OWN))), total(term(6, (W, OWN)), term(2))],
        (Fraction(4), set()),
        [[term(1, (V, OWN))], [term(1.5, (W, OWN)), term(0.5)]],
    ),
    "of the first that has any": ([total(), total(term(3))], (Fraction(3), set()), [[], [term(1)]]),
    "the sizes that all have": (
        [total(term(1, (V, OWN), (N, ()), (M, ()))), total(term(1, (N, ())))],
        (Fraction(1), {N}),
        [[term(1, (V, OWN), (M, ()))], [term(1)]],
    ),
    "a size that one has not": (
        [total(term(1, (N, ()), (V, OWN))), total(term(1, (W, OWN)), term(1, (N, ())))],
        (Fraction(1), set()),
        [[term(1, (N, ()), (V, OWN))], [term(1, (W, OWN)), term(1, (N, ()))]],
    ),
    "another power of it": (
        [total(term(1, (N, ()))), total(term(1, (N, (), -1)))],
        (Fraction(1), set()),
        [[term(1, (N, ()))], [term(1, (N, (), -1))]],
    ),
    "what is no size": ([total(term(1, (V, OWN)))] * 2, (Fraction(1), set()), [[term(1, (V, OWN))]] * 2),
}


@pytest.mark.parametrize("name", FRONT)
def test_what_comes_in_front_of_a_choice(name: str) -> None:
    sums, (number, sizes), left = FRONT[name]
    front, without = in_front(sums)
    assert plain(front) == (number, {(size, (), 1) for size in sizes})
    assert isinstance(front.number, Fraction)
    assert [[plain(t) for t in s.terms] for s in without] == [[plain(t) for t in terms] for terms in left]
    assert [(s.shape, s.kind) for s in without] == [(s.shape, s.kind) for s in sums]


def spread(node: Any, shape: Shape = (3,)) -> Node:
    return broadcast(as_node(node), shape)


REBUILT: dict[str, tuple[Sum, tuple[int, ...] | None, Node]] = {
    # Each: a sum, the axes it is written over, and the expression.
    "nothing": (total(), None, spread(0.0)),
    "a number": (total(term(2.5)), None, spread(2.5)),
    "in the order of the terms": (total(term(1, (W, OWN)), term(2, (V, OWN)), term(-1)), None, W + 2 * V + -1.0),
    "a power": (total(term(1, (V, OWN, 2), (W, OWN, -1))), None, V**2.0 * W**-1.0),
    "a matrix product": (total(term(2, (Q, (0, 1)), (V, (1,)))), None, 2 * (Q @ V)),
    "over all axes": (total(term(2, (V, (1,))), shape=(2, 3)), None, 2 * spread(V, (2, 3))),
    "over those it has": (total(term(2, (V, (1,))), term(3), shape=(2, 3)), (1,), 2 * V + 3.0),
    "over an axis of another length": (total(term(2, (V, (2,))), shape=(4, 5, 3)), (2,), 2 * V),
    "the other way round": (total(term(1, (Q, (1, 0))), shape=(3, 3)), None, Q.T),
    "whole numbers": (total(term(2, (K, OWN)), term(3), kind="int"), None, 2 * K + 3),
    # In floats a tenth ten times is one.
    "a number that is nearly one": (total(Term(10 * Fraction(0.1), (Factor(V, OWN),), {0: 3})), None, V),
    "no float is as great": (total(Term(Fraction(10) ** 400, (Factor(V, OWN),), {0: 3})), None, math.inf * V),
    "nor as low": (total(Term(-(Fraction(10) ** 400), (Factor(V, OWN),), {0: 3})), None, -math.inf * V),
    # Whole numbers are exact, and overflow as 64 bits do.
    "no float is that number": (total(term(2**53 + 1, (K, OWN)), kind="int"), None, (2**53 + 1) * K),
    "the greatest": (total(term(2**63 - 1, (K, OWN)), kind="int"), None, (2**63 - 1) * K),
    "beyond the greatest": (total(term(2**63, (K, OWN)), kind="int"), None, -(2**63) * K),
    "beyond the lowest": (total(term(-(2**63) - 1, (K, OWN)), kind="int"), None, (2**63 - 1) * K),
    "all the way round": (total(term(2**64 + 1, (K, OWN)), kind="int"), None, K),
}


@pytest.mark.parametrize("name", REBUILT)
def test_a_sum_as_an_expression(name: str) -> None:
    sum_, axes, wanted = REBUILT[name]
    found = rebuilt(sum_, axes)
    assert found is wanted, f"{found!r} is not {wanted!r}"


def test_whole_numbers_that_no_float_tells_apart_are_told_apart() -> None:
    assert canonical(K * (2**53 + 1)) is not canonical(K * 2**53)
    assert canonical(K * (2**53 + 1)) is canonical((2**53) * K + K)
    assert canonical((K * 2**62) * 2**62) is canonical(2**62 * (2**62 * K))


def test_a_product_of_numbers_that_overflows_has_a_form() -> None:
    assert canonical((X * 1e300) * 1e300) is canonical(1e300 * (1e300 * X))
    assert canonical((X * -1e300) * 1e300) is not canonical((X * 1e300) * 1e300)


def test_terms_are_in_the_order_of_their_keys() -> None:
    found = collected([term(1, (node, OWN)) for node in (X, W, V, U)], (3,), "float")
    bases = [t.factors[0].base for t in found.terms]
    assert bases == sorted((U, V, W, X), key=key)
