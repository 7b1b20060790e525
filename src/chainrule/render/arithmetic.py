"""Sums, products and quotients of boxes as a person writes them: signs in front, numbers before names.

Only the order and the grouping on paper are chosen here; nothing is worked out.
"""

from __future__ import annotations

from fractions import Fraction as Ratio
from math import isfinite

from .boxes import (
    Big,
    Box,
    Fraction,
    Function,
    Hadamard,
    MatrixProduct,
    Negative,
    Number,
    Partial,
    Power,
    Product,
    Symbol,
    Terms,
    Transposed,
)

_LARGEST_DENOMINATOR = 100
_SHORT = 8
"""A number of at most so many characters is read as it is: 0.1 is not 1/10."""


def split_sign(box: Box) -> tuple[bool, Box]:
    """Whether a minus sign stands in front, and what follows it."""
    match box:
        case Negative(body):
            return True, body
        case Number(value) if not isinstance(value, bool) and value < 0:
            return True, Number(-value)
        case _:
            return False, box


def negative(box: Box) -> Box:
    """−a; of two signs both are written, −(−a)."""
    return Negative(box)


def transposed(box: Box) -> Box:
    """Aᵀ; of a transpose the matrix itself, of an inverse A⁻ᵀ."""
    match box:
        case Transposed(body):
            return body
        case Function("{0}⁻¹", operands=operands):
            return Function("{0}⁻ᵀ", r"{0}^{-\top}", operands)
        case _:
            return Transposed(box)


def signed(minus: bool, box: Box) -> Box:
    """The box with a minus sign in front, or without."""
    return Negative(box) if minus else box


def add(a: Box, b: Box) -> Box:
    """The sum of two, as one chain of terms."""
    return Terms((*_terms(a), *_terms(b)))


def subtract(a: Box, b: Box) -> Box:
    """The difference; a sum that is subtracted keeps its brackets."""
    minus, body = split_sign(b)
    return Terms((*_terms(a), (not minus, body)))


def _terms(box: Box) -> tuple[tuple[bool, Box], ...]:
    return box.terms if isinstance(box, Terms) else (split_sign(box),)


def is_coefficient(box: Box) -> bool:
    """Whether it is made of numbers and sizes alone, and so stands in front of a product."""
    match box:
        case Number():
            return True
        case Symbol(size=size):
            return size
        case Fraction(a, b) | Power(a, b):
            return is_coefficient(a) and is_coefficient(b)
        case Product(factors):
            return all(map(is_coefficient, factors))
        case _:
            return False


def multiply(*boxes: Box) -> Box:
    """Factors side by side, signs pulled out, the coefficients first and the rest in the order it was written."""
    if len(boxes) == 1:
        return boxes[0]
    minus = False
    factors: list[Box] = []
    for box in boxes:
        sign, body = split_sign(box)
        minus ^= sign
        if sign and body == Number(1):
            # −1 is a sign and nothing else.
            continue
        factors += body.factors if isinstance(body, Product) else (_half(body),)
    if not factors:
        return signed(minus, Number(1))
    factors.sort(key=lambda f: (not is_coefficient(f), not isinstance(f, Number) if is_coefficient(f) else False))
    match factors[:2]:
        case [(Number() | Symbol(size=True)) as number, Fraction(Number(1), bottom)] if is_coefficient(bottom) and not (
            isinstance(number, Number) and isinstance(bottom, Number)
        ):
            # 2 · 1/N is written 2/N.
            factors[:2] = [Fraction(number, bottom)]
    return signed(minus, factors[0] if len(factors) == 1 else Product(tuple(factors)))


def divide(a: Box, b: Box, *, by_number: bool = False, single: bool = False) -> Box:
    """The quotient; a coefficient under a long product is written in front of it: 1/N Σ …

    ``by_number`` says that b is one number for the whole array a, ``single`` that both are numbers.
    """
    sign_a, top = split_sign(a)
    sign_b, bottom = split_sign(b)
    minus = sign_a != sign_b
    factors = tuple(map(_half, top.factors)) if isinstance(top, Product) else (_half(top),)
    front = [f for f in factors if is_coefficient(f)]
    rest = [f for f in factors if not is_coefficient(f)]
    long = len(factors) > 1 or isinstance(top, (Big, MatrixProduct, Hadamard, Partial))
    long |= isinstance(top, Terms) and is_coefficient(bottom)
    by_number |= single and len(rest) == 1 and isinstance(rest[0], Big) and rest[0].text == "Σ"
    if (is_coefficient(bottom) or by_number) and rest and long and sum(isinstance(f, Fraction) for f in front) < 2:
        return signed(minus, Product((_over(multiply(*front) if front else Number(1), bottom), *rest)))
    return signed(minus, _over(multiply(*factors), bottom))


def _over(top: Box, bottom: Box) -> Box:
    """A fraction; one whose numerator is made of numbers, a fraction itself, is one with all its divisors below."""
    if isinstance(top, Fraction) and is_coefficient(top):
        return Fraction(top.top, multiply(top.bottom, bottom))
    return Fraction(top, bottom)


def _half(box: Box) -> Box:
    """0.5 among factors as 1/2, 0.75 as 3/4, 0.16666666666666666 as 1/6; any other number as it is."""
    if not isinstance(box, Number) or not isinstance(box.value, float) or not isfinite(box.value):
        return box
    exactly = Ratio(box.value).limit_denominator(_LARGEST_DENOMINATOR)
    top, bottom = exactly.as_integer_ratio()
    if bottom == 1 or top / bottom != box.value or (bottom not in (2, 4) and len(repr(box.value)) <= _SHORT):
        return box
    return Fraction(Number(top), Number(bottom))


def hadamard(a: Box, b: Box) -> Box:
    """The product entry by entry, with signs and numbers pulled to the front."""
    minus = False
    front: list[Box] = []
    core: list[Box] = []
    for box in (a, b):
        sign, body = split_sign(box)
        minus ^= sign
        factors = list(body.factors) if isinstance(body, Product) else [body]
        while len(factors) > 1 and is_coefficient(factors[0]):
            front.append(factors.pop(0))
        rest: Box = factors[0] if len(factors) == 1 else Product(tuple(factors))
        core += rest.factors if isinstance(rest, Hadamard) else (rest,)
    return signed(minus, multiply(*front, Hadamard(tuple(core))))
