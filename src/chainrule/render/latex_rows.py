"""Equations below each other in LaTeX: rows of an aligned block, each within the width that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from .latex_lines import lines, prose_width, width

_EQUALS, _BESIDE, _INDENT = 1.7, 0.4, 2.0
"""The room of an equals sign; how much of the width a left side has at most; what goes on stands so far in."""


@dataclass(frozen=True)
class Equation:
    """``left = right``, its reason and the shape of both sides; without a left side it goes on from the one before."""

    left: str
    right: str
    reason: str = ""
    shape: str = ""
    depth: int = 0


def blocks(equations: Iterable[Equation]) -> Iterator[tuple[int, list[Equation]]]:
    """Equations that stand in one aligned block, with how far inside they are."""
    for depth, group in groupby(equations, key=lambda equation: equation.depth):
        yield depth, list(group)


def aligned(equations: list[Equation], room: float, why: Callable[[str], str], small: float = 1.0) -> str:
    """The rows of an aligned block that is at most ``room`` em wide.

    ``why`` sets words beside mathematics, ``small`` times as large.
    """
    left = max(width(equation.left) for equation in equations)
    beside = left <= _BESIDE * room
    start = "&" if beside else rf"&\hspace{{{_INDENT:g}em}}"
    further = rf"{start}\hspace{{{_INDENT:g}em}}"
    inner = room - (left if beside else _INDENT) - _EQUALS
    rows: list[str] = []
    for equation in equations:
        first, *rest = lines(equation.right, inner, inner - _INDENT)
        if equation.left and not beside:
            rows += [f"& {line}" for line in lines(equation.left, room)]
        rows += [
            f"{equation.left if beside else ''} {start}= {first}".lstrip(),
            *(f"{further} {line}" for line in rest),
        ]
        if equation.shape and _fits(rows[-1], equation.shape, room):
            rows[-1] += rf"\qquad {why(equation.shape)}"
        rows += [f"{further} {why(part)}" for part in _folded(equation.reason, (inner - 2) / small)]
    return " \\\\\n".join(rows)


def _fits(row: str, words: str, room: float) -> bool:
    return width(row.replace("&", " ")) + 2.5 + prose_width(words) <= room


def _folded(words: str, room: float) -> list[str]:
    """Words in lines; what stands between dollar signs stays together."""
    found: list[str] = []
    for word in _words(words):
        if found and prose_width(f"{found[-1]} {word}") <= room:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _words(text: str) -> Iterator[str]:
    """Words, none of which ends inside of a formula."""
    word = ""
    for part in text.split(" "):
        word = f"{word} {part}" if word else part
        if word.replace(r"\$", "").count("$") % 2 == 0:
            if word:
                yield word
            word = ""
    if word:
        yield word
