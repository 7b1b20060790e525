"""Exponentials and logarithms: in other bases, near zero, and of a sum of two exponentials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.node import Node
from ..ir.records import POSITIVE, REALS, Elementwise, Interval, Slopes
from ..ir.registry import call, register
from .activations import sigmoid
from .outside import SPECIAL, mp, of_scipy
from .transcendental import exp

__all__ = ["exp2", "expm1", "log10", "log1p", "log2", "logaddexp", "logit", "xlog1py"]

_INF = math.inf

exp2 = register(
    Elementwise(
        name="exp2",
        ref=np.exp2,
        stands_for=(np.exp2, "scipy.special.exp2"),
        partials=lambda x, y: (y * math.log(2),),
        why="its own slope, times the logarithm of its base",
        c="exp2{f}({0})",
        latex="2^{{0}}",
        text="2^{0}",
        range=POSITIVE,
        analytic=False,
        convention="overflows to +∞, and so does its slope",
        singular=True,
        special=(((3.0,), 8.0, (8 * math.log(2),)), ((-_INF,), 0.0, (0.0,)), ((_INF,), _INF, (_INF,))),
        oracle=lambda x: mp("power", 2, x),
    )
)

expm1 = register(
    Elementwise(
        name="expm1",
        ref=np.expm1,
        stands_for=(np.expm1, "scipy.special.expm1"),
        # y + 1 would be shorter, and lose its digits where y is near −1.
        partials=lambda x, y: (exp(x),),
        why="the slope of eˣ − 1 is eˣ",
        c="expm1{f}({0})",
        latex="e^{{0}} - 1",
        text="exp({0}) - 1",
        range=Interval(-1, _INF),
        convention="overflows to +∞, and so does its slope",
        singular=True,
        special=(((1e-20,), 1e-20, (1.0,)), ((-_INF,), -1.0, (0.0,)), ((_INF,), _INF, (_INF,))),
    )
)

log1p = register(
    Elementwise(
        name="log1p",
        ref=np.log1p,
        stands_for=(np.log1p, "scipy.special.log1p"),
        partials=lambda x, y: (1 / (1 + x),),
        why="the slope of log(1 + x) is the reciprocal of 1 + x",
        c="log1p{f}({0})",
        latex=r"\log\left(1 + {0}\right)",
        text="log(1 + {0})",
        domain=(Interval(-1, _INF, open=True),),
        samples=((-0.7, 4.0),),
        convention="log1p(−1) is −∞ with slope +∞ (a pole)",
        singular=True,
        special=(((1e-20,), 1e-20, (1.0,)), ((-1.0,), -_INF, (_INF,)), ((_INF,), _INF, (0.0,))),
    )
)


def _logarithm(base: int, latex: str) -> Elementwise:
    """The logarithm to a base."""
    name = f"log{base}"
    ref = getattr(np, name)
    return register(
        Elementwise(
            name=name,
            ref=ref,
            stands_for=(ref,),
            partials=lambda x, y: (1 / (math.log(base) * x),),
            why=f"the slope of the logarithm, over the logarithm of its base {base}",
            c=f"{name}{{f}}({{0}})",
            latex=latex + r"\left({0}\right)",
            text=f"log{base}({{0}})",
            domain=(POSITIVE,),
            samples=((0.2, 4.0),),
            convention="of 0 it is −∞ with slope +∞ (a pole)",
            singular=True,
            special=(
                ((float(base),), 1.0, (1 / (base * math.log(base)),)),
                ((0.0,), -_INF, (_INF,)),
                ((_INF,), _INF, (0.0,)),
            ),
            oracle=lambda x: mp("log", x, base),
        )
    )


log2 = _logarithm(2, r"\log_2")
log10 = _logarithm(10, r"\log_{10}")

logaddexp = register(
    Elementwise(
        name="logaddexp",
        arity=2,
        ref=np.logaddexp,
        stands_for=(np.logaddexp,),
        partials=lambda a, b, y: (sigmoid(a - b), sigmoid(b - a)),
        why="each of the two gets its exponential's share of the sum",
        c="({0} == {1} ? {0} + log{f}(2) : ({0} > {1} ? {0} : {1}) + log1p{f}(exp{f}(-fabs{f}({0} - {1}))))",
        latex=r"\log\left(e^{{0}} + e^{{1}}\right)",
        text="logaddexp({0}, {1})",
        analytic=False,
        commutative=True,
        convention="of −∞ and −∞ it is −∞, and has no slope (NaN): two shares of nothing",
        special=(
            ((0.0, 0.0), math.log(2), (0.5, 0.5)),
            ((1000.0, 1001.0), 1001.3132616875183, (0.2689414213699951, 0.7310585786300049)),
            ((-_INF, 1.0), 1.0, (0.0, 1.0)),
            ((_INF, 1.0), _INF, (1.0, 0.0)),
            ((-_INF, -_INF), -_INF, (math.nan, math.nan)),
        ),
        oracle=lambda a, b: mp("log", mp("exp", a) + mp("exp", b)),
    )
)


def _xlog1py_slopes(x: Node, y: Node, z: Node) -> Slopes:
    return log1p(y), call("where", x == 0, 0.0, x / (1 + y))


def _mp_xlog1py(x: Any, y: Any) -> Any:
    return 0 * x if x == 0 else x * mp("log", 1 + y)


xlog1py = register(
    Elementwise(
        name="xlog1py",
        arity=2,
        ref=lambda x, y: np.where(x == 0, x * 0, x * np.log1p(np.where(x == 0, 0, y))),
        stands_for=("scipy.special.xlog1py",),
        # Where x is 0 the product is 0 for every y, and so is its slope in y.
        partials=_xlog1py_slopes,
        why="a product with a logarithm near 1, where nothing times −∞ is nothing",
        numpy="np.where({0} == 0, 0, {0} * np.log1p(np.where({0} == 0, 0, {1})))",
        c="({0} == 0 ? 0 : {0} * log1p{f}({1}))",
        latex=r"{0} \log\left(1 + {1}\right)",
        text="xlog1py({0}, {1})",
        domain=(REALS, Interval(-1, _INF)),
        samples=((-3.0, 3.0), (-0.7, 4.0)),
        analytic=False,
        convention="0 where x = 0, whatever y",
        singular=True,
        special=(((0.0, -1.0), 0.0, (-_INF, 0.0)), ((2.0, 0.0), 0.0, (0.0, 2.0)), ((2.0, 1e-20), 2e-20, (1e-20, 2.0))),
        oracle=_mp_xlog1py,
    )
)

logit = register(
    Elementwise(
        name="logit",
        ref=of_scipy("logit"),
        stands_for=("scipy.special.logit",),
        partials=lambda x, y: (1 / (x * (1 - x)),),
        why="log x − log(1 − x): the slopes of both, on one denominator",
        numpy="special.logit({0})",
        imports=SPECIAL,
        c="(fabs{f}({0} - 0.5{f}) < 0.2{f} ? 2 * atanh{f}(2 * {0} - 1) : log{f}({0} / (1 - {0})))",
        latex=r"\operatorname{logit}\left({0}\right)",
        text="logit({0})",
        domain=(Interval(0, 1),),
        samples=((0.1, 0.9),),
        analytic=False,
        convention="at 0 and 1 it is −∞ and +∞, with slope +∞ (poles)",
        singular=True,
        special=(((0.5,), 0.0, (4.0,)), ((0.0,), -_INF, (_INF,)), ((1.0,), _INF, (_INF,))),
        oracle=lambda x: mp("log", x / (1 - x)),
    )
)
