"""Sums, products, quotients and powers of two numbers."""

from __future__ import annotations

import numpy as np

from ..ir.records import NON_NEGATIVE, REALS, Elementwise
from ..ir.registry import call, register


def _power(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """x to the p; whole numbers to a negative power are fractions."""
    if x.dtype.kind in "iu" and np.any(np.asarray(p) < 0):
        x = x.astype(np.float64)
    return np.power(x, p)


add = register(
    Elementwise(
        name="add",
        arity=2,
        result="same",
        ref=np.add,
        stands_for=(np.add,),
        partials=lambda a, b, y: (1, 1),
        why="a sum changes one for one with each of its terms",
        numpy="{0} + {1}",
        c="{0} + {1}",
        latex="{0} + {1}",
        text="{0} + {1}",
        commutative=True,
        oracle=lambda a, b: a + b,
    )
)

sub = register(
    Elementwise(
        name="sub",
        arity=2,
        result="same",
        ref=np.subtract,
        stands_for=(np.subtract,),
        partials=lambda a, b, y: (1, -1),
        why="a difference changes one for one with the first term, and against the second",
        numpy="{0} - {1}",
        c="{0} - {1}",
        latex="{0} - {1}",
        text="{0} - {1}",
        oracle=lambda a, b: a - b,
    )
)

mul = register(
    Elementwise(
        name="mul",
        arity=2,
        result="same",
        ref=np.multiply,
        stands_for=(np.multiply,),
        partials=lambda a, b, y: (b, a),
        why="the product rule: each factor is the slope of the other",
        numpy="{0} * {1}",
        c="{0} * {1}",
        latex=r"{0} \odot {1}",
        text="{0} ⊙ {1}",
        commutative=True,
        oracle=lambda a, b: a * b,
    )
)

div = register(
    Elementwise(
        name="div",
        arity=2,
        ref=np.true_divide,
        stands_for=(np.true_divide,),
        partials=lambda a, b, y: (1 / b, -y / b),
        why="the quotient rule, with the quotient itself used again",
        numpy="{0} / {1}",
        c="{0} / {1}",
        latex=r"\frac{{0}}{{1}}",
        text="{0} / {1}",
        samples=((-3.0, 3.0), (0.5, 3.0)),
        convention="0/0 is NaN, a/0 is ±∞",
        singular=True,
        oracle=lambda a, b: a / b,
    )
)

neg = register(
    Elementwise(
        name="neg",
        result="same",
        ref=np.negative,
        stands_for=(np.negative,),
        partials=lambda x, y: (-1,),
        why="the sign is a factor −1",
        numpy="-{0}",
        c="-{0}",
        latex="-{0}",
        text="-{0}",
        oracle=lambda x: -x,
    )
)

pow_ = register(
    Elementwise(
        name="pow",
        arity=2,
        result="same",
        ref=_power,
        stands_for=(np.power,),
        partials=lambda x, p, y: (call("where", p == 0, 0, p * x ** (p - 1)), call("xlogy", y, x)),
        why="the power rule: the exponent comes down as a factor, and is one less",
        numpy="{0} ** {1}",
        c="pow{f}({0}, {1})",
        latex="{0}^{{1}}",
        text="{0}^{1}",
        domain=(NON_NEGATIVE, REALS),
        samples=((0.3, 3.0), (-2.0, 3.0)),
        convention="x⁰ is 1 and its slope 0, at x = 0 too",
        singular=True,
        oracle=lambda x, p: x**p,
    )
)
