"""The scalar functions that networks are bent by."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.records import NON_NEGATIVE, Elementwise, Interval
from ..ir.registry import register

__all__ = ["log_sigmoid", "relu", "sigmoid", "softplus"]


def _log1p_exp(x: np.ndarray) -> Any:
    """log(1 + eˣ) without overflow."""
    if np.iscomplexobj(x):
        return np.log1p(np.exp(x))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _mp_sigmoid(x: Any) -> Any:  # a number of mpmath, which only the tests have
    import mpmath

    return 1 / (1 + mpmath.exp(-x))


def _mp_softplus(x: Any) -> Any:
    import mpmath

    return mpmath.log(1 + mpmath.exp(x))


sigmoid = register(
    Elementwise(
        name="sigmoid",
        ref=lambda x: 1 / (1 + np.exp(-x)),
        partials=lambda x, y: (y * (1 - y),),
        why="the slope of the sigmoid, in terms of its own output",
        numpy="1 / (1 + np.exp(-{0}))",
        c="(1 / (1 + exp{f}(-({0}))))",
        latex=r"\sigma\left({0}\right)",
        text="σ({0})",
        range=Interval(0, 1),
        oracle=_mp_sigmoid,
        special=(((0.0,), 0.5, (0.25,)), ((-np.inf,), 0.0, (0.0,)), ((np.inf,), 1.0, (0.0,))),
    )
)

relu = register(
    Elementwise(
        name="relu",
        ref=lambda x: np.maximum(x, 0),
        partials=lambda x, y: (y > 0,),
        why="1 where the unit is on, 0 where it is off",
        numpy="np.maximum({0}, 0)",
        c="({0} <= 0 ? 0 : {0})",
        latex=r"\operatorname{relu}\left({0}\right)",
        text="relu({0})",
        range=NON_NEGATIVE,
        analytic=False,
        kinks=(0.0,),
        convention="the slope at 0 is 0, the smallest subgradient",
        oracle=lambda x: max(x, 0 * x),
        special=(((0.0,), 0.0, (0.0,)), ((np.inf,), np.inf, (1.0,)), ((-np.inf,), 0.0, (0.0,))),
    )
)

softplus = register(
    Elementwise(
        name="softplus",
        ref=_log1p_exp,
        partials=lambda x, y: (sigmoid(x),),
        why="the slope of softplus is the sigmoid",
        numpy="np.logaddexp(0, {0})",
        c="(({0} > 0 ? {0} : 0) + log1p{f}(exp{f}(-fabs{f}({0}))))",
        latex=r"\log\left(1 + e^{{0}}\right)",
        text="softplus({0})",
        range=NON_NEGATIVE,
        oracle=_mp_softplus,
        special=(((0.0,), 0.6931471805599453, (0.5,)), ((-np.inf,), 0.0, (0.0,)), ((np.inf,), np.inf, (1.0,))),
    )
)

log_sigmoid = register(
    Elementwise(
        name="log_sigmoid",
        ref=lambda x: -_log1p_exp(-x),
        partials=lambda x, y: (sigmoid(-x),),
        why="the slope of log σ(x) is 1 − σ(x), which is σ(−x)",
        numpy="-np.logaddexp(0, -{0})",
        c="(({0} < 0 ? {0} : 0) - log1p{f}(exp{f}(-fabs{f}({0}))))",
        latex=r"\log\sigma\left({0}\right)",
        text="log σ({0})",
        range=Interval(-float("inf"), 0),
        oracle=lambda x: -_mp_softplus(-x),
        special=(((-np.inf,), -np.inf, (1.0,)), ((np.inf,), 0.0, (0.0,))),
    )
)
