"""A telling in LaTeX."""

from __future__ import annotations

from ..ir.telling import Chain, Code, Definitions, Drawing, Listing, Paragraph, Section, Table
from .names import escape_latex
from .page import Page
from .page import listed


class LatexPage(Page[str]):
    """A document for pdflatex; the fragment is its body."""

    formulas = "latex"

    def document(self) -> str:
        """The body in a document of its own."""
        head = r"\documentclass{article}" "\n" r"\usepackage{amsmath,amssymb}" "\n" r"\begin{document}"
        return "\n".join([head, self.fragment(), r"\end{document}", ""])

    def joined(self, parts: list[str]) -> str:
        """Paragraphs."""
        return "\n\n".join(parts)

    def prose(self, text: str) -> str:
        """Words, what only mathematics can spell set as that."""
        marks = {"∂": r"$\partial$", "δ": r"$\delta$", "σ": r"$\sigma$", "Σ": r"$\sum$", "−": "$-$", "√": r"$\surd$"}
        return "".join(marks.get(c, escape_latex(c)) for c in text)

    def formula(self, formula: str) -> str:
        """Inline mathematics."""
        return f"${formula}$"

    def code(self, piece: Code) -> str:
        """Set as a program is, its quotes and minus signs as they are typed."""
        typed = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
        return rf"\texttt{{{''.join(typed.get(c, escape_latex(c)) for c in piece.text)}}}"

    def title(self) -> str:
        """What is told of, and how."""
        names = ", ".join(self.formula(self.spelling.partial(wrt)) for wrt in self.told.closed)
        return rf"\section*{{{names}, in the {self.told.form} form}}"

    def opening(self) -> str:
        """What varies and what does not."""
        asked, varying, constant = ([self.formula(name) for name in names] for names in self.spelling.legend())
        text = f"{listed(asked)} {'varies' if len(asked) == 1 else 'vary'}, and with that {listed(varying)}."
        return text + (f" Constant: {listed(constant)}." if constant else "")

    def signs(self) -> list[str]:
        return []

    def section(self, section: Section, blocks: list[str]) -> str:
        """A title, if there is one, and the blocks."""
        return self.joined([rf"\subsection*{{{self.prose(section.title)}}}", *blocks] if section.title else blocks)

    def paragraph(self, block: Paragraph) -> str:
        """Prose."""
        return self.sentence(block.pieces)

    def definitions(self, block: Definitions) -> str:
        """An aligned block."""
        return _aligned([f"{left} &= {right}" for left, right, _ in self.spelling.definitions(block)])

    def chain(self, block: Chain) -> str:
        """An aligned block, reasons in a column of their own."""
        lines = self.spelling.chain(block)
        return _aligned([rf"{line.left} &= {line.right} && \text{{{self.prose(line.reason)}}}" for line in lines])

    def table(self, block: Table) -> str:
        """A tabular."""
        rows = [" & ".join(self.sentence(cell) for cell in row) for row in (block.head, *block.rows)]
        columns = "l" * len(block.head)
        body = [rf"\begin{{tabular}}{{{columns}}}", rf"{rows[0]} \\ \hline", *(rf"{row} \\" for row in rows[1:])]
        return "\n".join([*body, r"\end{tabular}"])

    def listing(self, block: Listing) -> str:
        """The program, word for word."""
        return "\n".join([r"\begin{verbatim}", block.text.rstrip("\n"), r"\end{verbatim}"])

    def drawing(self, block: Drawing) -> str:
        """What the picture shows, in words."""
        return self.prose(f"[{block.alt}]")

    def ending(self) -> str:
        """The closed forms, the notes, and the figure of the check."""
        closed = [f"{self.spelling.partial(wrt)} &= {self.spelling.closed(wrt)}" for wrt in self.told.closed]
        notes = [self.prose(note) for note in self.told.notes]
        return self.joined([_aligned(closed), *notes, self.prose(self.verified())])


def _aligned(rows: list[str]) -> str:
    """Rows of the same columns, one below the other."""
    return "\n".join([r"\begin{align*}", *(rf"{row} \\" for row in rows[:-1]), *rows[-1:], r"\end{align*}"])
