"""Terms in index notation: a number times a product of atoms with indices, summed over all that are not free.

The free indices of a term are 0, 1, …, rank−1. `ordered` gives all spellings of one term one form: deltas contracted,
summed indices numbered by what they touch, factors sorted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias, Union

from ..ir.build import cast
from ..ir.dims import Extent
from ..ir.node import Const, Delta, Input, Map, Node, Reduce, Scatter, Size, Subscripts
from ..ir.remembered import Remembered
from .facts import declared, in_order
from .identities import adds_up_to_one

if TYPE_CHECKING:
    from .polynomial import Sum

Base: TypeAlias = Union[Node, "Sum"]

MOST_LABELLINGS = 720
"""How many ways to number indices that nothing tells apart are tried."""


def key(node: Node) -> bytes:
    """A digest of an expression's structure, the same in every process: what operands and terms are ordered by."""
    return _KEYS.of(node)


def _digest(node: Node, operands: list[bytes]) -> bytes:
    params = (node.op.name, *node.params[1:]) if isinstance(node, (Map, Reduce)) else node.params
    params = params[:2] if isinstance(node, Const) else params
    if isinstance(node, Input):
        # A set of words is written in another order in every process.
        params = (*params[:3], *sorted(node.properties))
    parts = [f"{type(node).__name__}{params!r}".encode(), *operands]
    return blake2b(b"".join(parts), digest_size=16).digest()


_KEYS = Remembered(_digest)


@dataclass(frozen=True, eq=False)
class Factor:
    """A base (an atom, or a sum) with an index for each of its axes, to a power."""

    base: Base
    subs: Subscripts
    power: int = 1


@dataclass(frozen=True, eq=False)
class Term:
    """A number times factors, summed over all indices that are not free."""

    number: Fraction
    factors: tuple[Factor, ...] = ()
    extents: dict[int, Extent] = field(default_factory=dict)


def counted(term: Term, rank: int) -> Term:
    """The term times the length of every summed index that no factor has."""
    carried = {i for f in term.factors for i in f.subs}
    number, factors = term.number, list(term.factors)
    for index, extent in term.extents.items():
        if index >= rank and index not in carried:
            if isinstance(extent, int):
                number *= extent
            else:
                factors.append(Factor(cast(Size.of(extent), "float"), ()))
    kept = {i: e for i, e in term.extents.items() if i < rank or i in carried}
    return Term(number, tuple(factors), kept)


def factor_key(factor: Factor) -> tuple[bytes, Subscripts, int]:
    """What factors are ordered by."""
    assert isinstance(factor.base, Node)
    return key(factor.base), factor.subs, factor.power


def ordered(term: Term, rank: int) -> Term:
    """A term of atoms in the one form of all its spellings: deltas contracted, indices numbered, factors sorted."""
    if not term.number:
        return Term(Fraction(0))
    term = _powers(_contracted(_without_ones(term), rank))
    best: list[Factor] | None = None
    chosen: dict[int, int] = {}
    for names in _labellings(term, rank):
        factors = [Factor(f.base, _sorted(f.base, tuple(names[i] for i in f.subs)), f.power) for f in term.factors]
        factors.sort(key=factor_key)
        if best is None or [*map(factor_key, factors)] < [*map(factor_key, best)]:
            best, chosen = factors, names
    assert best is not None
    extents = {chosen[i]: e for i, e in term.extents.items()}
    return Term(term.number, tuple(best), extents)


def _without_ones(term: Term) -> Term:
    """The term with an index of its own for every axis of length one: nothing is carried along such an axis."""
    extents = dict(term.extents)
    fresh = itertools.count(max(extents, default=-1) + 1)
    factors = []
    for f in term.factors:
        subs = tuple(next(fresh) if extents[i] == 1 else i for i in f.subs)
        extents.update((i, 1) for i in subs if i not in extents)
        factors.append(Factor(f.base, subs, f.power))
    return Term(term.number, tuple(factors), extents)


def _chosen(term: Term, rank: int) -> Term:
    """The term without factors that are summed where they add up to one: one-hot arrays, softmaxes, simplexes."""
    times: dict[int, int] = {}
    for f in term.factors:
        for i in f.subs:
            times[i] = times.get(i, 0) + 1
    gone: set[int] = set()
    factors = []
    for f in term.factors:
        assert isinstance(f.base, Node)
        # A one-hot array to a power is itself.
        axes = adds_up_to_one(f.base) if f.power == 1 or (f.power > 0 and isinstance(f.base, Scatter)) else ()
        indices = {f.subs[a] for a in axes}
        if indices and all(i >= rank and times[i] == 1 for i in indices):
            gone |= indices
        else:
            factors.append(f)
    return Term(term.number, tuple(factors), {i: e for i, e in term.extents.items() if i not in gone})


def _contracted(term: Term, rank: int) -> Term:
    """Kronecker's deltas: a summed index is replaced by the other; between free ones the first stands for both."""
    term = _chosen(counted(term, rank), rank)
    factors, extents = list(term.factors), dict(term.extents)
    deltas: list[tuple[int, int]] = []
    while True:
        found = next((f for f in factors if isinstance(f.base, Delta) and f.power > 0), None)
        if found is None:
            break
        factors.remove(found)
        i, j = sorted(found.subs)
        if i == j:
            continue
        factors = [Factor(f.base, tuple(i if x == j else x for x in f.subs), f.power) for f in factors]
        deltas = [(i if a == j else a, b) for a, b in deltas]
        if j < rank:
            deltas.append((i, j))
        else:
            del extents[j]
    kept = [Factor(Delta.of(extents[i]), (i, j)) for i, j in deltas]
    return counted(Term(term.number, (*factors, *kept), extents), rank)


def _powers(term: Term) -> Term:
    """Equal factors as one to a power; what divides stays apart from what multiplies, since x/x is not 1 at 0."""
    found: dict[tuple[int, Subscripts, bool], Factor] = {}
    for f in term.factors:
        subs = _sorted(f.base, f.subs)
        place = (id(f.base), subs, f.power > 0)
        known = found.get(place)
        found[place] = Factor(f.base, subs, f.power if known is None else known.power + f.power)
    return Term(term.number, tuple(found.values()), term.extents)


def _sorted(base: Base, subs: Subscripts) -> Subscripts:
    """Indices as they are written; those of what is symmetric in order."""
    assert isinstance(base, Node)
    return tuple(sorted(subs)) if isinstance(base, Delta) else in_order(base, subs)


def _labellings(term: Term, rank: int) -> Iterator[dict[int, int]]:
    """Numberings of the summed indices: by what they touch (colour refinement), all ways where that leaves ties."""
    colours: dict[int, bytes] = {i: b"%d" % i if i < rank else b"summed" for i in term.extents}
    for _ in colours:
        marks: dict[int, list[bytes]] = {i: [] for i in colours}
        for f in term.factors:
            assert isinstance(f.base, Node)
            around = [blake2b(colours[i], digest_size=8).digest() for i in f.subs]
            places = list(range(len(f.subs)))
            if declared(f.base, "symmetric"):
                # Of two axes that can be exchanged none is the first.
                around[-2:], places[-1] = sorted(around[-2:]), places[-2]
            own = key(f.base) + b"%d" % f.power + b"".join(around)
            for place, i in zip(places, f.subs, strict=True):
                marks[i].append(own + b"%d" % place)
        fresh = {i: blake2b(b"".join([colours[i], *sorted(m)]), digest_size=16).digest() for i, m in marks.items()}
        if len(set(fresh.values())) == len(set(colours.values())) == len(colours):
            colours = fresh
            break
        colours = fresh
    groups: dict[bytes, list[int]] = {}
    for i in sorted((i for i in colours if i >= rank), key=colours.__getitem__):
        groups.setdefault(colours[i], []).append(i)
    ways = math.prod(math.factorial(len(g)) for g in groups.values())
    orders = itertools.product(
        *(itertools.permutations(g) if ways <= MOST_LABELLINGS else [g] for g in groups.values())
    )
    for order in orders:
        yield {i: n for n, i in enumerate(itertools.chain(range(rank), *order))}
