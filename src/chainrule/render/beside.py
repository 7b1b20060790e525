"""Factors side by side in plain text, as on paper: 2XCCᵀ, Xᵀ(Xw - y), 2 lam w, hidden @ weights.

Nothing stands between what is a letter, a number or a bracket. A space stands beside a longer name, between twice the
same, and before a function, an operator or a square bracket; two numbers have a dot between them. A product of matrices
in which a name is longer than a letter with digits (h, w2), or a derivative ∂E/∂z, has @ between all of its factors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .boxes import (
    At,
    Box,
    Call,
    Exponential,
    Fraction,
    Function,
    MatrixProduct,
    Number,
    Partial,
    Root,
    Spread,
    Symbol,
    Transposed,
)
from .names import text_name

_LETTER = r"[^\Wᵀ⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]"
_FIRST_WORD, _LAST_WORD = re.compile(f"{_LETTER}+"), re.compile(f"{_LETTER}+$")
_SHORT = re.compile(r"[^\W\d_](\d*|⁽.*)")


def needs_signs(factors: Sequence[Box]) -> bool:
    """Whether a product of matrices is written with @: some factor is a longer name, or a derivative."""
    return any(map(_is_long, factors))


def _is_long(box: Box) -> bool:
    while isinstance(box, (Transposed, At, Spread)):
        box = box.body
    if isinstance(box, MatrixProduct):
        return needs_signs(box.factors)
    if isinstance(box, Partial):
        return True
    return isinstance(box, Symbol) and not _SHORT.fullmatch(text_name(box.name))


def side_by_side(parts: Sequence[tuple[Box, str]]) -> str:
    """Factors and their texts as one text. A fraction that more follows stands in brackets: (1/L)(ŷ - y)aᵀ.

    One whose end is a bracket already needs none: 1/(2L) Σ …
    """
    text = parts[0][1]
    parts = [parts[0], *((box, _inner(box, text)) for box, text in parts[1:])]
    for (left, before), (right, after) in pairwise(parts):
        if isinstance(left, Fraction):
            closed = before.endswith(")")
            text = text if closed else f"{text.removesuffix(before)}({before})"
            gap = "" if after[0] == "(" and not closed else " "
        else:
            gap = _gap(left, before, right, after)
        text += (" · " if after[0].isdigit() else gap) + after
    return text


def _inner(box: Box, text: str) -> str:
    """A factor behind others: a fraction that begins with a number stands in brackets, y (1/(b - x))."""
    return f"({text})" if isinstance(box, Fraction) and text[0].isdigit() else text


def _gap(left: Box, before: str, right: Box, after: str) -> str:
    """What stands between two factors that are no fractions."""
    if isinstance(left, Partial):
        # ∂y/∂u x is not the derivative by ux.
        return " "
    if before == after:
        return " "
    first, last = _FIRST_WORD.match(after), _LAST_WORD.search(before)
    number = isinstance(left, Number) and "e" not in before
    apart = last is not None and len(last[0]) > 1 and not number
    if after[0] in "(‖":
        return " " if apart else ""
    if (
        first is None
        or len(first[0]) > 1
        or isinstance(right, (At, Call, Exponential, Fraction, Function, MatrixProduct))
    ):
        return " "
    return " " if apart or isinstance(left, (Call, Exponential, Function, Root)) else ""
