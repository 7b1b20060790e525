"""Sums of products over several axes as products of matrices, which a library multiplies best.

Σ_{c i j} W_{o c i j} X_{n c p i q j} is, for every n, the matrix W of o by (c i j) times that of (c i j) by (p q). The
axes that go together are joined by a reshape; where they do not lie side by side that copies, once for all products of
that array, since these ask for the same matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ..ir.dims import Dim, Extent, Shape
from ..ir.graph import Graph, rebuild
from ..ir.node import Einsum, Node, Reshape, Subscripts
from .contraction import UNKNOWN


def matrices(graph: Graph, *, adds: bool = False) -> Graph:
    """The graph with every sum of products of two that is a product of matrices, but for its axes, written as one.

    ``adds`` says that products of matrices can be added up as they are made: a sum over further axes then stays one,
    where else it is made of products that are stored.
    """
    known: dict[Node, Node] = {}
    outputs = rebuild(graph.outputs, partial(_rewritten, adds=adds), known)
    names: dict[Node, str] = {}
    for node, name in graph.names.items():
        names.setdefault(known.get(node, node), name)
    return Graph(graph.inputs, tuple(outputs), names)


@dataclass(frozen=True)
class Groups:
    """The indices of a product of two: ``batch`` is in both operands and the result, ``inner`` is summed over, and
    ``left`` and ``right`` are those of one operand alone.
    """

    batch: Subscripts
    inner: Subscripts
    left: Subscripts
    right: Subscripts


def groups(node: Einsum) -> Groups | None:
    """The indices of a sum of products of two operands; None where one of them is in one place alone, or twice."""
    if len(node.args) != 2 or not node.summed:
        return None
    a, b = node.subs
    if len(set(a)) < len(a) or len(set(b)) < len(b):
        return None
    if any((i in a) + (i in b) + (i in node.out) < 2 for i in range(len(node.extents))):
        return None
    # Those that are summed in the order of the operand with more axes, the others in that of their own.
    inner = tuple(i for i in max(a, b, key=len) if i in a and i in b and i not in node.out)
    return Groups(
        tuple(i for i in node.out if i in a and i in b),
        inner,
        tuple(i for i in a if i not in b),
        tuple(i for i in b if i not in a),
    )


def _rewritten(node: Node, args: tuple[Node, ...], *, adds: bool) -> Node:
    node = node if all(x is y for x, y in zip(args, node.args, strict=True)) else node.with_args(args)
    found = groups(node) if isinstance(node, Einsum) else None
    if found is None or max(map(len, (found.inner, found.left, found.right))) < 2 or not (found.left or found.right):
        return node
    assert isinstance(node, Einsum)
    lead = _peeled(node, found, adds)
    left = [[i for i in group if i not in lead] for group in (found.inner, found.left, found.right)]
    if any(len(group) > 1 and any(isinstance(node.extents[i], Dim) for i in group) for group in left):
        # A named axis is joined to no other.
        return node
    if len(found.inner) > 1 and not set(found.inner) & set(lead) and _side_by_side(node, found):
        return node
    return _product(node, (*lead, *found.batch), found, adds)


def _peeled(node: Einsum, found: Groups, adds: bool) -> Subscripts:
    """The indices, first axes of an operand, that matrices are multiplied one by one for instead of being joined.

    A sum is one of them where the products, before they are added up, are smaller than the matrices, or are added up
    as they are made.
    """
    first = dict.fromkeys(sub[0] for sub in node.subs if sub)
    lead = [i for i in first if any(i in group and len(group) > 1 for group in (found.left, found.right))][:1]
    for i in first:
        if i in found.inner and len(found.inner) > 1 and not _side_by_side(node, found):
            left, right = (_volume(group, node.extents) for group in (found.left, found.right))
            rest = _volume([k for k in found.inner if k != i], node.extents)
            lead += [i] if adds or left * right <= rest * (left + right) else []
    return tuple(lead)


def _side_by_side(node: Einsum, found: Groups) -> bool:
    """Whether the axes summed over lie side by side in both operands, so that joining them copies nothing."""
    for sub in node.subs:
        at = sub.index(found.inner[0])
        if sub[at : at + len(found.inner)] != found.inner or 0 < at < len(sub) - len(found.inner):
            return False
    return True


def _volume(indices: Sequence[int], extents: Sequence[Extent]) -> int:
    return math.prod(UNKNOWN if isinstance(extents[i], Dim) else int(extents[i]) for i in indices)


@dataclass(frozen=True)
class _Group:
    """Axes that are joined to one, of index ``joined``; ``whole`` has those that were peeled off as well."""

    axes: Subscripts
    whole: Subscripts
    joined: int

    @property
    def indices(self) -> Subscripts:
        """The one index, or none where there are no axes."""
        return (self.joined,) if self.axes else ()


def _product(node: Einsum, lead: Subscripts, found: Groups, adds: bool) -> Node:
    """The product of matrices for every lead, with the axes of the result where they were."""
    extents = dict(enumerate(node.extents))
    wholes = (found.inner, found.left, found.right)
    inner, left, right = (
        _Group(tuple(i for i in whole if i not in lead), whole, len(extents) + k) for k, whole in enumerate(wholes)
    )
    for group in (inner, left, right):
        extents[group.joined] = _joined([node.extents[i] for i in group.axes])
    operands, subs = [], []
    for arg, sub, own in ((node.args[0], node.subs[0], left), (node.args[1], node.subs[1], right)):
        ahead = tuple(i for i in lead if i in sub)
        first, second = _order(sub, ahead, inner, own)
        operands.append(_reordered(arg, sub, (*ahead, *first.axes, *second.axes), (first, second), extents))
        subs.append((*ahead, *first.indices, *second.indices))
    kept = tuple(i for i in lead if i in node.out)
    rows, columns = _order(node.out, kept, left, right)
    out = (*kept, *rows.indices, *columns.indices)
    summed = tuple(i for i in lead if i not in node.out)
    result = Einsum.of(operands, subs, out if adds else (*summed, *out), dict(extents))
    if summed and not adds:
        result = Einsum.of([result], [(*summed, *out)], out, dict(extents))
    flat = (*kept, *rows.axes, *columns.axes)
    result = _shaped(result, tuple(extents[i] for i in flat))
    return Einsum.of([result], [flat], node.out, dict(enumerate(node.extents)))


def _joined(extents: Sequence[Extent]) -> Extent:
    """How long the axis is that several are joined to; a single one may have a name."""
    return extents[0] if len(extents) == 1 else math.prod(int(e) for e in extents)


def _order(sub: Subscripts, ahead: Subscripts, one: _Group, other: _Group) -> tuple[_Group, _Group]:
    """Two groups of axes as they lie in an array behind those ahead; else that of its first axis comes last.

    So an array has one matrix, whichever of its groups a product sums over.
    """
    rest = tuple(i for i in sub if i not in ahead)
    if rest == (*one.axes, *other.axes):
        return one, other
    if rest == (*other.axes, *one.axes):
        return other, one
    return (other, one) if sub[0] in one.whole else (one, other)


def _reordered(
    arg: Node, sub: Subscripts, order: Subscripts, pair: tuple[_Group, _Group], extents: dict[int, Extent]
) -> Node:
    """An operand with its axes in this order, those of each group joined."""
    turned = Einsum.of([arg], [sub], order, dict(extents))
    ahead = order[: len(order) - sum(len(group.axes) for group in pair)]
    return _shaped(turned, tuple(extents[i] for i in (*ahead, *pair[0].indices, *pair[1].indices)))


def _shaped(node: Node, shape: Shape) -> Node:
    whole = node.args[0] if isinstance(node, Reshape) else node
    return whole if whole.shape == shape else Reshape.make((whole,), (shape,))
