"""Sums of products: the einsum and all that it is: matmul, outer product, transpose, sum, mean, trace, broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.build import as_node, broadcast, cast, count, is_traced, normal_axes, promote
from ..ir.dims import Extent, Shape, Sizes, broadcast_shapes, parse_shape, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Const, Delta, Einsum, Node, Subscripts
from ..ir.records import Slopes, Structural
from ..ir.registry import call, function, register

__all__ = [
    "broadcast_to",
    "diagonal",
    "dot",
    "einsum",
    "eye",
    "inner",
    "matmul",
    "mean",
    "moveaxis",
    "outer",
    "sum",
    "swapaxes",
    "trace",
    "transpose",
]

BLOCK = 65536
"""Sums of more terms than this are added up in blocks, so that float32 keeps its digits."""


def blocked_sum(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The sum over axes with a rounding error that does not grow with the number of terms.

    NumPy adds pairwise along the last axis only; along others it adds one after the other, so long sums are cut.
    """
    long = [extent > BLOCK for extent in x.shape]
    for axis in reversed(axes):
        while x.shape[axis] > 16 and long[axis]:
            x = np.add.reduceat(x, np.arange(0, x.shape[axis], 16), axis=axis)
        x = x.sum(axis)
    return x


def _einsum_value(node: Einsum, sizes: Sizes, *values: Any) -> Any:
    """The sum of products, as defined; a plain sum of one operand goes through `blocked_sum`."""
    dtype = np.result_type(*values)
    if dtype == np.bool_ and not node.is_layout:
        dtype = np.dtype(np.int64)
    if len(values) == 1 and len(set(node.subs[0])) == len(node.subs[0]):
        sub, value = list(node.subs[0]), np.asarray(values[0], dtype)
        gone = tuple(a for a, i in enumerate(sub) if i >= len(node.out))
        value = blocked_sum(value, gone)
        sub = [i for i in sub if i < len(node.out)]
        value = value.transpose(np.argsort(sub))
        view = value[tuple(slice(None) if i in sub else None for i in node.out)]
        return np.broadcast_to(view, sizes.of(node.shape))
    # An index without an operand is a broadcast: a vector of ones carries it through numpy.einsum.
    carried = {i for sub in node.subs for i in sub}
    operands: list[Any] = []
    for operand, indices in zip(values, node.subs, strict=True):
        operands += [np.asarray(operand, dtype), list(indices)]
    for index in node.out:
        if index not in carried:
            operands += [np.ones(sizes.extent(node.extents[index]), dtype), [index]]
    return np.einsum(*operands, list(node.out))


def _einsum_transpose(node: Einsum, g: Node) -> Slopes:
    """Each operand's cotangent: g takes the operand's place, and the operand's indices are what is left."""
    extents = dict(enumerate(node.extents))
    result = []
    for i, sub in enumerate(node.subs):
        args, subs = list(node.args), list(node.subs)
        args[i], subs[i] = g, node.out
        result.append(Einsum.of(args, subs, sub, dict(extents)))
    return tuple(result)


def _einsum_push(node: Einsum, tangents: Sequence[Node | None], extra: Shape) -> Node:
    """The product rule: one term for each operand that varies."""
    first = len(node.extents)
    more = tuple(range(first, first + len(extra)))
    total: Node | None = None
    for i, tangent in enumerate(tangents):
        if tangent is None:
            continue
        args, subs = list(node.args), list(node.subs)
        args[i], subs[i] = tangent, (*subs[i], *more)
        extents = {**dict(enumerate(node.extents)), **dict(zip(more, extra, strict=True))}
        term = Einsum.of(args, subs, (*node.out, *more), extents)
        total = term if total is None else total + term
    assert total is not None
    return total


def _parse_subscripts(subscripts: str, operands: Sequence[Node]) -> tuple[list[Subscripts], Subscripts]:
    """``"ij,jk->ik"`` as tuples of integers; "..." stands for leading axes."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise ShapeError(at_user_line(f"einsum {subscripts!r} names {len(terms)} operands, {len(operands)} are given"))
    number: dict[str, int] = {}
    widths = [len(o.shape) - len(t.replace("...", "")) for t, o in zip(terms, operands, strict=True)]
    dots = max((w for t, w in zip(terms, widths, strict=True) if "..." in t), default=0)

    def numbers(term: str, width: int) -> Subscripts:
        head, ellipsis, tail = term.partition("...")
        names = [*head, *(f".{i}" for i in range(dots - width, dots)), *tail] if ellipsis else [*term]
        return tuple(number.setdefault(n, len(number)) for n in names)

    subs = []
    for term, operand, width in zip(terms, operands, widths, strict=True):
        if width < 0 or (width > 0 and "..." not in term):
            raise ShapeError(
                at_user_line(
                    f"einsum {subscripts!r}: {term!r} names {len(term)} axes, but {describe(operand)} has shape "
                    f"{show_shape(operand.shape)}"
                )
            )
        subs.append(numbers(term, width))
    if arrow:
        unknown = [c for c in right.replace("...", "") if c not in number]
        if unknown:
            raise ShapeError(at_user_line(f"einsum {subscripts!r}: no operand has the index {unknown[0]!r}"))
        return subs, numbers(right, dots)
    letters = sorted(n for n in number if len(n) == 1 and left.count(n) == 1)
    return subs, tuple(number[n] for n in [*(f".{i}" for i in range(dots)), *letters])


def _build_einsum(subscripts: str, *operands: Any) -> Any:
    """As numpy.einsum with a string of subscripts."""
    if not is_traced(operands):
        return np.einsum(subscripts, *operands)
    nodes = promote([as_node(o) for o in operands], "int")
    subs, out = _parse_subscripts(subscripts, nodes)
    extents: dict[int, Extent] = {}
    for i, (node, sub) in enumerate(zip(nodes, subs, strict=True)):
        # An axis of length one under an index that is longer elsewhere is stretched, as NumPy does.
        keep = []
        for axis, index in enumerate(sub):
            known = extents.setdefault(index, node.shape[axis])
            if known == 1:
                extents[index] = node.shape[axis]
            elif node.shape[axis] not in (1, known):
                raise ShapeError(
                    at_user_line(
                        f"einsum {subscripts!r}: one index has the lengths {known} and {node.shape[axis]}: "
                        + ", ".join(f"{describe(n)} {show_shape(n.shape)}" for n in nodes)
                    )
                )
            keep.append(axis)
        subs[i] = tuple(sub)
    nodes, subs = zip(*(_drop_ones(n, s, extents) for n, s in zip(nodes, subs, strict=True)), strict=True)  # type: ignore[assignment]
    return Einsum.of(nodes, subs, out, extents)


def _drop_ones(node: Node, sub: Subscripts, extents: dict[int, Extent]) -> tuple[Node, Subscripts]:
    """An operand without the axes of length one that an index stretches."""
    keep = [a for a, i in enumerate(sub) if node.shape[a] == extents[i]]
    if len(keep) == len(sub):
        return node, sub
    return reshape_to(node, tuple(node.shape[a] for a in keep)), tuple(sub[a] for a in keep)


def reshape_to(node: Node, shape: Shape) -> Node:
    """The node under another shape of the same size."""
    from .shape import reshape

    return reshape(node, shape)  # type: ignore[no-any-return]


einsum: Structural = register(
    Structural(
        name="einsum",
        ref=_einsum_value,
        transpose=_einsum_transpose,
        push=_einsum_push,
        build=_build_einsum,
        stands_for=(np.einsum,),
        why="a product's slope in one factor is the product of the others; what was summed is spread, and back",
        cases=lambda: (
            (lambda a, b: einsum("ij,jk->ik", a, b), ((2, 3), (3, 4))),
            (lambda a: einsum("ij->ji", a), ((2, 3),)),
            (lambda a: einsum("ii->i", a), ((3, 3),)),
            (lambda a: einsum("ii", a), ((3, 3),)),
            (lambda a, b, c: einsum("ij,kj,k->i", a, b, c), ((2, 3), (4, 3), (4,))),
            (lambda a, b: einsum("...ij,...jk->...ik", a, b), ((2, 2, 3), (3, 2))),
            (lambda a, b: einsum("i,j", a, b), ((2,), (3,))),
            (lambda a: einsum("ij->", a), ((0, 3),)),
            (lambda a: call("broadcast_to", a, (4, 2, 3)), ((2, 1),)),
            (lambda a, b: einsum("ij,ij->j", a, b), ((1, 3), (2, 3))),
        ),
    )
)


@function(np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """The matrix product, with leading batch axes that broadcast; vectors as NumPy takes them."""
    if not is_traced((a, b)):
        return np.matmul(a, b)
    left, right = promote([as_node(a), as_node(b)], "int")
    if not left.shape or not right.shape:
        raise ShapeError(at_user_line("@ needs arrays with at least one axis; multiply by a number with *"))
    batch_l, batch_r = left.shape[:-2], right.shape[:-2]
    batch = broadcast_shapes(batch_l, batch_r)
    inner_r = right.shape[-2] if len(right.shape) > 1 else right.shape[0]
    if left.shape[-1] != inner_r or batch is None:
        raise ShapeError(at_user_line(_matmul_mismatch(left, right, inner_r)))
    rank = len(batch)
    row, col, inner = rank, rank + 1, rank + 2
    extents: dict[int, Extent] = {**dict(enumerate(batch)), inner: left.shape[-1]}
    sub_l: Subscripts = tuple(range(rank - len(batch_l), rank)) + ((row, inner) if len(left.shape) > 1 else (inner,))
    sub_r: Subscripts = tuple(range(rank - len(batch_r), rank)) + ((inner, col) if len(right.shape) > 1 else (inner,))
    out: Subscripts = (
        tuple(range(rank)) + ((row,) if len(left.shape) > 1 else ()) + ((col,) if len(right.shape) > 1 else ())
    )
    for node, sub in ((left, sub_l), (right, sub_r)):
        extents.update({i: e for i, e in zip(sub, node.shape, strict=True) if i in (row, col)})
    (left, sub_l), (right, sub_r) = _drop_ones(left, sub_l, extents), _drop_ones(right, sub_r, extents)
    return Einsum.of([left, right], [sub_l, sub_r], out, extents)


def _matmul_mismatch(left: Node, right: Node, inner: Extent) -> str:
    names = describe(left), describe(right)
    lines = [
        f"the shapes of a matrix product do not fit: {show_shape(left.shape)} @ {show_shape(right.shape)}",
        f"  {names[0]} has shape {show_shape(left.shape)}, {names[1]} has shape {show_shape(right.shape)}",
        f"  the last axis on the left ({left.shape[-1]}) has to equal the "
        f"{'last but one' if len(right.shape) > 1 else 'only'} axis on the right ({inner})",
    ]
    if len(right.shape) > 1 and right.shape[-1] == left.shape[-1]:
        lines.append(f"  {names[0]} @ {_turned(names[1])} would fit")
    elif len(left.shape) > 1 and left.shape[-2] == inner:
        lines.append(f"  {_turned(names[0])} @ {names[1]} would fit")
    elif len(left.shape) == len(right.shape) == 2 and right.shape[-1] == left.shape[0]:
        lines.append(f"  {names[1]} @ {names[0]} would fit")
    else:
        fits = (left.shape[-1], *right.shape[-1:]) if len(right.shape) > 1 else (left.shape[-1],)
        lines.append(f"  {names[1]} of shape {show_shape(fits)} would fit")
    return "\n".join(lines)


def _turned(name: str) -> str:
    """How the transpose of what is called so is written."""
    if name.endswith(".T"):
        return name.removesuffix(".T")
    return f"{name}.T" if name.isidentifier() else f"({name}).T"


@function(np.dot)
def dot(a: Any, b: Any) -> Any:
    """As numpy.dot: a product with a number, of vectors, of matrices."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return matmul(a, b)


@function(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The sum over the last axes of both."""
    return matmul(a, transpose(b)) if np.ndim(b) == 2 else matmul(a, b)


@function(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of all products of matching entries."""
    return sum(as_node(a) * b)


@function(np.outer)
def outer(a: Any, b: Any) -> Any:
    """All products of an entry of a with an entry of b: shape (a's size, b's size)."""
    if not is_traced((a, b)):
        return np.outer(a, b)
    left, right = (as_node(v) for v in (a, b))
    left, right = (n if len(n.shape) == 1 else reshape_to(n, (-1,)) for n in (left, right))
    return einsum("i,j->ij", left, right)


@function(np.trace)
def trace(a: Any) -> Any:
    """The sum of the diagonal of a square matrix."""
    return einsum("ii->", a)


@function(np.diagonal)
def diagonal(a: Any) -> Any:
    """The diagonal of a square matrix."""
    return einsum("ii->i", a)


@function(np.sum)
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over axes (all of them unless told)."""
    if not is_traced(x):
        return np.sum(x, axis=axis, keepdims=keepdims)
    node = as_node(x)
    node = cast(node, "int") if node.kind == "bool" else node
    axes = normal_axes(axis, len(node.shape))
    indices = tuple(range(len(node.shape)))
    result = Einsum.of([node], [indices], tuple(i for i in indices if i not in axes), dict(enumerate(node.shape)))
    if not keepdims or not axes:
        return result
    return reshape_to(result, tuple(1 if a in axes else s for a, s in enumerate(node.shape)))


@function(np.mean, np.average)
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over axes (all of them unless told), divided by the number of terms."""
    if not is_traced(x):
        return np.mean(x, axis=axis, keepdims=keepdims)
    node = as_node(x)
    axes = normal_axes(axis, len(node.shape))
    return sum(node, axis=axes, keepdims=keepdims) / count([node.shape[a] for a in axes])


@function(np.size)
def size(x: Any) -> Any:
    """The number of elements, a number that may hold named dimensions."""
    if not is_traced(x):
        return np.size(x)
    number = count(as_node(x).shape)
    return number.value if isinstance(number, Const) else number


@function(np.transpose, np.permute_dims)
def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order; reversed unless told."""
    if not is_traced(x):
        return np.transpose(x, axes)
    node = as_node(x)
    rank = len(node.shape)
    order = tuple(range(rank))[::-1] if axes is None else tuple(a % rank for a in axes)
    if sorted(order) != list(range(rank)):
        raise ShapeError(at_user_line(f"transpose takes each of the {rank} axes once, not {axes}"))
    return Einsum.of([node], [tuple(range(rank))], order, dict(enumerate(node.shape)))


@function(np.swapaxes)
def swapaxes(x: Any, a: int, b: int) -> Any:
    """Two axes exchanged."""
    order = list(range(np.ndim(x)))
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


@function(np.moveaxis)
def moveaxis(x: Any, source: int, destination: int) -> Any:
    """One axis moved to another place."""
    order = list(range(np.ndim(x)))
    order.insert(destination % len(order), order.pop(source))
    return transpose(x, order)


@function(np.broadcast_to)
def broadcast_to(x: Any, shape: Any) -> Any:
    """The array stretched to a shape, by NumPy's rule."""
    return broadcast(as_node(x), parse_shape(shape)) if is_traced((x, shape)) else np.broadcast_to(x, shape)


@function()
def spread(y: Any, shape: Shape, axes: tuple[int, ...]) -> Any:
    """A reduced array, constant along the axes that were removed: the transpose of a sum."""
    kept = tuple(a for a in range(len(shape)) if a not in axes)
    return Einsum.of([y], [kept], tuple(range(len(shape))), dict(enumerate(shape)))


@function()
def eye(extent: Extent) -> Node:
    """The identity matrix, Kronecker's delta."""
    return Delta.of(extent)
