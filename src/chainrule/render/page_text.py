"""A telling as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..ir.dims import Extent, show_shape
from ..ir.telling import Chain, Definitions, Drawing, Listing, Paragraph, Section, Table
from .fold import KEPT, WIDTH, fold, prose, reason, table, wide
from .names import printable
from .page import Page, gives_reasons

if TYPE_CHECKING:
    from rich.text import Text

LEAST = 45
"""The columns that the right side of an equation has at least; a left side that leaves less stands on its own line."""
DEEPEST = 12
"""So many steps inside each other are indented, each by two columns; what is deeper stands below them."""

TITLE, SECTION, REASON, NOTE, TICK = "bold", "bold cyan", "dim", "dim", "green"
"""The styles of lines, where they are coloured."""


@dataclass(frozen=True)
class Line:
    """A line of text, and the style it has where there is colour."""

    text: str = ""
    style: str = ""


Lines = tuple[Line, ...]


class TextPage(Page[Lines]):
    """Unicode mathematics, no wider than a terminal."""

    def joined(self, parts: Sequence[Lines]) -> str:
        """Parts with an empty line between them."""
        return "\n".join(line.text for line in self._apart(parts))

    def rich(self) -> Text:
        """The same in colour, for rich."""
        from rich.text import Text

        shown = [(line.text, line.style) for line in self._apart(self.parts())]
        return Text("\n").join([Text(text, style) for text, style in shown])

    def _apart(self, parts: Sequence[Lines]) -> Lines:
        """Parts with an empty line between them."""
        found: list[Line] = []
        for part in parts:
            found += [Line(), *part] if found else part
        return tuple(found)

    def prose(self, text: str) -> str:
        """Words."""
        return printable(text)

    def formula(self, formula: str) -> str:
        """A formula that stays whole where it can."""
        return formula.replace(" ", KEPT)

    def title(self) -> Lines:
        """``∂E/∂W, in the components form``."""
        names = ", ".join(self.spelling.partial(wrt) for wrt in self.told.closed)
        return _plain(prose(f"{self.formula(names)}, in the {self.told.form} form", WIDTH), TITLE)

    def opening(self) -> Lines:
        """What varies and what does not, as two sentences."""
        return _plain(prose(self.varying(), WIDTH))

    def signs(self) -> list[Lines]:
        """The signs in a column, what each means beside it."""
        meanings = [(example.replace(KEPT, " "), meaning) for example, meaning in self.meanings()]
        if not meanings:
            return []
        width = max(wide(example) for example, _ in meanings)
        lines: list[Line] = []
        for example, meaning in meanings:
            folded = prose(meaning, WIDTH - width - 10)
            for n, text in enumerate(folded):
                head = "Signs   " if not lines else " " * 8
                sign = example if n == 0 else ""
                lines.append(Line(f"{head}{sign}{' ' * (width - wide(sign))}  {text}", NOTE))
        return [tuple(lines)]

    def section(self, section: Section, blocks: Sequence[Lines]) -> Lines:
        """A title, if there is one, and the blocks."""
        title = _plain([f"── {line}" for line in prose(self.prose(section.title), WIDTH - 3)], SECTION)
        return self._apart([title, *blocks] if section.title else blocks)

    def paragraph(self, block: Paragraph) -> Lines:
        """Folded prose."""
        return _plain(prose(self.sentence(block.pieces), WIDTH))

    def definitions(self, block: Definitions) -> Lines:
        """The lines “where z = …”, one below the other."""
        lines: list[Line] = []
        for left, right, node in self.spelling.definitions(block):
            shape = node.shape if block.reading == "matrix" else ()
            lines += _equation("where " if not lines else "      ", left, right, shape)
        return tuple(lines)

    def chain(self, block: Chain) -> Lines:
        """Each equality with its reason on a line below; what is inside a step stands further in."""
        shown: list[Line] = []
        margins: dict[int, int] = {}
        for line in self.spelling.chain(block):
            indent = 2 * min(line.depth, DEEPEST)
            if line.left:
                margins[line.depth] = _margin(indent, line.left)
                shape = line.step.after.shape if block.reading == "matrix" else ()
                shown += _equation(" " * indent, line.left, line.right, shape)
            else:
                shown += _plain(_right(line.right, margins[line.depth]))
            margin = margins[line.depth]
            if line.reason:
                said = reason(self.words(line.reason), WIDTH - margin - 4)
                shown += _plain([" " * (margin + 4) + text for text in said], REASON)
        return tuple(shown)

    def table(self, block: Table) -> Lines:
        """Columns, a rule under the head."""
        rows = [[self.sentence(cell) for cell in row] for row in (block.head, *block.rows)]
        caption = prose(self.sentence(block.caption), WIDTH) if block.caption else []
        body = table(rows, reasons=gives_reasons(block))
        return (*_plain(caption), *(Line(text, REASON if text.startswith("    · ") else "") for text in body))

    def listing(self, block: Listing) -> Lines:
        """The program's text, indented."""
        lines = [printable(line.replace("\t", "    ")) for line in block.text.splitlines()]
        return _plain([f"    {text}".rstrip() for line in lines for text in _cut(line, WIDTH - 4)])

    def drawing(self, block: Drawing) -> Lines:
        """What the picture shows, in words."""
        return _plain(prose(f"[picture: {self.words(block.alt)}]", WIDTH), NOTE)

    def ending(self) -> Lines:
        """The closed forms, the notes, and the tick."""
        closed: list[Line] = []
        for wrt in self.told.closed:
            closed += _equation("", self.spelling.partial(wrt), self.spelling.closed(wrt), wrt.shape)
        notes = [line for note in self.told.notes for line in prose(f"({self.words(note)})", WIDTH)]
        return (*closed, *_plain(notes, NOTE), *_plain(prose(f"✓ {self.verified()}", WIDTH), TICK))


def _plain(texts: Sequence[str], style: str = "") -> Lines:
    return tuple(Line(text, style) for text in texts)


def _margin(indent: int, left: str) -> int:
    """The column of the equals sign: behind the left side, or, if that is too long, below its beginning."""
    behind = indent + wide(left) + 1
    return behind if WIDTH - behind - 2 >= LEAST else indent + 4


def _right(right: str, margin: int, shape: Sequence[Extent] = ()) -> list[str]:
    """``= …``, with the shape behind it if it has one; further lines stand behind the equals sign."""
    first, *rest = fold(right, WIDTH - margin - 2)
    lines = [f"{' ' * margin}= {first}", *(f"{' ' * margin}  {text}" for text in rest)]
    if shape:
        told = show_shape(tuple(shape))
        if wide(lines[-1]) + 3 + wide(told) <= WIDTH:
            lines[-1] += f"   {told}"
        else:
            lines += [f"{' ' * margin}  {text}" for text in prose(told, WIDTH - margin - 2)]
    return lines


def _equation(before: str, left: str, right: str, shape: Sequence[Extent]) -> Lines:
    """``left = right`` after some words or spaces."""
    indent = len(before)
    margin = _margin(indent, left)
    lines = _right(right, margin, shape)
    if margin == indent + wide(left) + 1:
        return _plain([f"{before}{left} {lines[0].lstrip()}", *lines[1:]])
    first, *rest = fold(left, WIDTH - indent)
    return _plain([before + first, *(" " * indent + text for text in rest), *lines])


def _cut(line: str, room: int) -> list[str]:
    """A line of a program in pieces that fit; what goes on stands further in."""
    if wide(line) <= room:
        return [line]
    inner = line.lstrip()
    indent = min(len(line) - len(inner), room // 2)
    first, *rest = fold(inner, room - indent - 4)
    return [" " * indent + first, *(" " * (indent + 4) + text for text in rest)]
