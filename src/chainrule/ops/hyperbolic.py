"""The hyperbolic functions but tanh, and the inverse ones."""

from __future__ import annotations

import math

import numpy as np

from ..ir.records import NON_NEGATIVE, Elementwise, Interval
from ..ir.registry import register
from .transcendental import sqrt

__all__ = ["arccosh", "arcsinh", "arctanh", "cosh", "sinh"]

_INF = math.inf

sinh = register(
    Elementwise(
        name="sinh",
        ref=np.sinh,
        stands_for=(np.sinh,),
        partials=lambda x, y: (cosh(x),),
        why="the slope of the hyperbolic sine is the hyperbolic cosine",
        c="sinh{f}({0})",
        latex=r"\sinh\left({0}\right)",
        text="sinh({0})",
        convention="overflows to ±∞, and its slope to +∞",
        singular=True,
        special=(((0.0,), 0.0, (1.0,)), ((-_INF,), -_INF, (_INF,)), ((_INF,), _INF, (_INF,))),
    )
)

cosh: Elementwise = register(
    Elementwise(
        name="cosh",
        ref=np.cosh,
        stands_for=(np.cosh,),
        partials=lambda x, y: (sinh(x),),
        why="the slope of the hyperbolic cosine is the hyperbolic sine, without a change of sign",
        c="cosh{f}({0})",
        latex=r"\cosh\left({0}\right)",
        text="cosh({0})",
        range=Interval(1, _INF),
        convention="overflows to +∞, and its slope to ±∞",
        singular=True,
        special=(((0.0,), 1.0, (0.0,)), ((-_INF,), _INF, (-_INF,)), ((_INF,), _INF, (_INF,))),
    )
)

arcsinh = register(
    Elementwise(
        name="arcsinh",
        ref=np.arcsinh,
        stands_for=(np.arcsinh,),
        partials=lambda x, y: (1 / sqrt(1 + x**2),),
        why="the reciprocal of the slope of sinh there, which is √(1 + x²)",
        c="asinh{f}({0})",
        latex=r"\operatorname{arsinh}\left({0}\right)",
        text="arcsinh({0})",
        special=(((0.0,), 0.0, (1.0,)), ((-_INF,), -_INF, (0.0,)), ((_INF,), _INF, (0.0,))),
        oracle="asinh",
    )
)

arccosh = register(
    Elementwise(
        name="arccosh",
        ref=np.arccosh,
        stands_for=(np.arccosh,),
        # x² − 1, taken apart so that it keeps its digits near 1.
        partials=lambda x, y: (1 / sqrt((x - 1) * (x + 1)),),
        why="the reciprocal of the slope of cosh there, which is √(x² − 1)",
        c="acosh{f}({0})",
        latex=r"\operatorname{arcosh}\left({0}\right)",
        text="arccosh({0})",
        domain=(Interval(1, _INF),),
        range=NON_NEGATIVE,
        samples=((1.2, 5.0),),
        convention="at 1 the slope is +∞ (a pole)",
        singular=True,
        special=(((1.25,), math.log(2), (4 / 3,)), ((1.0,), 0.0, (_INF,)), ((_INF,), _INF, (0.0,))),
        oracle="acosh",
    )
)

arctanh = register(
    Elementwise(
        name="arctanh",
        ref=np.arctanh,
        stands_for=(np.arctanh,),
        # 1 − x², taken apart so that it keeps its digits near ±1.
        partials=lambda x, y: (1 / ((1 - x) * (1 + x)),),
        why="the reciprocal of the slope of tanh there, which is 1 − x²",
        c="atanh{f}({0})",
        latex=r"\operatorname{artanh}\left({0}\right)",
        text="arctanh({0})",
        domain=(Interval(-1, 1, open=True),),
        samples=((-0.9, 0.9),),
        convention="at ±1 it is ±∞, with slope +∞ (poles)",
        singular=True,
        special=(((0.0,), 0.0, (1.0,)), ((1.0,), _INF, (_INF,)), ((-1.0,), -_INF, (_INF,))),
        oracle="atanh",
    )
)
