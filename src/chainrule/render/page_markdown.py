"""A telling in Markdown, as GitHub and Jupyter take it: formulas between dollar signs, tables with bars."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..ir.dims import show_shape
from ..ir.telling import Chain, Code, Definitions, Drawing, Listing, Paragraph, Section, Table
from .names import printable
from .page import Page
from .svg import draw

_SPECIAL = re.compile(r"([\\`*_\[\]<>#$|])")


class MarkdownPage(Page[str]):
    """Markdown with LaTeX in it. ``stem`` begins the names of its pictures; without it they are told in words."""

    formulas = "latex"
    stem = ""

    def with_pictures(self, stem: str) -> tuple[str, dict[str, str]]:
        """The page, and the SVG of each picture by the name of the file that it is shown from."""
        self.stem = stem
        self.pictures: dict[str, str] = {}
        return self.fragment(), self.pictures

    def joined(self, parts: Sequence[str]) -> str:
        """Blocks with an empty line between them."""
        return "\n\n".join(part for part in parts if part) + "\n"

    def prose(self, text: str) -> str:
        """Words; what would be a sign of Markdown is kept as it is."""
        return _SPECIAL.sub(r"\\\1", printable(text))

    def formula(self, formula: str) -> str:
        """A formula in a sentence. A bar would end a cell, and a dollar sign the formula."""
        return f"${_safe(formula)}$"

    def code(self, piece: Code) -> str:
        """A piece of a program."""
        ticks = "``" if "`" in piece.text else "`"
        return f"{ticks}{printable(piece.text)}{ticks}"

    def title(self) -> str:
        """What is told of, and how."""
        names = ", ".join(self.formula(self.spelling.partial(wrt)) for wrt in self.told.closed)
        return f"# {names}, in the {self.told.form} form"

    def opening(self) -> str:
        """What varies and what does not."""
        return self.varying()

    def signs(self) -> list[str]:
        """A table of the signs."""
        meanings = self.meanings()
        return ["\n".join(["| sign | |", "|---|---|", *(f"| {a} | {b} |" for a, b in meanings)])] if meanings else []

    def section(self, section: Section, blocks: Sequence[str]) -> str:
        """A title, if there is one, and the blocks."""
        head = [f"## {self.prose(section.title)}"] if section.title else []
        return "\n\n".join([*head, *(block for block in blocks if block)])

    def paragraph(self, block: Paragraph) -> str:
        """Prose; a note is set off."""
        text = self.sentence(block.pieces)
        return f"> {text}" if block.kind else text

    def definitions(self, block: Definitions) -> str:
        """An aligned block."""
        rows = []
        for left, right, node in self.spelling.definitions(block):
            shape = show_shape(node.shape) if block.reading == "matrix" and node.shape else ""
            rows.append(rf"{left} &= {right}" + (rf" &\quad& \text{{{shape}}}" if shape else " &&"))
        return _aligned(rows)

    def chain(self, block: Chain) -> str:
        """A table of lines: both sides, and the reason; what is inside a step is marked by arrows."""
        lines = self.spelling.chain(block)
        rows = ["| | | |", "|---|---|---|"]
        for line in lines:
            left = f"{'↳ ' * line.depth}{self.formula(line.left)}" if line.left else ""
            rows.append(f"| {left} | {self.formula('= ' + line.right)} | {self.words(line.reason)} |")
        return "\n".join(rows)

    def table(self, block: Table) -> str:
        """A table."""
        caption = [self.sentence(block.caption), ""] if block.caption else []
        rows = [f"| {' | '.join(self.sentence(cell) for cell in row)} |" for row in (block.head, *block.rows)]
        return "\n".join([*caption, rows[0], "|" + "---|" * len(block.head), *rows[1:]])

    def listing(self, block: Listing) -> str:
        """A program."""
        return f"```{block.language}\n{block.text.rstrip()}\n```"

    def drawing(self, block: Drawing) -> str:
        """A picture from its file, or what it shows in words."""
        alt = self.prose(block.alt)
        if not self.stem:
            return f"*Picture: {alt}*"
        name = f"{self.stem}-{len(self.pictures) + 1}.svg"
        self.pictures[name] = draw(block.picture)
        return f"![{alt}]({name})"

    def ending(self) -> str:
        """The closed forms, the notes, and the tick."""
        closed = [f"{self.spelling.partial(wrt)} &= {self.spelling.closed(wrt)}" for wrt in self.told.closed]
        notes = [f"> {self.words(note)}" for note in self.told.notes]
        return "\n\n".join([_aligned(closed), *notes, f"✓ {self.prose(self.verified())}"])


def _safe(formula: str) -> str:
    """A formula that may stand in a cell of a table, and in which nothing is taken for a tag."""
    formula = formula.replace("\n", " ").replace(r"\|", r"\Vert ").replace("<", r"\lt ").replace(">", r"\gt ")
    return re.sub(r"(?<!\\)\|", r"\\vert ", formula)


def _aligned(rows: Sequence[str]) -> str:
    """A block of equations, aligned at the equals signs."""
    body = " \\\\\n".join(map(_safe, rows))
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"
