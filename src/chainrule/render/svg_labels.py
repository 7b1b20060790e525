"""Labels at edges: each gets the place along its edge where it covers nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .svg_scene import Rect, Scene, place_of
from .svg_shapes import Text

NEAR_THE_START = tuple(k / 100 for k in (30, 27, 33, 24, 36, 21, 39, 42, 45, 48, 51, *range(54, 82, 3), 18))
"""How far along an edge a label may stand, what is tried first first."""
MIDDLE = tuple(k / 20 for k in (10, 9, 11, 8, 12, 7, 13, 6, 14))
"""Places for a badge."""


Point: TypeAlias = tuple[float, float]


def straight(start: Point, end: Point, text: Text) -> Labelled:
    """A straight edge with its label."""
    (x, y), (u, v) = start, end
    third, next_third = (x + (u - x) / 3, y + (v - y) / 3), (x + 2 * (u - x) / 3, y + 2 * (v - y) / 3)
    return Labelled((start, third, next_third, end), text)


_POINTS = 24
"""Points of an edge that are looked at."""


@dataclass(frozen=True)
class Labelled:
    """An edge, as the four points that make a curve of the third degree, with its label."""

    points: tuple[Point, Point, Point, Point]
    text: Text

    def at(self, t: float) -> Point:
        """A point on the way."""
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (sum(w * p[k] for w, p in zip(weights, self.points, strict=True)) for k in (0, 1))
        return x, y

    def rect(self, t: float) -> Rect:
        """What the label covers there."""
        return place_of(*self.at(t), self.text.runs, self.text.size).grown(2)


def place_labels(
    edges: Sequence[Labelled], taken: Sequence[Rect], places: Sequence[float] = NEAR_THE_START
) -> tuple[list[float], float]:
    """A place along each edge for its label, and what is wrong with them.

    That is the area by which labels cover each other or what is taken, and a little for each edge that runs through
    one.
    """
    ways = [[edge.at(k / _POINTS) for k in range(_POINTS + 1)] for edge in edges]
    found: list[float] = []
    rects: list[Rect] = []
    wrong = 0.0
    for n, edge in enumerate(edges):
        costs = {p: _cost(edge.rect(p), rects, taken) for p in places}
        least = min(costs.values())
        crossed = {p: _crossed(edge.rect(p), ways, n) for p, cost in costs.items() if cost == least}
        best = min(crossed, key=crossed.__getitem__)
        wrong += 100 * least + crossed[best]
        found.append(best)
        rects.append(edge.rect(best))
    return found, wrong


def _cost(rect: Rect, rects: Sequence[Rect], taken: Sequence[Rect]) -> float:
    return round(sum(rect.overlap(other) for other in (*rects, *taken)), 3)


def _crossed(rect: Rect, ways: Sequence[Sequence[Point]], own: int) -> int:
    """How many other edges run through a place."""
    left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
    return sum(
        any(left < x < right and top < y < bottom for x, y in way) for n, way in enumerate(ways) if n != own
    )  # fmt: skip


def draw_labels(scene: Scene, edges: Sequence[Labelled], places: Sequence[float]) -> None:
    """Write the labels, the paper behind them."""
    for edge, t in zip(edges, places, strict=True):
        x, y = edge.at(t)
        scene.text(x, y, edge.text.runs, edge.text.size, edge.text.tone, behind=True)


def draw_badges(scene: Scene, edges: Sequence[Labelled], places: Sequence[float]) -> None:
    """Write the labels, signs of one character, into small circles."""
    for edge, t in zip(edges, places, strict=True):
        x, y = edge.at(t)
        scene.texts.append(f'<circle class="cr-one" cx="{x:.1f}" cy="{y:.1f}" r="6.5" stroke-width="1"/>')
        scene.text(x, y, edge.text.runs, edge.text.size, edge.text.tone)
