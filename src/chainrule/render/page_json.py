"""A telling as JSON, for programs.

The document is an object with
``version`` (of this schema: 1), ``form``, ``loss``, ``wrt`` (names), ``error`` (the largest relative deviation),
``closed`` (an object by name: ``text``, ``latex``, ``shape``), ``notes`` (strings), and ``sections``: each with a
``title`` and ``blocks``. A block has a ``kind``:
"paragraph" (``text``, ``latex``), "definitions" and "chain" (``lines``), "table" (``head``, ``rows``: cells with
``text`` and ``latex``; ``caption``), "listing" (``text``, ``language``), "drawing" (``alt``, ``svg``).
A line has ``left`` and ``right`` (each with ``text`` and ``latex``; an empty left side goes on), ``rule``, ``why``,
``depth`` (how far inside of other steps) and ``shape``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..ir.telling import Chain, Code, Definitions, Drawing, Listing, Paragraph, Section, Sentence, Table, Telling
from .fold import KEPT
from .page import Page
from .page_latex import LatexPage
from .page_text import TextPage
from .svg import draw

VERSION = 1


class JsonPage(Page[dict[str, Any]]):
    """Data; every formula as text and as LaTeX."""

    def __init__(self, told: Telling, error: float) -> None:
        super().__init__(told, error)
        self.text = TextPage(told, error)
        self.latex = LatexPage(told, error)

    def joined(self, parts: Sequence[dict[str, Any]]) -> str:
        """The whole as one object."""
        told = self.told
        closed = {
            told.name_of(wrt): {
                "text": self.text.spelling.closed(wrt),
                "latex": self.latex.spelling.closed(wrt),
                "shape": list(map(str, wrt.shape)),
            }
            for wrt in told.closed
        }
        whole = {
            "version": VERSION,
            "form": told.form,
            "loss": told.name_of(told.loss),
            "wrt": list(closed),
            "error": self.error,
            "closed": closed,
            "notes": list(told.notes),
            "sections": [part for part in parts if part],
        }
        return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"

    def _both(self, sentence: Sentence) -> dict[str, str]:
        return {"text": self.text.sentence(sentence).replace(KEPT, " "), "latex": self.latex.sentence(sentence)}

    def title(self) -> dict[str, Any]:
        """Nothing: it follows from the form and the names."""
        return {}

    def opening(self) -> dict[str, Any]:
        """What varies and what does not."""
        text = self.text.varying().replace(KEPT, " ")
        return {"title": "", "blocks": [{"kind": "paragraph", "text": text, "latex": self.latex.varying()}]}

    def signs(self) -> list[dict[str, Any]]:
        """Nothing: a program needs no legend."""
        return []

    def section(self, section: Section, blocks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """A section."""
        return {"title": section.title, "blocks": list(blocks)}

    def paragraph(self, block: Paragraph) -> dict[str, Any]:
        """Prose."""
        return {"kind": "paragraph", **self._both(block.pieces)}

    def definitions(self, block: Definitions) -> dict[str, Any]:
        """Definitions."""
        pairs = zip(self.text.spelling.definitions(block), self.latex.spelling.definitions(block), strict=True)
        lines = [
            {
                "left": {"text": a[0], "latex": b[0]},
                "right": {"text": a[1], "latex": b[1]},
                "shape": list(map(str, a[2].shape)),
            }
            for a, b in pairs
        ]
        return {"kind": "definitions", "lines": lines}

    def chain(self, block: Chain) -> dict[str, Any]:
        """A chain of equalities."""
        pairs = zip(self.text.spelling.chain(block), self.latex.spelling.chain(block), strict=True)
        lines = [
            {
                "left": {"text": a.left, "latex": b.left},
                "right": {"text": a.right, "latex": b.right},
                "rule": a.rule,
                "why": a.why,
                "depth": a.depth,
                "shape": list(map(str, a.step.after.shape)),
            }
            for a, b in pairs
        ]
        return {"kind": "chain", "lines": lines}

    def table(self, block: Table) -> dict[str, Any]:
        """A table."""
        head, *rows = [[self._both(cell) for cell in row] for row in (block.head, *block.rows)]
        return {"kind": "table", "head": head, "rows": rows, "caption": self._both(block.caption)}

    def listing(self, block: Listing) -> dict[str, Any]:
        """A program."""
        return {"kind": "listing", "text": block.text, "language": block.language}

    def drawing(self, block: Drawing) -> dict[str, Any]:
        """A picture."""
        return {"kind": "drawing", "alt": block.alt, "svg": draw(block.picture)}

    def code(self, piece: Code) -> str:
        """A piece of a program."""
        return piece.text

    def ending(self) -> dict[str, Any]:
        """Nothing: the closed forms and the notes have places of their own."""
        return {}
