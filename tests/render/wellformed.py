"""Whether a formula is well formed: LaTeX by its brackets, MathML as XML."""

from __future__ import annotations

import re
from xml.etree import ElementTree


def check_latex(text: str) -> None:
    """Braces match, every left has its right, every environment ends, no script is doubled."""
    depth = 0
    for token in re.findall(r"\\.|[{}]", text):
        depth += (token == "{") - (token == "}")
        assert depth >= 0, text
    assert depth == 0, text
    open_brackets: list[str] = []
    for kind, what in re.findall(r"\\(left|right|begin|end)(?![a-z])(\{\w+\}|\\[a-z]+|\\?.)", text):
        if kind in ("left", "begin"):
            open_brackets.append(what)
        else:
            opened = open_brackets.pop()
            assert what == {
                "(": ")",
                "[": "]",
                "|": "|",
                r"\|": r"\|",
                r"\lfloor": r"\rfloor",
                r"\lceil": r"\rceil",
            }.get(opened, opened), text
    assert open_brackets == [], text
    assert not re.search(r"\^(\{[^{}]*\}|\w)\^|_(\{[^{}]*\}|\w)_", text), text
    assert text.isprintable()


ARITY = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3, "munder": 2, "mover": 2}


def check_mathml(text: str) -> None:
    """It is XML, of elements that browsers draw, each with as many children as it takes."""
    for element in ElementTree.fromstring(text).iter():
        tag = element.tag.removeprefix("{http://www.w3.org/1998/Math/MathML}")
        if tag in ("mi", "mn", "mo", "mtext"):
            assert element.text, text
            assert len(element) == 0, text
        else:
            assert tag in {*ARITY, "math", "mrow", "msqrt", "mtable", "mtr", "mtd", "mspace"}, tag
            assert len(element) == ARITY.get(tag, len(element)), text
            assert not (element.text or "").strip(), text
