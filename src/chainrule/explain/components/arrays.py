"""From index notation to whole arrays: each product and each transpose derived from which index is summed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from ...ir.dims import Extent, Shape, show_shape
from ...ir.graph import substitute, toposort
from ...ir.node import Einsum, Map, Node, Subscripts
from ...ir.telling import Indices, Step
from ...simplify.canonical import canonical
from .indexed import Allocator

_MOST = 4
"""Of more products only the outermost are told of: inside of them it is the same again."""


def as_arrays(
    entry: Node, closed: Node, names: Mapping[Node, str], axes: tuple[int, ...], allocator: Allocator, where: str
) -> tuple[Step, ...]:
    """The steps from an entry in index notation to the entry of the closed form, an array.

    ``names`` are the reader's, ``axes`` the indices of the entry.
    """
    return _Arrays(closed, names, axes, allocator, where).steps(entry)


@dataclass(frozen=True, eq=False)
class _Side:
    """A factor in a chain of products: the operand, its indices, whether it stands transposed.

    ``before`` is the index that it shares with the factor on its left, ``after`` the one with that on its right.
    """

    arg: Node
    sub: Subscripts
    transposed: bool
    before: int | None
    after: int | None

    @property
    def shape(self) -> Shape:
        return self.arg.shape[::-1] if self.transposed else self.arg.shape


class _Arrays:
    """The closed form, read entry by entry with more and more of it as whole arrays, from the inside out."""

    def __init__(
        self, closed: Node, names: Mapping[Node, str], axes: tuple[int, ...], allocator: Allocator, where: str
    ) -> None:
        self.closed = closed
        self.names = names
        self.axes = axes
        self.where = where
        self.numbers = _SumIndices(names, allocator)
        self.whole: set[Node] = set()
        self.told: list[Step] = []
        self.now = closed

    def steps(self, entry: Node) -> tuple[Step, ...]:
        """All of them, the first the closed form itself, in index notation."""
        products = self._products()
        self.whole.update(products[:-_MOST])
        self.now = entry
        self._step(self.closed, "in this order", _same(entry, self.closed))
        for node in products[-_MOST:]:
            if isinstance(node, Einsum):
                self._sum(node)
            else:
                self.whole.add(node)
                shape = show_shape(node.shape)
                self._step(self.closed, "entry by entry", f"⊙ multiplies entry by entry: {shape} ⊙ {shape}")
        self.whole.add(self.closed)
        self._step(self.closed, "as matrices", "these are the entries of one array")
        return tuple(self.told)

    def _products(self) -> list[Node]:
        """The products and sums of arrays that have no name, and what they are multiplied with by ⊙; operands first."""
        stack, seen = [self.closed], set()
        while stack:
            node = stack.pop()
            if node not in seen and node.args and (node is self.closed or node not in self.names):
                seen.add(node)
                stack += node.args
        # In a product a transpose belongs to the factor; anywhere else it is a step of its own.
        turned = {arg for node in seen if isinstance(node, Map) for arg in node.args if _is_transpose(arg)}
        found: list[Node] = []
        holds: set[Node] = set()
        for node in toposort([self.closed]):
            if node not in seen:
                continue
            inner = any(arg in holds for arg in node.args)
            own = isinstance(node, Einsum) and not node.is_layout and node.shape != () and _is_array(node)
            own |= node in turned
            times = isinstance(node, Map) and node.op.name == "mul" and all(map(_is_array, node.args))
            if own or (times and inner):
                found.append(node)
            if own or inner:
                holds.add(node)
        return found

    def _step(self, after: Node, rule: str, why: str) -> None:
        indices = Indices(self.axes, self.numbers.of(after))
        self.told.append(Step(self.now, after, rule, why, self.where, (), frozenset(), indices, frozenset(self.whole)))
        self.now = after

    def _sum(self, node: Einsum) -> None:
        """One product: its transposes first, then the product itself."""
        summed = self.numbers.of(self.closed).get(node, ())
        sides = _sides(node)
        if sides is None:
            self.whole.add(node)
            rule, why = _other(node, summed, self._called(node.args[0]))
            self._step(self.closed, rule, why)
            return
        self.whole.update(side.arg for side in sides if _is_bracket(side.arg) and side.arg not in self.names)
        turned = [side for side in sides if side.transposed]
        if turned:
            self.whole.update(side.arg.T for side in turned)
            written = self._with_transposes(node, sides, dict(zip(node.summed, summed, strict=True)))
            after = substitute([self.closed], {node: written})[0]
            letters = {i: f"{{{index}}}" for i, index in zip(node.summed, summed, strict=True)}
            self._step(after, "transpose", "; ".join(_why(side, self._called(side.arg), letters) for side in turned))
        self.whole.add(node)
        why = f"summed over the last index of the left and the first of the right: {product_shapes(node)}"
        self._step(self.closed, "product of matrices", why)

    def _with_transposes(self, node: Einsum, sides: Sequence[_Side], summed: Mapping[int, int]) -> Node:
        """The product in the order of its chain, with its transposes as arrays of their own."""
        args = [side.arg.T if side.transposed else side.arg for side in sides]
        subs = [side.sub[::-1] if side.transposed else side.sub for side in sides]
        written = Einsum.of(args, subs, node.out, dict(enumerate(node.extents)))
        order = dict.fromkeys(i for sub in subs for i in sub if i in summed)
        self.numbers.given[written] = tuple(summed[i] for i in order)
        return written

    def _called(self, node: Node) -> str:
        return self.names.get(node) or (node.name if hasattr(node, "name") else "the bracket")


class _SumIndices:
    """Numbers for the indices that sums run over: others than those of the sums around them, else the same again."""

    def __init__(self, names: Mapping[Node, str], allocator: Allocator) -> None:
        self.names = names
        self.allocator = allocator
        self._pool: dict[Extent, list[int]] = {}
        self.given: dict[Node, tuple[int, ...]] = {}

    def of(self, root: Node) -> dict[Node, tuple[int, ...]]:
        """Those of every sum in an expression."""
        around: dict[Node, frozenset[int]] = {root: frozenset()}
        found: dict[Node, tuple[int, ...]] = {}
        for node in reversed(toposort([root])):
            scope = around.get(node)
            if scope is None or (node in self.names and node is not root):
                continue
            if isinstance(node, Einsum) and node.summed:
                chosen: list[int] = list(self.given.get(node, ()))
                for i in node.summed[len(chosen) :]:
                    chosen.append(self._free(node.extents[i], {*scope, *chosen}))
                found[node] = tuple(chosen)
                scope = scope | set(chosen)
            for arg in node.args:
                around[arg] = around.get(arg, frozenset()) | scope
        return found

    def _free(self, extent: Extent, taken: set[int]) -> int:
        pool = self._pool.setdefault(extent, [])
        for index in pool:
            if index not in taken:
                return index
        pool += self.allocator.fresh(extent)
        return pool[-1]


def _same(entry: Node, closed: Node) -> str:
    """Why an entry in index notation is the closed form's."""
    if canonical(entry) is canonical(closed):
        return "the same by the rules of sums and products, in the order in which arrays are multiplied"
    return "the same numbers, as is checked at random points; the one is not rewritten into the other here"


def _is_transpose(node: Node) -> bool:
    return isinstance(node, Einsum) and node.is_layout and len(node.out) == 2 and node.subs[0] == (1, 0)


def _is_bracket(node: Node) -> bool:
    """Whether an operand without a name is to be one array: it is made of others, not only spread or turned."""
    return bool(node.args) and not (isinstance(node, Einsum) and node.is_layout) and _is_array(node)


def _is_array(node: Node) -> bool:
    """Whether it is more than a number that is spread."""
    while isinstance(node, Einsum) and node.is_layout:
        node = node.args[0]
    return node.shape != ()


def _sides(node: Einsum) -> list[_Side] | None:
    """The factors of a chain of products of matrices, from left to right; None for anything else.

    It begins with what has the first index. A vector is a column, and so ends its chain.
    """
    uses = Counter(chain(node.out, *node.subs))
    if len(node.args) < 2 or not node.summed or len(node.out) not in (1, 2) or any(n != 2 for n in uses.values()):
        return None
    if any(len(set(sub)) < len(sub) or len(sub) > 2 for sub in node.subs) or not all(map(_is_array, node.args)):
        return None
    left = [_turned_back(arg, sub) for arg, sub in zip(node.args, node.subs, strict=True)]
    sides: list[_Side] = []
    index: int | None = 0
    while left and index is not None:
        k = next(k for k, (_, sub) in enumerate(left) if index in sub)
        arg, sub = left.pop(k)
        other = next((i for i in sub if i != index), None)
        after = other if other is not None and other >= len(node.out) else None
        sides.append(_Side(arg, sub, sub[0] != index, index if index >= len(node.out) else None, after))
        index = after
    return None if left else sides


def _turned_back(arg: Node, sub: Subscripts) -> tuple[Node, Subscripts]:
    """A transposed operand as what it is the transpose of, its indices exchanged."""
    while _is_transpose(arg):
        arg, sub = arg.args[0], sub[::-1]
    return arg, sub


def _why(side: _Side, name: str, letters: Mapping[int, str]) -> str:
    """Why a factor stands transposed: from which of its indices the sum runs over."""
    if side.before is not None and side.after is not None:
        pair = f"{letters[side.before]} on its left and {letters[side.after]} on its right"
        return f"the sums run over {pair}, which {name} has the other way round, so {name} stands transposed"
    if side.before is not None:
        which, place = f"{letters[side.before]}, the last", "the first index of its right factor"
    else:
        assert side.after is not None
        which, place = f"{letters[side.after]}, the first", "the last index of its left factor"
    return f"the sum runs over {which} index of {name}; a product sums over {place}, so {name} stands transposed"


def transposed_sides(node: Einsum) -> list[tuple[Node, str]]:
    """What stands transposed in a product of arrays, and which of its axes is summed over; nothing where both are."""
    return [
        (side.arg, "first" if side.before is None else "last" if side.after is None else "")
        for side in _sides(node) or ()
        if side.transposed
    ]


def product_shapes(node: Einsum) -> str:
    """``(m, L) @ (L, n) → (m, n)`` for a product of matrices; for any other what goes in and what comes out."""
    sides = _sides(node)
    if sides is not None:
        return f"{' @ '.join(show_shape(side.shape) for side in sides)} → {show_shape(node.shape)}"
    return f"{' and '.join(show_shape(arg.shape) for arg in node.args)} → {show_shape(node.shape)}"


def _other(node: Einsum, summed: Sequence[int], name: str) -> tuple[str, str]:
    """The rule and the reason for what is no product of two matrices."""
    shapes = product_shapes(node)
    if len(node.args) == 1 and node.summed:
        letters = ", ".join(f"{{{i}}}" for i in summed)
        return "sum over an axis", f"the sum over {letters} adds what {name} has along that axis: {shapes}"
    if node.is_layout and len(node.out) == len(node.subs[0]) == 2:
        return "transpose", f"the indices of {name} change places: {shapes}"
    if node.is_layout:
        return "shared", f"{name} is the same along an axis: {shapes}"
    if not node.summed and len(node.args) == 2 and all(len(sub) == 1 for sub in node.subs):
        return "outer product", f"a column times a row, every entry of the one with every entry of the other: {shapes}"
    if not node.summed:
        return "entry by entry", f"the smaller array is the same along an axis: {shapes}"
    return "product of arrays", f"summed over what the factors share: {shapes}"
