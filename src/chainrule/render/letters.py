"""Which letter an axis gets: from its dimension, the same throughout a derivation."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..ir.dims import Dim, Extent

_SAMPLES = {"batch", "samples", "examples", "sample"}
_POOL = "dkmijpqrstuvhgcabo"


class Letters:
    """Gives each axis its letter; one allocator serves a whole derivation, so that a dimension keeps its letters.

    N gives n, L gives l, a batch n; a small d, k, m, i or j names its own axis; other dimensions take the first
    letter that is free. ``avoid`` holds letters that mean something else, such as the names of variables.
    """

    def __init__(self, avoid: Iterable[str] = ()) -> None:
        self._avoid = set(avoid)
        self._of: dict[Extent, list[str]] = {}

    def bind(self, extent: Extent, letter: str) -> None:
        """Let a dimension go by this letter from now on."""
        mine = self._of.setdefault(extent, [])
        if letter not in mine:
            mine.append(letter)

    def pick(self, extent: Extent, taken: Collection[str] = ()) -> str:
        """The first letter of the dimension that is not bound already in the scope (``taken``)."""
        for letter in self._of.setdefault(extent, []):
            if letter not in taken:
                return letter
        others = {letter for letters in self._of.values() for letter in letters}
        wanted = [*_own(extent), *_POOL, *(f"{c}{n}" for n in range(1, 1000) for c in "ijk")]
        letter = next(c for c in wanted if c not in taken and c not in others and c not in self._avoid)
        self.bind(extent, letter)
        return letter


def _own(extent: Extent) -> str:
    """The letter that a dimension's name suggests; none for an integer."""
    if not isinstance(extent, Dim):
        return ""
    name = extent.name
    if name.lower() in _SAMPLES:
        return "n"
    first = name[0].lower()
    # A small n or l is a number of things in every textbook, and so no index.
    return "" if name in ("n", "l") or not (first.isascii() and first.isalpha()) else first
