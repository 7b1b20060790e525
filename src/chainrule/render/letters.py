"""Which letter an axis gets: from its dimension, the same throughout a derivation."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain
from itertools import count as counted

from ..ir.dims import Dim, Extent
from ..ir.graph import toposort
from ..ir.node import Input, Node, Size

_SAMPLES = {"batch", "samples", "examples", "sample"}
_POOL = "dkmijpqrstuvhgcabo"
_POOL_OF_INTEGERS = "ijpqrstuvhgcabodkm"
UNIT = "1"
"""Stands for the index of an axis of length one, which is not written."""


class Letters:
    """Gives each axis its letter; one allocator serves a whole derivation, so that a dimension keeps its letters.

    N gives n, L gives l, a batch n; a small d, k, m, i or j names its own axis; other dimensions take the first
    letter that is free. ``avoid`` holds letters that mean something else, such as the names of variables;
    ``dims`` holds dimensions whose own letters are kept for them.
    """

    def __init__(self, avoid: Iterable[str] = (), dims: Iterable[Dim] = ()) -> None:
        self._avoid = set(avoid)
        self._reserved: set[str] = set()
        self._kept: dict[str, Extent] = {own: dim for dim in dims if (own := _own(dim))}
        self._of: dict[Extent, list[str]] = {}

    @classmethod
    def for_nodes(cls, nodes: Iterable[Node], names: Iterable[str] = ()) -> Letters:
        """Letters that are not the name of an input, of a size that the nodes compute with, or another in use."""
        order = toposort(nodes)
        inputs = {node.name for node in order if isinstance(node, Input)}
        sizes = {node.dim.name for node in order if isinstance(node, Size)}
        dims = (extent for node in order for extent in node.shape if isinstance(extent, Dim))
        return cls({*names, *inputs, *sizes}, dict.fromkeys(dims))

    def reserve(self, count: int) -> list[str]:
        """Letters for entries that are asked for, i and j first, which no dimension gets from now on."""
        chosen: list[str] = []
        for letter in chain(_POOL_OF_INTEGERS, (f"i{n}" for n in counted(1))):
            if len(chosen) == count:
                break
            if letter not in self._avoid and letter not in self._kept:
                chosen.append(letter)
        self._avoid.update(chosen)
        self._reserved.update(chosen)
        return chosen

    def bind(self, extent: Extent, letter: str) -> None:
        """Let a dimension go by this letter from now on."""
        mine = self._of.setdefault(extent, [])
        if letter not in mine and letter not in self._reserved and letter != UNIT:
            mine.append(letter)

    def index(self, extent: Extent, taken: Collection[str] = ()) -> str:
        """A letter for an index; along an axis of length one there is none to be seen."""
        return UNIT if extent == 1 else self.pick(extent, taken)

    def pick(self, extent: Extent, taken: Collection[str] = ()) -> str:
        """The first letter of the dimension that is not bound already in the scope (``taken``)."""
        for letter in self._of.setdefault(extent, []):
            if letter not in taken:
                return letter
        others = {letter for letters in self._of.values() for letter in letters}
        pool = _POOL if isinstance(extent, Dim) else _POOL_OF_INTEGERS
        for letter in chain(_own(extent), pool, (f"{c}{n}" for n in counted(1) for c in "ijk")):
            free = letter not in taken and letter not in others and letter not in self._avoid
            if free and self._kept.get(letter, extent) is extent:
                break
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
