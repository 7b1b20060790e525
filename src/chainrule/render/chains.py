"""Factors put in the order of a chain of matrix products, each transposed where it has to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from ..ir.node import Subscripts
from . import arithmetic
from .boxes import Box, Call, MatrixProduct, Spread


@dataclass(frozen=True, eq=False)
class Factor:
    """An array in a sum of products, and the index of each of its axes."""

    sub: Subscripts
    box: Box


def merged(factors: Sequence[Factor], out: Subscripts) -> list[Factor]:
    """Factors with the same indices multiplied entry by entry; rows and columns that scale a matrix, too.

    Two vectors over a summed index stay apart: they are a dot product.
    """
    uses = Counter(chain(out, *(f.sub for f in factors)))
    result: list[Factor] = []
    for factor in factors:
        twin = next((n for n, f in enumerate(result) if f.sub == factor.sub), None)
        if twin is None or (len(factor.sub) == 1 and uses[factor.sub[0]] == 2):
            result.append(factor)
        else:
            result[twin] = Factor(factor.sub, arithmetic.hadamard(result[twin].box, factor.box))
    while (absorbed := _absorbed(result, out)) is not None:
        result = absorbed
    return result


def _absorbed(factors: list[Factor], out: Subscripts) -> list[Factor] | None:
    """The factors with one that only scales another drawn into it; None where there is none."""
    for small in factors:
        for big in factors:
            others = {*out, *chain.from_iterable(f.sub for f in factors if f is not small and f is not big)}
            if len(small.sub) >= len(big.sub) or not others.issuperset(small.sub):
                continue
            scale = _scale(small, big)
            if scale is not None:
                pair = (big.box, scale) if factors.index(big) < factors.index(small) else (scale, big.box)
                product = Factor(big.sub, arithmetic.hadamard(*pair))
                return [product if f is big else f for f in factors if f is not small]
    return None


def _scale(small: Factor, big: Factor) -> Box | None:
    """A row as it is, a column spread; None where it lies along the big factor in another way."""
    if big.sub[len(big.sub) - len(small.sub) :] == small.sub:
        return small.box
    if len(big.sub) == 2 and big.sub[:1] == small.sub:
        return Spread(small.box, (False, True))
    return None


@dataclass(frozen=True, eq=False)
class Link:
    """A factor in a chain, transposed or not. A vector is a column, and a row when it is transposed."""

    factor: Factor
    transposed: bool = False

    def flipped(self) -> Link:
        """The other way round."""
        return Link(self.factor, not self.transposed)

    def box(self) -> Box:
        """How it is written."""
        return arithmetic.transposed(self.factor.box) if self.transposed else self.factor.box


def matrix_product(factors: Sequence[Factor], out: Subscripts) -> Box | None:
    """The factors as one chain of matrix products; None where they are none.

    Every index stands in exactly two places, and a factor has one axis or two.
    """
    uses = Counter(chain(out, *(f.sub for f in factors)))
    if len(out) > 2 or any(n != 2 for n in uses.values()) or any(len(f.sub) > 2 for f in factors):
        return None
    if any(len(set(f.sub)) < len(f.sub) for f in factors):
        return None
    left = list(factors)
    match out:
        case (first, last):
            links = _walk(first, left)
            if left:
                # The first chain ends in a vector: an outer product, whose other half begins at the last index.
                links += _flipped(_walk(last, left))
        case (index,):
            # A vector is a column: x @ A, of NumPy's vector x, is Aᵀx.
            links = _walk(index, left)
        case _:
            return _scalar_chain(left)
    return None if left else MatrixProduct(tuple(link.box() for link in links))


def _walk(index: int, left: list[Factor]) -> list[Link]:
    """The chain that begins at an index, taking its factors out of ``left``."""
    links: list[Link] = []
    while True:
        found = next((f for f in left if index in f.sub), None)
        if found is None:
            return links
        left.remove(found)
        if len(found.sub) == 1:
            return [*links, Link(found)]
        links.append(Link(found, found.sub[0] != index))
        index = found.sub[1] if found.sub[0] == index else found.sub[0]


def _flipped(links: Sequence[Link]) -> list[Link]:
    return [link.flipped() for link in reversed(links)]


def _scalar_chain(left: list[Factor]) -> Box | None:
    """aᵀ @ m @ b, or the trace of a chain that closes."""
    start = next((f for f in left if len(f.sub) == 1), left[0])
    left.remove(start)
    links = [Link(start, len(start.sub) == 1), *_walk(start.sub[-1], left)]
    if left:
        return None
    product = MatrixProduct(tuple(link.box() for link in links))
    return product if len(start.sub) == 1 else Call("tr", (product,))


def batched(factors: Sequence[Factor], out: Subscripts) -> Box | None:
    """Matrix products side by side along leading axes, as NumPy's @ takes them; None where they are none."""
    if len(factors) != 2 or len(out) < 2:
        return None
    first, second = factors
    if first.sub == out + second.sub and len(second.sub) == 1:
        return MatrixProduct((first.box, second.box))
    lead = out[:-2]
    for factor in factors:
        own = factor.sub[:-2]
        if len(factor.sub) < 2 or own != lead[len(lead) - len(own) :]:
            return None
    return matrix_product([Factor(f.sub[-2:], f.box) for f in factors], out[-2:])
