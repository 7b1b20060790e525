"""The door of this room: an expression, or an equality of two, in a notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from ..ir.dims import Extent, show_shape
from ..ir.node import Node
from .boxes import Box, Symbol
from .latex import Latex
from .layout import Reader, long_axes
from .letters import Letters
from .mathml import MathML
from .notation import Notation
from .text import Text

NotationName: TypeAlias = Literal["text", "latex", "mathml"]
Reading: TypeAlias = Literal["matrix", "components"]

_NOTATIONS: dict[str, Notation] = {"text": Text(), "latex": Latex(), "mathml": MathML()}
_EQUALS = {"text": " = ", "latex": " = ", "mathml": "<mo>=</mo>"}


def show(
    node: Node,
    notation: NotationName = "text",
    reading: Reading = "matrix",
    *,
    names: Mapping[Node, str] | None = None,
    indices: Sequence[str] | None = None,
    letters: Letters | None = None,
    loss_name: str = "",
    sums: Mapping[Node, tuple[str, ...]] | None = None,
    wholes: frozenset[Node] = frozenset(),
) -> str:
    """An expression as a formula.

    ``names`` gives the reader's names: a named node prints as its name, except ``node`` itself. In the components
    reading ``indices`` holds a letter for each axis (chosen by ``letters`` where it is None). With ``loss_name`` a
    name ``d_w1`` prints as ∂loss/∂w1; ``sums`` gives the letters that some sums of products run over, and entries of
    ``wholes`` print as those of whole arrays, [A @ x]_i. MathML comes as one ``<math>`` element. Raises ValueError for
    an unknown notation or reading, and where the letters are not as many as the axes.
    """
    return spell(read(node, reading, names, indices, letters, loss_name, sums, wholes), notation)


def read(
    node: Node,
    reading: Reading = "matrix",
    names: Mapping[Node, str] | None = None,
    indices: Sequence[str] | None = None,
    letters: Letters | None = None,
    loss_name: str = "",
    sums: Mapping[Node, tuple[str, ...]] | None = None,
    wholes: frozenset[Node] = frozenset(),
) -> Box:
    """An expression as a box, before any notation spells it; the arguments are those of `show`."""
    letters = _letters([node], names, letters)
    reader = Reader(node, names or {}, letters, loss_name, sums, wholes)
    return _read(reader, node, reading, _places(node, indices, letters))


def spell(box: Box, notation: NotationName) -> str:
    """A box in a notation."""
    return _close(notation, _spell(notation, box))


def equation(
    lhs: Node | str,
    rhs: Node,
    notation: NotationName = "text",
    reading: Reading = "matrix",
    *,
    names: Mapping[Node, str] | None = None,
    indices: Sequence[str] | None = None,
    letters: Letters | None = None,
    loss_name: str = "",
) -> str:
    """An equality. A left side that is a string, or a node with a name, prints as the name; see `show` for the rest."""
    names = names or {}
    letters = _letters([rhs] if isinstance(lhs, str) else [lhs, rhs], names, letters)
    places = _places(rhs, indices, letters)
    reader = Reader(rhs, names, letters, loss_name)
    if isinstance(lhs, Node) and lhs in names:
        lhs = names[lhs]
    if isinstance(lhs, str):
        left = reader.symbol(lhs, long_axes(rhs, places) if reading == "components" else ())
    else:
        left = _read(reader, lhs, reading, places)
    sides = [_spell(notation, box) for box in (left, _read(reader, rhs, reading, places))]
    return _close(notation, _EQUALS[notation].join(sides))


def shape_comment(shape: Sequence[Extent]) -> str:
    """A shape as a comment in a listing: ``(N, d)``; a number says so."""
    return show_shape(shape) if len(shape) else "a number"


def _letters(nodes: Sequence[Node], names: Mapping[Node, str] | None, letters: Letters | None) -> Letters:
    return Letters.for_nodes(nodes, (names or {}).values()) if letters is None else letters


def _places(node: Node, indices: Sequence[str] | None, letters: Letters) -> tuple[Box, ...]:
    """The letter of each axis: the given ones, which are remembered, or those that the allocator chooses."""
    if indices is None:
        chosen: list[str] = []
        for extent in node.shape:
            chosen.append(letters.index(extent, chosen))
        indices = chosen
    if len(indices) != len(node.shape):
        raise ValueError(f"{len(node.shape)} axes need as many letters, not {len(indices)}: {', '.join(indices)}")
    for extent, letter in zip(node.shape, indices, strict=True):
        letters.bind(extent, letter)
    return tuple(Symbol(letter) for letter in indices)


def _read(reader: Reader, node: Node, reading: str, places: tuple[Box, ...]) -> Box:
    match reading:
        case "matrix":
            return reader.whole(node)
        case "components":
            return reader.entry(node, places, frozenset(p.name for p in places if isinstance(p, Symbol)))
        case _:
            raise ValueError(f"a reading is 'matrix' or 'components', not {reading!r}")


def _spell(notation: str, box: Box) -> str:
    if notation not in _NOTATIONS:
        raise ValueError(f"a notation is one of {', '.join(_NOTATIONS)}, not {notation!r}")
    return _NOTATIONS[notation].write(box)


def _close(notation: str, text: str) -> str:
    if notation != "mathml":
        return text
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{text}</mrow></math>'
