"""Scalar calculus, the chain rule: through named intermediates, along a path, and through a Jacobian."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...derive import jacobian
from ...ir.dims import show_shape
from ...ir.graph import depends_on, substitute
from ...ir.node import Einsum, Input, Node
from ...ir.telling import Block, Chain, Definitions, Math, Name, Paragraph, Section, Sentence, Step, Table, Value
from ..example import values_at
from ..subject import Subject
from .calculus import nearest, opened, partial, slope, tidied, total


def sections(subject: Subject, at: Mapping[str, Any]) -> list[Section]:
    """A section for each thing asked for that reaches the loss through named intermediates."""
    made: list[Section] = []
    for t, gradient in subject.gradients.items():
        varying = depends_on([subject.loss], [t])
        between = nearest(subject.loss, subject.names, varying) if subject.loss is not t else []
        if all(node is t for node in between):
            continue
        if t.shape == () and all(node.shape == () for node in between):
            made.append(_chain_rule(subject, t, gradient, between, at))
        elif len(t.shape) == 1:
            made += [s for x in between if (s := _through_jacobian(subject, t, x)) is not None]
    return made


# ---------------------------------------------------------------------------------------------- one number


def _chain_rule(
    subject: Subject, t: Node, gradient: Node, between: Sequence[Node], at: Mapping[str, Any]
) -> Section:  # fmt: skip
    """∂f/∂t = Σ ∂f/∂x ∂x/∂t over the intermediates that f is made of."""
    f, name, called = subject.loss, subject.name_of(subject.loss), subject.name_of(t)
    held = {x: [other for other in between if other is not x] for x in between}
    outer = [partial(f, x, held[x]) for x in between]
    inner = [partial(x, t) for x in between]
    found_outer = [slope(f, x, held[x]) for x in between]
    found_inner = [slope(x, t) for x in between]
    written = total([a if x is t else a * b for x, a, b in zip(between, outer, inner, strict=True)])
    put_in = total([a if x is t else a * b for x, a, b in zip(between, found_outer, found_inner, strict=True)])
    several = len(between) > 1
    why = "each way from one to the other gives a product, and the ways are added" if several else (
        "a small change goes through, and is stretched twice"
    )  # fmt: skip
    steps = [
        Step(partial(f, t), written, "chain rule", why, name),
        Step(written, put_in, "local derivatives", "each is found with everything else held fixed", name),
        Step(put_in, gradient, "put together", "multiplied out and tidied up", name),
    ]
    away = frozenset(x for x in between if x is not t)
    steps.append(Step(gradient, tidied(gradient), "substituted back", f"in terms of {called}", name, opened=away))
    blocks: list[Block] = [
        Definitions(tuple(node for node in (*between, f) if node.args)),
        _local(between, t, outer, inner, found_outer, found_inner),
        Chain(tuple(steps)),
    ]
    if several:
        blocks.append(_row_and_column(between, found_outer, found_inner, t, name))
    if at:
        blocks.append(_numbers(outer, inner, partial(f, t), between, t, at))
    through = " and ".join(subject.name_of(x) for x in between if x is not t)
    return Section(f"The chain rule: {name} by {called}, through {through}", tuple(blocks))


def _local(
    between: Sequence[Node], t: Node, outer: Sequence[Node], inner: Sequence[Node], found: Sequence[Node],
    found_inner: Sequence[Node],
) -> Table:  # fmt: skip
    """The small derivatives, one a row."""
    rows: list[tuple[Sentence, ...]] = []
    claims: list[Step] = []
    for x, a, b, c, d in zip(between, outer, inner, found, found_inner, strict=True):
        for written, worked in ((a, c), (b, d)) if x is not t else ((a, c),):
            rows.append(((Math(written),), (Math(worked),)))
            claims.append(Step(written, worked, "local derivative", "found by itself"))
    return Table((("local derivative",), ("is",)), tuple(rows), tuple(claims))


def _row_and_column(
    between: Sequence[Node], outer: Sequence[Node], inner: Sequence[Node], t: Node, name: str
) -> Paragraph:
    """The same sum as a row times a column."""
    row = _spaced([(Math(a),) for a in outer])
    column = _spaced([("1",) if x is t else (Math(b),) for x, b in zip(between, inner, strict=True)])
    text: Sentence = (
        "As a product of matrices: the row (", *row, ") times the column (", *column, ")ᵀ: the gradient of ",
        Name(name), " as a row, the velocity along the path as a column. Entry by entry this is the sum above.",
    )  # fmt: skip
    return Paragraph(text)


def _spaced(cells: Sequence[Sentence]) -> Sentence:
    pieces: list[Any] = []
    for cell in cells:
        pieces += [", "] if pieces else []
        pieces += cell
    return tuple(pieces)


def _numbers(
    outer: Sequence[Node], inner: Sequence[Node], whole: Node, between: Sequence[Node], t: Node, at: Mapping[str, Any]
) -> Table:
    """The factors and products of every way, in numbers."""
    products = [a if x is t else a * b for x, a, b in zip(between, outer, inner, strict=True)]
    values = values_at([*outer, *inner, *products, whole], at)
    n = len(between)
    rows: list[tuple[Sentence, ...]] = []
    for k, x in enumerate(between):
        second: Sentence = ("1",) if x is t else (Math(inner[k]), " = ", Value(inner[k], values[n + k]))
        rows.append(
            ((Math(outer[k]), " = ", Value(outer[k], values[k])), second, (Value(products[k], values[2 * n + k]),))
        )
    rows.append((("sum",), ("",), (Value(whole, values[-1]),)))
    return Table((("one factor",), ("the other",), ("product",)), tuple(rows))


# ---------------------------------------------------------------------------------------------- vectors


def _through_jacobian(subject: Subject, y: Node, x: Node) -> Section | None:
    """∇f by y from ∇f by x, through the Jacobian ∂x/∂y, where x is a vector and the only way from y to f."""
    f = subject.loss
    if len(x.shape) != 1 or x not in subject.intermediates or x is y:
        return None
    (cut,) = substitute([f], {x: Input.of("cut", x.shape)})
    if cut in depends_on([cut], [y]):
        return None
    error = subject.intermediates[x]
    whole = partial(x, y)
    (worked,) = (tidied(node) for node in jacobian([x], y))
    gathered = Einsum.of([partial(f, x), whole], [(0,), (0, 1)], (1,), {0: x.shape[0], 1: y.shape[0]})
    put_in = Einsum.of([error, worked], [(0,), (0, 1)], (1,), {0: x.shape[0], 1: y.shape[0]})
    names = [subject.name_of(node) for node in (f, x, y)]
    carries = f"every entry of {names[1]} may carry a change of {names[2]}"
    steps = (
        Step(partial(f, y), gathered, "chain rule", carries, names[0]),
        Step(gathered, put_in, "the Jacobian put in", "and the gradient behind it", names[0]),
        Step(put_in, subject.gradients[y], "as matrices", "the sum runs over the first index of the Jacobian: it "
             "stands transposed", names[0]),
    )  # fmt: skip
    linear = worked not in depends_on([worked], [y])
    blocks: list[Block] = [
        Definitions((x,), "components"),
        Chain((Step(whole, worked, "the Jacobian", "entry by entry", names[1]),), "components", y),
        Paragraph(_layout(x, y, worked, linear)),
        Chain(steps[:2], "components", y),
        Chain((Step(put_in, subject.gradients[y], "as matrices", steps[2].why, names[0]),)),
    ]
    if linear:
        blocks.append(Paragraph(_as_backpropagation(names, worked, f, x, y)))
    return Section(f"The Jacobian of {names[1]} by {names[2]}", tuple(blocks))


def _layout(x: Node, y: Node, worked: Node, linear: bool) -> Sentence:
    """Which way round the Jacobian is written."""
    rows, columns = x.shape[0], y.shape[0]
    return (
        "Rows of this Jacobian are entries of ", Math(x), ", columns are entries of ", Math(y),
        f": its shape is {show_shape((rows, columns))}, the numerator layout. In the denominator layout entries of ",
        Math(y), f" are the rows: it is the transpose, of shape {show_shape((columns, rows))}. Both are in use. ",
        *(("It is constant: ", Math(worked, opened=opened(worked)), ".") if linear else ()),
    )  # fmt: skip


def _as_backpropagation(names: Sequence[str], worked: Node, f: Node, x: Node, y: Node) -> Sentence:
    """Why this is what backpropagation does with an error."""
    return (
        "By this rule backpropagation sends an error through a layer. The layer multiplies by ", Math(worked),
        " on the way forward; so the error ", Math(partial(f, x)), " is multiplied by its transpose on the way back, ",
        "which gives the error ", Math(partial(f, y)), ".",
    )  # fmt: skip
