"""Long formulas over several lines, in text, LaTeX and MathML; tables that fit; words in LaTeX."""

from __future__ import annotations

import re
from functools import cache
from xml.etree import ElementTree

import pytest

import chainrule as cr
from chainrule.ir.telling import Chain
from chainrule.render import latex_lines, mathml_lines
from chainrule.render.fold import fold, prose, shared, table, wide
from chainrule.render.latex_prose import latex_prose
from chainrule.render.latex_rows import Equation, aligned
from chainrule.render.spelling import Spelling
from tests import functions
from tests.render.wellformed import check_latex, check_mathml

# ---------------------------------------------------------------------------------------------- text

FOLDED = [
    ("a short one", "a + b", 10, ["a + b"]),
    ("before an operator", "aaaa + bbbb + cccc", 12, ["aaaa + bbbb", "+ cccc"]),
    ("outside of brackets", "aaaa + (bbb - cc) + ddd", 20, ["aaaa + (bbb - cc)", "+ ddd"]),
    ("inside where there is no other place", "f(aaaa - bbbb - cccc)", 12, ["f(aaaa", "- bbbb", "- cccc)"]),
    ("between brackets", "(aaaa)(bbbb)(cccc)", 8, ["(aaaa)", "(bbbb)", "(cccc)"]),
    ("not after an operator", "aaaaaaa = bbbb cc", 12, ["aaaaaaa", "= bbbb cc"]),
    ("not after an operator that comes early", "aa + bbbbbbbbb", 12, ["aa", "+ bbbbbbbbb"]),
    ("not after a sum", "aaa Σ_n bbbb ccc", 9, ["aaa", "Σ_n bbbb", "ccc"]),
    ("nowhere to break", "abcdefghijklmnop", 7, ["abcdef↵", "ghijkl↵", "mnop"]),
]


@pytest.mark.parametrize(("text", "room", "pieces"), [row[1:] for row in FOLDED], ids=[row[0] for row in FOLDED])
def test_text_is_folded(text: str, room: int, pieces: list[str]) -> None:
    assert fold(text, room) == pieces
    assert "".join(pieces).replace(" ", "").replace("↵", "") == text.replace(" ", "")


def test_prose_fills_its_lines_and_keeps_formulas_whole() -> None:
    assert prose("one two three four", 9) == ["one two", "three", "four"]
    assert prose("so a\u00a0+\u00a0b is c", 8) == ["so a + b", "is c"]
    assert prose("so a\u00a0+\u00a0b is c", 7) == ["so", "a + b", "is c"]
    assert prose("aaaa\u00a0+\u00a0bbbb", 6) == ["aaaa", "+ bbbb"]


def test_width_is_what_a_terminal_shows() -> None:
    assert [wide(t) for t in ("abc", "ŷ", "y\u0302", "变量", "δ⁽³⁾₁")] == [3, 1, 1, 4, 5]


TABLES = [
    ("it fits", [("a", "b"), ("1", "two words")], 20, False, ["a  b", "─  ─────────", "1  two words"]),
    (
        "cells are folded, rows set apart",
        [("a", "b"), ("1", "one two three four"), ("2", "five")],
        16,
        False,
        ["a  b", "─  ─────────────", "1  one two three", "   four", "", "2  five"],
    ),
    (
        "reasons below",
        [("a", "b", "why"), ("1", "xyz", "for a very long reason")],
        20,
        True,
        ["a  b", "─  ───", "1  xyz", "    · for a very", "      long reason"],
    ),
    (
        "counts to the right",
        [("n", "of"), ("x", "1,000"), ("y", "20")],
        20,
        False,
        ["n     of", "─  ─────", "x  1,000", "y     20"],
    ),
    (
        "no columns fit",
        [("first", "second", "third"), ("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc")],
        19,
        False,
        ["first   aaaaaaaaaa", "second  bbbbbbbbbb", "third   cccccccccc"],
    ),
]


@pytest.mark.parametrize(("rows", "width", "reasons", "lines"), [r[1:] for r in TABLES], ids=[r[0] for r in TABLES])
def test_tables_fit(rows: list[tuple[str, ...]], width: int, reasons: bool, lines: list[str]) -> None:
    found = table(rows, width, reasons=reasons)
    assert found == lines
    assert max(map(wide, found)) <= width


def test_columns_share_the_room() -> None:
    assert shared([10, 20, 30], [5, 5, 5], 60) == [10, 20, 30]
    assert shared([10, 20, 30], [5, 5, 5], 50) == [10, 20, 20]
    assert shared([10, 20, 30], [5, 5, 5], 24) == [8, 8, 8]
    assert shared([10, 20, 30], [5, 5, 28], 48) == [10, 10, 28]
    assert shared([10, 20, 30], [5, 15, 5], 24) is None


# ---------------------------------------------------------------------------------------------- LaTeX and MathML


@cache
def formulas(notation: str) -> tuple[str, ...]:
    """Both sides of every line of some derivations."""
    found: list[str] = []
    for function, wrt in [(functions.attention, "q"), (functions.layer_norm, "x"), (functions.robust, "w")]:
        for form in ("components", "matrix"):
            told = cr.derive(function, wrt, form).telling
            spelling = Spelling(told, notation)  # type: ignore[arg-type]
            chains = [spelling.chain(block) for block in told.blocks if isinstance(block, Chain)]
            found += [side for lines in chains for line in lines for side in (line.left, line.right) if side]
            found += [spelling.closed(node) for node in told.closed]
    return tuple(dict.fromkeys(found))


def _unsized(latex: str) -> str:
    r"""LaTeX without spaces and sizes of brackets, and without the {} in front of an operator that begins a line."""
    latex = re.sub(
        r"\\(left|right|bigl|bigr)(?![a-z])|\\[, ]", "", latex.replace("{} ", "").replace(r"\mathbf1", r"\mathbf{1}")
    )
    return re.sub(r"\s+", "", latex)


@pytest.mark.parametrize("room", [30.0, 14.0])
def test_latex_is_broken_into_lines_that_fit(room: float) -> None:
    several = 0
    for formula in formulas("latex"):
        lines = latex_lines.lines(formula, room)
        several += len(lines) > 1
        for line in lines:
            check_latex(line)
            assert not line.startswith((r"\bigr", r"\right"))
            if "resizebox" not in line:
                assert latex_lines.width(line) <= room + 0.5, line
        if not any("resizebox" in line or "/ " in line or r"\exp" in line for line in lines):
            assert "".join(map(_unsized, lines)) == _unsized(formula)
    assert several > 3


def test_a_bracket_and_its_partner_on_two_lines_have_sizes_of_their_own() -> None:
    first, second = latex_lines.lines(r"a\,\left(bbbbbbbb + ccccccccc\right)^2", 8)
    assert first == r"a \, \bigl( b b b b b b b b"
    assert second == r"{} + c c c c c c c c c \bigr)^2"


WIDER = [("i", "m"), ("x", "x_{12}"), ("x", r"\frac{xy}{z}"), (r"\frac{a}{b}", r"\frac{a}{bbb}"), ("a+b", "a+b+c")]


@pytest.mark.parametrize(("narrow", "broad"), WIDER)
def test_widths_grow(narrow: str, broad: str) -> None:
    assert latex_lines.width(narrow) < latex_lines.width(broad)


def test_a_fraction_that_is_too_wide_is_written_in_a_line() -> None:
    formula = r"\frac{aaaaaaaaa + bbbbbbbbb}{c}"
    assert latex_lines.lines(formula, 20) == [formula]
    assert " ".join(latex_lines.lines(formula, 9)).count(r"\frac") == 0
    assert " / c" in latex_lines.lines(formula, 9)[-1]


def test_what_cannot_be_broken_is_made_smaller() -> None:
    (line,) = latex_lines.lines(r"\mathrm{a\_very\_long\_name\_of\_something}", 5)
    assert line.startswith(r"\resizebox{4.8em}{!}{$\displaystyle \mathrm{a\_very")


def test_a_long_left_side_stands_on_a_line_of_its_own() -> None:
    short = aligned([Equation("a", "b", "why so")], 40, lambda words: rf"\text{{{words}}}")
    assert short == "a &= b \\\\\n&\\hspace{2em} \\text{why so}"
    long = aligned([Equation("a + " * 12 + "a", "b")], 40, str)
    assert long.startswith("& a + a")
    assert long.endswith("\\\\\n&\\hspace{2em}= b")


def test_mathml_is_broken_into_pieces_that_are_formulas() -> None:
    several = 0
    for formula in formulas("mathml"):
        found = mathml_lines.pieces(formula)
        several += found.count("<math") > 1
        for piece in re.findall(r"<math.*?</math>", found):
            check_mathml(re.sub(r"<math[^>]*>", "<math>", piece))
        root = ElementTree.fromstring(f"<div>{found}</div>")
        for span in root.iter("span"):
            inside = "".join(ElementTree.tostring(child, encoding="unicode") for child in span)
            if span.get("class") is None:
                assert mathml_lines.width(inside) <= mathml_lines.LONGEST, inside
        said, all_of_it = ("".join(e.itertext()) for e in (root, ElementTree.fromstring(formula)))
        if "/" not in said:
            assert said == all_of_it
    assert several > 10


def test_brackets_are_as_high_as_what_is_inside() -> None:
    low, high = (
        mathml_lines.pieces(f"<math><mrow><mo>(</mo>{inside}<mo>)</mo></mrow></math>")
        for inside in ("<mi>a</mi>", "<mfrac><mi>a</mi><mi>b</mi></mfrac>")
    )
    assert low.count('stretchy="false"') == 2
    assert "stretchy" not in high
    for inside, marks in (("<mi>a</mi>", 0), ("<mfrac><mi>a</mi><mi>b</mi></mfrac>", 2)):
        row = f"<mrow><mo>(</mo>{inside}{'<mo>+</mo><mi>long</mi>' * 8}<mo>)</mo></mrow>"
        broken = mathml_lines.pieces(f"<math>{row}</math>")
        assert broken.count("<math") > 1
        assert broken.count('minsize="2.2em"') == marks


# ---------------------------------------------------------------------------------------------- words

WORDS = [
    ("plain words", "plain words"),
    ("∂E/∂w", r"$\partial$E/$\partial$w"),
    ("δ⁽³⁾₁", r"$\delta$$^{( 3 )}$$_{1}$"),
    ("50% & a_b", r"50$\%$ $\&$ a$\_$b"),
    ("ŷ – “é” …", "\\^{y} -- ``\\'{e}'' \\dots{}"),
    ("变", "U+53D8"),
    ("a\x1bb", "a b"),
    ("\\^~{}$#", r"$\backslash$$\hat{\ }$$\sim$$\{$$\}$$\$$$\#$"),
]


@pytest.mark.parametrize(("text", "latex"), WORDS)
def test_words_in_latex(text: str, latex: str) -> None:
    assert latex_prose(text) == latex
    assert latex.isascii()
