"""Operations that remove axes: max, min, prod, norm, logsumexp. (The sum is an einsum: see linear.)"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import cast
from ..ir.node import Delta, Einsum, Node
from ..ir.records import NON_NEGATIVE, Fold, Over, Reduction
from ..ir.registry import call, function, register

__all__ = ["logsumexp", "max", "min", "norm", "prod", "softmin"]


def _tied_share(x: Node, y: Node, over: Over) -> Node:
    """1 at the extreme entry, shared evenly among its ties, 0 elsewhere."""
    tied = x == y
    return call("where", tied, 1 / over.sum(cast(tied, "float")), 0.0)  # type: ignore[no-any-return]


max = register(
    Reduction(
        name="max",
        ref=lambda x, axis: np.max(x, axis=axis),
        stands_for=(np.max, np.amax),
        partials=_tied_share,
        why="the greatest entry alone changes the result; ties share it evenly",
        numpy="{0}.max({axis})",
        latex=r"\max",
        text="max",
        c=(Fold("{lowest}", "isnan(({real}){x}) || {x} > {s} ? {x} : {s}"),),
        float_only=False,
        convention="a tie is split evenly",
        special=(((2.0, 2.0, 1.0), (0.5, 0.5, 0.0)),),
    )
)

min = register(
    Reduction(
        name="min",
        ref=lambda x, axis: np.min(x, axis=axis),
        stands_for=(np.min, np.amin),
        partials=_tied_share,
        why="the smallest entry alone changes the result; ties share it evenly",
        numpy="{0}.min({axis})",
        latex=r"\min",
        text="min",
        c=(Fold("{greatest}", "isnan(({real}){x}) || {x} < {s} ? {x} : {s}"),),
        float_only=False,
        convention="a tie is split evenly",
        special=(((2.0, 1.0, 1.0), (0.0, 0.5, 0.5)),),
    )
)


def _product_of_others(x: Node, y: Node, over: Over) -> Node:
    """For each entry the product of all others, without dividing, so that zeros and second derivatives stay right.

    Row j of a square holds the entries with the j-th replaced by one, so it costs the square of the axis' length.
    """
    (axis,) = over.axes
    rank = len(x.shape)
    order = (*range(axis + 1), rank, *range(axis + 1, rank))
    extents = {**dict(enumerate(x.shape)), rank: x.shape[axis]}
    others = tuple(rank if i == axis else i for i in range(rank))
    square = Einsum.of([x], [others], order, extents)
    own = Einsum.of([Delta.of(x.shape[axis])], [(axis, rank)], order, dict(extents))
    return prod(call("where", own > 0, 1.0, square), axis=axis + 1)  # type: ignore[no-any-return]


prod = register(
    Reduction(
        name="prod",
        ref=lambda x, axis: np.prod(x, axis=axis),
        stands_for=(np.prod,),
        partials=_product_of_others,
        why="the slope of a product in one factor is the product of all others",
        numpy="{0}.prod({axis})",
        latex=r"\prod",
        text="∏",
        c=(Fold("1", "{s} * {x}"),),
        analytic=True,
        empty=1.0,
        one_axis=True,
        convention="no division: a zero factor leaves the others' product",
        special=(((0.0, 2.0, 3.0), (6.0, 0.0, 0.0)), ((0.0, 0.0, 3.0), (0.0, 0.0, 0.0))),
    )
)


def _euclid(x: np.ndarray, axis: tuple[int, ...]) -> Any:
    """√Σx², scaled by the greatest entry so that squares neither overflow nor vanish."""
    scale = np.max(np.abs(x), axis=axis, keepdims=True, initial=0)
    safe = np.where((scale == 0) | ~np.isfinite(scale), np.ones_like(scale), scale)
    return np.squeeze(safe, axis) * np.sqrt(np.sum((x / safe) ** 2, axis=axis))


norm_ = register(
    Reduction(
        name="norm",
        ref=_euclid,
        partials=lambda x, y, over: x / call("where", y == 0, 1.0, y),
        why="the slope of a length is the direction",
        numpy="np.sqrt(np.square({0}).sum({axis}))",
        latex=r"\left\|{0}\right\|",
        text="‖{0}‖",
        c=(
            Fold("0", "fabs{f}({x}) > {s} ? fabs{f}({x}) : {s}", "{s} > 0 && isfinite({s}) ? {s} : 1"),
            Fold("0", "{s} + {x} / {p} * ({x} / {p})", "{p} * sqrt({s})"),
        ),
        range=NON_NEGATIVE,
        empty=0.0,
        convention="‖x‖ at 0 has slope 0, the smallest subgradient",
        special=(((0.0, 0.0), (0.0, 0.0)), ((3.0, 4.0), (0.6, 0.8))),
    )
)


@function(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The Euclidean (Frobenius) length over axes, all of them unless told."""
    if ord not in (None, 2, "fro"):
        raise ValueError(f"norm knows the Euclidean length, not ord={ord!r}")
    return norm_(x, axis=axis, keepdims=keepdims)


def _shifted(x: np.ndarray, axis: tuple[int, ...]) -> Any:
    """The logarithm of Σ exp(x), shifted by the greatest entry so that nothing overflows."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))


logsumexp = register(
    Reduction(
        name="logsumexp",
        ref=_shifted,
        partials=lambda x, y, over: call("exp", x - y),
        why="the slope of logsumexp is the softmax",
        numpy="logsumexp({0}, {axis})",
        definition='''
def logsumexp(x, axis=None):
    """log Σ exp(x), shifted by the greatest entry so that nothing overflows."""
    top = x.max(axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis))
''',
        latex=r"\operatorname{logsumexp}",
        text="logsumexp",
        c=(
            Fold("-INFINITY", "{x} > {s} ? {x} : {s}", "isfinite({s}) ? {s} : 0"),
            Fold("0", "{s} + exp{f}({x} - {p})", "{p} + log({s})"),
        ),
        empty=float("-inf"),
        special=(((1000.0, 1001.0), (0.2689414213699951, 0.7310585786300049)),),
    )
)


def _mp_softmin(entries):  # type: ignore[no-untyped-def]  # numbers of mpmath, which only the tests have
    import mpmath

    return -mpmath.log(mpmath.fsum(mpmath.exp(-x) for x in entries))


softmin: Reduction = register(
    Reduction(
        name="softmin",
        ref=lambda x, axis: -_shifted(-x, axis),
        partials=lambda x, y, over: call("exp", y - x),
        why="the slope of the smooth minimum is the softmax of −x",
        numpy="softmin({0}, {axis})",
        definition='''
def softmin(x, axis=None):
    """−log Σ exp(−x), the smooth minimum, shifted by the smallest entry so that nothing overflows."""
    low = x.min(axis, keepdims=True)
    low = np.where(np.isfinite(low), low, 0)
    return np.squeeze(low, axis) - np.log(np.exp(low - x).sum(axis))
''',
        latex=r"\operatorname{softmin}",
        text="softmin",
        c=(
            Fold("INFINITY", "{x} < {s} ? {x} : {s}", "isfinite({s}) ? {s} : 0"),
            Fold("0", "{s} + exp{f}({p} - {x})", "{p} - log({s})"),
        ),
        empty=float("inf"),
        special=(((1000.0, 1001.0), (0.7310585786300049, 0.2689414213699951)),),
        oracle=_mp_softmin,
    )
)
