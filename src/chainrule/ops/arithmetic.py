"""Sums, products, quotients and powers of two numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.build import as_node, cast, is_traced, scalar_value
from ..ir.node import Const, Einsum, Map, Node, Size
from ..ir.records import NON_NEGATIVE, REALS, Elementwise, Slopes
from ..ir.registry import call, function, register

__all__ = ["add", "div", "mul", "neg", "pow", "square", "sub"]


def _power(x: np.ndarray, p: np.ndarray) -> Any:
    """The power x to the p; whole numbers to a negative power are fractions."""
    if x.dtype.kind in "iu" and np.any(np.asarray(p) < 0):
        x = x.astype(np.float64)
    return np.power(x, p)


def _power_slopes(x: Node, p: Node, y: Node) -> Slopes:
    """The slopes p xᵖ⁻¹ and xᵖ log x; an exponent that is a number is made one less at once."""
    number = scalar_value(p)
    if number is None:
        own = call("where", p == 0, 0, p * x ** (p - 1))
    else:
        own = number * x ** (number - 1) if number else None
    return own, call("xlogy", y, x)


def _whole(p: Node) -> bool:
    """Whether an exponent is one of 0, 1, 2, …: such a power and its slopes are finite everywhere."""
    number = scalar_value(p)
    return number is not None and number >= 0 and float(number).is_integer()


def _never_zero(divisor: Node) -> bool:
    """Whether a divisor is a number other than 0, or made of the sizes of dimensions."""
    while isinstance(divisor, Einsum) and divisor.is_layout:
        (divisor,) = divisor.args
    match divisor:
        case Size():
            return True
        case Const():
            return bool(np.all(divisor.value))
        case Map() if divisor.op.name == "to_float" or (divisor.op.name == "mul" and divisor.kind == "int"):
            return all(map(_never_zero, divisor.args))
    return False


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
        special=(((1.0, 2.0), 3.0, (1.0, 1.0)), ((np.inf, 1.0), np.inf, (1.0, 1.0))),
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
        special=(((1.0, 1.0), 0.0, (1.0, -1.0)), ((-np.inf, 1.0), -np.inf, (1.0, -1.0))),
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
        special=(((0.0, 3.0), 0.0, (3.0, 0.0)), ((np.inf, 0.0), np.nan, (0.0, np.inf))),
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
        singular=lambda a, b: not _never_zero(b),
        oracle=lambda a, b: a / b,
        special=(
            ((6.0, 4.0), 1.5, (0.25, -0.375)),
            ((1.0, 0.0), np.inf, (np.inf, -np.inf)),
            ((0.0, 0.0), np.nan, (np.inf, np.nan)),
        ),
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
        special=(((0.0,), 0.0, (-1.0,)), ((np.inf,), -np.inf, (-1.0,))),
    )
)

pow_ = register(
    Elementwise(
        name="pow",
        arity=2,
        result="same",
        ref=_power,
        stands_for=(np.power,),
        partials=_power_slopes,
        why="the power rule: the exponent comes down as a factor, and is one less",
        numpy="{0} ** {1}",
        c="pow{f}({0}, {1})",
        c_int="int_power({0}, {1})",
        latex="{0}^{{1}}",
        text="{0}^{1}",
        domain=(NON_NEGATIVE, REALS),
        samples=((0.3, 3.0), (-2.0, 3.0)),
        convention="x⁰ is 1 and its slope 0, at x = 0 too",
        singular=lambda x, p: not _whole(p),
        oracle=lambda x, p: x**p,
        special=(
            ((0.0, 0.0), 1.0, (0.0, None)),
            ((0.0, 1.0), 0.0, (1.0, None)),
            ((0.0, 2.0), 0.0, (0.0, 0.0)),
            ((-2.0, 3.0), -8.0, (12.0, None)),
            ((0.0, 0.5), 0.0, (np.inf, None)),
        ),
    )
)


@function(np.square)
def square(x: Any) -> Any:
    """The square, x times x."""
    return cast(as_node(x), "float") ** 2 if is_traced(x) else np.square(x)


pow = pow_
