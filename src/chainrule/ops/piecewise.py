"""Activations joined from pieces: leaky relu, elu and its kin, and the hard ones, which are made of straight lines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.build import scalar_value
from ..ir.node import Node
from ..ir.records import Elementwise, Interval, Slopes
from ..ir.registry import function, register
from .exponential import expm1
from .outside import mp
from .select import clipped, where
from .transcendental import exp

__all__ = ["celu", "elu", "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "relu6", "selu"]

_INF = math.inf


def _joined(x: Node, left: Node, at_zero: Node) -> Node:
    """The slope 1 on the right of 0 and ``left`` on its left; at 0 the smallest between 1 and ``at_zero``."""
    number = scalar_value(at_zero)
    if number is not None and 0 <= number <= 1:
        # The smallest is that of the left, which needs no case of its own.
        return where(x > 0, 1.0, left)  # type: ignore[no-any-return]
    return where(x > 0, 1.0, where(x < 0, left, clipped(at_zero, 0.0, 1.0)))  # type: ignore[no-any-return]


def _leaky_slopes(x: Node, a: Node, y: Node) -> Slopes:
    return _joined(x, a, a), where(x < 0, x, 0.0)


leaky = register(
    Elementwise(
        name="leaky_relu",
        arity=2,
        ref=lambda x, a: np.where(x >= 0, x, a * x),
        partials=_leaky_slopes,
        why="1 where the unit is on, the slope a where it is off",
        numpy="np.where({0} >= 0, {0}, {1} * {0})",
        c="({0} >= 0 ? {0} : {1} * {0})",
        latex=r"\operatorname{leaky}_{{1}}\left({0}\right)",
        text="leaky_relu({0}, {1})",
        analytic=False,
        kinks=(0.0,),
        convention="the slope at 0 is the smallest between a and 1",
        special=(
            ((0.0, 0.01), 0.0, (0.01, 0.0)),
            ((0.0, 2.0), 0.0, (1.0, 0.0)),
            ((0.0, -0.5), 0.0, (0.0, 0.0)),
            ((-2.0, 0.25), -0.5, (0.25, -2.0)),
            ((_INF, 0.25), _INF, (1.0, 0.0)),
            ((-_INF, 0.25), -_INF, (0.25, -_INF)),
        ),
        oracle=lambda x, a: x if x > 0 else a * x,
    )
)


@function()
def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """Of x > 0 x itself, of others ``slope`` times x; the slope may be an array that is learnt (PReLU)."""
    return leaky(x, slope)


exponential_unit = register(
    Elementwise(
        name="elu",
        ref=lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        partials=lambda x, y: (where(x > 0, 1.0, exp(x)),),
        why="1 where the unit is on, the slope of eˣ − 1 where it is off",
        numpy="np.where({0} > 0, {0}, np.expm1(np.minimum({0}, 0)))",
        c="({0} > 0 ? {0} : expm1{f}({0}))",
        latex=r"\operatorname{elu}\left({0}\right)",
        text="elu({0})",
        range=Interval(-1, _INF),
        analytic=False,
        special=(
            ((0.0,), 0.0, (1.0,)),
            ((_INF,), _INF, (1.0,)),
            ((-_INF,), -1.0, (0.0,)),
            ((800.0,), 800.0, (1.0,)),
            ((-1e-20,), -1e-20, (1.0,)),
        ),
        oracle=lambda x: x if x > 0 else mp("expm1", x),
    )
)


def _elu_slopes(x: Node, a: Node, y: Node) -> Slopes:
    return _joined(x, a * exp(x), a), where(x < 0, expm1(x), 0.0)


scaled_unit = register(
    Elementwise(
        name="scaled_elu",
        arity=2,
        ref=lambda x, a: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0))),
        partials=_elu_slopes,
        why="1 where the unit is on, the slope of a(eˣ − 1) where it is off",
        numpy="np.where({0} > 0, {0}, {1} * np.expm1(np.minimum({0}, 0)))",
        c="({0} > 0 ? {0} : {1} * expm1{f}({0}))",
        latex=r"\operatorname{elu}_{{1}}\left({0}\right)",
        text="elu({0}, {1})",
        analytic=False,
        kinks=(0.0,),
        convention="the slope at 0 is the smallest between a and 1",
        special=(
            ((0.0, 1.0), 0.0, (1.0, 0.0)),
            ((0.0, 0.5), 0.0, (0.5, 0.0)),
            ((0.0, 2.0), 0.0, (1.0, 0.0)),
            ((_INF, 1.0), _INF, (1.0, 0.0)),
            ((-_INF, 1.5), -1.5, (0.0, -1.0)),
            ((800.0, 1.0), 800.0, (1.0, 0.0)),
        ),
        oracle=lambda x, a: x if x > 0 else a * mp("expm1", x),
    )
)


@function()
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Of x > 0 x itself, of others α(eˣ − 1) (Clevert, Unterthiner and Hochreiter, 2016)."""
    return exponential_unit(x) if isinstance(alpha, (int, float)) and alpha == 1 else scaled_unit(x, alpha)


@function()
def celu(x: Any, alpha: float = 1.0) -> Any:
    """α elu(x/α): x on the right of 0, α(exp(x/α) − 1) on its left, without a kink for any α > 0 (Barron, 2017)."""
    return alpha * exponential_unit(x / alpha)


_SCALE, _ALPHA = 1.0507009873554805, 1.6732632423543773
"""λ and α, for which the mean 0 and the variance 1 are kept (Klambauer et al., 2017)."""

selu = register(
    Elementwise(
        name="selu",
        ref=lambda x: _SCALE * np.where(x > 0, x, _ALPHA * np.expm1(np.minimum(x, 0))),
        partials=lambda x, y: (where(x >= 0, _SCALE, _SCALE * _ALPHA * exp(x)),),
        why="λ where the unit is on, the slope of λα(eˣ − 1) where it is off",
        numpy=f"{_SCALE} * np.where({{0}} > 0, {{0}}, {_ALPHA} * np.expm1(np.minimum({{0}}, 0)))",
        c=f"({_SCALE}{{f}} * ({{0}} > 0 ? {{0}} : {_ALPHA}{{f}} * expm1{{f}}({{0}})))",
        latex=r"\operatorname{selu}\left({0}\right)",
        text="selu({0})",
        range=Interval(-1.7581, _INF),
        analytic=False,
        kinks=(0.0,),
        convention="the slope at 0 is λ ≈ 1.05, the smaller one",
        special=(
            ((0.0,), 0.0, (_SCALE,)),
            ((_INF,), _INF, (_SCALE,)),
            ((-_INF,), -_SCALE * _ALPHA, (0.0,)),
            ((800.0,), _SCALE * 800, (_SCALE,)),
        ),
        oracle=lambda x: _SCALE * x if x > 0 else _SCALE * _ALPHA * mp("expm1", x),
    )
)

relu6 = register(
    Elementwise(
        name="relu6",
        ref=lambda x: np.clip(x, 0, 6),
        partials=lambda x, y: ((x > 0) & (x < 6),),
        why="1 between the bounds, 0 where the unit is off or full",
        numpy="np.clip({0}, 0, 6)",
        c="({0} < 0 ? 0 : {0} > 6 ? 6 : {0})",
        latex=r"\operatorname{relu}_6\left({0}\right)",
        text="relu6({0})",
        range=Interval(0, 6),
        samples=((-3.0, 9.0),),
        analytic=False,
        kinks=(0.0, 6.0),
        convention="the slope at 0 and at 6 is 0, the smallest subgradient",
        special=(((0.0,), 0.0, (0.0,)), ((6.0,), 6.0, (0.0,)), ((0.5,), 0.5, (1.0,)), ((_INF,), 6.0, (0.0,))),
        oracle=lambda x: min(max(x, 0 * x), 6 + 0 * x),
    )
)

hard_tanh = register(
    Elementwise(
        name="hard_tanh",
        ref=lambda x: np.clip(x, -1, 1),
        partials=lambda x, y: ((x > -1) & (x < 1),),
        why="1 between the bounds, 0 outside",
        numpy="np.clip({0}, -1, 1)",
        c="({0} < -1 ? -1 : {0} > 1 ? 1 : {0})",
        latex=r"\operatorname{hardtanh}\left({0}\right)",
        text="hard_tanh({0})",
        range=Interval(-1, 1),
        analytic=False,
        kinks=(-1.0, 1.0),
        convention="the slope at ±1 is 0, the smallest subgradient",
        special=(((0.5,), 0.5, (1.0,)), ((1.0,), 1.0, (0.0,)), ((-1.0,), -1.0, (0.0,)), ((-_INF,), -1.0, (0.0,))),
        oracle=lambda x: min(max(x, -1 + 0 * x), 1 + 0 * x),
    )
)

hard_sigmoid = register(
    Elementwise(
        name="hard_sigmoid",
        ref=lambda x: np.clip(x + 3, 0, 6) / 6,
        partials=lambda x, y: (where((x > -3) & (x < 3), 1 / 6, 0.0),),
        why="a straight line from 0 at −3 to 1 at 3",
        numpy="np.clip({0} + 3, 0, 6) / 6",
        c="({0} < -3 ? 0 : {0} > 3 ? 1 : ({0} + 3) / 6)",
        latex=r"\operatorname{hard}\sigma\left({0}\right)",
        text="hard_sigmoid({0})",
        range=Interval(0, 1),
        samples=((-5.0, 5.0),),
        analytic=False,
        kinks=(-3.0, 3.0),
        convention="the slope at ±3 is 0, the smallest subgradient",
        special=(((0.0,), 0.5, (1 / 6,)), ((3.0,), 1.0, (0.0,)), ((-3.0,), 0.0, (0.0,)), ((_INF,), 1.0, (0.0,))),
        oracle=lambda x: min(max(x + 3, 0 * x), 6 + 0 * x) / 6,
    )
)

hard_swish = register(
    Elementwise(
        name="hard_swish",
        ref=lambda x: np.maximum(x, -3) * (np.clip(x + 3, 0, 6) / 6),
        partials=lambda x, y: (where(x >= 3, 1.0, where(x > -3, (2 * x + 3) / 6, 0.0)),),
        why="0 up to −3, 1 from 3 on, and between them the slope of x(x + 3)/6",
        numpy="np.maximum({0}, -3) * (np.clip({0} + 3, 0, 6) / 6)",
        c="({0} <= -3 ? 0 : {0} >= 3 ? {0} : {0} * (({0} + 3) / 6))",
        latex=r"\operatorname{hardswish}\left({0}\right)",
        text="hard_swish({0})",
        range=Interval(-0.376, _INF),
        samples=((-5.0, 5.0),),
        analytic=False,
        kinks=(-3.0, 3.0),
        convention="the slope at −3 is 0 and at 3 it is 1, the smaller ones",
        special=(
            ((0.0,), 0.0, (0.5,)),
            ((3.0,), 3.0, (1.0,)),
            ((-3.0,), 0.0, (0.0,)),
            ((_INF,), _INF, (1.0,)),
            ((-_INF,), 0.0, (0.0,)),
        ),
        oracle=lambda x: x * min(max(x + 3, 0 * x), 6 + 0 * x) / 6,
    )
)
