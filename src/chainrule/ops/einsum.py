"""The einsum: a sum of products in Einstein's notation, which every linear operation is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.build import as_node, is_traced, promote
from ..ir.dims import Extent, Shape, Sizes, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Einsum, Node, Subscripts
from ..ir.records import Slopes, Structural
from ..ir.registry import call, register

__all__ = ["einsum"]

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
    factors = _few([(np.asarray(v, dtype), sub) for v, sub in zip(values, node.subs, strict=True)], node.out)
    # An index without an operand is a broadcast: a vector of ones carries it through numpy.einsum.
    carried = {i for _, sub in factors for i in sub}
    operands: list[Any] = []
    for operand, indices in factors:
        operands += [operand, list(indices)]
    for index in node.out:
        if index not in carried:
            operands += [np.ones(sizes.extent(node.extents[index]), dtype), [index]]
    return np.einsum(*operands, list(node.out))


def _few(factors: list[tuple[np.ndarray, Subscripts]], out: Subscripts) -> list[tuple[np.ndarray, Subscripts]]:
    """The first factors multiplied two at a time until two are left: of several numpy.einsum forms every single term.

    An index that no later factor and not the output has is summed on the way.
    """
    if len(factors) > 2:
        # In one layout, so that a view gives the very numbers that an array gives.
        factors = [(np.asarray(factor, order="C"), sub) for factor, sub in factors]
    while len(factors) > 2:
        (a, left), (b, right) = factors[:2]
        later = {*out, *(i for _, sub in factors[2:] for i in sub)}
        kept = tuple(i for i in dict.fromkeys((*left, *right)) if i in later)
        factors[:2] = [(np.einsum(a, list(left), b, list(right), list(kept)), kept)]
    return factors


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
    nodes, subs = zip(*(drop_ones(n, s, extents) for n, s in zip(nodes, subs, strict=True)), strict=True)  # type: ignore[assignment]
    return Einsum.of(nodes, subs, out, extents)


def drop_ones(node: Node, sub: Subscripts, extents: dict[int, Extent]) -> tuple[Node, Subscripts]:
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
        errors=lambda: (
            (lambda a, b: einsum("ij,jk->ik", a, b), ((2, 3), (4, 5)), "one index has the lengths 3 and 4"),
            (lambda a: einsum("ij->k", a), ((2, 3),), "no operand has the index 'k'"),
            (lambda a: einsum("ij->ji", a), ((2,),), "names 2 axes"),
            (lambda a: einsum("ij,jk", a), ((2, 3),), "names 2 operands, 1 are given"),
        ),
    )
)
