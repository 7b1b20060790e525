"""The pages of a telling in every notation: a small one made by hand, with every kind of block, kept as it looks."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.node import D
from chainrule.ir.telling import (
    Answer,
    Chain,
    Code,
    Definitions,
    Drawing,
    Listing,
    Math,
    Name,
    Paragraph,
    Section,
    Step,
    Table,
    Telling,
    Term,
    Value,
)
from chainrule.pipeline import gradient_graph
from chainrule.render.document import NOTATIONS, write
from chainrule.render.page_html import HtmlPage
from chainrule.render.page_markdown import MarkdownPage
from chainrule.render.page_text import TextPage
from chainrule.render.signs import SIGNS
from tests.kept import Golden
from tests.render.wellformed import check_latex

ENDINGS = {"text": "txt", "latex": "tex.txt", "markdown": "md.txt", "html": "html", "json": "json"}


@cr.function(x="N d", y="N", w1="d")
def model(x: Any, y: Any, w1: Any) -> Any:
    y_hat = x @ w1
    E = ((y_hat - y) ** 2).sum() / 2
    return E


@cache
def sketch() -> Telling:
    """A telling with every kind of block and piece, but for a picture."""
    traced = model.trace()
    x, _, w = traced.graph.inputs
    derived = gradient_graph(traced, [w])
    (gradient,) = derived.gradients
    names = dict(traced.graph.names.items())
    (E,) = traced.graph.outputs
    (y_hat,) = [node for node, name in names.items() if name == "y_hat"]
    inner = Step(D.make((y_hat, w), ()), x, "chain rule", "each entry of x is a slope of y_hat", "y_hat")
    written = Step(E, E, "substitution", "E written out", "E", opened=frozenset((E,)))
    step = Step(D.make((E, w), ()), gradient, "chain rule", "the slope of a square", "E", steps=(inner,))
    slope = Math(D.make((E, w), ()))
    prose = ("With ", Term("the chain rule", "chain rule"), ": ", slope, " at ", Value(E, np.array(-1.9e-7)), " by ")
    table = Table(
        (("",), ("formula",), ("size",), ("why",)),
        (
            ((Name("y_hat"),), (Math(y_hat, opened=frozenset((y_hat,))),), ("1,234",), ("a line of weights w1",)),
            ((Name("E"),), (Math(E, opened=frozenset((E,))),), ("56",), ("it is small & positive, 100% of the time",)),
        ),
        caption=("Values at ", Value(w, np.array([[1.0, -0.5], [2.5e-8, 3.0]]))),
    )
    blocks = (
        Paragraph((*prose, Code("w1 -= 0.1 * d_w1"), ", and ½ of ∂E/∂w_1 → 0.")),
        Definitions((y_hat, E)),
        Chain((written,)),
        Chain((step,), "matrix", w),
        table,
        Listing("def f(x):\n    return x ** 2  # 'squared'"),
        Paragraph(("Why is that so?",), "question"),
    )
    folded = Section("More of *this*", (Chain((inner,), "matrix", w),), folded=True)
    answers = {
        "chain rule": Answer("Chain rule", "chain-rule", ("Rates multiply: a < b.", "    dy/dx = dy/du · du/dx"))
    }
    return Telling(
        "sketched", traced.graph, {w: gradient}, names, (Section("From E to w1", blocks), folded), ("w1 is a note",),
        glossary=answers,
    )  # fmt: skip


@pytest.mark.parametrize("notation", list(NOTATIONS))
def test_every_notation_looks_as_it_did(notation: str, golden: Golden) -> None:
    golden.check(f"page.{ENDINGS[notation]}", write(sketch(), notation, 1.25e-16))


# ---------------------------------------------------------------------------------------------- text


def test_text_in_colour_has_the_same_words() -> None:
    page = TextPage(sketch(), 0.0)
    coloured = page.rich()
    assert coloured.plain == page.fragment()
    styled = {(str(span.style), coloured.plain[span.start : span.end].strip()) for span in coloured.spans}
    assert ("bold", "∂E/∂w1, in the sketched form") in styled
    assert ("dim", "· substitution: E written out") in styled
    assert [style for style, text in styled if text.startswith("✓ every line")] == ["green"]
    assert not [text for _, text in styled if " = " in text]


LONG = "a_name_of_a_parameter_that_goes_on_and_on_beyond_any_measure_and_then_some_more_for_good"


def _long_names() -> Any:
    return cr.function(p={LONG: "3", "b": "3"})(lambda p: ((p[LONG] * p["b"] + p[LONG]) ** 2).sum())


def _deep() -> Any:
    def f(x: Any) -> Any:
        for _ in range(40):
            x = cr.tanh(x + 1)
        return x.sum()

    return cr.function(x="N")(f)


def _wide() -> Any:
    names = [f"k{i}" for i in range(40)]

    def f(p: Any) -> Any:
        return sum(p[name] * cr.tanh(p["k0"] + k) for k, name in enumerate(names))

    return cr.function(p=dict.fromkeys(names, ""))(f)


@pytest.mark.parametrize("make", [_long_names, _deep, _wide])
@pytest.mark.parametrize("form", ["matrix", "components", "substitution"])
@pytest.mark.slow
def test_no_line_is_wider_than_80_columns_whatever_is_told(make: Any, form: str) -> None:
    text = str(cr.derive(make(), form=form))
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"[^\S\n]$", text, re.MULTILINE)
    # However long a left side is, its right side has 45 columns.
    assert all(len(margin) <= 33 for margin in re.findall(r"^( *)= ", text, re.MULTILINE))


def test_a_word_is_broken_only_where_nothing_else_helps() -> None:
    text = str(cr.derive(_long_names(), form="matrix"))
    assert "↵\n" in text
    assert "↵" not in str(cr.derive(model, "w1"))


# ---------------------------------------------------------------------------------------------- the signs


def test_the_signs_that_occur_are_explained_and_no_others() -> None:
    said = str(cr.derive(model, "w1"))
    for name in ("partial", "total", "product", "transposed"):
        assert SIGNS[name].meaning in " ".join(said.split()), name
    for name in ("kronecker", "hadamard", "slope", "condition", "cases", "softmax", "trace"):
        assert SIGNS[name].meaning not in " ".join(said.split()), name
    relu = cr.function(x="N", w="")(lambda x, w: (cr.relu(x * w) * x).sum())
    said = " ".join(str(cr.derive(relu, "w")).split())
    assert SIGNS["relu"].meaning in said
    assert SIGNS["condition"].meaning in said


# ---------------------------------------------------------------------------------------------- HTML


def test_rules_and_terms_are_linked_to_their_answers() -> None:
    root = ElementTree.fromstring(write(sketch(), "html", 0.0).partition("\n")[2])
    links = [(a.text, a.get("href")) for a in root.iter("a")]
    assert links.count(("chain rule", "#why-chain-rule")) == 3
    assert ("the chain rule", "#why-chain-rule") in links
    (head,) = [h for h in root.iter("h3") if h.get("id") == "why-chain-rule"]
    assert head.text == "Chain rule"
    assert not any(text == "substitution" for text, _ in links)


def test_real_derivations_bring_their_answers_along() -> None:
    d = cr.derive(model, "w1", "components")
    ids = set(re.findall(r'id="(why-[^"]+)"', d.html()))
    assert len(ids) >= 3
    assert {f"why-{answer.anchor}" for answer in d.telling.glossary.values()} == ids


def test_inner_steps_open_on_a_click() -> None:
    root = ElementTree.fromstring(write(sketch(), "html", 0.0).partition("\n")[2])
    details = list(root.iter("details"))
    assert len(details) == 2
    assert details[0].get("open") is not None
    (summary,) = list(details[0].iter("summary"))
    assert "1 step" in "".join(summary.itertext())
    assert "".join(next(details[1].iter("summary")).itertext()) == "More of *this*"


def test_a_fragment_is_no_page() -> None:
    fragment = HtmlPage(sketch(), 0.0).fragment()
    assert ElementTree.fromstring(fragment).tag == "div"
    assert "<body" not in fragment


# ---------------------------------------------------------------------------------------------- pictures


def test_pictures_are_drawn_in_html_and_lie_beside_markdown() -> None:
    d = cr.derive(cr.function(x="")(lambda x: x**2 - 3 * x), "x", "scalar")
    drawings = [block for block in d.telling.blocks if isinstance(block, Drawing)]
    assert drawings
    assert d.html().count("<svg") == len(drawings)
    page, pictures = MarkdownPage(d.telling, 0.0).with_pictures("told")
    assert list(pictures) == [f"told-{n}.svg" for n in range(1, len(drawings) + 1)]
    for name, svg in pictures.items():
        assert f"]({name})" in page
        assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "![" not in d.markdown()
    assert d.text().count("[picture: ") == d.latex().count("Picture: ") == len(drawings)


# ---------------------------------------------------------------------------------------------- JSON


def test_json_says_what_the_other_notations_say() -> None:
    data = json.loads(write(sketch(), "json", 1.25e-16))
    assert data["error"] == 1.25e-16
    assert data["closed"]["w1"]["shape"] == ["d"]
    text = write(sketch(), "text", 0.0)
    chains = [b for s in data["sections"] for b in s["blocks"] if b["kind"] == "chain"]
    assert [[line["depth"] for line in chain["lines"]] for chain in chains] == [[0], [1, 0], [0]]
    for line in chains[1]["lines"]:
        assert line["right"]["text"] in text
        check_latex(line["right"]["latex"])
    (table,) = [b for s in data["sections"] for b in s["blocks"] if b["kind"] == "table"]
    assert [cell["text"] for cell in table["rows"][0]][2:] == ["1,234", "a line of weights w1"]


# ---------------------------------------------------------------------------------------------- hostile names

HOSTILE = ["<b>&$", "a_b%", "变量", "x\x1b[31m", r"\input{etc}", "é", "}{", "#^~_", "`|`"]


@cache
def hostile() -> Telling:
    """The sketch with names that mean something to every notation."""
    told = sketch()
    names = dict(zip(told.names, HOSTILE * 2, strict=False))
    return Telling(told.form, told.graph, told.closed, names, told.sections, tuple(HOSTILE))


@pytest.mark.parametrize("notation", list(NOTATIONS))
def test_hostile_names_stay_names(notation: str) -> None:
    text = write(hostile(), notation, 0.0)
    assert "\x1b" not in text
    match notation:
        case "html":
            root = ElementTree.fromstring(text.partition("\n")[2])
            assert len(list(root.iter("b"))) == 1
        case "latex":
            assert text.isascii()
            assert r"\input{etc}" not in text.partition(r"\begin{document}")[2]
            check_latex(" ".join(text.split()))
        case "markdown":
            rows = [line for line in text.splitlines() if re.search(r"\| (1,234|56) \|", line)]
            assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5, 5]
            assert not re.search(r"(?<!\\)<", text)
        case "json":
            assert json.loads(text)["notes"] == HOSTILE
