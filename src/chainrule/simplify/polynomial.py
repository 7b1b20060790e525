"""Polynomials in index notation: sums of terms, a term being a number times a product of atoms with indices.

What `canonical` compares expressions by. A term's free indices are 0, 1, …, rank−1; all others are summed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from ..ir.build import constant
from ..ir.dims import Extent, Shape
from ..ir.node import Const, Einsum, Kind, Map, Node, Subscripts
from ..ir.registry import record
from .cancel import Place, divided, place_of, poles_of, without_pairs
from .facts import is_size
from .pattern import fit
from .terms import Factor, Term, counted, factor_key, ordered

MOST_TERMS = 64
"""Products of sums are written out while there are no more terms than this."""


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

    def operation(self, name: str) -> tuple[Sequence[Node], Subscripts] | None:
        """The operands and indices of the elementwise operation of this name, if the sum is that alone."""
        if len(self.terms) != 1 or self.terms[0].number != 1 or len(self.terms[0].factors) != 1:
            return None
        (factor,) = self.terms[0].factors
        if factor.power != 1 or not isinstance(factor.base, Map) or factor.base.op.name != name:
            return None
        return factor.base.args, factor.subs

    @cached_property
    def settled(self) -> Sum:
        """It with what divides and what multiplies cancelled, where it has no number anyway if that is 0.

        So of what is never 0; of what some term divides by once more than it multiplies by it; and of the factors of
        what the logarithm of stands in some term. Done where a sum is complete, however it came about.
        """
        poles = {place for t in self.terms for place in poles_of(t, len(self.shape))}
        terms = [without_pairs(t, poles) for t in self.terms]
        if all(a is b for a, b in zip(terms, self.terms, strict=True)):
            return self
        return collected([ordered(t, len(self.shape)) for t in terms], self.shape, self.kind)

    @cached_property
    def apart(self) -> Term:
        """It as a product: what all its terms have as a factor, and the rest, an atom whose first coefficient is 1."""
        rank = len(self.shape)
        shared: dict[tuple[Place, bool], Factor] = {}
        for k, t in enumerate(self.terms):
            own = {(place_of(f), f.power > 0): f for f in t.factors if all(i < rank for i in f.subs)}
            both = [key for key in shared if key in own]
            shared = own if k == 0 else {key: min(shared[key], own[key], key=lambda f: abs(f.power)) for key in both}
        rest = collected([ordered(divided(t, shared), rank) for t in self.terms], self.shape, self.kind)
        number, atom = rest.atom
        return Term(number, (*shared.values(), Factor(atom, rest.carried)))

    @cached_property
    def atom(self) -> tuple[Fraction, Node]:
        """It as a number times one expression over the carried axes, in which the first coefficient is 1.

        Those of whole numbers: the first is positive, and they have no common divisor.
        """
        first = self.terms[0].number
        if self.kind == "int":
            first = Fraction(math.gcd(*(int(t.number) for t in self.terms)) * (1 if first > 0 else -1))
        terms = tuple(Term(t.number / first, t.factors, t.extents) for t in self.terms)
        return first, rebuilt(Sum(terms, self.shape, self.kind), self.carried)


def powered(term: Term, exponent: int) -> Term:
    """A term to a power that is not multiplied out: factor by factor, its sums as atoms."""
    number, factors = term.number, []
    for f in term.factors:
        part = (
            f.base.apart if isinstance(f.base, Sum) else Term(Fraction(1), (Factor(f.base, tuple(range(len(f.subs)))),))
        )
        number *= part.number**f.power
        factors += [
            Factor(g.base, tuple(f.subs[i] for i in g.subs), g.power * f.power * exponent) for g in part.factors
        ]
    return Term(number**exponent, tuple(factors))


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
    return counted(Term(number, tuple(factors), sizes), rank)


def expanded(term: Term, shape: Shape, kind: Kind) -> Sum:
    """A term whose factors may be sums, as a sum of terms of atoms alone."""
    sums = [(f.base, f) for f in term.factors if isinstance(f.base, Sum)]
    rank = len(shape)
    if math.prod(len(total.terms) ** f.power for total, f in sums) > MOST_TERMS:
        return Sum((ordered(_closed(term), rank),), shape, kind)
    atoms = tuple(f for f in term.factors if not isinstance(f.base, Sum))
    terms = [Term(term.number, atoms, term.extents)]
    for total, f in sums:
        for _ in range(f.power):
            terms = [_times(t, part, f.subs) for t in terms for part in total.terms]
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
    found: dict[tuple[tuple[Place, int], ...], Term] = {}
    for term in terms:
        same = tuple((place_of(f), f.power) for f in term.factors)
        known = found.get(same)
        found[same] = term if known is None else Term(known.number + term.number, term.factors, term.extents)
    kept = [t for t in found.values() if t.number]
    return Sum(tuple(sorted(kept, key=lambda t: [factor_key(f) for f in t.factors])), shape, kind)


def in_front(sums: Sequence[Sum]) -> tuple[Term, list[Sum]]:
    """What all terms of several sums have in common of numbers and sizes of dimensions, and the sums without it.

    The first term of the first sum that has any is left with the coefficient 1.
    """
    terms = [t for total in sums for t in total.terms]
    if not terms:
        return Term(Fraction(1)), list(sums)
    places = [
        {(id(f.base), f.power): f for f in t.factors if isinstance(f.base, Node) and is_size(f.base)} for t in terms
    ]
    shared = {place: f for place, f in places[0].items() if all(place in own for own in places)}
    number = terms[0].number
    without = [
        Sum(
            tuple(
                Term(t.number / number, tuple(f for f in t.factors if (id(f.base), f.power) not in shared), t.extents)
                for t in total.terms
            ),
            total.shape,
            total.kind,
        )
        for total in sums
    ]
    return Term(number, tuple(shared.values())), without


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
    number = _as_number(term.number, total.kind)
    if not args:
        return fit(number, like)
    body = Einsum.of(args, [f.subs for f in term.factors], axes, {**dict(enumerate(total.shape)), **term.extents})
    return body if number.value == 1 else Map.of(record("mul"), fit(number, like), body)


def _as_number(number: Fraction, kind: Kind) -> Const:
    """The nearest float, infinity where there is none; of whole numbers itself, with 64 bits as they overflow."""
    if kind == "int":
        return constant((int(number) + 2**63) % 2**64 - 2**63, kind)
    try:
        return constant(float(number), kind)
    except OverflowError:
        return constant(math.inf if number > 0 else -math.inf, kind)
