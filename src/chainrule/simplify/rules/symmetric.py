"""What was declared symmetric is never transposed: A[j, i] is A[i, j], so that Ax + Aᵀx becomes 2Ax."""

from __future__ import annotations

from ...ir.graph import toposort
from ...ir.node import Einsum, Input, Node, Subscripts
from ..facts import in_order
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
    """A factor that was declared symmetric, with its last two indices in order."""
    assert isinstance(node, Einsum)
    if not any(_is_turned(arg, sub) for arg, sub in zip(node.args, node.subs, strict=True)):
        return None
    subs = [in_order(arg, sub) for arg, sub in zip(node.args, node.subs, strict=True)]
    return Einsum.of(node.args, subs, node.out, dict(enumerate(node.extents)))


def _is_turned(arg: Node, sub: Subscripts) -> bool:
    return in_order(arg, sub) != sub


RULES: tuple[Rule, ...] = (untransposed,)


def transposes(root: Node, named: frozenset[Node] = frozenset()) -> Measure:
    """How many factors of a formula that is written out are symmetric and stand transposed."""
    found: dict[Node, int] = {}
    for node in toposort((root,)):
        below = 0 if node in named and node is not root else sum(found[arg] for arg in node.args)
        own = zip(node.args, node.subs, strict=True) if isinstance(node, Einsum) else ()
        found[node] = below + sum(_is_turned(arg, sub) for arg, sub in own)
    return (found[root],)
