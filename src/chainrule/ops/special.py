"""Special functions: the error function and its kin, the gamma function and its derivatives."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..ir import registry
from ..ir.build import is_traced
from ..ir.errors import ChainruleError, at_user_line
from ..ir.records import POSITIVE, Elementwise, Interval
from ..ir.registry import register
from .outside import SPECIAL, mp, of_scipy
from .transcendental import exp

__all__ = ["digamma", "erf", "erfc", "erfinv", "gammaln", "polygamma"]

_INF = math.inf
_PEAK = 2 / math.sqrt(math.pi)
"""The slope of erf at 0."""

erf = register(
    Elementwise(
        name="erf",
        ref=of_scipy("erf"),
        stands_for=("scipy.special.erf",),
        partials=lambda x, y: (_PEAK * exp(-(x**2)),),
        why="the error function is 2/√π times the integral of exp(−x²), which is its slope",
        numpy="special.erf({0})",
        imports=SPECIAL,
        c="erf{f}({0})",
        latex=r"\operatorname{erf}\left({0}\right)",
        text="erf({0})",
        range=Interval(-1, 1),
        special=(((0.0,), 0.0, (_PEAK,)), ((_INF,), 1.0, (0.0,)), ((-_INF,), -1.0, (0.0,))),
    )
)

erfc = register(
    Elementwise(
        name="erfc",
        ref=of_scipy("erfc"),
        stands_for=("scipy.special.erfc",),
        partials=lambda x, y: (-_PEAK * exp(-(x**2)),),
        why="erfc x is 1 − erf x, with all digits where that is near 0",
        numpy="special.erfc({0})",
        imports=SPECIAL,
        c="erfc{f}({0})",
        latex=r"\operatorname{erfc}\left({0}\right)",
        text="erfc({0})",
        range=Interval(0, 2),
        special=(((0.0,), 1.0, (-_PEAK,)), ((_INF,), 0.0, (0.0,)), ((-_INF,), 2.0, (0.0,))),
    )
)

erfinv = register(
    Elementwise(
        name="erfinv",
        ref=of_scipy("erfinv"),
        stands_for=("scipy.special.erfinv",),
        partials=lambda x, y: (exp(y**2) / _PEAK,),
        why="the reciprocal of the slope of erf there, in terms of its own output",
        numpy="special.erfinv({0})",
        imports=SPECIAL,
        no_c=True,
        latex=r"\operatorname{erf}^{-1}\left({0}\right)",
        text="erfinv({0})",
        domain=(Interval(-1, 1, open=True),),
        samples=((-0.9, 0.9),),
        analytic=False,
        convention="at ±1 it is ±∞, with slope +∞ (poles)",
        singular=True,
        special=(((0.0,), 0.0, (1 / _PEAK,)), ((1.0,), _INF, (_INF,)), ((-1.0,), -_INF, (_INF,))),
    )
)

gammaln = register(
    Elementwise(
        name="gammaln",
        ref=of_scipy("gammaln"),
        stands_for=("scipy.special.gammaln",),
        partials=lambda x, y: (digamma(x),),
        why="the slope of the logarithm of the gamma function is, by its definition, the digamma function",
        numpy="special.gammaln({0})",
        imports=SPECIAL,
        c="(isinf({0}) ? {0} : lgamma{f}({0}))",
        latex=r"\log\Gamma\left({0}\right)",
        text="gammaln({0})",
        domain=(POSITIVE,),
        samples=((0.5, 5.0),),
        analytic=False,
        convention="at 0 it is +∞ with slope −∞ (a pole)",
        singular=True,
        special=(
            ((1.0,), 0.0, (-0.5772156649015329,)),
            ((2.0,), 0.0, (0.42278433509846714,)),
            ((0.5,), math.log(math.pi) / 2, (-1.9635100260214235,)),
            ((0.0,), _INF, (-_INF,)),
            ((_INF,), _INF, (_INF,)),
        ),
        oracle=lambda x: mp("loggamma", x),
    )
)

digamma: Elementwise = register(
    Elementwise(
        name="digamma",
        ref=of_scipy("psi"),
        stands_for=("scipy.special.psi",),
        partials=lambda x, y: (registry.call("polygamma", 1, x),),
        why="the slope of the digamma function is the first polygamma function",
        numpy="special.psi({0})",
        imports=SPECIAL,
        no_c=True,
        latex=r"\psi\left({0}\right)",
        text="ψ({0})",
        domain=(POSITIVE,),
        samples=((0.5, 5.0),),
        analytic=False,
        convention="at 0 it is −∞ with slope +∞ (a pole)",
        singular=True,
        special=(
            ((1.0,), -0.5772156649015329, (math.pi**2 / 6,)),
            ((0.0,), -_INF, (_INF,)),
            ((_INF,), _INF, (0.0,)),
        ),
    )
)

_GREATEST = 100
"""The greatest order: beyond it n! is soon no float any more."""


@cache
def _polygamma(order: int) -> Elementwise:
    """The record of the polygamma function of this order: (−1)ⁿ⁺¹ n! ζ(n + 1, x), by Hurwitz's zeta function."""
    factor = float((-1) ** (order + 1) * math.factorial(order))
    zeta = of_scipy("zeta")
    return Elementwise(
        name=f"polygamma_{order}",
        ref=lambda x: np.asarray(factor * zeta(order + 1, x), np.asarray(x).dtype),
        partials=lambda x, y: (polygamma(order + 1, x),),
        why="the slope of a polygamma function is the next one",
        numpy=f"{'' if factor == 1 else f'{factor:.17g} * '}special.zeta({order + 1}, {{0}})",
        imports=SPECIAL,
        no_c=True,
        latex=rf"\psi^{{({order})}}\left({{0}}\right)",
        text=f"ψ⁽{str(order).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}⁾({{0}})",
        domain=(POSITIVE,),
        samples=((0.5, 5.0),),
        analytic=False,
        convention="at 0 there is a pole",
        singular=True,
        special=(((_INF,), 0.0, (0.0,)), ((0.0,), math.copysign(_INF, factor), (math.copysign(_INF, -factor),))),
        oracle=lambda x: mp("polygamma", order, x),
    )


registry.family("polygamma", _polygamma)
register(_polygamma(1))
register(_polygamma(2))


@registry.function()
def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of the digamma function, for x > 0; n is a whole number, known while tracing.

    Raises ChainruleError for an order that is none, or is above 100.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 0 <= n <= _GREATEST:
        shown = "a traced array" if is_traced(n) else repr(n)
        raise ChainruleError(
            at_user_line(f"the order of polygamma is a whole number from 0 to {_GREATEST}, not {shown}")
        )
    return digamma(x) if n == 0 else _polygamma(int(n))(x)
