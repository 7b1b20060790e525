"""The layered network of a graph as circles and weighted edges, with the numbers of a point on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...ir.dims import Dim, Extent, Sizes
from ...ir.graph import Graph
from ...ir.node import Input
from ...ir.picture import Block, Diagram, Edge, EdgeKind, Label, Line, Number, Piece, Symbol, Vertex
from .graph_labels import entry_label, value_label
from .network import Bias, Layer, Link, Network
from .network_words import bend, caption, description, title
from .point import Numbers

MOST_UNITS, MOST_LABELS, MOST_COLUMNS, KEPT = 6, 9, 6, 2
"""Units drawn of a layer, weights written between two columns, columns before some are folded, and of those how many
are kept at either end."""


def network_diagram(
    graph: Graph, network: Network, numbers: Numbers | None = None, back: bool = False, sizes: Sizes | None = None,
    remarks: tuple[Line, ...] = (),
) -> Diagram:  # fmt: skip
    """The picture of a network; with ``numbers`` values on it, with ``back`` the derivatives that flow back.

    ``sizes`` says how many units a layer of a named dimension has; without it the picture is drawn for any number.
    """
    return _Drawing(graph, network, numbers, back, sizes or Sizes(), remarks).diagram()


_LAST = 10**9
"""The place of the last unit of a layer, where the number of units is a name."""


@dataclass(frozen=True, eq=False)
class _Unit:
    """One unit of a layer that is drawn, or the dots between two of them."""

    place: int
    """Its position among the layer's units; −1 for dots."""
    vertex: int


@dataclass
class _Drawing:
    graph: Graph
    network: Network
    numbers: Numbers | None
    back: bool
    sizes: Sizes
    remarks: tuple[Line, ...] = ()
    vertices: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    units: dict[int, list[_Unit]] = field(default_factory=dict)
    between: dict[int, tuple[Line, ...]] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------ the whole

    def diagram(self) -> Diagram:
        """All columns, from the inputs to the loss."""
        ranks, depth = self.ranks, self.network.depth
        middle = range(KEPT, depth - KEPT) if depth > MOST_COLUMNS else range(0)
        columns: list[tuple[Block, ...]] = []
        where: dict[int, int] = {}
        for rank, layers in enumerate(ranks):
            if rank in middle:
                if rank == middle.start:
                    columns.append((self.folded(middle),))
                where.update(dict.fromkeys(layers, len(columns) - 1))
                continue
            where.update(dict.fromkeys(layers, len(columns)))
            columns.append(self.column(layers))
        for column in range(1, len(columns)):
            self.connect(column, where, columns)
        columns += [(block,) for block in self.loss()]
        labelled = any(edge.label is not None for edge in self.edges)
        told = [(self.network.layers[n], str(self.count(self.network.layers[n]))) for layers in ranks for n in layers]
        return Diagram(
            title(self.graph, self.numbers, self.back), description(self.graph, told, self.back),
            tuple(self.vertices), tuple(self.edges), tuple(columns), self.between,
            (*caption(self.graph, self.network, self.numbers, self.back, labelled), *self.remarks), even=True,
        )  # fmt: skip

    @cached_property
    def ranks(self) -> list[list[int]]:
        """The layers of each column: what is computed first, then inputs, in the order of the arguments."""
        order = {node: n for n, node in enumerate(self.graph.inputs)}
        found: list[list[int]] = [[] for _ in range(self.network.depth)]
        for n, layer in enumerate(self.network.layers):
            found[layer.rank].append(n)
        return [sorted(layers, key=lambda n: _place(self.network.layers[n], order)) for layers in found]

    # ------------------------------------------------------------------------------------------ columns

    def column(self, layers: Sequence[int]) -> tuple[Block, ...]:
        """A column of layers; single units of one kind stand together as one layer."""
        groups: dict[object, list[int]] = {}
        for n in layers:
            layer = self.network.layers[n]
            groups.setdefault((layer.role, bend(layer)) if layer.axis is None else n, []).append(n)
        blocks = []
        for group in groups.values():
            vertices = [v for n in group for v in self.units_of(n)]
            blocks.append(Block(tuple(vertices), self.heading(group)))
        return tuple(blocks)

    def units_of(self, n: int) -> list[int]:
        """The vertices of a layer: all of its units, or the first and the last with dots between."""
        layer = self.network.layers[n]
        count = self.count(layer)
        if isinstance(count, int) and count <= (3 if self.crowded() else MOST_UNITS):
            places = list(range(count))
        else:
            places = [*range(1 if self.crowded() else 3), -1, count - 1 if isinstance(count, int) else _LAST]
        drawn = []
        for place in places:
            vertex = Vertex("dots", ("⋮",)) if place < 0 else self.unit(layer, place, count)
            self.vertices.append(vertex)
            drawn.append(_Unit(place, len(self.vertices) - 1))
        self.units[n] = drawn
        return [unit.vertex for unit in drawn]

    def crowded(self) -> bool:
        """Whether layers stand below each other, or there are many, so that few units of each can be drawn."""
        wide = [layer.rank for layer in self.network.layers if layer.axis is not None]
        return len(set(wide)) < len(wide) or self.network.depth > MOST_COLUMNS

    def count(self, layer: Layer) -> Extent:
        """How many units a layer has."""
        if layer.axis is None:
            return 1
        extent = layer.output.shape[layer.axis]
        return self.sizes.get(extent, extent) if isinstance(extent, Dim) else extent

    def unit(self, layer: Layer, place: int, count: Extent) -> Vertex:
        """A unit with its name and its numbers."""
        names = self.graph.names
        name = names.get(layer.output) or (names.get(layer.sum) if layer.sum is not None else None)
        base = layer.output.args[0] if name is None and layer.sum is None and layer.output.args else None
        name = names.get(base) if name is None and base is not None else name
        index = () if layer.axis is None or count == 1 else (str(count) if place == _LAST else str(place + 1),)
        lines: list[Line] = []
        if self.numbers is not None:
            lines.append(Line(entry_label(self.numbers.values[layer.output], layer.axis, place), "value"))
            if self.back and layer.sum is not None and layer.sum in self.numbers.deltas:
                lines.append(Line(entry_label(self.numbers.deltas[layer.sum], layer.sum_axis, place), "delta"))
        label: Label = (Symbol(name, index),) if name is not None else ()
        return Vertex("source" if layer.role == "input" else "unit", label, tuple(lines))

    def heading(self, group: Sequence[int]) -> tuple[Line, ...]:
        """What stands over a layer: what it is, how many units it has where not all are seen, what bends them."""
        layer = self.network.layers[group[0]]
        lines = [Line((layer.role,), "quiet")]
        count = sum(c for c in map(self.count, map(self.network.layers.__getitem__, group)) if isinstance(c, int))
        hidden = any(unit.place < 0 for n in group for unit in self.units[n])
        if hidden:
            width = self.count(layer)
            lines.append(
                Line((f"{count} units",) if isinstance(width, int) else (Symbol(str(width)), " units"), "quiet")
            )
        lines += [Line((bend(layer),), "quiet")] if bend(layer) else []
        return tuple(lines)

    def folded(self, middle: range) -> Block:
        """Columns in the middle of a deep network, as one box."""
        layers = [self.network.layers[n] for rank in middle for n in self.ranks[rank]]
        widths = list(dict.fromkeys(str(self.count(layer)) for layer in layers if layer.sum is not None))
        bends = list(dict.fromkeys(bend(layer) for layer in layers if layer.sum is not None and bend(layer)))
        lines = [Line((f"layers {middle.start + 1} … {middle.stop}",))]
        units = f"{widths[0]} units each" if len(widths) == 1 else f"{', '.join(widths[:4])} units"
        lines.append(Line((units + (", …" if len(widths) > 4 else ""),), "quiet"))
        lines += [Line((", ".join(bends),), "quiet")] if bends else []
        self.vertices.append(Vertex("box", ("⋯",), tuple(lines)))
        vertex = len(self.vertices) - 1
        for rank in middle:
            for n in self.ranks[rank]:
                self.units[n] = [_Unit(0, vertex)]
        return Block((vertex,))

    def loss(self) -> list[Block]:
        """The loss, and the edges that lead to it; nothing where the network itself is the result."""
        node = self.graph.outputs[0]
        if any(layer.output is node for layer in self.network.layers):
            return []
        lines = []
        if self.numbers is not None:
            lines.append(Line(value_label(self.numbers.values[node]), "value"))
            lines += [Line(value_label(self.numbers.deltas[node]), "delta")] if self.back else []
        what = "loss" if node.shape == () else "result"
        self.vertices.append(Vertex("loss", (Symbol(self.graph.names.get(node, what)),), tuple(lines)))
        vertex = len(self.vertices) - 1
        for n, layer in enumerate(self.network.layers):
            if layer.role == "output":
                self.edges += [
                    Edge(unit.vertex, vertex, back=self.back) for unit in self.units[n] if unit.place >= 0
                ]  # fmt: skip
        return [Block((vertex,), (Line((what,), "quiet"),))]

    # ------------------------------------------------------------------------------------------ edges

    def connect(self, column: int, where: Mapping[int, int], columns: list[tuple[Block, ...]]) -> None:
        """The edges that end in a column: weights by their names or numbers where there are few, else over the gap."""
        links = [k for k in self.network.links if where[k.target] == column and where[k.source] < column]
        far = [k for k in links if column - where[k.source] > 1]
        pairs = [(link, a, b) for link in links if where[link.source] == column - 1 for a, b in self.pairs(link)]
        seen = {unit.vertex: unit for units in self.units.values() for unit in units}
        folded = any(u.place < 0 or self.vertices[u.vertex].kind == "box" for k in links for u in self.ends(k))
        fed = dict.fromkeys(k.target for k in links)
        biases = [(n, bias) for n in fed for bias in self.network.layers[n].biases]
        biased = [(unit, bias) for n, bias in biases for unit in self.units[n] if unit.place >= 0]
        written = (
            len(pairs) + len(biased) <= MOST_LABELS and not folded and self.network.depth <= (3 if self.back else 4)
        )
        drawn: set[tuple[int, int, str]] = set()
        for link, a, b in pairs:
            kind: EdgeKind = "same" if link.weight is None else "weight"
            if (a, b, kind) not in drawn:
                drawn.add((a, b, kind))
                label = self.weight(link, seen[a].place, seen[b].place) if written else None
                self.edges.append(Edge(a, b, kind, label, back=self.back))
        for link in far:
            self.edges.append(self.bundle(link))
        if written and biased:
            self.vertices.append(Vertex("one", ("1",)))
            one = len(self.vertices) - 1
            block = columns[column - 1][-1]
            columns[column - 1] = (*columns[column - 1][:-1], Block((*block.vertices, one), block.heading))
            for unit, bias in biased:
                place = [unit.place if a == bias.axis else None for a in range(len(bias.node.shape))]
                label = self.parameter(bias.node, place)
                self.edges.append(Edge(one, unit.vertex, "weight", label, back=self.back))
        if not written:
            self.between[column - 1] = self.told(
                [k for k in links if where[k.source] == column - 1], [b for _, b in biases]
            )

    def ends(self, link: Link) -> list[_Unit]:
        """The units at both ends of a link."""
        return [*self.units[link.source], *self.units[link.target]]

    def pairs(self, link: Link) -> list[tuple[int, int]]:
        """The vertices that a link joins: each with each, or each with its own."""
        sources = [u for u in self.units[link.source] if u.place >= 0]
        targets = [u for u in self.units[link.target] if u.place >= 0]
        if link.weight is not None or len(sources) != len(targets):
            return [(a.vertex, b.vertex) for a in sources for b in targets]
        return [(a.vertex, b.vertex) for a, b in zip(sources, targets, strict=True)]

    def weight(self, link: Link, source: int, target: int) -> Line | None:
        """What stands at one connection."""
        if link.weight is None:
            return None
        places = {link.source_axis: source, link.target_axis: target}
        return self.parameter(link.weight, tuple(places.get(a) for a in range(len(link.weight.shape))))

    def parameter(self, node: Input, place: Sequence[int | None]) -> Line:
        """An entry of a parameter: its name; where there are numbers, its value, or the loss's derivative by it."""
        shape = self.sizes.of(node.shape) if self.numbers is not None else node.shape
        index = tuple(str((p or 0) + 1) for p, extent in zip(place, shape, strict=True) if extent != 1)
        name = Symbol(self.graph.names.get(node, node.name), index)
        if self.numbers is None:
            return Line((name,))
        known = self.numbers.deltas if self.back else self.numbers.values
        array = known.get(node, np.zeros(self.sizes.of(node.shape)))
        value = Number(float(array[tuple(p or 0 for p in place)]))
        tone = "delta" if self.back else "value"
        return Line((value,) if index else (name, ": " if self.back else " = ", value), tone)  # type: ignore[arg-type]

    def bundle(self, link: Link) -> Edge:
        """One edge for all connections between two layers that stand far apart."""
        a, b = (self.units[n][-1].vertex for n in (link.source, link.target))
        if link.weight is None:
            return Edge(a, b, "same", back=self.back)
        name = Symbol(self.graph.names.get(link.weight, link.weight.name))
        return Edge(a, b, "weight", Line((name,), "quiet"), back=self.back)

    def told(self, links: Sequence[Link], biases: Iterable[Bias]) -> tuple[Line, ...]:
        """The parameters of a gap with their shapes, where the connections are too many to write at each."""
        nodes = dict.fromkeys([k.weight for k in links if k.weight is not None] + [bias.node for bias in biases])
        lines = []
        for node in list(nodes)[:3]:
            shape: list[Piece] = []
            for extent in node.shape:
                known = self.sizes.get(extent, extent) if isinstance(extent, Dim) else extent
                shape += ["×" if shape else "  ", Symbol(known.name) if isinstance(known, Dim) else str(known)]
            lines.append(Line((Symbol(self.graph.names.get(node, node.name)), *shape), "quiet"))
        return tuple(lines)


def _place(layer: Layer, order: Mapping[Input, int]) -> tuple[bool, int]:
    node = layer.output
    while node.args and layer.sum is None:
        node = node.args[0]
    return layer.sum is None, order.get(node, 0) if isinstance(node, Input) else 0
