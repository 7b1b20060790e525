"""Where a term has no number, and what may be cancelled in it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import broadcast
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify.cancel import divided, net_powers, place_of, poles_of, without_pairs
from chainrule.simplify.polynomial import Sum
from chainrule.simplify.terms import Factor, Term

U, V, W = (Input.of(name, (3,)) for name in "uvw")
X, Y = (Input.of(name, (2, 3)) for name in "xy")
S, T = (Input.of(name, ()) for name in "st")
OWN = (0,)

Spelled = tuple[Any, ...]
"""A base and its indices; then a power other than 1."""


def term(*factors: Spelled) -> Term:
    return Term(Fraction(5), tuple(Factor(base, subs, *power) for base, subs, *power in factors), {0: 3})


def plain(found: Term) -> list[Spelled]:
    """The factors of a term, in order."""
    assert found.number == 5
    assert found.extents == {0: 3}
    return [(f.base, f.subs, f.power) for f in found.factors]


def log(node: Node) -> Node:
    return call("log", node)  # type: ignore[no-any-return]


POLES: dict[str, tuple[Term, int, set[tuple[Node, tuple[int, ...]]]]] = {
    # Each: a term, how many of its indices are free, and what it has no number for where that is 0.
    "what it multiplies by": (term((V, OWN), (W, OWN, 2)), 1, set()),
    "what it divides by": (term((V, OWN), (W, OWN, -2)), 1, {(W, OWN)}),
    "what it divides by once more than it multiplies": (term((V, OWN), (V, OWN, -2)), 1, {(V, OWN)}),
    "as often": (term((V, OWN, 2), (V, OWN, -2)), 1, set()),
    "a single number": (term((S, (), -1)), 0, {(S, ())}),
    # Of a sum over k it is not known for which of its terms there is no number.
    "with a summed index": (term((V, (1,), -1), (W, OWN, -1)), 1, {(W, OWN)}),
    "with a free and a summed index": (term((X, (0, 1), -1)), 1, set()),
    "the same array, free and summed": (term((V, (1,), -1), (V, OWN, -1)), 1, {(V, OWN)}),
    "what the logarithm is of": (term((log(V), OWN)), 1, {(V, OWN)}),
    "what another function is of": (term((call("exp", V), OWN)), 1, set()),
    # 1/log v is 0 where v is.
    "what it divides by the logarithm of": (term((log(V), OWN, -1)), 1, {(log(V), OWN)}),
    "the factors in a logarithm": (term((log(V * W * U), OWN)), 1, {(V, OWN), (W, OWN), (U, OWN)}),
    "the base of a power in it": (term((log(V**3.0), OWN)), 1, {(V, OWN)}),
    "a power of a product": (term((log((V * W) ** 2.0), OWN)), 1, {(V, OWN), (W, OWN)}),
    "a sum in it": (term((log(V + W), OWN)), 1, {(V + W, OWN)}),
    "a quotient in it": (term((log(V / W), OWN)), 1, {(V / W, OWN)}),
    # log of s w_j: each factor with the indices that it has there.
    "a number that is spread": (term((log(broadcast(S, (3,)) * W), OWN)), 1, {(S, ()), (W, OWN)}),
    "a transpose in it": (term((log(call("transpose", X)), (0, 1))), 2, {(X, (1, 0))}),
    "an outer product in it": (term((log(call("einsum", "i,j->ij", V, W)), (1, 0))), 2, {(V, (1,)), (W, (0,))}),
    # Where Σ_k v_k w_k is 0 its terms need not be.
    "a dot product in it": (
        term((log(call("einsum", "i,i->", V, W)), ())),
        0,
        {(call("einsum", "i,i->", V, W), ())},
    ),
    "a logarithm that is summed": (term((log(V), (1,)), (W, OWN)), 1, set()),
}


@pytest.mark.parametrize("name", POLES)
def test_where_a_term_has_no_number(name: str) -> None:
    found, rank, poles = POLES[name]
    assert poles_of(found, rank) == {(id(base), subs) for base, subs in poles}


EXP = call("exp", V)
SUM = Sum((term((V, OWN)), term((W, OWN))), (3,), "float")

PAIRS: dict[str, tuple[Term, list[Factor], list[Spelled] | None]] = {
    # Each: a term, the poles of the sum in which it stands, and its factors when that is settled; None if it stays.
    "no pole": (term((V, OWN), (V, OWN, -1)), [], None),
    "another's": (term((V, OWN), (V, OWN, -1)), [Factor(W, OWN)], None),
    "the same array's with another index": (term((V, OWN), (V, OWN, -1)), [Factor(V, (1,))], None),
    "a pole that is no pair": (term((V, OWN), (W, OWN, -1)), [Factor(W, OWN)], None),
    "nothing is left": (term((V, OWN), (V, OWN, -1)), [Factor(V, OWN)], []),
    "of three": (term((V, OWN), (W, OWN), (V, OWN, -1)), [Factor(V, OWN)], [(W, OWN, 1)]),
    "more above": (term((V, OWN, 3), (V, OWN, -1)), [Factor(V, OWN)], [(V, OWN, 2)]),
    "more below": (term((V, OWN), (W, OWN), (V, OWN, -2)), [Factor(V, OWN)], [(V, OWN, -1), (W, OWN, 1)]),
    "one pole of two pairs": (
        term((V, OWN), (W, OWN), (V, OWN, -1), (W, OWN, -1)),
        [Factor(V, OWN)],
        [(W, OWN, 1), (W, OWN, -1)],
    ),
    "what is never 0": (term((EXP, OWN), (EXP, OWN, -1), (V, OWN)), [], [(V, OWN, 1)]),
    "what is never 0, with more below": (term((EXP, OWN), (EXP, OWN, -2)), [], [(EXP, OWN, -1)]),
    # Of a sum that was not yet multiplied out nothing is known.
    "a sum": (term((SUM, OWN), (SUM, OWN, -1)), [], None),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_cancels_where_there_is_no_number_anyway(name: str) -> None:
    before, poles, after = PAIRS[name]
    found = without_pairs(before, {place_of(f) for f in poles})
    if after is None:
        assert found is before
    else:
        assert plain(found) == after


def test_the_power_when_all_is_cancelled() -> None:
    found = net_powers(term((V, OWN, 2), (W, OWN), (V, OWN, -3), (V, (1,))))
    assert found == {(id(V), OWN): -1, (id(W), OWN): 1, (id(V), (1,)): 1}


DIVIDED: dict[str, tuple[list[Factor], list[Spelled]]] = {
    # Each: what v³w/v² is divided by, and what is left.
    "nothing": ([], [(V, OWN, 3), (W, OWN, 1), (V, OWN, -2)]),
    "a factor": ([Factor(W, OWN)], [(V, OWN, 3), (V, OWN, -2)]),
    "a power": ([Factor(V, OWN, 2)], [(V, OWN, 1), (W, OWN, 1), (V, OWN, -2)]),
    "all of a power": ([Factor(V, OWN, 3)], [(W, OWN, 1), (V, OWN, -2)]),
    "what it divides by": ([Factor(V, OWN, -1)], [(V, OWN, 3), (W, OWN, 1), (V, OWN, -1)]),
    "several": ([Factor(V, OWN), Factor(V, OWN, -2)], [(V, OWN, 2), (W, OWN, 1)]),
}


@pytest.mark.parametrize("name", DIVIDED)
def test_a_term_without_factors_that_it_has(name: str) -> None:
    taken, left = DIVIDED[name]
    before = term((V, OWN, 3), (W, OWN), (V, OWN, -2))
    assert plain(divided(before, {(place_of(f), f.power > 0): f for f in taken})) == left
