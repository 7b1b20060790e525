"""Plain text no wider than a terminal: formulas, prose and tables in lines of at most so many columns, always."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from .lines import EMERGENCY, FACTOR, OPERATOR, Token, broken

WIDTH = 80
"""How many columns a line has, at most."""
GOES_ON = "↵"
"""Stands where a word is broken that has no better place."""
KEPT = "\u00a0"
"""Stands for the spaces inside of a formula in prose, which stays whole where it can."""
INDENT = "    "
"""What stands before a reason below a row of a table."""

_OPERATORS = ("+", "-", "⊙", "@", "=", "/", "·", ">", "<", "→")
_SOFT = re.compile(r"(?<=[)\]])(?=[(\[\w])|(?<=\w)(?=[(\[])|(?<=[,/])")
_LEAST = 6
_BETWEEN, _NARROWEST, _WIDEST_WORD = 2, 9, 24
_COUNT = re.compile(r"[\d,]*")


def wide(text: str) -> int:
    """The columns that a text takes: marks above a letter none, letters of East Asia two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def padded(text: str, width: int) -> str:
    """A text with spaces after it, so that it is so wide."""
    return text + " " * (width - wide(text))


def fold(formula: str, room: int) -> list[str]:
    """A formula in lines of at most ``room`` columns, broken as `lines` chooses; a word, where nothing else helps."""
    formula, room = formula.replace(KEPT, " "), max(room, _LEAST)
    if wide(formula) <= room:
        return [formula]
    return [_joined(line) for line in broken(list(_tokens(formula, room)), room)]


def prose(text: str, room: int) -> list[str]:
    """Words in lines of at most ``room`` columns, each filled before the next begins; formulas (`KEPT`) stay whole."""
    room = max(room, _LEAST)
    lines: list[str] = []
    for word in text.split(" "):
        whole = word.replace(KEPT, " ")
        if lines and wide(lines[-1]) + 1 + wide(whole) <= room:
            lines[-1] += " " + whole
        else:
            lines += fold(whole, room)
    return lines


def reason(text: str, room: int) -> list[str]:
    """A reason, marked as one."""
    first, *rest = prose(text, room - 2)
    return [f"· {first}", *(f"  {line}" for line in rest)]


def _joined(tokens: Sequence[Token]) -> str:
    return tokens[0].text + "".join(token.gap + token.text for token in tokens[1:])


def _tokens(formula: str, room: int) -> Iterator[Token]:
    """The words of a formula, with the brackets that each begins in; longer ones than there is room for in pieces."""
    depth, rank, gap = 0, FACTOR, ""
    for word in formula.split(" "):
        operator = word in _OPERATORS
        if operator:
            rank = OPERATOR
        for piece, soft in _pieces(word, room):
            yield Token(piece, wide(piece), depth, rank, gap, wide(gap))
            depth += sum((c in "([{") - (c in ")]}") for c in piece)
            rank, gap = FACTOR if soft else EMERGENCY, ""
        # What an operator stands before is not torn from it, nor the places of x[:, None] from each other.
        bound = operator or word[:1] in "Σ∏" or word.endswith(":,")
        rank, gap = EMERGENCY if bound else FACTOR, " "


def _pieces(word: str, room: int) -> Iterator[tuple[str, bool]]:
    """A word in pieces that fit, each with whether what comes after it may well begin a line."""
    if wide(word) <= room:
        yield word, True
        return
    for piece in _SOFT.split(word):
        while wide(piece) > room:
            cut = room - 1
            while wide(piece[:cut]) > room - 1:
                cut -= 1
            yield piece[:cut] + GOES_ON, False
            piece = piece[cut:]
        yield piece, True


# ---------------------------------------------------------------------------------------------- tables


def shared(natural: Sequence[float], least: Sequence[float], room: float) -> list[float] | None:
    """The widths of columns that fit together: wide ones give way, down to their least; None where that is too much."""
    if sum(least) > room:
        return None
    widths = list(natural)
    while (excess := sum(widths) - room) > 1e-9:
        # The widest give way together, until they are as wide as the next, or as narrow as one of them can be.
        givers = [i for i, w in enumerate(widths) if w > least[i] + 1e-9]
        top = max(widths[i] for i in givers)
        widest = [i for i in givers if widths[i] > top - 1e-9]
        floor = max([least[i] for i in widest] + [widths[i] for i in givers if i not in widest])
        take = min(excess / len(widest), top - floor)
        for i in widest:
            widths[i] -= take
    return widths


def table(rows: Sequence[Sequence[str]], width: int = WIDTH, *, reasons: bool = False) -> list[str]:
    """Rows of cells in columns, a rule under the first row, which is the head; cells are folded to fit.

    With ``reasons`` the last column says why, and stands below its rows where there is no room beside them. Where
    columns would be too narrow to be read, a row is a list of its cells, each after its head.
    """
    natural = [max(wide(row[i]) for row in rows) for i in range(len(rows[0]))]
    if sum(natural) + _BETWEEN * (len(natural) - 1) <= width:
        return _columns(rows, natural, (), width)
    below = [row[-1] for row in rows] if reasons else []
    cells = [row[:-1] for row in rows] if reasons else rows
    natural = natural[: len(cells[0])]
    least = [min(n, max(_NARROWEST, *(_longest_word(row[i]) for row in cells))) for i, n in enumerate(natural)]
    found = shared(natural, least, width - _BETWEEN * (len(natural) - 1))
    if found is None:
        return _listed(rows, width)
    return _columns(cells, [int(w) for w in found], below, width)


def _longest_word(cell: str) -> int:
    """The width of the longest word, up to a limit: a column narrower than that is not read."""
    return min(max(map(wide, cell.replace(KEPT, " ").split(" "))), _WIDEST_WORD)


def _columns(rows: Sequence[Sequence[str]], widths: Sequence[int], below: Sequence[str], width: int) -> list[str]:
    """Rows in columns of these widths, with the reason below each row, if there are any."""
    counts = [are_counts([row[i] for row in rows[1:]]) for i in range(len(widths))]
    groups = [_group(row, widths, counts) for row in rows]
    lines = [*groups[0], (" " * _BETWEEN).join("─" * w for w in widths)]
    apart = not below and any(len(group) > 1 for group in groups[1:])
    for number, group in enumerate(groups[1:], 1):
        lines += ["", *group] if apart and number > 1 else group
        if below and below[number]:
            lines += [INDENT + line for line in reason(below[number], width - len(INDENT))]
    return lines


def are_counts(cells: Sequence[str]) -> bool:
    """Whether all are whole numbers, some of several digits, which are compared by their length."""
    return all(map(_COUNT.fullmatch, cells)) and any(len(cell) > 2 for cell in cells)


def _group(row: Sequence[str], widths: Sequence[int], counts: Sequence[bool]) -> list[str]:
    """The lines of one row; a column of counts is set to the right."""
    folded = [prose(cell, w) for cell, w in zip(row, widths, strict=True)]
    lines = []
    for k in range(max(map(len, folded))):
        parts = [cell[k] if k < len(cell) else "" for cell in folded]
        set_out = [
            " " * (w - wide(part)) + part if count else padded(part, w)
            for part, w, count in zip(parts, widths, counts, strict=True)
        ]
        lines.append((" " * _BETWEEN).join(set_out).rstrip())
    return lines


def _listed(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Each row as a list of its cells, every one after its head."""
    head, *body = rows
    label = min(max(map(wide, head)), width // 3)
    lines: list[str] = []
    for row in body:
        lines += [""] if lines else []
        for name, cell in zip(head, row, strict=True):
            names, cells = prose(name, label), prose(cell, width - label - _BETWEEN)
            for k in range(max(len(names), len(cells)) if cell else 0):
                left = names[k] if k < len(names) else ""
                lines.append((padded(left, label + _BETWEEN) + (cells[k] if k < len(cells) else "")).rstrip())
    return lines
