"""Index notation as a graph: every letter is an axis, a Σ sums over its letters, δ is Kronecker's.

An expression is a node together with the letter of each of its axes; what stands beside each other is a product over
all their letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..ir import registry
from ..ir.build import as_node, broadcast, cast
from ..ir.dims import Extent
from ..ir.graph import toposort
from ..ir.node import D, Delta, Einsum, Map, Node, Reshape, Scatter
from ..ir.records import Elementwise
from .notation import Reader
from .notation_tokens import NotationError, told_by_formula
from .notation_tree import Apply, At, Index, Neg, Num, Pair, Part, Sum, Sym, Tree, Turned

_PLAIN = {"+": "add", "-": "sub", "/": "div", "^": "pow", "<": "less", "<=": "less_equal", ">": "greater",
          ">=": "greater_equal", "==": "equal", "!=": "not_equal"}  # fmt: skip
_RECORDS = {"σ": "sigmoid", "ln": "log", "clip": "clipped"}


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry of a node: its axes' letters, in order."""

    node: Node
    letters: tuple[str, ...]


def parse_indexed(text: str, scope: Mapping[str, Node], axes: Mapping[str, Extent]) -> Node:
    """A formula in index notation as a node with these ``axes``, a letter and its length each, in their order.

    ``scope`` gives what each name means, names of sizes among them. Raises NotationError where it cannot be read, an
    index stands for two lengths, a letter is bound by no sum and is no axis, or an array lacks indices.
    """
    tree = Reader(text, scope).read()
    walk = _Walk(scope, axes)
    with told_by_formula():
        walk.find_lengths(tree)
        found = walk.value(tree)
    unbound = [letter for letter in found.letters if letter not in axes]
    if unbound:
        raise NotationError(f"the index {unbound[0]} is bound by no sum, and the left side does not have it")
    return walk.aligned(found, tuple(axes))


def unknown_function(tree: Apply, scope: Mapping[str, Node]) -> Elementwise | None:
    """The function without a formula, or a slope of it, that is meant: one that the names of the scope are made of."""
    found = registry.symbols.get((tree.name, tree.primes))
    if found is None:
        return None
    used = {node.op.symbol[0] for node in toposort(scope.values()) if isinstance(node, Map) and node.op.symbol}
    return found if tree.name in used else None


class _Walk:
    """Entries of the parts of a formula."""

    def __init__(self, scope: Mapping[str, Node], axes: Mapping[str, Extent]) -> None:
        self.scope = scope
        self.lengths: dict[str, Extent] = dict(axes)

    def find_lengths(self, tree: Tree) -> None:
        """The length that each letter runs over, from the arrays that have it."""
        stack: list[Tree] = [tree]
        while stack:
            part = stack.pop()
            match part:
                case Sym(name, indices) if indices is not None and name in self.scope:
                    self._fit(name, _long_axes(self.scope[name], indices), indices)
                case Apply(_, _, args):
                    stack += args
                case Sum(_, body) | Neg(body) | Turned(body) | At(body, _):
                    stack.append(body)
                case Pair(_, left, right) | Part(left, right):
                    stack += [left, right]

    def _fit(self, name: str, node: Node, indices: Sequence[Index]) -> None:
        if len(indices) != len(node.shape):
            raise NotationError(f"{name} has {len(node.shape)} axes, and {len(indices)} indices are written behind it")
        for index, extent in zip(indices, node.shape, strict=True):
            if isinstance(index, Sym):
                self.find_lengths(index)
            if not isinstance(index, int) and self.lengths.setdefault(self._letter(index), extent) != extent:
                known = self.lengths[self._letter(index)]
                raise NotationError(f"the index {index} runs over {known} elsewhere, and over {extent} in {name}")

    def value(self, tree: Tree) -> Entry:
        """Any part of a formula."""
        match tree:
            case Num(value):
                return Entry(as_node(float(value)), ())
            case Sym():
                return self._symbol(tree)
            case Apply():
                return self._applied(tree)
            case Sum(letters, body, _):
                return self._summed(letters, self.value(body))
            case Neg(body):
                inner = self.value(body)
                return Entry(-inner.node, inner.letters)
            case Pair("" | "*" | "⊙", left, right):
                return self._product(self.value(left), self.value(right))
            case Pair(sign, left, right) if sign in _PLAIN:
                return self._entrywise(_PLAIN[sign], [self.value(left), self.value(right)])
            case Part(top, bottom):
                return self._partial(self.value(top), self.value(bottom))
            case _:
                raise NotationError("whole arrays (transposes, @) have no place in index notation: write the indices")

    def _symbol(self, tree: Sym) -> Entry:
        indices = () if tree.indices is None else tree.indices
        if tree.name == "δ" and tree.name not in self.scope:
            return self._delta(indices)
        if tree.name not in self.scope:
            raise NotationError(f"nothing is called {tree.name!r}; known are {', '.join(self.scope)}")
        node = _long_axes(self.scope[tree.name], indices)
        self._fit(tree.name, node, indices)
        if any(isinstance(index, int) for index in indices):
            node = node[tuple(index if isinstance(index, int) else slice(None) for index in indices)]
        plain = self._distinct(node, tuple(self._letter(index) for index in indices if not isinstance(index, int)))
        for index in indices:
            if isinstance(index, Sym):
                # The entry at a named place: Σ_k x_nk δ_{k y_n}.
                letter = self._letter(index)
                plain = self._summed([letter], self._product(plain, self._chosen(index, letter)))
        return Entry(cast(plain.node, "float") if plain.node.kind == "bool" else plain.node, plain.letters)

    def _letter(self, index: Index) -> str:
        """The letter of an axis; one of its own for an entry that names a place."""
        return index if isinstance(index, str) else f"at {index}"

    def _chosen(self, index: Sym, letter: str) -> Entry:
        """δ between an entry that names a place and a letter: a row of zeros with a single one."""
        places = self._symbol(index)
        if letter not in self.lengths:
            raise NotationError(f"nothing says how far {letter} runs")
        rank, length = len(places.letters), self.lengths[letter]
        ones = broadcast(as_node(1.0), places.node.shape)
        hot = Scatter.make((ones, cast(places.node, "int")), (rank, rank, length))
        return Entry(hot, (*places.letters, letter))

    def _distinct(self, node: Node, letters: Sequence[str]) -> Entry:
        """An entry whose letters are all different: A_ii is the diagonal."""
        out = tuple(dict.fromkeys(letters))
        if len(out) == len(letters):
            return Entry(node, out)
        place = {letter: k for k, letter in enumerate(out)}
        extents = {place[letter]: extent for letter, extent in zip(letters, node.shape, strict=True)}
        return Entry(Einsum.of([node], [tuple(place[c] for c in letters)], tuple(range(len(out))), extents), out)

    def _delta(self, indices: Sequence[Index]) -> Entry:
        match indices:
            case (str() as letter, Sym() as chosen) | (Sym() as chosen, str() as letter):
                return self._chosen(chosen, letter)
            case (str() as first, str() as second):
                letters = (first, second)
            case _:
                raise NotationError("Kronecker's delta has two letters: δ_ij")
        length = self.lengths.get(letters[0], self.lengths.get(letters[1]))
        if length is None:
            raise NotationError(f"nothing says how far {letters[0]} and {letters[1]} run")
        for letter in letters:
            if self.lengths.setdefault(letter, length) != length:
                raise NotationError(f"{letters[0]} and {letters[1]} run over different lengths, so no δ ties them")
        return self._distinct(Delta.of(length), letters)

    def _summed(self, letters: Sequence[str], body: Entry) -> Entry:
        gone = letters or body.letters
        missing = [letter for letter in gone if letter not in body.letters]
        if missing:
            raise NotationError(f"the sum runs over {missing[0]}, and nothing behind it has that index")
        kept = tuple(letter for letter in body.letters if letter not in gone)
        return Entry(self._einsum([body], kept), kept)

    def _product(self, left: Entry, right: Entry) -> Entry:
        letters = tuple(dict.fromkeys((*left.letters, *right.letters)))
        return Entry(self._einsum([left, right], letters), letters)

    def _einsum(self, entries: Sequence[Entry], out: tuple[str, ...]) -> Node:
        place = {letter: k for k, letter in enumerate(dict.fromkeys([*out, *(c for e in entries for c in e.letters)]))}
        extents = {place[c]: s for e in entries for c, s in zip(e.letters, e.node.shape, strict=True)}
        extents |= {place[c]: self.lengths[c] for c in out if place[c] not in extents}
        subs = [tuple(place[c] for c in e.letters) for e in entries]
        return Einsum.of([cast(e.node, "float") for e in entries], subs, tuple(place[c] for c in out), extents)

    def aligned(self, entry: Entry, letters: tuple[str, ...]) -> Node:
        """The node with these axes: transposed, and spread along those it does not have."""
        unknown = [c for c in letters if c not in entry.letters and c not in self.lengths]
        if unknown:
            raise NotationError(f"nothing says how far {unknown[0]} runs")
        return self._einsum([entry], letters)

    def _entrywise(self, name: str, entries: Sequence[Entry]) -> Entry:
        letters = tuple(dict.fromkeys(c for e in entries for c in e.letters))
        result: Node = registry.call(name, *(self.aligned(e, letters) for e in entries))
        return Entry(cast(result, "float"), letters)

    def _applied(self, tree: Apply) -> Entry:
        entries = [self.value(arg) for arg in tree.args]
        unknown = unknown_function(tree, self.scope)
        if unknown is not None:
            (entry,) = entries
            return Entry(unknown(entry.node), entry.letters)
        name = _RECORDS.get(tree.name, tree.name)
        function = registry.functions().get(name)
        if tree.primes or not isinstance(function, Elementwise):
            raise NotationError(f"there is no function {tree.name}{'′' * tree.primes} of single entries")
        return self._entrywise(name, entries)

    def _partial(self, top: Entry, bottom: Entry) -> Entry:
        by = bottom.node.args[0] if isinstance(bottom.node, Reshape) else bottom.node
        node = registry.call("reshape", D.make((top.node, by), ()), (*top.node.shape, *bottom.node.shape))
        return self._distinct(node, (*top.letters, *bottom.letters))


def _long_axes(node: Node, indices: Sequence[Index]) -> Node:
    """The array as so many indices stand for it: an axis of length one needs none."""
    shape = tuple(extent for extent in node.shape if extent != 1)
    reduced = len(indices) == len(shape) < len(node.shape)
    return registry.call("reshape", node, shape) if reduced else node
