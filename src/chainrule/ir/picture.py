"""What a picture is made of: a diagram of vertices and edges in columns, or a plot of curves.

`explain` makes one and `render.svg` draws it; neither knows the other. Numbers are held as numbers and names as the
reader's names: how they are spelled, and where everything comes to stand, is the drawing's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .node import Node

# ---------------------------------------------------------------------------------------------- labels


@dataclass(frozen=True)
class Symbol:
    """A name as mathematics writes it: W1 with the index ("2", "3") is the entry W⁽¹⁾₂₃."""

    name: str
    index: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    """A number, written with so many significant digits."""

    value: float
    digits: int = 3


@dataclass(frozen=True, eq=False)
class Formula:
    """An expression in the reader's names; ``node`` itself is written out though it has one."""

    node: Node
    names: Mapping[Node, str]


Piece: TypeAlias = str | Symbol | Number | Formula
Label: TypeAlias = tuple[Piece, ...]
Tone: TypeAlias = Literal["plain", "quiet", "value", "delta"]
"""What a text is about: names, remarks, values on the way forward, derivatives on the way back."""


@dataclass(frozen=True, eq=False)
class Line:
    """A line of text."""

    label: Label
    tone: Tone = "plain"


# ---------------------------------------------------------------------------------------------- diagrams

VertexKind: TypeAlias = Literal[
    "input", "weight", "source", "unit", "one", "operation", "box", "loss", "dots", "bend"
]  # fmt: skip
"""A quantity that is given, one that is learnt; in a network a unit that is given, one that works something out, and
the constant 1 that a bias is the weight of; an operation, several of those in one box, the loss, what was left out, a
place where an edge passes a column."""

EdgeKind: TypeAlias = Literal["plain", "weight", "same"]
"""A value that is used, one that is multiplied by a weight, one that is added as it is (a residual connection)."""


@dataclass(frozen=True, eq=False)
class Vertex:
    """A vertex: ``label`` stands in it, ``lines`` beside it.

    In a unit, a box and the loss the lines stand inside, below the label.
    """

    kind: VertexKind
    label: Label = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, eq=False)
class Edge:
    """An edge between two vertices by their positions, through the bends on its way.

    It points in the direction in which values flow; ``back`` says that a derivative flows along it the other way.
    """

    source: int
    target: int
    kind: EdgeKind = "plain"
    label: Line | None = None
    through: tuple[int, ...] = ()
    back: bool = False


@dataclass(frozen=True, eq=False)
class Block:
    """Vertices of a column that belong together, top to bottom, under a heading."""

    vertices: tuple[int, ...]
    heading: tuple[Line, ...] = ()


@dataclass(frozen=True, eq=False)
class Diagram:
    """Vertices in columns, in the order in which values flow, and the edges between them.

    ``between`` has lines to stand over the gap behind a column (which weights lead on from it). An ``even`` diagram has
    its columns spaced evenly, straight edges, and flows to the right, as networks are drawn; any other is arranged so
    that its edges run smoothly, and flows to the right or down, as there is room. ``caption`` stands below. ``title``
    and ``description`` say in words what is seen.
    """

    title: str
    description: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    columns: tuple[tuple[Block, ...], ...]
    between: Mapping[int, tuple[Line, ...]]
    caption: tuple[Line, ...] = ()
    even: bool = False


# ---------------------------------------------------------------------------------------------- plots

Spot: TypeAlias = tuple[float, float]
CurveKind: TypeAlias = Literal["function", "tangent", "secant", "contour", "path"]


@dataclass(frozen=True, eq=False)
class Axis:
    """The range of a variable, with the places that are marked on it.

    With a ``base`` its numbers are exponents: 3 is the place of base³, and marked as that.
    """

    label: Label
    low: float
    high: float
    ticks: tuple[float, ...]
    base: int = 0


@dataclass(frozen=True, eq=False)
class Curve:
    """Points joined by lines; ``label`` goes into the legend, ``mark`` stands on the curve (a contour's level)."""

    kind: CurveKind
    points: tuple[Spot, ...]
    label: Label = ()
    mark: Label = ()
    shade: float = 1.0
    """Between 0 and 1: how strongly it is drawn."""


@dataclass(frozen=True, eq=False)
class Arrow:
    """A direction at a point."""

    kind: Literal["gradient", "descent"]
    start: Spot
    end: Spot
    label: Label = ()


@dataclass(frozen=True, eq=False)
class Dot:
    """A point; ``label`` stands beside it."""

    at: Spot
    label: Label = ()
    kind: Literal["point", "step"] = "point"


@dataclass(frozen=True, eq=False)
class Plot:
    """Curves, arrows and points in a frame; with ``square`` one unit is as long on both axes."""

    title: str
    description: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    arrows: tuple[Arrow, ...] = ()
    dots: tuple[Dot, ...] = ()
    caption: tuple[Line, ...] = ()
    square: bool = False


Drawn: TypeAlias = Diagram | Plot
