"""Lines of a derivation through intermediates: products of derivatives with indices, built in stand-ins.

An input stands for each intermediate and for each derivative that is not worked out, so that nothing looks behind a
name; what is told are the function's own nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...ir.build import constant, scalar_value
from ...ir.graph import substitute
from ...ir.node import D, Input, Node, Subscripts
from ...ir.registry import call
from ...ir.telling import Step
from ...simplify.pattern import fit
from .local import Local
from .pieces import Intermediates
from .products import Factor, product


@dataclass(frozen=True, eq=False)
class Link:
    """∂v/∂u as a factor: the index of each of v's axes, and of u's. Tied axes have the same."""

    local: Local
    v: Subscripts
    u: Subscripts

    @classmethod
    def to(cls, local: Local, u: Subscripts, fresh: Iterator[int]) -> Link:
        """The link whose u has these indices; v's other axes get new ones."""
        tied = {tie: axis for axis, tie in enumerate(local.ties) if tie is not None}
        return cls(local, tuple(u[tied[a]] if a in tied else next(fresh) for a in range(len(local.v.shape))), u)

    @property
    def value(self) -> Factor:
        """Worked out."""
        return self.local.in_stand_ins, (*self.v, *(self.u[axis] for axis in self.local.free))


class Lines:
    """The lines of one derivative, ∂loss/∂wrt, so far: ``steps``, and the ``line`` that they have come to."""

    def __init__(self, pieces: Intermediates, wrt: Node) -> None:
        self.pieces, self.wrt = pieces, wrt
        self.own: Subscripts = tuple(range(len(wrt.shape)))
        self.steps: list[Step] = []
        self._stand_for: dict[Node, Node] = dict(pieces.stood_for)
        self.line = self.by_loss(wrt)

    def name(self, node: Node) -> str:
        """The reader's name."""
        return self.pieces.name_of(node)

    def derivative(self, f: Node, w: Node) -> Node:
        """∂f/∂w, not worked out."""
        return self._standing_for(f"∂{self.name(f)}/∂{self.name(w)}", D.make((f, w), ()))

    def by_loss(self, w: Node) -> Node:
        """∂loss/∂w, not worked out."""
        return self.derivative(self.pieces.loss, w)

    def symbol(self, link: Link) -> Factor:
        """∂v/∂u by v's own formula, not worked out."""
        name = f"∂{self.name(link.local.v)}/∂{self.name(link.local.u)} alone"
        return self._standing_for(name, link.local.with_all_axes), (*link.v, *link.u)

    def _standing_for(self, name: str, derivative: Node) -> Node:
        stand_in = Input.of(name, derivative.shape)
        self._stand_for[stand_in] = derivative
        return stand_in

    def real(self, line: Node) -> Node:
        """A line in the function's own nodes."""
        return substitute([line], self._stand_for)[0]

    def then(self, line: Node, rule: str, why: str) -> None:
        """The next line; none where it is the same."""
        before, after = self.real(self.line), self.real(line)
        if after is not before:
            self.steps.append(Step(before, after, rule, why, self.name(self.pieces.loss)))
        self.line = line

    def product(self, factors: Sequence[Factor], number: Node | None = None) -> Node:
        """The sum of products over all indices that are not the result's, a number in front of it."""
        found = product(factors, self.wrt.shape)
        return found if number is None or scalar_value(number) == 1 else call("mul", fit(number, found), found)

    def total(self, terms: Sequence[Sequence[Factor]]) -> Node:
        """The sum of products."""
        found = [self.product(factors) for factors in terms]
        line = found[0] if found else fit(constant(0, "float"), self.wrt)
        for term in found[1:]:
            line = call("add", line, term)
        return line
