"""From index notation to nodes: what a sum of terms is, as an array whose axes are given indices."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.build import cast, constant
from ...ir.node import Const, D, Einsum, Node, Size, Subscripts
from ...simplify.pattern import fit
from .indexed import MINUS, Allocator, Coefficient, Factor, Sum, Term


class Writer:
    """Writes sums as nodes; ``sums`` collects, for each sum of products in them, the indices that it sums over."""

    def __init__(self, allocator: Allocator) -> None:
        self.extents = allocator.extents
        self.sums: dict[Node, tuple[int, ...]] = {}

    def node(self, part: Sum, axes: Sequence[int]) -> Node:
        """The array with these axes."""
        result: Node | None = None
        for term in part.terms:
            if result is None:
                result = self.term(term, axes)
            elif term.coefficient.number < 0:
                result = result - self.term(term.times(MINUS), axes)
            else:
                result = result + self.term(term, axes)
        return self._einsum([constant(0, "float")], [()], axes) if result is None else result

    def term(self, term: Term, axes: Sequence[int]) -> Node:
        """One term: its number in front; what divides it inside of its sum only where it is summed over."""
        bound = {i for i in (*term.summed, *term.free) if i not in axes and self.extents[i] != 1}
        inside = [f for f in term.factors if f.under and bound & set(f.free)]
        outside = [f for f in term.factors if f.under and not bound & set(f.free)]
        body = self._summed([f for f in term.factors if not f.under], inside, axes, term.summed)
        minus, top, bottom = _parts(term.coefficient)
        if top is not None:
            body = fit(top, body) if _is_one(body) else fit(top, body) * body
        if outside:
            body = body / self._product([*([Factor(bottom)] if bottom is not None else []), *outside], axes)
        elif bottom is not None:
            body = body / fit(bottom, body)
        return -body if minus else body

    def _summed(
        self, over: Sequence[Factor], under: Sequence[Factor], axes: Sequence[int], summed: Sequence[int]
    ) -> Node:
        """The sum, over all indices that are no axes, of a product or a quotient."""
        if not under:
            return self._product(over, axes, summed)
        present = tuple(dict.fromkeys(i for f in (*over, *under) for i in f.free))
        every = (*(i for i in axes if i in present), *(i for i in present if i not in axes))
        return self._einsum([self._product(over, every) / self._product(under, every)], [every], axes)

    def _product(self, factors: Sequence[Factor], axes: Sequence[int], summed: Sequence[int] = ()) -> Node:
        """The product, summed over all indices that are no axes, and over ``summed`` though no factor has them."""
        if not factors:
            return self._einsum([constant(1, "float")], [()], axes)
        args: list[Node] = []
        subs: list[Subscripts] = []
        for factor, times in _counted(factors):
            match factor.base:
                case Coefficient():
                    args.append(number(factor.base))
                case Sum():
                    args.append(self.node(factor.base, factor.base.free))
                case _:
                    base = cast(factor.base, "float")
                    args.append(base if times == 1 else base**times)
            subs.append(factor.base.free if isinstance(factor.base, Sum) else factor.subs)
        lost = tuple(i for i in summed if not any(i in sub for sub in subs))
        if lost:
            every = (*lost, *dict.fromkeys(subs[0]))
            args[0], subs[0] = self._einsum([args[0]], [subs[0]], every), every
        return self._einsum(args, subs, axes)

    def _einsum(self, args: Sequence[Node], subs: Sequence[Subscripts], axes: Sequence[int]) -> Node:
        """The sum of products; the indices that it sums over are noted, in the order in which the node has them."""
        used = dict.fromkeys([*axes, *(i for sub in subs for i in sub)])
        result = Einsum.of(args, subs, tuple(axes), {i: self.extents[i] for i in used})
        summed = tuple(i for i in used if i not in axes)
        if summed:
            self.sums[result] = summed
        return result


def _counted(factors: Sequence[Factor]) -> list[tuple[Factor, int]]:
    """The factors, each array's entry once, with how often it is there."""
    found: dict[tuple[int, tuple[int, ...]], list[Factor]] = {}
    for factor in factors:
        array = isinstance(factor.base, Node) and not isinstance(factor.base, D)
        found.setdefault((id(factor.base if array else factor), factor.subs), []).append(factor)
    return [(same[0], len(same)) for same in found.values()]


def number(coefficient: Coefficient) -> Node:
    """A coefficient as the node of a single number."""
    minus, top, bottom = _parts(coefficient)
    result = constant(1, "float") if top is None else cast(top, "float")
    result = result if bottom is None else result / bottom
    return -result if minus else result


def _parts(coefficient: Coefficient) -> tuple[bool, Node | None, Node | None]:
    """Whether there is a sign; what is multiplied with, and what is divided by, where these are not one."""
    size = abs(coefficient.number)
    above, below = [size.numerator, size.denominator] if coefficient.is_nice else [float(size), 1]
    top: list[Node] = [] if above == 1 else [constant(above, "float")]
    bottom: list[Node] = [] if below == 1 else [constant(below, "float")]
    for dim, power in coefficient.sizes:
        one = Size.of(dim)
        (top if power > 0 else bottom).append(one if abs(power) == 1 else one ** abs(power))
    return coefficient.number < 0, _multiplied(top), _multiplied(bottom)


def _multiplied(numbers: Sequence[Node]) -> Node | None:
    result: Node | None = None
    for factor in numbers:
        result = factor if result is None else result * factor
    return result


def _is_one(node: Node) -> bool:
    """Whether it is the number one, spread over its axes."""
    inner = node.args[0] if isinstance(node, Einsum) and node.is_layout else node
    return isinstance(inner, Const) and inner.shape == () and inner.value == 1
