"""Elementwise expressions as polynomials in what they are made of, written again in the order in which that is met.

For formulas that are read: `polynomial` has the other kind, which knows indices, for comparing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import reduce
from math import isfinite
from typing import TypeAlias, TypeGuard

from ..ir.build import cast, scalar_value
from ..ir.node import Einsum, Map, Node, Reshape
from .facts import is_not, log_softmax, negative_log_softmax, never_zero
from .pattern import spread_scalar

MOST_PARTS = 200
"""How many operations of an expression are looked at."""

MOST_TERMS = 32
"""Products of sums are written out while there are no more terms than this."""

HIGHEST_POWER = 8

ARITHMETIC = frozenset({"add", "sub", "mul", "div", "neg", "pow"})

Monomial: TypeAlias = tuple[tuple[int, int], ...]
"""(number of the atom, power), in the order of the numbers. What divides stands beside what multiplies, with a negative
power of its own, until it is known that they cancel."""

Polynomial: TypeAlias = dict[Monomial, Fraction]


class TooLong(Exception):
    """The expression has more parts or terms than anybody would write out, or a number that no float is near."""


class Expansion:
    """One elementwise expression as a polynomial. Raises TooLong.

    ``atoms`` are what it is made of: single numbers, and arrays of the expression's shape. A node in ``named`` is one,
    whatever it stands for. Products of sums are multiplied out with ``everything``; else a sum that is a factor is an
    atom as well.
    """

    def __init__(self, root: Node, named: frozenset[Node], *, everything: bool) -> None:
        self.root = root
        self.atoms: list[Node] = []
        self._named = named
        self._everything = everything
        self._number: dict[Node, int] = {}
        self._left = MOST_PARTS
        self.polynomial = self._settled(self._read(root, lambda node: node))

    def _read(self, node: Node, place: Callable[[Node], Node]) -> Polynomial:
        """The polynomial of a part; ``place`` spreads an atom of it over the whole expression's shape."""
        self._left -= 1
        if self._left < 0:
            raise TooLong
        number = scalar_value(node)
        if number is not None and isfinite(number):
            return {(): Fraction(number)} if number else {}
        if node in self._named and node is not self.root:
            return self._atom(node, place)
        if _moves(node):
            return self._read(node.args[0], lambda atom: place(node.with_args((atom,))))
        turned = negative_log_softmax(node)
        if turned is not None:
            return negated(self._atom(turned, place))
        if is_arithmetic(node):
            return self._operation(node, place)
        if isinstance(node, Map) and node.op.name == "to_float" and _is_product(node.args[0]):
            return product(*(self._read(cast(arg, "float"), place) for arg in node.args[0].args))
        if isinstance(node, Map) and node.op.name == "to_float" and is_not(node.args[0]):
            return total({(): Fraction(1)}, negated(self._read(cast(node.args[0].args[0], "float"), place)))
        return self._atom(node, place)

    def _operation(self, node: Map, place: Callable[[Node], Node]) -> Polynomial:
        match node.op.name:
            case "add":
                return total(self._read(node.args[0], place), self._read(node.args[1], place))
            case "sub":
                return total(self._read(node.args[0], place), negated(self._read(node.args[1], place)))
            case "neg":
                return negated(self._read(node.args[0], place))
            case "mul":
                return product(*(self._factor(arg, place) for arg in node.args))
            case "div":
                top = self._factor(node.args[0], place)
                return product(top, self._power(node.args[1], -1, place))
            case _:
                exponent = scalar_value(node.args[1])
                if exponent is None or not exponent.is_integer() or abs(exponent) > HIGHEST_POWER:
                    return self._atom(node, place)
                return self._power(node.args[0], int(exponent), place)

    def _factor(self, node: Node, place: Callable[[Node], Node]) -> Polynomial:
        """A part that is multiplied."""
        found = self._read(node, place)
        return found if self._everything or len(found) < 2 else self._atom(node, place)

    def _power(self, node: Node, exponent: int, place: Callable[[Node], Node]) -> Polynomial:
        base = self._factor(node, place)
        if exponent >= 0:
            return reduce(product, [base] * exponent, {(): Fraction(1)})
        if len(base) != 1:
            base = self._atom(node, place)
        ((monomial, number),) = base.items()
        return {tuple((i, power * exponent) for i, power in monomial): number**exponent}

    def _atom(self, node: Node, place: Callable[[Node], Node]) -> Polynomial:
        number = spread_scalar(node)
        atom = place(node) if number is None else number
        if atom not in self._number:
            self._number[atom] = len(self.atoms)
            self.atoms.append(atom)
        return {((self._number[atom], 1),): Fraction(1)}

    def with_product(self, called: Node, product: Expansion) -> Polynomial | None:
        """The polynomial with a node in place of the product that it stands for; None where that is no factor."""
        own = [self._number.get(atom, self._number.get(_other_way(atom))) for atom in product.atoms]
        ((monomial, number),) = product.polynomial.items()
        factor = tuple(sorted((k, power) for i, power in monomial if (k := own[i]) is not None))
        if len(factor) < len(monomial):
            return None
        ((atom, _),) = next(iter(self._atom(called, lambda node: node)))
        result: Polynomial = {}
        for m, x in self.polynomial.items():
            if has(m, factor):
                m, x = joined(without(m, factor), ((atom, 1),)), x / number
            result = total(result, {m: x})
        return None if result == self.polynomial else result

    def _settled(self, polynomial: Polynomial) -> Polynomial:
        """What divides and what multiplies cancelled, where the whole has no number anyway if the atom is 0.

        That is so of an atom that is never 0, of one that some term divides by once more than it multiplies by it, and
        of the factors of what the logarithm of stands in the sum.
        """
        poles = {i for monomial in polynomial for i, power in net(monomial).items() if power < 0}
        poles |= {i for i, atom in enumerate(self.atoms) if never_zero(atom)}
        for i in {i for monomial in polynomial for i, above in sides(monomial) if above}:
            argument = _inside_logarithm(self.atoms[i])
            factors = {} if argument is None else self._factor(argument, lambda node: node)
            poles |= {j for j, _ in next(iter(factors))} if len(factors) == 1 else set()
        settled: Polynomial = {}
        for monomial, number in polynomial.items():
            powers = net(monomial)
            pairs = {pair for pair in monomial if pair[0] not in poles}
            pairs |= {(i, power) for i, power in powers.items() if i in poles and power}
            settled = total(settled, {tuple(sorted(pairs)): number})
        return settled


def is_arithmetic(node: Node) -> TypeGuard[Map]:
    """Whether it is a sum, difference, product, quotient, power or sign, and no softmax's logarithm."""
    return isinstance(node, Map) and node.op.name in ARITHMETIC and node.kind == "float" and log_softmax(node) is None


def _moves(node: Node) -> bool:
    """Whether it only moves or repeats numbers: a transpose, a broadcast, axes of length one put in or taken out."""
    if isinstance(node, Reshape):
        return [e for e in node.shape if e != 1] == [e for e in node.args[0].shape if e != 1]
    return isinstance(node, Einsum) and node.is_layout


def _is_product(node: Node) -> bool:
    return isinstance(node, Map) and node.op.name == "mul"


def _other_way(node: Node) -> Node:
    """A sum of products with its factors the other way round; any other node as it is."""
    if isinstance(node, Einsum):
        return Einsum.of(node.args[::-1], node.subs[::-1], node.out, dict(enumerate(node.extents)))
    return node


def _inside_logarithm(node: Node) -> Node | None:
    """What an atom is the logarithm of, spread as that is."""
    if isinstance(node, Einsum) and node.is_layout:
        inner = _inside_logarithm(node.args[0])
        return None if inner is None else node.with_args((inner,))
    return node.args[0] if isinstance(node, Map) and node.op.name == "log" else None


def total(a: Polynomial, b: Polynomial) -> Polynomial:
    """The sum, in the order of first appearance; raises TooLong."""
    result = dict(a)
    for monomial, number in b.items():
        result[monomial] = result.get(monomial, 0) + number
    if len(result) > MOST_TERMS:
        raise TooLong
    return {monomial: number for monomial, number in result.items() if number}


def negated(a: Polynomial) -> Polynomial:
    """The polynomial with the other sign."""
    return {monomial: -number for monomial, number in a.items()}


def product(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product, written out; raises TooLong."""
    if len(a) * len(b) > MOST_TERMS:
        raise TooLong
    result: Polynomial = {}
    for m, x in a.items():
        for n, y in b.items():
            result = total(result, {joined(m, n): x * y})
    return result


def sides(monomial: Monomial) -> dict[tuple[int, bool], int]:
    """The powers of a monomial, by the atom and whether it multiplies."""
    return {(i, power > 0): power for i, power in monomial}


def joined(m: Monomial, n: Monomial) -> Monomial:
    """The product of two monomials; what divides stays apart."""
    powers = sides(m)
    for key, power in sides(n).items():
        powers[key] = powers.get(key, 0) + power
    return _monomial(powers)


def _monomial(powers: dict[tuple[int, bool], int]) -> Monomial:
    return tuple(sorted((i, power) for (i, _), power in powers.items() if power))


def net(monomial: Monomial) -> dict[int, int]:
    """The power of each atom when all is cancelled that can be."""
    powers: dict[int, int] = {}
    for i, power in monomial:
        powers[i] = powers.get(i, 0) + power
    return powers


def common(monomials: Iterable[Monomial]) -> Monomial:
    """What all of them (there is one at least) have as a factor, or divide by."""
    shared, *others = map(sides, monomials)
    for own in others:
        shared = {key: min(shared[key], own[key], key=abs) for key in shared if key in own}
    return _monomial(shared)


def has(monomial: Monomial, factor: Monomial) -> bool:
    """Whether a monomial has a factor, in what it multiplies by and in what it divides by."""
    own = sides(monomial)
    return all(abs(own.get(key, 0)) >= abs(power) for key, power in sides(factor).items())


def without(monomial: Monomial, factor: Monomial) -> Monomial:
    """The monomial divided by a factor that it has."""
    taken = sides(factor)
    return _monomial({key: power - taken.get(key, 0) for key, power in sides(monomial).items()})
