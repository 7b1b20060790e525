"""The parts a report is made of: tables, coloured Python, small pictures, curves. Each is a piece of HTML.

What is passed as a text is escaped here; what is passed as HTML says so in its name.
"""

from __future__ import annotations

import base64
import io
import keyword
import math
import struct
import tokenize
import zlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

_CLASSES = {tokenize.COMMENT: "c", tokenize.STRING: "s", tokenize.NUMBER: "n"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table of texts; columns of numbers are set right by the style sheet's class ``num``."""
    rows = [list(row) for row in rows]
    numeric = [all(_is_number(row[n]) for row in rows) for n in range(len(head))]
    classes = [' class="num"' if is_number else "" for is_number in numeric]
    top = "".join(f"<th{c}>{escape(text)}</th>" for c, text in zip(classes, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{c}>{escape(text)}</td>" for c, text in zip(classes, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{title}<thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").removesuffix("%").removesuffix(" s"))
    except ValueError:
        return False
    return True


def python(source: str) -> str:
    """Python with its keywords, numbers, strings and comments in classes. The text itself is unchanged."""
    pieces = (f'<span class="{c}">{escape(text)}</span>' if c else escape(text) for c, text in coloured(source))
    return f'<pre class="wide"><code>{"".join(pieces)}</code></pre>'


def coloured(source: str) -> list[tuple[str, str]]:
    """The pieces of a Python text, each with its class: k(eyword), n(umber), s(tring), c(omment), or none."""
    lines = source.rstrip("\n").split("\n")
    pieces: list[tuple[str, str]] = []
    end = (1, 0)
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline):
        style = _CLASSES.get(token.type) or ("k" if keyword.iskeyword(token.string) else "")
        if style:
            pieces += [("", _between(lines, end, token.start)), (style, token.string)]
            end = token.end
    pieces.append(("", _between(lines, end, (len(lines), len(lines[-1])))))
    return [(style, text) for style, text in pieces if text]


def _between(lines: Sequence[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text from one place to another; rows are counted from 1, as `tokenize` does."""
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right]
    return "\n".join([lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]])


def picture(pixels: np.ndarray[Any, Any], alt: str) -> str:
    """A grey image (rows, columns) of numbers from 0, which is white, to 1, as a PNG inside the page."""
    grey = np.round(255 * (1 - np.clip(pixels, 0, 1))).astype(np.uint8)
    height, width = grey.shape
    # Each row begins with the number of its filter; 0 is none.
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in grey), 9)
    parts = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")
    chunks = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts]
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()
    return f'<img src="data:image/png;base64,{data}" width="64" height="64" alt="{escape(alt)}">'


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 230, 44, 14, 30, 34


def curves(title: str, series: Mapping[str, Sequence[float]], *, percent: bool = False) -> str:
    """Lines over the epochs 1, 2, …, as an SVG that takes its colours from the page. Each value is finite."""
    values = [v for line in series.values() for v in line]
    ticks = nice_ticks(min(values) if percent else 0.0, max(values))
    epochs = max(len(line) for line in series.values())
    low, high = ticks[0], ticks[-1]

    def x(epoch: float) -> float:
        return LEFT + (epoch - 1) / max(1, epochs - 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="0" y="14" class="title">{escape(title)}</text>']
    for tick in ticks:
        label = f"{tick:.4g}" if not percent else f"{100 * tick:.4g}%"
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{label}</text>')
    for epoch in sorted({1, *(round(t) for t in nice_ticks(1, epochs)[1:-1]), epochs}):
        parts.append(f'<text x="{x(epoch):.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{epoch}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 2}" text-anchor="middle">epoch</text>')
    for n, (name, line) in enumerate(series.items(), 1):
        points = " ".join(f"{x(e):.1f},{y(v):.1f}" for e, v in enumerate(line, 1))
        parts.append(f'<polyline class="line{n}" points="{points}"/>')
        across = WIDTH - RIGHT - 90 * (len(series) - n)
        parts.append(f'<text class="key{n}" x="{across}" y="14" text-anchor="end">{escape(name)}</text>')
    drawing = "\n".join(parts)
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{drawing}</svg>'


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) from below ``low`` to above ``high``.

    >>> nice_ticks(0.63, 1)
    [0.6, 0.7, 0.8, 0.9, 1.0]
    """
    span = high - low if high > low else abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(factor for factor in (1, 2, 5, 10, 20) if span / (factor * step) <= most - 1)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, max(last, first + 1) + 1)]
