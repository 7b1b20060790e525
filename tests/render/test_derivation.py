"""Whole derivations in text, LaTeX and HTML: well formed, aligned, no wider than a page."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

import chainrule as cr
from chainrule.explain import FORMS
from chainrule.render.derivation import show_derivation
from chainrule.render.fold import fold, table
from tests import functions
from tests.kept import Golden
from tests.render.wellformed import check_latex, check_mathml

TOLD = [
    (functions.rows, "W"),
    (functions.columns, "b"),
    (functions.loss, "w1"),
    (functions.classifier, "w1"),
    (functions.three_layers, "w1"),
    (functions.scalar, "x"),
    (functions.attention, "q"),
    (functions.layer_norm, "x"),
]
told = pytest.mark.parametrize(("function", "wrt"), TOLD, ids=[f.name for f, _ in TOLD])
forms = pytest.mark.parametrize("form", FORMS)
MATH = "{http://www.w3.org/1998/Math/MathML}math"


@forms
@told
def test_text_is_no_wider_than_a_page_and_aligned(function: Any, wrt: str, form: str) -> None:
    text = str(cr.derive(function, wrt, form=form))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 112, text
    assert all(line == line.rstrip() for line in lines)
    assert lines[0].endswith(f"in the {form} form")
    assert lines[-1].startswith("✓ ")
    if form == "components":
        # The equals signs of one chain stand below each other, the reasons behind them.
        column = 0
        for line in lines[lines.index("", lines.index("") + 1) : -4]:
            if " = " in line and "·" not in line:
                place = line.index(" = ")
                assert place == column or line[:place].strip(), text
                column = place if line[:place].strip() else column
            elif line.lstrip().startswith("· "):
                assert line.index("·") >= column


@forms
@told
def test_latex_is_well_formed(function: Any, wrt: str, form: str) -> None:
    text = cr.derive(function, wrt, form=form).latex()
    body, _, comment = text.rpartition("\n")
    assert comment.startswith("% every line evaluated")
    check_latex(body.replace("\n", " "))
    assert body.count(r"\begin{align*}") == body.count(r"\end{align*}") > 0
    for block in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", body, re.DOTALL):
        rows = block.split("\n")
        assert all(row.endswith(r" \\") for row in rows[:-1])
        assert not rows[-1].endswith(r"\\")
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1, block
    # A name of several letters is upright, a word no product of letters.
    for word in ("given", "logits", "attention", "loss"):
        for found in re.finditer(rf"(?<![\w ]){word}(?!\w)", body):
            assert body[: found.start()].endswith((r"\text{", r"\mathrm{", "{")), body[found.start() - 20 :][:60]


@forms
@told
def test_html_is_well_formed(function: Any, wrt: str, form: str) -> None:
    text = cr.derive(function, wrt, form=form).html()
    root = ElementTree.fromstring(f"<div>{text}</div>")
    formulas = re.findall(r"<math.*?</math>", text)
    assert len(formulas) == len(list(root.iter(MATH))) > 5
    for formula in formulas:
        check_mathml(formula)
    tables = root.findall("table")
    assert len(tables) == 1
    assert len({len(list(row)) for row in tables[0]}) == 1
    verdicts = [p.text or "" for p in root.findall("p") if p.get("class") == "verified"]
    assert [v.startswith("✓ every line evaluated") for v in verdicts] == [True]


@pytest.mark.parametrize(("notation", "ending"), [("latex", "tex.txt"), ("html", "html")])
@forms
def test_the_network_of_the_notes_looks_as_it_did(form: str, notation: str, ending: str, golden: Golden) -> None:
    derivation = cr.derive(functions.rows, "W", form=form)
    text = re.sub(r"deviation \S+e-\d+", "deviation", getattr(derivation, notation)())
    golden.check(f"{form}_rows_W.{ending}", text + "\n")


def test_what_varies_and_what_does_not_is_told_first() -> None:
    lines = str(cr.derive(functions.rows, "v", form="components")).splitlines()
    assert lines[2] == "v varies, and with it y_hat and E. x, y, W, b, c, z and h are constant."


def test_after_an_excursion_the_left_side_stands_again() -> None:
    text = str(cr.derive(functions.rows, "W", form="components"))
    assert text.count("\n∂E/∂W_dm = ") == 2
    assert text.count("\n    ∂y_hat[l]/∂W_dm = ") == 2


def test_a_named_result_is_called_by_its_name() -> None:
    text = str(cr.derive(functions.rows, "v", form="components"))
    assert "                   = h_lm\n" in text


def test_hostile_names_are_escaped() -> None:
    function = cr.function(p={"<b>&$": "3", "a_b%": "3"})(lambda p: (p["<b>&$"] * p["a_b%"]).sum())
    for form in FORMS:
        derivation = cr.derive(function, "p.<b>&$", form=form)
        root = ElementTree.fromstring(f"<div>{derivation.html()}</div>")
        assert not list(root.iter("b"))
        check_latex(derivation.latex().rpartition("\n")[0].replace("\n", " "))


def test_another_notation_is_refused() -> None:
    with pytest.raises(ValueError, match="text, latex, html"):
        show_derivation(cr.derive(functions.scalar, "x"), "poem")


FOLDED = [
    ("a short one", "a + b", 10, ["a + b"]),
    ("before an operator", "aaaa + bbbb + cccc", 12, ["aaaa + bbbb", "+ cccc"]),
    ("outside of brackets", "aaaa + (bbb - cc) + ddd", 20, ["aaaa + (bbb - cc)", "+ ddd"]),
    ("inside where there is no other place", "f(aaaa - bbbb - cccc)", 12, ["f(aaaa", "- bbbb", "- cccc)"]),
    ("nowhere to break", "abcdefghijklmnop", 5, ["abcdefghijklmnop"]),
]


@pytest.mark.parametrize(("text", "room", "pieces"), [row[1:] for row in FOLDED], ids=[row[0] for row in FOLDED])
def test_long_formulas_are_folded(text: str, room: int, pieces: list[str]) -> None:
    found = fold(text, room)
    assert " ".join(found) == text
    assert found == pieces


def test_a_table_keeps_its_columns() -> None:
    rows = [("", "forward", "back", "shape"), ("a", "x " * 60, "y", "()"), ("b", "z", "w " * 80, "(N,)")]
    lines = table(rows, 60)
    assert max(map(len, lines)) <= 60
    assert "".join(lines).count("x") == 60
    assert "".join(line[line.index("─") :] if "─" in line else "" for line in lines)
    assert all(line.startswith((" ", "a", "b", "─")) for line in lines)
