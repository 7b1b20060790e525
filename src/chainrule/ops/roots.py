"""Roots, and the length of two numbers; the square and the reciprocal are powers and quotients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.build import is_traced
from ..ir.node import Node
from ..ir.records import NON_NEGATIVE, Elementwise
from ..ir.registry import call, function, register
from .outside import mp

__all__ = ["cbrt", "hypot", "reciprocal"]

_INF, _NAN = math.inf, math.nan

cbrt = register(
    Elementwise(
        name="cbrt",
        ref=np.cbrt,
        stands_for=(np.cbrt, "scipy.special.cbrt"),
        partials=lambda x, y: (1 / (3 * y**2),),
        why="a third of the reciprocal of the root's square",
        c="cbrt{f}({0})",
        latex=r"\sqrt[3]{{0}}",
        text="∛({0})",
        samples=((0.3, 3.0),),
        analytic=False,
        convention="at 0 the slope is +∞ (a pole, not a kink)",
        singular=True,
        special=(
            ((8.0,), 2.0, (1 / 12,)),
            ((-8.0,), -2.0, (1 / 12,)),
            ((0.0,), 0.0, (_INF,)),
            ((-_INF,), -_INF, (0.0,)),
        ),
        oracle=lambda x: mp("cbrt", x) if x >= 0 else -mp("cbrt", -x),
    )
)


def _direction(x: Node, length: Node) -> Node:
    """A component over the length; 0 where there is no direction."""
    return call("where", length > 0, x / length, 0.0)  # type: ignore[no-any-return]


hypot = register(
    Elementwise(
        name="hypot",
        arity=2,
        ref=np.hypot,
        stands_for=(np.hypot,),
        partials=lambda a, b, y: (_direction(a, y), _direction(b, y)),
        why="the slope of a length is the direction",
        c="hypot{f}({0}, {1})",
        latex=r"\sqrt{{0}^2 + {1}^2}",
        text="hypot({0}, {1})",
        range=NON_NEGATIVE,
        analytic=False,
        commutative=True,
        convention="hypot(0, 0) has slopes 0, the smallest subgradient; in an infinite operand the slope is NaN (∞/∞)",
        special=(
            ((3.0, -4.0), 5.0, (0.6, -0.8)),
            ((0.0, 0.0), 0.0, (0.0, 0.0)),
            ((-0.0, 2.0), 2.0, (0.0, 1.0)),
            ((3e30, 4e30), 5e30, (0.6, 0.8)),
            ((_INF, 1.0), _INF, (_NAN, 0.0)),
            ((1.0, -_INF), _INF, (0.0, _NAN)),
        ),
    )
)


@function(np.reciprocal)
def reciprocal(x: Any) -> Any:
    """1/x, of whole numbers too."""
    return 1 / x if is_traced(x) else np.true_divide(1, x)
