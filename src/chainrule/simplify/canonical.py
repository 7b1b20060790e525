"""One representative for all expressions that are equal by the laws of rings: for comparison only, never run or shown.

Every node becomes a polynomial over atoms with indices (see `polynomial`). Sums, differences, products, powers by whole
numbers, quotients by a single term, and all einsums are arithmetic of polynomials; transposes, broadcasts, axes of
length one and Kronecker's deltas are matters of indices; choosing by integers is a product with a one-hot array. All
else is an atom, of canonical operands; of some functions a law is known (see `identities`), and choices by truth values
have one form. Nothing is cancelled that is not equal at every point: x/x stays, but where the whole has no number if x
is 0 (log x + x/x). One convention is read as its formula: a divisor ‖x‖ that is guarded against 0 is ‖x‖.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from math import isfinite

from ..ir.build import broadcast, cast, constant, scalar_value
from ..ir.dims import Extent, Shape
from ..ir.graph import toposort
from ..ir.node import Const, Einsum, Gather, Kind, Map, Node, Reshape, Scatter, Subscripts
from .facts import is_not
from .identities import COMPLEMENTS, EVEN, ODD
from .pattern import fit
from .plainly import plainly
from .polynomial import Sum, collected, expanded, in_front, powered, product, rebuilt
from .rules.spell import unguarded
from .terms import Factor, Term, key, ordered

MOST_FACTORS = 64
"""Products are flattened up to this many factors."""

HIGHEST_POWER = 64


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
            case Const() if node.shape == () and node.kind != "bool" and isfinite(node.value):
                return Term(Fraction(node.value))
            case Einsum():
                return self._einsum(node)
            case Map():
                return self._map(node)
            case Gather() | Scatter():
                return self._choice(node)
            case Reshape():
                return self._reshape(node)
            case _:
                return self._atom(node.with_args(tuple(map(self.node, node.args))))

    def _atom(self, node: Node) -> Term:
        own = tuple(range(len(node.shape)))
        return Term(Fraction(1), (Factor(node, own),), dict(enumerate(node.shape)))

    def _of_sum(self, total: Sum) -> Term:
        """A sum as one term: its only one, or itself as the factor."""
        if len(total.terms) == 1:
            return self._spread(total.terms[0], total.shape)
        if not total.terms:
            return Term(Fraction(0))
        own = tuple(range(len(total.shape)))
        return Term(Fraction(1), (Factor(total, own),), dict(enumerate(total.shape)))

    def _spread(self, term: Term, shape: Shape) -> Term:
        return Term(term.number, term.factors, {**term.extents, **dict(enumerate(shape))})

    def _operand(self, node: Node, kind: Kind) -> Term:
        """An operand's form in arithmetic of this kind of number; flattened while it has few factors."""
        term = self._terms[node]
        if node.kind == "bool" and kind != "bool":
            term = self._cast(node, kind)
        if sum(abs(f.power) for f in term.factors) > MOST_FACTORS:
            return self._atom(self.node(node))
        return term

    def _product(self, args: Sequence[Node], subs: Sequence[Subscripts], node: Node) -> Term:
        """The sum of products of operands, with the axes of ``node`` as the free indices 0, 1, …"""
        extents: dict[int, Extent] = dict(enumerate(node.shape))
        for arg, sub in zip(args, subs, strict=True):
            extents.update(zip(sub, arg.shape, strict=True))
        parts = [(self._operand(arg, node.kind), sub) for arg, sub in zip(args, subs, strict=True)]
        if sum(abs(f.power) for term, _ in parts for f in term.factors) > MOST_FACTORS:
            parts = [(self._atom(self.node(arg)), sub) for arg, sub in zip(args, subs, strict=True)]
        return product(parts, tuple(range(len(node.shape))), extents)

    def _einsum(self, node: Einsum) -> Term:
        return self._product(node.args, node.subs, node)

    def _map(self, node: Map) -> Term:
        own = tuple(range(len(node.shape)))
        match node.op.name:
            case "add":
                return self._total(node, (1, 1))
            case "sub":
                return self._total(node, (1, -1))
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
        self.enter((condition,))
        front, sums = in_front([self.sum(branch).settled for branch in branches])
        apart = collected([*sums[0].terms, *(Term(-t.number, t.factors) for t in sums[1].terms)], node.shape, node.kind)
        if any(t.factors for t in apart.terms):
            choice = self._atom_of(node, [self.sum(condition), *sums])
        else:
            number = float(sum((t.number for t in apart.terms), Fraction(0)))
            choice = self._other(fit(number, node) * cast(condition, "float") + rebuilt(sums[1]))
        return Term(front.number * choice.number, (*front.factors, *choice.factors), choice.extents)

    def _other(self, node: Node) -> Term:
        """The form of an expression that stands for the one at hand."""
        self.enter((node,))
        return self._terms[node]

    def _total(self, node: Map, signs: tuple[int, int]) -> Term:
        terms = [
            Term(sign * t.number, t.factors, t.extents)
            for arg, sign in zip(node.args, signs, strict=True)
            for t in self.sum(arg).terms
        ]
        return self._of_sum(collected(terms, node.shape, node.kind))

    def _powered(self, node: Map) -> Term:
        exponent = scalar_value(node.args[1])
        whole = exponent is not None and float(exponent).is_integer() and abs(exponent) <= HIGHEST_POWER
        if not whole or (node.kind == "int" and exponent is not None and exponent < 0):
            return self._operation(node)
        found = self._power(node.args[0], int(exponent or 0))
        return self._operation(node) if found is None else found

    def _power(self, base: Node, exponent: int) -> Term | None:
        """A whole power of an operand; None where it is a power that is too high, or divides by nothing."""
        if exponent < 0 and (plain := unguarded(base)) is not base:
            self.enter((plain,))
            base = plain
        term, rank = self._terms[base], len(base.shape)
        if exponent == 0:
            return Term(Fraction(1), (), dict(enumerate(base.shape)))
        if exponent > 0 and exponent * sum(abs(f.power) for f in term.factors) <= MOST_FACTORS:
            own = tuple(range(rank))
            return product([(term, own)] * exponent, own, dict(enumerate(base.shape)))
        if any(i >= rank for i in term.extents):
            total = self.sum(base)
            term = Term(Fraction(bool(total.terms)), (Factor(total, tuple(range(rank))),))
        return self._spread(powered(term, exponent), base.shape) if term.number else None

    def _cast(self, arg: Node, kind: Kind) -> Term:
        """Whole numbers or truth values as another kind: of a product, the factors are; a denial is 1 minus that."""
        denied = False
        while is_not(arg):
            arg, denied = arg.args[0], not denied
        total = self.sum(arg)
        terms = []
        for t in total.terms:
            number, factors = t.number, []
            for f in t.factors:
                assert isinstance(f.base, Node)
                base = cast(f.base, kind)
                if isinstance(base, Const) and base.shape == ():
                    number *= Fraction(base.value) ** f.power
                else:
                    factors.append(Factor(base, f.subs, f.power))
            terms.append(ordered(Term(-number if denied else number, tuple(factors), t.extents), len(arg.shape)))
        if denied:
            terms.append(Term(Fraction(1)))
        return self._of_sum(collected(terms, arg.shape, kind))

    def _choice(self, node: Gather | Scatter) -> Term:
        """Entries chosen or added up by integers: a product with a one-hot array, summed."""
        (x, indices), (axis, batch) = node.args, node.params[:2]
        length = x.shape[axis] if isinstance(node, Gather) else node.params[2]
        places = self.node(indices)
        ones = broadcast(constant(1, node.kind if node.kind != "bool" else "float"), places.shape)
        rank = len(places.shape)
        hot = Scatter.make((ones, places), (rank, rank, length))
        is_hot = scalar_value(x) == 1 and x.shape == places.shape
        if isinstance(node, Scatter) and (axis, batch) == (rank, rank) and is_hot:
            return self._atom(hot)
        if node.kind == "bool":
            return self._atom(node.with_args((self.node(x), places)))
        self._terms.setdefault(hot, self._atom(hot))
        out = tuple(range(len(node.shape)))
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
        ones = iter(range(len(node.shape), len(node.shape) + len(x.shape)))
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
            atom = Term(Fraction(-1), atom.factors, atom.extents)
            return atom if name in ODD else self._of_sum(collected([Term(Fraction(1)), atom], node.shape, node.kind))
        return self._atom_of(node, sums)

    def _atom_of(self, node: Map, sums: Sequence[Sum]) -> Term:
        axes = tuple(sorted({a for total in sums for a in total.carried}))
        args = [rebuilt(total, axes) for total in sums]
        if node.op.commutative:
            args.sort(key=key)
        return Term(Fraction(1), (Factor(Map.of(node.op, *args), axes),), dict(enumerate(node.shape)))


_KEPT: ContextVar[_Forms | None] = ContextVar("forms", default=None)

__all__ = ["canonical", "forms_kept"]
