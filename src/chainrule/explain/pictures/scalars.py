"""A graph of arrays as a graph of single numbers: every multiplication, sum and function a node of its own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...ir.dims import Sizes
from ...ir.graph import Graph, toposort
from ...ir.node import Const, Delta, Einsum, Gather, Input, Map, Node, Reduce, Scatter, Size
from ...ir.picture import Symbol
from ...ir.registry import call, record


class NotScalar(Exception):
    """The graph has too many numbers, or an operation that is none on single numbers."""


@dataclass(frozen=True, eq=False)
class Scalars:
    """``graph`` computes on single numbers what a graph of arrays does; ``symbols`` names its nodes.

    ``entries`` has, for each node of the graph of arrays, its numbers in row-major order.
    """

    graph: Graph
    symbols: Mapping[Node, Symbol]
    entries: Mapping[Node, Sequence[Node]]

    def point(self, at: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A point of the graph of arrays as one of this graph."""
        return {
            entry.name: np.asarray(number)
            for node, entries in self.entries.items()
            if isinstance(node, Input)
            for entry, number in zip(entries, np.asarray(at[node.name]).ravel(), strict=True)
            if isinstance(entry, Input)
        }


def scalars(graph: Graph, sizes: Sizes, most: int, at: Mapping[str, np.ndarray] | None = None) -> Scalars:
    """The graph's first output, worked out on single numbers.

    ``sizes`` are those of the named dimensions. ``at`` is needed where integers choose entries. Raises NotScalar for
    more than ``most`` numbers, and for what is no operation on single numbers.
    """
    if graph.outputs[0].shape != ():
        raise NotScalar("the result is an array")
    order = toposort(graph.outputs[:1])
    work = sum(_work(node, sizes) for node in order)
    if work > most:
        raise NotScalar(f"single ones would be about {work:,}")
    spelled = _Spelled(sizes, at or {})
    for node in order:
        spelled.entries[node] = spelled.numbers(node)
    symbols: dict[Node, Symbol] = {}
    for node, name in graph.names.items():
        shape = sizes.of(node.shape)
        for place, entry in zip(np.ndindex(shape), spelled.entries.get(node, ()), strict=False):
            index = tuple(str(p + 1) for p, extent in zip(place, shape, strict=True) if extent != 1)
            symbols.setdefault(entry, Symbol(name, index))
    (loss,) = spelled.entries[graph.outputs[0]]
    inputs = tuple(n for n in toposort([loss]) if isinstance(n, Input))
    return Scalars(Graph(inputs, (loss,)), symbols, spelled.entries)


def _work(node: Node, sizes: Sizes) -> int:
    """How many numbers a node stands for, those inside of its sums counted."""
    match node:
        case Einsum() if not node.is_layout:
            return int(np.prod([sizes.extent(e) for e in node.extents])) * len(node.args)
        case Map():
            return int(np.prod(sizes.of(node.shape)))
        case Reduce() | Input():
            return int(np.prod(sizes.of(node.args[0].shape if node.args else node.shape)))
        case _:
            return 0


class _Spelled:
    """Numbers of each node in row-major order."""

    def __init__(self, sizes: Sizes, at: Mapping[str, np.ndarray]) -> None:
        self.sizes = sizes
        self.at = at
        self.entries: dict[Node, list[Node]] = {}

    def numbers(self, node: Node) -> list[Node]:
        """The numbers of a node whose operands are known."""
        shape = self.sizes.of(node.shape)
        match node:
            case Input():
                places = [",".join(str(p + 1) for p in place) for place in np.ndindex(shape)]
                return [Input.of(f"{node.name}[{place}]" if place else node.name, (), node.kind) for place in places]
            case Const():
                return [Const.of(v) for v in np.asarray(node.value).ravel()]
            case Size():
                return [Const.of(self.sizes[node.dim])]
            case Delta():
                return [Const.of(v) for v in np.eye(shape[0]).ravel()]
            case Map():
                return [_applied(node, args) for args in zip(*(self.entries[a] for a in node.args), strict=True)]
            case Einsum():
                return self._einsum(node)
            case Reduce():
                return self._reduced(node)
            case _:
                return self._moved(node)

    def _array(self, node: Node) -> np.ndarray:
        """The positions of a node's numbers in its list, in its shape."""
        shape = self.sizes.of(node.shape)
        return np.arange(int(np.prod(shape))).reshape(shape)

    def _einsum(self, node: Einsum) -> list[Node]:
        extents = [self.sizes.extent(e) for e in node.extents]
        rank = len(node.out)
        at = [self._array(arg) for arg in node.args]
        zero: Node = Const.of(0.0)
        result = []
        for place in np.ndindex(*extents[:rank]):
            total: Node | None = None
            for inner in itertools.product(*(range(e) for e in extents[rank:])):
                where = (*place, *inner)
                factors = [
                    self.entries[arg][int(ids[tuple(where[i] for i in sub)])]
                    for arg, ids, sub in zip(node.args, at, node.subs, strict=True)
                ]
                term = _product(factors)
                if term is not None:
                    total = term if total is None else Map.of(record("add"), total, term)
            result.append(zero if total is None else total)
        return result

    def _reduced(self, node: Reduce) -> list[Node]:
        (arg,) = node.args
        ids = np.moveaxis(self._array(arg), node.axes, range(-len(node.axes), 0))
        rows = ids.reshape(-1, int(np.prod(ids.shape[ids.ndim - len(node.axes) :])))
        return [Reduce.of(node.op, call("stack", [self.entries[arg][i] for i in row]), (0,)) for row in rows]

    def _moved(self, node: Node) -> list[Node]:
        """What only moves numbers about: their positions are moved in their place."""
        if isinstance(node, Scatter):
            raise NotScalar("chosen entries are summed")
        pool: list[Node] = [Const.of(0.0)]
        ids: list[np.ndarray] = []
        for n, arg in enumerate(node.args):
            if isinstance(node, Gather) and n == 1:
                if not isinstance(arg, Input) or arg.name not in self.at:
                    raise NotScalar("entries are chosen by what is worked out")
                ids.append(np.asarray(self.at[arg.name]))
                continue
            ids.append(len(pool) + self._array(arg))
            pool += self.entries[arg]
        moved = node.op.value(node, ids, self.sizes)
        return [pool[int(i)] for i in np.asarray(moved).ravel()]


def _applied(node: Map, args: Sequence[Node]) -> Node:
    """An operation on numbers; what is known is worked out, and nothing is multiplied or divided by one."""
    values = [arg.value if isinstance(arg, Const) else None for arg in args]
    if None not in values:
        return Const.of(np.asarray(node.op.ref(*map(np.asarray, values))))
    if node.op.name in ("mul", "div") and values[1] == 1:
        return args[0]
    return args[1] if node.op.name == "mul" and values[0] == 1 else Map.of(node.op, *args)


def _product(factors: Sequence[Node]) -> Node | None:
    """A product without ones; None where a factor is zero."""
    values = [f.value if isinstance(f, Const) else None for f in factors]
    if any(v == 0 for v in values if v is not None):
        return None
    left = [f for f, v in zip(factors, values, strict=True) if v != 1]
    result = left[0] if left else factors[0]
    for factor in left[1:]:
        result = Map.of(record("mul"), result, factor)
    return result
