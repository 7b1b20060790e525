"""A layered graph: its columns one behind the other, to the right or downwards, joined by smooth edges."""

from __future__ import annotations

from itertools import pairwise

from ..ir.picture import Diagram, Edge
from .svg_labels import MIDDLE, Labelled, draw_badges, place_labels
from .svg_place import spread
from .svg_scene import WIDEST, Rect, Scene
from .svg_shapes import WORDS, Flow, Text, Texts, shape_of
from .svg_text import typeset

_BEHIND, _BESIDE = {"right": 32.0, "down": 28.0}, {"right": 12.0, "down": 18.0}
"""The room between columns, and between the vertices of one."""
_TRIED: tuple[tuple[Flow, Texts, float, float], ...] = (
    ("right", "below", 1.0, 540.0), ("down", "beside", 1.0, WIDEST - 32), ("right", "below", 0.65, WIDEST - 32),
    ("down", "beside", 0.65, WIDEST - 32), ("down", "below", 0.45, WIDEST - 32),
)  # fmt: skip
"""Directions, where texts stand, and how much of that room is left across the page, each up to a width."""

Spot = tuple[float, float]
"""A place along the flow and across it; `point` turns it into one on the page."""


def draw_layered(diagram: Diagram, scene: Scene) -> None:
    """Draw a graph in the direction in which it is the more legible."""
    tried = []
    for flow, texts, room, widest in _TRIED:
        tried.append(Layered(diagram, flow, texts, room))
        if tried[-1].width() <= widest:
            break
    best = tried[-1] if tried[-1].width() <= WIDEST - 32 else min(tried, key=Layered.width)
    best.draw(scene)


class Layered:
    """A graph laid out in one direction, with so much of the usual room across the page."""

    def __init__(self, diagram: Diagram, flow: Flow, texts: Texts, room: float) -> None:
        self.diagram = diagram
        self.flow = flow
        self.behind = _BEHIND[flow] * (room if flow == "right" else 1.0)
        self.beside = _BESIDE[flow] * (room if flow == "down" else 1.0)
        self.columns = [[v for block in blocks for v in block.vertices] for blocks in diagram.columns]
        self.column = {v: n for n, column in enumerate(self.columns) for v in column}
        self.shapes = [shape_of(v, texts) for v in diagram.vertices]
        self.along, self.limits = self._columns()
        self.across = self._rows()

    def _columns(self) -> tuple[list[float], list[Spot]]:
        """Where the middle of each column is, along the flow, and where it begins and ends."""
        middles: list[float] = []
        limits: list[Spot] = []
        for column in self.columns:
            extents = [self.shapes[v].extent for v in column]
            before = max(-e.left if self.flow == "right" else -e.top for e in extents)
            behind = max(e.right if self.flow == "right" else e.bottom for e in extents)
            start = limits[-1][1] + self.behind if limits else 0.0
            middles.append(start + before)
            limits.append((start, start + before + behind))
        return middles, limits

    def _rows(self) -> dict[int, float]:
        """Where each vertex stands in its column."""
        extents = [shape.extent for shape in self.shapes]
        right = self.flow == "right"
        before = {v: -e.top if right else -e.left for v, e in enumerate(extents)}
        after = {v: e.bottom if right else e.right for v, e in enumerate(extents)}
        joined = [pair for edge in self.diagram.edges for pair in pairwise([edge.source, *edge.through, edge.target])]
        bends = frozenset(v for v, vertex in enumerate(self.diagram.vertices) if vertex.kind == "bend")
        return spread(self.columns, before, after, joined, self.beside, bends)

    def point(self, spot: Spot) -> tuple[float, float]:
        """A place on the page."""
        along, across = spot
        return (along, across) if self.flow == "right" else (across, along)

    def middle(self, v: int) -> tuple[float, float]:
        """Where a vertex stands on the page."""
        return self.point((self.along[self.column[v]], self.across[v]))

    def boxes(self) -> list[Rect]:
        """What each vertex covers, its texts counted."""
        places = [(self.middle(v), shape.extent) for v, shape in enumerate(self.shapes)]
        return [Rect(x + e.left, y + e.top, x + e.right, y + e.bottom) for (x, y), e in places]

    def width(self) -> float:
        """How wide it is on the page."""
        boxes = self.boxes()
        return max(b.right for b in boxes) - min(b.left for b in boxes)

    # ------------------------------------------------------------------------------------------ drawing

    def draw(self, scene: Scene) -> None:
        """The whole."""
        labelled = []
        for edge in self.diagram.edges:
            curves = self._curves(edge)
            self._edge(scene, edge, curves)
            if edge.label is not None:
                text = Text(typeset(edge.label.label), WORDS + 1, edge.label.tone, 0.0)
                labelled.append(Labelled(tuple(map(self.point, reversed(curves[-1]))), text))  # type: ignore[arg-type]
        for v, shape in enumerate(self.shapes):
            shape.draw(scene, *self.middle(v))
        solid = [box for box, shape in zip(self.boxes(), self.shapes, strict=True) if shape.kind != "bend"]
        draw_badges(scene, labelled, place_labels(labelled, solid, MIDDLE)[0])

    def _curves(self, edge: Edge) -> list[tuple[Spot, Spot, Spot, Spot]]:
        """The ways between the columns that an edge meets, as curves of the third degree."""
        curves = []
        for a, b in pairwise([edge.source, *edge.through, edge.target]):
            start = (self.limits[self.column[a]][1], self.across[a])
            end = (self.limits[self.column[b]][0], self.across[b])
            half = (start[0] + end[0]) / 2
            curves.append((start, (half, start[1]), (half, end[1]), end))
        return curves

    def _edge(self, scene: Scene, edge: Edge, curves: list[tuple[Spot, Spot, Spot, Spot]]) -> None:
        """From rim to rim: straight through the columns, curved between them."""
        first, last = self._rim(edge.source, 1), self._rim(edge.target, -1)
        path = f"M{self._text(first)}"
        for start, one, two, end in curves:
            path += f"L{self._text(start)}C{self._text(one)} {self._text(two)} {self._text(end)}"
        scene.line(f"{path}L{self._text(last)}", "back" if edge.back else "edge", 1.3)
        if edge.back:
            scene.arrowhead(self.point(first), self.point((-1.0, 0.0)), "backhead")
        else:
            scene.arrowhead(self.point(last), self.point((1.0, 0.0)), "head")

    def _rim(self, v: int, side: int) -> Spot:
        """Where edges leave a vertex (side 1), or enter it (side −1)."""
        shape = self.shapes[v]
        if self.flow == "down" and side > 0 and shape.texts == "below":
            return self.along[self.column[v]] + shape.extent.bottom, self.across[v]
        half = shape.across if self.flow == "right" else shape.down
        return self.along[self.column[v]] + side * half, self.across[v]

    def _text(self, spot: Spot) -> str:
        x, y = self.point(spot)
        return f"{x:.1f} {y:.1f}"
