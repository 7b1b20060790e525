"""What all pages have in common: a telling is gone through once, and every block is handed to the notation."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

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
from .formula import NotationName, spell
from .signs import signs_in
from .spelling import Spelling

_NO_WORD = re.compile(r"[^\W\d_]+[\d_]\w*")

Part = TypeVar("Part")
"""What a page makes of a block: text, for most."""


class Page(ABC, Generic[Part]):
    """A telling in one notation. A subclass lays out each kind of block; the order of things is given here."""

    formulas: ClassVar[NotationName] = "text"
    """The notation that formulas are written in."""

    def __init__(self, told: Telling, error: float) -> None:
        self.told = told
        self.error = error
        self.spelling = Spelling(told, self.formulas)

    def fragment(self) -> str:
        """The whole telling, to stand inside of something."""
        return self.joined(self.parts())

    def document(self) -> str:
        """The whole telling, to stand by itself."""
        return self.fragment()

    def parts(self) -> list[Part]:
        """Everything, from the title to the tick, in order of reading."""
        title, opening = self.title(), self.opening()
        sections = [self.section(s, [self.block(block) for block in s.blocks]) for s in self.told.sections]
        ending = self.ending()
        # The signs are known when all formulas were written, and told before them.
        return [title, opening, *self.signs(), *sections, ending]

    def block(self, block: Block) -> Part:
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

    # ------------------------------------------------------------------------------------------ sentences

    def sentence(self, pieces: Sentence) -> str:
        """A sentence, its pieces one after the other."""
        return "".join(map(self.piece, pieces))

    def piece(self, piece: Piece) -> str:
        """Any piece of a sentence."""
        match piece:
            case str():
                return self.words(piece)
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

    def varying(self) -> str:
        """What varies and what does not, as two sentences."""
        asked, varying, constant = ([self.formula(name) for name in names] for names in self.spelling.legend())
        verb = "varies, and with it" if len(asked) == 1 else "vary, and with them"
        text = f"{listed(asked)} {verb} {listed(varying)}."
        return text + (f" {listed(constant)} {'is' if len(constant) == 1 else 'are'} constant." if constant else "")

    def meanings(self) -> list[tuple[str, str]]:
        """The signs that occur in the formulas that were written so far, and what each means."""
        shown: dict[str, list[str]] = {}
        for sign in signs_in(self.spelling.boxes, self.formulas):
            example = self.spelling.inline(spell(sign.example, self.formulas))
            shown.setdefault(sign.meaning, []).append(self.formula(example))
        return [(listed(examples), self.prose(meaning)) for meaning, examples in shown.items()]

    def verified(self) -> str:
        """The figure that goes with the tick."""
        return f"every line evaluated at random points; largest relative deviation {self.error:.1e}"

    def words(self, text: str) -> str:
        """Words in which a name that can be nothing else (w1, y_hat) is set as mathematics."""
        parts = self._names.split(text) if self._names else [text]
        return "".join(
            self.formula(self.spelling.name(part)) if i % 2 else self.prose(part) for i, part in enumerate(parts)
        )

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        """Names with a digit or an underscore."""
        names = {*self.told.names.values(), *(i.name for i in self.told.graph.inputs)}
        plain = sorted((re.escape(n) for n in names if _NO_WORD.fullmatch(n)), key=len, reverse=True)
        return re.compile(rf"(?<![\w.])({'|'.join(plain)})(?![\w(.]\w|\()") if plain else None

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

    # ------------------------------------------------------------------------------------------ for each notation

    @abstractmethod
    def joined(self, parts: Sequence[Part]) -> str:
        """Parts below each other."""

    @abstractmethod
    def title(self) -> Part:
        """What is told of, and how."""

    @abstractmethod
    def opening(self) -> Part:
        """What varies and what does not."""

    @abstractmethod
    def signs(self) -> list[Part]:
        """The legend of the signs, if any need one."""

    @abstractmethod
    def section(self, section: Section, blocks: Sequence[Part]) -> Part:
        """A section, its blocks written already."""

    @abstractmethod
    def paragraph(self, block: Paragraph) -> Part:
        """Prose."""

    @abstractmethod
    def definitions(self, block: Definitions) -> Part:
        """Definitions below each other."""

    @abstractmethod
    def chain(self, block: Chain) -> Part:
        """A chain of equalities."""

    @abstractmethod
    def table(self, block: Table) -> Part:
        """Cells under a head."""

    @abstractmethod
    def listing(self, block: Listing) -> Part:
        """A program."""

    @abstractmethod
    def drawing(self, block: Drawing) -> Part:
        """A picture."""

    @abstractmethod
    def ending(self) -> Part:
        """The closed forms, the notes, and the tick with its figure."""


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def gives_reasons(block: Table) -> bool:
    """Whether the last column of a table says why, in words."""
    words = ["".join(piece for piece in row[-1] if isinstance(piece, str)) for row in block.rows]
    return len(block.head) > 1 and block.head[-1] == ("why",) and any(words)
