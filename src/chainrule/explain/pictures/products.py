"""Weighted products: contractions of a layer's units with an argument that holds weights.

Which factor is the weights is read off the graph where it can be: what is contracted later on is the axis of units, and
it comes from the weights; samples are what they do not have. Where that says nothing, their names do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...ir.dims import Dim
from ...ir.node import Const, Einsum, Input, Map, Node, Reduce, Reshape, Size, Slice

_WEIGHTS = re.compile(r"(w|W|theta|Theta|v|V|u|U|beta)(\d|_|$)|weight")
_DATA = re.compile(r"(x|X)(\d|_|$)|data|input|sample")


@dataclass(frozen=True, eq=False)
class Product:
    """``node`` is what comes out of a layer, ``signal``, along ``signal_axis``, times ``weight``, summed over units.

    ``weight_source`` and ``weight_target`` are the weight's own axes over the units that it leads from and to; the
    latter is ``unit_axis`` in the product. None: a single unit. ``named``: the weight is known, or called, as one.
    """

    node: Node
    signal: Node
    signal_axis: int | None
    weight: Input
    weight_source: int | None
    weight_target: int | None
    unit_axis: int | None
    named: bool


@dataclass(frozen=True, eq=False)
class _Factor:
    """One side of a product: what it is, where it is contracted, which of its axes is left, and where that ends up."""

    base: Node
    contracted: int | None
    kept: int | None
    out: int | None
    others: tuple[int, ...]
    """The product's axes that come from this side."""


def is_contraction(node: Node) -> bool:
    """Whether a node is a sum of products of two arrays or more."""
    return isinstance(node, Einsum) and len(node.args) > 1 and bool(node.summed)


def origin(node: Node, *, one_step: bool = False) -> tuple[Node, tuple[int | None, ...]]:
    """What a node is but for transposing, broadcasting, casting and axes of length one; its axes there (None: new)."""
    axes: tuple[int | None, ...] = tuple(range(len(node.shape)))
    while (step := _step(node)) is not None:
        node = node.args[0]
        axes = tuple(None if a is None else step[a] for a in axes)
        if one_step:
            break
    return node, axes


def _step(node: Node) -> tuple[int | None, ...] | None:
    """For each axis of a node that only lays its operand out anew, the operand's axis."""
    match node:
        case Einsum() if node.is_layout and len(set(node.subs[0])) == len(node.subs[0]):
            sub = node.subs[0]
            return tuple(sub.index(i) if i in sub else None for i in node.out)
        case Map() if node.op.converts:
            return tuple(range(len(node.shape)))
        case Slice() if node.shape == node.args[0].shape:
            return tuple(range(len(node.shape)))
        case Reshape():
            below = [a for a, extent in enumerate(node.args[0].shape) if extent != 1]
            own = [a for a, extent in enumerate(node.shape) if extent != 1]
            if [node.args[0].shape[a] for a in below] != [node.shape[a] for a in own]:
                return None
            return tuple(below[own.index(a)] if a in own else None for a in range(len(node.shape)))
        case _:
            return None


def weighted_products(order: Sequence[Node], weights: Collection[str]) -> dict[Node, Product]:
    """The weighted products among the nodes; ``weights`` names arguments that are known to be weights."""
    sides: dict[Node, tuple[_Factor, _Factor]] = {}
    for node in order:
        found = _factors(node)
        if (
            found is not None
            and any(isinstance(side.base, Input) for side in found)
            and found[0].base is not found[1].base
        ):
            sides[node] = found
    chosen = {node: _only_leaf(pair) for node, pair in sides.items()}
    needed = _needed(order, sides, chosen)
    for node, pair in sides.items():
        if chosen[node] is None and needed.get(node):
            chosen[node] = next((k for k in (0, 1) if {pair[k].out} == needed[node]), None)
    biased = _biased(order, sides)
    products: dict[Node, Product] = {}
    for node, pair in sides.items():
        k = chosen[node]
        k = _by_name(pair, weights) if k is None else k
        k = biased.get(node) if k is None else k
        product = None if k is None else _product(node, pair[1 - k], pair[k], weights)
        if product is not None and needed.get(node, {product.unit_axis}) == {product.unit_axis}:
            products[node] = product
    return products


def _factors(node: Node) -> tuple[_Factor, _Factor] | None:
    """The two sides of a contraction over one index, or of a product with a single number."""
    match node:
        case Einsum() if len(node.args) == 2 and len(node.summed) == 1:
            (index,) = node.summed
            left, right = node.subs
            if set(left) & set(right) != {index} or any(len(set(sub)) < len(sub) for sub in node.subs):
                return None
            a, b = (_side(arg, sub, index) for arg, sub in zip(node.args, node.subs, strict=True))
            return a, b
        case Map() if node.op.name == "mul":
            bases = [origin(arg)[0] for arg in node.args]
            if not any(isinstance(base, Input) and base.shape == () for base in bases) or any(
                isinstance(base, (Const, Size)) for base in bases
            ):
                return None
            a, b = (_Factor(base, None, None, None, ()) for base in bases)
            return a, b
        case _:
            return None


def _side(arg: Node, sub: Sequence[int], index: int) -> _Factor:
    base, axes = origin(arg)
    rest = [a for a, i in enumerate(sub) if i != index]
    kept = rest[0] if len(rest) == 1 else None
    return _Factor(
        base,
        axes[sub.index(index)],
        None if kept is None else axes[kept],
        None if kept is None else sub[kept],
        tuple(sub[a] for a in rest),
    )


def _only_leaf(pair: tuple[_Factor, _Factor]) -> int | None:
    """The side that is an argument, where the other is none."""
    leaves = [k for k, side in enumerate(pair) if isinstance(side.base, Input)]
    scalar = pair[0].contracted is None and pair[0].out is None and not pair[0].others and not pair[1].others
    return leaves[0] if len(leaves) == 1 and not scalar else None


def _needed(
    order: Sequence[Node], sides: Mapping[Node, tuple[_Factor, _Factor]], chosen: Mapping[Node, int | None]
) -> dict[Node, set[int | None]]:
    """For each product the axes along which later ones contract it: those of units."""
    found: dict[Node, set[int | None]] = {}
    for node, pair in sides.items():
        k = chosen[node]
        if k is None or pair[1 - k].contracted is None:
            continue
        stack: list[tuple[Node, int]] = [(pair[1 - k].base, pair[1 - k].contracted or 0)]
        seen: set[tuple[Node, int]] = set()
        while stack:
            place = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            if place[0] in sides:
                found.setdefault(place[0], set()).add(place[1])
            else:
                stack += _operands_along(*place)
    return found


def _operands_along(node: Node, axis: int) -> list[tuple[Node, int]]:
    """Where an axis of a node comes from."""
    match node:
        case Map():
            return [(arg, axis) for arg in node.args]
        case Einsum() if len(node.args) == 1:
            sub = node.subs[0]
            return [(node.args[0], sub.index(axis))] if axis in sub else []
        case Reduce():
            kept = [a for a in range(len(node.args[0].shape)) if a not in node.axes]
            return [(node.args[0], kept[axis])]
        case Slice():
            return [(node.args[0], axis)]
        case Reshape():
            step = _step(node)
            below = None if step is None else step[axis]
            return [] if below is None else [(node.args[0], below)]
        case _:
            return []


def _biased(order: Iterable[Node], sides: Mapping[Node, tuple[_Factor, _Factor]]) -> dict[Node, int]:
    """The side whose axis a bias has that is added to a product."""
    found: dict[Node, int] = {}
    for node in order:
        if not isinstance(node, Map) or node.op.name != "add":
            continue
        for product, other in (node.args, node.args[::-1]):
            base, axes = origin(other)
            over = [a for a, own in enumerate(axes) if own is not None]
            if product in sides and isinstance(base, Input) and len(over) == 1:
                k = next((k for k in (0, 1) if sides[product][k].out == over[0]), None)
                found.update({} if k is None else {product: k})
    return found


def _by_name(pair: tuple[_Factor, _Factor], weights: Collection[str]) -> int | None:
    """The side that alone is called as weights are, or whose other side is called as data, or is known as weights."""
    names = [side.base.name if isinstance(side.base, Input) else "" for side in pair]
    scalar = not any(side.others or side.contracted is not None for side in pair)
    called = [bool(_WEIGHTS.match(name.rpartition(".")[2])) for name in names]
    data = [bool(_DATA.match(name)) and not scalar for name in reversed(names)]
    for marks in (called, data, [name in weights for name in names]):
        k = marks.index(True) if sum(marks) == 1 else None
        if k is not None and names[k] and not (scalar and pair[k].base.shape):
            return k
    return None


def _product(node: Node, signal: _Factor, weight: _Factor, weights: Collection[str]) -> Product | None:
    """The product with its sides told apart; None where the weights would have an axis of samples."""
    if not isinstance(weight.base, Input) or weight.base.kind != "float" or len(weight.others) > 1:
        return None
    samples = {node.shape[a] for a in signal.others}
    if any(isinstance(extent, Dim) and extent in samples for extent in weight.base.shape):
        return None
    name = weight.base.name
    named = name in weights or bool(_WEIGHTS.match(name.rpartition(".")[2]))
    return Product(node, signal.base, signal.contracted, weight.base, weight.contracted, weight.kept, weight.out, named)
