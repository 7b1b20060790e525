"""Sums of products in the matrix reading: matrix products, transposes, ⊙, traces, sums over an axis.

What linear algebra has no word for is told by its entries: [Σ_jk A_ij B_jk C_k]_i.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ..ir.dims import Extent
from ..ir.node import Einsum, Node, Reshape, Subscripts
from . import arithmetic, matrix, shared
from .boxes import Box, Call, Entries, RowSums, Spread, Symbol
from .chains import Factor, batched, matrix_product, merged
from .components import summation, total

if TYPE_CHECKING:
    from .layout import Reader


def read(reader: Reader, node: Einsum, depth: int) -> Box:
    """A sum of products as linear algebra writes it, else by its entries."""
    summed = _row_sums(reader, node)
    if summed is not None:
        return summed
    unstretched = _unstretched(reader, node)
    if unstretched is not None:
        return reader.whole(unstretched, depth)
    plain = [_plain(reader, arg, sub) for arg, sub in zip(node.args, node.subs, strict=True)]
    if set(node.summed) <= set(chain.from_iterable(sub for _, sub in plain)):
        numbers = [reader.whole(arg, depth) for arg, sub in plain if not sub]
        factors = [Factor(sub, reader.whole(arg, depth)) for arg, sub in plain if sub]
        found = _Writer(reader, node.extents).write(factors, node.out)
        if found is not None:
            return arithmetic.multiply(*numbers, found) if factors else arithmetic.multiply(*numbers)
    letters = reader.pick(node.shape, frozenset())
    body = reader.entry(node, letters, shared.letters_of(letters), depth)
    return Entries(body, letters) if letters else body


def _row_sums(reader: Reader, node: Einsum) -> Box | None:
    """The sums of the rows of a matrix that has a name, each spread along its row."""
    inner = node.args[0]
    if not node.is_layout or node.subs != ((0,),) or len(node.out) != 2 or inner in reader.names:
        return None
    if not isinstance(inner, Einsum) or inner.subs != ((0, 1),) or inner.out != (0,):
        return None
    matrix_ = reader.leaf(inner.args[0], ())
    return RowSums(matrix_) if isinstance(matrix_, Symbol) else None


def _unstretched(reader: Reader, node: Einsum) -> Node | None:
    """An array whose axes of length one are stretched where they stand: as NumPy does it, and so not written."""
    if not node.is_layout or not isinstance(node.args[0], Reshape) or node.args[0] in reader.names:
        return None
    dropped, x = node.args[0], node.args[0].args[0]
    offset = len(node.out) - len(x.shape)
    kept = tuple(offset + axis for axis, extent in enumerate(x.shape) if extent != 1)
    return x if offset >= 0 and node.subs[0] == kept and dropped.shape == shared.without_ones(x.shape) else None


def _plain(reader: Reader, arg: Node, sub: Subscripts) -> tuple[Node, Subscripts]:
    """An operand without the transposes and broadcasts around it, which are only other indices."""
    while isinstance(arg, Einsum) and arg.is_layout and arg not in reader.names:
        sub = tuple(sub[i] for i in arg.subs[0])
        arg = arg.args[0]
    return arg, sub


@dataclass(frozen=True)
class _Writer:
    reader: Reader
    extents: Sequence[Extent]

    def write(self, factors: list[Factor], out: Subscripts) -> Box | None:
        """The product with these output indices, spread over those that no factor has."""
        present = tuple(i for i in out if any(i in f.sub for f in factors))
        box = self._core(merged(factors, present), present) if factors else arithmetic.multiply()
        if box is None or present == out[len(out) - len(present) :]:
            return box
        return Spread(box, tuple(i not in present for i in out))

    def _core(self, factors: list[Factor], out: Subscripts) -> Box | None:
        if len(factors) == 1:
            return self._single(factors[0], out)
        uses = Counter(chain(out, *(f.sub for f in factors)))
        alone = tuple(i for i in range(len(self.extents)) if uses[i] == 1)
        if alone:
            box = matrix_product(factors, alone + out)
            return None if box is None else self._single(Factor(alone + out, box), out)
        return matrix_product(factors, out) or batched(factors, out)

    def _single(self, factor: Factor, out: Subscripts) -> Box | None:
        """One array transposed, summed over axes, its diagonal or its trace."""
        sub, box = factor.sub, factor.box
        if len(set(sub)) < len(sub):
            if len(sub) == 2:
                return Call("diag" if out else "tr", (box,))
            return None
        kept = tuple(i for i in sub if i in out)
        if len(kept) < len(sub):
            if not kept:
                return total(box, self.reader.letters_in(box))
            if isinstance(box, Entries):
                return None
            letters = self.reader.pick([self.extents[i] for i in sub if i not in out], frozenset())
            named = iter(letters)
            box = summation(letters, matrix.at(box, [None if i in out else next(named) for i in sub]))
        if kept == out:
            return box
        return arithmetic.transposed(box) if kept == out[::-1] and len(out) == 2 else None
