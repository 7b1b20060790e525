"""A telling as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.telling import Chain, Definitions, Drawing, Listing, Paragraph, Section, Table
from .fold import WIDTH, fold, table
from .page import Page


class TextPage(Page):
    """Unicode mathematics, no wider than a terminal."""

    def joined(self, parts: list[str]) -> str:
        """Parts with an empty line between them."""
        return "\n\n".join(parts)

    def title(self) -> str:
        """``∂E/∂W, in the components form``."""
        names = ", ".join(self.spelling.partial(wrt) for wrt in self.told.closed)
        return f"{names}, in the {self.told.form} form"

    def legend(self) -> str:
        """What varies and what does not, as two sentences."""
        asked, varying, constant = self.spelling.legend()
        verb = "varies, and with it" if len(asked) == 1 else "vary, and with them"
        text = f"{listed(asked)} {verb} {listed(varying)}."
        if constant:
            text += f" {listed(constant)} {'is' if len(constant) == 1 else 'are'} constant."
        return "\n".join(fold(text, WIDTH))

    def section(self, section: Section, blocks: list[str]) -> str:
        """A title, if there is one, and the blocks."""
        return self.joined([f"── {section.title}", *blocks] if section.title else blocks)

    def paragraph(self, block: Paragraph) -> str:
        """Folded prose."""
        return "\n".join(fold(self.sentence(block.pieces), WIDTH))

    def definitions(self, block: Definitions) -> str:
        """The lines “where z = …”, one below the other."""
        lines: list[str] = []
        for left, right in self.spelling.definitions(block):
            lines += _equation(("      " if lines else "where ") + left, right, 0)
        return "\n".join(lines)

    def chain(self, block: Chain) -> str:
        """Each equality with its reason on a line below; what is inside a step stands further in."""
        shown: list[str] = []
        margins: dict[int, int] = {}
        for line in self.spelling.chain(block):
            left = "    " * line.depth + line.left if line.left else ""
            margin = margins[line.depth] = len(left) if left else margins[line.depth]
            shown += _equation(left, line.right, margin)
            if line.reason:
                shown += [" " * (margin + 6) + piece for piece in fold(f"· {line.reason}", max(WIDTH - margin - 6, 40))]
        return "\n".join(shown)

    def table(self, block: Table) -> str:
        """Columns, a rule under the head."""
        rows = [[self.sentence(cell) for cell in row] for row in (block.head, *block.rows)]
        caption = [self.sentence(block.caption)] if block.caption else []
        return "\n".join([*caption, *table(rows)])

    def listing(self, block: Listing) -> str:
        """The program's text, indented."""
        return "\n".join(f"    {line}".rstrip() for line in block.text.splitlines())

    def drawing(self, block: Drawing) -> str:
        """What the picture shows, in words."""
        return "\n".join(fold(f"[picture: {block.alt}]", WIDTH))

    def ending(self) -> str:
        """The closed forms, the notes, and the tick."""
        closed = [
            line
            for wrt in self.told.closed
            for line in _equation(self.spelling.partial(wrt), self.spelling.closed(wrt), 0)
        ]
        notes = [line for note in self.told.notes for line in fold(f"({note})", WIDTH)]
        return "\n".join([*closed, *notes, *fold(f"✓ {self.verified()}", WIDTH)])


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _equation(left: str, right: str, margin: int) -> list[str]:
    """``left = right``, further lines indented behind the equals sign; ``margin`` is the width of an empty left."""
    left = left or " " * margin
    first, *rest = fold(right, max(WIDTH - len(left) - 3, 40))
    return [f"{left} = {first}", *(f"{' ' * len(left)}   {piece}" for piece in rest)]
