"""Activations that bend smoothly: silu, mish, gelu, softsign.

Their slopes are finite for every x, ±∞ too: where one factor fades faster than the other grows, the product is 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.node import Node
from ..ir.records import Elementwise, Interval, Slopes
from ..ir.registry import call, register
from .activations import sigmoid, softplus
from .normal import multiply_no_nan, ndtr, normal_density
from .outside import SPECIAL, mp, of_scipy
from .transcendental import tanh

__all__ = [
    "gelu",
    "gelu_tanh",
    "mish",
    "silu",
    "softsign",
]

_INF = math.inf


def _silu_slope(x: Node, y: Node) -> Slopes:
    on = sigmoid(x)
    return (on + multiply_no_nan(x, on * sigmoid(-x)),)


silu = register(
    Elementwise(
        name="silu",
        # Below −800 nothing is left of it, and −∞ times 0 is not asked for.
        ref=lambda x: np.maximum(x, -800) / (1 + np.exp(-x)),
        partials=_silu_slope,
        why="x σ(x) by the product rule: σ(x) + x σ(x)(1 − σ(x)), where 1 − σ(x) is σ(−x)",
        numpy="np.maximum({0}, -800) / (1 + np.exp(-{0}))",
        c="(({0} > -800 ? {0} : -800) / (1 + exp{f}(-({0}))))",
        latex=r"\operatorname{silu}\left({0}\right)",
        text="silu({0})",
        range=Interval(-0.2785, _INF),
        special=(
            ((0.0,), 0.0, (0.5,)),
            ((_INF,), _INF, (1.0,)),
            ((-_INF,), 0.0, (0.0,)),
            ((800.0,), 800.0, (1.0,)),
            ((-800.0,), 0.0, (0.0,)),
        ),
        oracle=lambda x: x / (1 + mp("exp", -x)),
    )
)


def _mish_slope(x: Node, y: Node) -> Slopes:
    on = tanh(softplus(x))
    return (on + multiply_no_nan(x, (1 - on * on) * sigmoid(x)),)


mish = register(
    Elementwise(
        name="mish",
        ref=lambda x: np.maximum(x, -800) * np.tanh(softplus.ref(x)),
        partials=_mish_slope,
        why="x tanh(softplus x) by the product rule, tanh in terms of its own output",
        numpy="np.maximum({0}, -800) * np.tanh(np.logaddexp(0, {0}))",
        c="(({0} > -800 ? {0} : -800) * tanh{f}(({0} > 0 ? {0} : 0) + log1p{f}(exp{f}(-fabs{f}({0})))))",
        latex=r"\operatorname{mish}\left({0}\right)",
        text="mish({0})",
        range=Interval(-0.3089, _INF),
        special=(
            ((0.0,), 0.0, (0.6,)),
            ((_INF,), _INF, (1.0,)),
            ((-_INF,), 0.0, (0.0,)),
            ((800.0,), 800.0, (1.0,)),
            ((-800.0,), 0.0, (0.0,)),
        ),
        oracle=lambda x: x * mp("tanh", mp("log", 1 + mp("exp", x))),
    )
)


_ndtr = of_scipy("ndtr")

gelu = register(
    Elementwise(
        name="gelu",
        ref=lambda x: np.maximum(x, -40) * _ndtr(x),
        partials=lambda x, y: (ndtr(x) + multiply_no_nan(x, normal_density(x)),),
        why="x Φ(x) by the product rule: Φ(x) + x φ(x), φ the normal density",
        numpy="np.maximum({0}, -40) * special.ndtr({0})",
        imports=SPECIAL,
        c="(({0} > -40 ? {0} : -40) * (erfc{f}(-0.7071067811865476{f} * {0}) / 2))",
        latex=r"\operatorname{gelu}\left({0}\right)",
        text="gelu({0})",
        range=Interval(-0.17, _INF),
        special=(
            ((0.0,), 0.0, (0.5,)),
            ((_INF,), _INF, (1.0,)),
            ((-_INF,), 0.0, (0.0,)),
            ((800.0,), 800.0, (1.0,)),
            ((-800.0,), 0.0, (0.0,)),
        ),
        oracle=lambda x: x * mp("ncdf", x),
    )
)

# ½(1 + tanh u) is σ(2u), which keeps its digits where u is far below 0.
_STEEP, _CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715
_BENT = f"({{0}} + {_CUBIC} * {{0}} * {{0}} * {{0}})"


def _gelu_tanh_slope(x: Node, y: Node) -> Slopes:
    u = _STEEP * (x + _CUBIC * x**3)
    on = sigmoid(u)
    return (on + multiply_no_nan(_STEEP * (x + 3 * _CUBIC * x**3), on * sigmoid(-u)),)


def _mp_gelu_tanh(x: Any) -> Any:
    root = mp("sqrt", 2 / mp("acos", -1))
    return x / 2 * (1 + mp("tanh", root * (x + mp("mpf", "0.044715") * x**3)))


gelu_tanh = register(
    Elementwise(
        name="gelu_tanh",
        ref=lambda x: np.maximum(x, -40) / (1 + np.exp(-_STEEP * (x + _CUBIC * x * x * x))),
        partials=_gelu_tanh_slope,
        why="x σ(u) by the product rule; u = √(8/π)(x + 0.044715 x³), and ½(1 + tanh(u/2)) is σ(u)",
        numpy=f"np.maximum({{0}}, -40) / (1 + np.exp(-{_STEEP} * {_BENT}))",
        c=f"(({{0}} > -40 ? {{0}} : -40) / (1 + exp{{f}}(-({{real}}){_STEEP} * {_BENT.replace(' 0', ' ({real})0')})))",
        latex=r"\operatorname{gelu}_{\tanh}\left({0}\right)",
        text="gelu_tanh({0})",
        range=Interval(-0.1701, _INF),
        special=(
            ((0.0,), 0.0, (0.5,)),
            ((_INF,), _INF, (1.0,)),
            ((-_INF,), 0.0, (0.0,)),
            ((800.0,), 800.0, (1.0,)),
            ((-800.0,), 0.0, (0.0,)),
        ),
        oracle=_mp_gelu_tanh,
    )
)

softsign = register(
    Elementwise(
        name="softsign",
        # From 10³⁰ on it is 1, and ∞/∞ is not asked for.
        ref=lambda x: np.clip(x, -1e30, 1e30) / (1 + np.abs(np.clip(x, -1e30, 1e30))),
        partials=lambda x, y: (1 / (1 + call("abs", x)) ** 2,),
        why="x/(1 + |x|) by the quotient rule, where x sign x is |x|",
        numpy="np.clip({0}, -1e30, 1e30) / (1 + np.abs(np.clip({0}, -1e30, 1e30)))",
        c="(isinf({0}) ? copysign{f}(1, {0}) : {0} / (1 + fabs{f}({0})))",
        latex=r"\operatorname{softsign}\left({0}\right)",
        text="softsign({0})",
        range=Interval(-1, 1),
        analytic=False,
        special=(
            ((0.0,), 0.0, (1.0,)),
            ((1.0,), 0.5, (0.25,)),
            ((_INF,), 1.0, (0.0,)),
            ((-_INF,), -1.0, (0.0,)),
        ),
        oracle=lambda x: x / (1 + abs(x)),
    )
)
