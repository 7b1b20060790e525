"""How a derivation is held: steps, each an equation with its reason, that can be opened and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .node import Node

if TYPE_CHECKING:
    from .graph import Graph


@dataclass(frozen=True, eq=False)
class Step:
    """One equality: ``before`` equals ``after`` because of ``rule``; ``why`` says so in one line.

    ``where`` is the name of the intermediate it is about; ``steps`` are the smaller steps it is made of. ``opened`` is
    a named node that ``after`` shows as what it stands for (a substitution: both sides are one node).
    """

    before: Node
    after: Node
    rule: str
    why: str
    where: str = ""
    steps: tuple[Step, ...] = ()
    opened: Node | None = None

    def count(self) -> int:
        """The number of equalities, those inside counted too."""
        return 1 + sum(step.count() for step in self.steps)


@dataclass(frozen=True, eq=False)
class Row:
    """A line of the matrix telling: an intermediate, its forward formula, and its gradient (None: not asked for)."""

    name: str
    forward: Node
    backward: Node | None
    why: str


@dataclass(frozen=True, eq=False)
class Derivation:
    """The steps by which a gradient is found, in one form of telling.

    ``graph`` is the function that is differentiated, ``wrt`` the input (or named intermediate), ``closed_form`` the
    last line. ``names`` gives every node the reader's name for it. ``error`` is the largest deviation of the two sides
    of any step when they were evaluated at random points, relative to the largest term.
    """

    form: str
    graph: Graph
    wrt: Node
    steps: tuple[Step, ...]
    closed_form: Node
    names: Mapping[Node, str]
    rows: tuple[Row, ...] = ()
    error: float = float("nan")
    notes: tuple[str, ...] = ()
    checker: Callable[[Derivation], float] | None = field(default=None, repr=False)
    printer: Callable[[Derivation, str], str] | None = field(default=None, repr=False)

    def verify(self) -> float:
        """Evaluate both sides of every step anew at random points; the largest relative deviation."""
        assert self.checker is not None
        return self.checker(self)

    def count(self) -> int:
        """The number of equalities, the inner ones counted too."""
        return sum(step.count() for step in self.steps)

    def text(self) -> str:
        """For a terminal."""
        assert self.printer is not None
        return self.printer(self, "text")

    def latex(self) -> str:
        """LaTeX, an aligned block."""
        assert self.printer is not None
        return self.printer(self, "latex")

    def html(self) -> str:
        """HTML with MathML, a fragment."""
        assert self.printer is not None
        return self.printer(self, "html")

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        return self.latex()
