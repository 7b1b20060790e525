"""A small plot of a scalar operation and its slope, as SVG: light or dark, as the page is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.explain.pictures.contour import framed, ticks
from chainrule.ir.records import Elementwise
from chainrule.testing.traced import Traced

from .told import letters

WIDE, TALL, ROOM = 220, 132, 18
POINTS = 121
STYLE = """\
text{font:10px Helvetica,Arial,sans-serif;fill:#5b6675}path{fill:none;stroke-width:1.8;stroke-linejoin:round}
.v{stroke:#2563a8}.s{stroke:#b8560f}.a{stroke:#9aa4b0;stroke-width:1}text.v{fill:#2563a8;stroke:none}
text.s{fill:#b8560f;stroke:none}
@media(prefers-color-scheme:dark){.v{stroke:#7ab2ec}.s{stroke:#eda467}.a{stroke:#5d6875}text{fill:#98a3b1}
text.v{fill:#7ab2ec}text.s{fill:#eda467}}"""
Spot = tuple[float, float]


def held(op: Elementwise) -> dict[str, float]:
    """What the operands behind the first are held at: the middle of their samples, or 1 where that is 0."""
    middles = {}
    for i, letter in enumerate(letters(op)[1:-1], 1):
        low, high = op.samples[min(i, len(op.samples) - 1)]
        middles[letter] = round((low + high) / 2, 2) or 1.0
    return middles


def can_be_drawn(op: Elementwise) -> bool:
    """Whether it is a function of a number, with a slope."""
    return op.result in ("float", "same") and not op.conditions and not op.converts


def drawn(op: Elementwise) -> str:
    """The plot: the operation in its first operand, and its slope."""
    low, high = op.samples[0]
    room, domain = 0.35 * (high - low), op.domain_of(0)
    x = (max(low - room, domain.low), min(high + room, domain.high))
    points = np.linspace(x[0], x[1], POINTS)
    if domain.open:
        points = points[[p in domain for p in points]]
    traced = Traced(lambda v: op(v, *held(op).values()), [points])
    values, slopes = traced.value().astype(float), traced.pull()[0]
    y = _range(values, slopes)
    curves = [("s", _pieces(points, slopes, None, x, y)), ("v", _pieces(points, values, slopes, x, y))]
    where = ", ".join(f"{name} = {value:g}" for name, value in held(op).items())
    return _document(op.name, where, x, y, curves)


def _range(values: Any, slopes: Any) -> Spot:
    """From where to where: 0, the values but for a pole, and as much of the slopes as leaves the values to be seen."""
    finite = values[np.isfinite(values)]
    near, far = np.quantile(finite, (0.1, 0.9))
    low = max(float(finite.min()), float(2.5 * near - 1.5 * far))
    high = min(float(finite.max()), float(2.5 * far - 1.5 * near))
    span = max(high - low, 0.5)
    steep = slopes[np.isfinite(slopes)]
    least, most = np.quantile(steep, (0.02, 0.98)) if steep.size else (0.0, 0.0)
    low = min(0.0, low, max(float(least), low - span))
    high = max(0.0, high, min(float(most), high + span))
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _pieces(points: Any, values: Any, slopes: Any, x: Spot, y: Spot) -> list[tuple[Spot, ...]]:
    """A curve inside of the frame, broken where it jumps."""
    spots = list(zip(points.tolist(), values.tolist(), strict=True))
    parts: list[list[Spot]] = [spots[:1]]
    for n, (before, after) in enumerate(pairwise(spots)):
        steep = 0.0 if slopes is None else max(abs(slopes[n]), abs(slopes[n + 1]))
        far = abs(after[1] - before[1])
        against = slopes is not None and (after[1] - before[1]) * slopes[n] < 0
        if far > 0.12 * (y[1] - y[0]) and (against or not far <= 3 * steep * (after[0] - before[0])):
            parts.append([])
        parts[-1].append(after)
    return [piece for part in parts for piece in framed(part, x, y)]


def _document(
    name: str, where: str, x: Spot, y: Spot, curves: Sequence[tuple[str, list[tuple[Spot, ...]]]]
) -> str:  # fmt: skip
    """The picture's text."""

    def place(spot: Spot) -> str:
        across = ROOM + (spot[0] - x[0]) / (x[1] - x[0]) * (WIDE - 2 * ROOM)
        down = ROOM + (y[1] - spot[1]) / (y[1] - y[0]) * (TALL - 2 * ROOM)
        return f"{across:.1f} {down:.1f}"

    axes = "".join(
        f'<path class="a" d="M{place(start)}L{place(end)}"/>'
        for start, end in (((x[0], 0.0), (x[1], 0.0)), ((0.0, y[0]), (0.0, y[1])))
        if x[0] <= start[0] <= x[1]
    )
    lines = "".join(
        f'<path class="{kind}" d="{"".join("M" + "L".join(map(place, piece)) for piece in pieces)}"/>'
        for kind, pieces in curves
        if pieces
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {TALL}" width="{WIDE}" role="img">
<title>{name} and its slope</title><style>{STYLE}</style>
{axes}{lines}{_marks(x, y, place)}
<text class="v" x="{WIDE - 44}" y="11">value</text><text class="s" x="{WIDE - 80}" y="11">slope</text>
<text x="4" y="11">{where}</text>
</svg>
"""


def _marks(x: Spot, y: Spot, place: Any) -> str:
    """A few numbers along the axes, where they do not meet."""
    texts = []
    for value in ticks(*x, 4):
        if value:
            across, down = place((value, max(min(0.0, y[1]), y[0]))).split()
            texts.append(f'<text x="{across}" y="{float(down) + 11:.1f}" text-anchor="middle">{_number(value)}</text>')
    beside = 0.0 if x[0] <= 0 <= x[1] else x[0]
    for value in ticks(*y, 3):
        if value:
            across, down = map(float, place((beside, value)).split())
            left, anchor = (across + 4, "start") if across < 40 else (across - 4, "end")
            texts.append(f'<text x="{left:.1f}" y="{down + 3:.1f}" text-anchor="{anchor}">{_number(value)}</text>')
    return "".join(texts)


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else "∞"
