"""How a product of matrices is written in C: a call of the kernel, in loops over the axes besides its three."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from ..ir.dims import Dim, Extent
from ..ir.node import Einsum, Node, Subscripts
from ..ir.templates import Spelled, fill
from ..lower.products import Product
from ..lower.views import View, view
from .c_body import Body
from .c_text import PLAIN

_ANY = Dim("any")


def write_product(body: Body, node: Einsum, product: Product) -> bool:
    """The statements for a product; False, and none, where an operand's entries are made when they are read."""
    operands = [_operand(body, arg, sub) for arg, sub in zip(node.args, node.subs, strict=True)]
    a, b = operands if product.left == 0 else operands[::-1]
    result = _operand(body, node, node.out)
    if a is None or b is None or result is None:
        return False
    rows, columns, inner = product.rows, product.columns, product.inner
    if not b.runs_along(columns):
        return rows is None and not product.added and _write_dots(body, node, product, (a, b, result))
    body.products.append(_columns(body, node, columns))
    if product.added:
        with body.loops(node.shape, rows=True) as index:
            body.lines.add(f"{body.entry(node, index)} = 0;")
    with ExitStack() as stack:
        outer = stack.enter_context(_each(body, node, product.each))
        at = dict(zip(product.each, outer, strict=True))
        sizes = ["1" if rows is None else _length(body, node, rows, at), _length(body, node, columns, at)]
        sizes.append(body.extent(node.extents[inner]))
        added = stack.enter_context(body.loops(tuple(node.extents[i] for i in product.added)))
        at |= zip(product.added, added, strict=True)
        words = [*sizes, a.start(at), a.step(rows), a.step(inner), b.start(at), b.step(inner)]
        words += [result.start(at), result.step(rows), "true" if product.added else "false"]
        body.lines.add(f"product_{body.real.ctype}({', '.join(words)});")
    return True


def _each(body: Body, node: Einsum, each: Subscripts) -> AbstractContextManager[list[Spelled]]:
    """Loops over the indices that products of matrices are made for; of the node's rows perhaps a share."""
    return body.loops(tuple(node.extents[i] for i in each), rows=_is_first(node, each))


def _write_dots(body: Body, node: Einsum, product: Product, operands: tuple[_Operand, ...]) -> bool:
    """The statements for the rows of a matrix times a vector; False, and none, where either lies otherwise."""
    (vector, matrix, result), columns, inner = operands, product.columns, product.inner
    if not vector.runs_along(inner) or not matrix.runs_along(inner):
        return False
    body.kernels.add("dots")
    with _each(body, node, product.each) as outer:
        at = dict(zip(product.each, outer, strict=True))
        words = [_length(body, node, columns, at), body.extent(node.extents[inner])]
        words += [matrix.start(at), matrix.step(columns), vector.start(at), result.start(at), result.step(columns)]
        body.lines.add(f"dots_{body.real.ctype}({', '.join(words)});")
    return True


def write_row_sum(body: Body, node: Einsum) -> bool:
    """The statements for a sum of rows; False where the entries are made when they are read, or lie otherwise."""
    source, result = _operand(body, node.args[0], node.subs[0]), _operand(body, node, node.out)
    columns = max(i for i in node.out if node.extents[i] != 1)
    if source is None or result is None or not source.runs_along(columns):
        return False
    body.kernels.add("sum_rows")
    (summed,) = (i for i in node.summed if node.extents[i] != 1)
    each = tuple(i for i in node.out if i != columns)
    with _each(body, node, each) as outer:
        at = dict(zip(each, outer, strict=True))
        words = [_length(body, node, columns, at), body.extent(node.extents[summed])]
        words += [source.start(at), source.step(summed), result.start(at)]
        body.lines.add(f"sum_rows_{body.real.ctype}({', '.join(words)});")
    return True


def write_turned(body: Body, node: Einsum) -> bool:
    """The statements for a matrix that is stored with its axes exchanged; False where it is another kind of layout."""
    source, result = _operand(body, node.args[0], node.subs[0]), _operand(body, node, node.out)
    if source is None or result is None or len(node.out) < 2:
        return False
    *each, rows, columns = node.out
    if not source.runs_along(rows):
        return False
    body.kernels.add("turn")
    with _each(body, node, tuple(each)) as outer:
        at = dict(zip(each, outer, strict=True))
        words = [_length(body, node, rows, at), body.extent(node.extents[columns])]
        words += [source.start(at), source.step(columns), result.start(at)]
        body.lines.add(f"turn_{body.real.ctype}({', '.join(words)});")
    return True


def _is_first(node: Einsum, each: Sequence[int]) -> bool:
    """Whether the first of some indices is that of the node's rows."""
    return bool(each) and each[0] == node.out[0]


def _columns(body: Body, node: Einsum, columns: int) -> Extent:
    """How many columns the kernel is called with; any number where they are what the threads divide."""
    return _ANY if body.divided and columns == node.out[0] else node.extents[columns]


def _length(body: Body, node: Einsum, index: int, at: dict[int, Spelled]) -> str:
    """How many values an index takes here; those of a share of the node's rows begin with what ``at`` then says."""
    if not body.divided or index != node.out[0]:
        return body.extent(node.extents[index])
    first, end = body.share(node.extents[index])
    at[index] = first, PLAIN
    return f"{end} - {first}"


def _operand(body: Body, node: Node, sub: Sequence[int]) -> _Operand | None:
    """Where the entries of a node lie; None where they are made when they are read."""
    lies = view(node, body.is_array)
    return None if lies is None else _Operand(body, lies, sub)


class _Operand:
    """An array of a product, by its indices."""

    def __init__(self, body: Body, lies: View, sub: Sequence[int]) -> None:
        self.body, self.lies, self.sub = body, lies, sub

    def runs_along(self, index: int) -> bool:
        return self.lies.runs_along(self.sub.index(index))

    def step(self, index: int | None) -> str:
        """How far apart two entries lie whose index differs by one."""
        if index is None or index not in self.sub:
            return "0"
        axis = self.sub.index(index)
        ahead = [self.lies.factor(place, axis) for place in range(len(self.lies.at))]
        return self._place([(str(n), PLAIN) for n in ahead])

    def start(self, at: dict[int, Spelled]) -> str:
        """The address of the first entry, where some indices have a value and the others are 0."""
        places = []
        for number, factors in self.lies.at:
            place: Spelled = (str(number), PLAIN)
            for axis, factor in factors.items():
                index = at.get(self.sub[axis], ("0", PLAIN))
                if factor and index[0] != "0":
                    more = index if factor == 1 else fill("{0} * {1}", [index, (str(factor), PLAIN)])
                    place = more if place[0] == "0" else fill("{0} + {1}", [place, more])
            places.append(place)
        offset = self._place(places)
        name = self.body.array(self.lies.base)
        return name if offset == "0" else f"{name} + {offset}"

    def _place(self, index: list[Spelled]) -> str:
        return self.body.at(index, self.lies.shape)
