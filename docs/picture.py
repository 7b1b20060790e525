"""Draws docs/picture.svg, the picture of the README: a loss, its gradient as formulas, and as NumPy.

Everything in it is what chainrule prints. Run it again when that changes: ``python docs/picture.py``.
"""

from __future__ import annotations

import inspect
from html import escape
from pathlib import Path

import chainrule as cr
from chainrule.cli.equations import equations
from chainrule.cli.markup import coloured
from chainrule.pipeline import gradient_graph

PICTURE = Path(__file__).with_name("picture.svg")
LINE, LETTER, MARGIN, GAP = 19, 7.83, 18, 30
COLOURS = {"k": "#8250df", "n": "#0550ae", "s": "#0a6640", "c": "#6e7781", "": "#1f2328", "title": "#6e7781"}
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def loss(x, y, w1, b1, w2, b2):  # noqa: D103 — it is drawn as it stands
    l1 = cr.relu(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return ((l2 - y) ** 2).sum() / x.shape[0]


WRT = ["w1", "b1"]


def written() -> str:
    """The loss as it stands above, without the decorator."""
    lines = inspect.getsource(loss.__wrapped__).splitlines()
    return "\n".join(line.partition("  #")[0] for line in lines if not line.startswith("@"))


def derived() -> list[str]:
    """The lines of its gradient, as formulas."""
    traced = loss.trace()
    inputs = [i for i in traced.graph.inputs if i.name in WRT]
    return [line.formula for line in equations(gradient_graph(traced, inputs)).backward]


def rows(pieces: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Coloured pieces, a list for each line."""
    result: list[list[tuple[str, str]]] = [[]]
    for style, text in pieces:
        first, *rest = text.split("\n")
        result[-1].append((style, first))
        result += [[(style, line)] for line in rest]
    return result


def block(x: float, y: float, title: str, lines: list[list[tuple[str, str]]]) -> str:
    """A titled listing whose title stands at (x, y)."""
    drawn = [f'<text x="{x}" y="{y}" fill="{COLOURS["title"]}" font-weight="600">{escape(title)}</text>']
    for n, line in enumerate(lines, 1):
        spans = "".join(f'<tspan fill="{COLOURS[style]}">{escape(text)}</tspan>' for style, text in line)
        drawn.append(f'<text x="{x}" y="{y + 6 + n * LINE}" xml:space="preserve">{spans}</text>')
    return "\n".join(drawn)


def width(lines: list[list[tuple[str, str]]]) -> float:
    """How wide a listing is drawn."""
    return max(sum(len(text) for _, text in line) for line in lines) * LETTER


def svg() -> str:
    """The picture."""
    code = rows(coloured(written()))
    formulas = [[("", line)] for line in derived()]
    program = rows(coloured(cr.source(loss, wrt=WRT)))
    left = max(width(code), width(formulas))
    across = MARGIN + left + GAP
    total, down = across + GAP + width(program) + MARGIN, 2 * MARGIN + LINE * (len(program) + 1)
    top = 2 * MARGIN
    parts = [
        block(MARGIN, top, "you write", code),
        block(MARGIN, top + LINE * (len(code) + 3), "chainrule derives", formulas),
        block(across + GAP, top, "and prints, and runs", program),
    ]
    rule = f'<line x1="{across:.0f}" x2="{across:.0f}" y1="{MARGIN}" y2="{down - MARGIN}" stroke="#d0d7de"/>'
    body = "\n".join([rule, *parts])
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total:.0f} {down}" \
width="{total:.0f}" height="{down}" font-family="{FONT}" font-size="13">
<rect x=".5" y=".5" width="{total - 1:.0f}" height="{down - 1}" rx="8" fill="#ffffff" stroke="#d0d7de"/>
{body}
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(svg(), encoding="utf-8")
