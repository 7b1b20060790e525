"""Writes docs/glossary.md, the glossary as a page. Run it again when an entry changes: ``python docs/glossary.py``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import chainrule as cr

PAGE = Path(__file__).with_suffix(".md")
WIDTH = 120
HEAD = """# The glossary

What the words of a derivation mean, and an answer to every "why". In a terminal: `chainrule explain WORD`. In Python:
`print(cr.glossary["learning rate"])`. Every number of an example is worked out by the tests.
"""


def lines() -> Iterator[str]:
    """The page, line by line: the words, then the entries."""
    yield from HEAD.split("\n")
    groups = [(title, list(group)) for title, group in groupby(cr.glossary.values(), lambda entry: entry.subject_title)]
    for title, group in groups:
        words = " · ".join(f"[{entry.word}](#{entry.anchor})" for entry in group)
        yield from [f"**{title}**: {words}", ""]
    for title, group in groups:
        yield f"## {title}"
        for entry in group:
            yield from ["", f'<a id="{entry.anchor}"></a>', "", f"### {entry.title}", ""]
            for paragraph in (*entry.text, f"*Example.* {entry.example[0]}", *entry.example[1:]):
                yield from [paragraph] if paragraph.startswith(" ") else wrapped(paragraph)
                yield ""
            if entry.see:
                others = (cr.glossary[word] for word in entry.see)
                yield from wrapped("See also: " + ", ".join(f"[{other.word}](#{other.anchor})" for other in others))
        yield ""


def wrapped(paragraph: str) -> list[str]:
    """A paragraph in lines, links whole."""
    return textwrap.wrap(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)


def page() -> str:
    """The whole page."""
    return "\n".join(lines()).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
