"""The matrix reading: whole arrays, as a practitioner writes them: relu(x @ w1 + b1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.affine import window_steps
from ..ir.build import scalar_value
from ..ir.node import Call as LibraryCall
from ..ir.node import (
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
    SliceSpec,
)
from . import arithmetic, components, products, shared
from .boxes import (
    At,
    Box,
    Call,
    Entries,
    Function,
    Hadamard,
    MatrixProduct,
    Number,
    Partial,
    Range,
    Spread,
    Stacked,
    Symbol,
)

if TYPE_CHECKING:
    from .layout import Reader


def read(reader: Reader, node: Node, depth: int) -> Box:
    """A node as a whole array, from its operands as whole arrays."""
    match node:
        case Map():
            return _map(reader, node, depth)
        case Einsum():
            return products.read(reader, node, depth)
        case Reduce():
            return _reduce(reader, node, depth)
        case Delta():
            return Symbol("I")
        case D():
            return Partial(reader.whole(node.args[0], depth), reader.whole(node.args[1], depth))
        case Slice():
            ranges = [None if spec is None else _range(spec) for spec in node.params[0]]
            return at(reader.whole(node.args[0], depth), ranges)
        case Gather() | Scatter() if window_steps(node) is not None:
            return _by_entries(reader, node, depth)
        case Gather():
            return _gather(reader, node, depth)
        case Scatter():
            return _scatter(reader, node, depth)
        case Reshape() | Pad() | Concat() | LibraryCall():
            return rearranged(reader, node, depth)
        case Input() | Const() | Size():
            raise AssertionError("read as a name or a number")
        case _:
            raise AssertionError(f"no case for {type(node).__name__}")


def _map(reader: Reader, node: Map, depth: int) -> Box:
    """Entry by entry: arrays multiply by ⊙, a number stands in front of an array."""
    composite = softmax_of(node)
    if composite is not None:
        name, x = composite
        if name == "log_softmax":
            latex = r"\log\operatorname{softmax}\left({0}\right)"
            return Function("log softmax({0})", latex, (reader.whole(x, depth),))
        return Call(name, (reader.whole(x, depth),))
    operands = [reader.whole(arg, depth) for arg in node.args]
    if node.op.name in ("mul", "div") and node.shape != ():
        a, b = (_is_number(arg) for arg in node.args)
        if node.op.name == "div":
            return arithmetic.divide(*operands, by_number=b)
        if not a and not b:
            return arithmetic.hadamard(*operands)
        return arithmetic.multiply(*(operands if a else reversed(operands)))
    return shared.scalar_map(node, operands)


def softmax_of(node: Map) -> tuple[str, Node] | None:
    """The softmax of the last axis, or its logarithm, under the name that everybody calls it by; and of what."""
    if node.op.name == "exp" and isinstance(node.args[0], Map):
        inner = softmax_of(node.args[0])
        return ("softmax", inner[1]) if inner is not None and inner[0] == "log_softmax" else None
    if node.op.name != "sub":
        return None
    x, spread = node.args
    if not (isinstance(spread, Einsum) and spread.is_layout and isinstance(spread.args[0], Reduce)):
        return None
    total, last = spread.args[0], len(x.shape) - 1
    if total.op.name != "logsumexp" or total.args[0] is not x or total.axes != (last,):
        return None
    return ("log_softmax", x) if spread.subs[0] == tuple(range(last)) else None


def _is_number(node: Node) -> bool:
    """Whether it is one number everywhere: a scalar, spread over a shape."""
    if isinstance(node, Einsum) and node.is_layout:
        node = node.args[0]
    return node.shape == ()


def _reduce(reader: Reader, node: Reduce, depth: int) -> Box:
    """max(x) over everything, max_k(x[:, k]) along axes."""
    x = node.args[0]
    body = reader.whole(x, depth)
    if len(node.axes) == len(x.shape):
        return shared.reduced(node, (), body)
    if isinstance(body, Entries):
        return _by_entries(reader, node, depth)
    letters = reader.pick([x.shape[a] for a in node.axes], frozenset())
    named = iter(letters)
    return shared.reduced(node, letters, at(body, [next(named) if a in node.axes else None for a in range(x.ndim)]))


def _by_entries(reader: Reader, node: Node, depth: int) -> Box:
    """An array that linear algebra has no word for, by a formula for its entries: [x_{s p + i}]_pi."""
    letters = reader.pick(node.shape, frozenset())
    return Entries(components.read(reader, node, letters, shared.letters_of(letters), depth), letters)


def at(body: Box, places: list[Box | None]) -> Box:
    """Some entries of an array; whole axes at the end are left out."""
    while places and places[-1] is None:
        places.pop()
    return At(body, tuple(places)) if places else body


def _range(spec: SliceSpec) -> Box:
    assert spec is not None
    first, entries, step = spec
    stop = first + entries * step
    return Range(first, None if stop < 0 else stop, step)


def _gather(reader: Reader, node: Gather, depth: int) -> Box:
    """x[i], or p[n, y_n] where every row has an index of its own."""
    (x, indices), (axis, batch) = node.args, node.params
    letters = reader.pick(indices.shape[:batch], frozenset())
    index = reader.entry(indices, letters, shared.letters_of(letters), depth) if batch == indices.ndim else None
    if index is None:
        index = at(reader.whole(indices, depth), list(letters))
    between: list[Box | None] = [None] * (axis - batch)
    return at(reader.whole(x, depth), [*letters, *between, index])


def _scatter(reader: Reader, node: Scatter, depth: int) -> Box:
    """Rows that are zero but for one entry: x[:, None] ⊙ onehot(y); any other scatter by name."""
    (x, indices), (axis, batch, _) = node.args, node.params
    chosen = reader.whole(indices, depth)
    if not batch == axis == indices.ndim == x.ndim:
        return Call("scatter", (reader.whole(x, depth), chosen))
    onehot = Call("onehot", (chosen,))
    if scalar_value(x) is not None or _is_number(x):
        number = reader.whole(x, depth)
        return onehot if number == Number(1) else arithmetic.multiply(number, onehot)
    return Hadamard((Spread(reader.whole(x, depth), (False,) * axis + (True,)), onehot))


def rearranged(reader: Reader, node: Node, depth: int) -> Box:
    """What only the whole array tells: reshape, pad, concatenate, and what a library works out."""
    parts = tuple(reader.whole(arg, depth) for arg in node.args)
    match node:
        case Reshape():
            return _reshape(node, parts[0])
        case Pad():
            return Call("pad", (parts[0], *map(_whole_range, node.params[0], node.shape)))
        case Concat() if node.params[0] == 0:
            return Stacked(parts)
        case LibraryCall():
            return shared.called(node, parts)
        case Concat():
            return Call("concat", parts, subscript=(Number(node.params[0]),))
        case _:
            raise AssertionError(f"no case for {type(node).__name__}")


def _whole_range(spec: SliceSpec, extent: object) -> Box:
    """Where a pad puts its operand along one axis."""
    return Range(0, None, 1) if spec is None else _range(spec)


def _reshape(node: Reshape, body: Box) -> Box:
    """New axes of length one as v[:, None], gone ones as x[0], all else by name."""
    old, new = node.args[0].shape, node.shape
    if shared.without_ones(old) == shared.without_ones(new):
        if 1 not in old and len(new) > len(old):
            return Spread(body, tuple(e == 1 for e in new))
        if 1 not in new:
            return _dropped(node.args[0], body)
    extents = tuple(Number(e) if isinstance(e, int) else Symbol(e.name, size=True) for e in new)
    return Call("reshape", (body, *extents))


def _dropped(x: Node, body: Box) -> Box:
    """An array without its axes of length one: x[0], or x[2] where they come from a slice."""
    if isinstance(body, Spread) and body.new == tuple(e == 1 for e in x.shape):
        return body.body
    last = body.factors[-1] if isinstance(body, MatrixProduct) else None
    if isinstance(body, MatrixProduct) and isinstance(last, Spread) and last.new == (False, True):
        # A matrix times one column, as a vector.
        return MatrixProduct((*body.factors[:-1], last.body))
    taken: list[Box | None] = [None] * x.ndim
    if isinstance(x, Slice) and isinstance(body, At):
        taken = [*body.places, *taken[len(body.places) :]]
        body = body.body
    places: list[Box | None] = []
    for extent, place in zip(x.shape, taken, strict=True):
        first = place.first if isinstance(place, Range) else 0
        places.append(Number(first) if extent == 1 else place)
    return at(body, places)
