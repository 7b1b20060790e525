"""One step at a time: what a derivative that is not worked out becomes by the rule for the operation on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...derive.forward import identity
from ...derive.local import reduction_slope, slopes, takes_derivative
from ...ir.graph import describe, toposort
from ...ir.node import (
    Call,
    Concat,
    Const,
    D,
    Delta,
    Einsum,
    Gather,
    Input,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Scatter,
    Size,
    Slice,
)
from ...simplify import told
from .entries import Entries
from .indexed import MINUS, ONE, ZERO, Allocator, Factor, Sum, Term, single
from .selection import selected
from .written import Writer


@dataclass(frozen=True, eq=False)
class Advance:
    """What a derivative becomes, by which rule, and why.

    With ``output`` the slope is written in terms of f itself, which is a step of its own (its reason is given).
    """

    after: Sum
    rule: str
    why: str
    output: str = ""


class Varying:
    """Which expressions vary with w; each is looked at once."""

    def __init__(self, w: Node) -> None:
        self._known = {w: True}

    def __call__(self, node: Node) -> bool:
        stack = [node]
        while stack:
            top = stack[-1]
            todo = [] if top in self._known else [arg for arg in top.args if arg not in self._known]
            if todo:
                stack += todo
                continue
            if top not in self._known:
                self._known[top] = any(self._known[arg] for arg in top.args)
            stack.pop()
        return self._known[node]


def derivative(f: Node, w: Node) -> Node:
    """∂f/∂w, not worked out."""
    return D.make((f, w), ())


class Differentiation:
    """The rules of differentiation by w, in index notation.

    ``names`` are the reader's: what has one is an array of its own, and is not looked into.
    """

    def __init__(self, w: Node, names: Mapping[Node, str], allocator: Allocator) -> None:
        self.w = w
        self.names = names
        self.allocator = allocator
        self.varying = Varying(w)
        self.entries = Entries(allocator, names)
        self._slopes: dict[Node, Node] = {}

    def name_of(self, node: Node) -> str:
        """The reader's name of a node, or a description of it."""
        return self.names.get(node, describe(node))

    def symbol(self, f: Node, subs: Sequence[int], by: Sequence[int]) -> Factor:
        """∂f/∂w as a factor, at the entry of f and that of w; f without the transposes and broadcasts around it."""
        f, at = self.entries.plain(f, subs)
        return Factor(derivative(f, self.w), (*at, *by))

    def advance(self, f: Node, subs: Sequence[int], by: Sequence[int]) -> Advance:
        """The one rule that applies to ∂f/∂w, by what f is. (A named f is opened by the caller first.)"""
        if f is self.w:
            return self._itself(subs, by)
        term = self.entries.product(f, subs)
        if term.coefficient != ONE or len(term.factors) != 1 or term.factors[0].base is not f:
            return self._product(f, subs, term, by)
        match f:
            case Map() if f.op.name in ("add", "sub"):
                return self._term_by_term(f, subs, by)
            case Einsum():
                return self._past_the_sum(f, subs, by)
            case Map():
                return self._elementwise(f, subs, by)
            case Reduce():
                return self._reduction(f, subs, by)
            case Call():
                return self._call(f, subs, by)
            case Slice() | Pad() | Concat() | Gather() | Scatter() | Reshape():
                parts = [
                    Term((*factors, self.symbol(x, at, by)), ONE, summed)
                    for x, at, factors, summed in selected(f, subs, self.allocator)
                    if self.varying(x)
                ]
                return Advance(Sum(tuple(parts)), "entry by entry", _which(f))
        raise AssertionError(f"no rule for {type(f).__name__}")

    # ------------------------------------------------------------------------------------------ the rules

    def _itself(self, subs: Sequence[int], by: Sequence[int]) -> Advance:
        """∂w_kd/∂w_ij = δ_ki δ_dj; an axis of length one has no index, and no δ."""
        pairs = [(a, b) for a, b in zip(subs, by, strict=True) if self.allocator.extents[a] != 1]
        deltas = [Factor(Delta.of(self.allocator.extents[a]), (a, b)) for a, b in pairs]
        called = self.name_of(self.w)
        if not deltas:
            return Advance(single(), "by itself", f"{called} changes one for one with itself")
        why = f"the entries of {called} do not depend on each other: 1 where the indices agree, 0 elsewhere"
        return Advance(single(*deltas), "Kronecker delta", why)

    def _product(self, f: Node, subs: Sequence[int], term: Term, by: Sequence[int]) -> Advance:
        """Constant factors stay in front; of several that vary each is differentiated in turn."""
        moving = [k for k, x in enumerate(term.factors) if isinstance(x.base, Node) and self.varying(x.base)]
        constant = [x for k, x in enumerate(term.factors) if k not in moving]
        alone = len(moving) == 1 and not term.factors[moving[0]].under
        if alone:
            (k,) = moving
            base = term.factors[k].base
            assert isinstance(base, Node)
            d = self.symbol(base, term.factors[k].subs, by)
            return Advance(single(*constant, d, coefficient=term.coefficient), *self._kept(term, constant))
        if constant or term.coefficient != ONE:
            rest = Term(tuple(term.factors[k] for k in moving))
            node = Writer(self.allocator).term(rest, rest.free)
            inner = Term((*constant, Factor(derivative(node, self.w), (*rest.free, *by))), term.coefficient)
            return Advance(Sum((inner,)), *self._kept(term, constant))
        return self._each_in_turn(f, subs, term, by)

    def _each_in_turn(self, f: Node, subs: Sequence[int], term: Term, by: Sequence[int]) -> Advance:
        """The product rule and the quotient rule: ∂(a/b) = ∂a/b − (a/b) ∂b/b."""
        terms = []
        for k, factor in enumerate(term.factors):
            assert isinstance(factor.base, Node)
            d = self.symbol(factor.base, factor.subs, by)
            if factor.under:
                whole = (Factor(f, tuple(subs)),) if f in self.names else term.factors
                terms.append(Term((*whole, factor, d), MINUS))
            else:
                terms.append(Term((*term.with_factor(k).factors, d)))
        if any(factor.under for factor in term.factors):
            again = ", with the quotient itself used again" if f in self.names else ""
            why = f"the numerator's change, less that of the denominator{again}"
            return Advance(Sum(tuple(terms)), "quotient rule", why)
        return Advance(Sum(tuple(terms)), "product rule", "each factor in turn, the others kept constant")

    def _kept(self, term: Term, constant: Sequence[Factor]) -> tuple[str, str]:
        """The rule and the reason by which constant factors stay as they are."""
        called = self.name_of(self.w)
        if not constant:
            if term.coefficient == MINUS:
                return "past the sign", "the sign is a constant factor −1"
            return "past the constant factor", f"{term.coefficient} stays in front"
        shown = [self.called(x.base) for x in constant if isinstance(x.base, Node)]
        names = list(dict.fromkeys(name for name in shown if name))
        if not names:
            return "kept constant", f"the other factor does not depend on {called}: kept constant"
        verb = "does" if len(names) == 1 else "do"
        return "kept constant", f"{listed(names)} {verb} not depend on {called}: kept constant"

    def called(self, node: Node) -> str:
        """What a reader may call an expression; nothing where it has no name."""
        while node not in self.names and isinstance(node, Einsum) and node.is_layout:
            node = node.args[0]
        if node in self.names:
            return self.names[node]
        plain = isinstance(node, (Input, Size)) or (isinstance(node, Const) and not node.shape)
        return describe(node) if plain else ""

    def called_by(self, node: Node) -> list[str]:
        """Its name, or those of what it is made of."""
        name = self.called(node)
        if name:
            return [name]
        found: dict[str, None] = {}
        stack, seen = [node], {node}
        while stack:
            for arg in stack.pop().args:
                if arg not in seen:
                    seen.add(arg)
                    name = self.called(arg) if not isinstance(arg, (Const, Size)) else ""
                    found.update({name: None} if name else {})
                    stack += [] if name else [arg]
        return list(found)

    def _term_by_term(self, f: Node, subs: Sequence[int], by: Sequence[int]) -> Advance:
        parts = self.entries.addends(f, subs)
        terms = tuple(Term((self.symbol(x, at, by),), MINUS if minus else ONE) for minus, x, at in parts)
        return Advance(Sum(terms), "term by term", "a sum is differentiated term by term")

    def _past_the_sum(self, f: Einsum, subs: Sequence[int], by: Sequence[int]) -> Advance:
        """∂ Σ a b = Σ ∂(a b): the product comes to stand alone, before its own rule applies to it."""
        fresh = self.allocator.fresh(*(f.extents[i] for i in f.summed))
        place = (*subs, *fresh)
        if len(f.args) == 1:
            d = self.symbol(f.args[0], [place[i] for i in f.subs[0]], by)
        else:
            body = Einsum.of(f.args, f.subs, tuple(range(len(f.extents))), dict(enumerate(f.extents)))
            d = self.symbol(body, place, by)
        return Advance(single(d, summed=fresh), "past the sum", "the derivative of a sum is the sum of the derivatives")

    def _elementwise(self, f: Map, subs: Sequence[int], by: Sequence[int]) -> Advance:
        """The chain rule, entry by entry: the slope at the operand, times the operand's own derivative."""
        needed = tuple(takes_derivative(f, i) and self.varying(arg) for i, arg in enumerate(f.args))
        terms: list[Term] = []
        output = False
        for arg, slope in zip(f.args, slopes(f, needed), strict=True):
            if slope is not None:
                plain = self._spelled(slope)
                output |= f in self.names and any(n is f for n in toposort([plain]))
                factors = self.entries.product(plain, subs)
                terms.append(Term((*factors.factors, self.symbol(arg, subs, by)), factors.coefficient))
        if not terms:
            return Advance(ZERO, "no slope", f.op.why)
        return Advance(Sum(tuple(terms)), "chain rule", self._slope_why(f), self._output_why(f) if output else "")

    def _slope_why(self, f: Map) -> str:
        """Why a slope is what it is, and where it is taken."""
        why = f.op.why.removesuffix(", in terms of its own output").removesuffix(", taken at its argument")
        place = self.called(f.args[0])
        if len(f.args) > 1:
            return why
        return f"{why}, taken at {place or 'its argument'}"

    def _output_why(self, f: Map) -> str:
        """Which known number the slope is written in terms of."""
        operand = self.called(f.args[0]) or "…"
        return f"{f.op.name}({operand}) is {self.names[f]}, known from the forward pass"

    def _reduction(self, f: Reduce, subs: Sequence[int], by: Sequence[int]) -> Advance:
        """The slope by every entry that is reduced, summed over those."""
        (x,) = f.args
        fresh = self.allocator.fresh(*(x.shape[a] for a in f.axes))
        kept, gone = iter(subs), iter(fresh)
        at = tuple(next(gone) if a in f.axes else next(kept) for a in range(len(x.shape)))
        slope = self.entries.product(self._spelled(reduction_slope(f)), at)
        after = Term((*slope.factors, self.symbol(x, at, by)), slope.coefficient, fresh)
        return Advance(Sum((after,)), "chain rule", f.op.why)

    def _call(self, f: Call, subs: Sequence[int], by: Sequence[int]) -> Advance:
        """The slope by every entry of an operand of what a library works out, summed over those."""
        terms = []
        for k, x in enumerate(f.args):
            if takes_derivative(f, k) and self.varying(x):
                at = self.allocator.fresh(*x.shape)
                seeds = [identity(x) if n == k else None for n in range(len(f.args))]
                slope = self.entries.product(self._spelled(f.op.push(f, seeds, x.shape)), (*subs, *at))
                terms.append(Term((*slope.factors, self.symbol(x, at, by)), slope.coefficient, at))
        return Advance(Sum(tuple(terms)), "chain rule", f.op.why)

    def _spelled(self, slope: Node) -> Node:
        """A slope as a textbook writes it."""
        found = self._slopes.get(slope)
        if found is None:
            found = self._slopes[slope] = told(slope, self.names)
        return found


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _which(f: Node) -> str:
    """Which entries of its operand an array has."""
    match f:
        case Slice():
            return "the entries that were taken are entries of the whole: δ is 1 where they are the same"
        case Gather():
            return "an entry that is chosen changes with itself: δ is 1 for the one chosen, 0 for all others"
        case Scatter():
            return "what was added up at a place changes with all that was put there"
        case Concat() | Pad():
            return "each part has its own places in the whole: δ is 1 where they are the same"
        case _:
            return "the same entries under other indices: δ is 1 where they are the same"
