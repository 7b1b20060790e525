"""Index notation as data: sums of terms, each a number times factors with indices, summed over some of those.

A line of a derivation in components is such a sum. Every index is a number of its own, known to an `Allocator`, so that
it keeps its letter from line to line. `written` turns a sum into the node that is shown and evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from ...ir.dims import Dim, Extent
from ...ir.node import Node

Path: TypeAlias = tuple[tuple[int, int], ...]
"""Where a factor stands: the term and the factor in it, from the outside in."""

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NICE = 64
"""Fractions with a greater denominator are written as decimals."""


@dataclass(frozen=True)
class Coefficient:
    """A number times powers of sizes: the 1/(2 L) in front of a loss. ``sizes`` are in a fixed order."""

    number: Fraction = Fraction(1)
    sizes: tuple[tuple[Dim, int], ...] = ()

    def __mul__(self, other: Coefficient) -> Coefficient:
        powers = dict(self.sizes)
        for dim, power in other.sizes:
            powers[dim] = powers.get(dim, 0) + power
        sizes = sorted(((d, p) for d, p in powers.items() if p), key=lambda item: item[0].name)
        return Coefficient(self.number * other.number, tuple(sizes))

    def __truediv__(self, other: Coefficient) -> Coefficient:
        return self * Coefficient(1 / other.number, tuple((d, -p) for d, p in other.sizes))

    @classmethod
    def of(cls, extent: Extent) -> Coefficient:
        """A length as a number."""
        return cls(sizes=((extent, 1),)) if isinstance(extent, Dim) else cls(Fraction(extent))

    @property
    def is_nice(self) -> bool:
        """Whether the number is written as a fraction of small integers."""
        return self.number.denominator <= _NICE

    def __str__(self) -> str:
        return _in_words(self)


ONE = Coefficient()
MINUS = Coefficient(Fraction(-1))


@dataclass(frozen=True, eq=False)
class Factor:
    """An array with an index for each axis, a bracket (a sum, whose indices are in it), or a number.

    ``under`` says that it divides, which only an array does.
    """

    base: Node | Sum | Coefficient
    subs: tuple[int, ...] = ()
    under: bool = False

    @property
    def free(self) -> tuple[int, ...]:
        """The indices that are not bound inside, each once."""
        return self.base.free if isinstance(self.base, Sum) else tuple(dict.fromkeys(self.subs))


@dataclass(frozen=True, eq=False)
class Term:
    """A number times factors, summed over ``summed``."""

    factors: tuple[Factor, ...] = ()
    coefficient: Coefficient = ONE
    summed: tuple[int, ...] = ()

    @property
    def free(self) -> tuple[int, ...]:
        """The indices that are not summed over, each once."""
        bound = set(self.summed)
        return tuple(dict.fromkeys(i for f in self.factors for i in f.free if i not in bound))

    def times(self, coefficient: Coefficient) -> Term:
        """The term with a number more in front."""
        return replace(self, coefficient=coefficient * self.coefficient)

    def with_factor(self, k: int, *factors: Factor) -> Term:
        """The term with others in the place of the k-th factor."""
        return replace(self, factors=(*self.factors[:k], *factors, *self.factors[k + 1 :]))


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms that are added; none of them is zero."""

    terms: tuple[Term, ...] = ()

    @property
    def free(self) -> tuple[int, ...]:
        """The indices that are not bound inside, each once."""
        return tuple(dict.fromkeys(i for t in self.terms for i in t.free))


ZERO = Sum()


class Allocator:
    """Gives every index its number, and knows how far it runs."""

    def __init__(self) -> None:
        self.extents: dict[int, Extent] = {}

    def fresh(self, *extents: Extent) -> tuple[int, ...]:
        """New indices that run over these."""
        first = len(self.extents)
        self.extents.update(enumerate(extents, first))
        return tuple(range(first, first + len(extents)))

    def renamed(self, part: Sum, names: Mapping[int, int]) -> Sum:
        """The sum with indices replaced by others; the ones it sums over are new."""
        return Sum(tuple(self._renamed_term(t, names) for t in part.terms))

    def _renamed_term(self, term: Term, names: Mapping[int, int]) -> Term:
        fresh = self.fresh(*(self.extents[i] for i in term.summed))
        names = {**names, **dict(zip(term.summed, fresh, strict=True))}
        return Term(tuple(self._renamed_factor(f, names) for f in term.factors), term.coefficient, fresh)

    def _renamed_factor(self, factor: Factor, names: Mapping[int, int]) -> Factor:
        base = self.renamed(factor.base, names) if isinstance(factor.base, Sum) else factor.base
        return Factor(base, tuple(names.get(i, i) for i in factor.subs), factor.under)


def with_index(part: Sum, names: Mapping[int, int]) -> Sum:
    """The sum with free indices replaced by others, those it sums over as they are."""

    def factor(f: Factor) -> Factor:
        base = with_index(f.base, names) if isinstance(f.base, Sum) else f.base
        return Factor(base, tuple(names.get(i, i) for i in f.subs), f.under)

    return Sum(tuple(replace(t, factors=tuple(map(factor, t.factors))) for t in part.terms))


def flattened(part: Sum, allocator: Allocator) -> Sum:
    """No brackets around a single term, no sums within a sum, no terms that are zero.

    A number in front of what was a bracket becomes a factor in its place, to be seen before it is multiplied.
    """
    terms: list[Term] = []
    for term in part.terms:
        flat = _flat(term, allocator)
        if flat is None:
            continue
        alone = flat.factors[0] if len(flat.factors) == 1 else None
        plain = flat.coefficient in (ONE, MINUS) and not flat.summed
        if alone is not None and isinstance(alone.base, Sum) and not alone.under and plain:
            terms += [t.times(flat.coefficient) for t in alone.base.terms]
        else:
            terms.append(flat)
    return Sum(tuple(terms))


def _flat(term: Term, allocator: Allocator) -> Term | None:
    """The term with its brackets of one term opened; None where one of them is zero."""
    factors: list[Factor] = []
    summed = list(term.summed)
    for factor in term.factors:
        if not isinstance(factor.base, Sum):
            factors.append(factor)
            continue
        inner = flattened(factor.base, allocator)
        if not inner.terms:
            return None
        if len(inner.terms) > 1:
            factors.append(Factor(inner))
            continue
        if set(inner.terms[0].summed) & {*summed, *(i for f in term.factors for i in f.free)}:
            inner = allocator.renamed(inner, {})
        (only,) = inner.terms
        summed += only.summed
        factors += [Factor(only.coefficient)] if only.coefficient != ONE else []
        factors += only.factors
    first = factors[0].base if factors else None
    if isinstance(first, Coefficient) and not term.summed and term.coefficient == ONE:
        # Nothing stands before it, so the number is in front already.
        return Term(tuple(factors[1:]), first, tuple(summed))
    return Term(tuple(factors), term.coefficient, tuple(summed))


def factors_in(part: Sum) -> Iterator[tuple[Path, Factor]]:
    """Every factor that is no bracket, with its place, in the order of reading."""
    for t, term in enumerate(part.terms):
        for k, factor in enumerate(term.factors):
            if isinstance(factor.base, Sum):
                for path, inner in factors_in(factor.base):
                    yield ((t, k), *path), inner
            else:
                yield ((t, k),), factor


def replaced(part: Sum, by: Mapping[Path, Sum]) -> Sum:
    """The sum with brackets in the place of factors."""
    terms = list(part.terms)
    for t, k in dict.fromkeys(path[0] for path in by):
        inner = {path[1:]: new for path, new in by.items() if path[0] == (t, k)}
        factor = terms[t].factors[k]
        if () in inner:
            new = inner[()]
        else:
            assert isinstance(factor.base, Sum)
            new = replaced(factor.base, inner)
        terms[t] = terms[t].with_factor(k, Factor(new))
    return Sum(tuple(terms))


def single(*factors: Factor, coefficient: Coefficient = ONE, summed: Iterable[int] = ()) -> Sum:
    """A sum of one term."""
    return Sum((Term(factors, coefficient, tuple(summed)),))


def _in_words(coefficient: Coefficient) -> str:
    """``½``, ``1/(2 L)``, ``0.3``: how it stands in a line of text."""
    number = coefficient.number
    if not coefficient.is_nice:
        top, below = f"{float(number):g}", []
    else:
        top, below = str(number.numerator), [str(number.denominator)] if number.denominator != 1 else []
    above = [] if top == "1" else [top]
    for dim, power in coefficient.sizes:
        size = dim.name + ("" if abs(power) == 1 else str(abs(power)).translate(_RAISED))
        (above if power > 0 else below).append(size)
    if not below:
        return _side_by_side(above) or "1"
    if (above, below) in (([], ["2"]), ([], ["4"])):
        return {"2": "½", "4": "¼"}[below[0]]
    under = below[0] if len(below) == 1 else f"({_side_by_side(below)})"
    return f"{_side_by_side(above) or '1'}/{under}"


def _side_by_side(parts: list[str]) -> str:
    """2L, but 2 steps: only letters and numbers need no space."""
    return ("" if all(len(part) == 1 or part.isdigit() for part in parts) else " ").join(parts)
