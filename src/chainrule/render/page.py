"""What all pages have in common: a telling is gone through once, and every block is handed to the notation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ..ir.telling import (
    Block,
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
    Telling,
    Term,
    Value,
)
from .formula import NotationName
from .spelling import Spelling


class Page(ABC):
    """A telling in one notation. A subclass lays out each kind of block; the order of things is given here."""

    formulas: ClassVar[NotationName] = "text"
    """The notation that formulas are written in."""

    def __init__(self, told: Telling, error: float) -> None:
        self.told = told
        self.error = error
        self.spelling = Spelling(told, self.formulas)

    def fragment(self) -> str:
        """The whole telling, to stand inside of something."""
        parts = [self.title(), self.legend()]
        for section in self.told.sections:
            parts.append(self.section(section, [self.block(block) for block in section.blocks]))
        parts.append(self.ending())
        return self.joined([part for part in parts if part])

    def document(self) -> str:
        """The whole telling, to stand by itself."""
        return self.fragment()

    def block(self, block: Block) -> str:
        """Any block."""
        match block:
            case Paragraph():
                return self.paragraph(block)
            case Definitions():
                return self.definitions(block)
            case Chain():
                return self.chain(block)
            case Table():
                return self.table(block)
            case Listing():
                return self.listing(block)
            case Drawing():
                return self.drawing(block)

    def sentence(self, pieces: Sentence) -> str:
        """A sentence, its pieces one after the other."""
        return "".join(map(self.piece, pieces))

    def piece(self, piece: Piece) -> str:
        """Any piece of a sentence."""
        match piece:
            case str():
                return self.prose(piece)
            case Math():
                return self.formula(self.spelling.math(piece))
            case Name():
                return self.formula(self.spelling.name(piece.name))
            case Value():
                return self.formula(self.spelling.value(piece))
            case Term():
                return self.term(piece)
            case Code():
                return self.code(piece)

    def verified(self) -> str:
        """The figure that goes with the tick."""
        return f"every line evaluated at random points; largest relative deviation {self.error:.1e}"

    def term(self, piece: Term) -> str:
        """A word that the glossary explains."""
        return self.prose(piece.text)

    def code(self, piece: Code) -> str:
        """A piece of a program."""
        return self.prose(piece.text)

    def prose(self, text: str) -> str:
        """Plain words."""
        return text

    def formula(self, formula: str) -> str:
        """A formula in a sentence."""
        return formula

    @abstractmethod
    def joined(self, parts: list[str]) -> str:
        """Parts below each other."""

    @abstractmethod
    def title(self) -> str:
        """What is told of, and how."""

    @abstractmethod
    def legend(self) -> str:
        """What varies and what does not."""

    @abstractmethod
    def section(self, section: Section, blocks: list[str]) -> str:
        """A section, its blocks written already."""

    @abstractmethod
    def paragraph(self, block: Paragraph) -> str:
        """Prose."""

    @abstractmethod
    def definitions(self, block: Definitions) -> str:
        """Definitions below each other."""

    @abstractmethod
    def chain(self, block: Chain) -> str:
        """A chain of equalities."""

    @abstractmethod
    def table(self, block: Table) -> str:
        """Cells under a head."""

    @abstractmethod
    def listing(self, block: Listing) -> str:
        """A program."""

    @abstractmethod
    def drawing(self, block: Drawing) -> str:
        """A picture."""

    @abstractmethod
    def ending(self) -> str:
        """The closed forms, the notes, and the tick with its figure."""
