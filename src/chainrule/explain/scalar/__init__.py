"""Scalar calculus: from the difference quotient to the gradient, the chain rule, Jacobians and the steepest direction.

For functions of numbers and vectors. What needs numbers has them at the reader's point, or at an example.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ir.build import constant
from ...ir.errors import DerivativeError
from ...ir.graph import substitute
from ...ir.node import Const, Input, Node
from ...ir.telling import (
    Block,
    Chain,
    Drawing,
    Math,
    Name,
    Paragraph,
    Section,
    Sentence,
    Step,
    Table,
    Telling,
    Term,
    Value,
)
from ..components import work_out
from ..example import example, has_unknown, point_of, values_at
from ..pictures.plots import Field, contours, tangent
from ..subject import Subject
from . import chain as scalar_chain
from . import direction as scalar_direction
from .calculus import opened, partial, powers, total

_OFFSETS = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)


def scalar(subject: Subject) -> Telling:
    """The derivatives of a function of numbers or vectors, told as calculus tells them.

    Raises DerivativeError for a matrix to differentiate by.
    """
    for wrt in subject.gradients:
        if len(wrt.shape) > 1:
            raise DerivativeError(
                f"scalar calculus is told of numbers and vectors, and {subject.name_of(wrt)} has {len(wrt.shape)} "
                "axes: the forms matrix, components and substitution fit it"
            )
    at: dict[str, Any] = {} if has_unknown(subject.graph) else dict(example(subject))
    sections = [
        *_pictures(subject, at),
        *_quotients(subject, at),
        *_rules(subject),
        *scalar_chain.sections(subject, at),
        *scalar_direction.sections(subject, at),
    ]
    return Telling("scalar", subject.graph, subject.closed, subject.names, tuple(sections), at=at)


def _pictures(subject: Subject, at: Mapping[str, Any]) -> list[Section]:
    """The tangent of a function of one number, or the contours of one of two with the gradient."""
    places = [(x, ()) for x in subject.gradients if isinstance(x, Input) and x.shape == ()]
    if not at or len(places) != len(subject.gradients) or len(places) > 2:
        return []
    field = Field(subject.graph, tuple(places), at)
    plot = tangent(field) if len(places) == 1 else contours(field)
    return [Section("A picture", (Drawing(plot, plot.description),))]


def _quotients(subject: Subject, at: Mapping[str, Any]) -> list[Section]:
    """The derivative by each single number as the limit of a difference quotient."""
    sections = []
    for x, gradient in subject.gradients.items():
        if x.shape == () and isinstance(x, Input):
            sections.append(_quotient(subject, x, gradient, at))
    return sections


def _quotient(subject: Subject, x: Input, gradient: Node, at: Mapping[str, Any]) -> Section:
    """One of them: the quotient, in powers of h where that is exact, and a table of h."""
    f, name = subject.loss, subject.name_of(subject.loss)
    h = Input.of("h" if "h" not in {i.name for i in subject.graph.inputs} else "h_", ())
    quotient = (substitute([f], {x: x + h})[0] - f) / h
    others = len(subject.graph.inputs) > 1
    called = "partial derivative" if others else "derivative"
    how = " while everything else is held fixed" if others else ""
    intro: Sentence = (
        "Move ", Name(x.name), " by ", Name(h.name), f"{how}. The change of ", Name(name),
        " per unit of the move is the ", Term("difference quotient", "difference quotient"), "; what it comes to as ",
        Name(h.name), " goes to 0 is the ", Term(called, "partial derivative"),
        " ", Math(partial(f, x)), ".",
    )  # fmt: skip
    blocks: list[Block] = [Paragraph(intro)]
    steps = [Step(quotient, quotient, "substitution", f"{name} written out", name, opened=opened(f))]
    terms = powers(f, x)
    if terms is not None and len(terms) > 1:
        expanded = total([_power(term, h, k) for k, term in enumerate(terms[1:])])
        why = "multiplied out, and divided by h, which every term has that does not cancel"
        steps.append(Step(quotient, expanded, "expanded", why, name))
    blocks.append(Chain(tuple(steps)))
    if terms is not None and len(terms) == 2:
        what: Sentence = ("It is ", Math(gradient), " for every ", Name(h.name), ", and so is the limit: ", Name(name),
                          " is linear in ", Name(x.name), ".")  # fmt: skip
        return Section(f"The derivative by {x.name} is a limit", (*blocks, Paragraph(what)))
    if terms is not None and len(terms) > 2:
        left: Sentence = ("For ", Name(h.name), " → 0 every term with ", Name(h.name), " vanishes. What is left: ",
                          Math(gradient), ".")  # fmt: skip
        blocks.append(Paragraph(left))
    if at:
        blocks.append(_table_of_h(quotient, gradient, h, at))
    return Section(f"The derivative by {x.name} is a limit", tuple(blocks))


def _power(term: Node, h: Node, exponent: int) -> Node:
    """``term · hᵏ``."""
    if exponent == 0:
        return term
    power = h if exponent == 1 else h**exponent
    one = isinstance(term, Const) and term.value == 1
    return power if one else term * power


def _table_of_h(quotient: Node, gradient: Node, h: Input, at: Mapping[str, Any]) -> Table:
    """The quotient for smaller and smaller h, and how far it is from the derivative."""
    nodes = [substitute([quotient], {h: constant(size, "float")})[0] for size in _OFFSETS]
    apart = [node - gradient for node in nodes]
    values = values_at([*nodes, *apart, gradient], at)
    rows: list[tuple[Sentence, ...]] = []
    for k, size in enumerate(_OFFSETS):
        gap = Value(apart[k], values[len(nodes) + k], 2)
        rows.append(((f"{size:g}",), (Value(nodes[k], values[k], 8),), (gap,)))
    head: tuple[Sentence, ...] = ((Name(h.name),), ("quotient",), ("minus the derivative",))
    caption: Sentence = ("At ", *point_of(at), " the derivative is ", Value(gradient, values[-1], 8), ":")
    return Table(head, tuple(rows), caption=caption)


def _rules(subject: Subject) -> list[Section]:
    """The same by the rules, one at a time."""
    # Only the reader's own names: what is told here is short.
    return [
        Section(f"By the rules: {subject.name_of(subject.loss)} by {subject.name_of(one.wrt)}", (one.chain,))
        for one in work_out(subject, subject.names)
    ]
