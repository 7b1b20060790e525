"""What was declared symmetric is never transposed: A[j, i] is A[i, j], so that Ax + Aᵀx becomes 2Ax."""

from __future__ import annotations

import itertools

from ...ir.graph import toposort
from ...ir.node import Einsum, Input, Node, Subscripts
from ..facts import declared
from ..rule import Context, Measure, Rule, structural


def _examples() -> list[Node]:
    A, x = Input.of("A", (3, 3), "float", frozenset(("symmetric",))), Input.of("x", (3,))
    B = Input.of("B", (2, 3, 3), "float", frozenset(("symmetric",)))
    return [
        A.T,
        x @ A,
        Einsum.of([A, x], [(1, 0), (1,)], (0,), {}),
        Einsum.of([B], [(0, 2, 1)], (0, 1, 2), {0: 2, 1: 3, 2: 3}),
    ]


@structural("symmetric", Einsum, "declared symmetric: the transpose is the matrix itself", _examples)
def untransposed(node: Node, context: Context) -> Node | None:
    """A product in which all that was declared symmetric stands as it is, and not transposed."""
    assert isinstance(node, Einsum)
    subs = _untransposed(node)
    return None if subs == node.subs else Einsum.of(node.args, subs, node.out, dict(enumerate(node.extents)))


RULES: tuple[Rule, ...] = (untransposed,)


def transposes(root: Node, named: frozenset[Node] = frozenset()) -> Measure:
    """How many factors of a formula that is written out are symmetric and stand transposed."""
    found: dict[Node, int] = dict.fromkeys(named - {root}, 0)
    for node in toposort((root,)):
        if node not in found:
            own = zip(node.subs, _untransposed(node), strict=True) if isinstance(node, Einsum) else ()
            found[node] = sum(found[arg] for arg in node.args) + sum(a != b for a, b in own)
    return (found[root],)


def _untransposed(node: Einsum) -> tuple[Subscripts, ...]:
    """The indices of all factors; of what was declared symmetric, in the order in which a product goes through them.

    ABC goes from its rows through A, B and C to its columns: so A[i, k] B[k, l] C[l, j], where sorted indices would
    make a transpose, C[j, l].
    """
    if not any(declared(arg, "symmetric") for arg in node.args):
        return node.subs
    order = _order(node)
    return tuple(
        (*sub[:-2], *sorted(sub[-2:], key=order.index)) if declared(arg, "symmetric") else sub
        for arg, sub in zip(node.args, node.subs, strict=True)
    )


def _order(node: Einsum) -> list[int]:
    """The indices in the order in which matrices lead from the rows of the result to others; then, what only leads to
    its columns, in the order in which it does; then what is summed as a whole, from its first index on.
    """
    beside: dict[int, list[int]] = {i: [] for i in range(len(node.extents))}
    for sub in node.subs:
        for i, j in itertools.permutations(sub[-2:], 2):
            beside[i].append(j)
    rows = len(node.out) - 2
    columns = rows + 1 if any(rows in sub for sub in node.subs) else None
    order: list[int] = []
    for start in beside:
        if start not in order:
            reached = [start]
            for i in reached:
                reached += [j for j in beside[i] if j not in reached]
            order += reversed(reached) if start == columns else reached
    return order
