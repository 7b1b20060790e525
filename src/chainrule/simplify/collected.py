"""A polynomial written as a person would: what all terms share in front, what some share taken out, numbers first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction

from ..ir.build import constant
from ..ir.node import Einsum, Node
from .monomials import Expansion, Monomial, Polynomial, TooLong, common, without
from .pattern import fit
from .size import Lengths


def expansions(node: Node, named: frozenset[Node]) -> list[Expansion]:
    """An elementwise expression as polynomials: with sums that are factors left alone, and with all multiplied out.

    Those that nobody would write out are left away.
    """
    found = []
    for everything in (False, True):
        try:
            found.append(Expansion(node, named, everything=everything))
        except TooLong:
            continue
    return found


def shorter(
    node: Node,
    ways: Iterable[Expansion],
    lengths: Lengths,
    change: Callable[[Expansion], Polynomial | None] = lambda expansion: expansion.polynomial,
) -> Node | None:
    """The shortest way to write an expression as one of its (changed) expansions, if it is shorter than it is now.

    One with a number that no float is near is left away: the numbers stay as they were written.
    """
    best, shortest = None, lengths.of(node)
    for expansion in ways:
        polynomial = change(expansion)
        if polynomial is None:
            continue
        try:
            found = fit(Collected(expansion, lengths).write(polynomial), node)
        except TooLong:
            continue
        if lengths.of(found) < shortest:
            best, shortest = found, lengths.of(found)
    return best


class Collected:
    """Writes polynomials in the atoms of an expansion; of two ways to take factors out, the shorter."""

    def __init__(self, expansion: Expansion, lengths: Lengths) -> None:
        self._atoms = expansion.atoms
        self._lengths = lengths

    def write(self, polynomial: Polynomial) -> Node:
        """The expression: of the expansion's shape, or a single number where it is made of such alone.

        Raises TooLong where a number in it is too great or too small for a float.
        """
        if not polynomial:
            return constant(0, "float")
        shared = common(polynomial)
        number = _content(polynomial)
        rest = {without(m, shared): x / number for m, x in polynomial.items()}
        if all(x < 0 for x in rest.values()):
            number, rest = -number, {m: -x for m, x in rest.items()}
        if len(rest) == 1:
            return self._product(shared, number)
        return self._product(shared, number, self._terms(rest))

    def _terms(self, polynomial: Polynomial) -> Node:
        """Several terms with nothing in common: one after the other, or with what most of them share taken out."""
        plain = self._sum([(x > 0, self._product(m, abs(x))) for m, x in polynomial.items()])
        counts = Counter((i, power > 0) for m in polynomial for i, power in m)
        most = max(counts, key=lambda factor: (counts[factor], -factor[0]))
        if counts[most] < 2:
            return plain
        inside = {m: x for m, x in polynomial.items() if most in {(i, power > 0) for i, power in m}}
        outside = {m: x for m, x in polynomial.items() if m not in inside}
        taken_out = self._sum([self._signed(inside), self._signed(outside)])
        return taken_out if self._lengths.of(taken_out) < self._lengths.of(plain) else plain

    def _signed(self, polynomial: Polynomial) -> tuple[bool, Node]:
        """A part of a sum, and whether it is added (or taken away)."""
        added = any(x > 0 for x in polynomial.values())
        return added, self.write(polynomial if added else {m: -x for m, x in polynomial.items()})

    def _sum(self, terms: list[tuple[bool, Node]]) -> Node:
        """The terms in order, but for one that is added (there always is one), which comes first."""
        first = next(k for k, (added, _) in enumerate(terms) if added)
        _, result = terms.pop(first)
        for added, term in terms:
            result = result + term if added else result - term
        return result

    def _product(self, monomial: Monomial, number: Fraction, factor: Node | None = None) -> Node:
        """A number, the single numbers, the arrays (those that are spread last), and one more factor; over the rest."""
        above = [(self._atoms[i], power) for i, power in monomial if power > 0]
        below = [(self._atoms[i], -power) for i, power in monomial if power < 0]
        sign, number = number < 0, abs(number)
        numerator, denominator = _fraction(number)
        more = [] if factor is None else [factor]
        scalars = self._times(numerator, [*self._scalars(above), *(f for f in more if not f.shape)])
        under = self._times(denominator, self._scalars(below))
        arrays = self._times(1.0, [*self._arrays(above), *(f for f in more if f.shape)])
        divisors = self._times(1.0, self._arrays(below))
        result = self._over(arrays, divisors)
        if result is None:
            scalar = self._over(scalars, under)
            result = constant(1, "float") if scalar is None else scalar
        elif scalars is None:
            result = result if under is None else result / under
        else:
            result = self._over(scalars, under) * result
        return -result if sign else result

    def _scalars(self, factors: list[tuple[Node, int]]) -> list[Node]:
        """The factors that are single numbers."""
        return [_power(*f) for f in factors if not f[0].shape]

    def _arrays(self, factors: list[tuple[Node, int]]) -> list[Node]:
        """The factors with axes; those that are the same along some axis come last."""
        return [_power(*f) for f in sorted((f for f in factors if f[0].shape), key=lambda f: _is_spread(f[0]))]

    def _times(self, number: float, factors: list[Node]) -> Node | None:
        result: Node | None = None if number == 1 else constant(number, "float")
        for factor in factors:
            result = factor if result is None else result * factor
        return result

    def _over(self, top: Node | None, bottom: Node | None) -> Node | None:
        if bottom is None:
            return top
        return 1.0 / bottom if top is None else top / bottom  # type: ignore[no-any-return]


def _is_spread(node: Node) -> bool:
    return isinstance(node, Einsum) and node.is_layout and len(node.args[0].shape) < len(node.shape)


def _power(node: Node, exponent: int) -> Node:
    return node if exponent == 1 else node**exponent


def _content(polynomial: Polynomial) -> Fraction:
    """The number that all terms have as a factor: the smallest, where it divides the others."""
    smallest = min(map(abs, polynomial.values()))
    return smallest if all((x / smallest).denominator == 1 for x in polynomial.values()) else Fraction(1)


def _fraction(number: Fraction) -> tuple[float, float]:
    """A positive number as numerator and denominator: thirds are kept, halves and long fractions are decimals."""
    if number.denominator > 1000 or number.denominator & (number.denominator - 1) == 0:
        return as_float(number), 1.0
    return as_float(number.numerator), number.denominator


def as_float(number: Fraction | int) -> float:
    """The float nearest to a number that is not 0; raises TooLong where there is none, or that is 0."""
    try:
        found = float(number)
    except OverflowError:
        found = 0.0
    if not found:
        raise TooLong
    return found
