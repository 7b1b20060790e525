"""The formulas that a telling is made of, in one notation; `document` lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..ir.graph import depends_on
from ..ir.node import D, Input, Node
from ..ir.telling import Chain, Definitions, Math, Reading, Step, Telling, Value, all_steps
from .boxes import Box, Symbol
from .figures import figure
from .formula import NotationName, read, spell
from .indices import IndexLetters
from .letters import Letters

_PLAIN = ("", "does not depend", "kept constant", "numbers", "signs", "equal terms")
"""Rules that go without saying: the reason says it all."""


@dataclass(frozen=True)
class Line:
    """One line of a chain: a left side (or none: it goes on), a right side, the rule and why, how far inside.

    ``step`` is the equality that it shows, ``letters`` are those of its axes in the components reading. ``about`` is
    the left side even where it goes on.
    """

    left: str
    right: str
    rule: str
    why: str
    step: Step
    letters: tuple[str, ...] = ()
    depth: int = 0
    about: str = ""

    @property
    def named(self) -> bool:
        """Whether the rule is told beside the reason."""
        return self.rule not in _PLAIN

    @property
    def reason(self) -> str:
        """The rule and why it holds, in one line."""
        return f"{self.rule}: {self.why}" if self.named else self.why


class Spelling:
    """The formulas of a telling in one notation; a dimension has the same letters in all of them."""

    def __init__(self, told: Telling, notation: NotationName) -> None:
        self.told = told
        self.notation: NotationName = notation
        sides = [side for step in all_steps(told.steps) for side in (step.before, step.after)]
        self.letters = Letters.for_nodes([*sides, *told.closed.values(), *told.graph.outputs], told.names.values())
        self.indices = IndexLetters(self.letters, [block for block in told.blocks if isinstance(block, Chain)])
        self.boxes: list[Box] = []
        """Every formula that was asked for."""

    def show(
        self,
        node: Node,
        reading: Reading = "matrix",
        names: Mapping[Node, str] | None = None,
        indices: Sequence[str] | None = None,
        *,
        loss: str = "",
        sums: Mapping[Node, tuple[str, ...]] | None = None,
        wholes: frozenset[Node] = frozenset(),
    ) -> str:
        """A node as a formula, with the letters of this telling."""
        box = read(node, reading, names, indices, self.letters, loss, sums, wholes)
        self.boxes.append(box)
        return spell(box, self.notation)

    # ------------------------------------------------------------------------------------------ pieces

    def name(self, name: str) -> str:
        """A bare name, to stand in a line of text."""
        return self.inline(spell(Symbol(name), self.notation))

    def inline(self, formula: str) -> str:
        """A formula that stands in a line of text."""
        return formula.replace(' display="block"', "")

    def math(self, piece: Math) -> str:
        """A formula; a named node that is not opened is its name alone."""
        told = self.told.names if piece.names is None else piece.names
        names = {node: name for node, name in told.items() if node not in piece.opened}
        if piece.node in names:
            return self.name(names[piece.node])
        loss = self.told.name_of(self.told.loss) if piece.gradients else ""
        places, sums = None, None
        if piece.indices is not None:
            places, sums = self.indices.of(piece.indices, piece.node.shape)
        formula = self.show(piece.node, piece.reading, names, places, loss=loss, sums=sums)
        return self.inline(formula)

    def value(self, piece: Value) -> str:
        """A number, or the rows of a small array, with so many significant digits."""
        return figure(np.asarray(piece.value), piece.digits, piece.fixed, self.notation)

    # ------------------------------------------------------------------------------------------ blocks

    def definitions(self, block: Definitions) -> list[tuple[str, str, Node]]:
        """Left and right side of each definition, and the node that is defined."""
        result = []
        for node in block.nodes:
            places: list[str] = []
            for extent in node.shape:
                places.append(self.letters.index(extent, places))
            left = self.show(Input.of(self.told.name_of(node), node.shape, node.kind), block.reading, None, places)
            result.append((left, self.show(node, block.reading, self.told.names, places), node))
        return result

    def chain(self, block: Chain) -> list[Line]:
        """The lines of a chain, those inside a step before it. What looks as it did before has no line."""
        indices: list[str] = []
        if block.reading == "components" and block.wrt is not None:
            for extent in block.wrt.shape:
                indices.append(self.letters.index(extent, indices))
        return self._lines(block.steps, block, indices, 0)

    def _lines(self, steps: tuple[Step, ...], block: Chain, indices: list[str], depth: int) -> list[Line]:
        if not steps:
            return []
        lines: list[Line] = []
        whole = left = self._side(steps[0], steps[0].before, block, indices, self.told.names, beginning=True)
        before = ""
        for step in steps:
            if step.steps:
                lines += self._lines(step.steps, block, indices, depth + 1)
                # After an excursion the reader is told again what this is about.
                left = whole
            names = {node: name for node, name in self.told.names.items() if node not in step.opened}
            right = self._side(step, step.after, block, indices, names)
            if right != before:
                letters = self._places(step, step.after, indices) if block.reading == "components" else ()
                why = self.indices.filled(step.why)
                lines.append(Line(left, right, step.rule, why, step, letters, depth, whole))
                left = ""
            before = right
        return lines

    def _side(
        self,
        step: Step,
        node: Node,
        block: Chain,
        indices: Sequence[str],
        names: Mapping[Node, str],
        *,
        beginning: bool = False,
    ) -> str:
        """One side of a line; in components one entry of it, whose last axes are those of what is asked for."""
        wholes = frozenset() if beginning else step.whole
        if node in names and node not in wholes:
            # Alone on its side, it would be taken for what the formula is about, and written out.
            node = Input.of(names[node], node.shape, node.kind)
        if block.reading == "matrix":
            return self.show(node, names=names)
        places = self._places(step, node, indices)
        sums = None if step.indices is None else self.indices.of(step.indices, node.shape)[1]
        return self.show(node, "components", names, places, sums=sums, wholes=wholes)

    def _places(self, step: Step, node: Node, indices: Sequence[str]) -> tuple[str, ...]:
        """The letters of a node's axes: its own first, then those of what is asked for."""
        if step.indices is not None:
            return tuple(self.indices.of(step.indices, node.shape)[0])
        rank = len(step.before.shape) - len(indices)
        front: list[str] = []
        for extent in node.shape[:rank]:
            front.append(self.letters.index(extent, [*indices, *front]))
        return (*front, *indices[: len(node.shape) - rank])

    # ------------------------------------------------------------------------------------------ the whole

    def partial(self, node: Node) -> str:
        """∂loss/∂node, both by name."""
        return self.show(D.make((self.told.loss, node), ()), names=self.told.names)

    def closed(self, wrt: Node) -> str:
        """The closed form of the gradient by wrt, in the names of the forward pass."""
        return self.show(self.told.closed[wrt], names=self.told.own_names)

    def legend(self) -> tuple[list[str], list[str], list[str]]:
        """The names of what is asked for, of what varies with it (the loss last), and of what stays constant."""
        told, graph, names = self.told, self.told.graph, self.told.names
        moving = depends_on(graph.outputs[:1], told.closed)
        named = [n for n in graph.nodes() if n in names and n.args and n is not told.loss and n not in told.closed]
        asked = [told.name_of(n) for n in told.closed]
        varying = [names[n] for n in named if n in moving] + [told.name_of(told.loss)]
        constant = [told.name_of(i) for i in graph.inputs if i not in told.closed]
        constant += [names[n] for n in named if n not in moving]
        return [self.name(n) for n in asked], [self.name(n) for n in varying], [self.name(n) for n in constant]
