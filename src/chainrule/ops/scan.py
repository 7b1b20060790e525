"""Along an axis: cumulative sums and products, and linear recurrences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.build import as_node, normal_axes, promote
from ..ir.dims import Shape, show_shape
from ..ir.errors import ShapeError, at_user_line
from ..ir.graph import describe
from ..ir.node import Node
from ..ir.records import Slopes
from ..ir.registry import call, register
from ..ir.whole import Operands, Whole
from .shape import reshape

__all__ = ["cumprod", "cumsum", "linear_recurrence"]


def _same(x: Shape, axis: int) -> Shape:
    return x


def from_end(node: Node, axis: int) -> int:
    """An axis counted from the end, where a batch in front does not move it."""
    (found,) = normal_axes(axis, len(node.shape))
    return found - len(node.shape)


def along(record: Callable[[], Whole]) -> Callable[..., Any]:
    """What an operation along one axis builds; without an axis it goes over the flattened array, as in NumPy."""

    def build(x: Any, axis: int | None = None) -> Any:
        node = as_node(x)
        node = reshape(node, (-1,)) if axis is None else node
        return record().of(node, axis=from_end(node, 0 if axis is None else axis))

    return build


def without_axis(ref: Callable[..., Any]) -> Callable[..., Any]:
    """A reference whose axis is None unless told, as NumPy's."""
    return lambda x, axis=None: ref(x, axis=axis)


_X = np.array([[0.5, -1.2, 2.0], [1.5, 0.7, -0.3]])

# ------------------------------------------------------------------------------------------------ cumulative sums

cumsum: Whole = register(
    Whole(
        name="cumsum",
        settings=("axis",),
        ref=without_axis(np.cumsum),
        shape=_same,
        build=along(lambda: cumsum),
        stands_for=(np.cumsum,),
        why="an entry is in its own sum and in all that follow",
        forward=lambda args, y, t, axis: cumsum(t[0], axis=axis),
        backward=lambda args, y, g, axis: (cumsum_back(g, axis=axis),),
        numpy="np.cumsum({0}, axis={axis})",
        latex=r"\operatorname{cumsum}\left({0}\right)",
        text="cumsum({0})",
        cases=lambda: [
            (lambda x: cumsum(x), (_X,)),
            (lambda x: cumsum(x, axis=0), (_X,)),
            (lambda x: np.cumsum(x, axis=1), (_X,)),
            (lambda x: cumsum(x, axis=-1), (np.zeros((2, 0)),)),
        ],
        special=lambda: [(lambda x: cumsum(x), (np.array([3.0]),)), (lambda x: cumsum(x), (np.array([]),))],
        errors=lambda: [(lambda x: cumsum(x, axis=2), ((2, 3),), "axis 2 does not exist")],
    )
)


def _from_behind(x: Any, axis: int | None = None) -> Any:
    x = np.asarray(x)
    x = x.ravel() if axis is None else x
    axis = 0 if axis is None else axis
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis)


cumsum_back: Whole = register(
    Whole(
        name="cumsum_back",
        settings=("axis",),
        ref=_from_behind,
        shape=_same,
        build=along(lambda: cumsum_back),
        why="an entry is in its own sum and in all before it, when sums begin at the end",
        forward=lambda args, y, t, axis: cumsum_back(t[0], axis=axis),
        backward=lambda args, y, g, axis: (cumsum(g, axis=axis),),
        numpy="np.flip(np.cumsum(np.flip({0}, {axis}), {axis}), {axis})",
        latex=r"\operatorname{cumsum}^{\leftarrow}\left({0}\right)",
        text="cumsum←({0})",
        cases=lambda: [(lambda x: cumsum_back(x), (_X,)), (lambda x: cumsum_back(x, axis=0), (_X,))],
        special=lambda: [(lambda x: cumsum_back(x), (np.array([]),))],
        errors=lambda: [(lambda x: cumsum_back(x, axis=2), ((2, 3),), "axis 2 does not exist")],
        oracle=lambda x, axis: np.stack([np.moveaxis(x, axis, 0)[i:].sum(0) for i in range(x.shape[axis])], axis),
    )
)

# ------------------------------------------------------------------------------------------------ recurrences


def _recurrence(a: Any, b: Any, axis: int = 0, back: bool = False) -> Any:
    """s_k = a_k s_{k−1} + b_k along an axis, from 0; from the last to the first if ``back``."""
    a, b = (np.moveaxis(v, axis, 0) for v in np.broadcast_arrays(a, b))
    s = np.empty(b.shape, np.result_type(a, b))
    last: Any = 0
    for k in reversed(range(len(b))) if back else range(len(b)):
        last = s[k] = a[k] * last + b[k]
    return np.moveaxis(s, 0, axis)


def _length(x: Node, axis: int) -> int:
    """How many steps a product takes. Raises ShapeError where that is not known."""
    length = x.shape[axis]
    if not isinstance(length, int):
        raise ShapeError(
            at_user_line(
                f"a product along {length}, an axis without a fixed length, has no derivative; give it a number"
            )
        )
    return length


def _shifted(x: Node, axis: int, back: bool) -> Node:
    """x_{k−1} at place k and 0 at the first, or x_{k+1} and 0 at the last."""
    if not _length(x, axis):
        return x
    taken, widths = [slice(None)] * len(x.shape), [(0, 0)] * len(x.shape)
    taken[axis] = slice(1, None) if back else slice(0, -1)
    widths[axis] = (0, 1) if back else (1, 0)
    return call("pad", x[tuple(taken)], widths)  # type: ignore[no-any-return]


def _product_before(y: Node, axis: int) -> Node:
    """The product y_{k−1} of the factors before k, which is 1 at the first: a product of nothing."""
    first = np.zeros((_length(y, axis),) + (1,) * (-axis - 1))
    first[:1] = 1.0
    return _shifted(y, axis, False) + first  # type: ignore[no-any-return]


def _forwards(back: bool) -> Callable[..., Node]:
    def forward(args: Operands, y: Node, t: Any, axis: int) -> Node:
        total = t[1]
        if t[0] is not None:
            change = t[0] * _shifted(y, axis, back)
            total = change if total is None else total + change
        return _recurring(args[0], total, axis, back)

    return forward


def _backwards(back: bool) -> Callable[..., Slopes]:
    def backward(args: Operands, y: Node, g: Node, axis: int) -> Slopes:
        # What s_k hands on to s_{k+1} comes back multiplied by a_{k+1}.
        delta = _recurring(_shifted(args[0], axis, not back), g, axis, not back)
        return delta * _shifted(y, axis, back), delta

    return backward


def _recurring(a: Node, b: Node, axis: int, back: bool) -> Node:
    return (recurrence_back if back else linear_recurrence).of(a, b, axis=axis)


def _build_recurrence(a: Any, b: Any, axis: int = 0, back: bool = False) -> Any:
    left, right = promote([as_node(a), as_node(b)], "float")
    if left.shape != right.shape:
        raise ShapeError(
            at_user_line(
                f"a recurrence has a factor for each addend: {describe(left)} has shape {show_shape(left.shape)}, "
                f"{describe(right)} {show_shape(right.shape)}"
            )
        )
    return _recurring(left, right, from_end(right, axis), back)


def _recurrence_record(name: str, back: bool, text: str, latex: str) -> Whole:
    """s_k = a_k s_{k−1} + b_k, or from the last to the first."""
    order = "reversed(range(len(b)))" if back else "range(len(b))"
    before = "k+1" if back else "k-1"
    return register(
        Whole(
            name=name,
            settings=("axis",),
            ref=lambda a, b, axis=0, **told: _recurrence(a, b, axis, back or told.get("back", False)),
            shape=lambda a, b, axis: b,
            build=lambda a, b, axis=0, **told: _build_recurrence(a, b, axis, back or told.get("back", False)),
            why="∂s_k = a_k ∂s_{k−1} + ∂a_k s_{k−1} + ∂b_k: a recurrence again",
            forward=_forwards(back),
            backward=_backwards(back),
            numpy=f"{name}({{0}}, {{1}}, {{axis}})",
            definition=f'''
def {name}(a, b, axis):
    """s_k = a_k s_{{{before}}} + b_k along an axis, beginning from 0."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    s = np.empty(b.shape, np.result_type(a, b))
    last = 0
    for k in {order}:
        last = s[k] = a[k] * last + b[k]
    return np.moveaxis(s, 0, axis)
''',
            latex=rf"\operatorname{{{latex}}}\left({{0}}, {{1}}\right)",
            text=f"{text}({{0}}, {{1}})",
            cases=lambda: [
                (lambda a, b: RECORDS[name](a, b, axis=1), (_X, _X + 0.3)),
                (lambda a, b: RECORDS[name](a, b), (_X, _X * _X)),
                (lambda a, b: RECORDS[name](a, b), (np.array([2.0]), np.array([3.0]))),
            ],
            special=lambda: [
                (lambda a, b: RECORDS[name](a, b), (np.array([2.0, 0.0, 3.0]), np.array([1.0, 4.0, 0.0]))),
                (lambda a, b: RECORDS[name](a, b), (np.array([]), np.array([]))),
            ],
            errors=lambda: [(lambda a, b: RECORDS[name](a, b), ((3,), (4,)), "a factor for each addend")],
        )
    )


linear_recurrence: Whole = _recurrence_record("linear_recurrence", False, "recurrence", "recurrence")
recurrence_back: Whole = _recurrence_record("recurrence_back", True, "recurrence←", "recurrence^{\\leftarrow}")

cumprod: Whole = register(
    Whole(
        name="cumprod",
        settings=("axis",),
        ref=without_axis(np.cumprod),
        shape=_same,
        build=along(lambda: cumprod),
        stands_for=(np.cumprod,),
        why="y_k = x_k y_{k−1}: the product rule, as a recurrence, divides by nothing",
        forward=lambda args, y, t, axis: _recurring(args[0], t[0] * _product_before(y, axis), axis, False),
        backward=lambda args, y, g, axis: (
            _recurring(_shifted(args[0], axis, True), g, axis, True) * _product_before(y, axis),
        ),
        numpy="np.cumprod({0}, axis={axis})",
        latex=r"\operatorname{cumprod}\left({0}\right)",
        text="cumprod({0})",
        cases=lambda: [
            (lambda x: cumprod(x), (_X,)),
            (lambda x: cumprod(x, axis=0), (_X,)),
            (lambda x: np.cumprod(x, axis=1), (_X,)),
            (lambda x: cumprod(x), (np.array([2.0, 0.0, 3.0, 4.0]),)),
            (lambda x: cumprod(x), (np.array([0.0, 0.0, 3.0]),)),
        ],
        special=lambda: [(lambda x: cumprod(x), (np.array([3.0]),)), (lambda x: cumprod(x), (np.array([]),))],
        errors=lambda: [(lambda x: cumprod(x, axis=2), ((2, 3),), "axis 2 does not exist")],
    )
)

RECORDS: dict[str, Whole] = {r.name: r for r in (cumsum, cumsum_back, linear_recurrence, recurrence_back, cumprod)}
