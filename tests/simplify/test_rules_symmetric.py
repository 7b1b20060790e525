"""No transposes of what was declared symmetric: the rule, and the measure by which it ends."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.simplify.canonical import canonical
from chainrule.simplify.rule import Context
from chainrule.simplify.rules.symmetric import transposes, untransposed

SYMMETRIC = frozenset(("symmetric",))
A, C = (Input.of(name, (3, 3), properties=SYMMETRIC) for name in "AC")
B = Input.of("B", (3, 3))
D = Input.of("D", (2, 3, 3), properties=SYMMETRIC)
E = Input.of("E", (3, 3, 3), properties=SYMMETRIC)
X, Y = Input.of("x", (3,)), Input.of("y", (3,))


def product(args: Sequence[Node], letters: str) -> Node:
    """A sum of products in Einstein's notation, as one node."""
    written, out = letters.split("->")
    names = {letter: i for i, letter in enumerate(dict.fromkeys(out + written.replace(",", "")))}
    subs = [tuple(names[letter] for letter in part) for part in written.split(",")]
    free = tuple(range(len(out)))
    return Einsum.of(args, subs, free, dict.fromkeys(set(free).difference(*subs), 3))


CASES: list[tuple[Node, Node | None]] = [
    (A.T, A),
    (B.T, None),
    (X @ A, product([X, A], "j,ij->i")),
    (X @ B, None),
    (A @ X, None),
    (X @ A @ Y, None),
    # A chain from the rows of the result to its columns.
    (A @ C, None),
    (A @ A @ C @ A, None),
    (product([A, C], "ki,jk->ij"), A @ C),
    (product([A, B, C], "ki,lk,jl->ij"), product([A, B, C], "ik,lk,lj->ij")),
    (product([A, C, X], "ji,kj,k->i"), product([A, C, X], "ij,jk,k->i")),
    # The other factor stays as it is.
    (product([A, B], "ki,jk->ij"), product([A, B], "ik,jk->ij")),
    # uvᵀA, in which no matrix leads from the rows to the columns.
    (product([X, Y, A], "i,k,kj->ij"), None),
    (product([X, Y, A], "i,k,jk->ij"), product([X, Y, A], "i,k,kj->ij")),
    (product([A, X, Y], "ki,k,j->ij"), product([A, X, Y], "ik,k,j->ij")),
    (product([X, Y, C, A], "i,l,kl,jk->ij"), product([X, Y, C, A], "i,l,lk,kj->ij")),
    (product([Y, X, Y, A], "b,i,k,jk->bij"), product([Y, X, Y, A], "b,i,k,kj->bij")),
    # The sums of the rows, spread over what has no rows, and beside what has.
    (product([A], "jk->ij"), None),
    (product([A], "kj->ij"), product([A], "jk->ij")),
    (product([X, A], "i,jk->ij"), product([X, A], "i,kj->ij")),
    # Numbers: from the first index on.
    (product([X, A, C, Y], "i,ji,kj,k->"), product([X, A, C, Y], "i,ij,jk,k->")),
    # A ring of three: of two places that are as far away, the first.
    (product([A, C, A], "ij,jk,ki->"), product([A, C, A], "ij,jk,ik->")),
    # Of an array of matrices each is symmetric.
    (product([D], "bji->bij"), D),
    (product([E], "jbi->bji"), None),
    (product([D, D], "bik,bkj->bij"), None),
    (product([D, D], "bki,bjk->bij"), product([D, D], "bik,bkj->bij")),
    (call("diag", A), None),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_no_transposes_of_what_is_symmetric(before: Node, after: Node | None) -> None:
    assert isinstance(before, Einsum)
    found = untransposed.rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


TURNED = X @ A
COUNTS: list[tuple[Node, frozenset[Node], int]] = [
    # A formula, what has a name, and how many factors stand transposed.
    (A @ X, frozenset(), 0),
    (X @ B, frozenset(), 0),
    (TURNED, frozenset(), 1),
    (product([A, C, X], "ji,kj,k->i"), frozenset(), 2),
    (call("exp", TURNED), frozenset(), 1),
    (TURNED @ A, frozenset(), 2),
    # Written out it stands there twice.
    (TURNED * TURNED, frozenset(), 2),
    # Of what has a name the reader sees the name alone, but where it is told itself.
    (TURNED * Y, frozenset([TURNED]), 0),
    (TURNED @ A, frozenset([TURNED]), 1),
    (TURNED, frozenset([TURNED]), 1),
    (call("exp", TURNED), frozenset([call("exp", TURNED)]), 1),
]


@pytest.mark.parametrize(("formula", "named", "count"), COUNTS)
def test_how_many_factors_stand_transposed(formula: Node, named: frozenset[Node], count: int) -> None:
    assert transposes(formula, named) == (count,)


@pytest.mark.parametrize("seed", range(20))
def test_one_step_is_enough_and_changes_nothing_but_transposes(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        args = rng.choices([A, C, B, E, X], k=rng.randint(1, 5))
        parts = ["".join(rng.choices("abcde", k=len(arg.shape))) for arg in args]
        before = product(args, ",".join(parts) + "->" + "".join(rng.sample("abcde", rng.randint(0, 3))))
        after = untransposed.rewrite(before, Context()) if isinstance(before, Einsum) else None
        assert (after is None) == (transposes(before) == (0,))
        if after is not None:
            assert transposes(after) == (0,)
            assert canonical(after) is canonical(before)
