"""How large each vertex of a diagram is drawn, and its texts in it and beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..ir.picture import Line, Tone, Vertex
from .svg_scene import Rect, Scene
from .svg_text import Run, typeset, width, wrapped

Flow: TypeAlias = Literal["right", "down"]
Texts: TypeAlias = Literal["below", "beside"]
"""Where the texts of a vertex stand that are not inside of it."""
NAMES, WORDS = 15.0, 12.0
"""Font sizes of names, and of numbers and remarks."""
_INSIDE = ("source", "unit", "loss", "box")
_LEADING = 1.3
_WIDEST_BOX = 300.0


@dataclass(frozen=True)
class Text:
    """A line of text in one style; ``y`` is its middle line's distance from the vertex' middle."""

    runs: tuple[Run, ...]
    size: float
    tone: Tone
    y: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return width(self.runs, self.size)


@dataclass(frozen=True)
class Shape:
    """A vertex as it is drawn around its middle: half its width and height, texts inside, texts outside."""

    kind: str
    across: float
    down: float
    round: bool
    inside: tuple[Text, ...]
    outside: tuple[Text, ...]
    texts: Texts

    @property
    def extent(self) -> Rect:
        """What it covers with the texts beside it, around its middle."""
        broad = max((t.width for t in self.outside), default=0.0)
        tall = sum(_LEADING * t.size for t in self.outside)
        if self.texts == "below":
            half = max(self.across, broad / 2)
            return Rect(-half, -self.down, half, self.down + (tall + 3 if tall else 0))
        half = max(self.down, tall / 2)
        return Rect(-self.across, -half, self.across + (broad + 6 if broad else 0), half)

    def draw(self, scene: Scene, x: float, y: float) -> None:
        """Draw it with its middle at a point."""
        if self.kind == "bend":
            return
        if self.kind != "dots":
            wide = 2.0 if self.kind == "loss" else 1.4
            if self.round and self.across == self.down:
                scene.circle(x, y, self.across, self.kind, wide)
            else:
                rect = Rect(x - self.across, y - self.down, x + self.across, y + self.down)
                scene.box(rect, self.kind, self.down if self.round else 6, wide)
        for text in self.inside:
            scene.text(x, y + text.y, text.runs, text.size, text.tone)
        for text in self.outside:
            if self.texts == "below":
                scene.text(x, y + self.down + 3 + text.y, text.runs, text.size, text.tone)
            else:
                scene.text(x + self.across + 6, y + text.y, text.runs, text.size, text.tone, "start")


def shape_of(vertex: Vertex, texts: Texts, radius: float = 0.0) -> Shape:
    """The shape of a vertex, of at least a radius."""
    if vertex.kind == "bend":
        return Shape("bend", 0, 0, True, (), (), texts)
    inner = _stacked([*_label(vertex), *(_lines(vertex.lines) if _holds_lines(vertex) else [])], 0.0)
    outer: tuple[Text, ...] = ()
    if not _holds_lines(vertex):
        lines = _lines(vertex.lines)
        tall = sum(_LEADING * size for _, size, _ in lines)
        outer = _stacked(lines, tall / 2 if texts == "below" else 0.0)
    broad = max((t.width for t in inner), default=0.0)
    tall = sum(_LEADING * t.size for t in inner)
    match vertex.kind:
        case "source" | "unit" | "one":
            r = max(radius, _radius(inner), 9.0)
            return Shape(vertex.kind, r, r, True, inner, outer, texts)
        case "operation":
            r = max(radius, 14.0)
            return Shape(vertex.kind, max(r, broad / 2 + 8), r, True, inner, outer, texts)
        case "dots":
            return Shape(vertex.kind, max(broad / 2, 6), max(tall / 2, 10), True, inner, outer, texts)
        case _:
            across, down = max(broad / 2 + 9, 16.0), max(tall / 2 + 5, 14.0)
            return Shape(vertex.kind, max(across, radius), max(down, radius), False, inner, outer, texts)


def common_radius(vertices: Sequence[Vertex]) -> float:
    """The radius that all units of a network have."""
    units = [v for v in vertices if v.kind in ("source", "unit")]
    return max((shape_of(v, "below").across for v in units), default=9.0)


def _holds_lines(vertex: Vertex) -> bool:
    return vertex.kind in _INSIDE


def _label(vertex: Vertex) -> list[tuple[tuple[Run, ...], float, Tone]]:
    runs = typeset(vertex.label)
    if not runs:
        return []
    size = NAMES if vertex.kind != "box" else 13.0
    return [(line, size, "plain") for line in wrapped(runs, size, _WIDEST_BOX)]


def _lines(lines: Sequence[Line]) -> list[tuple[tuple[Run, ...], float, Tone]]:
    return [(typeset(line.label), NAMES - 1 if line.tone == "plain" else WORDS, line.tone) for line in lines]


def _stacked(lines: Sequence[tuple[tuple[Run, ...], float, Tone]], middle: float) -> tuple[Text, ...]:
    """Lines one below the other around a middle."""
    y = middle - sum(_LEADING * size for _, size, _ in lines) / 2
    placed = []
    for runs, size, tone in lines:
        placed.append(Text(runs, size, tone, y + _LEADING * size / 2))
        y += _LEADING * size
    return tuple(placed)


def _radius(texts: Sequence[Text]) -> float:
    """The radius of a circle that the texts fit into."""
    return max((math.hypot(abs(t.y) + 0.3 * t.size, t.width / 2) + 3 for t in texts), default=0.0)
