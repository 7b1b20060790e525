"""What is drawn: shapes and texts with their places, and the SVG document that they make.

Colours are classes, so that a page in dark colours gets dark pictures. Nothing has an id and nothing is referred to,
so pictures can stand together on one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..ir.picture import Tone
from .names import escape_xml
from .svg_text import Run, height, plain, spans, width

WIDEST = 700.0
"""As wide as a picture gets, in pixels, before it is scaled down."""

_LIGHT = {
    "paper": "#fdfdfb", "ink": "#1c2430", "soft": "#5b6675", "rule": "#9aa4b0", "faint": "#dfe3e8", "one": "#2563a8",
    "two": "#b8560f", "good": "#1d7a46", "given": "#e6f0fa", "learnt": "#fbeedd", "unit": "#ffffff",
}  # fmt: skip
_DARK = {
    "paper": "#14181e", "ink": "#dde3ea", "soft": "#98a3b1", "rule": "#5d6875", "faint": "#2b323c", "one": "#7ab2ec",
    "two": "#eda467", "good": "#6cc792", "given": "#1b2c40", "learnt": "#3a2a18", "unit": "#1c222a",
}  # fmt: skip

_RULES = """\
.cr-paper, .cr-behind {{ fill: {paper}; }}
.cr-text {{ fill: {ink}; }}
.cr-quiet {{ fill: {soft}; }}
.cr-value {{ fill: {one}; }}
.cr-delta {{ fill: {two}; }}
.cr-edge {{ stroke: {rule}; }}
.cr-same {{ stroke: {soft}; }}
.cr-back {{ stroke: {two}; }}
.cr-head {{ fill: {rule}; }}
.cr-backhead {{ fill: {two}; }}
.cr-unit, .cr-operation, .cr-box {{ fill: {unit}; stroke: {soft}; }}
.cr-input, .cr-source {{ fill: {given}; stroke: {one}; }}
.cr-weight {{ fill: {learnt}; stroke: {two}; }}
.cr-one {{ fill: {paper}; stroke: {rule}; }}
.cr-loss {{ fill: {unit}; stroke: {good}; }}
.cr-grid {{ stroke: {faint}; }}
.cr-frame {{ stroke: {rule}; }}
.cr-function {{ stroke: {one}; }}
.cr-path {{ stroke: {good}; }}
.cr-tangent {{ stroke: {two}; }}
.cr-secant {{ stroke: {soft}; }}
.cr-contour {{ stroke: {one}; }}
.cr-gradient {{ stroke: {two}; }}
.cr-descent {{ stroke: {good}; }}
.cr-gradienthead {{ fill: {two}; }}
.cr-descenthead {{ fill: {good}; }}
.cr-dot {{ fill: {ink}; stroke: {paper}; }}
.cr-step {{ fill: {good}; stroke: {paper}; }}
"""
_SHAPES = """\
.cr-picture {{ font: 13px "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "Nimbus Sans", sans-serif; }}
.cr-name {{ font-family: "STIX Two Text", "Times New Roman", Times, serif; font-style: italic; }}
.cr-line {{ fill: none; stroke-linecap: round; stroke-linejoin: round; }}
"""


def _style() -> str:
    dark = "".join(f"  {line}\n" for line in _RULES.format(**_DARK).splitlines())
    return f"{_SHAPES.format()}{_RULES.format(**_LIGHT)}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


@dataclass(frozen=True)
class Rect:
    """A rectangle between two corners."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> Rect:
        """The rectangle with a margin around it."""
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def overlap(self, other: Rect) -> float:
        """The area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0


@dataclass
class Scene:
    """Collects what is drawn: edges at the bottom, then shapes, then texts."""

    edges: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    written: list[tuple[Rect, str]] = field(default_factory=list)
    """Where each text stands, and what it says."""
    bounds: list[Rect] = field(default_factory=list)

    def line(self, d: str, kind: str, wide: float = 1.2, dashed: bool = False, opacity: float = 1.0) -> None:
        """A path of a kind."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        faint = f' opacity="{opacity:.2g}"' if opacity < 1 else ""
        self.edges.append(f'<path class="cr-line cr-{kind}" d="{d}" stroke-width="{wide:g}"{dash}{faint}/>')

    def arrowhead(self, tip: tuple[float, float], towards: tuple[float, float], kind: str, size: float = 7) -> None:
        """A triangle whose tip is at a point, that points along a unit vector."""
        (x, y), (dx, dy) = tip, towards
        left = (x - size * dx - 0.45 * size * dy, y - size * dy + 0.45 * size * dx)
        right = (x - size * dx + 0.45 * size * dy, y - size * dy - 0.45 * size * dx)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (tip, left, right))
        self.edges.append(f'<polygon class="cr-{kind}" points="{points}"/>')

    def circle(self, x: float, y: float, r: float, kind: str, wide: float = 1.4) -> None:
        """A circle of a kind."""
        self.shapes.append(f'<circle class="cr-{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" stroke-width="{wide:g}"/>')
        self.bounds.append(Rect(x - r, y - r, x + r, y + r).grown(wide))

    def box(self, rect: Rect, kind: str, rounding: float, wide: float = 1.4) -> None:
        """A rectangle with round corners."""
        self.shapes.append(_rect(rect, f"cr-{kind}", rounding, f' stroke-width="{wide:g}"'))
        self.bounds.append(rect.grown(wide))

    def text(
        self, x: float, y: float, runs: Sequence[Run], size: float, tone: Tone = "plain", anchor: str = "middle",
        behind: bool = False,
    ) -> Rect:  # fmt: skip
        """Text whose middle line is at y; with ``behind`` the paper is put behind it. Its place is returned."""
        rect = place_of(x, y, runs, size, anchor)
        if behind:
            self.texts.append(_rect(rect, "cr-behind", 3, ""))
        style = {"plain": "text", "quiet": "quiet", "value": "value", "delta": "delta"}[tone]
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.texts.append(
            f'<text class="cr-{style}" x="{x:.1f}" y="{y + 0.34 * size:.1f}" font-size="{size:g}"{where}>'
            f"{spans(runs, size)}</text>"
        )
        self.written.append((rect, plain(runs)))
        self.bounds.append(rect)
        return rect

    def extent(self) -> Rect:
        """What all shapes and texts cover."""
        return Rect(
            min(b.left for b in self.bounds), min(b.top for b in self.bounds),
            max(b.right for b in self.bounds), max(b.bottom for b in self.bounds),
        )  # fmt: skip

    def document(self, title: str, description: str, margin: float = 14) -> str:
        """The whole as an SVG document; it is as wide as its surroundings allow, and no wider than it was meant."""
        seen = self.extent().grown(margin)
        left, top = seen.left, seen.top
        across, down = seen.right - seen.left, seen.bottom - seen.top
        inside = "\n".join([*self.edges, *self.shapes, *self.texts])
        return f"""<svg xmlns="http://www.w3.org/2000/svg" class="cr-picture" role="img" \
viewBox="{left:.1f} {top:.1f} {across:.1f} {down:.1f}" width="100%" style="max-width: {across:.0f}px">
<title>{escape_xml(title)}</title>
<desc>{escape_xml(description)}</desc>
<style>
{_style()}</style>
<rect class="cr-paper" x="{left:.1f}" y="{top:.1f}" width="{across:.1f}" height="{down:.1f}"/>
{inside}
</svg>
"""


def _rect(rect: Rect, kind: str, rounding: float, more: str) -> str:
    across, down = rect.right - rect.left, rect.bottom - rect.top
    return (
        f'<rect class="{kind}" x="{rect.left:.1f}" y="{rect.top:.1f}" width="{across:.1f}" height="{down:.1f}" '
        f'rx="{rounding:g}"{more}/>'
    )


def place_of(x: float, y: float, runs: Sequence[Run], size: float, anchor: str = "middle") -> Rect:
    """Where a text would stand whose middle line is at y."""
    across, (up, down) = width(runs, size), height(runs, size)
    left = {"start": x, "middle": x - across / 2, "end": x - across}[anchor]
    baseline = y + 0.34 * size
    return Rect(left, baseline - up, left + across, baseline + down)


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """The path through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
