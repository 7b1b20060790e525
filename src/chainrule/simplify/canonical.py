"""One representative for all expressions that are equal by the laws of rings: for comparison only, never run or shown.

Every node becomes a polynomial over atoms with indices (see `polynomial`). Sums, differences, products, powers by whole
numbers, quotients by a single term, and all einsums are arithmetic of polynomials; transposes, broadcasts, axes of
length one and Kronecker's deltas are matters of indices; choosing by integers is a product with a one-hot array. All
else is an atom, of canonical operands; of some functions a law is known (see `identities`), and choices by truth values
have one form. Nothing is cancelled that is not equal at every point: x/x stays, but where the whole has no number if x
is 0 (log x + x/x). One convention is read as its formula: a divisor ‖x‖ that is guarded against 0 is ‖x‖.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from itertools import count
from math import isfinite

from ..ir.build import broadcast, cast, constant, scalar_value
from ..ir.dims import Extent, Shape
from ..ir.graph import toposort
from ..ir.node import Const, Einsum, Gather, Kind, Map, Node, Reshape, Scatter, Subscripts
from .facts import is_not
from .identities import COMPLEMENTS, EVEN, ODD
from .plainly import plainly
from .polynomial import Sum, collected, expanded, in_front, powered, product, rebuilt
from .rules.spell import unguarded
from .terms import Base, Factor, Term, key, ordered

MOST_FACTORS = 64
"""Products are flattened up to this many factors."""

HIGHEST_POWER = 64

MOST_APART = 2**32
"""Of a choice between numbers further apart than this, the small one would be lost in the difference."""

ONE = Fraction(1)
"""Coefficients are exact: sums of floats would depend on their order."""


@contextmanager
def forms_kept() -> Iterator[None]:
    """While this lasts, what `canonical` found out of a node is known when the node is met again."""
    outer = _KEPT.set(_KEPT.get() or _Forms())
    try:
        yield
    finally:
        _KEPT.reset(outer)


def canonical(node: Node) -> Node:
    """The representative: one and the same node for all expressions that are equal by the laws of rings.

    Products of sums are written out while there are no more than 64 terms; beyond that the sums stand as atoms, so
    that two expressions may differ although they are equal (never the other way round).
    """
    forms = _KEPT.get() or _Forms()
    forms.enter((node,))
    return forms.node(node)


class _Forms:
    """Every node met so far as one term, whose factors are atoms and sums."""

    def __init__(self) -> None:
        self._terms: dict[Node, Term] = {}
        self._sums: dict[Node, Sum] = {}
        self._nodes: dict[Node, Node] = {}

    def enter(self, nodes: Sequence[Node]) -> None:
        """Work out the form of every node below these."""
        for node in toposort(nodes):
            if node not in self._terms:
                self._terms[node] = self._form(node)

    def sum(self, node: Node) -> Sum:
        """The node as a sum of terms of atoms."""
        if node not in self._sums:
            self._sums[node] = expanded(self._terms[node], node.shape, node.kind)
        return self._sums[node]

    def node(self, node: Node) -> Node:
        """The node's representative."""
        if node not in self._nodes:
            self._nodes[node] = rebuilt(self.sum(node).settled)
        return self._nodes[node]

    def _form(self, node: Node) -> Term:
        plain = plainly(node)
        if plain is not None:
            return self._other(plain)
        match node:
            case Const() if node.shape == () and isfinite(node.value):
                return Term(Fraction(node.value))
            case Einsum():
                return self._product(node.args, node.subs, node)
            case Map():
                return self._map(node)
            case Gather() | Scatter():
                return self._choice(node)
            case Reshape():
                return self._reshape(node)
            case _:
                return self._atom(node.with_args(tuple(map(self.node, node.args))))

    def _atom(self, node: Node) -> Term:
        return self._single(node, _axes(node.shape), node.shape)

    def _single(self, base: Base, subs: Subscripts, shape: Shape) -> Term:
        """One factor, spread over the axes it does not have."""
        return Term(ONE, (Factor(base, subs),), dict(enumerate(shape)))

    def _of_sum(self, total: Sum) -> Term:
        """A sum as one term: its only one, or itself as the factor."""
        if len(total.terms) == 1:
            return self._spread(total.terms[0], total.shape)
        if not total.terms:
            return Term(Fraction(0))
        return self._single(total, _axes(total.shape), total.shape)

    def _added(self, numbers: Iterable[Fraction | int], sums: Iterable[Sum], node: Node) -> Term:
        """Sums, each times a number, as one term of the shape of ``node``."""
        terms = [
            Term(number * t.number, t.factors, t.extents)
            for number, total in zip(numbers, sums, strict=True)
            for t in total.terms
        ]
        return self._of_sum(collected(terms, node.shape, node.kind))

    def _spread(self, term: Term, shape: Shape) -> Term:
        return Term(term.number, term.factors, {**term.extents, **dict(enumerate(shape))})

    def _operand(self, node: Node, kind: Kind) -> Term:
        """An operand's form in arithmetic of this kind of number; flattened while it has few factors."""
        term = self._terms[node] if node.kind == kind else self._cast(node, kind)
        return self._atom(self.node(node)) if _size(term) > MOST_FACTORS else term

    def _product(self, args: Sequence[Node], subs: Sequence[Subscripts], node: Node) -> Term:
        """The sum of products of operands, with the axes of ``node`` as the free indices 0, 1, …"""
        extents: dict[int, Extent] = dict(enumerate(node.shape))
        for arg, sub in zip(args, subs, strict=True):
            extents.update(zip(sub, arg.shape, strict=True))
        parts = [(self._operand(arg, node.kind), sub) for arg, sub in zip(args, subs, strict=True)]
        if sum(_size(term) for term, _ in parts) > MOST_FACTORS:
            parts = [(self._atom(self.node(arg)), sub) for arg, sub in zip(args, subs, strict=True)]
        return product(parts, _axes(node.shape), extents)

    def _map(self, node: Map) -> Term:
        own = _axes(node.shape)
        match node.op.name:
            case "add":
                return self._added((1, 1), map(self.sum, node.args), node)
            case "sub":
                return self._added((1, -1), map(self.sum, node.args), node)
            case "neg":
                term = self._terms[node.args[0]]
                return Term(-term.number, term.factors, term.extents)
            case "mul" | "multiply_no_nan":
                return self._product(node.args, [own, own], node)
            case "div":
                below = self._power(node.args[1], -1)
                if below is None:
                    return self._operation(node)
                return product([(self._terms[node.args[0]], own), (below, own)], own, dict(enumerate(node.shape)))
            case "pow":
                return self._powered(node)
            case "to_float" | "to_int" if node.args[0].kind != "float":
                return self._cast(node.args[0], node.kind)
            case "where" if node.kind == "float":
                return self._where(node)
            case "log" if (inside := self.sum(node.args[0]).operation("exp")) is not None:
                operands, sub = inside
                self.enter(operands)
                return self._product(operands, [sub], node)
        return self._operation(node)

    def _where(self, node: Map) -> Term:
        """A choice: numbers and sizes that are factors of both branches in front; of b + k and b it is b + k [m]."""
        condition, *branches = node.args
        while is_not(condition):
            condition, branches = condition.args[0], branches[::-1]
        whole = [self.sum(branch).settled for branch in branches]
        numbers = sorted(abs(t.number) for branch in whole for t in branch.terms)
        if numbers and numbers[-1] > MOST_APART * numbers[0]:
            return self._atom_of(node, [self.sum(condition), *whole])
        front, sums = in_front(whole)
        apart = self._added((1, -1), sums, node)
        if apart.factors:
            choice = self._atom_of(node, [self.sum(condition), *sums])
        else:
            on = cast(condition, node.kind)
            self.enter((on,))
            choice = self._added((apart.number, 1), (self.sum(on), sums[1]), node)
        return Term(front.number * choice.number, (*front.factors, *choice.factors), choice.extents)

    def _other(self, node: Node) -> Term:
        """The form of an expression that stands for the one at hand."""
        self.enter((node,))
        return self._terms[node]

    def _powered(self, node: Map) -> Term:
        base, exponent = node.args[0], scalar_value(node.args[1])
        if exponent is None or exponent % 1 or abs(exponent) > HIGHEST_POWER or (node.kind == "int" and exponent < 0):
            return self._operation(node)
        found = self._power(base, int(exponent))
        return self._operation(node) if found is None else found

    def _power(self, base: Node, exponent: int) -> Term | None:
        """A whole power of an operand; None where it is a power that is too high, or divides by nothing."""
        if exponent < 0:
            base = unguarded(base)
            self.enter((base,))
        term, own = self._terms[base], _axes(base.shape)
        if exponent >= 0 and exponent * _size(term) <= MOST_FACTORS:
            return product([(term, own)] * exponent, own, dict(enumerate(base.shape)))
        if any(i >= len(own) for i in term.extents):
            # What is summed over indices is one factor.
            total = self.sum(base)
            if not total.terms:
                return None
            term = self._single(total, own, base.shape)
        return self._spread(powered(term, exponent), base.shape) if term.number else None

    def _cast(self, arg: Node, kind: Kind) -> Term:
        """Whole numbers or truth values as another kind: of a product, the factors are; a denial is 1 minus that."""
        denied = False
        while is_not(arg):
            arg, denied = arg.args[0], not denied
        terms = [Term(ONE)] if denied else []
        for t in self.sum(arg).terms:
            factors = []
            for f in t.factors:
                assert isinstance(f.base, Node)
                factors.append(Factor(cast(f.base, kind), f.subs, f.power))
            terms.append(ordered(Term(-t.number if denied else t.number, tuple(factors), t.extents), len(arg.shape)))
        return self._of_sum(collected(terms, arg.shape, kind))

    def _choice(self, node: Gather | Scatter) -> Term:
        """Entries chosen or added up by integers: a product with a one-hot array, summed."""
        (x, indices), (axis, batch) = node.args, node.params[:2]
        length = x.shape[axis] if isinstance(node, Gather) else node.params[2]
        places = self.node(indices)
        if node.kind == "bool":
            return self._atom(node.with_args((self.node(x), places)))
        rank = len(places.shape)
        hot = Scatter.make((broadcast(constant(1, node.kind), places.shape), places), (rank, rank, length))
        self._terms.setdefault(hot, self._atom(hot))
        out = _axes(node.shape)
        chosen = out[axis : axis + rank - batch]
        if isinstance(node, Gather):
            inner = (*out[:axis], len(out), *out[axis + len(chosen) :])
            return self._product([x, hot], [inner, (*out[:batch], *chosen, len(out))], node)
        new = tuple(range(len(out), len(out) + rank - batch))
        return self._product([x, hot], [(*out[:axis], *new, *out[axis + 1 :]), (*out[:batch], *new, out[axis])], node)

    def _reshape(self, node: Reshape) -> Term:
        """Axes of length one put in or taken out are indices; any other reshape is an atom."""
        (x,) = node.args
        if [e for e in x.shape if e != 1] != [e for e in node.shape if e != 1]:
            return self._atom(node.with_args((self.node(x),)))
        wide = iter(i for i, e in enumerate(node.shape) if e != 1)
        ones = count(len(node.shape))
        return self._product([x], [tuple(next(ones) if e == 1 else next(wide) for e in x.shape)], node)

    def _operation(self, node: Map) -> Term:
        """An elementwise operation as an atom, over the axes that its operands carry; of −x by what it is of x."""
        sums = [self.sum(arg).settled for arg in node.args]
        name, first = node.op.name, sums[0].terms
        if name in ODD | EVEN | COMPLEMENTS and first and first[0].number < 0:
            turned = Sum(tuple(Term(-t.number, t.factors, t.extents) for t in first), node.shape, node.kind)
            atom = self._atom_of(node, [turned])
            if name in EVEN:
                return atom
            atom = Term(-ONE, atom.factors, atom.extents)
            return atom if name in ODD else self._of_sum(collected([Term(ONE), atom], node.shape, node.kind))
        return self._atom_of(node, sums)

    def _atom_of(self, node: Map, sums: Sequence[Sum]) -> Term:
        axes = tuple(sorted({a for total in sums for a in total.carried}))
        args = [rebuilt(total, axes) for total in sums]
        if node.op.commutative:
            args.sort(key=key)
        return self._single(Map.of(node.op, *args), axes, node.shape)


def _axes(shape: Shape) -> Subscripts:
    return tuple(range(len(shape)))


def _size(term: Term) -> int:
    """How many factors it has, written out; those that divide as well."""
    return sum(abs(f.power) for f in term.factors)


_KEPT: ContextVar[_Forms | None] = ContextVar("forms", default=None)

__all__ = ["canonical", "forms_kept"]
