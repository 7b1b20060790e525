"""Sums that are known: the entries of a softmax add up to one, and so do those of an array declared simplex."""

from __future__ import annotations

from collections.abc import Callable

from ...ir.build import constant
from ...ir.node import Einsum, Input, Node
from ...ir.registry import call, record
from ..facts import declared, softmax
from ..rule import Context, Rule, structural
from .layout import contracted


def _without(node: Node, axes_of: Callable[[Node], tuple[int, ...]]) -> Node | None:
    """The sum without an operand that is summed over axes along which it adds up to one, and that nothing else has."""
    assert isinstance(node, Einsum)
    for k, arg in enumerate(node.args):
        axes = axes_of(arg)
        gone = {node.subs[k][a] for a in axes}
        others = {i for n, sub in enumerate(node.subs) for a, i in enumerate(sub) if n != k or a not in axes}
        if not axes or len(gone) < len(axes) or gone & {*node.out, *others}:
            continue
        args = [a for n, a in enumerate(node.args) if n != k] or [constant(1, "float")]
        subs = [s for n, s in enumerate(node.subs) if n != k] or [()]
        return contracted(args, subs, node.out, {i: e for i, e in enumerate(node.extents) if i not in gone})
    return None


def _sums(p: Node) -> list[Node]:
    return [call("sum", p, axis=1), call("sum", p), call("einsum", "ij,ik->k", p, Input.of("w", (2, 4)))]


def softmax_of(x: Node) -> Node:
    """The softmax of the last axis, for examples."""
    last = len(x.shape) - 1
    total = call("spread", record("logsumexp")(x, axis=last), x.shape, (last,))
    return call("exp", x - total)  # type: ignore[no-any-return]


@structural(
    "a softmax adds up to one",
    Einsum,
    "the entries of a softmax add up to one",
    lambda: [*_sums(softmax_of(Input.of("x", (2, 3)))), call("sum", softmax_of(Input.of("v", (3,))))],
)
def softmax_sum(node: Node, context: Context) -> Node | None:
    """Σ softmax(x) over the axes of the softmax."""
    return _without(node, lambda arg: (softmax(arg) or (None, ()))[1])


@structural(
    "a simplex adds up to one",
    Einsum,
    "declared simplex: the entries of each row add up to one",
    lambda: _sums(Input.of("p", (2, 3), properties=frozenset(("simplex",)))),
)
def simplex_sum(node: Node, context: Context) -> Node | None:
    """Σ p over the last axis, p declared simplex."""
    return _without(node, lambda arg: (len(arg.shape) - 1,) if declared(arg, "simplex") and arg.shape else ())


RULES: tuple[Rule, ...] = (softmax_sum,)

DECLARED: tuple[Rule, ...] = (simplex_sum,)
"""For a formula that is only read. (The slope in an array is that in any direction, so what runs keeps to no property
that other directions lose.)"""
