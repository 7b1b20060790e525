"""What a rule is: when it applies, by what it is passed over; and the measure, in numbers worked out by hand."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Const, D, Delta, Input, Node, Scatter, Size
from chainrule.ir.records import POSITIVE
from chainrule.ir.registry import call
from chainrule.simplify.pattern import any_, apply
from chainrule.simplify.rule import (
    NUMBER,
    Context,
    Rule,
    is_sign,
    measure,
    operand_heads,
    rule,
    takes_number,
    weight,
)

X, Y = Input.of("x", (2, 3)), Input.of("y", (2, 3))
V, S, T = Input.of("v", (3,)), Input.of("s", ()), Input.of("t", ())
A, B = any_("a"), any_("b")
SPREAD = broadcast(S, (2, 3))


def difference() -> Rule:
    return rule("difference", A + -B, A - B, "plus minus is minus")


def cautious() -> Rule:
    return rule("difference", A + -B, A - B, "plus minus is minus", alone=True)


def spread(number: float) -> Node:
    return broadcast(as_node(number), (2, 3))


def test_a_number_on_the_right_is_spread_over_what_it_replaces() -> None:
    assert rule("nothing", A - A, 0.0, "x − x is 0").rewrite(X - X, Context()) is spread(0.0)
    assert rule("nothing", A - A, 0.0, "x − x is 0").rewrite(X - Y, Context()) is None


def test_what_is_assumed_has_to_be_proved() -> None:
    roots = rule("roots", apply("sqrt", A * B), apply("sqrt", A) * apply("sqrt", B), "…", assumes={"a": POSITIVE})
    size, free = call("exp", Y), call("sqrt", X * Y)
    assert roots.assumes == {"a": POSITIVE}
    assert roots.rewrite(call("sqrt", size * X), Context()) is call("sqrt", size) * call("sqrt", X)
    assert roots.rewrite(free, Context()) is None


def test_a_rule_may_take_apart_what_others_use() -> None:
    node = X + -Y
    assert difference().rewrite(node, Context({-Y: 2})) is X - Y
    assert difference().rewrite(node, Context(named=frozenset([-Y]))) is X - Y


def test_a_rule_for_what_stands_alone_leaves_what_others_use() -> None:
    node = X + -Y
    assert cautious().rewrite(node, Context({-Y: 1})) is X - Y
    assert cautious().rewrite(node, Context({-Y: 2})) is None
    assert cautious().rewrite(node, Context(named=frozenset([-Y]))) is None
    # How often the node at hand is used, and whether it has a name, does not matter: it is replaced everywhere.
    assert cautious().rewrite(node, Context({node: 2}, frozenset([node]))) is X - Y


def test_all_that_it_takes_apart_has_to_stand_alone() -> None:
    signs = rule("signs", -A * -B, A * B, "minus times minus is plus", alone=True)
    assert signs.rewrite(-X * -Y, Context()) is X * Y
    assert signs.rewrite(-X * -Y, Context({-X: 2})) is None
    assert signs.rewrite(-X * -Y, Context({-Y: 2})) is None


def test_no_rule_looks_into_what_is_held() -> None:
    assert difference().rewrite(X + -Y, Context(held=frozenset([-Y]))) is None
    assert difference().rewrite(X + -Y, Context(held=frozenset([X, Y]))) is X - Y


def test_a_rule_is_found_by_the_operation_at_its_top() -> None:
    assert difference().head == "add"
    assert rule("", apply("exp", A * 2), A, "").head == "exp"


def test_a_rule_says_what_its_operands_have_to_be() -> None:
    assert rule("", A * 1, A, "").needs == {NUMBER}
    assert rule("", A + -B, A - B, "").needs == {"neg"}
    assert rule("", -(A * 2), A, "").needs == {"mul"}
    assert rule("", A * B, A, "").needs == set()
    assert rule("", apply("exp", A) * apply("log", B), A, "").needs == {"exp", "log"}


@pytest.mark.parametrize(
    ("node", "heads"),
    [
        (X + Y, {"Input"}),
        (X * 2.0, {"Input", "Einsum", NUMBER}),
        (S * 2.0, {"Input", "Const", NUMBER}),
        # One number everywhere, but not one that is known.
        (X * SPREAD, {"Input", "Einsum"}),
        (call("exp", X) - call("sum", X), {"exp", "Einsum"}),
        (X, set()),
    ],
)
def test_by_what_the_operands_are_found(node: Node, heads: set[str]) -> None:
    assert operand_heads(node) == heads


@pytest.mark.parametrize(
    ("node", "sign"),
    [
        (-X, True),
        (as_node(-2.0), True),
        (as_node(-0.5), True),
        (as_node(0.0), False),
        (as_node(0.5), False),
        (as_node(2.0), False),
        (as_node(False), False),
        (Const.of([-1.0, -2.0]), False),
        (X - Y, False),
        (spread(-2.0), False),
        (X, False),
    ],
)
def test_what_is_a_minus(node: Node, sign: bool) -> None:
    assert is_sign(node) is sign


@pytest.mark.parametrize(
    ("node", "number"),
    [
        (X * 2.0, True),
        (2.0 * X, True),
        (X * S, True),
        (X / S, True),
        (X / 2.0, True),
        (spread(2.0) * SPREAD, True),
        (S / X, False),
        (2.0 / X, False),
        (X * Y, False),
        (X / Y, False),
        (X + 2.0, False),
        (-X, False),
        # Among numbers none stands in front of an array.
        (S * 2.0, False),
        (S / T, False),
        (X, False),
        (SPREAD, False),
        (call("sum", X * S), False),
    ],
)
def test_what_is_scaled_by_a_number(node: Node, number: bool) -> None:
    assert takes_number(node) is number


@pytest.mark.parametrize(
    ("node", "costs"),
    [
        # Numbers and names.
        (as_node(1.0), 0),
        (as_node(0.0), 1),
        (as_node(2.0), 1),
        (as_node(1), 0),
        (as_node(-1.0), 2),
        (as_node(-2.0), 3),
        (as_node(False), 0),
        (as_node(True), 0),
        (Const.of([2.0, -3.0]), 0),
        (X, 0),
        (Size.of(Dim("N")), 0),
        # Elementwise: 2, and 1 for each axis.
        (S * T, 2),
        (V * V, 3),
        (X * Y, 4),
        (call("exp", X), 4),
        # A sign costs the same at any size, and so does scaling.
        (-S, 2),
        (-X, 2),
        (X * S, 3),
        (V / 2.0, 3),
        # x + x, where 2 x is to be preferred.
        (S + S, 6),
        (V + V, 7),
        (X + X, 8),
        (X + Y, 4),
        (X - X, 4),
        # Layouts, and sums of products: 10 for each factor and each index.
        (SPREAD, 1),
        (X.T, 1),
        (call("sum", S * V), 20),
        (call("sum", X), 30),
        (X @ V, 40),
        (X @ X.T, 50),
        # What has a price of its own.
        (Delta.of(3), 5),
        (call("max", X), 5),
        (call("reshape", X, (6,)), 6),
        (call("inv", Input.of("q", (2, 2))), 10),
        (call("det", Input.of("q", (2, 2))), 6),
        (call("det", Input.of("q", (3, 2, 2))), 8),
    ],
)
def test_what_a_node_costs(node: Node, costs: int) -> None:
    assert weight(node) == costs


ONES, INDICES = broadcast(as_node(1.0), (4,)), Input.of("indices", (4,), "int")


@pytest.mark.parametrize(("values", "costs"), [(ONES, 6), (2.0 * ONES, 20), (Input.of("z", (4,)), 20)])
def test_adding_up_by_index_costs_more_than_a_one_hot_array(values: Node, costs: int) -> None:
    assert weight(Scatter.make((values, INDICES), (0, 0, 5))) == costs


def test_a_derivative_that_is_not_worked_out_costs_as_much_as_a_delta() -> None:
    assert weight(D.make((call("sum", X), X), ())) == 5


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        # Weight, size, outside of signs, outside of products by a number, nodes, axes.
        (X, (0, 1, 0, 0, 1, 0)),
        (X * Y, (4, 3, 0, 0, 3, 2)),
        (as_node(2.0), (1, 1, 0, 0, 1, 0)),
        # A negative number is a sign and a number.
        (as_node(-2.0), (3, 2, 0, 0, 1, 0)),
        (-X, (2, 2, 0, 0, 2, 2)),
        # Of x · −y, x and the product stand outside of the sign; of −(x · y) nothing does.
        (X * -Y, (6, 4, 2, 0, 4, 4)),
        (-(X * Y), (6, 4, 0, 0, 4, 4)),
        # Outside of the first sign stand the product and −y, outside of the second the product and −x.
        (-X * -Y, (8, 5, 6, 0, 5, 6)),
        (-(-X), (4, 3, 1, 0, 3, 4)),  # noqa: B002
        # The sign of a number that is spread stands by its spread; that of an array below its transpose.
        (-2.0 * X, (7, 5, 2, 0, 4, 2)),
        ((-X).T, (3, 3, 1, 0, 3, 2)),
        # A product by a number that is the factor of another has that one outside, and what that one has beside it.
        (2.0 * X, (5, 4, 0, 0, 4, 2)),
        (S * (X * Y), (8, 6, 0, 0, 6, 4)),
        (X * (S * Y), (8, 6, 0, 2, 6, 4)),
        (S * (T * X), (8, 7, 0, 2, 7, 4)),
        ((2.0 * X) * (3.0 * Y), (14, 9, 0, 8, 9, 6)),
        # Broadcasts and transposes are left out of it; sums are not.
        ((S * X).T, (5, 5, 0, 0, 5, 2)),
        (call("sum", S * X), (34, 5, 0, 1, 5, 2)),
        # Axes are those of elementwise operations.
        (X.T, (1, 2, 0, 0, 2, 0)),
        (call("sum", X), (30, 2, 0, 0, 2, 0)),
        (call("exp", call("sum", X)), (32, 3, 0, 0, 3, 0)),
        (call("exp", -X), (6, 3, 1, 0, 3, 4)),
    ],
)
def test_the_measure(node: Node, expected: tuple[int, ...]) -> None:
    assert measure(node) == expected


def test_the_measure_of_a_tree_counts_what_is_shared_each_time() -> None:
    half = call("exp", X)
    assert measure(half * half)[1] == 2 * measure(half)[1] + 1


# Each is what a rule brings about: a sign to the front, a number to the front, one sign for two.
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (X * -Y, -(X * Y)),
        (-X * -Y, X * Y),
        (-X + Y, Y - X),
        (X * (S * Y), S * (X * Y)),
        (X + X, 2.0 * X),
        (call("exp", SPREAD), broadcast(call("exp", S), (2, 3))),
    ],
)
def test_the_measure_falls(before: Node, after: Node) -> None:
    assert measure(after) < measure(before)
