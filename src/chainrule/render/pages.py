"""The formulas that a derivation is made of, in one notation; `derivation` lays them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..ir.derivation import Derivation, Row, Step
from ..ir.dims import show_shape
from ..ir.graph import depends_on, describe
from ..ir.node import D, Input, Node
from .formula import NotationName, equation, show
from .letters import Letters


@dataclass(frozen=True)
class Line:
    """One line of a telling: a left side (or none: it goes on), a right side, the reason, how far inside."""

    left: str
    right: str
    why: str
    depth: int = 0


@dataclass(frozen=True)
class TableRow:
    """A row of the matrix telling, spelled. ``forward`` is empty for what is given."""

    name: str
    forward: str
    partial: str
    backward: str
    shape: str
    why: str


class Pages:
    """The formulas of a derivation in one notation."""

    def __init__(self, told: Derivation, notation: NotationName) -> None:
        self.told = told
        self.notation: NotationName = notation
        nodes = [side for step in told.steps for side in (step.before, step.after)]
        self.letters = Letters.for_nodes([*nodes, *told.graph.outputs], told.names.values())
        self.indices: list[str] = []
        for extent in told.wrt.shape:
            self.indices.append(self.letters.pick(extent, self.indices))

    @property
    def loss(self) -> str:
        """What the loss is called."""
        output = self.told.graph.outputs[0]
        return self.told.names.get(output, describe(output))

    @property
    def asked(self) -> str:
        """What the derivative is taken by."""
        return self.told.names.get(self.told.wrt, describe(self.told.wrt))

    def name(self, name: str) -> str:
        """A bare name, to stand in a line of text."""
        return show(Input.of(name, ()), self.notation).replace(' display="block"', "")

    def legend(self) -> tuple[list[str], list[str]]:
        """The names of what varies with what is asked for, the loss last, and of what stays constant."""
        graph, names, wrt = self.told.graph, self.told.names, self.told.wrt
        moving = depends_on(graph.outputs, [wrt])
        named = [n for n in graph.nodes() if n in names and n.args and n is not graph.outputs[0] and n is not wrt]
        varying = [names[n] for n in named if n in moving]
        constant = [names.get(i, i.name) for i in graph.inputs if i is not wrt]
        constant += [names[n] for n in named if n not in moving]
        return [self.name(n) for n in [*varying, self.loss]], [self.name(n) for n in constant]

    def entry(self, node: Node, rank: int, names: Mapping[Node, str]) -> str:
        """A node of a chain of equalities, one entry of it; its last axes are those of what is asked for."""
        taken = list(self.indices)
        front: list[str] = []
        for extent in node.shape[:rank]:
            front.append(self.letters.pick(extent, [*taken, *front]))
        indices = [*front, *taken[: len(node.shape) - rank]]
        if node in names:
            # Alone on its side, it would be taken for what the formula is about, and written out.
            node = Input.of(names[node], node.shape, node.kind)
        return show(node, self.notation, "components", names=names, indices=indices, letters=self.letters)

    def chain(self, steps: tuple[Step, ...], depth: int = 0) -> list[Line]:
        """The lines of a chain of steps, those inside a step before it. What looks as it did before has no line."""
        lines: list[Line] = []
        if not steps:
            return lines
        first = steps[0].before
        rank = len(first.shape) - len(self.told.wrt.shape)
        whole = left = self.entry(first, rank, self.told.names)
        before = ""
        for step in steps:
            names = self.told.names
            if step.opened is not None:
                names = {node: name for node, name in names.items() if node is not step.opened}
            if step.steps:
                lines += self.chain(step.steps, depth + 1)
                # After an excursion the reader is told again what this is about.
                left = whole
            right = self.entry(step.after, rank, names)
            if right != before:
                lines.append(Line(left, right, _reason(step), depth))
                left = ""
            before = right
        return lines

    def gradient_name(self) -> str:
        """∂loss/∂w as a whole."""
        return self.partial(self.told.wrt)

    def partial(self, node: Node) -> str:
        """∂loss/∂node, both by name."""
        return show(D.make((self.told.graph.outputs[0], node), ()), self.notation, names=self.told.names)

    def closed(self) -> str:
        """The last line: the gradient that runs, in the names of the forward pass."""
        return show(self.told.closed_form, self.notation, names=self.told.names)

    def definitions(self) -> list[str]:
        """What each named intermediate stands for, in components."""
        names = self.told.names
        nodes = [n for n in self.told.graph.nodes() if n in names and n.args]
        return [equation(n, n, self.notation, "components", names=names, letters=self.letters) for n in nodes]

    def rows(self) -> list[TableRow]:
        """The rows of a matrix telling."""
        names = dict(self.told.names)
        back = {**names}
        for row in self.told.rows:
            if row.backward is not None and row.backward not in back:
                back[row.backward] = f"d_{row.name}"
        return [self._row(row, names, back) for row in self.told.rows]

    def _row(self, row: Row, names: Mapping[Node, str], back: Mapping[Node, str]) -> TableRow:
        forward = show(row.forward, self.notation, names=names) if row.forward.args else ""
        backward = "1"
        if row.backward is not None:
            backward = show(row.backward, self.notation, names=back, loss_name=self.loss)
        shape = show_shape(row.forward.shape)
        return TableRow(self.name(row.name), forward, self.partial(row.forward), backward, shape, row.why)

    def verified(self) -> str:
        """The figure that goes with the tick."""
        return f"every line evaluated at random points; largest relative deviation {self.told.error:.1e}"


def _reason(step: Step) -> str:
    return step.why if step.rule in ("does not depend", "kept constant") else f"{step.rule}: {step.why}"
