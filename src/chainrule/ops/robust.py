"""Scalar functions by which a large residual counts for less than its square."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.records import NON_NEGATIVE, Elementwise
from ..ir.registry import register
from .transcendental import tanh

__all__ = ["log_cosh"]


def _log_cosh(x: np.ndarray) -> Any:
    """The logarithm of cosh x: near 0 by cosh x = 1 + 2 sinh²(x/2), elsewhere by what does not overflow."""
    if np.iscomplexobj(x):
        return np.log(np.cosh(x))
    size = np.abs(x)
    near = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2)
    return np.where(size < 1, near, size + np.log1p(np.exp(-2 * size)) - math.log(2))


def _mp_log_cosh(x: Any) -> Any:  # a number of mpmath, which only the tests have
    import mpmath

    return mpmath.log(mpmath.cosh(x))


log_cosh = register(
    Elementwise(
        name="log_cosh",
        ref=_log_cosh,
        partials=lambda x, y: (tanh(x),),
        why="the slope of log cosh is the hyperbolic tangent",
        numpy="np.where(np.abs({0}) < 1, np.log1p(2 * np.sinh({0} / 2) ** 2), "
        f"np.abs({{0}}) + np.log1p(np.exp(-2 * np.abs({{0}}))) - {math.log(2)})",
        c="(fabs{f}({0}) < 1 ? log1p{f}(2 * sinh{f}({0} / 2) * sinh{f}({0} / 2)) : "
        f"fabs{{f}}({{0}}) + log1p{{f}}(exp{{f}}(-2 * fabs{{f}}({{0}}))) - ({{real}}){math.log(2)})",
        latex=r"\log\cosh\left({0}\right)",
        text="log cosh({0})",
        range=NON_NEGATIVE,
        oracle=_mp_log_cosh,
        special=(
            ((0.0,), 0.0, (0.0,)),
            ((1e-8,), 5e-17, (1e-8,)),
            ((800.0,), 799.3068528194401, (1.0,)),
            ((-np.inf,), np.inf, (-1.0,)),
        ),
    )
)
