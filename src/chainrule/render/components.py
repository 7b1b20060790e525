"""The components reading: one entry of an array, with an index for every axis: z_kl = Σ_d W_kd x_dl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.affine import index_steps
from ..ir.node import (
    Call,
    Concat,
    Const,
    D,
    Delta,
    Einsum,
    Gather,
    Input,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Scatter,
    Size,
    Slice,
)
from . import arithmetic, shared
from .boxes import At, Big, Box, Exponential, Kronecker, Negative, Number, Partial, Power, Root

if TYPE_CHECKING:
    from .layout import Reader

Places = tuple[Box, ...]


def read(reader: Reader, node: Node, places: Places, scope: frozenset[str], depth: int) -> Box:
    """The entry of a node at these places, from the entries of its operands."""
    scope |= shared.letters_of(places)
    match node:
        case Map():
            return shared.scalar_map(node, [reader.entry(arg, places, scope, depth) for arg in node.args])
        case Einsum():
            return _einsum(reader, node, places, scope, depth)
        case Reduce():
            return _reduce(reader, node, places, scope, depth)
        case Delta():
            return Kronecker(*places)
        case D():
            f, w = node.args[:2]  # what is held constant besides is told in words
            rank = len(f.shape)
            top = reader.entry(f, places[:rank], scope, depth)
            return Partial(top, reader.entry(w, places[rank:], scope, depth))
        case Slice():
            steps = zip(node.params[0], places, strict=True)
            chosen = tuple(place if spec is None else _strided(spec, place) for spec, place in steps)
            return reader.entry(node.args[0], chosen, scope, depth)
        case Gather():
            return _gather(reader, node, places, scope, depth)
        case Scatter():
            return _scatter(reader, node, places, scope, depth)
        case Reshape():
            return _reshape(reader, node, places, scope, depth)
        case Pad() | Concat() | Call():
            whole = reader.rearranged(node, depth)
            return At(whole, places) if places else whole
        case Input() | Const() | Size():
            raise AssertionError("read as a name or a number")
        case _:
            raise AssertionError(f"no case for {type(node).__name__}")


def _einsum(reader: Reader, node: Einsum, places: Places, scope: frozenset[str], depth: int) -> Box:
    """Σ over fresh letters of the product of the operands' entries; a broadcast axis leaves no trace."""
    fresh = reader.summed(node, scope)
    inner = scope | shared.letters_of(fresh)
    place = (*places, *fresh)
    parts = [
        reader.entry(arg, tuple(place[i] for i in sub), inner, depth)
        for arg, sub in zip(node.args, node.subs, strict=True)
    ]
    running = tuple(p for p, i in zip(fresh, node.summed, strict=True) if node.extents[i] != 1)
    return summation(running, arithmetic.multiply(*parts))


def total(body: Box, letters: Places = ()) -> Box:
    """Σ over all entries of an array, with a minus sign in front of it; the letters are those that it shows."""
    minus, rest = arithmetic.split_sign(body)
    return arithmetic.signed(minus, Big("Σ", r"\sum", letters, rest))


def summation(letters: Places, body: Box) -> Box:
    """Σ over letters, with a minus sign in front of it."""
    return total(body, letters) if letters else body


def _reduce(reader: Reader, node: Reduce, places: Places, scope: frozenset[str], depth: int) -> Box:
    x = node.args[0]
    fresh = reader.pick([x.shape[a] for a in node.axes], scope)
    kept, gone = iter(places), iter(fresh)
    inner = tuple(next(gone) if a in node.axes else next(kept) for a in range(len(x.shape)))
    body = reader.entry(x, inner, scope | shared.letters_of(fresh), depth)
    match node.op.name:
        case "logsumexp":
            return Big("log Σ", r"\log\sum", fresh, Exponential(body))
        case "norm":
            return Root(Big("Σ", r"\sum", fresh, Power(body, Number(2))))
        case _:
            return shared.reduced(node, fresh, body)


def _strided(spec: tuple[int, int, int], place: Box) -> Box:
    """Where the entry of a slice stands in the whole axis: first + step · i."""
    first, _, step = spec
    moved = arithmetic.multiply(*([] if abs(step) == 1 else [Number(abs(step))]), place)
    moved = arithmetic.signed(step < 0, moved)
    if first == 0:
        return moved
    if isinstance(place, Number):
        return Number(first + step * int(place.value))
    return arithmetic.subtract(Number(first), moved.body) if isinstance(moved, Negative) else _plus(moved, first)


def _plus(box: Box, number: int) -> Box:
    return arithmetic.add(box, Number(number))


def _gather(reader: Reader, node: Node, places: Places, scope: frozenset[str], depth: int) -> Box:
    """The entry at the place that the index array names: x_{n y_n}."""
    (x, indices), (axis, batch) = node.args, node.params
    end = axis + len(indices.shape) - batch
    index = _chosen(reader, node, places[:batch] + places[axis:end], scope, depth)
    return reader.entry(x, (*places[:axis], index, *places[end:]), scope, depth)


def _chosen(reader: Reader, node: Node, places: Places, scope: frozenset[str], depth: int) -> Box:
    """The place that an index names: y_n; entry i of window p stands at s p + i, with a step of s between windows."""
    indices = node.args[1]
    steps = index_steps(indices)
    return shared.in_window(indices, steps, places) if steps else reader.entry(indices, places, scope, depth)


def _scatter(reader: Reader, node: Node, places: Places, scope: frozenset[str], depth: int) -> Box:
    """Σ over what was put at a place: Σ_n x_n δ_{k y_n}."""
    (x, indices), (axis, batch, _) = node.args, node.params
    fresh = reader.pick(indices.shape[batch:], scope)
    inner = scope | shared.letters_of(fresh)
    index = _chosen(reader, node, places[:batch] + fresh, inner, depth)
    part = reader.entry(x, (*places[:axis], *fresh, *places[axis + 1 :]), inner, depth)
    delta = Kronecker(places[axis], index)
    return summation(fresh, delta if part == Number(1) else arithmetic.multiply(part, delta))


def _reshape(reader: Reader, node: Reshape, places: Places, scope: frozenset[str], depth: int) -> Box:
    """Axes of length one come and go; any other change of shape is told by name."""
    (x,) = node.args
    if shared.without_ones(x.shape) == shared.without_ones(node.shape):
        kept = iter(p for p, extent in zip(places, node.shape, strict=True) if extent != 1)
        return reader.entry(x, tuple(Number(0) if e == 1 else next(kept) for e in x.shape), scope, depth)
    whole = reader.rearranged(node, depth)
    return At(whole, places) if places else whole
