"""Exponential, logarithm, root and the circular functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.records import NON_NEGATIVE, POSITIVE, REALS, Elementwise, Interval
from ..ir.registry import call, register

__all__ = ["cos", "exp", "log", "sin", "sqrt", "tan", "tanh", "xlogy"]

exp = register(
    Elementwise(
        name="exp",
        ref=np.exp,
        stands_for=(np.exp,),
        partials=lambda x, y: (y,),
        why="the exponential is its own slope",
        c="exp{f}({0})",
        latex=r"e^{{0}}",
        text="exp({0})",
        range=POSITIVE,
        convention="overflows to +∞, and so does its slope",
        singular=True,
        special=(((0.0,), 1.0, (1.0,)), ((-np.inf,), 0.0, (0.0,)), ((np.inf,), np.inf, (np.inf,))),
    )
)

log = register(
    Elementwise(
        name="log",
        ref=np.log,
        stands_for=(np.log,),
        partials=lambda x, y: (1 / x,),
        why="the slope of the logarithm is the reciprocal",
        c="log{f}({0})",
        latex=r"\log\left({0}\right)",
        text="log({0})",
        domain=(POSITIVE,),
        samples=((0.2, 4.0),),
        convention="log 0 is −∞ with slope +∞ (a pole)",
        singular=True,
        special=(((1.0,), 0.0, (1.0,)), ((0.0,), -np.inf, (np.inf,)), ((np.inf,), np.inf, (0.0,))),
    )
)

sqrt = register(
    Elementwise(
        name="sqrt",
        ref=np.sqrt,
        stands_for=(np.sqrt,),
        partials=lambda x, y: (1 / (2 * y),),
        why="half the reciprocal of the root",
        c="sqrt{f}({0})",
        latex=r"\sqrt{{0}}",
        text="√({0})",
        domain=(NON_NEGATIVE,),
        range=NON_NEGATIVE,
        samples=((0.2, 4.0),),
        convention="at 0 the slope is +∞ (a pole, not a kink)",
        singular=True,
        special=(((4.0,), 2.0, (0.25,)), ((0.0,), 0.0, (np.inf,)), ((np.inf,), np.inf, (0.0,))),
    )
)

xlogy = register(
    Elementwise(
        name="xlogy",
        arity=2,
        ref=lambda x, y: np.where(x == 0, x * 0, x * np.log(np.where(x == 0, 1, y))),
        # Where x is 0 the product is 0 for every y, and so is its slope in y.
        partials=lambda x, y, z: (log(y), call("where", x == 0, 0.0, x / y)),
        why="a product with a logarithm, where nothing times −∞ is nothing",
        numpy="np.where({0} == 0, 0, {0} * np.log(np.where({0} == 0, 1, {1})))",
        c="({0} == 0 ? 0 : {0} * log{f}({1}))",
        latex=r"{0} \log\left({1}\right)",
        text="xlogy({0}, {1})",
        domain=(REALS, NON_NEGATIVE),
        samples=((-3.0, 3.0), (0.2, 4.0)),
        analytic=False,
        convention="0 where x = 0, whatever y",
        singular=True,
        oracle=lambda x, y: 0 * x if x == 0 else x * _mp_log(y),
        special=(((0.0, 0.0), 0.0, (-np.inf, 0.0)), ((0.0, 2.0), 0.0, (None, 0.0)), ((2.0, 1.0), 0.0, (0.0, 2.0))),
    )
)


def _mp_log(y: Any) -> Any:  # a number of mpmath, which only the tests have
    import mpmath

    return mpmath.log(y)


sin = register(
    Elementwise(
        name="sin",
        ref=np.sin,
        stands_for=(np.sin,),
        partials=lambda x, y: (cos(x),),
        why="the slope of the sine is the cosine",
        c="sin{f}({0})",
        latex=r"\sin\left({0}\right)",
        text="sin({0})",
        range=Interval(-1, 1),
        special=(((0.0,), 0.0, (1.0,)),),
    )
)

cos: Elementwise = register(
    Elementwise(
        name="cos",
        ref=np.cos,
        stands_for=(np.cos,),
        partials=lambda x, y: (-sin(x),),
        why="the slope of the cosine is the sine, turned round",
        c="cos{f}({0})",
        latex=r"\cos\left({0}\right)",
        text="cos({0})",
        range=Interval(-1, 1),
        special=(((0.0,), 1.0, (0.0,)),),
    )
)

tan = register(
    Elementwise(
        name="tan",
        ref=np.tan,
        stands_for=(np.tan,),
        partials=lambda x, y: (1 + y * y,),
        why="one more than its own square",
        c="tan{f}({0})",
        latex=r"\tan\left({0}\right)",
        text="tan({0})",
        samples=((-1.3, 1.3),),
        convention="at odd multiples of π/2, which no float is, there are poles",
        singular=True,
        special=(((0.0,), 0.0, (1.0,)),),
    )
)

tanh = register(
    Elementwise(
        name="tanh",
        ref=np.tanh,
        stands_for=(np.tanh,),
        partials=lambda x, y: (1 - y * y,),
        why="the slope of tanh, in terms of its own output",
        c="tanh{f}({0})",
        latex=r"\tanh\left({0}\right)",
        text="tanh({0})",
        range=Interval(-1, 1),
        special=(((0.0,), 0.0, (1.0,)), ((np.inf,), 1.0, (0.0,)), ((-np.inf,), -1.0, (0.0,))),
    )
)
