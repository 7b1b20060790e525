"""The components form: index notation, the derivative pushed inwards one rule at a time, deltas cancelling sums.

A named intermediate is worked out once, in steps of its own, and put back where it was left off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..ir.graph import describe, substitute, toposort
from ..ir.node import D, Delta, Einsum, Map, Node
from ..ir.telling import Chain, Section, Step, Telling
from ..simplify import TELL, Applied, Phase, rewrite
from ..simplify.pattern import fit, spread_scalar
from ..simplify.rule import Context
from ..simplify.rules.layout import compose, contract_delta
from .differentiate import Varying, advance, derivative
from .subject import Subject

_LONGEST = 2000
_AT_ONCE = frozenset(
    {"first power", "plus zero", "minus zero", "from zero", "times one", "over one", "work out numbers", "known branch",
     "compose layouts", "before the broadcast"}
)  # fmt: skip
"""What is tidied up without a line of its own: nobody would write the line before."""
_SILENT = Phase("tell at once", tuple(rule for rule in TELL.rules if rule.name in _AT_ONCE))
_NUMBERS, _SIGNS = "numbers are multiplied together and come first", "the sign comes to the front"
_SHORT = {
    **dict.fromkeys(("a number is the same for every term: it is multiplied once",
                     "numbers are multiplied once, not for every entry",
                     "numbers are divided once, not for every entry", "numbers come first",
                     "the constants of a fraction are worked out",
                     "a product with a reciprocal is a quotient", "a quotient by a reciprocal is a product"), _NUMBERS),
    **dict.fromkeys(("a sign is the same for every entry", "a factor's sign is the product's",
                     "the numerator's sign is the quotient's", "the denominator's sign is the quotient's",
                     "a negative number is a sign and a number"), _SIGNS),
    "Kronecker's delta cancels the sum: the one index is replaced by the other": "the delta cancels its sum",
}  # fmt: skip
"""The reasons of rules that only move numbers and signs about, in the words of one who does all that in one go."""


_EVERY_TERM = "a factor goes to every term of a sum"


def components(subject: Subject) -> Telling:
    """The derivation in components, ending in the graph that runs, a section for each thing that was asked for.

    Raises ArithmeticError where the derivation does not end.
    """
    sections = []
    for wrt, gradient in subject.gradients.items():
        told = _Telling(dict(subject.names), wrt)
        steps, result = told.work_out(subject.loss)
        why = _matrix_why(gradient, subject.names)
        steps = [*steps, Step(result, gradient, "as matrices", why, subject.name_of(subject.loss))]
        chain = Chain(tuple(steps[:-1]), "components", wrt)
        sections.append(Section("", (chain, Chain(tuple(steps[-1:]), "matrix", wrt))))
    return Telling("components", subject.graph, subject.closed, subject.names, tuple(sections), at=subject.at)


class _Telling:
    """The derivatives that were worked out so far, each with its steps."""

    def __init__(self, names: dict[Node, str], wrt: Node) -> None:
        self.names = names
        self.wrt = wrt
        self.varying = Varying(wrt)
        self.done: dict[Node, Node] = {}

    def name_of(self, node: Node) -> str:
        return self.names.get(node, describe(node))

    def work_out(self, f: Node) -> tuple[list[Step], Node]:
        """The steps from ∂f/∂w to an expression without derivatives, and that expression."""
        line: Node = derivative(f, self.wrt)
        steps: list[Step] = []
        where = self.name_of(f)
        if f in self.names and f.args:
            steps.append(Step(line, line, "substitution", f"{where} written out", where, opened=frozenset([f])))
        while (d := self._next_derivative(line)) is not None:
            inside = d.args[0]
            named = inside in self.names and inside.args and inside is not f and inside is not self.wrt
            if named and self.varying(inside):
                line, step = self._named(line, d, inside)
            else:
                found = advance(d, self.names, self.varying)
                after = substitute([line], {d: found.after})[0]
                line, step = after, Step(line, after, found.rule, found.why, where)
            steps.append(step)
            line = self._tidied(line, steps, where)
            if len(steps) > _LONGEST:
                raise ArithmeticError(f"the derivation of {where} does not end within {_LONGEST} steps")
        line = self._contracted(line, steps, where)
        self.done[f] = line
        return steps, line

    def _next_derivative(self, line: Node) -> D | None:
        """The derivative that is worked out next: one that is zero, so that it is gone, else the first that is met."""
        found = _derivatives(line)
        return next((d for d in found if not self.varying(d.args[0])), found[0] if found else None)

    def _named(self, line: Node, d: D, f: Node) -> tuple[Node, Step]:
        """A named intermediate's derivative: worked out in steps of its own the first time, used again after that."""
        name = self.name_of(f)
        inner: list[Step] = []
        if f in self.done:
            rule, why = "used again", f"the derivative of {name} was worked out above"
        else:
            inner, _ = self.work_out(f)
            rule, why = "back to where we left off", f"the derivative of {name} is put in"
        after = substitute([line], {d: self.done[f]})[0]
        return after, Step(line, after, rule, why, name, tuple(inner))

    def _tidied(self, line: Node, steps: list[Step], where: str) -> Node:
        """Zeros and ones dropped in the same breath; numbers and signs collected in a step of its own."""
        known = frozenset(self.names)
        at_once = rewrite([line], _SILENT, named=known)[line]
        if at_once is not line and steps:
            steps[-1] = replace(steps[-1], after=at_once)
        log: list[Applied] = []
        after = rewrite([at_once], TELL, named=known, log=log)[at_once]
        reasons = dict.fromkeys(_SHORT.get(a.rule.why, a.rule.why) for a in log if a.rule.name not in _AT_ONCE)
        if reasons:
            steps.append(Step(at_once, after, "tidied up", "; ".join(reasons), where))
        elif after is not at_once and steps:
            steps[-1] = replace(steps[-1], after=after)
        return after

    def _contracted(self, line: Node, steps: list[Step], where: str) -> Node:
        """Every delta that a sum runs over cancels it, from the inside out."""
        context = Context()
        while True:
            order = [n for n in toposort([line]) if isinstance(n, Einsum)]
            for node in order:
                after = contract_delta.rewrite(node, context)
                if after is not None:
                    break
            else:
                merged = next((m for n in order if (m := _merge(n)) is not None), None)
                if merged is None:
                    return line
                outer, nearer, split = merged
                new = substitute([line], {outer: nearer})[0]
                if split and steps and steps[-1].why == _EVERY_TERM:
                    steps[-1] = replace(steps[-1], after=new)
                elif split:
                    steps.append(Step(line, new, "term by term", _EVERY_TERM, where))
                elif steps:
                    steps[-1] = replace(steps[-1], after=new)
                line = new
                continue
            new = substitute([line], {node: after})[0]
            why = "only the term where its indices agree is left"
            steps.append(Step(line, new, "the delta cancels the sum", why, where))
            line = self._tidied(new, steps, where)


def _merge(node: Einsum) -> tuple[Node, Node, bool] | None:
    """A sum of products with a delta deeper inside a factor, brought nearer to the sum.

    With it comes whether a sum was split term by term for that, which a reader is told.
    """
    for k, arg in enumerate(node.args):
        if not _has_delta(arg):
            continue
        match arg:
            case Einsum():
                return node, compose(node, k), False
            case Map() if arg.op.name in ("add", "sub", "neg"):
                terms = [_with_operands(node, k, term) for term in arg.args]
                return node, Map.of(arg.op, *terms), arg.op.name != "neg"
            case Map() if arg.op.name == "mul":
                return node, _with_operands(node, k, *arg.args), False
            case Map() if arg.op.name == "div" and not _has_delta(arg.args[1]):
                top, under = arg.args
                number = spread_scalar(under)
                if number is None:
                    return node, _with_operands(node, k, top, 1 / under), False
                product = _with_operands(node, k, top)
                return node, product / fit(number, product), False
    return None


def _has_delta(node: Node) -> bool:
    return any(isinstance(n, Delta) for n in toposort([node]))


def _with_operands(node: Einsum, k: int, *operands: Node) -> Node:
    """The sum of products with other factors in the place of the k-th."""
    args = [*node.args[:k], *operands, *node.args[k + 1 :]]
    subs = [*node.subs[:k], *[node.subs[k]] * len(operands), *node.subs[k + 1 :]]
    return Einsum.of(args, subs, node.out, dict(enumerate(node.extents)))


def _derivatives(line: Node) -> list[D]:
    """The derivatives of a line in the order in which a reader meets them, from the outside in."""
    stack, seen = [line], set()
    found: list[D] = []
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, D):
            found.append(node)
        else:
            stack.extend(reversed(node.args))
    return found


def _matrix_why(gradient: Node, names: Mapping[Node, str]) -> str:
    """Why each transpose stands where it does: from which axis the sum runs over."""
    product = next((n for n in [gradient, *gradient.args] if isinstance(n, Einsum) and len(n.args) == 2), None)
    if product is None or len(product.summed) != 1:
        return "the same entries, written as arrays"
    (index,) = product.summed
    parts = []
    for side, arg, sub in zip(("left", "right"), product.args, product.subs, strict=True):
        usual = len(sub) - 1 if side == "left" else 0
        if len(sub) > 1 and index in sub and sub.index(index) != usual:
            axis = "last" if sub.index(index) == len(sub) - 1 else "first"
            name = names.get(arg, f"the {side} factor")
            parts.append(f"the sum runs over the {axis} axis of {name}, so {name} stands transposed")
    return "; ".join(parts) or "the sum over what both factors share is a matrix product"
