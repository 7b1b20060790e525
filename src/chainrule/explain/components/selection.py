"""What only moves entries about, in index notation: every such operation is a sum with a Kronecker delta.

A slice is x_{i+1} = Σ_p δ_{(i+1) p} x_p, a gather e_n = Σ_v δ_{y_n v} E_v: the operation applied to the identity, whose
last axis then stands for the operand's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TypeAlias

from ...ir.build import broadcast, constant, scalar_value
from ...ir.dims import Extent, Shape
from ...ir.errors import DerivativeError
from ...ir.node import Concat, Delta, Einsum, Gather, Node, Pad, Reshape, Scatter, Slice, SliceSpec
from .indexed import Allocator, Factor

Part: TypeAlias = tuple[Node, tuple[int, ...], tuple[Factor, ...], tuple[int, ...]]
"""An operand, the indices of its entry, the deltas in front of it, and what is summed over."""


def selected(f: Node, subs: Sequence[int], allocator: Allocator) -> Iterator[Part]:
    """The entry of an array as sums of entries of its operands."""
    match f:
        case Slice():
            yield _placed(f.args[0], f.params[0], subs, allocator, inside=False)
        case Pad():
            yield _placed(f.args[0], f.params[0], subs, allocator, inside=True)
        case Concat():
            start, (axis,) = 0, f.params
            for arg in f.args:
                entries = int(arg.shape[axis])
                specs: list[SliceSpec] = [None] * len(arg.shape)
                specs[axis] = (start, entries, 1)
                yield _placed(arg, specs, subs, allocator, inside=True)
                start += entries
        case Gather():
            yield _gathered(f, subs, allocator)
        case Scatter():
            yield _scattered(f, subs, allocator)
        case Reshape():
            yield _reshaped(f, subs, allocator)


def _placed(
    x: Node,
    specs: Sequence[SliceSpec],
    subs: Sequence[int],
    allocator: Allocator,
    *,
    inside: bool,
) -> Part:
    """A slice of x, or (``inside``) an array of zeros in which x is what a slice takes."""
    at: list[int] = []
    deltas: list[Factor] = []
    summed: list[int] = []
    for axis, (spec, index) in enumerate(zip(specs, subs, strict=True)):
        if spec is None:
            at.append(index)
            continue
        (own,) = allocator.fresh(x.shape[axis])
        length: Extent = allocator.extents[index] if inside else x.shape[axis]
        chosen = Slice.make((Delta.of(length),), ((spec, None),))
        deltas.append(Factor(chosen, (own, index) if inside else (index, own)))
        at.append(own)
        summed.append(own)
    return x, tuple(at), tuple(deltas), tuple(summed)


def _gathered(f: Gather, subs: Sequence[int], allocator: Allocator) -> Part:
    (x, indices), (axis, batch) = f.args, f.params
    end = axis + len(indices.shape) - batch
    (chosen,) = allocator.fresh(x.shape[axis])
    delta = _one_hot(indices, x.shape[axis])
    places = (*subs[:batch], *subs[axis:end], chosen)
    return x, (*subs[:axis], chosen, *subs[end:]), (Factor(delta, tuple(places)),), (chosen,)


def _scattered(f: Scatter, subs: Sequence[int], allocator: Allocator) -> Part:
    (x, indices), (axis, batch, extent) = f.args, f.params
    put = allocator.fresh(*indices.shape[batch:])
    delta = _one_hot(indices, extent)
    places = (*subs[:batch], *put, subs[axis])
    return x, (*subs[:axis], *put, *subs[axis + 1 :]), (Factor(delta, tuple(places)),), put


def _reshaped(f: Reshape, subs: Sequence[int], allocator: Allocator) -> Part:
    """Between the axes that stay as they are at both ends, all of them integers."""
    (x,) = f.args
    head = _same(x.shape, f.shape)
    rest, left = x.shape[head:], f.shape[head:]
    tail = _same(rest[::-1], left[::-1])
    inner, outer = rest[: len(rest) - tail], left[: len(left) - tail]
    if not all(isinstance(extent, int) for extent in (*inner, *outer)):
        raise DerivativeError("a reshape around a named dimension has no formula for an entry: the form matrix fits it")
    own = allocator.fresh(*inner)
    identity = Einsum.of(
        [Delta.of(extent) for extent in inner],
        [(k, len(inner) + k) for k in range(len(inner))],
        tuple(range(2 * len(inner))),
        dict(enumerate((*inner, *inner))),
    )
    delta = Reshape.make((identity,), ((*outer, *inner),))
    end = len(subs) - tail
    return x, (*subs[:head], *own, *subs[end:]), (Factor(delta, (*subs[head:end], *own)),), own


def _same(a: Shape, b: Shape) -> int:
    """How many extents two shapes begin with in common."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))))


def _one_hot(indices: Node, extent: Extent) -> Node:
    """δ_{y_n v}: for every index a row of zeros with a single one."""
    rank = len(indices.shape)
    return Scatter.make((broadcast(constant(1, "float"), indices.shape), indices), (rank, rank, extent))


def is_selection(factor: Factor) -> bool:
    """Whether a factor is a delta of moved entries, δ_{(i+1) p} or δ_{y_n v}: its last index is the one it chooses."""
    base = factor.base
    if isinstance(base, Slice):
        return isinstance(base.args[0], Delta)
    if not isinstance(base, Scatter):
        return False
    rank = len(base.args[1].shape)
    return scalar_value(base.args[0]) == 1 and base.params[:2] == (rank, rank)


def chosen_from(selection: Node, x: Node, axis: int) -> Node:
    """The entries of x along an axis that a selection chooses; its own axes take the axis' place."""
    if isinstance(selection, Slice):
        specs: list[SliceSpec] = [None] * len(x.shape)
        specs[axis] = selection.params[0][0]
        return Slice.make((x,), (tuple(specs),))
    return Gather.make((x, selection.args[1]), (axis, 0))
