"""Brackets in index notation: opened where they hide a delta from its sum, made where all terms share something."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from ...ir.node import Delta
from .contraction import Tidied, abs_of, key, with_term
from .indexed import ONE, Allocator, Coefficient, Factor, Sum, Term
from .selection import is_selection

_EACH = "what stands around the bracket goes to each of its terms"


def opened(part: Sum, allocator: Allocator) -> Tidied | None:
    """A bracket that hides a delta from its sum: what all its terms share comes out, else it is multiplied out."""
    return _opened(part, frozenset())


def _opened(part: Sum, wanted: Collection[int]) -> Tidied | None:
    for t, term in enumerate(part.terms):
        inside = {*wanted, *term.summed}
        chosen = {f.subs[-1] for f in term.factors if is_selection(f)} & set(term.summed)
        for k, factor in enumerate(term.factors):
            if not isinstance(factor.base, Sum):
                continue
            if chosen & set(factor.free):
                return Tidied(with_term(part, t, *_times_all(term, k)), "multiplied out", _EACH)
            if not any(_ends(d, inside) for d in _deltas(factor.base)):
                continue
            found = _opened(factor.base, inside)
            if found is not None:
                return replace(found, after=with_term(part, t, term.with_factor(k, Factor(found.after))))
            shared = [f for f in _shared(factor.base) if _is_delta(f)]
            if shared:
                outside = term.with_factor(k, *shared, Factor(_divided(factor.base, shared)))
                return Tidied(with_term(part, t, outside), "common factor", "the delta stands in every term")
            return Tidied(with_term(part, t, *_times_all(term, k)), "multiplied out", _EACH)
    return None


def _times_all(term: Term, k: int) -> list[Term]:
    """The terms that a term becomes when its k-th factor, a bracket, is multiplied out."""
    bracket = term.factors[k].base
    assert isinstance(bracket, Sum)
    return [_times(term, k, inner) for inner in bracket.terms]


def _times(term: Term, k: int, inner: Term) -> Term:
    """The term with one term of its k-th factor, a bracket, in the place of the bracket."""
    number = [] if inner.coefficient == ONE else [Factor(inner.coefficient)]
    product = term.with_factor(k, *number, *inner.factors)
    return Term(product.factors, term.coefficient, (*term.summed, *inner.summed))


def shared(part: Sum, allocator: Allocator) -> Tidied | None:
    """What all terms of a sum have is taken out of it."""
    if len(part.terms) < 2:
        return None
    common, number = _shared(part), _shared_number([t.coefficient for t in part.terms])
    if not common and abs_of(number) == ONE:
        return None
    inner = _divided(part, common)
    inner = Sum(tuple(replace(t, coefficient=t.coefficient / number) for t in inner.terms))
    after = Term((*common, Factor(inner)), number)
    return Tidied(Sum((after,)), "common factor", "what all terms share is taken out")


def _shared(part: Sum) -> list[Factor]:
    """The factors that every term has, none of them with an index that is summed over there."""
    first, *others = part.terms
    found = []
    left = [list(term.factors) for term in others]
    for factor in first.factors:
        if isinstance(factor.base, (Sum, Coefficient)) or set(factor.free) & set(first.summed):
            continue
        twins = [next((f for f in factors if key(f) == key(factor)), None) for factors in left]
        bound = any(set(factor.free) & set(term.summed) for term in others)
        if others and not bound and all(twin is not None for twin in twins):
            for factors, twin in zip(left, twins, strict=True):
                factors.remove(twin)  # type: ignore[arg-type]
            found.append(factor)
    return found


def _shared_number(numbers: Sequence[Coefficient]) -> Coefficient:
    """The number that is in front of every term, with the powers of sizes that all have; the first one's sign."""
    first = numbers[0]
    same = all(abs(c.number) == abs(first.number) for c in numbers)
    sizes = []
    for dim, power in first.sizes:
        powers = [dict(c.sizes).get(dim, 0) for c in numbers]
        least = min(powers) if power > 0 else max(powers)
        if least * power > 0:
            sizes.append((dim, least))
    return Coefficient(first.number if same else Fraction(1), tuple(sizes))


def _divided(part: Sum, by: Sequence[Factor]) -> Sum:
    """Every term without these factors."""
    terms = []
    for term in part.terms:
        left = list(term.factors)
        for factor in by:
            left.remove(next(f for f in left if key(f) == key(factor)))
        terms.append(replace(term, factors=tuple(left)))
    return Sum(tuple(terms))


def _deltas(part: Sum) -> Iterator[Factor]:
    """The deltas in a bracket, and in those inside of it."""
    for term in part.terms:
        for factor in term.factors:
            if isinstance(factor.base, Sum):
                yield from _deltas(factor.base)
            elif _is_delta(factor):
                yield factor


def _is_delta(factor: Factor) -> bool:
    return isinstance(factor.base, Delta) or is_selection(factor)


def _ends(delta: Factor, summed: Collection[int]) -> bool:
    """Whether a delta cancels a sum over one of these."""
    return bool(set(delta.subs if isinstance(delta.base, Delta) else delta.subs[-1:]) & set(summed))
