"""The substitution form: the loss in pieces that have names, a chain of their derivatives, and all of it put back.

Formulas are read in two ways. What an intermediate is, and the program beside it, are told of whole arrays, as the user
wrote them, samples as rows or as columns. The chain is told in components: there each factor is the derivative of one
entry by one entry, a number; a sum over samples stays where it is, with the case distinction of every sample and every
unit inside of it; and which index is summed says where a transpose comes from.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from ...ir.graph import toposort
from ...ir.node import D, Node
from ...ir.telling import Block, Chain, Definitions, Name, Paragraph, Section, Sentence, Step, Telling
from ...simplify.canonical import canonical
from ..subject import Subject
from .chain import Path, only_path
from .factors import factors
from .pieces import intermediates
from .program import Program, matrix_reason

DEPTH = 6
"""With more intermediates than this between the loss and what is asked for, names are not put back."""


def substitution(subject: Subject) -> Telling:
    """The derivation through intermediates, ending in the graph that runs, a section for each thing asked for.

    Where the loss depends on something by one way alone, through at most `DEPTH` intermediates, its derivative is one
    product, and all that it stands for is put back. Else each intermediate's derivative is found once, from the loss
    inwards, and keeps its name.
    """
    told = _Form(subject)
    sections = [*told.pieces_named(), *told.derivatives()]
    names = told.pieces.names
    kept = {node: name for node, name in names.items() if told.is_deep or node not in told.made}
    graph = replace(subject.graph, names=kept)
    return Telling("substitution", graph, subject.closed, names, tuple(sections), tuple(told.notes), subject.at)


class _Form:
    """The sections of one telling."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.asked = list(subject.gradients)
        self.pieces = intermediates(subject.graph, self.asked, subject.made)
        self.program = Program(self.pieces, self.asked)
        self.notes: list[str] = []

    @cached_property
    def made(self) -> frozenset[Node]:
        """The intermediates whose names are ours."""
        own = {node for node in self.subject.names if node not in self.subject.made}
        return frozenset(node for node in self.pieces.order if node not in own)

    @cached_property
    def is_deep(self) -> bool:
        """Whether something asked for is too far from the loss for all that is between to be written out."""
        return any(self._between(node) > DEPTH for node in self.asked)

    def _between(self, node: Node) -> int:
        return sum(other is not self.pieces.loss for other in self.pieces.behind(node))

    # ------------------------------------------------------------------------------------------ the pieces

    def pieces_named(self) -> list[Section]:
        """The intermediates, the loss in terms of them, and their derivatives by one another."""
        pieces = self.pieces
        if len(pieces.order) < 2:
            return [Section("", (Definitions(pieces.order),))] if pieces.order else []
        made = [node for node in pieces.order if node in self.made and node is not pieces.loss]
        text: Sentence = (
            "Each step on the way to ",
            Name(pieces.names[pieces.loss]),
            " does one thing, and has a name.",
        )
        if made:
            between = " and " if len(made) == 2 else " to "
            ours = [Name(pieces.names[node]) for node in (made[0], made[-1])]
            given: Sentence = (ours[0],) if len(made) == 1 else (ours[0], between, ours[1])
            text = (*text, " Where the function has none it is given here: ", *given, ".")
        forward = tuple(node for node in self.program.forward)
        sections = [Section("The steps, from the inside out", (Paragraph(text), Definitions(forward)))]
        return [*sections, self._rewritten(), *factors(self.program, DEPTH)]

    def _rewritten(self) -> Section:
        """The loss with the last intermediates written out, then one after the other by its name."""
        pieces, loss = self.pieces, self.pieces.loss
        inner = [node for node in pieces.order if node is not loss]
        shown = inner[-DEPTH:]
        opened = frozenset([loss, *shown])
        steps = [Step(loss, loss, "written out", "everything in one formula", opened=opened)]
        if len(inner) > DEPTH:
            why = f"the last {DEPTH} steps in one formula; what is further inside keeps its name"
            steps = [replace(steps[0], why=why)]
        for node in shown:
            opened -= {node}
            steps.append(
                Step(loss, loss, "substitution", f"{pieces.names[node]} in place of what it stands for", opened=opened)
            )
        return Section(f"{pieces.names[loss]}, shorter and shorter", (Chain(tuple(steps), "components"),))

    # ------------------------------------------------------------------------------------------ the derivatives

    def derivatives(self) -> list[Section]:
        """One by one; each intermediate's is stored by the time that it is needed."""
        sections: list[Section] = []
        rest = list(self.asked)
        if self._path(rest[0]) is not None:
            sections.append(self._by(rest.pop(0), first=True))
        ways = any(self._path(node) is None for node in self.asked)
        if ways and len(self.program.backwards) > len(self.asked):
            sections.append(self._from_the_loss())
        if self.program.lines:
            sections.append(self._stored())
        return sections + [self._by(node, first=False) for node in rest]

    def _path(self, node: Node) -> list[Node] | None:
        """The only way from something to the loss, where it is short enough to be written out."""
        path = only_path(self.pieces, node)
        return None if path is None or self._between(node) > DEPTH else path

    def _by(self, node: Node, *, first: bool) -> Section:
        """The derivative by one thing asked for."""
        pieces, name = self.pieces, self.pieces.name_of(node)
        path, lines = self._path(node), Path(pieces, node)
        before: list[Block] = []
        if path is not None and len(path) > 2:
            before += self._ways(lines, path, first=first)
        if first and path is not None:
            lines.along(path)
        else:
            lines.through_users()
        deep = self._between(node) > DEPTH
        if not deep:
            lines.known_put_in(at_once=path is not None)
        lines.collected()
        opened = frozenset[Node]() if deep else lines.put_back()
        lines.turned(opened)
        blocks: list[Block] = [*before, *([Chain(tuple(lines.steps), "components", node)] if lines.steps else [])]
        if deep:
            blocks.append(Paragraph((f"More than {DEPTH} steps lie between ", Name(name), " and ",
                                     Name(pieces.names[pieces.loss]), ", so that their derivatives keep their names "
                                     "here; the closed form has all of them put in.")))  # fmt: skip
        last = lines.last
        gradient = self.subject.gradients[node]
        if not deep and canonical(last) is not canonical(gradient):
            self.notes.append(f"that the last line by {name} is its closed form was checked by numbers alone")
        if node.shape or not lines.steps or any(n.shape for n in toposort([gradient])):
            symbol = D.make((pieces.loss, node), ())
            ends = Step(symbol, gradient, "as arrays", matrix_reason(self.program, node), name, opened=opened)
            blocks.append(Chain((ends,), "matrix", node))
        return Section(f"The derivative by {name}", tuple(blocks))

    def _ways(self, lines: Path, path: list[Node], *, first: bool) -> list[Block]:
        """What there is to say of the only way to the loss; which sums stay on it, and which do not."""
        found: list[Block] = []
        if first:
            found.append(Paragraph(_ONE_WAY_OF_ARRAYS if any(node.shape for node in path) else _ONE_WAY))
        name = Name(self.pieces.name_of(lines.wrt))
        own, shared = lines.reach(path)
        for extent in shared:
            found.append(Paragraph(("All terms of the sum over ", Name(extent.name), " have the same ", name,
                                    " in them, and so that sum stays.")))  # fmt: skip
        for extent in own:
            found.append(Paragraph(("Each term of the sum over ", Name(extent.name), " has entries of ", name,
                                    " of its own in it, and so one term is left of that sum.")))  # fmt: skip
        return found

    def _from_the_loss(self) -> Section:
        """Each intermediate's derivative in terms of those behind it: what is used several times has several terms."""
        text: Sentence = (
            "From the loss inwards: the derivative by each step is found once, from those by the steps that use it. "
            "Each use is a way to the loss. What goes by one way is a product, and the ways are added.",
        )  # fmt: skip
        blocks: list[Block] = [Paragraph(text)]
        for node in self.program.backwards:
            if node.args and node not in self.subject.gradients:
                lines = Path(self.pieces, node)
                lines.through_users(deltas=False)
                lines.collected()
                if lines.steps:
                    blocks.append(Chain(tuple(lines.steps), "components", node))
        return Section("The derivatives by the steps, each found once", tuple(blocks))

    def _stored(self) -> Section:
        """The program: every line a formula and the Python for it."""
        loss = Name(self.pieces.names[self.pieces.loss])
        text: Sentence = (
            "A program does the same in pieces. The derivative of ", loss, " by each step is worked out once, from "
            "that by the step behind it, and stored: all that leads to the step uses it again.",
        )  # fmt: skip
        return Section("In pieces, each stored once", (Paragraph(text), *self.program.blocks(self.subject.code)))


_ONE_WAY: Sentence = ("There is one way to the loss, so that the derivative is a product.",)
_ONE_WAY_OF_ARRAYS: Sentence = (
    *_ONE_WAY, " Its factors are numbers, entries of arrays by entries of arrays, and may stand in any order. Here "
    "they go from the loss inwards, the order in which the arrays themselves can be multiplied.",
)  # fmt: skip
