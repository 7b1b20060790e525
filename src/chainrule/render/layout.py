"""From nodes to display boxes: the reader that both readings share.

A formula is for people: below a depth, or beyond a number of parts, that nobody reads it prints … and goes no
further, so that graphs of any depth and any sharing take little time and stack.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ..ir.dims import Extent
from ..ir.graph import toposort
from ..ir.node import Const, Einsum, Input, Map, Node, Size
from . import components, matrix
from .boxes import At, Box, Elided, Entries, Listing, Number, Partial, Symbol
from .letters import Letters

MAX_DEPTH, MAX_PARTS = 64, 5_000
LISTED = 5
"""Constant rows of at most this many numbers are spelled out."""

_PREFIX_D = "d_"


class Reader:
    """Reads nodes as boxes: whole arrays as symbols (``whole``), or one entry of each (``entry``).

    A named node is read as its name, except the root, which is what the formula is about. A name that begins with
    ``d_`` is read as a derivative of ``loss``. ``sums`` gives letters to the sums of products that have theirs already;
    an entry of what is in ``wholes`` is read as one of a whole array, [A @ x]_i. An axis of length one has no index.
    """

    def __init__(
        self,
        root: Node,
        names: Mapping[Node, str],
        letters: Letters,
        loss: str = "",
        sums: Mapping[Node, tuple[str, ...]] | None = None,
        wholes: frozenset[Node] = frozenset(),
    ) -> None:
        self.root = root
        self.names = names
        self.loss = loss
        self.sums = sums or {}
        self.wholes = wholes
        self._left = MAX_PARTS
        self.letters = letters
        self._taken = {*names.values(), *(n.name for n in toposort([root]) if isinstance(n, Input))}
        self._constants: dict[Node, str] = {}

    def whole(self, node: Node, depth: int = 0) -> Box:
        """The array as a whole, as linear algebra writes it."""
        if self._too_long(depth):
            return Elided()
        found = self.leaf(node, ())
        return matrix.read(self, node, depth + 1) if found is None else found

    def entry(self, node: Node, places: tuple[Box, ...], scope: frozenset[str], depth: int = 0) -> Box:
        """The array's entry at these places; ``scope`` holds the letters that are bound around it."""
        if self._too_long(depth):
            return Elided()
        found = self.leaf(node, places)
        if found is None and (node in self.wholes or self._is_softmax(node)):
            found = self._entry_of_whole(node, places, depth)
        return components.read(self, node, places, scope, depth + 1) if found is None else found

    def _is_softmax(self, node: Node) -> bool:
        """Whether it is a softmax that is written under this name, nothing inside of it having one."""
        if not isinstance(node, Map) or node.op.name != "exp" or node.args[0] in self.names:
            return False
        return matrix.softmax_of(node) is not None

    def _entry_of_whole(self, node: Node, places: tuple[Box, ...], depth: int) -> Box | None:
        """[A @ x]_i; None where linear algebra has no word for the array."""
        body = self.whole(node, depth)
        indices = long_axes(node, places)
        if has_entries(body):
            return None
        return Entries(body, indices) if indices else body

    def rearranged(self, node: Node, depth: int) -> Box:
        """A reshape, pad or concatenation that has no formula for a single entry, as a whole."""
        return matrix.rearranged(self, node, depth)

    def _too_long(self, depth: int) -> bool:
        self._left -= 1
        return depth > MAX_DEPTH or self._left < 0

    def leaf(self, node: Node, places: tuple[Box, ...]) -> Box | None:
        """A node that is read as a name or a number, with its indices if there are any; None for all others."""
        if node is not self.root and node in self.names:
            return self.symbol(self.names[node], long_axes(node, places))
        match node:
            case Input():
                return self.symbol(self.names.get(node, node.name), long_axes(node, places))
            case Const() if node.shape == ():
                return Number(node.value)
            case Const():
                if not places and len(node.shape) == 1 and len(node.value) <= LISTED:
                    return Listing(tuple(node.value.tolist()))
                return Symbol(self._constant(node), long_axes(node, places))
            case Size():
                return Symbol(node.dim.name, size=True)
            case _:
                return None

    def symbol(self, name: str, places: tuple[Box, ...] = ()) -> Box:
        """A name with indices; ``d_w`` as ∂loss/∂w where the loss has a name."""
        if self.loss and name.startswith(_PREFIX_D) and len(name) > len(_PREFIX_D):
            return Partial(Symbol(self.loss), Symbol(name.removeprefix(_PREFIX_D), places))
        return Symbol(name, places)

    def letters_in(self, box: Box) -> tuple[Box, ...]:
        """The letters that stand for whole axes in p[n, y_n]; a name in such a place is no letter."""
        places = box.places if isinstance(box, At) else ()
        return tuple(p for p in places if isinstance(p, Symbol) and not p.indices and p.name not in self._taken)

    def _constant(self, node: Node) -> str:
        """A1, A2, … for the constant arrays, in order of appearance."""
        found = self._constants.get(node)
        if found is None:
            number = len(self._constants) + 1
            while f"A{number}" in self._taken:
                number += 1
            found = self._constants[node] = f"A{number}"
            self._taken.add(found)
        return found

    def pick(self, extents: Sequence[Extent], scope: frozenset[str]) -> tuple[Box, ...]:
        """A fresh letter for each of these dimensions."""
        chosen: list[str] = []
        for extent in extents:
            chosen.append(self.letters.pick(extent, scope | set(chosen)))
        return tuple(Symbol(letter) for letter in chosen)

    def summed(self, node: Einsum, scope: frozenset[str]) -> tuple[Box, ...]:
        """The letters that a sum of products runs over: its own, or fresh ones; none for an axis of length one."""
        given = self.sums.get(node)
        if given is not None and not scope & set(given):
            return tuple(Symbol(letter) for letter in given)
        chosen: list[str] = []
        for index in node.summed:
            chosen.append(self.letters.index(node.extents[index], scope | set(chosen)))
        return tuple(map(Symbol, chosen))


def long_axes(node: Node, places: tuple[Box, ...]) -> tuple[Box, ...]:
    """The indices of the axes that are longer than one."""
    return tuple(p for p, extent in zip(places, node.shape, strict=True) if extent != 1) if places else ()


def has_entries(box: object) -> bool:
    """Whether an array in it is told by a formula for its entries."""
    stack = [box]
    while stack:
        part = stack.pop()
        if isinstance(part, Entries):
            return True
        if isinstance(part, tuple):
            stack += part
        elif dataclasses.is_dataclass(part):
            stack += [getattr(part, field.name) for field in dataclasses.fields(part)]
    return False
