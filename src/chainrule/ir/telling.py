"""What a telling is made of: sections of paragraphs, chains of equalities, tables, listings and pictures.

A form of telling (`explain`) makes one, a notation (`render`) writes it, and neither knows the other. Everything that
is claimed to be equal is held as nodes, or as a number together with its node, so that it can be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .graph import describe
from .node import Node

if TYPE_CHECKING:
    from .graph import Graph

Reading: TypeAlias = Literal["matrix", "components"]
"""Whole arrays, as linear algebra writes them, or one entry of each, in index notation."""


@dataclass(frozen=True, eq=False)
class Indices:
    """Which index is which, from line to line of index notation: a number is one index, and has one letter.

    ``axes`` are those of both sides of a line, in order; ``sums`` gives, for the sums of products in it, those that
    each of them sums over, in its own order.
    """

    axes: tuple[int, ...]
    sums: Mapping[Node, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Step:
    """One equality: ``before`` equals ``after`` because of ``rule``; ``why`` says so in one line.

    ``where`` is the name of the intermediate it is about; ``steps`` are the smaller steps it is made of. ``opened``
    holds the named nodes that ``after`` shows as what they stand for (a substitution: both sides are one node).

    In index notation ``indices`` say which index is which, and {3} in ``why`` stands for the letter of number 3;
    ``whole`` holds what ``after`` shows as a whole array, its indices behind a bracket: [A @ x]_i.
    """

    before: Node
    after: Node
    rule: str
    why: str
    where: str = ""
    steps: tuple[Step, ...] = ()
    opened: frozenset[Node] = frozenset()
    indices: Indices | None = None
    whole: frozenset[Node] = frozenset()

    def count(self) -> int:
        """The number of equalities, its own and those inside."""
        return 1 + sum(step.count() for step in self.steps)


# ---------------------------------------------------------------------------------------------- pieces of a sentence


@dataclass(frozen=True, eq=False)
class Math:
    """A formula in a sentence or a cell: ``node`` in the reader's names.

    A node with a name prints as its name, but for those in ``opened``. ``names`` stands for the telling's names where
    it is given; with ``gradients`` a name ``d_w`` prints as ∂loss/∂w. ``indices`` are those of a chain nearby.
    """

    node: Node
    reading: Reading = "matrix"
    opened: frozenset[Node] = frozenset()
    names: Mapping[Node, str] | None = None
    gradients: bool = False
    indices: Indices | None = None


@dataclass(frozen=True)
class Name:
    """The reader's name of a thing, set as mathematics."""

    name: str


@dataclass(frozen=True, eq=False)
class Value:
    """A number, or a small array, that ``node`` has at the telling's point, written with so many significant digits.

    A ``fixed`` one has as many places behind the point instead: what is zero but for rounding is written as zero.
    """

    node: Node
    value: Any
    digits: int = 4
    fixed: bool = False


@dataclass(frozen=True)
class Term:
    """A word that the glossary explains under ``entry``."""

    text: str
    entry: str


@dataclass(frozen=True)
class Code:
    """A piece of a program, word for word, in a line of text."""

    text: str


Piece: TypeAlias = str | Math | Name | Value | Term | Code
Sentence: TypeAlias = tuple[Piece, ...]


# ---------------------------------------------------------------------------------------------- blocks


@dataclass(frozen=True, eq=False)
class Paragraph:
    """Prose. ``kind`` is "" or what it is besides: "note", "question", "warning"."""

    pieces: Sentence
    kind: str = ""


@dataclass(frozen=True, eq=False)
class Definitions:
    """``z = W x``, one below the other: named nodes and what they stand for."""

    nodes: tuple[Node, ...]
    reading: Reading = "matrix"


@dataclass(frozen=True, eq=False)
class Chain:
    """A chain of equalities, each with its reason.

    In components the last axes of every line are those of ``wrt``, and have its letters throughout the telling.
    """

    steps: tuple[Step, ...]
    reading: Reading = "matrix"
    wrt: Node | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Cells under a head. ``claims`` are the equalities that the rows state."""

    head: tuple[Sentence, ...]
    rows: tuple[tuple[Sentence, ...], ...]
    claims: tuple[Step, ...] = ()
    caption: Sentence = ()


@dataclass(frozen=True)
class Listing:
    """A program's text."""

    text: str
    language: str = "python"


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture, as data that `render` draws; ``alt`` says in words what it shows."""

    picture: Any
    alt: str


Block: TypeAlias = Paragraph | Definitions | Chain | Table | Listing | Drawing


@dataclass(frozen=True, eq=False)
class Section:
    """Blocks under a title. A ``folded`` one is opened by the reader where the notation can do that."""

    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


# ---------------------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class Answer:
    """An entry of the glossary: its title, and paragraphs; one that begins with four spaces holds formulas as text."""

    title: str
    anchor: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Telling:
    """How gradients are found, in one form of telling.

    ``graph`` is the function that is differentiated, its first output the loss; ``closed`` gives, for each thing that
    it is differentiated by, the closed form, canonically equal to the gradient that runs, written in the graph's own
    names. ``names`` holds the reader's name of every node that has one. ``at`` are the numbers that every `Value` was
    worked out with. ``glossary`` has the answer for the rules of its steps and for its terms, by their names.
    """

    form: str
    graph: Graph
    closed: Mapping[Node, Node]
    names: Mapping[Node, str]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    at: Mapping[str, Any] = field(default_factory=dict)
    made: frozenset[Node] = frozenset()
    glossary: Mapping[str, Answer] = field(default_factory=dict)

    @cached_property
    def own_names(self) -> dict[Node, str]:
        """The names that the reader gave."""
        return {node: name for node, name in self.names.items() if node not in self.made}

    @property
    def loss(self) -> Node:
        """What is differentiated."""
        return self.graph.outputs[0]

    @property
    def wrt(self) -> Node:
        """What it is differentiated by; the first of several."""
        return next(iter(self.closed))

    def name_of(self, node: Node) -> str:
        """The reader's name of a node, or a description of it."""
        return self.names.get(node, describe(node))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in order."""
        return tuple(block for section in self.sections for block in section.blocks)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The equalities of all chains and tables, in order; inner steps are inside of them."""
        steps: list[Step] = []
        for block in self.blocks:
            steps += block.steps if isinstance(block, Chain) else block.claims if isinstance(block, Table) else ()
        return tuple(steps)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Everything that is said in words, with the formulas in it."""
        sentences: list[Sentence] = []
        for block in self.blocks:
            match block:
                case Paragraph():
                    sentences.append(block.pieces)
                case Table():
                    sentences += [block.caption, *block.head, *(cell for row in block.rows for cell in row)]
        return tuple(sentences)

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Every number that is shown as what a formula is at the point."""
        return tuple(piece for sentence in self.sentences for piece in sentence if isinstance(piece, Value))


def all_steps(steps: Iterable[Step]) -> list[Step]:
    """The steps in order of reading: those inside a step before it."""
    result: list[Step] = []
    stack = list(steps)
    while stack:
        step = stack.pop()
        result.append(step)
        stack.extend(step.steps)
    return result[::-1]
