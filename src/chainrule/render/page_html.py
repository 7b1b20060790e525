"""A telling as HTML with MathML: a page that needs no network, no script and nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources

from ..ir.dims import show_shape
from ..ir.telling import (
    Chain,
    Code,
    Definitions,
    Drawing,
    Listing,
    Math,
    Name,
    Paragraph,
    Piece,
    Section,
    Sentence,
    Table,
    Term,
    Value,
)
from .fold import are_counts
from .html_answers import anchor, answers
from .inner import Inner, tree
from .mathml_lines import pieces, width
from .names import escape_xml, text_name
from .page import Page, gives_reasons
from .spelling import Line
from .svg import draw

_SHORT_LEFT, _LONG_LEFT, _WIDE_TABLE, _STACKED = 2.5, 11.0, 38.0, 19.0
"""In em. A left side up to the first stands beside the right one on any screen, a longer one than the second on a line
of its own. The reasons of a wide table stand below its rows; on a narrow screen rows become lists of their cells."""
_OPEN_UP_TO = 12
"""A chain of so many lines is shown with all of its inner steps."""

_FOLLOWED = re.compile(r"(<math(?:(?!</math>).)*</math>)([,.;:?!)]+)")


class HtmlPage(Page[str]):
    """A page in MathML; the fragment is its body, with the style that it needs."""

    formulas = "mathml"

    def document(self) -> str:
        """The whole page."""
        names = ", ".join(
            f"∂{text_name(self.told.name_of(self.told.loss))}/∂{text_name(self.told.name_of(w))}"
            for w in self.told.closed
        )
        return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{escape_xml(f"{names}, in the {self.told.form} form")}</title>
<style>
{_style("page_base.css")}{_style("page_style.css")}</style>
</head>
<body>
<main class="chainrule">
{self.joined(self.parts())}
</main>
</body>
</html>
"""

    def fragment(self) -> str:
        """To stand inside of a page, or below a cell of a notebook."""
        inside = ["<style>", f"{_style('page_style.css')}</style>", *self.parts()]
        return f'<div class="chainrule">\n{self.joined(inside)}\n</div>\n'

    def joined(self, parts: Sequence[str]) -> str:
        """One below the other."""
        return "\n".join(part for part in parts if part)

    # ------------------------------------------------------------------------------------------ sentences

    def sentence(self, pieces: Sentence) -> str:
        """A sentence; no line begins with the sign that follows a formula."""
        return held(super().sentence(pieces))

    def cell(self, pieces: Sentence) -> str:
        """A sentence in a cell; a formula by itself is as high as it is elsewhere."""
        match pieces:
            case (Math() as piece,):
                return self.display(self.spelling.math(piece))
            case _:
                return self.sentence(pieces)

    def prose(self, text: str) -> str:
        """Words."""
        return escape_xml(text)

    def formula(self, formula: str) -> str:
        """A formula, in pieces if it is long."""
        return pieces(formula)

    def display(self, formula: str) -> str:
        """The same, as high as it is by itself."""
        return pieces(formula, display=True)

    def code(self, piece: Code) -> str:
        """Set as a program is."""
        return f"<code>{escape_xml(piece.text)}</code>"

    def term(self, piece: Term) -> str:
        """A word that is linked to its answer."""
        return self._linked(piece.text, piece.entry)

    def _linked(self, text: str, entry: str) -> str:
        answer = self.told.glossary.get(entry)
        return f'<a href="#{anchor(answer)}">{escape_xml(text)}</a>' if answer else escape_xml(text)

    def why(self, line: Line) -> str:
        """The rule, linked to its answer, and why it holds."""
        rule = self._linked(line.rule, line.rule) if line.named else ""
        return f"{rule}: {self.words(line.why)}" if rule and line.why else rule or self.words(line.why)

    # ------------------------------------------------------------------------------------------ the blocks

    def title(self) -> str:
        """What is told of, and how."""
        names = ", ".join(self.formula(self.spelling.partial(wrt)) for wrt in self.told.closed)
        return f"<h1>{names}, in the {escape_xml(self.told.form)} form</h1>"

    def opening(self) -> str:
        """What varies and what does not."""
        return f"<p>{held(self.varying())}</p>"

    def signs(self) -> list[str]:
        """A list of the signs."""
        rows = [f"<dt>{example}</dt><dd>{meaning}</dd>" for example, meaning in self.meanings()]
        return [f'<dl class="signs">{"".join(rows)}</dl>'] if rows else []

    def section(self, section: Section, blocks: Sequence[str]) -> str:
        """A section; a folded one opens on a click."""
        title, body = escape_xml(section.title), self.joined(blocks)
        if section.folded:
            return f"<details><summary>{title}</summary>\n{body}\n</details>"
        return f"<h2>{title}</h2>\n{body}" if title else body

    def paragraph(self, block: Paragraph) -> str:
        """Prose."""
        kind = f' class="{escape_xml(block.kind)}"' if block.kind else ""
        return f"<p{kind}>{self.sentence(block.pieces)}</p>"

    def definitions(self, block: Definitions) -> str:
        """Equations below each other."""
        rows = []
        for left, right, node in self.spelling.definitions(block):
            rows.append(self._equation(left, right, _shape(node.shape) if block.reading == "matrix" else ""))
        return self._below(rows, [left for left, _, _ in self.spelling.definitions(block)])

    def chain(self, block: Chain) -> str:
        """Equations with their reasons below them; what is inside a step opens on a click."""
        lines = self.spelling.chain(block)
        whole = tree(lines)
        matrix = block.reading == "matrix"
        return self._lines(whole, matrix, ' open="open"' if whole.count() <= _OPEN_UP_TO else "")

    def _lines(self, inner: Inner, matrix: bool, shown: str) -> str:
        rows = []
        for item in inner.items:
            if isinstance(item, Line):
                shape = _shape(item.step.after.shape) if matrix and item.left else ""
                why = self.why(item)
                rows.append(self._equation(item.left, item.right, shape))
                rows += [f'<div class="why">{why}</div>'] if why else []
            else:
                rows.append(self._details(item, matrix, shown))
        return self._below(rows, [line.left for line in inner.lines if line.left])

    def _below(self, rows: Sequence[str], lefts: Sequence[str]) -> str:
        """Equations below each other; short left sides stand beside the right ones on a narrow screen, too."""
        kind = "chain" if any(width(left) > _SHORT_LEFT for left in lefts) else "chain short"
        return f'<div class="{kind}">\n{self.joined(rows)}\n</div>'

    def _details(self, inner: Inner, matrix: bool, shown: str) -> str:
        """Steps inside of a step, below what they find."""
        last = inner.lines[-1:]
        found = "".join(f"{self.display(e.about)} <math><mo>=</mo></math> {self.display(e.right)}" for e in last)
        count = inner.count()
        steps = f'<span class="why">{count} {"step" if count == 1 else "steps"}</span>'
        return f"<details{shown}><summary>{found} {steps}</summary>\n{self._lines(inner, matrix, shown)}\n</details>"

    def _equation(self, left: str, right: str, shape: str) -> str:
        """The cells of one equation; a long left side has a line of its own."""
        behind = f'<span class="shape">{escape_xml(shape)}</span>' if shape else ""
        body = (
            f'<div class="equals"><math><mo>=</mo></math></div><div class="right">{self.display(right)}{behind}</div>'
        )
        if left and width(left) > _LONG_LEFT:
            return f'<div class="over">{self.display(left)}</div><div class="left"></div>{body}'
        return f'<div class="left">{self.display(left) if left else ""}</div>{body}'

    def table(self, block: Table) -> str:
        """A table with a head."""
        across = sum(max(self._across(row[i]) for row in (block.head, *block.rows)) for i in range(len(block.head)))
        below = gives_reasons(block) and across > _WIDE_TABLE
        heads = block.head[:-1] if below else block.head
        labels = [escape_xml(_label(head)) for head in heads]
        counts = [are_counts([_label(row[i]) for row in block.rows]) for i in range(len(heads))]
        rows = []
        for row in block.rows:
            told = below and any(row[-1])
            cells = zip(labels, row[: len(heads)], counts, strict=True)
            shown = "".join(_cell(label, self.cell(cell), count) for label, cell, count in cells)
            rows.append(f'<tr class="told">{shown}</tr>' if told else f"<tr>{shown}</tr>")
            if told:
                why = f'<td colspan="{len(heads) - 1}" class="why">{self.sentence(row[-1])}</td>'
                rows.append(f'<tr class="because"><td></td>{why}</tr>')
        caption = f"<caption>{self.sentence(block.caption)}</caption>" if block.caption else ""
        head = "".join(f"<th>{self.sentence(cell)}</th>" for cell in heads)
        kind = ' class="stack"' if across > _STACKED else ""
        inside = [f"{caption}<thead><tr>{head}</tr></thead>", "<tbody>", *rows, "</tbody>"]
        return f'<div class="table"><table{kind}>{self.joined(inside)}</table></div>'

    def _across(self, sentence: Sentence) -> float:
        """The width of a sentence in one line, in em."""
        return 1.0 + sum(map(self._measure, sentence))

    def _measure(self, piece: Piece) -> float:
        match piece:
            case str():
                return 0.45 * len(piece)
            case Term() | Code():
                return 0.5 * len(piece.text)
            case Math():
                return width(self.spelling.math(piece))
            case Name():
                return width(self.spelling.name(piece.name))
            case Value():
                return width(self.spelling.value(piece))

    def listing(self, block: Listing) -> str:
        """The program's text."""
        return f"<pre><code>{escape_xml(block.text)}</code></pre>"

    def drawing(self, block: Drawing) -> str:
        """The picture, drawn."""
        return f"<figure>{draw(block.picture)}</figure>"

    def ending(self) -> str:
        """The closed forms, the notes, and the tick; then what the glossary says."""
        closed = [
            self._equation(self.spelling.partial(wrt), self.spelling.closed(wrt), _shape(wrt.shape))
            for wrt in self.told.closed
        ]
        notes = [f'<p class="note">{self.words(note)}</p>' for note in self.told.notes]
        tick = f'<p class="verified"><b>✓</b> {escape_xml(self.verified())}</p>'
        chain = f'<div class="closed"><div class="chain">\n{self.joined(closed)}\n</div></div>'
        return self.joined([chain, *notes, tick, answers(self.told.glossary.values())])


def held(text: str) -> str:
    """HTML in which a formula and the punctuation after it stay together."""
    return _FOLLOWED.sub(r'<span class="held">\1\2</span>', text)


def _style(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _cell(label: str, inside: str, count: bool) -> str:
    """A cell; on a narrow screen the label stands before it. Counts are set to the right."""
    kind = ' class="count"' if count else ""
    return f'<td{kind} data-head="{label}"><div>{inside}</div></td>'


def _shape(shape: Sequence[object]) -> str:
    return show_shape(tuple(shape)) if shape else ""  # type: ignore[arg-type]  # extents


def _label(sentence: Sentence) -> str:
    """A sentence as an attribute holds it: words and names."""
    shown = (
        piece
        if isinstance(piece, str)
        else text_name(piece.name)
        if isinstance(piece, Name)
        else getattr(piece, "text", "…")
        for piece in sentence
    )
    return "".join(shown)
