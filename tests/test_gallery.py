"""The gallery is what the library tells now, and every line of it holds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from docs.gallery import build
from docs.gallery.entries import ENTRIES, Entry

every = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.slug for entry in ENTRIES])


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return {}


def test_there_are_forty_and_every_form_is_among_them() -> None:
    from chainrule.explain import FORMS

    assert len(ENTRIES) >= 40
    assert len({entry.slug for entry in ENTRIES}) == len(ENTRIES)
    assert {entry.form for entry in ENTRIES} == set(FORMS)


@every
def test_a_page_is_what_is_told_now(entry: Entry, told: dict[str, Any], request: pytest.FixtureRequest) -> None:
    derivation = told[entry.slug] = build.derivation(entry)
    assert derivation.error < 1e-9
    update = bool(request.config.getoption("--update"))
    for name, text in build.page(entry, derivation).items():
        path = build.HERE / name
        if update:
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"docs/gallery/{name} is not there: run python docs/gallery/build.py, and read it"
        kept = path.read_text(encoding="utf-8")
        same = build.FIGURE.sub("", kept) == build.FIGURE.sub("", text)
        assert same, f"docs/gallery/{name} is told otherwise now: run python docs/gallery/build.py, and read it"


@every
def test_a_kept_page_carries_its_figure(entry: Entry) -> None:
    text = (build.HERE / f"{entry.slug}.md").read_text(encoding="utf-8")
    figure = re.search(r"deviation (\d\S*e[-+]\d+)", text)
    assert figure, "no figure"
    assert float(figure[1]) < 1e-9


def test_the_contents_list_every_page(told: dict[str, Any]) -> None:
    for entry in ENTRIES:
        if entry.slug not in told:
            told[entry.slug] = build.derivation(entry)
    assert (build.HERE / "README.md").read_text(encoding="utf-8") == build.contents(told)


def test_nothing_else_lies_there() -> None:
    pages = {path.name for path in build.HERE.glob("*.md")}
    assert pages == {"README.md", *(f"{entry.slug}.md" for entry in ENTRIES)}
