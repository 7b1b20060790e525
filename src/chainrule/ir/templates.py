"""Filling in a record's spelling: operands get brackets where the language's precedence asks for them.

One scale serves Python, C, LaTeX and plain text: whoever prints a node passes (text, precedence) pairs up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

Spelled: TypeAlias = tuple[str, int]

COMPARE, OR, AND, SUM, PRODUCT, NEGATIVE, POWER, ATOM = 10, 20, 30, 40, 50, 60, 70, 100

_PLACE = re.compile(r"\{(\d)\}")
_OPENERS = ("(", "{", "[", ",", "|", "‖", "⌊", "⌈", r"\lfloor", r"\lceil")
_CLOSERS = (")", "}", "]", ",", "|", "‖", "⌋", "⌉", "rfloor", "rceil")
_BRACKETED = re.compile(
    r"\([^()]*\)|\{[^{}]*\}|\[[^\[\]]*\]|⌊[^⌊⌋]*⌋|⌈[^⌈⌉]*⌉|\\left\\l(floor|ceil)((?!\\left).)*?\\right\\r(floor|ceil)"
)
_OPERATORS = (
    (r" (==|!=|<|<=|>|>=|\\le|\\ge|=|≠|≤|≥|\\ne|\\leq|\\geq) ", COMPARE),
    (r" (\||\|\||∨|\\lor) ", OR),
    (r" (&|&&|∧|\\land) ", AND),
    (r" [+-] ", SUM),
    (r" ([*/@⊙]|\\odot|\\cdot) ", PRODUCT),
    (r"^[-~!¬]", NEGATIVE),
    (r"\*\*|\^", POWER),
)


def precedence(template: str) -> int:
    """How tightly the operator at the top of a template binds; ATOM for a call or a bracketed form."""
    flat = flattened(template)
    for pattern, level in _OPERATORS:
        if re.search(pattern, flat):
            return level
    return ATOM


def flattened(template: str) -> str:
    """The template without what stands in brackets, so that only the top operator is seen."""
    text = _PLACE.sub("§", template)
    while True:
        shorter = _BRACKETED.sub("§", text)
        if shorter == text:
            return text
        text = shorter


def fill(template: str, operands: Sequence[Spelled]) -> Spelled:
    """The template with its operands, and the precedence of the whole."""
    level = precedence(template)

    def place(match: re.Match[str]) -> str:
        text, binds = operands[int(match.group(1))]
        start, end = match.span()
        before, after = template[:start].rstrip(), template[end:].lstrip().removeprefix(r"\right").lstrip("\\")
        # A stroke with room around it is no bracket but the operator "or".
        stroke = template[:start].endswith("| ") or template[end:].startswith(" |")
        opened, closed = not before or before.endswith(_OPENERS), not after or after.startswith(_CLOSERS)
        enclosed = not stroke and opened and closed
        if enclosed and (before or after):
            return text
        first = not before
        if level == POWER:
            needed = POWER + 1 if first else NEGATIVE
        elif level == NEGATIVE:
            needed = PRODUCT
        elif level == ATOM and before.endswith(" +") and closed and not text.startswith("-"):
            # The last term of a sum in brackets, log(1 + x²).
            needed = SUM + 1
        else:
            needed = level if first and level != COMPARE else level + 1
        return text if binds >= min(needed, ATOM) else bracket(text, "\\" in template)

    return _PLACE.sub(place, template), level


def bracket(text: str, latex: bool = False) -> str:
    """The text in round brackets, growing ones in LaTeX."""
    return rf"\left({text}\right)" if latex else f"({text})"
