"""Any graph as a picture: a vertex for each operation; or, where these are many, for what has a name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from ...ir.graph import Graph, toposort, use_counts
from ...ir.node import Concat, Const, Input, Node, Reduce
from ...ir.picture import Block, Diagram, Edge, Formula, Label, Line, Piece, Symbol, Vertex
from .graph_labels import SIGNS, applies, fixed_nodes, is_short, shape_label, sign, value_label
from .layering import layered
from .point import Numbers
from .products import is_contraction, origin

MOST_OPERATIONS, MOST_BOXES, FEWEST_BOXES, MOST_INPUTS, MOST_PARTS, MOST_LISTED = 26, 16, 4, 8, 16, 5
"""Vertices for operations, before they are put into boxes; boxes, before those in the middle are put into one; boxes
that are too few to say anything; inputs that are drawn beside boxes; operations in a box whose formula is written,
and those that are listed where it is not."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown of a graph: its names, the numbers at a point, whether derivatives flow back, what is learnt."""

    symbols: Mapping[Node, Symbol]
    numbers: Numbers | None = None
    back: bool = False
    learnt: frozenset[Node] = frozenset()
    remarks: tuple[Line, ...] = ()


def graph_diagram(graph: Graph, shown: Shown | None = None) -> Diagram:
    """The picture of a graph's first output: a vertex for each operation, or a box for each named intermediate."""
    shown = shown or Shown({node: Symbol(name) for node, name in graph.names.items()})
    return operations_diagram(graph, shown, MOST_OPERATIONS) or _Boxes(graph, shown).diagram()


def operations_diagram(graph: Graph, shown: Shown, most: int) -> Diagram | None:
    """The picture with a vertex for each operation; None for more vertices than told."""
    drawing = _Operations(graph, shown)
    return drawing.diagram() if len(drawing.vertices) <= most else None


@dataclass
class _Chart(ABC):
    """Vertices in topological order, and edges between them."""

    graph: Graph
    shown: Shown
    vertices: list[Vertex] = field(default_factory=list)
    edges: dict[tuple[int, int], Line | None] = field(default_factory=dict)
    place: dict[Node, int] = field(default_factory=dict)
    """The vertex that shows a node's value."""

    def __post_init__(self) -> None:
        self.loss = self.graph.outputs[0]
        self.order = toposort([self.loss])
        self.fixed = fixed_nodes(self.order)
        self.rank = {node: n for n, node in enumerate(self.order)}
        self.fill()

    @abstractmethod
    def fill(self) -> None:
        """Make the vertices and edges."""

    def add(self, node: Node, vertex: Vertex, sources: Iterable[tuple[Node, Line | None]]) -> None:
        """Enter a vertex, and the edges that lead to it."""
        here = self.place[node] = len(self.vertices)
        self.vertices.append(vertex)
        for source, label in sources:
            self.edges.setdefault((self.place[source], here), label)

    def ending(self) -> None:
        """The loss, behind what works it out."""
        symbol = self.shown.symbols.get(self.loss, Symbol("loss"))
        self.vertices.append(Vertex("loss", (symbol,), self.lines(self.loss)))
        self.edges[self.place[self.loss], len(self.vertices) - 1] = None

    def given(self, node: Node, label: Label) -> None:
        """A vertex for an input or a constant."""
        kind = "weight" if node in self.shown.learnt else "input"
        self.add(node, Vertex(kind, label, self.lines(node)), ())  # type: ignore[arg-type]

    def lines(self, node: Node) -> tuple[Line, ...]:
        """The numbers of a node: its value, and the loss's derivative by it; its shape where there are none."""
        numbers = self.shown.numbers
        if numbers is None:
            return (Line(shape_label(node.shape), "quiet"),) if node.shape else ()
        lines = [Line(value_label(numbers.values[node]), "value")]
        if self.shown.back and node in numbers.deltas:
            lines.append(Line((Symbol("delta"), " ", *value_label(numbers.deltas[node])), "delta"))
        return tuple(lines)

    def diagram(self) -> Diagram:
        """All of it in columns."""
        self.ending()
        pairs = list(self.edges)
        arranged = layered(len(self.vertices), pairs)
        flowing = self._flowing()
        edges = tuple(
            Edge(a, b, label=self.edges[a, b], through=through, back=a in flowing and b in flowing)
            for (a, b), through in zip(pairs, arranged.through, strict=True)
        )
        bends = sum(map(len, arranged.through))
        name = self.shown.symbols.get(self.loss, Symbol("loss"))
        caption = [*self.shown.remarks, *_legend(self.shown, name, self.place)]
        return Diagram(
            f"How {name.name} is worked out", self.description(), (*self.vertices, *[Vertex("bend")] * bends), edges,
            tuple((Block(column),) for column in arranged.columns), {}, tuple(caption),
        )  # fmt: skip

    def _flowing(self) -> set[int]:
        """The vertices that a derivative reaches."""
        if not self.shown.back or self.shown.numbers is None:
            return set()
        reached = {self.place[n] for n in self.shown.numbers.deltas if n in self.place}
        return {*reached, len(self.vertices) - 1}

    def description(self) -> str:
        """What is seen, for readers that hear it."""
        given = [v for v in self.vertices if v.kind in ("input", "weight")]
        names = ", ".join(p.name for v in given for p in v.label if isinstance(p, Symbol))
        return f"A graph of {len(self.vertices)} vertices: from {names} through what is made of them to the loss."


class _Operations(_Chart):
    """A vertex for each operation."""

    def fill(self) -> None:
        uses = use_counts([self.loss])
        inner = self._inner(uses)
        for node in self.order:
            if node in self.fixed and not (node.shape and isinstance(node, Const)):
                continue
            base, _ = origin(node, one_step=True)
            if isinstance(node, (Input, Const)):
                self.given(node, (self.shown.symbols.get(node, Symbol("A")),))
            elif base is not node and node not in self.shown.symbols and base in self.place:
                self.place[node] = self.place[base]
            elif node not in inner:
                self._operation(node, inner)
        if len(self.vertices) and self.loss not in self.place:
            self.given(self.loss, (Formula(self.loss, {}),))

    def _inner(self, uses: Mapping[Node, int]) -> set[Node]:
        """What is drawn as a part of its only user: sums in a sum, and numbers that are put together to be reduced."""
        found = set()
        for node in self.order:
            for arg in node.args:
                adds = applies(node, "add") and applies(arg, "add") and not self.fixed & {*node.args, *arg.args}
                gathers = isinstance(node, Reduce) and isinstance(arg, Concat)
                if (adds or gathers) and uses[arg] == 1 and arg not in self.shown.symbols:
                    found.add(arg)
        return found

    def _operation(self, node: Node, inner: set[Node]) -> None:
        operands = self._operands(node, inner)
        sources = [(arg, self._mark(node, n, operands)) for n, arg in enumerate(operands)]
        lines = self.lines(node) if node is not self.loss else ()
        if self.shown.numbers is None and node not in self.shown.symbols:
            lines = ()
        if node in self.shown.symbols and node is not self.loss:
            lines = (Line((self.shown.symbols[node],)), *lines)
        self.add(node, Vertex("operation", sign(node, self.fixed), lines), sources)

    def _operands(self, node: Node, inner: set[Node]) -> list[Node]:
        """The operands that have a vertex, those of the parts drawn with it among them."""
        found: list[Node] = []
        stack = list(reversed(node.args))
        while stack:
            arg = stack.pop()
            if arg in inner:
                stack += reversed(arg.args)
            elif arg in self.place:
                found.append(arg)
        return found

    def _mark(self, node: Node, n: int, operands: Sequence[Node]) -> Line | None:
        """What tells the operands of an operation apart."""
        if n == 1 and len(operands) == 2 and (applies(node, "sub") or applies(node, "div")):
            return Line((SIGNS[node.op.name],), "quiet")
        return None


class _Boxes(_Chart):
    """A box for each intermediate that has a name; those in the middle of many in one."""

    def fill(self) -> None:
        cuts = self._cuts()
        boxes = [node for node in self.order if node in cuts]
        made_of = {node: self._parts(node, cuts) for node in boxes}
        for given in self._inputs([operands for _, operands in made_of.values()]):
            self.given(given, (self.shown.symbols.get(given, Symbol(given.name)),))
        hidden = boxes[MOST_BOXES // 2 : -(MOST_BOXES // 2)] if len(boxes) > MOST_BOXES else []
        left_out = set(hidden[1:])
        for node in boxes:
            parts, operands = made_of[node]
            sources = [(arg, None) for arg in operands if arg in self.place]
            if node in left_out:
                here = self.place[node] = self.place[hidden[0]]
                self.edges.update({(self.place[a], here): None for a, _ in sources if self.place[a] != here})
            elif hidden and node is hidden[0]:
                label = (self.shown.symbols[node], " … ", self.shown.symbols[hidden[-1]])
                self.add(node, Vertex("box", label, (Line((f"{len(hidden)} intermediates",), "quiet"),)), sources)
            else:
                self._box(node, parts, sources)

    def _inputs(self, used: Sequence[Sequence[Node]]) -> list[Input]:
        """The inputs that are drawn: not what half the boxes use, nor many weights, which the formulas name."""
        inputs = [n for n in self.order if isinstance(n, Input)]
        times = {node: sum(any(arg is node for arg in operands) for operands in used) for node in inputs}
        few = [n for n in inputs if times[n] <= max(2, MOST_BOXES // 4)]
        return [n for n in few if len(inputs) <= MOST_INPUTS or n not in self.shown.learnt]

    def _box(self, node: Node, parts: Sequence[Node], sources: Sequence[tuple[Node, Line | None]]) -> None:
        symbol = self.shown.symbols[node]
        names = {n: s.name for n, s in self.shown.symbols.items()}
        numbers = self.lines(node) if node is not self.loss else ()
        if is_short(node, names, MOST_PARTS):
            vertex = Vertex("box", (symbol, " = ", Formula(node, names)), numbers)
        else:
            vertex = Vertex("box", (symbol,), (Line(self._listed(parts), "quiet"), *numbers))
        self.add(node, vertex, sources)

    def _listed(self, parts: Sequence[Node]) -> Label:
        """What is done in a box, in order: the first few operations."""
        pieces: list[Piece] = []
        for n, part in enumerate(parts[:MOST_LISTED]):
            pieces += [", " if n else "", *sign(part, self.fixed)]
        return (*pieces, ", …") if len(parts) > MOST_LISTED else tuple(pieces)

    def _cuts(self) -> set[Node]:
        """The intermediates that get a box; where few have a name, products and sums over an axis are given one."""
        named = {n for n in self.order if n in self.shown.symbols and n.args and n not in self.fixed}
        named.add(self.loss)
        symbols = dict(self.shown.symbols)
        symbols.setdefault(self.loss, Symbol("loss"))
        if len(named) < FEWEST_BOXES:
            worth = [n for n in self.order if n not in named and (is_contraction(n) or isinstance(n, Reduce))]
            taken = {symbol.name for symbol in symbols.values()}
            free = (f"u{k}" for k in count(1) if f"u{k}" not in taken)
            symbols.update({n: Symbol(name) for n, name in zip(worth, free, strict=False)})
            named.update(worth)
        self.shown = Shown(symbols, self.shown.numbers, self.shown.back, self.shown.learnt, self.shown.remarks)
        return named

    def _parts(self, node: Node, cuts: set[Node]) -> tuple[list[Node], list[Node]]:
        """The operations that lie between a box and those before it, in order, and what these are."""
        inside, before = set[Node](), dict[Node, None]()
        stack, seen = [node], set[Node]()
        while stack:
            part = stack.pop()
            if part in seen:
                continue
            seen.add(part)
            if part is not node and (part in cuts or isinstance(part, Input)):
                before[part] = None
                continue
            if origin(part, one_step=True)[0] is part and part not in self.fixed:
                inside.add(part)
            stack += reversed(part.args)
        return sorted(inside, key=self.rank.__getitem__), list(before)


def _legend(shown: Shown, loss: Symbol, drawn: Iterable[Node]) -> list[Line]:
    """What the colours mean."""
    if shown.numbers is None:
        return []
    lines = [Line(("blue: the value of each",), "value")]
    if shown.back:
        lines.append(Line(("orange: ", Symbol("delta"), ", the derivative of ", loss, " by it"), "delta"))
    if any(shown.numbers.values[node].size > 3 for node in drawn):
        lines.append(Line(("of an array, its shape",), "quiet"))
    return lines
