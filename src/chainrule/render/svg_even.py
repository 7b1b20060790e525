"""A network: columns of circles, evenly spaced, joined by straight edges."""

from __future__ import annotations

import math

from ..ir.picture import Block, Diagram, Edge
from .svg_labels import Labelled, draw_labels, place_labels, straight
from .svg_scene import WIDEST, Rect, Scene
from .svg_shapes import WORDS, Shape, Text, common_radius, shape_of
from .svg_text import typeset, width

_HEAD = 15.0
"""The height of a line of a heading."""
_GAPS = (30.0, 44.0, 64.0, 84.0, 110.0, 130.0, 150.0, 170.0, 190.0, 210.0, 240.0)
"""Distances between columns that are tried, until the labels at the edges have room."""
_APART, _APART_LABELLED, _BLOCKS = 14.0, 26.0, 34.0


class Even:
    """Lays a network out, and draws it."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        radius = common_radius(diagram.vertices)
        self.shapes = [
            shape_of(v, "below", radius if v.kind in ("source", "unit", "loss") else 0.0) for v in diagram.vertices
        ]
        self.column = {
            v: c for c, blocks in enumerate(diagram.columns) for block in blocks for v in block.vertices
        }  # fmt: skip
        self.labelled = {self.column[edge.target] for edge in diagram.edges if edge.label is not None}
        self.y = self._rows()

    # ------------------------------------------------------------------------------------------ places

    def _rows(self) -> dict[int, float]:
        """How high each vertex stands: every column around the middle."""
        apart = _APART_LABELLED if self.labelled else _APART
        place: dict[int, float] = {}
        for blocks in self.diagram.columns:
            y = 0.0
            own: dict[int, float] = {}
            for n, block in enumerate(blocks):
                y += _BLOCKS + _HEAD * len(block.heading) if n else 0.0
                for v in block.vertices:
                    own[v] = y + self.shapes[v].down
                    y += 2 * self.shapes[v].down + apart
                y -= apart
            place.update({v: level - y / 2 for v, level in own.items()})
        return place

    def _half(self, c: int) -> float:
        """Half the width of a column, its headings counted."""
        blocks = self.diagram.columns[c]
        shapes = [self.shapes[v].across for block in blocks for v in block.vertices]
        heads = [width(typeset(line.label), WORDS) / 2 for block in blocks for line in block.heading]
        return max([*shapes, *heads])

    def _columns(self, gap: float) -> list[float]:
        """Where each column's middle is; gaps without labels stay narrow."""
        places, x = [], 0.0
        for c in range(len(self.diagram.columns)):
            if c:
                over = [width(typeset(line.label), WORDS) for line in self.diagram.between.get(c - 1, ())]
                reach = [
                    max(self.shapes[v].across for b in self.diagram.columns[k] for v in b.vertices) for k in (c - 1, c)
                ]
                x += max(
                    [
                        self._half(c - 1) + self._half(c) + 12,
                        sum(reach) + (gap if c in self.labelled or not self.labelled else _GAPS[1]),
                        *(w + 12 for w in over),
                    ]
                )
            places.append(x)
        return places

    # ------------------------------------------------------------------------------------------ drawing

    def draw(self, scene: Scene) -> None:
        """The whole, with the least distance between columns at which no label covers another."""
        x, edges, places = self._arranged()
        for edge in self.diagram.edges:
            self._edge(scene, edge, x)
        for v, shape in enumerate(self.shapes):
            shape.draw(scene, x[self.column[v]], self.y[v])
        draw_labels(scene, edges, places)
        self._words(scene, x)

    def _arranged(self) -> tuple[list[float], list[Labelled], list[float]]:
        """Where the columns stand, the edges with labels, and the places of these."""
        best: tuple[float, list[float], list[Labelled], list[float]] | None = None
        for gap in _GAPS if self.labelled else _GAPS[:3]:
            x = self._columns(gap)
            edges = [edge for e in self.diagram.edges if (edge := self._labelled(e, x)) is not None]
            places, covered = place_labels(edges, self._circles(x))
            across = x[-1] - x[0] + self._half(0) + self._half(len(x) - 1)
            cost = covered + gap / 25 if edges else -gap
            if best is None or (cost < best[0] and across <= WIDEST - 32):
                best = (cost, x, edges, places)
        assert best is not None
        return best[1:]

    def _circles(self, x: list[float]) -> list[Rect]:
        return [
            Rect(
                x[self.column[v]] - s.across, self.y[v] - s.down, x[self.column[v]] + s.across, self.y[v] + s.down
            ).grown(9)
            for v, s in enumerate(self.shapes)
        ]

    def _ends(self, edge: Edge, x: list[float]) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where an edge begins and ends, at the rims of what it joins."""
        a = (x[self.column[edge.source]], self.y[edge.source])
        b = (x[self.column[edge.target]], self.y[edge.target])
        return _rim(self.shapes[edge.source], a, b), _rim(self.shapes[edge.target], b, a)

    def _labelled(self, edge: Edge, x: list[float]) -> Labelled | None:
        if edge.label is None or self._far(edge):
            return None
        start, end = self._ends(edge, x)
        return straight(start, end, Text(typeset(edge.label.label), 13.0, edge.label.tone, 0.0))

    def _far(self, edge: Edge) -> bool:
        return self.column[edge.target] - self.column[edge.source] > 1

    def _edge(self, scene: Scene, edge: Edge, x: list[float]) -> None:
        kind = "back" if edge.back else "same" if edge.kind == "same" else "edge"
        few = len(self.diagram.edges) <= 40
        opacity = 1.0 if few else 0.55
        if self._far(edge):
            self._arc(scene, edge, x, kind)
            return
        (x0, y0), (x1, y1) = self._ends(edge, x)
        if edge.kind == "same":
            scene.line(
                f"M{x0:.1f} {y0:.1f}Q{(x0 + x1) / 2:.1f} {(y0 + y1) / 2 - 26:.1f} {x1:.1f} {y1:.1f}", kind, 1.4, True
            )
            return
        scene.line(f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}", kind, 1.2, opacity=opacity)
        if few:
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            along = ((x1 - x0) / length, (y1 - y0) / length)
            if edge.back:
                scene.arrowhead((x0, y0), (-along[0], -along[1]), "backhead")
            else:
                scene.arrowhead((x1, y1), along, "head")

    def _arc(self, scene: Scene, edge: Edge, x: list[float], kind: str) -> None:
        """An edge past other columns, below them."""
        a, b = edge.source, edge.target
        passed = [v for v, c in self.column.items() if self.column[a] <= c <= self.column[b]]
        low = max(self.y[v] + self.shapes[v].down for v in passed) + 24
        (xa, ya), (xb, yb) = ((x[self.column[v]], self.y[v] + self.shapes[v].down) for v in (a, b))
        bottom = low + 8
        scene.line(
            f"M{xa:.1f} {ya:.1f}C{xa:.1f} {bottom:.1f} {xb:.1f} {bottom:.1f} {xb:.1f} {yb:.1f}", kind, 1.4,
            edge.kind == "same",
        )  # fmt: skip
        scene.arrowhead((xa, ya) if edge.back else (xb, yb), (0.0, -1.0), "backhead" if edge.back else "head")
        scene.bounds.append(Rect(xa, low - 20, xb, bottom))
        if edge.label is not None:
            runs = typeset(edge.label.label)
            scene.text((xa + xb) / 2, 0.25 * (ya + yb) / 2 + 0.75 * bottom, runs, 13, edge.label.tone, behind=True)

    def _words(self, scene: Scene, x: list[float]) -> None:
        """Headings over the columns, and what leads on from them below the gaps."""
        columns = self.diagram.columns
        level = min(self.y[b.vertices[0]] - self.shapes[b.vertices[0]].down for blocks in columns for b in blocks)
        together = all(len(blocks) == 1 for blocks in columns)
        for c, blocks in enumerate(columns):
            for block in blocks:
                top = level if together else self.y[block.vertices[0]] - self.shapes[block.vertices[0]].down
                self._heading(scene, block, x[c], top, behind=not together)
        bottom = scene.extent().bottom
        for c, lines in self.diagram.between.items():
            middle = self._gap_middle(c, x)
            for n, line in enumerate(lines):
                scene.text(middle, bottom + 14 + 17 * n, typeset(line.label), WORDS, line.tone)

    def _gap_middle(self, c: int, x: list[float]) -> float:
        return (x[c] + x[c + 1]) / 2

    def _heading(self, scene: Scene, block: Block, x: float, top: float, behind: bool) -> None:
        for n, line in enumerate(reversed(block.heading)):
            scene.text(x, top - 14 - _HEAD * n, typeset(line.label), WORDS, line.tone, behind=behind)


def _rim(shape: Shape, at: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    """Where the way from a vertex to another leaves its shape."""
    (x, y), (u, v) = at, towards
    if shape.round and shape.across == shape.down:
        length = math.hypot(u - x, v - y) or 1.0
        return x + shape.across * (u - x) / length, y + shape.down * (v - y) / length
    return x + math.copysign(shape.across, u - x), y
