"""A function with a named dimension written out for two samples, each an array of its own."""

from __future__ import annotations

from collections.abc import Mapping

from ...ir.dims import Dim, Extent, Shape
from ...ir.errors import DerivativeError
from ...ir.graph import rebuild, toposort
from ...ir.node import Const, Delta, Einsum, Input, Map, Node, Pad, Reduce, Reshape, Scatter, Size
from ...ir.registry import call

SAMPLES = 2


class TwoSamples:
    """The nodes of a graph with 2 in the place of a dimension, and the two samples' own parts of them.

    An input that has the dimension becomes two inputs; ``names`` gives those, and every part of a named node, the name
    with 1 or 2 as a subscript.
    """

    def __init__(self, dim: Dim, named: Mapping[Node, str]) -> None:
        self.dim = dim
        self.named = named
        self.names: dict[Node, str] = {}
        self._whole: dict[Node, Node] = {}
        self._parts: dict[tuple[Node, int], Node] = {}

    def whole(self, node: Node) -> Node:
        """The node with two samples. Raises DerivativeError for an input that has the dimension twice."""
        (result,) = rebuild([node], self._make, self._whole)
        return result

    def _make(self, node: Node, args: tuple[Node, ...]) -> Node:
        match node:
            case Input() if self.dim in node.shape:
                return call("stack", [self._input(node, k) for k in range(SAMPLES)], axis=_axis(node.shape, self.dim))  # type: ignore[no-any-return]
            case Size() if node.dim is self.dim:
                return Const.of(SAMPLES)
            case Delta():
                return Delta.of(self._extent(node.params[0]))
            case Einsum():
                extents = {i: self._extent(e) for i, e in enumerate(node.extents)}
                return Einsum.of(args, node.subs, node.out, extents)
            case Reshape():
                return Reshape.make(args, (self._shape(node.shape),))
            case Pad():
                return Pad.make(args, (node.params[0], self._shape(node.shape)))
            case Scatter():
                return Scatter.make(args, (*node.params[:2], self._extent(node.params[2])))
            case Reduce():
                return Reduce.make(args, node.params)
            case _:
                return node.with_args(args)

    def _extent(self, extent: Extent) -> Extent:
        return SAMPLES if extent is self.dim else extent

    def _shape(self, shape: Shape) -> Shape:
        return tuple(map(self._extent, shape))

    def _input(self, node: Input, k: int) -> Node:
        axis = _axis(node.shape, self.dim)
        shape = (*node.shape[:axis], *node.shape[axis + 1 :])
        part = Input.of(f"{node.name}.{k + 1}", shape, node.kind)
        self.names[part] = f"{node.name}_{k + 1}"
        return part

    def part(self, node: Node, k: int) -> Node:
        """Sample k's own part of a node, made of its own inputs where that can be; the axis of the samples is gone."""
        for below in toposort([node]) if (node, k) not in self._parts else ():
            if (below, k) not in self._parts:
                found = self._parts[below, k] = self._part(below, k)
                if self.dim in below.shape and below in self.named and found.args:
                    self.names[found] = f"{self.named[below]}_{k + 1}"
        return self._parts[node, k]

    def _part(self, node: Node, k: int) -> Node:
        if self.dim not in node.shape:
            return self.whole(node)
        axis = _axis(node.shape, self.dim)
        match node:
            case Input():
                return self._input(node, k)
            case Map():
                return node.with_args(tuple(self._parts[arg, k] for arg in node.args))
            case Einsum() if all(node.extents[i] is not self.dim for i in node.summed):
                parts = [self._parts[arg, k] for arg in node.args]
                subs = [tuple(i for i in sub if i != axis) for sub in node.subs]
                out = tuple(i for i in node.out if i != axis)
                return Einsum.of(parts, subs, out, {i: e for i, e in enumerate(node.extents) if i != axis})
            case _:
                return self.whole(node)[(*(slice(None) for _ in range(axis)), k)]  # type: ignore[no-any-return]


def _axis(shape: Shape, dim: Dim) -> int:
    if shape.count(dim) != 1:
        raise DerivativeError(f"an array has {dim} twice, so it has no rows that belong to one sample")
    return shape.index(dim)
