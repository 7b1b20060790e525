"""With numbers: one entry nudged by smaller and smaller steps; rows and columns as samples, side by side.

Every number is held with the node that it is the value of, so that it can be worked out anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...ir.build import constant
from ...ir.dims import Shape, show_shape
from ...ir.errors import ArgumentError
from ...ir.graph import substitute
from ...ir.node import Const, D, Delta, Einsum, Gather, Node
from ...ir.registry import call
from ...ir.telling import Block, Math, Name, Paragraph, Piece, Section, Sentence, Step, Table, Telling, Term, Value
from ...simplify.canonical import canonical
from ..example import example, has_unknown, point_of, values_at
from ..subject import Subject
from .entries import without_ones

STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""By how much an entry is nudged."""
_MOST = 80
"""With more numbers than this at the point nobody follows them."""


def point(subject: Subject) -> Mapping[str, Any]:
    """The reader's numbers for the arguments, or a small example; nothing where there are none to be shown.

    A function without a formula (`symbol`) has no numbers, and large arrays are not read.
    """
    if has_unknown(subject.graph):
        return {}
    try:
        at = example(subject)
    except ArithmeticError:
        return {}
    return at if sum(np.size(value) for value in at.values()) <= _MOST else {}


def nudged(subject: Subject, wrt: Node, at: Mapping[str, Any]) -> Section:
    """An entry of an argument moved by h: what the loss does, per h, beside the gradient's entry.

    The entry is the one with the largest gradient.
    """
    gradient = subject.closed[wrt]
    (values,) = values_at([gradient], at, subject.graph.inputs)
    place = np.unravel_index(int(np.argmax(np.abs(values))), np.shape(values))
    entry = tuple(int(p) for p in place)
    slope, unit = _entry(gradient, entry), _unit(wrt, entry)
    moved = [substitute([subject.loss], {wrt: wrt + constant(h, "float") * unit})[0] for h in STEPS]
    quotients = [(f - subject.loss) / constant(h, "float") for f, h in zip(moved, STEPS, strict=True)]
    errors = [quotient - slope for quotient in quotients]
    found = iter(values_at([*moved, *quotients, *errors, slope, subject.loss], at, subject.graph.inputs))
    columns = [[next(found) for _ in STEPS] for _ in range(3)]
    derivative, value = found
    rows: list[tuple[Sentence, ...]] = [
        (
            (f"{h:g}",),
            (Value(moved[k], columns[0][k], 9),),
            (Value(quotients[k], columns[1][k], 7),),
            (Value(slope, derivative, 7),),
            (Value(errors[k], columns[2][k], 2),),
        )
        for k, h in enumerate(STEPS)
    ]
    loss, name = Name(subject.name_of(subject.loss)), Name(subject.name_of(wrt))
    at_entry: Sentence = (name, f"[{', '.join(map(str, entry))}]") if entry else (name,)
    head: tuple[Sentence, ...] = (
        ("h",), (loss, ", nudged"), ("change per h",), ("gradient",), ("difference",)
    )  # fmt: skip
    blocks: list[Block] = [
        Paragraph((*_point(at), " the loss ", loss, " is ", Value(subject.loss, value, 9), ". Now ", *at_entry,
                   " alone is made larger by h:")),
        Table(head, tuple(rows)),
        Paragraph(("The ", Term("change per h", "difference quotient"), " comes to the gradient's entry as h gets "
                   "smaller.")),
    ]  # fmt: skip
    return Section(f"With numbers: one entry of {subject.name_of(wrt)} nudged", tuple(blocks), folded=True)


def _point(at: Mapping[str, Any]) -> Sentence:
    return ("At ", *point_of(at))


def _entry(node: Node, place: Sequence[int]) -> Node:
    """One entry of an array whose sizes may be names."""
    for p in place:
        node = Gather.make((node, Const.of(p)), (0, 0))
    return node


def _unit(like: Node, place: Sequence[int]) -> Node:
    """An array of zeros with a one at a place."""
    rows = [Gather.make((Delta.of(extent), Const.of(p)), (0, 0)) for extent, p in zip(like.shape, place, strict=True)]
    axes = tuple(range(len(rows)))
    return Einsum.of(rows, [(a,) for a in axes], axes, {}) if rows else constant(1, "float")


# ---------------------------------------------------------------------------------------------- two layouts


def side_by_side(rows: Subject, columns: Subject, arguments: Mapping[str, str] | None = None) -> Telling:
    """Two functions that differ in layout alone, samples as rows and as columns, with the same numbers.

    ``arguments`` says what an argument of the second is in the first: "W", or "W.T" for a square array that is
    transposed; without it arguments of one name belong together. What has the same name in both is told in one line,
    and every line is a claim that is verified. Raises ArgumentError where arrays do not fit.
    """
    turned = _turned(rows, columns, arguments or {})
    at = point(rows)
    formulas: list[tuple[Sentence, ...]] = []
    numbers: list[tuple[Sentence, ...]] = []
    claims: list[Step] = []
    for label, left, right in _pairs(rows, columns):
        (same,) = substitute([right], turned)
        other = _fitted(left, same.shape, turned=not _is_twin(left, same))
        if other is None:
            shapes = f"{show_shape(left.shape)} and {show_shape(right.shape)}"
            raise ArgumentError(f"the shapes {shapes} are neither the same nor those of an array and its transpose")
        claims.append(Step(same, other, "as matrices", "the same numbers in the other layout"))
        formulas.append((
            (label,),
            (Math(left, opened=frozenset([left])),), (show_shape(left.shape),),
            (Math(right, opened=frozenset([right]), names=columns.names),), (show_shape(right.shape),),
        ))  # fmt: skip
        if at:
            values = values_at([left, same], at)
            numbers.append(((label,), *((Value(n, v, 3),) for n, v in zip((left, same), values, strict=True))))
    sides: tuple[Sentence, ...] = (("samples as rows",), ("samples as columns",))
    head: tuple[Sentence, ...] = (("",), sides[0], ("shape",), sides[1], ("shape",))
    why: Sentence = ("Every array of the one layout is that of the other, or its transpose, since (A @ B)ᵀ = Bᵀ @ Aᵀ: "
                     "what stands left and right of a product changes places.",)  # fmt: skip
    blocks: list[Block] = [Table(head, tuple(formulas), tuple(claims)), Paragraph(why)]
    if at:
        blocks += [Paragraph((*_point(at), ":")), Table((("",), *sides), tuple(numbers))]
    section = Section("Samples as rows and as columns", tuple(blocks))
    return Telling("rows and columns", rows.graph, rows.closed, rows.names, (section,), at=at)


def _turned(rows: Subject, columns: Subject, arguments: Mapping[str, str]) -> dict[Node, Node]:
    """For each argument of the second function what it is in terms of the first's."""
    known = {node.name: node for node in rows.graph.inputs}
    found: dict[Node, Node] = {}
    for node in columns.graph.inputs:
        given = arguments.get(node.name, node.name)
        twin = known.get(given.removesuffix(".T"))
        if twin is None:
            raise ArgumentError(f"nothing says which argument {node.name} is in the other layout; there are "
                                f"{', '.join(known)}")  # fmt: skip
        fitted = _fitted(twin, node.shape, turned=given.endswith(".T"))
        if fitted is None:
            raise ArgumentError(f"{node.name} has shape {show_shape(node.shape)}, and {twin.name} has "
                                f"{show_shape(twin.shape)}: neither the same nor transposed")  # fmt: skip
        found[node] = fitted
    return found


def _fitted(x: Node, shape: Shape, *, turned: bool) -> Node | None:
    """An array, or its transpose, in a shape that may have other axes of length one; None where neither fits.

    A square one is transposed where it is ``turned``.
    """
    for candidate in (x.T, x) if turned else (x, x.T):
        if without_ones(candidate.shape) == without_ones(shape):
            return call("reshape", candidate, shape)  # type: ignore[no-any-return]
    return None


def _is_twin(left: Node, right: Node) -> bool:
    """Whether an array is its twin as it stands, not transposed; of a square one the formulas say it."""
    if left.shape == left.shape[::-1] and len(left.shape) > 1:
        return canonical(left) is canonical(right)
    return True


def _pairs(rows: Subject, columns: Subject) -> list[tuple[Piece, Node, Node]]:
    """What has the same name in both functions, forward; then the gradients that were asked for; each with a label."""
    twins = {name: node for node, name in columns.names.items()}
    found: list[tuple[Piece, Node, Node]] = []
    for node in rows.graph.nodes():
        name = rows.names.get(node, "")
        if node.args and name in twins:
            found.append((Name(name), node, twins[name]))
    wanted = {columns.name_of(node): gradient for node, gradient in columns.closed.items()}
    for node, gradient in rows.closed.items():
        if rows.name_of(node) in wanted:
            found.append((Math(D.make((rows.loss, node), ())), gradient, wanted[rows.name_of(node)]))
    return found
