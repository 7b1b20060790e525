"""The derivative of one intermediate by one that it is made of: entry by entry, without what is zero anyway.

Where an entry of the result depends on the entry at its own place alone (its sample, its unit), the two axes are
*tied*: they go by one index, and the Kronecker delta between them is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from ...derive.forward import forward, identity
from ...ir.build import broadcast, constant, scalar_value
from ...ir.dims import Extent
from ...ir.graph import Graph, depends_on, substitute, toposort
from ...ir.node import Concat, D, Delta, Einsum, Gather, Map, Node, Pad, Reduce, Reshape, Scatter, Slice
from ...ir.telling import Step
from ...simplify import simplify
from .pieces import Intermediates
from .products import everywhere, without_deltas

Axes: TypeAlias = tuple[int | None, ...]
"""For each axis of an operand the axis of a result that it is tied to."""

_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "neg"})


@dataclass(frozen=True, eq=False)
class Local:
    """∂v/∂u by v's own formula: whatever else stands in it is kept constant."""

    pieces: Intermediates
    v: Node
    u: Node

    @cached_property
    def ties(self) -> Axes:
        """For each axis of u the axis of v that it is tied to; no two to the same."""
        found: list[int | None] = []
        for axis in tied(self._body, self._operand):
            found.append(None if axis in found else axis)
        return tuple(found)

    @cached_property
    def free(self) -> tuple[int, ...]:
        """The axes of u that are not tied."""
        return tuple(axis for axis, tie in enumerate(self.ties) if tie is None)

    @cached_property
    def with_all_axes(self) -> Node:
        """∂v/∂u, not worked out: v's axes first, then u's."""
        others = [n for n in self.pieces.operands[self.v] if n is not self.u]
        moving = depends_on(others, [self.u])
        return D.make((self.v, self.u, *(n for n in others if n in moving)), ())

    @cached_property
    def symbol(self) -> Node:
        """∂v/∂u, not worked out, tied axes once: v's axes first, then u's free ones."""
        rank = len(self.v.shape)
        places = [rank + self.free.index(axis) if tie is None else tie for axis, tie in enumerate(self.ties)]
        return Einsum.of([self.with_all_axes], [(*range(rank), *places)], tuple(range(rank + len(self.free))), {})

    @cached_property
    def in_stand_ins(self) -> Node:
        """What it is, in stand-ins; axes as those of ``symbol``."""
        found = without_deltas(forward([self._body], {self._operand: self._seed()}, self._extents)[0])
        (tidied,) = simplify(Graph((), (self._in_its_output(found),))).outputs
        return self._in_its_output(tidied)

    @cached_property
    def value(self) -> Node:
        """What it is; axes as those of ``symbol``."""
        return self.pieces.real(self.in_stand_ins)

    @cached_property
    def why(self) -> str:
        """One line on how it comes about."""
        name, by = self.pieces.names[self.v], self.pieces.name_of(self.u)
        single = everywhere(self.in_stand_ins)
        number = None if single is None else scalar_value(single)
        if single is not None and any(isinstance(node, Einsum) and node.summed for node in self._moving):
            return "every term of a sum counts once" + ("" if number == 1 else ", with the number in front of the sum")
        if number == 1:
            return f"{name} changes one for one with {by}"
        if number == -1:
            return f"{name} goes down as {by} goes up"
        if number is not None:
            return f"{by} has a number in front of it"
        bent = [node for node in self._moving if isinstance(node, (Map, Reduce)) and not _is_arithmetic(node)]
        if len(bent) == 1 or (bent and bent[-1] is self._body and not self._is_softmax):
            return str(bent[-1].op.why)
        if bent:
            return "every entry of a softmax changes with every number of its row"
        below = [node for node in self._moving if _is_division(node) and node.args[1] in {*self._moving, self._operand}]
        if below:
            return "the quotient rule, for what stands below"
        if any(_is_product(node) for node in self._moving):
            return "in a product the derivative by one factor is the other one"
        if any(_is_division(node) for node in self._moving):
            return f"{by} is divided by what stands below"
        if any(isinstance(node, Einsum) and node.summed for node in self._moving):
            return "every term of a sum counts once"
        if any(isinstance(node, Gather) for node in self._moving):
            return "it is one entry, the one that an integer says, and no other"
        return "the same entries, in other places"

    @property
    def is_product(self) -> bool:
        """Whether u is a factor in a sum of products."""
        return any(isinstance(node, Einsum) and len(node.args) > 1 for node in self._moving)

    def by_index(self) -> list[Step]:
        """How it comes about with all its indices: entries of u by entries of u, which are Kronecker deltas."""
        name, by = self.pieces.names[self.v], self.pieces.name_of(self.u)
        itself = D.make((self._operand, self._operand), ())
        lines = [forward([self._body], {self._operand: seed}, self.u.shape)[0] for seed in (itself, identity(self.u))]
        first, second = map(self.pieces.real, lines)
        kept = f"the derivative of a sum is the sum of the derivatives; what is not {by} is constant"
        return [
            Step(self.with_all_axes, first, "past the sum", kept, name),
            Step(first, second, "Kronecker delta", f"an entry of {by} by itself is 1, by another entry 0", name),
            Step(second, self._with_deltas(), "the delta cancels the sum", "it leaves the term where both agree", name),
        ]

    def _with_deltas(self) -> Node:
        """What it is with all its axes: a Kronecker delta for each pair that is tied."""
        rank, more = len(self.v.shape), len(self.u.shape)
        deltas = [(Delta.of(self.u.shape[a]), (tie, rank + a)) for a, tie in enumerate(self.ties) if tie is not None]
        value = (self.value, (*range(rank), *(rank + axis for axis in self.free)))
        extents: dict[int, Extent] = dict(enumerate(self.v.shape + self.u.shape))
        args, subs = zip(*deltas, value, strict=True)
        return Einsum.of(args, subs, tuple(range(rank + more)), extents)

    @cached_property
    def _body(self) -> Node:
        return self.pieces.body(self.v)

    @cached_property
    def _operand(self) -> Node:
        return self.pieces.stand_in(self.u)

    @cached_property
    def _moving(self) -> list[Node]:
        """What stands between u and v, from the inside out."""
        moving = depends_on([self._body], [self._operand])
        return [n for n in toposort([self._body]) if n in moving and n is not self._operand and n.kind == "float"]

    @property
    def _is_softmax(self) -> bool:
        return any(isinstance(node, Reduce) and node.op.name == "logsumexp" for node in self._moving)

    @property
    def _extents(self) -> tuple[Extent, ...]:
        return tuple(self.u.shape[axis] for axis in self.free)

    def _seed(self) -> Node:
        """∂u/∂u, 1 along tied axes."""
        if not self.free:
            return broadcast(constant(1, "float"), self.u.shape)
        rank = len(self.u.shape)
        extents: dict[int, Extent] = dict(enumerate(self.u.shape + self._extents))
        deltas = [Delta.of(extent) for extent in self._extents]
        subs = [(axis, rank + k) for k, axis in enumerate(self.free)]
        return Einsum.of(deltas, subs, tuple(extents), extents)

    def _in_its_output(self, found: Node) -> Node:
        """A slope is written in terms of v itself where it can be: tanh′ = 1 − h²."""
        return substitute([found], {self._body: self.pieces.stand_in(self.v)})[0]


def tied(body: Node, operand: Node) -> Axes:
    """For each axis of an operand the axis of an expression along which entries depend on those at their own place."""
    known: dict[Node, Axes] = {operand: tuple(range(len(operand.shape)))}
    for node in toposort([body]):
        ways = [] if node in known else list(_ways(node, known))
        if ways:
            known[node] = tuple(found[0] if len(set(found)) == 1 else None for found in zip(*ways, strict=True))
    return known.get(body, (None,) * len(operand.shape))


def _ways(node: Node, known: dict[Node, Axes]) -> Iterator[Axes]:
    """Where the operand's axes are in a node, by each way that leads to it."""
    for k, arg in enumerate(node.args):
        if arg in known:
            moved = _moved(node, k)
            yield tuple(None if axis is None else moved[axis] for axis in known[arg])


def _moved(node: Node, k: int) -> Sequence[int | None]:
    """For each axis of a node's k-th operand the axis of the node that runs along with it."""
    rank = len(node.args[k].shape)
    match node:
        case Map():
            return range(rank)
        case Einsum():
            return [index if index < len(node.out) else None for index in node.subs[k]]
        case Reduce():
            kept = iter(range(rank))
            return [None if axis in node.axes else next(kept) for axis in range(rank)]
        case Reshape():
            return _reshaped(node)
        case Slice() | Pad():
            return [axis if spec is None else None for axis, spec in enumerate(node.params[0])]
        case Concat():
            return [None if axis == node.params[0] else axis for axis in range(rank)]
        case Gather() | Scatter() if k == 0:
            at, batch = node.params[:2]
            chosen = range(at, at + (1 if isinstance(node, Gather) else len(node.args[1].shape) - batch))
            shift = len(node.shape) - rank
            return [None if axis in chosen else axis + (shift if axis >= chosen.stop else 0) for axis in range(rank)]
        case _:
            return [None] * rank


def _reshaped(node: Reshape) -> Sequence[int | None]:
    """Axes of length one come and go; of the others those in front stay."""
    old, new = node.args[0].shape, node.shape
    found: list[int | None] = [None] * len(old)
    places = (axis for axis, extent in enumerate(new) if extent != 1)
    for axis, place in zip((a for a, extent in enumerate(old) if extent != 1), places, strict=False):
        if old[axis] != new[place]:
            break
        found[axis] = place
    return found


def _is_arithmetic(node: Map | Reduce) -> bool:
    return isinstance(node, Map) and (node.op.name in _ARITHMETIC or bool(node.op.converts))


def _is_division(node: Node) -> bool:
    return isinstance(node, Map) and node.op.name == "div"


def _is_product(node: Node) -> bool:
    return (isinstance(node, Einsum) and len(node.args) > 1) or (isinstance(node, Map) and node.op.name == "mul")
