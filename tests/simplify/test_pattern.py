"""The pattern language: what a pattern fits, what its variables are then, and what is built from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, constant
from chainrule.ir.errors import ChainruleError
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify.pattern import Bindings, Pattern, any_, apply, array, fit, heads, lift, scalar, variables

X, Y = Input.of("x", (2, 3)), Input.of("y", (2, 3))
S, T, ON = Input.of("s", ()), Input.of("t", ()), Input.of("on", (2, 3), "bool")
SPREAD = broadcast(S, (2, 3))
A, B = any_("a"), any_("b")

OPERATORS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a**b,
    lambda a, b: -(a * b),
    lambda a, b: 2.0 + a * b,
    lambda a, b: 2.0 - a * b,
    lambda a, b: 2.0 * (a - b),
    lambda a, b: 2.0 / (a - b),
    lambda a, b: a * b + 2.0,
    lambda a, b: a * b - 2.0,
    lambda a, b: (a - b) * 2.0,
    lambda a, b: (a - b) / 2.0,
    lambda a, b: (a - b) ** 2.0,
]


@pytest.mark.parametrize("write", OPERATORS)
def test_a_pattern_is_written_as_what_it_fits_and_builds(write: Callable[[Any, Any], Any]) -> None:
    pattern, node, bound = write(A, B), write(S, T), Bindings()
    assert pattern.match(node, bound)
    assert bound == {"a": S, "b": T}
    assert pattern.build(bound) is node


def test_a_denial() -> None:
    assert (~A).build({"a": ON}) is ~ON
    assert (~A).match(~ON, Bindings())


def fits(pattern: Pattern, node: Node) -> dict[str, Node] | None:
    """What the variables stand for; None where the pattern does not fit, which leaves nothing behind."""
    bound = Bindings()
    if pattern.match(node, bound):
        return dict(bound)
    assert not bound
    assert not bound.inner
    return None


@pytest.mark.parametrize(
    ("pattern", "node", "bound"),
    [
        # Factors and terms in either order; what is not commutative in its own.
        (A * 2, 2.0 * X, {"a": X}),
        (2 * A, X * 2.0, {"a": X}),
        (2 + A, X + 2.0, {"a": X}),
        (A - 2, X - 2.0, {"a": X}),
        (A - 2, 2.0 - X, None),
        (A / 2, 2.0 / X, None),
        # The same variable is the same expression.
        (A + A, X + X, {"a": X}),
        (A + A, X + Y, None),
        (A - A * B, X - X * Y, {"a": X, "b": Y}),
        (A - A * B, X - Y * X, {"a": X, "b": Y}),
        (A - A * B, X - Y * Y, None),
        # An order that fits above, but not further on, is given up for the other.
        (A * B - A, X * Y - Y, {"a": Y, "b": X}),
        ((A + B) * (A - B), (X + Y) * (Y - X), {"a": Y, "b": X}),
        ((A + B) / (-B), (X + Y) / (-X), {"a": Y, "b": X}),
        ((A + B) / (-B), (X + Y) / (-S), None),
        # Numbers, through a broadcast; truth values are none.
        (lift(1.0), broadcast(as_node(1.0), (2, 3)), {}),
        (lift(1.0), as_node(1), {}),
        (lift(1.0), as_node(2.0), None),
        (lift(1.0), as_node(True), None),
        (lift(0.0), constant(0, "bool"), None),
        (lift(1.0), X, None),
        # Another operation, and what is none: an input, a sum.
        (A * B, X + Y, None),
        (-A, X, None),
        (-A, call("sum", -X), None),
        (apply("exp", A), call("exp", X), {"a": X}),
        (apply("max", A), call("max", X), None),
        # One number everywhere, be it known or not.
        (scalar("s"), S, {"s": S}),
        (scalar("s"), SPREAD, {"s": S}),
        (scalar("s"), broadcast(as_node(2.0), (2, 3)), {"s": as_node(2.0)}),
        (scalar("s"), X, None),
        (scalar("s"), X.T, None),
        # Factors of which the first is a number: a sum of products is not one number spread.
        (scalar("s"), call("einsum", ",ij->i", S, X), None),
        (scalar("s"), call("einsum", ",ij->ji", S, X), None),
        (array("v"), X, {"v": X}),
        (array("v"), SPREAD, None),
        (array("v"), S, None),
        (scalar("s") * array("v"), X * SPREAD, {"s": S, "v": X}),
        (scalar("s") * array("v"), X * Y, None),
        (scalar("s") * array("v"), SPREAD * SPREAD, None),
    ],
)
def test_what_a_pattern_fits(pattern: Pattern, node: Any, bound: dict[str, Node] | None) -> None:
    assert fits(pattern, node) == bound


def test_the_operations_that_were_matched_are_told() -> None:
    node = (X + Y) / -X
    bound = Bindings()
    assert ((A + B) / (-B)).match(node, bound)
    assert bound.inner == [node, X + Y, -X]


def test_what_was_tried_in_vain_is_not_told() -> None:
    """The first order of the factors puts x for ``a``, which is not what is subtracted; the second fits."""
    product = call("exp", X) * call("exp", Y)
    bound = Bindings()
    assert (apply("exp", A) * B - A).match(product - Y, bound)
    assert bound == {"a": Y, "b": call("exp", X)}
    assert bound.inner == [product - Y, product, call("exp", Y)]


def test_an_operation_of_numbers_is_built_as_an_expression() -> None:
    assert apply("exp", 1.0).build({}) is call("exp", as_node(1.0))
    assert lift(1.0).build({}) == 1.0


def test_the_variables_as_often_as_they_stand() -> None:
    assert [v.name for v in variables(A * (B + 2) - A)] == ["a", "b", "a"]
    assert variables(lift(1.0)) == []


def test_a_replacement_has_the_shape_and_kind_of_what_it_replaces() -> None:
    assert fit(1, X) is broadcast(as_node(1.0), (2, 3))
    assert fit(as_node(True), S) is as_node(1.0)
    assert fit(Y, X) is Y


def test_a_pattern_of_an_unknown_operation_is_refused() -> None:
    assert heads(A + B) == "add"
    with pytest.raises(ChainruleError, match="no operation named 'xpe'"):
        heads(apply("xpe", A))
