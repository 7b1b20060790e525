"""The components form: index notation, the derivative pushed inwards one rule at a time, deltas cancelling sums.

A named intermediate is worked out once, in steps of its own, and put back where it was left off; at the end the entries
are gathered to arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...ir.graph import depends_on, toposort
from ...ir.node import Input, Node
from ...ir.telling import Block, Chain, Definitions, Indices, Math, Paragraph, Section, Step, Telling
from ..conventions import conventions
from ..subject import Subject
from .arrays import as_arrays
from .asides import delta_table, diagonal
from .differentiate import Differentiation, derivative
from .indexed import Allocator
from .lines import Lines, Result, turned
from .naming import made_names
from .numbers import nudged, point
from .sharing import sharing
from .written import Writer


@dataclass(frozen=True, eq=False)
class Worked:
    """The derivative by one thing, in components and then as an array; ``lines`` holds what was found on the way."""

    wrt: Node
    chain: Chain
    lines: Lines


def components(subject: Subject) -> Telling:
    """The derivation in components, ending in the graph that runs, a section for each thing that was asked for.

    Raises ArithmeticError where the derivation does not end.
    """
    names = all_names(subject)
    worked = work_out(subject, names)
    notes = (Paragraph(sentence, "note") for sentence in conventions(subject))
    opening = (*notes, *_legend(subject, names, worked), *_many_indices(worked))
    if len(worked) == 1:
        sections = [Section("", (*opening, worked[0].chain))]
    else:
        sections = [Section("", opening)]
        sections += [Section(f"By {subject.name_of(one.wrt)}", (one.chain,)) for one in worked]
    more: dict[Node, str] = {}
    sections += _asides(subject, names, worked, more)
    at = point(subject)
    asked = [wrt for wrt in subject.gradients if isinstance(wrt, Input)]
    sections += [nudged(subject, wrt, at) for wrt in (asked if subject.at else asked[:1]) if at]
    told = tuple(section for section in sections if section.blocks)
    return Telling("components", subject.graph, subject.closed, {**more, **names}, told, at=at or subject.at)


def _asides(subject: Subject, names: Mapping[Node, str], worked: list[Worked], more: dict[Node, str]) -> list[Section]:
    """Sections to be opened by who asks, each once in a telling; names that they need go into ``more``."""
    lines = [one.lines for one in worked]
    found = [delta_table(lines), diagonal(subject, names, lines[0])]
    for one in lines:
        shared = sharing(subject, names, one)
        if shared is not None:
            section, written_out = shared
            found.append(section)
            more.update(written_out)
            break
    return [section for section in found if section is not None]


def all_names(subject: Subject) -> dict[Node, str]:
    """The reader's names, and u1, u2, … for what would be written out again and again."""
    varying = depends_on([subject.loss], subject.gradients)
    return {**subject.names, **made_names(subject.loss, subject.names, varying)}


def work_out(subject: Subject, names: Mapping[Node, str]) -> list[Worked]:
    """The derivative of the loss by each thing that was asked for, in steps."""
    allocator = Allocator()
    return [_worked(subject, names, wrt, allocator) for wrt in subject.gradients]


def _worked(subject: Subject, names: Mapping[Node, str], wrt: Node, allocator: Allocator) -> Worked:
    closed, loss = subject.closed[wrt], subject.loss
    by = allocator.fresh(*wrt.shape)
    lines = Lines(Differentiation(wrt, names, allocator), by)
    result = lines.work_out(loss)
    steps = [*result.steps, *_turned(result, closed, by, allocator)]
    steps += as_arrays(steps[-1].after, closed, names, by, allocator, subject.name_of(loss))
    return Worked(wrt, Chain(tuple(steps), "components", wrt), lines)


def _turned(result: Result, closed: Node, by: tuple[int, ...], allocator: Allocator) -> list[Step]:
    """The sign of a line drawn into a difference, where the closed form has it so."""
    value = turned(result.value, set(toposort([closed])))
    if value is None:
        return []
    writer = Writer(allocator)
    before, last = result.steps[-1].after, result.steps[-1]
    node = writer.node(value, by)
    why = "the sign turns a difference round: −(a − b) = b − a"
    return [Step(before, node, "signs", why, last.where, (), frozenset(), Indices(by, writer.sums))]


def _legend(subject: Subject, names: Mapping[Node, str], worked: list[Worked]) -> tuple[Block, ...]:
    """What the names stand for that the reader has not given."""
    shown = set(toposort([step.after for one in worked for step in one.chain.steps]))
    made = [n for n in toposort([subject.loss]) if n in names and (n not in subject.names or n in subject.made)]
    made = [n for n in made if n in shown or any(n in one.lines.done for one in worked)]
    return (Definitions(tuple(made), "components"),) if made else ()


_COUNTED = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def _many_indices(worked: list[Worked]) -> tuple[Block, ...]:
    """A derivative on the way that no matrix holds, if there is one."""
    found: list[tuple[int, Node, Node, tuple[int, ...]]] = []
    for one in worked:
        extents, by = one.lines.rules.allocator.extents, one.lines.by
        for node, result in one.lines.done.items():
            axes = (*result.axes, *by)
            found += [(sum(extents[i] != 1 for i in axes), node, one.wrt, axes)] if result.axes else []
    if not found or max(count for count, *_ in found) < 3:
        return ()
    count, node, wrt, axes = max(found, key=lambda item: item[0])
    symbol = Math(derivative(node, wrt), "components", indices=Indices(axes))
    return (
        Paragraph(
            ("On the way stands ", symbol, f", which has {_COUNTED.get(count, str(count))} indices: no matrix can hold "
             "it. So the work is done entry by entry, until the deltas have cancelled the sums."),
            "note",
        ),
    )  # fmt: skip
