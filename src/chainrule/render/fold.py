"""Long formulas of plain text over several lines, broken where a person would break them."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 110
"""How many columns a line of a derivation has."""

_OPERATORS = ("+ ", "- ", "⊙ ", "@ ", "= ", "/ ", "· ")


def fold(text: str, room: int) -> list[str]:
    """The text in pieces of at most ``room`` columns where it has spaces to break at.

    It is broken as far outside of brackets as possible, before an operator rather than elsewhere, and late.
    """
    pieces = []
    while len(text) > room:
        place = _best_break(text, room)
        if place is None:
            break
        pieces.append(text[:place])
        text = text[place + 1 :]
    return [*pieces, text]


def _best_break(text: str, room: int) -> int | None:
    """The space to break at; None where there is none."""
    depth = 0
    best: tuple[int, bool, int] | None = None
    late: tuple[int, bool, int] | None = None
    for i, character in enumerate(text[: room + 1]):
        depth += (character in "([{") - (character in ")]}")
        if character != " " or i == 0:
            continue
        candidate = (depth, not text.startswith(_OPERATORS, i + 1), -i)
        best = candidate if best is None or candidate < best else best
        # A first piece that is all too short is no gain.
        if i >= room // 3:
            late = candidate if late is None or candidate < late else late
    found = late or best
    return None if found is None else -found[2]


def table(rows: Sequence[Sequence[str]], width: int = WIDTH) -> list[str]:
    """Rows of cells in columns, a rule under the first row; cells of the middle columns are folded to fit the width."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    spare = width - 2 * (len(widths) - 1) - widths[0] - widths[-1]
    middle = range(1, len(widths) - 1)
    if sum(widths[i] for i in middle) > spare:
        fair = spare // max(len(middle), 1)
        slim = [i for i in middle if widths[i] <= fair]
        wide = [i for i in middle if widths[i] > fair]
        for i in wide:
            widths[i] = max(20, (spare - sum(widths[k] for k in slim)) // len(wide))
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = [fold(cell, w) for cell, w in zip(row, widths, strict=True)]
        for k in range(max(map(len, cells))):
            parts = [(cell[k] if k < len(cell) else "").ljust(w) for cell, w in zip(cells, widths, strict=True)]
            lines.append("  ".join(parts).rstrip())
        if number == 0:
            lines.append("  ".join("─" * w for w in widths))
    return lines
