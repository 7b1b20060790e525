"""Choosing: where, maximum, clip, absolute value; and casts.

A selection's slope is a truth value, so that the cotangent it hands on is masked by structure, not by arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, cast, is_traced
from ..ir.node import Const, Einsum, Node, Size
from ..ir.records import NON_NEGATIVE, Elementwise, Interval
from ..ir.registry import function, register

__all__ = [
    "abs",
    "clip",
    "maximum",
    "minimum",
    "sign",
    "stop_gradient",
    "where",
]


where = register(
    Elementwise(
        name="where",
        arity=3,
        conditions=1,
        result="same",
        ref=lambda c, a, b: np.where(np.asarray(c).astype(bool), a, b),
        stands_for=(np.where,),
        partials=lambda c, a, b, y: (None, c, ~c),
        why="the chosen branch alone changes the result",
        numpy="np.where({0}, {1}, {2})",
        c="choose_{real}({0}, {1}, {2})",
        c_int="({0} ? {1} : {2})",
        latex=r"\begin{cases} {1} & {0} \\ {2} & \text{otherwise} \end{cases}",
        text="where({0}, {1}, {2})",
        analytic=False,
        special=(((1, 2.0, np.inf), 2.0, (None, 1.0, 0.0)), ((0, 2.0, 3.0), 3.0, (None, 0.0, 1.0))),
    )
)


def _greater_share(a: Node, b: Node) -> Node:
    """The slope of max(a, b) in a: 1 where a is greater, ½ at a tie, 0 at a tie with a constant."""
    if _constant(a) or _constant(b):
        return a > b  # type: ignore[no-any-return]
    return where(a >= b, where(a == b, 0.5, 1.0), 0.0)  # type: ignore[no-any-return]


def _constant(node: Node) -> bool:
    """Whether an operand is fixed, so that a kink's convention gives it no share of the slope."""
    leaf = node.args[0] if isinstance(node, Einsum) and node.is_layout else node
    return isinstance(leaf, (Const, Size))


maximum = register(
    Elementwise(
        name="maximum",
        arity=2,
        result="same",
        ref=np.maximum,
        stands_for=(np.maximum, np.fmax),
        partials=lambda a, b, y: (_greater_share(a, b), _greater_share(b, a)),
        why="the greater operand alone changes the result",
        c="(isnan({0}) || {0} > {1} ? {0} : {1})",
        c_int="({0} > {1} ? {0} : {1})",
        latex=r"\max\left({0}, {1}\right)",
        text="max({0}, {1})",
        analytic=False,
        convention="a tie of two variables gives ½ and ½, a tie with a constant 0",
        commutative=True,
        oracle=max,
        special=(
            ((1.0, 1.0), 1.0, (0.5, 0.5)),
            ((1.0, 1.0), 1.0, (0.0, None)),
            ((1.0, 1.0), 1.0, (None, 0.0)),
            ((np.inf, np.inf), np.inf, (0.5, 0.5)),
            ((-np.inf, 0.0), 0.0, (0.0, 1.0)),
        ),
    )
)

minimum = register(
    Elementwise(
        name="minimum",
        arity=2,
        result="same",
        ref=np.minimum,
        stands_for=(np.minimum, np.fmin),
        partials=lambda a, b, y: (_greater_share(b, a), _greater_share(a, b)),
        why="the smaller operand alone changes the result",
        c="(isnan({0}) || {0} < {1} ? {0} : {1})",
        c_int="({0} < {1} ? {0} : {1})",
        latex=r"\min\left({0}, {1}\right)",
        text="min({0}, {1})",
        analytic=False,
        convention="a tie of two variables gives ½ and ½, a tie with a constant 0",
        commutative=True,
        oracle=min,
        special=(
            ((1.0, 1.0), 1.0, (0.5, 0.5)),
            ((1.0, 1.0), 1.0, (0.0, None)),
            ((1.0, 1.0), 1.0, (None, 0.0)),
            ((-np.inf, -np.inf), -np.inf, (0.5, 0.5)),
            ((0.0, np.inf), 0.0, (1.0, 0.0)),
        ),
    )
)

clipped = register(
    Elementwise(
        name="clipped",
        arity=3,
        result="same",
        ref=np.clip,
        partials=lambda x, low, high, y: ((x > low) & (x < high), x < low, x > high),
        why="between its bounds x passes, outside it is held",
        numpy="np.clip({0}, {1}, {2})",
        c="(isnan({1}) || isnan({2}) ? NAN : isnan({0}) ? {0} : {0} > {2} || {1} > {2} ? {2} : {0} < {1} ? {1} : {0})",
        c_int="({0} > {2} || {1} > {2} ? {2} : {0} < {1} ? {1} : {0})",
        latex=r"\operatorname{clip}\left({0}, {1}, {2}\right)",
        text="clip({0}, {1}, {2})",
        samples=((-3.0, 3.0), (-2.0, -1.0), (1.0, 2.0)),
        analytic=False,
        convention="at a bound the slope is 0",
        oracle=lambda x, low, high: min(max(x, low), high),
        special=(
            ((0.0, 0.0, 6.0), 0.0, (0.0, None, None)),
            ((6.0, 0.0, 6.0), 6.0, (0.0, None, None)),
            ((3.0, 0.0, 6.0), 3.0, (1.0, 0.0, 0.0)),
            ((-3.0, 0.0, 6.0), 0.0, (0.0, 1.0, 0.0)),
            ((np.inf, 0.0, 6.0), 6.0, (0.0, 0.0, 1.0)),
        ),
    )
)

abs_ = register(
    Elementwise(
        name="abs",
        result="same",
        ref=np.abs,
        stands_for=(np.absolute, np.fabs),
        partials=lambda x, y: (sign(x),),
        why="the slope of |x| is its sign",
        numpy="np.abs({0})",
        c="fabs{f}({0})",
        c_int="({0} < 0 ? -{0} : {0})",
        latex=r"\left|{0}\right|",
        text="|{0}|",
        range=NON_NEGATIVE,
        analytic=False,
        kinks=(0.0,),
        convention="the slope at 0 is 0, the smallest subgradient",
        oracle="fabs",
        special=(((0.0,), 0.0, (0.0,)), ((-np.inf,), np.inf, (-1.0,))),
    )
)

sign: Elementwise = register(
    Elementwise(
        name="sign",
        result="same",
        ref=np.sign,
        stands_for=(np.sign,),
        partials=lambda x, y: (None,),
        why="the sign does not change, but for a jump at 0",
        c="({0} > 0 ? 1 : {0} < 0 ? -1 : {0})",
        latex=r"\operatorname{sign}\left({0}\right)",
        text="sign({0})",
        range=Interval(-1, 1),
        analytic=False,
        kinks=(0.0,),
        convention="sign 0 is 0; the slope is 0 everywhere",
        special=(((0.0,), 0.0, (0.0,)), ((-np.inf,), -1.0, (0.0,))),
    )
)

stop_gradient = register(
    Elementwise(
        name="stop_gradient",
        result="same",
        ref=lambda x: x,
        partials=lambda x, y: (None,),
        why="held constant on purpose",
        numpy="{0}",
        c="{0}",
        latex=r"\operatorname{stop}\left({0}\right)",
        text="stop_gradient({0})",
        analytic=False,
        convention="the slope is 0 by decree",
        special=(((2.0,), 2.0, (0.0,)),),
    )
)

_CASTS: tuple[tuple[Any, Any], ...] = (("float", np.float64), ("int", np.int64), ("bool", np.bool_))
for _kind, _dtype in _CASTS:
    register(
        Elementwise(
            name=f"to_{_kind}",
            result=_kind,
            converts=True,
            ref=lambda x, dtype=_dtype: np.asarray(x).astype(dtype),
            partials=lambda x, y: (None,),
            why="whole numbers and truth values have no slope",
            numpy=f"{{0}}.astype({_kind})",
            c="({real})({0})" if _kind == "float" else "(int64_t)({0})" if _kind == "int" else "({0} != 0)",
            latex=r"\mathbf1\left[{0}\right]",
            text="[{0}]",
            analytic=False,
            special=(((2.7,), {"float": 2.7, "int": 2.0, "bool": 1.0}[_kind], (None,)), ((0.0,), 0.0, (None,))),
        )
    )


@function(np.clip)
def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """The array x held between two bounds, either of which may be left out. At a bound the slope is 0."""
    if low is None and high is None:
        return x
    if low is None:
        return minimum(x, high)
    return maximum(x, low) if high is None else clipped(x, low, high)


@function()
def astype(x: Any, dtype: Any) -> Any:
    """The same numbers as floats, integers or truth values; a float's precision is that of the arguments."""
    letter = np.dtype(dtype).kind
    kind = {"f": "float", "i": "int", "u": "int", "b": "bool"}[letter]
    return cast(as_node(x), kind) if is_traced(x) else np.asarray(x).astype(dtype)  # type: ignore[arg-type]


abs = abs_
