"""Long formulas over several lines, broken where a person would break them; the same in every notation.

A notation takes its formulas apart into tokens and puts them together again; here it is decided which of them begin
a line. It is a choice: as far outside of brackets as possible, before an operator rather than between two factors, and
late in the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OPERATOR, FACTOR, EMERGENCY = 0, 1, 2
"""How little one likes a line to begin with a token: an operator, another part, anything."""


@dataclass(frozen=True)
class Token:
    """A part of a formula that stays in one piece.

    ``depth`` is how many brackets it stands in. ``rank`` says how a line may begin with it, None that it may not.
    ``gap`` is what stands before it where it does not begin a line. ``bracket`` is 1 for one that opens, -1 for one
    that closes.
    """

    text: str
    width: float
    depth: int = 0
    rank: int | None = None
    gap: str = ""
    gap_width: float = 0.0
    bracket: int = 0

    @property
    def advance(self) -> float:
        """The room that it takes inside a line."""
        return self.gap_width + self.width


def extent(tokens: Iterable[Token]) -> float:
    """How wide tokens are in one line."""
    total, first = 0.0, True
    for token in tokens:
        total += token.width if first else token.advance
        first = False
    return total


def broken(tokens: Sequence[Token], room: float, rest: float | None = None) -> list[list[Token]]:
    """Tokens in lines: the first as wide as ``room``, those after it as wide as ``rest``, where that can be."""
    lines: list[list[Token]] = []
    left = list(tokens)
    while extent(left) > room:
        place = _best(left, room)
        if place is None:
            break
        lines.append(left[:place])
        left = left[place:]
        room = room if rest is None else rest
    return [*lines, left]


def _best(tokens: Sequence[Token], room: float) -> int | None:
    """The token that had best begin the next line; None where no token may."""
    best: tuple[int, int, int] | None = None
    late: tuple[int, int, int] | None = None
    before = 0.0
    for i, token in enumerate(tokens):
        if before > room and (best is not None):
            break
        if i and token.rank is not None:
            candidate = (token.depth + 99 * (token.rank == EMERGENCY), token.rank, -i)
            best = candidate if best is None or candidate < best else best
            # A first line that is all too short is no gain, unless the other way is to tear things apart.
            if before >= room / 3 and token.rank != EMERGENCY:
                late = candidate if late is None or candidate < late else late
        before += token.width if i == 0 else token.advance
    found = late or best
    return None if found is None else -found[2]


def parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens taken apart at the best of their breaks: those least deep, at operators if there are any."""
    ranks = [(t.depth + 99 * (t.rank == EMERGENCY), t.rank) for t in tokens[1:] if t.rank is not None]
    if not ranks:
        return [list(tokens)]
    best = min(ranks)
    found: list[list[Token]] = [[tokens[0]]]
    for token in tokens[1:]:
        if token.rank is not None and (token.depth + 99 * (token.rank == EMERGENCY), token.rank) == best:
            found.append([token])
        else:
            found[-1].append(token)
    return found
