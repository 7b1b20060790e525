"""What a library works out: once and not for every copy; and as a textbook writes it, with the inverse."""

from __future__ import annotations

from ...ir.node import Call, Einsum, Input, Node, Reshape
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
    return Einsum.of(arg.args, arg.subs, out, dict(enumerate(arg.extents)))


@structural(
    "solved by the inverse",
    Call,
    "the solution of AX = B is A⁻¹B",
    lambda: [
        call("solve", Input.of("A", (2, 2)), Input.of("B", (2, 3))),
        call("solve", Input.of("A", (4, 2, 2)), Input.of("B", (4, 2, 3))),
        call("solve", Input.of("A", (2, 2)), call("reshape", Input.of("b", (2,)), (2, 1))),
    ],
)
def solved_by_the_inverse(node: Node, context: Context) -> Node | None:
    """For reading alone: what runs solves, which keeps more digits than an inverse."""
    assert isinstance(node, Call)
    if node.op.name != "solve":
        return None
    a, b = node.args
    if isinstance(b, Reshape) and b.shape == (*b.args[0].shape, 1) and len(a.shape) == 2:
        # One column is a vector.
        return call("reshape", call("matmul", call("inv", a), b.args[0]), node.shape)  # type: ignore[no-any-return]
    return call("matmul", call("inv", a), b)  # type: ignore[no-any-return]


@structural(
    "inverse of a transpose",
    Call,
    "the inverse of the transpose is the transpose of the inverse",
    lambda: [call("inv", Input.of("A", (2, 2)).T)],
)
def inverse_of_a_transpose(node: Node, context: Context) -> Node | None:
    """For reading alone, and to know a matrix again."""
    assert isinstance(node, Call)
    if not _is_turned_inverse(node):
        return None
    (turned,) = node.args
    return turned.with_args((call("inv", turned.args[0]),))


def _is_turned_inverse(node: Call) -> bool:
    """Whether it is the inverse of what is written as a transpose."""
    (arg, *_) = node.args
    if node.op.name != "inv" or not isinstance(arg, Einsum) or not arg.is_layout:
        return False
    *batch, row, column = range(len(arg.shape))
    return arg.subs[0] == (*batch, column, row)


def by_the_inverse(node: Node) -> Node | None:
    """What both rules make of a node; None where neither fits."""
    context = Context()
    return next((found for rule in SPELLED if (found := rule.rewrite(node, context)) is not None), None)


def is_spelled_otherwise(node: Node) -> bool:
    """Whether a textbook would write it with the inverse, or with that in front of the transpose."""
    return isinstance(node, Call) and (node.op.name == "solve" or _is_turned_inverse(node))


RULES: tuple[Rule, ...] = (once_for_all_copies,)
SPELLED: tuple[Rule, ...] = (solved_by_the_inverse, inverse_of_a_transpose)
