"""How a line in index notation is tidied, one thing at a time: numbers multiplied, deltas cancelled, brackets opened.

Each function gives the next such step of a sum, or None where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ...ir.node import Delta, Node
from .indexed import MINUS, ONE, Allocator, Coefficient, Factor, Sum, Term, with_index
from .selection import chosen_from, is_selection


@dataclass(frozen=True, eq=False)
class Tidied:
    """What a sum becomes, by which rule, and why; {3} stands for the letter of index 3."""

    after: Sum
    rule: str
    why: str


Tidying: TypeAlias = Callable[[Sum, Allocator], Tidied | None]


def next_step(part: Sum, rules: Sequence[Tidying], allocator: Allocator) -> Tidied | None:
    """The first rule that finds something to do: in the brackets first, then in the sum itself."""
    for t, term in enumerate(part.terms):
        for k, factor in enumerate(term.factors):
            if isinstance(factor.base, Sum):
                found = next_step(factor.base, rules, allocator)
                if found is not None:
                    inner = term.with_factor(k, replace(factor, base=found.after))
                    return replace(found, after=with_term(part, t, inner))
    return next((found for rule in rules if (found := rule(part, allocator)) is not None), None)


def with_term(part: Sum, t: int, *terms: Term) -> Sum:
    """The sum with others in the place of its t-th term."""
    return Sum((*part.terms[:t], *terms, *part.terms[t + 1 :]))


# ---------------------------------------------------------------------------------------------- numbers


def numbers(part: Sum, allocator: Allocator) -> Tidied | None:
    """Numbers among the factors go to the front, and are multiplied there; signs are left for `signs`."""
    reasons: dict[str, None] = {}
    terms = []
    for term in part.terms:
        inner = [f.base for f in term.factors if isinstance(f.base, Coefficient) and abs_of(f.base) != ONE]
        if not inner:
            terms.append(term)
            continue
        rest = [f for f in term.factors if not isinstance(f.base, Coefficient) or abs_of(f.base) == ONE]
        minus = sum(c.number < 0 for c in inner) % 2
        product = term.coefficient
        for c in inner:
            product = product * abs_of(c)
        parts = [abs_of(term.coefficient), *map(abs_of, inner)]
        reasons[_multiplied(parts, abs_of(product), bool(term.summed))] = None
        terms.append(replace(term, factors=(*([Factor(MINUS)] if minus else []), *rest), coefficient=product))
    if not reasons:
        return None
    return Tidied(Sum(tuple(terms)), "numbers", "; ".join(reasons))


def _multiplied(parts: Sequence[Coefficient], product: Coefficient, summed: bool) -> str:
    """``½ · 2 = 1``, where there is something to multiply; sizes are named where the product changes them."""
    if not any(c.sizes for c in parts[1:]):
        parts, product = [Coefficient(c.number) for c in parts], Coefficient(product.number)
    shown = [c for c in parts if c != ONE]
    if len(shown) < 2:
        return f"{shown[0]} {'is the same for every term of the sum' if summed else 'comes to the front'}"
    return f"{' · '.join(map(str, shown))} = {product}"


def signs(part: Sum, allocator: Allocator) -> Tidied | None:
    """Signs among the factors go to the front; two of them cancel."""
    terms, cancel, found = [], False, False
    for term in part.terms:
        inner = [f for f in term.factors if isinstance(f.base, Coefficient) and f.base == MINUS]
        rest = tuple(f for f in term.factors if f not in inner)
        cancel |= len(inner) + (term.coefficient.number < 0) > 1
        found |= bool(inner)
        number = term.coefficient * (MINUS if len(inner) % 2 else ONE)
        terms.append(replace(term, factors=rest, coefficient=number))
    if not found:
        return None
    return Tidied(Sum(tuple(terms)), "signs", "− · − = +" if cancel else "the sign comes to the front")


def abs_of(coefficient: Coefficient) -> Coefficient:
    """Without its sign."""
    return replace(coefficient, number=abs(coefficient.number))


def equal_terms(part: Sum, allocator: Allocator) -> Tidied | None:
    """A sum over an index that nothing has: as many equal terms as it is long."""
    for t, term in enumerate(part.terms):
        after, count = _counted(term, allocator)
        if count is not None:
            return Tidied(with_term(part, t, after), "equal terms", f"the {count} terms of the sum are all the same")
    return None


def _counted(term: Term, allocator: Allocator) -> tuple[Term, Coefficient | None]:
    """The term with the number of its equal terms as a factor, and that number; as it is where all indices are used."""
    carried = {i for f in term.factors for i in f.free}
    lost = [i for i in term.summed if i not in carried]
    if not lost:
        return term, None
    count = ONE
    for i in lost:
        count = count * Coefficient.of(allocator.extents[i])
    kept = tuple(i for i in term.summed if i in carried)
    return Term((Factor(count), *term.factors), term.coefficient, kept), count


def like_terms(part: Sum, allocator: Allocator) -> Tidied | None:
    """The same term twice is two of it."""
    for a, first in enumerate(part.terms):
        for b in range(a + 1, len(part.terms)):
            second = part.terms[b]
            if first.summed == second.summed and _same_factors(first.factors, second.factors):
                if first.coefficient.sizes != second.coefficient.sizes:
                    continue
                number = first.coefficient.number + second.coefficient.number
                terms = [t for k, t in enumerate(part.terms) if k != b]
                terms[a] = replace(first, coefficient=replace(first.coefficient, number=number))
                kept = tuple(t for t in terms if t.coefficient.number)
                return Tidied(Sum(kept), "like terms", "terms that are the same are counted")
    return None


def _same_factors(a: Sequence[Factor], b: Sequence[Factor]) -> bool:
    return len(a) == len(b) and sorted(map(key, a)) == sorted(map(key, b))


def key(factor: Factor) -> tuple[int, tuple[int, ...], bool]:
    """What tells factors apart."""
    subs = tuple(sorted(factor.subs)) if isinstance(factor.base, Delta) else factor.subs
    return id(factor.base), subs, factor.under


# ---------------------------------------------------------------------------------------------- deltas


def cancelled(part: Sum, allocator: Allocator) -> Tidied | None:
    """A delta with an index that is summed over cancels the sum: the one index is replaced by the other.

    One index at a time; where several terms have the same delta and the same sum, in all of them.
    """
    for term in part.terms:
        for factor in term.factors:
            pair = _cancels(factor, term)
            if pair is None:
                continue
            gone, kept = pair
            # What only the delta had an index in common with is summed over as many equal terms.
            after = tuple(_counted(_without(t, gone, kept), allocator)[0] for t in part.terms)
            why = f"the sum over {{{gone}}} has one term that is not 0, that with {{{gone}}} = {{{kept}}}"
            return Tidied(Sum(after), "the delta cancels the sum", why)
    return None


def _cancels(factor: Factor, term: Term) -> tuple[int, int] | None:
    """The index that is summed over, and the one that takes its place."""
    if not isinstance(factor.base, Delta) or factor.under:
        return None
    a, b = factor.subs
    if a == b:
        return None
    return (a, b) if a in term.summed else (b, a) if b in term.summed else None


def _without(term: Term, gone: int, kept: int) -> Term:
    """The term after one delta between these has cancelled the sum over one of them; as it is where there is none."""
    for k, factor in enumerate(term.factors):
        if _cancels(factor, term) is not None and set(factor.subs) == {gone, kept} and gone in term.summed:
            rest = Term(term.with_factor(k).factors, term.coefficient, tuple(i for i in term.summed if i != gone))
            (renamed,) = with_index(Sum((rest,)), {gone: kept}).terms
            return renamed
    return term


def chosen(part: Sum, allocator: Allocator) -> Tidied | None:
    """Σ_v δ_{y v} E_v = E_y: a delta that chooses entries cancels the sum over those it chooses from."""
    for t, term in enumerate(part.terms):
        for k, factor in enumerate(term.factors):
            if not is_selection(factor) or factor.subs[-1] not in term.summed:
                continue
            index, rest = factor.subs[-1], term.with_factor(k).factors
            if any(isinstance(f.base, Sum) and index in f.free for f in rest):
                continue
            moved = tuple(_moved(f, index, factor) for f in rest)
            left = Term(moved, term.coefficient, tuple(i for i in term.summed if i != index))
            after, _ = _counted(left, allocator)
            why = f"the sum over {{{index}}} has one term that is not 0, that of the entry chosen"
            return Tidied(with_term(part, t, after), "the delta cancels the sum", why)
    return None


def _moved(factor: Factor, index: int, by: Factor) -> Factor:
    """The factor with what was chosen in the place of an index."""
    while index in factor.subs:
        axis = factor.subs.index(index)
        assert isinstance(factor.base, Node)
        assert isinstance(by.base, Node)
        subs = (*factor.subs[:axis], *by.subs[:-1], *factor.subs[axis + 1 :])
        factor = Factor(chosen_from(by.base, factor.base, axis), subs, factor.under)
    return factor


NUMBERS: tuple[Tidying, ...] = (equal_terms, numbers, signs)
"""What is done after every step."""
DELTAS: tuple[Tidying, ...] = (cancelled, chosen, like_terms)
"""What is done when no derivative is left."""
