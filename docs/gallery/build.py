"""Writes the gallery: a page for each derivation, and a table of contents. Run it when they change:

    python docs/gallery/build.py          (or: make gallery)

The tests build it again and compare; the figure of the check, which is rounding, may differ.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import chainrule as cr

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))

from docs.gallery.entries import ENTRIES, Entry  # noqa: E402

FAMILIES = {
    "notes": "The systems of three tutorial notes",
    "calculus": "Scalar calculus",
    "linear": "Linear models, quadratic forms, factorisations",
    "losses": "Losses",
    "networks": "Networks",
    "layers": "Layers",
    "convolutions": "Convolutions and pools",
    "recurrent": "Recurrent layers",
}
FIGURE = re.compile(r"deviation \d\S*e[-+]\d+")
"""The figure of a check, on a page."""


def derivation(entry: Entry) -> cr.Derivation:
    """The derivation of an entry, verified."""
    return cr.derive(entry.function, entry.wrt, entry.form, at=entry.at or None, beside=entry.beside)


def source(entry: Entry) -> str:
    """The function's own text."""
    return inspect.getsource(entry.function.__wrapped__).rstrip()


def page(entry: Entry, told: cr.Derivation) -> dict[str, str]:
    """The files of a page: the page itself, and its pictures."""
    body, pictures = told.markdown_with_pictures(entry.slug)
    # The page has a title of its own: those of the derivation stand below it.
    body = re.sub(r"^(#+ )", r"#\1", body, flags=re.MULTILINE)
    head = f"# {entry.title}\n\n{entry.about}\n\n```python\n{source(entry)}\n```\n"
    foot = "[The gallery](README.md)"
    return {f"{entry.slug}.md": f"{head}\n{body.strip()}\n\n{foot}\n", **pictures}


def contents(told: Mapping[str, cr.Derivation]) -> str:
    """The table of contents: every derivation with its form and its closed forms."""
    lines = [
        "# The gallery",
        "",
        f"{len(ENTRIES)} derivations, made by `docs/gallery/build.py`. Every line was evaluated at random points;",
        "the figure stands at the end of each page.",
    ]
    for family, entries in groupby(ENTRIES, key=lambda e: e.function.__wrapped__.__module__.rpartition(".")[2]):
        lines += ["", f"## {FAMILIES[family]}", "", "| | form | closed form |", "|---|---|---|"]
        for entry in entries:
            forms = told[entry.slug].closed_forms
            shown = "<br>".join(f"`{name}`: `{_short(str(form))}`" for name, form in forms.items())
            lines.append(f"| [{entry.title}]({entry.slug}.md) | {entry.form} | {shown} |")
    return "\n".join(lines) + "\n"


def _short(formula: str) -> str:
    """A formula that fits a cell of a table."""
    text = formula.replace("|", "\\|")
    return text if len(text) <= 80 else text[:77] + "…"


def files() -> Iterator[tuple[str, str]]:
    """The name and text of every file of the gallery, the table of contents last."""
    told = {}
    for entry in ENTRIES:
        told[entry.slug] = derivation(entry)
        yield from page(entry, told[entry.slug]).items()
    yield "README.md", contents(told)


def main() -> None:
    """Write all of it, and take away what is not made any more."""
    made = dict(files())
    for path in HERE.iterdir():
        if path.suffix in (".md", ".svg") and path.name not in made:
            path.unlink()
    for name, text in made.items():
        path = HERE / name
        # A page that differs in the figure alone stays as it is.
        if path.exists() and FIGURE.sub("", path.read_text(encoding="utf-8")) == FIGURE.sub("", text):
            continue
        path.write_text(text, encoding="utf-8")
    print(f"· {len(made)} files in {HERE.name}/")


if __name__ == "__main__":
    main()
