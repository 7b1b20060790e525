"""Derivations: how a gradient is found, told in one of several forms, every line of it verified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .asked import subject_of
from .exercise import Exercise
from .explain import FORMS, TOLERANCE, Subject, largest_deviation, side_by_side
from .ir.graph import depends_on
from .ir.node import D, Map, Node, Reduce
from .ir.telling import Answer, Step, Telling, Term, all_steps
from .render.document import NOTATIONS, write
from .render.formula import show
from .render.page_markdown import MarkdownPage
from .render.page_text import TextPage
from .simplify.canonical import canonical, forms_kept

ENDINGS = {".txt": "text", ".tex": "latex", ".md": "markdown", ".html": "html", ".json": "json"}
"""The notation that a file's name asks for."""


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """A gradient as one formula, in the reader's names: ``str`` is one line of text."""

    node: Node
    names: Mapping[Node, str]

    def latex(self) -> str:
        """LaTeX, without dollar signs."""
        return show(self.node, "latex", names=self.names)

    def __str__(self) -> str:
        return show(self.node, "text", names=self.names)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"


@dataclass(frozen=True, eq=False)
class Derivation:
    """The steps by which gradients are found, in one form of telling; print it.

    ``error`` is the largest relative deviation of the two sides of any of its lines at random points.
    """

    telling: Telling
    error: float

    @property
    def form(self) -> str:
        """The form of telling."""
        return self.telling.form

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every equality, in order; the steps inside of a step are its own ``steps``."""
        return self.telling.steps

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known besides: conventions at kinks, constants, properties that were used."""
        return self.telling.notes

    @property
    def closed_form(self) -> ClosedForm:
        """The gradient in closed form; of several, that by the first thing asked for."""
        return next(iter(self.closed_forms.values()))

    @property
    def closed_forms(self) -> dict[str, ClosedForm]:
        """The closed form for each thing that was asked for, by its name."""
        told = self.telling
        return {told.name_of(wrt): ClosedForm(node, told.own_names) for wrt, node in told.closed.items()}

    def count(self) -> int:
        """The number of equalities, the inner ones counted too."""
        return sum(step.count() for step in self.steps)

    def verify(self) -> float:
        """Evaluate both sides of every line anew at random points, and every number; the largest relative deviation."""
        return largest_deviation(self.telling)[0]

    def exercise(self, level: int = 1) -> Exercise:
        """The derivation with lines left out, for a reader to find: every third (level 1), every second, all (3), and
        all without the reasons (4). Answers are checked by numbers and by form. Raises ValueError for another level.
        """
        return Exercise(self.telling, level)

    def to(self, notation: str) -> str:
        """The whole in a notation by its name: text, latex, markdown, html or json."""
        if notation not in NOTATIONS:
            raise ValueError(f"{notation!r} is no notation; there are {', '.join(NOTATIONS)}")
        return write(self.telling, notation, self.error)

    def save(self, path: str | Path) -> None:
        """Write it to a file, in the notation that the file's name ends in: .txt, .tex, .md, .html or .json.

        The pictures of a Markdown file lie beside it. Raises ValueError for another ending.
        """
        path = Path(path)
        notation = ENDINGS.get(path.suffix)
        if notation is None:
            raise ValueError(
                f"a derivation is written to a file that ends in one of {', '.join(ENDINGS)}, not {path.name}"
            )
        text, pictures = self.markdown_with_pictures(path.stem) if notation == "markdown" else (self.to(notation), {})
        for name, picture in {path.name: text, **pictures}.items():
            path.with_name(name).write_text(picture, encoding="utf-8")

    def text(self) -> str:
        """For a terminal."""
        return self.to("text")

    def latex(self) -> str:
        """A LaTeX document, as pdflatex takes it."""
        return self.to("latex")

    def markdown(self) -> str:
        """Markdown with LaTeX in it, as GitHub and Jupyter take it; its pictures are told in words."""
        return self.to("markdown")

    def markdown_with_pictures(self, stem: str) -> tuple[str, dict[str, str]]:
        """Markdown, and the SVG of each picture by the name of its file, which begins with ``stem``."""
        return MarkdownPage(self.telling, self.error).with_pictures(stem)

    def html(self) -> str:
        """A page that needs nothing beside it: HTML with MathML."""
        return self.to("html")

    def __str__(self) -> str:
        return self.text()

    def __rich__(self) -> Any:
        return TextPage(self.telling, self.error).rich()

    def _repr_html_(self) -> str:
        return write(self.telling, "html", self.error, whole=False)

    def _repr_latex_(self) -> str:
        # What a notebook's mathematics takes: no sections, no tables. (Most show the HTML instead.)
        told = self.telling
        rows = [
            f"{_partial(told, wrt)} &= {show(node, 'latex', names=told.own_names)}" for wrt, node in told.closed.items()
        ]
        return "$$\\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}$$"


def _partial(told: Telling, wrt: Node) -> str:
    """∂loss/∂w in LaTeX."""
    return show(D.make((told.loss, wrt), ()), "latex", names=told.names)


def derive(
    f: Callable[..., Any],
    wrt: str | Sequence[str] | None = None,
    form: str = "matrix",
    *,
    at: Mapping[str, Any] | None = None,
    beside: Callable[..., Any] | None = None,
) -> Derivation:
    """The derivation of the gradient of f, every step of it verified.

    ``wrt`` names what to differentiate by: arguments, or named intermediates; the first argument unless told. ``form``
    is one of `FORMS`: "matrix" (a table of forward and backward formulas, and the closed form), "components" (index
    notation, one rule at a time). f has its shapes declared. ``at`` gives numbers for the arguments, for the forms that
    show some. ``print`` it, or take ``.latex()`` or ``.html()``.

    ``beside`` is the same function with samples as columns, where f has them as rows: both stand next to each other at
    the end, with the same numbers.

    Raises ValueError for an unknown form, ArgumentError for a name that f does not have, ArithmeticError where a step
    would not hold (it is never shown then), and what `value_and_grad` raises.
    """
    if form not in FORMS:
        raise ValueError(f"{form!r} is no form of telling; there are {', '.join(FORMS)}")
    with forms_kept():
        subject, notes = subject_of(f, wrt, at)
        telling = FORMS[form](subject)
        if beside is not None:
            both = side_by_side(subject, subject_of(beside, wrt, None)[0])
            telling = replace(telling, sections=(*telling.sections, *both.sections), at=telling.at or both.at)
        notes = (*notes, *telling.notes, *_conventions(subject))
        made = frozenset(node for node in telling.names if node.args and node not in subject.words)
        telling = replace(telling, notes=notes, made=made, glossary=_answers(telling))
        _check_ends(telling, subject)
    error, step = largest_deviation(telling)
    if not error < TOLERANCE:
        where = f" at the step {step.rule!r} of {step.where} ({step.why})" if step else ""
        asked = ", ".join(telling.name_of(node) for node in telling.closed)
        raise ArithmeticError(f"the derivation by {asked} deviates by {error:.1e}{where}")
    return Derivation(telling, error)


def _check_ends(told: Telling, subject: Subject) -> None:
    """Raise ArithmeticError where a telling ends in anything but the gradient that runs."""
    for wrt, gradient in subject.gradients.items():
        closed = told.closed[wrt]
        # The subject's own closed form was compared when it was made.
        if closed is not subject.closed[wrt] and canonical(closed) is not canonical(gradient):
            raise ArithmeticError(f"the derivation by {told.name_of(wrt)} does not end in the gradient that runs")


def _conventions(subject: Subject) -> tuple[str, ...]:
    """What is returned at points without a derivative, for each operation on the way that has such points."""
    graph = subject.graph
    active = depends_on(graph.outputs[:1], subject.gradients)
    passed = [node.op for node in graph.nodes() if node in active and isinstance(node, (Map, Reduce))]
    told = {op.name: op.convention for op in passed if op.convention and not op.analytic and not op.singular}
    notes = [f"{name}: {convention}" for name, convention in told.items()]
    if notes:
        notes.append("a convention belongs to one operation: where several meet at such points, they do not compose")
    return tuple(notes)


def _answers(told: Telling) -> dict[str, Answer]:
    """What the glossary says of the rules and terms of a telling."""
    # Read from files when it is needed, which is not on import.
    from .explain.glossary import glossary

    rules = [step.rule for step in all_steps(told.steps)]
    terms = [piece.entry for sentence in told.sentences for piece in sentence if isinstance(piece, Term)]
    found: dict[str, Answer] = {}
    for name in filter(None, dict.fromkeys([*rules, *terms])):
        try:
            entry = glossary.entry_for(name)
        except KeyError:
            # A rule that only says what stands there (numbers, signs) needs no answer.
            continue
        found[name] = Answer(entry.title, entry.anchor, entry.text)
    return found
