"""Words in LaTeX: what has a meaning there, and what only mathematics can spell, is set as mathematics.

So the same words can stand in a document and in a notebook, which typesets nothing but mathematics.
"""

from __future__ import annotations

import re
import unicodedata

from .names import MACROS

_RAISED = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ˡᵀᶻⁿˣᵃ", [*"0123456789", "+", "-", "(", ")", "l", r"\top", "z", "n", "x", "a"], strict=True)
)
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙᵢⱼₖ", [*"0123456789", "+", "-", "(", ")", "n", "i", "j", "k"], strict=True))
_SIGNS = {
    **{letter: macro for letter, macro in MACROS.items() if not letter.isascii()},
    **{"∂": r"\partial", "∇": r"\nabla", "Σ": r"\sum", "∏": r"\prod", "∑": r"\sum", "√": r"\surd", "∞": r"\infty"},
    **{"−": "-", "±": r"\pm", "×": r"\times", "·": r"\cdot", "⊙": r"\odot", "÷": r"\div", "→": r"\to", "←": r"\gets"},
    **{"≈": r"\approx", "≠": r"\ne", "≤": r"\le", "≥": r"\ge", "∈": r"\in", "‖": r"\Vert", "⊤": r"\top"},
    **{"′": "'", "″": "''", "½": r"\tfrac{1}{2}", "¼": r"\tfrac{1}{4}", "¾": r"\tfrac{3}{4}", "✓": r"\checkmark"},
    **{"°": r"^{\circ}", "⇒": r"\Rightarrow"},
    **{c: f"\\{c}" for c in "_%&#${}"},
    **{"\\": r"\backslash", "^": r"\hat{\ }", "~": r"\sim", "<": "<", ">": ">", "|": "|"},
}  # fmt: skip
_WORDS = {
    **{
        "…": r"\dots{}",
        "–": "--",
        "—": "---",
        "“": "``",
        "”": "''",
        "‘": "`",
        "’": "'",
        "\u00a0": "~",
        "\u2009": r"\,",
    },
    **{"\t": " ", "\n": " "},
}
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0308": '"', "\u0307": "."}
_RUNS = re.compile(f"([{re.escape(''.join(_RAISED))}]+)|([{re.escape(''.join(_LOWERED))}]+)|(.)", re.DOTALL)


def latex_prose(text: str) -> str:
    """Any words, to stand in a paragraph."""
    return "".join(map(_spelled, _RUNS.finditer(text)))


def _spelled(found: re.Match[str]) -> str:
    above, below, character = found.groups()
    if above:
        return f"$^{{{' '.join(_RAISED[c] for c in above)}}}$"
    if below:
        return f"$_{{{' '.join(_LOWERED[c] for c in below)}}}$"
    if character in _SIGNS:
        return f"${_SIGNS[character]}$"
    if character in _WORDS:
        return _WORDS[character]
    if character.isascii():
        return str(character) if character.isprintable() else " "
    return _letter(character)


def _letter(character: str) -> str:
    """A letter with an accent by its command, one that LaTeX has no type for by its number."""
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and base.isascii() and marks[0] in _ACCENTS:
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return f"U+{ord(character):04X}"
