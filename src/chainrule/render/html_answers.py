"""What the glossary says of the rules and terms of a page, at its end, where they are linked to."""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.telling import Answer
from .names import escape_xml


def anchor(answer: Answer) -> str:
    """What a link to an answer ends in."""
    return escape_xml(f"why-{answer.anchor}")


def answers(found: Iterable[Answer]) -> str:
    """A section with every answer once; nothing where there are none."""
    by_anchor = {answer.anchor: answer for answer in found}
    shown = "\n".join(map(_answer, by_anchor.values()))
    return f'<section class="glossary">\n<h2>Why?</h2>\n{shown}\n</section>' if shown else ""


def _answer(answer: Answer) -> str:
    paragraphs = [
        f"<pre>{escape_xml(text)}</pre>" if text.startswith("    ") else f"<p>{escape_xml(text)}</p>"
        for text in answer.paragraphs
    ]
    return "\n".join([f'<h3 id="{anchor(answer)}">{escape_xml(answer.title)}</h3>', *paragraphs])
