"""What multiplies and divides a term alike, and when it may be cancelled: where the whole has no number anyway."""

from __future__ import annotations

from typing import TypeAlias

from ..ir.node import Einsum, Map, Node, Subscripts
from .facts import never_zero
from .terms import Factor, Term

Place: TypeAlias = tuple[int, Subscripts]
"""A factor by its identity and its indices."""


def place_of(factor: Factor) -> Place:
    """A factor's place."""
    return id(factor.base), factor.subs


def net_powers(term: Term) -> dict[Place, int]:
    """The power of each factor when all is cancelled that can be."""
    powers: dict[Place, int] = {}
    for f in term.factors:
        powers[place_of(f)] = powers.get(place_of(f), 0) + f.power
    return powers


def poles_of(term: Term, rank: int) -> set[Place]:
    """The factors that a term has no number for where they are 0, with free indices alone."""
    poles = {place for place, power in net_powers(term).items() if power < 0}
    for f in term.factors:
        if f.power > 0 and isinstance(f.base, Map) and f.base.op.name == "log":
            poles |= _factors(f.base.args[0], f.subs)
    return {place for place in poles if all(i < rank for i in place[1])}


def _factors(node: Node, subs: Subscripts) -> set[Place]:
    """The factors of a term that was rebuilt; of a sum of several, the sum."""
    found: set[Place] = set()
    parts = [(node, subs)]
    while parts:
        part, own = parts.pop()
        match part:
            case Map() if part.op.name in ("mul", "pow"):
                parts += [(arg, own) for arg in (part.args if part.op.name == "mul" else part.args[:1])]
            case Einsum() if len(part.out) == len(part.extents):
                parts += [(arg, tuple(own[i] for i in sub)) for arg, sub in zip(part.args, part.subs, strict=True)]
            case _:
                found.add((id(part), own))
    return found


def without_pairs(term: Term, poles: set[Place]) -> Term:
    """The term with x/x gone for every pole x, and for all that is never 0."""
    powers = net_powers(term)
    factors: list[Factor] = []
    for f in term.factors:
        if place_of(f) not in poles and not (isinstance(f.base, Node) and never_zero(f.base)):
            factors.append(f)
        elif power := powers.pop(place_of(f), 0):
            factors.append(Factor(f.base, f.subs, power))
    return term if len(factors) == len(term.factors) else Term(term.number, tuple(factors), term.extents)


def divided(term: Term, taken: dict[tuple[Place, bool], Factor]) -> Term:
    """A term without factors that it has, each by its place and whether it multiplies."""
    factors = []
    for f in term.factors:
        other = taken.get((place_of(f), f.power > 0))
        power = f.power if other is None else f.power - other.power
        if power:
            factors.append(Factor(f.base, f.subs, power))
    return Term(term.number, tuple(factors), term.extents)
