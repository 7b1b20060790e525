"""MathML formulas in pieces between which a browser may end a line: browsers do not break a formula by themselves.

A formula that is too wide for a narrow screen becomes several, in nested boxes: a browser breaks between the parts of
the outer box first, and inside of one only where it does not fit a line by itself. So the page needs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from .lines import EMERGENCY, FACTOR, OPERATOR, Token, extent, parts

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
LONGEST = 12.0
"""The width of a formula that is never broken, in em: it fits the narrowest screen, beside what stands before it."""
_SIGNS, _OPEN, _CLOSE = frozenset("+−=⊙@·<>≤≥≠/"), frozenset("([‖|{"), frozenset(")]‖|}")
_BIG = frozenset("∑∏")
_HIGH = '<mo minsize="2.2em">'
"""A bracket whose partner stands in another piece, around something high."""
_TALL = frozenset(("mfrac", "mtable", "munder", "msqrt"))
_INVISIBLE = frozenset("\u2061\u2062")
_SCRIPT = 0.72
_NARROW, _WIDE = frozenset("iljtf.,:;'|!1 "), frozenset("mwMW")


def pieces(formula: str, *, display: bool = False) -> str:
    """A ``<math>`` element as HTML that a browser can break: itself, if it is short.

    In a line of text it is low, by itself (``display``) as high as it is.
    """
    root = ElementTree.fromstring(f"<mrow>{_inner(formula)}</mrow>")
    found = list(_flattened(root, 0))
    if extent(found) <= LONGEST:
        return _math(_source(root), display)
    return _nested(_marked(found), display)


def width(formula: str) -> float:
    """How wide a ``<math>`` element is in one line, in em."""
    return _width(ElementTree.fromstring(f"<mrow>{_inner(formula)}</mrow>"))


def _inner(formula: str) -> str:
    """What stands inside the ``<math>`` elements of a formula."""
    return "".join(part.partition(">")[2] if part.startswith("<math") else part for part in _split(formula))


def _split(formula: str) -> list[str]:
    return [part for part in formula.replace("</math>", "").replace("<math", "\0<math").split("\0") if part]


def _math(row: str, display: bool) -> str:
    """A row as a formula, its brackets no larger than they have to be."""
    root = ElementTree.fromstring(row)
    for element in root.iter():
        if not any(child.tag in _TALL for child in element.iter()):
            for child in element:
                if _sign(child) in _OPEN | _CLOSE and not child.get("minsize"):
                    child.set("stretchy", "false")
    style = ' displaystyle="true"' if display else ""
    return f"<math{style}>{_source(root)}</math>"


def _nested(tokens: Sequence[Token], display: bool) -> str:
    """Tokens as one formula, or as a box of several."""
    found = parts(tokens)
    across = extent(tokens)
    if across <= LONGEST or len(found) == 1:
        formula = _math(f"<mrow>{_spelled(tokens)}</mrow>", display)
        kind = ' class="wide"' if across > LONGEST else ""
        return f"<span{kind}>{formula}</span>"
    inside = "".join(_nested(part, display) for part in _together(found))
    return f'<span class="parts">{inside}</span>'


def _together(found: Sequence[list[Token]]) -> list[list[Token]]:
    """Parts with short ones drawn together: fewer pieces to break between."""
    result: list[list[Token]] = [list(found[0])]
    for part in found[1:]:
        if extent(result[-1]) + extent(part) <= LONGEST / 2:
            result[-1] += part
        else:
            result.append(list(part))
    return result


def _marked(tokens: Sequence[Token]) -> list[Token]:
    """Tokens in which the brackets around something high are marked: in pieces apart they have to be as high."""
    result = list(tokens)
    opened: list[int] = []
    for i, token in enumerate(tokens):
        if token.bracket > 0:
            opened.append(i)
        elif token.bracket < 0 and opened:
            start = opened.pop()
            if any(f"<{tag}" in inside.text for inside in tokens[start:i] for tag in _TALL):
                for j in (start, i):
                    result[j] = replace(tokens[j], text=tokens[j].text.replace("<mo>", _HIGH, 1))
    return result


# ---------------------------------------------------------------------------------------------- taken apart


def _flattened(element: Element, depth: int) -> Iterator[Token]:
    """The children of a row as tokens, those of rows inside of it too."""
    rank: int | None = None
    operand = False
    for child in element:
        sign = _sign(child)
        if sign in _INVISIBLE or child.tag == "mspace":
            rank = FACTOR if rank is not None or operand else None
            yield Token(_source(child), 0.2 if child.tag == "mspace" else 0.0, depth)
            continue
        found = list(_opened(child, depth))
        begins = OPERATOR if operand and sign in _SIGNS else rank
        first = found[0]
        yield Token(first.text, first.width, first.depth, begins if first.bracket >= 0 else None, bracket=first.bracket)
        yield from found[1:]
        depth += sum(token.bracket for token in found)
        operand = not (sign in _SIGNS or sign in _OPEN or sign in _BIG or child.tag == "munder")
        rank = FACTOR if sign == "," or child.tag == "mrow" else EMERGENCY if operand else None


def _opened(child: Element, depth: int) -> Iterator[Token]:
    """One child as tokens: rows are gone into, and what is too wide to stay in one piece."""
    across = _width(child)
    if child.tag == "mrow" and len(child):
        yield from _flattened(child, depth)
    elif across > LONGEST and child.tag == "mfrac":
        yield from _bracketed(child[0], depth)
        yield Token("<mo>/</mo>", 0.7, depth, OPERATOR)
        yield from _bracketed(child[1], depth)
    elif across > LONGEST and child.tag in ("msup", "msub") and child[0].tag == "mrow":
        # The script goes to the bracket that closes.
        *inside, last = _flattened(child[0], depth)
        yield from inside
        script = f"<{child.tag}><mrow>{last.text}</mrow>{_source(child[1])}</{child.tag}>"
        yield Token(script, last.width + _SCRIPT * _width(child[1]), last.depth, bracket=last.bracket)
    else:
        sign = _sign(child)
        bracket = (sign in _OPEN and sign not in _CLOSE) - (sign in _CLOSE and sign not in _OPEN)
        yield Token(_source(child), across, depth - (bracket < 0), bracket=bracket)


def _bracketed(child: Element, depth: int) -> Iterator[Token]:
    if child.tag != "mrow":
        yield from _opened(child, depth)
        return
    yield Token("<mo>(</mo>", 0.4, depth, bracket=1)
    yield from _flattened(child, depth + 1)
    yield Token("<mo>)</mo>", 0.4, depth, bracket=-1)


def _sign(element: Element) -> str:
    return (element.text or "") if element.tag == "mo" else ""


def _source(element: Element) -> str:
    return ElementTree.tostring(element, encoding="unicode")


def _letter_width(letter: str) -> float:
    """How wide a letter or sign is, in em."""
    for width, letters in ((0.4, _NARROW), (1.7, _BIG), (1.1, _WIDE), (0.5, _OPEN | _CLOSE)):
        if letter in letters:
            return width
    return 0.8 if letter.isupper() else 0.6


def _width(element: Element) -> float:
    """How wide an element is, in em; on the wide side."""
    tag = element.tag
    if tag in ("mi", "mn", "mo", "mtext"):
        text = element.text or ""
        if text in _INVISIBLE:
            return 0.0
        room = 0.55 if tag == "mo" and text in _SIGNS else 0.0
        return room + sum(map(_letter_width, text))
    if tag == "mspace":
        return 0.2
    inside = [_width(child) for child in element]
    match tag:
        case "mfrac":
            return max(inside) + 0.3
        case "msup" | "msub":
            return inside[0] + _SCRIPT * inside[1]
        case "msubsup":
            return inside[0] + _SCRIPT * max(inside[1:])
        case "munder":
            return max(inside[0], _SCRIPT * inside[1])
        case "mover":
            return inside[0]
        case "msqrt":
            return sum(inside) + 0.9
        case "mtable":
            rows = [[_width(cell) for cell in row] for row in element]
            return sum((max(column) + 0.9 for column in zip(*rows, strict=True)), 0.0)
        case _:
            return sum(inside)


# ---------------------------------------------------------------------------------------------- put together


def _spelled(tokens: Sequence[Token]) -> str:
    """Tokens as the inside of a formula; a pair of brackets is a row of its own, as high as what is inside."""
    first = tokens[0].text
    if tokens[0].rank == OPERATOR and first.startswith("<mo>"):
        # At the beginning of a formula it would be taken for a sign in front of a number.
        first = '<mo form="infix">' + first.removeprefix("<mo>")
    texts = [first, *(token.text for token in tokens[1:])]
    rows: list[list[str]] = [[]]
    for text, token in zip(texts, tokens, strict=True):
        if token.bracket > 0:
            rows.append([text])
        elif token.bracket < 0 and len(rows) > 1:
            inside = rows.pop()
            rows[-1].append(f"<mrow>{''.join([*inside, text])}</mrow>".replace(_HIGH, "<mo>"))
        else:
            rows[-1].append(text)
    return "".join("".join(row) for row in rows)
