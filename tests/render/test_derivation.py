"""Whole derivations in every notation: well formed, no wider than a page; compiled, and laid out by a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import chainrule as cr
from chainrule.render.document import NOTATIONS
from docs.gallery import build
from docs.gallery.entries import ENTRIES
from tests import functions
from tests.render.wellformed import check_latex

BY_SLUG = {entry.slug: entry for entry in ENTRIES}
COMPILED = [
    "n-m-1-W1", "2-2-1-deltas", "affine-relu-affine-all", "partial-quadratic", "linear-map", "layer-norm", "attention",
    "twelve-layers", "huber", "recurrent", "embedding", "three-layers",
]  # fmt: skip
LAID_OUT = ["n-m-1-W1", "2-2-1-deltas", "affine-relu-affine-all", "partial-quadratic", "attention"]
every = pytest.mark.parametrize("slug", list(BY_SLUG))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@cache
def told(slug: str) -> Any:
    return build.derivation(BY_SLUG[slug])


def body(page: str) -> ElementTree.Element:
    """The body of a page, which is XML as well."""
    text = page[page.index("<body") : page.index("</body>") + len("</body>")]
    return ElementTree.fromstring(text.replace("<details open>", '<details open="">'))


@every
@pytest.mark.slow
def test_text_is_no_wider_than_80_columns(slug: str) -> None:
    lines = str(told(slug)).splitlines()
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    assert all(line == line.rstrip() for line in lines)
    assert "✓ every line evaluated at random points" in " ".join(lines)
    assert f"in the {BY_SLUG[slug].form} form" in " ".join(lines[:4])


@every
@pytest.mark.slow
def test_html_is_well_formed_and_needs_nothing_else(slug: str) -> None:
    text = told(slug).html()
    root = body(text)
    assert len(list(root.iter("math"))) > 1
    assert "<script" not in text
    outside = set(re.findall(r"(?:src|href)=\"([^\"#][^\"]*)\"", text))
    assert not outside, outside
    for target in re.findall(r"href=\"#([^\"]+)\"", text):
        assert f'id="{target}"' in text, target


@every
@pytest.mark.slow
def test_json_holds_every_line(slug: str) -> None:
    data = json.loads(told(slug).to("json"))
    assert data["version"] == 1
    assert data["form"] == BY_SLUG[slug].form
    assert set(data["closed"]) == set(told(slug).closed_forms)
    kinds = {block["kind"] for section in data["sections"] for block in section["blocks"]}
    assert kinds <= {"paragraph", "definitions", "chain", "table", "listing", "drawing"}
    lines = [line for s in data["sections"] for b in s["blocks"] for line in b.get("lines", ())]
    assert all(line["right"]["text"] and line["right"]["latex"] for line in lines)


@every
def test_markdown_keeps_its_tables_whole(slug: str) -> None:
    lines = told(slug).markdown().splitlines()
    for first, second in pairwise(lines):
        if first.startswith("|") and second.startswith("|"):
            count = [len(re.findall(r"(?<!\\)\|", line)) for line in (first, second)]
            assert count[0] == count[1], (first, second)
    assert lines.count("$$") % 2 == 0


@pytest.mark.parametrize("notation", list(NOTATIONS))
def test_hostile_names_are_escaped(notation: str) -> None:
    function = cr.function(p={"<b>&$": "3", "a_b%": "3"})(lambda p: (p["<b>&$"] * p["a_b%"]).sum())
    for form in ("matrix", "components", "substitution"):
        text = cr.derive(function, "p.<b>&$", form=form).to(notation)
        if notation == "html":
            root = body(text)
            assert {b.text for b in root.iter("b")} <= {"✓"}
        if notation == "latex":
            check_latex(text.partition(r"\begin{document}")[2].partition(r"\end{document}")[0].replace("\n", " "))


def test_what_varies_and_what_does_not_is_told_first() -> None:
    lines = str(cr.derive(functions.rows, "v", form="components")).splitlines()
    assert lines[2] == "v varies, and with it ŷ and E. x, y, W, b, c, z and h are constant."


def test_in_jupyter_there_is_mathematics_without_sections() -> None:
    d = cr.derive(functions.rows, "W")
    assert r"\section" not in d._repr_latex_()
    assert r"\documentclass" not in d._repr_latex_()
    assert d._repr_latex_().startswith("$$")
    assert "<math" in d._repr_html_()
    assert "<html" not in d._repr_html_()


def test_a_file_is_written_in_the_notation_of_its_name(tmp_path: Path) -> None:
    d = told("partial-quadratic")
    for ending in (".txt", ".tex", ".md", ".html", ".json"):
        path = tmp_path / f"told{ending}"
        d.save(path)
        assert path.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.glob("*.svg")] == ["told-1.svg"]
    assert "![" in (tmp_path / "told.md").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"ends in one of \.txt, \.tex"):
        d.save(tmp_path / "told.docx")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("slug", COMPILED)
def test_latex_compiles_without_an_overfull_box(slug: str, tmp_path: Path) -> None:
    (tmp_path / "told.tex").write_text(told(slug).latex(), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "told.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    log = (tmp_path / "told.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    overfull = [line for line in log.splitlines() if line.startswith("Overfull")]
    assert not overfull, overfull


MEASURE = """<script>window.addEventListener("load", () => { const e = document.documentElement;
document.querySelectorAll("details").forEach(d => { d.open = true; });
document.body.setAttribute("data-width", e.scrollWidth + "/" + e.clientWidth); });</script></body>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [700, 380])
@pytest.mark.parametrize("slug", LAID_OUT)
def test_a_browser_lays_the_page_out_within_its_width(slug: str, width: int, tmp_path: Path) -> None:
    path = tmp_path / "told.html"
    # In a frame of this width, for a window of a browser is never narrower than 500.
    page = told(slug).html().replace("</body>", MEASURE)
    path.write_text(page, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(
        '<!DOCTYPE html><body style="margin:0"><iframe id="f" src="told.html" '
        f'style="border:0;width:{width}px;height:4000px">'
        '</iframe><script>window.addEventListener("load", () => { document.title = '
        'document.getElementById("f").contentDocument.body.getAttribute("data-width"); });</script></body>',
        encoding="utf-8",
    )
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--virtual-time-budget=8000", "--dump-dom",
        frame.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search(r"<title>(\d+)/(\d+)</title>", done.stdout)
    assert found, done.stdout[:500]
    assert int(found[1]) <= int(found[2]) <= width, found[0]
