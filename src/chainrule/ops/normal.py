"""The normal distribution: its density φ and its distribution function Φ; and the product in which nothing wins."""

from __future__ import annotations

import math

import numpy as np

from ..ir.records import Elementwise, Interval
from ..ir.registry import register
from .outside import SPECIAL, mp, of_scipy

__all__ = ["multiply_no_nan", "ndtr", "normal_density"]

_INF = math.inf
_PEAK = 1 / math.sqrt(2 * math.pi)

multiply_no_nan = register(
    Elementwise(
        name="multiply_no_nan",
        arity=2,
        ref=lambda x, y: np.where(y == 0, x.dtype.type(0), x * y),
        partials=lambda x, y, z: (y, x),
        why="the product rule: each factor is the slope of the other",
        numpy="np.where({1} == 0, 0, {0} * {1})",
        c="({1} == 0 ? 0 : {0} * {1})",
        latex=r"{0} \odot {1}",
        text="{0} ⊙ {1}",
        analytic=False,
        convention="0 where y = 0, whatever x",
        special=(
            ((2.0, 3.0), 6.0, (3.0, 2.0)),
            ((_INF, 0.0), 0.0, (0.0, _INF)),
            ((math.nan, 0.0), 0.0, (0.0, math.nan)),
        ),
        oracle=lambda x, y: x * y,
    )
)


normal_density = register(
    Elementwise(
        name="normal_density",
        ref=lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
        partials=lambda x, y: (-multiply_no_nan(x, y),),
        why="the slope of exp(−x²/2) is −x exp(−x²/2): the density itself, times −x",
        numpy=f"np.exp(-np.square({{0}}) / 2) / {math.sqrt(2 * math.pi)}",
        c=f"(exp{{f}}(-({{0}} * {{0}}) / 2) / {math.sqrt(2 * math.pi)}{{f}})",
        latex=r"\varphi\left({0}\right)",
        text="φ({0})",
        range=Interval(0, 0.4),
        special=(((0.0,), _PEAK, (0.0,)), ((_INF,), 0.0, (0.0,)), ((-_INF,), 0.0, (0.0,)), ((800.0,), 0.0, (0.0,))),
        oracle=lambda x: mp("npdf", x),
    )
)

ndtr = register(
    Elementwise(
        name="ndtr",
        ref=of_scipy("ndtr"),
        stands_for=("scipy.special.ndtr",),
        partials=lambda x, y: (normal_density(x),),
        why="the slope of the normal distribution function is the normal density",
        numpy="special.ndtr({0})",
        imports=SPECIAL,
        c="(erfc{f}(-0.7071067811865476{f} * {0}) / 2)",
        latex=r"\Phi\left({0}\right)",
        text="Φ({0})",
        range=Interval(0, 1),
        special=(((0.0,), 0.5, (_PEAK,)), ((_INF,), 1.0, (0.0,)), ((-_INF,), 0.0, (0.0,))),
        oracle="ncdf",
    )
)
