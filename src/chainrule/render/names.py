"""How a name is written: Greek letters, digits as subscripts, accents; and what has to be escaped."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ"},
    **{"iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ"},
    **{"tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω"},
}
"""The Greek letter of each of its English names; a capital's name begins with a capital."""
GREEK |= {name.capitalize(): letter.upper() for name, letter in list(GREEK.items())}

# Capitals that look like Latin ones have no command of their own in LaTeX.
MACROS = {letter: rf"\{name}" for name, letter in GREEK.items() if name.islower() or letter in "ΓΔΘΛΞΠΣΥΦΨΩ"}
"""The LaTeX command of each Greek letter that has one."""

ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
"""Endings of names that are drawn above the letter (y_hat), with Unicode's combining mark."""
_MARKS = {mark: accent for accent, mark in ACCENTS.items()}

_RAISED = re.compile(r"([^\W\d_]+)\^([^\W_]+)(?:_([^\W_]+))?")
_ABOVE = str.maketrans("0123456789l", "⁰¹²³⁴⁵⁶⁷⁸⁹ˡ")
_BELOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

_LATEX_ACCENTS = {
    **_MARKS,
    **{"\u0301": "acute", "\u0300": "grave", "\u0308": "ddot", "\u0306": "breve", "\u030c": "check"},
}
"""The command of each combining mark that LaTeX can set in a formula."""
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LATEX = {
    **dict.fromkeys(map(chr, [*range(32), 127]), r"\ "),
    "\\": r"\backslash{}",
    "^": r"\hat{\ }",
    "~": r"\sim{}",
    **{c: f"\\{c}" for c in "_%&#${}"},
}


@dataclass(frozen=True)
class Name:
    """The parts of a name: W1_hidden is W with the subscripts 1 and hidden; y_hat is y with an accent.

    delta^3_1, which no user can write, is δ with the layer 3 as superscript, in brackets, and the subscript 1.
    """

    base: str
    accent: str = ""
    subscripts: tuple[str, ...] = ()
    superscript: str = ""


def parse_name(name: str) -> Name:
    """Take a name apart; one that is no identifier is left whole, but for a layer's (delta^3_1)."""
    raised = _RAISED.fullmatch(name)
    if raised:
        return Name(GREEK.get(raised[1], raised[1]), "", (raised[3],) if raised[3] else (), raised[2])
    words = [w for w in name.split("_") if w]
    if not words or not name.isidentifier():
        return Name(name)
    match = re.fullmatch(r"(\D+)(\d+)", words[0])
    base, digits = match.groups() if match else (words[0], "")
    rest = ([digits] if digits else []) + words[1:]
    accent = next((w for w in words[1:] if w in ACCENTS), "")
    if accent:
        rest.remove(accent)
    decomposed = unicodedata.normalize("NFD", base)
    if len(decomposed) == 2 and decomposed[1] in _MARKS:
        base, accent = decomposed[0], _MARKS[decomposed[1]]
    return Name(GREEK.get(base, base), accent, tuple(rest))


def text_name(name: str) -> str:
    """For plain text: as the user wrote it, so that it can be copied, but for Greek letters; ŷ for y_hat, where Unicode
    has the letter in one piece; a layer's δ⁽³⁾₁. What a terminal would take for a command is replaced.
    """
    raised = _RAISED.fullmatch(name)
    if raised:
        return f"{GREEK.get(raised[1], raised[1])}⁽{raised[2].translate(_ABOVE)}⁾{(raised[3] or '').translate(_BELOW)}"
    parts = parse_name(name)
    if parts.accent and not parts.subscripts:
        letter = unicodedata.normalize("NFC", parts.base + ACCENTS[parts.accent])
        if len(letter) == 1:
            return letter
    match = re.fullmatch(r"([A-Za-z]+)(\d*(?:_.*)?)", name)
    return printable(GREEK.get(match[1], match[1]) + match[2].rstrip("_") if match else name)


def printable(text: str) -> str:
    """A text in which control characters, which a terminal would obey, are replaced."""
    return "".join("\ufffd" if unicodedata.category(c) in _UNPRINTABLE else c for c in text)


def escape_latex(text: str) -> str:
    """Any text inside a LaTeX formula; what pdflatex has no letter for is written as its number, U+4E2D."""
    return "".join(_LATEX.get(c, c) if c.isascii() else _beyond_ascii(c) for c in text)


def _beyond_ascii(character: str) -> str:
    """A letter with an accent by its command, another one by its number."""
    if character in MACROS:
        return MACROS[character] + "{}"
    decomposed = unicodedata.normalize("NFD", character)
    if len(decomposed) == 2 and decomposed[0].isascii() and decomposed[1] in _LATEX_ACCENTS:
        return rf"\{_LATEX_ACCENTS[decomposed[1]]}{{{decomposed[0]}}}"
    return rf"\mathrm{{U{{+}}{ord(character):04X}}}"


def escape_xml(text: str) -> str:
    """Any text inside XML; control characters, which XML forbids, are replaced."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text)


def show_number(value: float) -> str:
    """A number in full: integral ones as integers, others with as few digits as say exactly what it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if value != value:
        return "NaN"
    if abs(value) == float("inf"):
        return "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
