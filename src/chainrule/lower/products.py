"""Which sums of products are products of matrices, and which of its matrices have to be turned first.

A product is worked out a tile of the result at a time. A row of the right matrix is read as vectors, so its entries
have to be neighbours in memory, as those of a row of the result are; the left one's are read one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.dims import Dim, Extent
from ..ir.graph import Graph, rebuild
from ..ir.node import Einsum, Node, Subscripts
from .contraction import UNKNOWN
from .matrices import groups
from .views import view

SMALL = 64
"""A product of fewer multiplications for a row of the result is better written as plain loops."""
NARROW = 2
"""With fewer columns there is nothing to read as a vector."""


@dataclass(frozen=True)
class Product:
    """C[m, n] = Σₖ A[m, k] B[k, n] for every value of the indices ``each``; ``left`` is the place of the operand A.

    ``rows``, ``columns`` and ``inner`` are the indices m, n, k; without m the result is one row. ``added`` are indices
    that such products are added up over.
    """

    each: Subscripts
    added: Subscripts
    rows: int | None
    columns: int
    inner: int
    left: int


def product_of(node: Node) -> Product | None:
    """A sum of products of two operands as a product of matrices; None where it is none, or too small."""
    if not isinstance(node, Einsum) or node.kind != "float" or any(arg.kind != "float" for arg in node.args):
        return None
    found = groups(node)
    inner = [] if found is None else _longer(node, found.inner)
    out = _longer(node, node.out)
    if found is None or not inner or not out:
        return None
    columns = out[-1]
    if columns not in (*found.left, *found.right) or columns in _ones(node):
        return None
    left = 0 if columns in found.right else 1
    own = _longer(node, found.left if left == 0 else found.right)
    rows = max(own, key=lambda i: (_length(node.extents[i]), i), default=None)
    each = tuple(i for i in node.out if i not in (rows, columns))
    width, depth = _length(node.extents[columns]), _length(node.extents[inner[-1]])
    if width < NARROW or width * depth < SMALL:
        return None
    return Product(each, tuple(inner[:-1]), rows, columns, inner[-1], left)


def sums_rows(node: Node) -> bool:
    """Whether a node adds up the rows of a matrix, so that its entries lie as those of a row."""
    if not isinstance(node, Einsum) or node.kind != "float" or len(node.args) != 1 or not node.out:
        return False
    (sub,) = node.subs
    summed, kept = _longer(node, node.summed), _longer(node, node.out)
    return len(summed) == 1 and bool(kept) and sorted(sub) == [*range(len(node.extents))]


def turned(graph: Graph, stored: Callable[[Node], bool]) -> tuple[Graph, frozenset[Node]]:
    """The graph with the right matrix of a product transposed where its rows do not lie in memory.

    The transposed matrices are given apart: they are to be stored.
    """
    kept: set[Node] = set()

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        node = node if all(a is b for a, b in zip(args, node.args, strict=True)) else node.with_args(args)
        product = product_of(node)
        if product is None or product.rows is None:
            # A matrix is not turned for a single vector.
            return node
        assert isinstance(node, Einsum)
        right = 1 - product.left
        matrix, sub = node.args[right], node.subs[right]
        lies = view(matrix, lambda n: stored(n) or n in kept)
        if lies is None or lies.runs_along(sub.index(product.columns)):
            return node
        order = (*(i for i in sub if i != product.columns), product.columns)
        extents = dict(enumerate(node.extents))
        straight = Einsum.of([matrix], [sub], order, dict(extents))
        kept.add(straight)
        operands, subs = list(node.args), list(node.subs)
        operands[right], subs[right] = straight, order
        return Einsum.of(operands, subs, node.out, extents)

    known: dict[Node, Node] = {}
    outputs = rebuild(graph.outputs, make, known)
    names: dict[Node, str] = {}
    for node, name in graph.names.items():
        names.setdefault(known.get(node, node), name)
    return Graph(graph.inputs, tuple(outputs), names), frozenset(kept)


def _ones(node: Einsum) -> set[int]:
    return {i for i, extent in enumerate(node.extents) if extent == 1}


def _longer(node: Einsum, indices: Subscripts) -> list[int]:
    """The indices of more than one value."""
    ones = _ones(node)
    return [i for i in indices if i not in ones]


def _length(extent: Extent) -> float:
    return UNKNOWN if isinstance(extent, Dim) else int(extent)
