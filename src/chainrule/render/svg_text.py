"""Text in a picture: names as mathematics writes them, numbers, short formulas; and how wide all that is.

Browsers choose the font, so widths are those of the common sans-serif and serif fonts, the wider of the two, and a
little more: what is placed by them does not overlap.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ..ir.picture import Formula, Label, Number, Piece, Symbol
from .formula import show
from .names import ACCENTS, escape_xml, parse_name

SMALLEST = 11.0
"""No text is smaller than this, subscripts neither."""

_PER_WIDTH = {
    220: "'′", 260: "⁽⁾", 280: " ,./\\fijlt|ι·", 340: "!()-:;I`²³’¹", 400: "[]r{}τᵀ•", 420: '"″⁰⁴⁵⁶⁷⁸⁹', 460: "εζξ",
    500: "^*Jcksvxyzγκλν∂ŷ‖", 540: "χ⁻⁺", 560: "#$0123456789?L_abdeghnopquδηθυ√÷±≤≥≠–", 580: "αβμρΓ", 620: "~FTZσΣ",
    680: "φΞ+<=>ABEKPSVXYΔΛΥ∇×−", 700: "π", 720: "ψ∞", 740: "CDHNRUwΠ", 780: "Ω&GOQΘ", 840: "ωΦMmΨ⊙⊗½¼¾∏", 900: "%",
    960: "W", 1020: "⋮…→←—@",
}  # fmt: skip
"""Characters by their width in thousandths of the font size (Helvetica's and Times Italic's metrics)."""
_WIDTH = {character: width for width, characters in _PER_WIDTH.items() for character in characters}
_UNKNOWN, _ROOM = 900, 1.04

_POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_TOKENS = re.compile(
    r"[^\W\d_\u00b2\u00b3\u00b9\u2070-\u209f\u1d40][^\W\u00b2\u00b3\u00b9\u2070-\u209f\u1d40]*[′″‴]*"
    r"|\d+(?:\.\d+)?(?:e[-+]?\d+)?| @ |\s+|."
)


@dataclass(frozen=True)
class Run:
    """A piece of text in one style; ``back``: it stands above the subscript before it."""

    text: str
    italic: bool = False
    place: Literal["", "sub", "sup"] = ""
    back: bool = False


def typeset(label: Label) -> tuple[Run, ...]:
    """A label as runs of text."""
    return _joined(run for piece in label for run in _piece(piece))


def _piece(piece: Piece) -> list[Run]:
    match piece:
        case str():
            return [Run(piece)]
        case Number(value, digits):
            return [Run(number(value, digits))]
        case Symbol(name, index):
            return _symbol(name, index)
        case Formula():
            return _formula(piece)


def _symbol(name: str, index: Sequence[str] = ()) -> list[Run]:
    """A name; beside an index, the number in a name is the layer's: W1 with 2, 3 is W with 23 below and (1) above."""
    parsed = parse_name(name)
    base = unicodedata.normalize("NFC", parsed.base + ACCENTS.get(parsed.accent, ""))
    below, above = list(parsed.subscripts), f"({parsed.superscript})" if parsed.superscript else ""
    if not above and index and below and below[0].isdigit():
        above = f"({below.pop(0)})"
    runs = [Run(base, italic=True)]
    below += [_run_of(index)] if index else []
    if below:
        runs.append(Run(",".join(below), italic=not "".join(below).isdigit(), place="sub"))
    if above:
        runs.append(Run(above, place="sup", back=bool(below)))
    return runs


def _run_of(index: Sequence[str]) -> str:
    """12, or 1,12 where a place is longer than a letter."""
    return ("" if all(len(place) == 1 for place in index) else ",").join(index)


def _formula(piece: Formula) -> list[Run]:
    """A formula in plain text's notation, its names set as names; a matrix product needs no sign."""
    text = show(piece.node, "text", names=piece.names)
    runs: list[Run] = []
    tokens: list[str] = _TOKENS.findall(text)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token == " @ ":
            runs.append(Run("\u2009"))
        elif token == "ᵀ":
            runs.append(Run("T", place="sup"))
        elif token == "-":
            runs.append(Run("−"))
        elif token[0].isdigit() and "e" in token:
            runs.append(Run(number(float(token), 6)))
        elif token[0] in "Σ∏":
            runs += [Run(token[0]), *([Run(token[2:], italic=True, place="sub")] if token[1:2] == "_" else [])]
        elif token[0].isalpha() and following != "(":
            runs += _symbol(token)
        else:
            runs.append(Run(token))
    return runs


def _joined(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Runs of one style after another made one."""
    done: list[Run] = []
    for run in runs:
        last = done[-1] if done else None
        if last is not None and replace(last, text="") == replace(run, text="") and not run.back:
            done[-1] = replace(last, text=last.text + run.text)
        else:
            done.append(run)
    return tuple(done)


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits: 0.123, −12, 1.2·10⁻⁵.

    >>> number(-0.12345), number(2.0), number(1234.56), number(0.000012345), number(float("nan"))
    ('−0.123', '2', '1235', '1.2·10⁻⁵', 'NaN')
    """
    if value != value:
        return "NaN"
    sign = "−" if value < 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    if size == 0:
        return "0"
    exponent = math.floor(math.log10(size))
    if -4 < exponent < 5:
        places = max(0, digits - 1 - exponent)
        text = f"{size:.{places}f}"
        return sign + (text.rstrip("0").rstrip(".") if "." in text else text)
    mantissa, _, power = f"{size:.{max(0, digits - 2)}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    raised = "".join("⁻" if c == "-" else _POWERS[int(c)] for c in str(int(power)))
    return f"{sign}10{raised}" if mantissa == "1" else f"{sign}{mantissa}·10{raised}"


# ---------------------------------------------------------------------------------------------- sizes


def _size(run: Run, size: float) -> float:
    return max(SMALLEST, 0.74 * size) if run.place else size


def width(runs: Sequence[Run], size: float) -> float:
    """How wide the runs are at a font size."""
    return _ROOM * sum(0.0 if run.back else _advance(run, size) for run in runs) + _overhang(runs, size)


def _advance(run: Run, size: float) -> float:
    letters = (c for c in unicodedata.normalize("NFC", run.text) if not unicodedata.combining(c))
    return sum(_WIDTH.get(c, _width_of_unknown(c)) for c in letters) * _size(run, size) / 1000


def _width_of_unknown(character: str) -> int:
    base = unicodedata.normalize("NFD", character)[0]
    if character == "\u2009":
        return 200
    return _WIDTH.get(base, 1000 if unicodedata.east_asian_width(character) in "WF" else _UNKNOWN)


def _overhang(runs: Sequence[Run], size: float) -> float:
    """By how much superscripts are longer than the subscripts that they stand above."""
    extra = 0.0
    for below, above in pairwise(runs):
        if above.back:
            extra += max(0.0, _ROOM * (_advance(above, size) - _advance(below, size)))
    return extra


def height(runs: Sequence[Run], size: float) -> tuple[float, float]:
    """How far the runs reach above and below their baseline."""
    up, down = 0.78 * size, 0.24 * size
    if any(run.place == "sup" for run in runs):
        up = max(up, 0.50 * size + 0.75 * max(SMALLEST, 0.74 * size))
    if any(run.place == "sub" for run in runs):
        down = max(down, 0.28 * size + 0.24 * max(SMALLEST, 0.74 * size))
    return up, down


# ---------------------------------------------------------------------------------------------- SVG


def spans(runs: Sequence[Run], size: float) -> str:
    """The runs as tspans, to stand in a text element of this font size."""
    parts: list[str] = []
    shift, left = 0.0, 0.0
    for n, run in enumerate(runs):
        wanted = {"": 0.0, "sub": 0.28 * size, "sup": -0.50 * size}[run.place]
        attributes = ' class="cr-name"' if run.italic else ""
        if run.place:
            attributes += f' font-size="{_size(run, size):g}"'
        if wanted != shift:
            attributes += f' dy="{wanted - shift:.1f}"'
        dx = left
        left = 0.0
        if run.back:
            below, own = _advance(runs[n - 1], size), _advance(run, size)
            dx -= below
            left = max(0.0, below - own)
        if abs(dx) > 0.05:
            attributes += f' dx="{dx:.1f}"'
        shift = wanted
        text = escape_xml(run.text)
        parts.append(f"<tspan{attributes}>{text}</tspan>" if attributes else text)
    return "".join(parts)


def plain(runs: Sequence[Run]) -> str:
    """The runs as plain text, for readers that hear it."""
    return "".join(run.text for run in runs)


def wrapped(runs: Sequence[Run], size: float, widest: float) -> list[tuple[Run, ...]]:
    """The runs as lines that are no wider than told, broken at spaces where that is possible."""
    words: list[list[Run]] = [[]]
    for run in runs:
        first, *rest = run.text.split(" ")
        if first:
            words[-1].append(replace(run, text=first))
        words += [[replace(run, text=word)] if word else [] for word in rest]
    lines: list[tuple[Run, ...]] = []
    line: tuple[Run, ...] = ()
    for word in filter(None, words):
        longer = _joined([*line, Run(" "), *word]) if line else tuple(word)
        if line and width(longer, size) > widest:
            lines.append(line)
            longer = tuple(word)
        line = longer
    return [*lines, line] if line else lines
