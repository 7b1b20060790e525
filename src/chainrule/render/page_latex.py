"""A telling as a LaTeX document, which pdflatex takes as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..ir.dims import show_shape
from ..ir.telling import Chain, Code, Definitions, Drawing, Listing, Paragraph, Section, Table
from .fold import shared
from .latex_lines import inline, prose_width, width
from .latex_prose import latex_prose
from .latex_rows import Equation, aligned, blocks
from .page import Page

ROOM = 44.0
"""The width of the text, in em."""
_LONGEST = 12.0
"""A longer formula in a paragraph may be broken."""
_SMALL, _BETWEEN = 0.86, 1.3
"""How large a table's text is, and the room between two of its columns."""
_DEEPEST = 8

_HEAD = r"""\documentclass[a4paper,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath,amssymb,array,longtable,graphicx,xcolor}
\usepackage[margin=25mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\setlength{\mathindent}{1em}
\setlength{\LTleft}{0pt}
\setlength{\LTpre}{0.4em}
\setlength{\LTpost}{0.4em}
\renewcommand{\arraystretch}{1.35}
\setlength{\emergencystretch}{4em}
\raggedright
\allowdisplaybreaks
\newcommand{\why}[1]{\text{\footnotesize\color{black!60}#1}}
\newcommand{\inside}[2]{{\setlength{\mathindent}{#1}#2}}
\begin{document}
\abovedisplayskip=0.5em \belowdisplayskip=0.5em \abovedisplayshortskip=0.5em \belowdisplayshortskip=0.5em
"""


class LatexPage(Page[str]):
    """A document for pdflatex; the fragment is its body."""

    formulas = "latex"

    def document(self) -> str:
        """The body in a document of its own."""
        return f"{_HEAD}\n{self.fragment()}\n\n\\end{{document}}\n"

    def joined(self, parts: Sequence[str]) -> str:
        """Paragraphs."""
        return "\n\n".join(part for part in parts if part)

    def prose(self, text: str) -> str:
        """Words."""
        return latex_prose(text)

    def formula(self, formula: str) -> str:
        """Inline mathematics."""
        return f"${formula}$"

    def code(self, piece: Code) -> str:
        """Set as a program is, its quotes and minus signs as they are typed; it may be broken after some signs."""
        return rf"\texttt{{{_typed(piece.text)}}}"

    def title(self) -> str:
        """What is told of, and how."""
        names = ", ".join(self.formula(self.spelling.partial(wrt)) for wrt in self.told.closed)
        return rf"\section*{{{broken(f'{names}, in the {self.prose(self.told.form)} form', ROOM / 2)}}}"

    def opening(self) -> str:
        """What varies and what does not."""
        return broken(self.varying(), ROOM)

    def signs(self) -> list[str]:
        """A list."""
        meanings = self.meanings()
        if not meanings:
            return []
        rows = [rf"{example} & {meaning} \\" for example, meaning in meanings]
        wide = ROOM - 8
        columns = rf"@{{}}lp{{{10 * wide:.0f}pt}}@{{}}"
        return [
            "\n".join(
                [rf"{{\footnotesize\color{{darkgray}}\begin{{longtable}}{{{columns}}}", *rows, r"\end{longtable}}"]
            )
        ]

    def section(self, section: Section, blocks: Sequence[str]) -> str:
        """A title, if there is one, and the blocks."""
        return self.joined([rf"\subsection*{{{self.prose(section.title)}}}", *blocks] if section.title else blocks)

    def paragraph(self, block: Paragraph) -> str:
        """Prose."""
        return broken(self.sentence(block.pieces), ROOM)

    def definitions(self, block: Definitions) -> str:
        """An aligned block."""
        shown = self.spelling.definitions(block)
        matrix = block.reading == "matrix"
        return self.displayed(
            Equation(left, right, "", self._shape(node.shape if matrix else ())) for left, right, node in shown
        )

    def chain(self, block: Chain) -> str:
        """Aligned blocks, the reason below each line; what is inside a step stands further in."""
        return self.displayed(
            Equation(
                line.left,
                line.right,
                self.words(line.reason),
                self._shape(line.step.after.shape if line.left and block.reading == "matrix" else ()),
                line.depth,
            )
            for line in self.spelling.chain(block)
        )

    def _shape(self, shape: Sequence[object]) -> str:
        return self.prose(show_shape(tuple(shape))) if shape else ""  # type: ignore[arg-type]  # extents

    def table(self, block: Table) -> str:
        """A table that goes on over pages; its columns are folded to fit."""
        rows = [[self.sentence(cell) for cell in row] for row in (block.head, *block.rows)]
        caption = [broken(self.sentence(block.caption), ROOM)] if block.caption else []
        return "\n\n".join([*caption, tabulated(rows)])

    def listing(self, block: Listing) -> str:
        """The program, word for word."""
        shown = [_typed(line.replace(" ", "\u00a0")) or r"\strut" for line in block.text.rstrip("\n").splitlines()]
        return "\n".join([r"{\ttfamily\small", *(rf"\hangindent=4em {line}\par" for line in shown), "}"])

    def drawing(self, block: Drawing) -> str:
        """What the picture shows, in words."""
        return rf"\emph{{{self.words(f'Picture: {block.alt}')}}}"

    def ending(self) -> str:
        """The closed forms, the notes, and the figure of the check."""
        notes = [
            rf"{{\footnotesize\color{{darkgray}}{broken(self.words(note), ROOM)}\par}}" for note in self.told.notes
        ]
        return self.joined([self.closed(), *notes, rf"{{\footnotesize {self.prose(f'✓ {self.verified()}')}\par}}"])

    def closed(self) -> str:
        """The closed forms."""
        return self.displayed(
            Equation(self.spelling.partial(wrt), self.spelling.closed(wrt), "", self._shape(wrt.shape))
            for wrt in self.told.closed
        )

    def displayed(self, equations: Iterable[Equation]) -> str:
        """Equations in aligned blocks, indented by how far inside they are."""
        shown = []
        for depth, group in blocks(equations):
            indent = 1 + 1.5 * min(depth, _DEEPEST)
            rows = aligned(group, ROOM - indent, lambda words: rf"\why{{{words}}}", _SMALL)
            block = f"\\begin{{align*}}\n{rows}\n\\end{{align*}}"
            shown.append(rf"\inside{{{indent:g}em}}{{{block}}}" if depth else block)
        return "\n".join(shown)


def broken(text: str, room: float) -> str:
    """A paragraph; formulas in it that are long are taken apart, so that they may end a line anywhere."""
    parts = re.split(r"(?<!\\)\$", text)
    longest = min(_LONGEST, room)
    return "".join(inline(part, longest) if i % 2 else part for i, part in enumerate(parts))


def tabulated(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, the first of them the head."""
    count = len(rows[0])
    natural = [max(_SMALL * prose_width(row[i]) for row in rows) + 0.4 for i in range(count)]
    least = [min(n, max(_SMALL * _widest(row[i]) for row in rows) + 0.4) for i, n in enumerate(natural)]
    found = shared(natural, least, ROOM - _BETWEEN * (count - 1))
    if found is None:
        body = " \\\\\n".join(" & ".join(row) for row in rows[1:])
        head = f"{' & '.join(rows[0])} \\\\ \\hline"
        return (
            f"\\resizebox{{{ROOM:g}em}}{{!}}{{\\begin{{tabular}}{{{'l' * count}}}\n{head}\n{body}\n\\end{{tabular}}}}"
        )
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{10 * w:.1f}pt}}" for w in found)
    shown = [" & ".join(broken(c, w / _SMALL) for c, w in zip(row, found, strict=True)) + r" \\" for row in rows]
    return "\n".join(
        [
            rf"{{\footnotesize\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
            rf"{shown[0]} \hline\endhead",
            *shown[1:],
            r"\end{longtable}}",
        ]
    )


def _widest(cell: str) -> float:
    """The width of the widest part of a cell that stays in one piece, or nearly so."""
    parts = re.split(r"(?<!\\)\$", cell)
    formulas = [min(width(part), _LONGEST) for part in parts[1::2]]
    words = [prose_width(word) for part in parts[::2] for word in re.split(r" |\\allowbreak\{\}", part)]
    return max([*formulas, *words])


_TYPED = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "-": "{-}", "<": "{<}", ">": "{>}", '"': r"\textquotedbl{}", "\u00a0": r"\ ",
    **{c: f"\\{c}" for c in "_%&#${}"},
}  # fmt: skip


def _typed(text: str) -> str:
    """A program's text, letter for letter; a line may end after a bracket, a comma or a full stop."""
    shown = (_TYPED.get(c, c if c.isascii() and c.isprintable() else latex_prose(c)) for c in text)
    return "".join(s + (r"\allowbreak{}" if c in "(,._=" else "") for c, s in zip(text, shown, strict=True))
