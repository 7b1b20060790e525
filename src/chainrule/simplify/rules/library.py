"""What a library works out is worked out once, not for every copy."""

from __future__ import annotations

from ...ir.node import Call, Einsum, Input, Node
from ...ir.registry import call
from ..rule import Context, Rule, structural


def _examples() -> list[Node]:
    A, b = Input.of("A", (2, 2)), Input.of("b", (2, 3))
    copies = [call("broadcast_to", A, (4, 2, 2)), call("broadcast_to", b, (4, 2, 3))]
    return [
        call("inv", copies[0]),
        call("solve", *copies),
        call("det", call("broadcast_to", Input.of("B", (3, 2, 2)), (4, 3, 2, 2))),
        call("cumsum", call("broadcast_to", Input.of("x", (3,)), (2, 3)), axis=1),
    ]


@structural(
    "once for all copies",
    Call,
    "the same matrix at every place gives the same result: it is worked out once",
    _examples,
)
def once_for_all_copies(node: Node, context: Context) -> Node | None:
    """A batch axis along which every operand is the same array again and again."""
    assert isinstance(node, Call)
    layouts = [arg for arg in node.args if isinstance(arg, Einsum) and arg.is_layout]
    if len(layouts) < len(node.args):
        return None
    copied = [a for a in range(node.op.batch(node)) if all(a not in arg.subs[0] for arg in layouts)]
    if not copied:
        return None
    once = node.with_args(tuple(_without(arg, copied) for arg in layouts))
    kept = tuple(a for a in range(len(node.shape)) if a not in copied)
    return Einsum.of([once], [kept], tuple(range(len(node.shape))), dict(enumerate(node.shape)))


def _without(arg: Einsum, axes: list[int]) -> Node:
    """A layout that repeats nothing along these axes."""
    out = tuple(i for i in arg.out if i not in axes)
    return Einsum.of(arg.args, arg.subs, out, {i: e for i, e in enumerate(arg.extents) if i not in axes})


RULES: tuple[Rule, ...] = (once_for_all_copies,)
