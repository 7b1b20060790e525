"""Polynomials in index notation: sums of terms, a term being a number times a product of atoms with indices.

What `canonical` compares expressions by. A term's free indices are 0, 1, …, rank−1; all others are summed over.
"""

from __future__ import annotations

import itertools
import math
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from hashlib import blake2b
from typing import TypeAlias

from ..ir.build import cast, constant, scalar_value
from ..ir.dims import Extent, Shape
from ..ir.node import Const, Delta, Einsum, Kind, Map, Node, Reduce, Scatter, Size, Subscripts
from ..ir.registry import record
from .pattern import fit

MOST_TERMS = 64
"""Products of sums are written out while there are no more terms than this."""

MOST_LABELLINGS = 720
"""How many ways to number indices that nothing tells apart are tried."""

# By identity, and gone with the node. (A WeakKeyDictionary would compare nodes with ==, which builds a graph.)
_KEYS: dict[int, tuple[weakref.ref[Node], bytes]] = {}


def key(node: Node) -> bytes:
    """A digest of an expression's structure, the same in every process: what operands and terms are ordered by."""
    stack = [node]
    while stack:
        n = stack[-1]
        todo = [a for a in n.args if id(a) not in _KEYS]
        stack.extend(todo)
        if not todo:
            stack.pop()
            if id(n) not in _KEYS:
                forget = weakref.ref(n, lambda _, i=id(n): _KEYS.pop(i, None))  # type: ignore[misc]
                _KEYS[id(n)] = forget, _digest(n)
    return _KEYS[id(node)][1]


def _digest(node: Node) -> bytes:
    params = (node.op.name, *node.params[1:]) if isinstance(node, (Map, Reduce)) else node.params
    params = params[:2] if isinstance(node, Const) else params
    parts = [f"{type(node).__name__}{params!r}".encode(), *(_KEYS[id(a)][1] for a in node.args)]
    return blake2b(b"".join(parts), digest_size=16).digest()


@dataclass(frozen=True, eq=False)
class Sum:
    """A sum of several terms (or none), standing as a factor."""

    terms: tuple[Term, ...]
    shape: Shape
    kind: Kind

    @cached_property
    def carried(self) -> Subscripts:
        """The axes that some term has; along the others it is spread."""
        return tuple(sorted({i for t in self.terms for f in t.factors for i in f.subs if i < len(self.shape)}))

    @cached_property
    def atom(self) -> tuple[Fraction, Node]:
        """It as a number times one expression over the carried axes, in which the first coefficient is 1 (of whole
        numbers: positive, and they have no common divisor)."""
        first = self.terms[0].number
        if self.kind == "int":
            first = Fraction(math.gcd(*(int(t.number) for t in self.terms)) * (1 if first > 0 else -1))
        terms = tuple(Term(t.number / first, t.factors, t.extents) for t in self.terms)
        return first, rebuilt(Sum(terms, self.shape, self.kind), self.carried)


Base: TypeAlias = Node | Sum


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


def product(parts: Sequence[tuple[Term, Subscripts]], out: Subscripts, extents: dict[int, Extent]) -> Term:
    """Terms, each with the product's index for every free index of its own, multiplied and summed over all but out."""
    rank = len(out)
    rename = {index: i for i, index in enumerate(out)}
    sizes: dict[int, Extent] = {}
    for index, extent in extents.items():
        sizes[rename.setdefault(index, len(rename))] = extent
    number, factors = Fraction(1), []
    for term, subs in parts:
        inner = {i: rename[index] for i, index in enumerate(subs)}
        for index, extent in term.extents.items():
            if index not in inner:
                inner[index] = len(sizes)
                sizes[len(sizes)] = extent
        number *= term.number
        factors += [Factor(f.base, tuple(inner[i] for i in f.subs), f.power) for f in term.factors]
    return _counted(Term(number, tuple(factors), sizes), rank)


def _counted(term: Term, rank: int) -> Term:
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


def expanded(term: Term, shape: Shape, kind: Kind) -> Sum:
    """A term whose factors may be sums, as a sum of terms of atoms alone."""
    sums = [f for f in term.factors if isinstance(f.base, Sum)]
    count = math.prod(len(f.base.terms) ** min(f.power, 32) for f in sums if isinstance(f.base, Sum))
    rank = len(shape)
    if count > MOST_TERMS:
        return Sum((ordered(_closed(term), rank),), shape, kind)
    atoms = tuple(f for f in term.factors if not isinstance(f.base, Sum))
    terms = [Term(term.number, atoms, term.extents)]
    for f in sums:
        assert isinstance(f.base, Sum)
        for _ in range(f.power):
            terms = [_times(t, part, f.subs) for t in terms for part in f.base.terms]
    return collected([ordered(t, rank) for t in terms], shape, kind)


def _times(term: Term, part: Term, subs: Subscripts) -> Term:
    """A term times one of a sum's terms, whose free indices are ``subs``."""
    inner = dict(enumerate(subs))
    extents = dict(term.extents)
    for index, extent in part.extents.items():
        if index not in inner:
            inner[index] = max(extents, default=-1) + 1
            extents[inner[index]] = extent
    factors = tuple(Factor(f.base, tuple(inner[i] for i in f.subs), f.power) for f in part.factors)
    return Term(term.number * part.number, term.factors + factors, extents)


def _closed(term: Term) -> Term:
    """The term with every sum in it as an atom."""
    number, factors = term.number, []
    for f in term.factors:
        if isinstance(f.base, Sum):
            first, atom = f.base.atom
            number *= first**f.power
            f = Factor(atom, tuple(f.subs[i] for i in f.base.carried), f.power)
        factors.append(f)
    return Term(number, tuple(factors), term.extents)


def collected(terms: Iterable[Term], shape: Shape, kind: Kind) -> Sum:
    """The sum of ordered terms, like ones added up, in the order of their keys."""
    found: dict[tuple[tuple[int, Subscripts, int], ...], Term] = {}
    for term in terms:
        same = tuple((id(f.base), f.subs, f.power) for f in term.factors)
        known = found.get(same)
        found[same] = term if known is None else Term(known.number + term.number, term.factors, term.extents)
    kept = [t for t in found.values() if t.number]
    return Sum(tuple(sorted(kept, key=lambda t: [_factor_key(f) for f in t.factors])), shape, kind)


def _factor_key(factor: Factor) -> tuple[bytes, Subscripts, int]:
    assert isinstance(factor.base, Node)
    return key(factor.base), factor.subs, factor.power


def ordered(term: Term, rank: int) -> Term:
    """A term of atoms in the one form that all its spellings have: deltas contracted, indices numbered, factors sorted."""
    if not term.number:
        return Term(Fraction(0))
    term = _powers(_contracted(_without_ones(term), rank))
    best: list[Factor] | None = None
    chosen: dict[int, int] = {}
    for names in _labellings(term, rank):
        factors = [Factor(f.base, _sorted(f.base, tuple(names[i] for i in f.subs)), f.power) for f in term.factors]
        factors.sort(key=_factor_key)
        if best is None or [*map(_factor_key, factors)] < [*map(_factor_key, best)]:
            best, chosen = factors, names
    assert best is not None
    extents = {chosen[i]: e for i, e in term.extents.items()}
    return Term(term.number, tuple(best), dict(sorted(extents.items())))


def _without_ones(term: Term) -> Term:
    """The term with an index of its own for every axis of length one: nothing is carried along such an axis."""
    extents = {i: e for i, e in term.extents.items()}
    fresh = itertools.count(max(extents, default=-1) + 1)
    factors = []
    for f in term.factors:
        subs = tuple(next(fresh) if extents[i] == 1 else i for i in f.subs)
        extents.update((i, 1) for i in subs if i not in extents)
        factors.append(Factor(f.base, subs, f.power))
    return Term(term.number, tuple(factors), extents)


def is_one_hot(base: Base) -> bool:
    """Whether an atom has a single 1 along its last axis, at a place given by integers."""
    if not isinstance(base, Scatter) or scalar_value(base.args[0]) != 1:
        return False
    axis, batch, _ = base.params
    return bool(axis == batch == len(base.shape) - 1)


def _chosen(term: Term, rank: int) -> Term:
    """The term without one-hot arrays that are summed along their last axis, where they are 1."""
    times: dict[int, int] = {}
    for f in term.factors:
        for i in f.subs:
            times[i] = times.get(i, 0) + 1
    gone = {f.subs[-1] for f in term.factors if is_one_hot(f.base) and f.subs[-1] >= rank and f.power > 0}
    gone = {i for i in gone if times[i] == 1}
    factors = tuple(f for f in term.factors if not f.subs or f.subs[-1] not in gone or not is_one_hot(f.base))
    return Term(term.number, factors, {i: e for i, e in term.extents.items() if i not in gone})


def _contracted(term: Term, rank: int) -> Term:
    """Kronecker's deltas: a summed index is replaced by the other; between free ones the first stands for both."""
    term = _chosen(_counted(term, rank), rank)
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
        deltas = [(i if a == j else a, i if b == j else b) for a, b in deltas]
        if j < rank:
            deltas.append((i, j))
        else:
            del extents[j]
    kept = [Factor(Delta.of(extents[i]), (i, j)) for i, j in dict.fromkeys(deltas)]
    return _counted(Term(term.number, (*factors, *kept), extents), rank)


def _powers(term: Term) -> Term:
    """Equal factors as one to a power; what divides stays apart from what multiplies, since x/x is not 1 at 0."""
    found: dict[tuple[int, Subscripts, bool], Factor] = {}
    for f in term.factors:
        place = (id(f.base), f.subs, f.power > 0)
        known = found.get(place)
        found[place] = f if known is None else Factor(f.base, f.subs, known.power + f.power)
    return Term(term.number, tuple(found.values()), term.extents)


def _sorted(base: Base, subs: Subscripts) -> Subscripts:
    """Indices as they are written; a delta's in order, for it is symmetric."""
    return tuple(sorted(subs)) if isinstance(base, Delta) else subs


def _labellings(term: Term, rank: int) -> Iterator[dict[int, int]]:
    """Numberings of the summed indices: by what they touch (colour refinement), all ways where that leaves ties."""
    colours: dict[int, bytes] = {i: b"%d" % i if i < rank else repr(e).encode() + b"s" for i, e in term.extents.items()}
    for _ in colours:
        marks: dict[int, list[bytes]] = {i: [] for i in colours}
        for f in term.factors:
            assert isinstance(f.base, Node)
            own = key(f.base) + b"%d" % f.power + b"".join(blake2b(colours[i], digest_size=8).digest() for i in f.subs)
            for place, i in enumerate(f.subs):
                marks[i].append(own + b"%d" % place)
        fresh = {
            i: colours[i] if i < rank else blake2b(b"".join([colours[i], *sorted(m)]), digest_size=16).digest()
            for i, m in marks.items()
        }
        if len(set(fresh.values())) == len(set(colours.values())) == len(colours):
            colours = fresh
            break
        colours = fresh
    groups: dict[bytes, list[int]] = {}
    for i in sorted((i for i in colours if i >= rank), key=colours.__getitem__):
        groups.setdefault(colours[i], []).append(i)
    free = {i: i for i in colours if i < rank}
    ways = math.prod(math.factorial(min(len(g), 12)) for g in groups.values())
    orders = itertools.product(*(itertools.permutations(g) if ways <= MOST_LABELLINGS else [g] for g in groups.values()))
    for order in orders:
        yield {**free, **{i: rank + n for n, i in enumerate(itertools.chain(*order))}}


def rebuilt(total: Sum, axes: Subscripts | None = None) -> Node:
    """The sum as an expression, over some of its axes (those it carries must be among them)."""
    axes = tuple(range(len(total.shape))) if axes is None else axes
    shape = tuple(total.shape[a] for a in axes)
    like = Einsum.of([constant(0, total.kind)], [()], tuple(range(len(shape))), dict(enumerate(shape)))
    result: Node | None = None
    for term in total.terms:
        node = _rebuilt_term(term, axes, like, total)
        result = node if result is None else Map.of(record("add"), result, node)
    return like if result is None else result


def _rebuilt_term(term: Term, axes: Subscripts, like: Node, total: Sum) -> Node:
    """One term as an expression of the shape of ``like``."""
    args = []
    for f in term.factors:
        assert isinstance(f.base, Node)
        args.append(f.base if f.power == 1 else Map.of(record("pow"), f.base, fit(f.power, f.base)))
    number = _as_float(term.number)
    if not args:
        return fit(constant(number, total.kind), like)
    extents: dict[int, Extent] = {**dict(enumerate(total.shape)), **term.extents}
    body = Einsum.of(args, [f.subs for f in term.factors], axes, {i: e for i, e in extents.items() if i in _used(term, axes)})
    if number == 1:
        return body
    return Map.of(record("mul"), fit(constant(number, total.kind), like), body)


def _used(term: Term, axes: Subscripts) -> set[int]:
    return {*axes, *(i for f in term.factors for i in f.subs)}


def _as_float(number: Fraction) -> float:
    """The nearest float; infinity where there is none."""
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)
