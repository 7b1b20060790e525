"""The inverse circular functions, degrees, and the sine over its argument."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.build import as_node, cast, is_traced
from ..ir.node import Node
from ..ir.records import Elementwise, Interval, Slopes
from ..ir.registry import call, function, register
from .outside import from_text, mp
from .roots import hypot
from .transcendental import sqrt

__all__ = ["arccos", "arcsin", "arctan", "arctan2", "deg2rad", "rad2deg", "sinc", "sinc_slope"]

_INF, _PI = math.inf, math.pi


def _below_the_circle(x: Node) -> Node:
    """1/√(1 − x²), with the difference taken apart: 1 − x² loses its digits near ±1."""
    return 1 / sqrt((1 - x) * (1 + x))  # type: ignore[no-any-return]


arcsin = register(
    Elementwise(
        name="arcsin",
        ref=np.arcsin,
        stands_for=(np.arcsin,),
        partials=lambda x, y: (_below_the_circle(x),),
        why="the reciprocal of the slope of the sine there, which is √(1 − x²)",
        c="asin{f}({0})",
        latex=r"\arcsin\left({0}\right)",
        text="arcsin({0})",
        domain=(Interval(-1, 1),),
        range=Interval(-_PI / 2, _PI / 2),
        samples=((-0.9, 0.9),),
        convention="at ±1 the slope is +∞ (poles)",
        singular=True,
        special=(((0.0,), 0.0, (1.0,)), ((1.0,), _PI / 2, (_INF,)), ((-1.0,), -_PI / 2, (_INF,))),
        oracle="asin",
    )
)

arccos = register(
    Elementwise(
        name="arccos",
        ref=np.arccos,
        stands_for=(np.arccos,),
        partials=lambda x, y: (-_below_the_circle(x),),
        why="arccos x is π/2 − arcsin x",
        c="acos{f}({0})",
        latex=r"\arccos\left({0}\right)",
        text="arccos({0})",
        domain=(Interval(-1, 1),),
        range=Interval(0, _PI),
        samples=((-0.9, 0.9),),
        convention="at ±1 the slope is −∞ (poles)",
        singular=True,
        special=(((0.0,), _PI / 2, (-1.0,)), ((1.0,), 0.0, (-_INF,)), ((-1.0,), _PI, (-_INF,))),
        oracle="acos",
    )
)

arctan = register(
    Elementwise(
        name="arctan",
        ref=np.arctan,
        stands_for=(np.arctan,),
        partials=lambda x, y: (1 / (1 + x**2),),
        why="the reciprocal of the slope of the tangent there, which is 1 + x²",
        c="atan{f}({0})",
        latex=r"\arctan\left({0}\right)",
        text="arctan({0})",
        range=Interval(-_PI / 2, _PI / 2),
        special=(((0.0,), 0.0, (1.0,)), ((_INF,), _PI / 2, (0.0,)), ((-_INF,), -_PI / 2, (0.0,))),
        oracle="atan",
    )
)


def _turned(y: Node, x: Node, angle: Node) -> Slopes:
    """The slopes of the angle: x/r² and −y/r², divided twice by r so that no square overflows."""
    r = hypot(y, x)
    slopes = [call("where", r > 0, part / r / r, 0.0) for part in (x, -y)]
    return tuple(slopes)


arctan2 = register(
    Elementwise(
        name="arctan2",
        arity=2,
        ref=np.arctan2,
        stands_for=(np.arctan2,),
        partials=_turned,
        why="a point turns by what it moves across its radius, over the radius",
        c="atan2{f}({0}, {1})",
        latex=r"\operatorname{arctan2}\left({0}, {1}\right)",
        text="arctan2({0}, {1})",
        range=Interval(-_PI, _PI),
        samples=((0.3, 3.0), (-3.0, 3.0)),
        analytic=False,
        convention="at (0, 0) the angle is 0 and its slopes are 0; on the negative x axis it jumps, the slopes do not",
        singular=True,
        special=(
            ((0.0, 1.0), 0.0, (1.0, 0.0)),
            ((1.0, 0.0), _PI / 2, (0.0, -1.0)),
            ((0.0, -2.0), _PI, (-0.5, 0.0)),
            ((0.0, 0.0), 0.0, (0.0, 0.0)),
            ((3e30, 4e30), 0.6435011087932844, (1.6e-31, -1.2e-31)),
        ),
        oracle="atan2",
    )
)

# sin πx by the distance to the nearest whole number n: exact for whole x, where sin(π x) is not. Floats beyond 2⁵³
# are all even, which makes ±∞ one of them.
_SINC = '''
def sinc(x):
    """sin(πx)/(πx), which is 1 at 0; exactly 0 at other whole numbers."""
    x = np.clip(x, -2.0**53, 2.0**53)
    n = np.rint(x)
    sine = np.sin(np.pi * (x - n)) * (1 - 2 * (n % 2))
    return np.where(x == 0, 1, sine / np.where(x == 0, 1, np.pi * x)).astype(n.dtype)
'''

# The series is that of the spherical Bessel function j₁(z) = z/3 (1 − z²/10 (1 − z²/28 (1 − …))), divisors 2k(2k + 3):
# sinc′(x) = −π j₁(πx) (Abramowitz and Stegun, 10.1.2).
_SINC_SLOPE = '''
def sinc_slope(x):
    """The slope of sin(πx)/(πx): (cos πx − sinc x)/x, and near 0, where that loses its digits, its series."""
    n = np.rint(np.clip(x, -2.0**53, 2.0**53))
    angle = np.pi * (np.clip(x, -2.0**53, 2.0**53) - n)
    far = np.where(np.abs(x) < 0.25, 1, x)
    slope = (np.cos(angle) - np.sin(angle) / (np.pi * far)) * (1 - 2 * (n % 2)) / far
    z = np.pi * np.clip(x, -0.25, 0.25)
    series = 1 - z * z / 304
    for divisor in (238, 180, 130, 88, 54, 28, 10):
        series = 1 - z * z / divisor * series
    return np.where(np.abs(x) < 0.25, -np.pi / 3 * z * series, slope).astype(n.dtype)
'''

_C_PI = "3.141592653589793{f}"


def _c_series() -> str:
    """The same series in C, from the inside out."""
    series = "1"
    for divisor in (304, 238, 180, 130, 88, 54, 28, 10):
        series = f"(1 - {_C_PI} * {{0}} * {_C_PI} * {{0}} / {divisor} * {series})"
    return f"-{_C_PI} * {_C_PI} / 3 * {{0}} * {series}"


_C_REST = "remainder{f}({0}, 2)"


sinc = register(
    Elementwise(
        name="sinc",
        ref=from_text(_SINC),
        stands_for=(np.sinc,),
        partials=lambda x, y: (sinc_slope(x),),
        why="the slope of sin(πx)/(πx) by the quotient rule: (cos πx − sinc x)/x, and 0 at 0",
        numpy="sinc({0})",
        definition=_SINC,
        c=f"({{0}} == 0 ? 1 : isinf({{0}}) ? 0 : fabs{{f}}({_C_REST}) > 0.5{{f}} ? "
        f"copysign{{f}}(1, {_C_REST}) * sin{{f}}({_C_PI} * (1 - fabs{{f}}({_C_REST}))) / ({_C_PI} * {{0}}) : "
        f"sin{{f}}({_C_PI} * {_C_REST}) / ({_C_PI} * {{0}}))",
        latex=r"\operatorname{sinc}\left({0}\right)",
        text="sinc({0})",
        analytic=False,
        special=(((0.0,), 1.0, (0.0,)), ((2.0,), 0.0, (0.5,)), ((0.5,), 2 / _PI, (-4 / _PI,)), ((_INF,), 0.0, (0.0,))),
        oracle="sincpi",
    )
)


def _curvature(x: Node, y: Node) -> Node:
    """sinc″ = −π² sinc x − 2 sinc′(x)/x, which is −π²/3 at 0 (from x f″ + 2 f′ + π² x f = 0)."""
    return call("where", x == 0, -(_PI**2) / 3, -(_PI**2) * sinc(x) - 2 * y / x)  # type: ignore[no-any-return]


def _mp_sinc_slope(x: Any) -> Any:
    return 0 * x if x == 0 else (mp("cospi", x) - mp("sincpi", x)) / x


sinc_slope: Elementwise = register(
    Elementwise(
        name="sinc_slope",
        ref=from_text(_SINC_SLOPE),
        partials=lambda x, y: (_curvature(x, y),),
        why="sin(πx)/(πx) solves x f″ + 2f′ + π²x f = 0, which gives f″",
        numpy="sinc_slope({0})",
        definition=_SINC_SLOPE,
        c=f"(fabs{{f}}({{0}}) < 0.25{{f}} ? {_c_series()} : isinf({{0}}) ? 0 : "
        f"(cos{{f}}({_C_PI} * {_C_REST}) - sin{{f}}({_C_PI} * {_C_REST}) / ({_C_PI} * {{0}})) / {{0}})",
        latex=r"\operatorname{sinc}'\left({0}\right)",
        text="sinc_slope({0})",
        analytic=False,
        special=(
            ((0.0,), 0.0, (-(_PI**2) / 3,)),
            ((1e-10,), -3.289868133696453e-10, (-(_PI**2) / 3,)),
            ((1.0,), -1.0, (2.0,)),
            ((_INF,), 0.0, (0.0,)),
        ),
        oracle=_mp_sinc_slope,
    )
)


@function(np.deg2rad, np.radians)
def deg2rad(x: Any) -> Any:
    """Degrees as radians: x π/180."""
    return cast(as_node(x), "float") * (_PI / 180) if is_traced(x) else np.deg2rad(x)


@function(np.rad2deg, np.degrees)
def rad2deg(x: Any) -> Any:
    """Radians as degrees: x 180/π."""
    return cast(as_node(x), "float") * (180 / _PI) if is_traced(x) else np.rad2deg(x)
