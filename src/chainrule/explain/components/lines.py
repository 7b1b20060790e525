"""The lines of a derivation in index notation: a derivative is pushed inwards one rule at a time until none is left.

A named intermediate is worked out once, in steps of its own, and put back where it was left off. Nothing here calls
itself: a derivation may be as deep as the graph.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...ir.node import D, Map, Node
from ...ir.registry import call
from ...ir.telling import Indices, Step
from . import brackets, contraction
from .contraction import next_step
from .differentiate import Differentiation, derivative, listed
from .indexed import MINUS, ZERO, Allocator, Factor, Path, Sum, factors_in, flattened, replaced, single
from .written import Writer

_LONGEST = 2000
_NAMED = 4
"""How many constants are called by name, where they are gone at once."""


@dataclass(frozen=True, eq=False)
class Result:
    """What ∂f/∂w came to: f's indices, the sum without derivatives, and the steps to it."""

    axes: tuple[int, ...]
    value: Sum
    steps: tuple[Step, ...]


Wanted: TypeAlias = tuple[Node, tuple[int, ...]]


class Line:
    """A line as it stands, and the steps that led to it."""

    def __init__(self, allocator: Allocator, where: str, start: Node, axes: tuple[int, ...]) -> None:
        self.allocator = allocator
        self.where = where
        self.axes = axes
        self.now = single(Factor(start, axes))
        self.node = start
        self.steps: list[Step] = []

    def _written(self, part: Sum) -> tuple[Node, Indices]:
        writer = Writer(self.allocator)
        node = writer.node(part, self.axes)
        return node, Indices(self.axes, writer.sums)

    def step(
        self, after: Sum, rule: str, why: str, *, opened: frozenset[Node] = frozenset(), steps: Sequence[Step] = ()
    ) -> None:
        """Go on to another line. What is the same node is shown only where something is opened in it."""
        self.now = flattened(after, self.allocator)
        node, indices = self._written(self.now)
        if node is not self.node or opened:
            self.steps.append(Step(self.node, node, rule, why, self.where, tuple(steps), opened, indices))
            self.node = node
        if len(self.steps) > _LONGEST:
            raise ArithmeticError(f"the derivation of {self.where} does not end within {_LONGEST} steps")

    def same(self, rule: str, why: str, opened: frozenset[Node] = frozenset()) -> None:
        """The same node, shown in another way."""
        self.steps.append(Step(self.node, self.node, rule, why, self.where, (), opened, self.indices))

    @property
    def indices(self) -> Indices:
        """Which index is which in the line as it stands."""
        return self._written(self.now)[1]

    def contract(self) -> None:
        """Cancel every sum that a delta ends, and take out what all terms share."""
        while self.tidy((*contraction.NUMBERS, *contraction.DELTAS)) or self.tidy((brackets.opened,)):
            pass
        self.tidy((brackets.shared,))

    def tidy(self, rules: Sequence[contraction.Tidying]) -> bool:
        """One tidying of these; whether there was one."""
        found = next_step(self.now, rules, self.allocator)
        if found is not None:
            self.step(found.after, found.rule, found.why)
        return found is not None


class Lines:
    """The derivatives by one thing, each worked out once."""

    def __init__(self, rules: Differentiation, by: tuple[int, ...]) -> None:
        self.rules = rules
        self.by = by
        self.done: dict[Node, Result] = {}
        self.deltas: list[Factor] = []
        """The deltas of ∂w/∂w, as they came up."""

    def begin(self, f: Node, axes: tuple[int, ...] = ()) -> Line:
        """The line ∂f/∂w."""
        rules = self.rules
        return Line(rules.allocator, rules.name_of(f), derivative(f, rules.w), (*axes, *self.by))

    def work_out(self, f: Node, axes: tuple[int, ...] = ()) -> Result:
        """The steps from ∂f/∂w to a sum without derivatives. Raises ArithmeticError where there are too many."""
        stack = [self._work_out(f, axes)]
        answer: Result | None = None
        while True:
            try:
                wanted = stack[-1].send(answer)
            except StopIteration as stop:
                answer = stop.value
                stack.pop()
                if not stack:
                    assert answer is not None
                    return answer
            else:
                stack.append(self._work_out(*wanted))
                answer = None

    def _work_out(self, f: Node, axes: tuple[int, ...]) -> Generator[Wanted, Result | None, Result]:
        """Asks for the derivatives of named nodes on its way, and is sent them."""
        line = self.begin(f, axes)
        if f in self.rules.names and f.args and f is not self.rules.w:
            line.same("substitution", f"{line.where} written out", frozenset([f]))
        while True:
            if self._zeros(line):
                continue
            if line.tidy(contraction.NUMBERS):
                continue
            found = next(((path, x) for path, x in factors_in(line.now) if isinstance(x.base, D)), None)
            if found is None:
                break
            path, factor = found
            inside = factor.base.args[0]  # type: ignore[union-attr]
            subs = factor.subs[: len(factor.subs) - len(self.by)]
            if inside in self.rules.names and inside.args and inside is not f and inside is not self.rules.w:
                known = self.done.get(inside)
                result = known
                if result is None:
                    result = yield inside, self._own(inside, subs)
                assert result is not None
                self._put_back(line, path, inside, subs, result, known is not None)
            else:
                self._advance(line, path, inside, subs)
        line.contract()
        self.done[f] = Result(axes, line.now, tuple(line.steps))
        return self.done[f]

    def _own(self, f: Node, subs: tuple[int, ...]) -> tuple[int, ...]:
        """The indices under which a named node is worked out: those where it was met, so that letters stay."""
        if len(set(subs)) == len(subs) and not set(subs) & set(self.by):
            return subs
        return self.rules.allocator.fresh(*f.shape)

    def _zeros(self, line: Line) -> bool:
        """What does not depend on w is gone, all of it at once."""
        gone: dict[Path, Sum] = {}
        names: dict[str, None] = {}
        for path, factor in factors_in(line.now):
            if isinstance(factor.base, D) and not self.rules.varying(factor.base.args[0]):
                gone[path] = ZERO
                names.update(dict.fromkeys(self.rules.called_by(factor.base.args[0])))
        if not gone:
            return False
        called = self.rules.name_of(self.rules.w)
        shown = listed(list(names)) if 0 < len(names) <= _NAMED else "the rest"
        verb = "do" if 1 < len(names) <= _NAMED else "does"
        line.step(replaced(line.now, gone), "does not depend", f"{shown} {verb} not depend on {called}: 0")
        return True

    def _put_back(self, line: Line, path: Path, f: Node, subs: tuple[int, ...], result: Result, again: bool) -> None:
        """A named derivative's value in its place."""
        value = result.value
        if again or subs != result.axes:
            value = self.rules.allocator.renamed(value, dict(zip(result.axes, subs, strict=True)))
        name = self.rules.name_of(f)
        rule, why = "back to where we left off", f"the derivative of {name} is put in"
        if again:
            rule, why = "used again", f"the derivative of {name} was worked out above"
        line.step(replaced(line.now, {path: value}), rule, why, steps=() if again else result.steps)

    def _advance(self, line: Line, path: Path, f: Node, subs: tuple[int, ...]) -> None:
        found = self.rules.advance(f, subs, self.by)
        if f is self.rules.w:
            self.deltas += [factor for _, factor in factors_in(found.after)]
        after = replaced(line.now, {path: found.after})
        if found.output:
            line.step(after, found.rule, found.why, opened=frozenset([f]))
            line.same("in terms of its own output", found.output)
        else:
            line.step(after, found.rule, found.why)


def turned(line: Sum, closed: set[Node]) -> Sum | None:
    """−(y − ŷ) as ŷ − y, where the closed form has it that way round; None where there is nothing to turn."""
    terms, found = [], False
    for term in line.terms:
        for k, factor in enumerate(term.factors):
            base = factor.base
            if term.coefficient.number < 0 and isinstance(base, Map) and base.op.name == "sub":
                other = call("sub", *reversed(base.args))
                if other in closed:
                    term = term.with_factor(k, Factor(other, factor.subs, factor.under)).times(MINUS)
                    found = True
                    break
        terms.append(term)
    return Sum(tuple(terms)) if found else None
