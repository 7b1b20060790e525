"""A telling as HTML with MathML."""

from __future__ import annotations

from ..ir.telling import Chain, Code, Definitions, Drawing, Listing, Paragraph, Section, Table
from .names import escape_xml
from .page import Page
from .page import listed
from .svg import draw


class HtmlPage(Page[str]):
    """A page that needs nothing beside it."""

    formulas = "mathml"

    def document(self) -> str:
        """The fragment in a page of its own."""
        head = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Derivation</title></head><body>'
        return f"{head}\n{self.fragment()}\n</body></html>\n"

    def joined(self, parts: list[str]) -> str:
        """One below the other."""
        return "\n".join(parts)

    def prose(self, text: str) -> str:
        """Words."""
        return escape_xml(text)

    def code(self, piece: Code) -> str:
        """Set as a program is."""
        return f"<code>{escape_xml(piece.text)}</code>"

    def title(self) -> str:
        """What is told of, and how."""
        names = ", ".join(self.spelling.inline(self.spelling.partial(wrt)) for wrt in self.told.closed)
        return f"<h1>{names}, in the {self.told.form} form</h1>"

    def opening(self) -> str:
        """What varies and what does not."""
        asked, varying, constant = self.spelling.legend()
        verb = "varies, and with it" if len(asked) == 1 else "vary, and with them"
        text = f"{listed(asked)} {verb} {listed(varying)}."
        if constant:
            text += f" {listed(constant)} {'is' if len(constant) == 1 else 'are'} constant."
        return f"<p>{text}</p>"

    def signs(self) -> list[str]:
        return []

    def section(self, section: Section, blocks: list[str]) -> str:
        """A section; a folded one opens on a click."""
        title = escape_xml(section.title)
        body = "\n".join(blocks)
        if section.folded:
            return f"<details><summary>{title}</summary>\n{body}\n</details>"
        return f"<h2>{title}</h2>\n{body}" if title else body

    def paragraph(self, block: Paragraph) -> str:
        """Prose."""
        kind = f' class="{escape_xml(block.kind)}"' if block.kind else ""
        return f"<p{kind}>{self.sentence(block.pieces)}</p>"

    def definitions(self, block: Definitions) -> str:
        """A list."""
        items = "".join(f"<li>{left}<mo>=</mo>{right}</li>" for left, right, _ in self.spelling.definitions(block))
        return f'<ul class="where">{items}</ul>'

    def chain(self, block: Chain) -> str:
        """A table: left side, equals sign, right side, reason."""
        cells = "".join(
            f'<tr class="depth{line.depth}"><td>{line.left}</td><td>=</td><td>{line.right}</td>'
            f"<td>{escape_xml(line.reason)}</td></tr>"
            for line in self.spelling.chain(block)
        )
        return f'<table class="derivation">{cells}</table>'

    def table(self, block: Table) -> str:
        """A table with a head."""
        head = "".join(f"<th>{self.sentence(cell)}</th>" for cell in block.head)
        rows = "".join(f"<tr>{''.join(f'<td>{self.sentence(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
        return f'<table class="derivation"><tr>{head}</tr>{rows}</table>'

    def listing(self, block: Listing) -> str:
        """The program's text."""
        return f"<pre><code>{escape_xml(block.text)}</code></pre>"

    def drawing(self, block: Drawing) -> str:
        """The picture."""
        return f"<figure>{draw(block.picture)}</figure>"

    def ending(self) -> str:
        """The closed forms, the notes, and the tick."""
        closed = "".join(
            f'<p class="closed">{self.spelling.partial(wrt)} = {self.spelling.closed(wrt)}</p>'
            for wrt in self.told.closed
        )
        notes = "".join(f'<p class="note">{escape_xml(note)}</p>' for note in self.told.notes)
        return f'{closed}{notes}<p class="verified">✓ {escape_xml(self.verified())}</p>'
