"""A plot: a frame with marks at round numbers, curves, arrows and points, and a legend below."""

from __future__ import annotations

import math
from itertools import pairwise

from ..ir.picture import Arrow, Curve, Label, Plot, Spot, Tone
from .svg_scene import Rect, Scene, place_of, polyline
from .svg_text import Run, typeset, width

_WIDE, _TALL = 420.0, 290.0
_SMALL, _NAMES = 12.0, 15.0
_WIDTHS = {"function": 2.2, "tangent": 1.8, "secant": 1.3, "contour": 1.3, "path": 1.8}
_AROUND = [(math.cos(a * math.pi / 8), math.sin(a * math.pi / 8)) for a in (-2, -6, 2, 6, 0, 8, -4, 4, -1, -3, 1, 3)]
"""Directions in which a label is tried beside its point."""


class Framed:
    """A plot in its frame."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        self.tall = _WIDE if plot.square else _TALL
        self.frame = Rect(0.0, 0.0, _WIDE, self.tall)
        self.taken: list[Rect] = []

    def place(self, spot: Spot) -> Spot:
        """A point of the plot on the page."""
        x, y = self.plot.x, self.plot.y
        across = (spot[0] - x.low) / (x.high - x.low)
        up = (spot[1] - y.low) / (y.high - y.low)
        return across * _WIDE, (1 - up) * self.tall

    def draw(self, scene: Scene) -> None:
        """The whole."""
        self._axes(scene)
        for curve in self.plot.curves:
            dashed = curve.kind == "secant"
            d = polyline(map(self.place, curve.points))
            scene.line(d, curve.kind, _WIDTHS[curve.kind], dashed, curve.shade)
            if curve.kind != "contour":
                self._keep_off(curve)
        for arrow in self.plot.arrows:
            self._arrow(scene, arrow)
        for dot in self.plot.dots:
            x, y = self.place(dot.at)
            scene.circle(x, y, 4.5 if dot.kind == "point" else 3.2, "dot" if dot.kind == "point" else "step", 1.2)
            self.taken.append(Rect(x - 5, y - 5, x + 5, y + 5))
        for arrow in self.plot.arrows:
            self._beside(scene, self.place(arrow.end), arrow.label, "delta" if arrow.kind == "gradient" else "plain")
        for dot in self.plot.dots:
            self._beside(scene, self.place(dot.at), dot.label, "plain")
        for curve in self.plot.curves:
            self._mark(scene, curve)
        self._legend(scene)

    def _keep_off(self, curve: Curve) -> None:
        """A curve is no place for labels."""
        for start, end in pairwise(map(self.place, curve.points)):
            steps = max(1, int(math.hypot(end[0] - start[0], end[1] - start[1]) / 4))
            for k in range(steps):
                x, y = (a + (b - a) * k / steps for a, b in zip(start, end, strict=True))
                self.taken.append(Rect(x - 1, y - 1, x + 1, y + 1))

    def _axes(self, scene: Scene) -> None:
        """Grid lines with their numbers, the frame, and the names of the axes."""
        x, y = self.plot.x, self.plot.y
        for value in x.ticks:
            at = self.place((value, y.low))[0]
            scene.line(f"M{at:.1f} 0V{self.tall:.1f}", "frame" if value == 0 else "grid", 1)
            scene.text(at, self.tall + 13, _number(value, x.base), _SMALL, "quiet")
        for value in y.ticks:
            at = self.place((x.low, value))[1]
            scene.line(f"M0 {at:.1f}H{_WIDE:.1f}", "frame" if value == 0 else "grid", 1)
            scene.text(-7, at, _number(value, y.base), _SMALL, "quiet", "end")
        scene.line(f"M0 0V{self.tall:.1f}H{_WIDE:.1f}", "frame", 1.2)
        scene.text(_WIDE + 8, self.tall, typeset(x.label), _NAMES, anchor="start")
        scene.text(0, -19, typeset(y.label), _NAMES)

    def _arrow(self, scene: Scene, arrow: Arrow) -> None:
        (x0, y0), (x1, y1) = self.place(arrow.start), self.place(arrow.end)
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        along = ((x1 - x0) / length, (y1 - y0) / length)
        scene.line(f"M{x0:.1f} {y0:.1f}L{x1 - 6 * along[0]:.1f} {y1 - 6 * along[1]:.1f}", arrow.kind, 2.4)
        scene.arrowhead((x1, y1), along, f"{arrow.kind}head", 11)
        for k in range(1, 9):
            x, y = x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8
            self.taken.append(Rect(x - 5, y - 5, x + 5, y + 5))

    def _beside(self, scene: Scene, at: Spot, label: Label, tone: Tone) -> None:
        """A label near a point, where it covers nothing and stays in the frame."""
        runs = typeset(label)
        if not runs:
            return
        half = width(runs, 13.0) / 2
        spots: list[Spot] = [
            (at[0] + dx * (half + far), at[1] + dy * (far + 4)) for far in (12, 18, 26) for dx, dy in _AROUND
        ]  # fmt: skip
        best = min(spots, key=lambda spot: self._cost(place_of(spot[0], spot[1], runs, 13.0).grown(2)))
        self.taken.append(scene.text(best[0], best[1], runs, 13.0, tone, behind=True).grown(2))

    def _cost(self, rect: Rect) -> float:
        """How much a label there would cover, or stick out of the frame."""
        inside = self.frame.grown(-2)
        size = (rect.right - rect.left) * (rect.bottom - rect.top)
        return round(sum(rect.overlap(other) for other in self.taken) + size - rect.overlap(inside), 3)

    def _mark(self, scene: Scene, curve: Curve) -> None:
        """A contour's level on it, where there is room."""
        runs = typeset(curve.mark)
        if not runs or len(curve.points) < 8:
            return
        count = len(curve.points)
        for k in range(1, 20):
            n = (count * (1 + 7 * k % 20)) // 21
            x, y = self.place(curve.points[min(n, count - 1)])
            rect = place_of(x, y, runs, _SMALL - 1).grown(4)
            if not self._cost(rect):
                self.taken.append(scene.text(x, y, runs, _SMALL - 1, "value", behind=True).grown(6))
                return

    def _legend(self, scene: Scene) -> None:
        """A stroke and a text for each curve that has a label."""
        y = self.tall + 40
        for curve in self.plot.curves:
            if not curve.label:
                continue
            dashed = curve.kind == "secant"
            scene.line(f"M0 {y:.1f}H26", curve.kind, _WIDTHS[curve.kind], dashed, curve.shade)
            scene.text(36, y, typeset(curve.label), 13.0, anchor="start")
            y += 19


def _number(value: float, base: int = 0) -> tuple[Run, ...]:
    """A mark's number; a power in full where it is short."""
    if base and base**value >= 1000:
        return (Run(str(base)), Run(f"{value:g}", place="sup"))
    value = base**value if base else value
    text = f"{value:.10g}".replace("-", "−")
    return (Run(text),)
