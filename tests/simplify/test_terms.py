"""Terms in index notation: each has one form, however its indices are called and its factors ordered."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim, Extent
from chainrule.ir.node import Const, Delta, Input, Node, Reduce, Scatter, Size
from chainrule.ir.registry import call, record
from chainrule.simplify.canonical import canonical
from chainrule.simplify.facts import declared
from chainrule.simplify.terms import Factor, Term, counted, key, ordered

N = Dim("N")
Q, R = Input.of("q", (3, 3)), Input.of("r", (3, 3))
S = Input.of("s", (3, 3), properties=frozenset(["symmetric"]))
BATCH = Input.of("b", (3, 3, 3), properties=frozenset(["symmetric"]))
V, W = Input.of("v", (3,)), Input.of("w", (3,))
P = Input.of("p", (2, 3), properties=frozenset(["simplex"]))
ROW = Input.of("row", (1, 3))
ONE_HOT = Scatter.make((broadcast(as_node(1.0), (2,)), Input.of("labels", (2,), "int")), (1, 1, 3))
DELTA = Delta.of(3)

Spelled = tuple[Node, str] | tuple[Node, str, int]
"""A base, its indices as letters, and a power other than 1."""


def term(*factors: Spelled, free: str = "", number: int = 1, also: dict[str, Extent] | None = None) -> Term:
    """A term from its factors, whose free indices are those letters, in order."""
    names = {letter: i for i, letter in enumerate(free)}
    extents: dict[int, Extent] = {}
    found = []
    for base, letters, *power in factors:
        subs = tuple(names.setdefault(letter, len(names)) for letter in letters)
        extents.update(zip(subs, base.shape, strict=True))
        found.append(Factor(base, subs, *power))
    for letter, extent in (also or {}).items():
        extents[names.setdefault(letter, len(names))] = extent
    return Term(Fraction(number), tuple(found), extents)


def parts(found: Term) -> tuple[Any, ...]:
    """What tells one term from another."""
    return found.number, {(f.base, f.subs, f.power) for f in found.factors}, found.extents


def form(*factors: Spelled, free: str = "", **more: Any) -> tuple[Term, int]:
    """A term, and how many of its indices are free."""
    return term(*factors, free=free, **more), len(free)


FORMS: dict[str, tuple[tuple[Term, int], tuple[Any, ...]]] = {
    # Each: the form of a term, and its number, factors and extents.
    "summed indices come after the free ones": (
        form((Q, "ca"), (R, "ab"), free="cb"),
        (1, {(Q, (0, 2), 1), (R, (2, 1), 1)}, {0: 3, 1: 3, 2: 3}),
    ),
    "equal factors are a power": (form((V, "a"), (V, "a"), (V, "a"), free="a"), (1, {(V, (0,), 3)}, {0: 3})),
    "what divides stays apart": (
        form((V, "a"), (V, "a", -1), (V, "a", -1), free="a"),
        (1, {(V, (0,), 1), (V, (0,), -2)}, {0: 3}),
    ),
    "nothing": (form((V, "a"), free="a", number=0), (0, set(), {})),
    "an index that no factor has counts": (form((V, "a"), free="a", also={"b": 4}), (4, {(V, (0,), 1)}, {0: 3})),
    "so does one with a name": (
        form((V, "a"), free="a", also={"b": N}),
        (1, {(V, (0,), 1), (cast(Size.of(N), "float"), (), 1)}, {0: 3}),
    ),
    "a free index that no factor has stays": (form(free="a", also={"a": 4}), (1, set(), {0: 4})),
    "nothing is carried along an axis of length one": (
        form((ROW, "ab"), free="ab"),
        (1, {(ROW, (2, 1), 1)}, {0: 1, 1: 3, 2: 1}),
    ),
    "nor from one factor to another": (
        form((ROW, "ab"), (ROW, "ac"), free="bc"),
        (1, {(ROW, (2, 0), 1), (ROW, (3, 1), 1)}, {0: 3, 1: 3, 2: 1, 3: 1}),
    ),
    # What adds up to one.
    "a simplex, summed": (form((P, "ab"), free="a"), (1, set(), {0: 2})),
    "a simplex, not summed": (form((P, "ab"), free="ab"), (1, {(P, (0, 1), 1)}, {0: 2, 1: 3})),
    "a simplex, summed the other way": (form((P, "ab"), free="b"), (1, {(P, (1, 0), 1)}, {0: 3, 1: 2})),
    "a simplex that weighs": (form((P, "ab"), (V, "b"), free="a"), (1, {(P, (0, 1), 1), (V, (1,), 1)}, {0: 2, 1: 3})),
    "the square of a simplex": (form((P, "ab", 2), free="a"), (1, {(P, (0, 1), 2)}, {0: 2, 1: 3})),
    "one by a simplex": (form((P, "ab", -1), free="a"), (1, {(P, (0, 1), -1)}, {0: 2, 1: 3})),
    "a one-hot array": (form((ONE_HOT, "ab"), free="a"), (1, set(), {0: 2})),
    "the square of a one-hot array": (form((ONE_HOT, "ab", 2), free="a"), (1, set(), {0: 2})),
    "one by a one-hot array": (form((ONE_HOT, "ab", -1), free="a"), (1, {(ONE_HOT, (0, 1), -1)}, {0: 2, 1: 3})),
    # Deltas.
    "a delta renames": (form((DELTA, "ab"), (V, "b"), free="a"), (1, {(V, (0,), 1)}, {0: 3})),
    "its square does, too": (form((DELTA, "ab", 2), (V, "b"), free="a"), (1, {(V, (0,), 1)}, {0: 3})),
    "the trace of a delta": (form((DELTA, "aa")), (3, set(), {})),
    "the diagonal of a delta": (form((DELTA, "aa"), (V, "a"), free="a"), (1, {(V, (0,), 1)}, {0: 3})),
    "the sum of a delta": (form((DELTA, "ab")), (3, set(), {})),
    "a delta between free indices": (
        form((DELTA, "ba"), (V, "b"), free="ab"),
        (1, {(DELTA, (0, 1), 1), (V, (0,), 1)}, {0: 3, 1: 3}),
    ),
    "a delta in between": (form((DELTA, "ac"), (DELTA, "cb"), free="ab"), (1, {(DELTA, (0, 1), 1)}, {0: 3, 1: 3})),
    "the first stands for all": (
        form((DELTA, "bc"), (DELTA, "ab"), free="abc"),
        (1, {(DELTA, (0, 1), 1), (DELTA, (0, 2), 1)}, {0: 3, 1: 3, 2: 3}),
    ),
    "however they are chained": (
        form((DELTA, "ac"), (DELTA, "ab"), free="abc"),
        (1, {(DELTA, (0, 1), 1), (DELTA, (0, 2), 1)}, {0: 3, 1: 3, 2: 3}),
    ),
    "in whatever order they are met": (
        form((DELTA, "cd"), (DELTA, "ab"), (DELTA, "bc"), free="abcd"),
        (1, {(DELTA, (0, 1), 1), (DELTA, (0, 2), 1), (DELTA, (0, 3), 1)}, {0: 3, 1: 3, 2: 3, 3: 3}),
    ),
    "two that have nothing in common": (
        form((DELTA, "ab"), (DELTA, "cd"), free="abcd"),
        (1, {(DELTA, (0, 1), 1), (DELTA, (2, 3), 1)}, {0: 3, 1: 3, 2: 3, 3: 3}),
    ),
    "a delta twice": (form((DELTA, "ab"), (DELTA, "ba"), free="ab"), (1, {(DELTA, (0, 1), 1)}, {0: 3, 1: 3})),
    "what divides by a delta does not rename": (
        form((DELTA, "ba", -1), free="ab"),
        (1, {(DELTA, (0, 1), -1)}, {0: 3, 1: 3}),
    ),
    "what was declared symmetric": (form((S, "ba"), free="ab"), (1, {(S, (0, 1), 1)}, {0: 3, 1: 3})),
    "what was not": (form((Q, "ba"), free="ab"), (1, {(Q, (1, 0), 1)}, {0: 3, 1: 3})),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_form_of_a_term(name: str) -> None:
    written, wanted = FORMS[name]
    found = ordered(*written)
    assert parts(found) == wanted
    assert isinstance(found.number, Fraction)


def test_lengths_are_counted() -> None:
    written = term((V, "a"), free="ab", also={"b": 5, "c": 4, "d": N})
    found = counted(written, 2)
    assert parts(found) == (4, {(V, (0,), 1), (cast(Size.of(N), "float"), (), 1)}, {0: 3, 1: 5})


def softmax(axes: tuple[int, ...]) -> Node:
    total = Reduce.of(record("logsumexp"), Q, axes)
    return canonical(call("exp", Q - call("spread", total, (3, 3), axes)))


def test_a_softmax_over_two_axes_adds_up_to_one_over_both() -> None:
    table, rows = softmax((0, 1)), softmax((1,))
    assert parts(ordered(*form((table, "ab")))) == (1, set(), {})
    assert parts(ordered(*form((table, "ab"), free="a"))) == (1, {(table, (0, 1), 1)}, {0: 3, 1: 3})
    assert parts(ordered(*form((table, "ab"), free="b"))) == (1, {(table, (1, 0), 1)}, {0: 3, 1: 3})
    assert len(ordered(*form((table, "ab"), (V, "b"))).factors) == 2
    assert parts(ordered(*form((rows, "ab"), free="a"))) == (1, set(), {0: 3})


def otherwise(term: Term, rank: int, rng: random.Random) -> Term:
    """The same term with other names for the summed indices, its factors and what is symmetric in another order."""
    names = rng.sample(range(rank, rank + 3 * len(term.extents)), len(term.extents))
    rename = {i: i if i < rank else names.pop() for i in term.extents}
    factors = []
    for f in term.factors:
        subs = tuple(rename[i] for i in f.subs)
        if isinstance(f.base, Node) and declared(f.base, "symmetric") and rng.random() < 0.5:
            subs = (*subs[:-2], subs[-1], subs[-2])
        factors.append(Factor(f.base, subs, f.power))
    extents = [(rename[i], e) for i, e in term.extents.items()]
    rng.shuffle(factors)
    rng.shuffle(extents)
    return Term(term.number, tuple(factors), dict(extents))


def path(base: Node, letters: str, before: str = "") -> list[Spelled]:
    """The base from each letter to the next: q_ab q_bc …"""
    return [(base, before + a + b) for a, b in itertools.pairwise(letters)]


def batch(letter: str, power: int) -> list[Spelled]:
    """A sum over the two other axes of an array, told by nothing but the power of what the batch is weighed by."""
    return [(BATCH, letter + letter.upper() + chr(ord(letter.upper()) + 7)), (V, letter, power)]


SAME: dict[str, tuple[Term, int]] = {
    "a chain": form(*path(Q, "acdefghijkb"), free="ab"),
    "a chain with an end": form(*path(Q, "abcdefghi"), (V, "i"), free="a"),
    "a chain of what is symmetric": form(*path(S, "acdefghijkb"), free="ab"),
    "a chain in each of a batch": form(*path(BATCH, "zcdefghijz", "a"), (V, "z"), free="a"),
    "a chain of sums over a batch": form(*(f for i in "ab" for f in path(BATCH, "vwxyz", i)), (V, "a"), (V, "v")),
    "an array with itself turned": form((BATCH, "abc"), (BATCH, "bca"), (BATCH, "cde"), (V, "d"), free=""),
    "the batch and the rest": form((BATCH, "abc"), (Q, "ab"), (V, "c")),
    "arms of what is free": form(*(f for arm in ("aefg", "bhij", "cklm", "dnop") for f in path(Q, arm)), free="abcd"),
    "arms that differ in one": form(
        *(f for arm in ("efg", "hij", "klm", "nop") for f in path(Q, arm)), (V, "e"), (W, "h"), (Q, "kk"), (R, "nn")
    ),
    "batches tell apart": form(*(f for k, i in enumerate("abcdefg", 1) for f in batch(i, k))),
    "powers tell apart": form(*((V, i, n) for n, i in enumerate("abcdefgh", 1))),
    "functions tell apart": form(*((call("exp", V * (n + 1.0)), i) for n, i in enumerate("abcdefgh"))),
    "places tell apart": form(*path(Q, "ab"), *path(Q, "cd"), *path(Q, "ef"), *path(Q, "gh")),
    "who is beside whom": form(*((Q, p) for p in ("ab", "cd", "ef", "gh")), *((V, i) for i in "aceg"), (W, "b")),
    "a ring of four": form(*path(Q, "abcda")),
    "a ring of six": form(*path(Q, "abcdefa")),
    "two rings of three": form(*path(Q, "abca"), *path(Q, "defd")),
    "lengths that differ": form((Input.of("m", (3, 4)), "ab"), (Input.of("m", (4, 3)), "ca"), (V, "a")),
}


@pytest.mark.parametrize("name", SAME)
def test_a_term_has_one_form_however_it_is_spelled(name: str) -> None:
    written, rank = SAME[name]
    wanted, rng = ordered(written, rank), random.Random(0)
    assert set(wanted.extents) == set(range(len(wanted.extents)))
    for _ in range(6):
        found = ordered(otherwise(written, rank, rng), rank)
        assert [(f.base, f.subs, f.power) for f in found.factors] == [(f.base, f.subs, f.power) for f in wanted.factors]
        assert parts(found) == parts(wanted)


def test_rings_that_are_not_the_same_have_two_forms() -> None:
    six, three = (ordered(*SAME[name]) for name in ("a ring of six", "two rings of three"))
    assert parts(six) != parts(three)
    turned = ordered(*form((Q, "ab"), (Q, "bc"), (Q, "cd"), (Q, "ad")))
    assert parts(ordered(*SAME["a ring of four"])) != parts(turned)


def test_not_all_ways_to_number_indices_are_tried() -> None:
    # Twelve factors that nothing tells apart: 479,001,600 ways, of which one has to do.
    found = ordered(*form(*((V, letter) for letter in "abcdefghijkl")))
    assert sorted(f.subs for f in found.factors) == [(i,) for i in range(12)]


WORDS = frozenset(["positive", "simplex", "symmetric", "one", "two", "three", "four"])
KEYS: dict[str, Node] = {
    "5a3ea693c5c76862572d607b4a98b14b": V,
    "8305d52975d9f95daa84c4806ba670fa": Input.of("v", (3,), properties=WORDS),
    "8c46a8465860bcd7b0f7aec0db90f6d8": Input.of("v", (3,), "int"),
    "ad7bcff1ee6bc8d29756d36b245bc796": call("exp", V),
    "b9d0c7d95e85038c10b1b8f6c13b7129": call("max", Q, axis=1),
    "a5c169f91b09c775021c4a4e2b599c7e": as_node(2.0),
    "daf1af8ba098905f66bbd99d87582614": Const.of([1.0, 2.0]),
    "464eef440b09d62740f2b63d2d163266": Q @ V,
}
"""Digests as they are in every process, on every machine: by them operands are ordered in what is compared."""


@pytest.mark.parametrize("digest", KEYS)
def test_a_key_is_the_same_everywhere(digest: str) -> None:
    assert key(KEYS[digest]).hex() == digest


def test_what_differs_has_another_key() -> None:
    different = [
        *(V, W, Q, Q.T, DELTA, Delta.of(4), as_node(1.0), as_node(2.0), as_node(1), as_node(True)),
        *(Input.of("v", (4,)), Input.of("v", (3,), "int"), Input.of("v", (3,), properties=frozenset(["positive"]))),
        *(call("exp", V), call("log", V), V + W, W + V, V - W),
        *(call("max", Q, axis=0), call("max", Q, axis=1), call("min", Q, axis=1), call("sum", Q, axis=1)),
        *(Const.of([1.0, 2.0]), Const.of([2.0, 1.0])),
    ]
    assert len({key(node) for node in different}) == len(different)
