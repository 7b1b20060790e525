"""What is known of a node's values and of its form: a table for each question, with what is nearly so beside it."""

from __future__ import annotations

import math
from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Input, Node, Reduce, Size
from chainrule.ir.records import NON_NEGATIVE, POSITIVE, REALS, Interval
from chainrule.ir.registry import call, record
from chainrule.simplify import facts

N = Dim("N")
X, Y = (Input.of(name, (2, 3)) for name in "xy")
Q, V, S = Input.of("q", (3, 3)), Input.of("v", (3,)), Input.of("s", ())
LABELS, MASK = Input.of("labels", (3,), "int"), Input.of("m", (3,), "bool")
RATES = Input.of("rates", (3,), properties=frozenset(["positive"]))
SHARES = Input.of("shares", (3,), properties=frozenset(["simplex"]))
SIZE = Size.of(N)
UNIT = Interval(0, 1)


def logsumexp(x: Node, *axes: int) -> Node:
    return Reduce.of(record("logsumexp"), x, axes)


def spread(x: Node, *axes: int) -> Node:
    return call("spread", x, (3, 3), axes)  # type: ignore[no-any-return]


PROVED: list[tuple[Node, Interval, bool]] = [
    # A number is asked itself; what is open leaves its bounds out.
    (as_node(0.5), UNIT, True),
    (as_node(0.0), UNIT, True),
    (as_node(1.0), UNIT, True),
    (as_node(1.5), UNIT, False),
    (as_node(-0.5), UNIT, False),
    (as_node(math.nan), REALS, False),
    (as_node(0.0), POSITIVE, False),
    (as_node(2.0), POSITIVE, True),
    (as_node(1.0), Interval(0, 1, open=True), False),
    (as_node(0.5), Interval(0, 1, open=True), True),
    (broadcast(as_node(2.0), (3,)), POSITIVE, True),
    # A function by its record.
    (call("exp", V), POSITIVE, True),
    (call("exp", V), UNIT, False),
    (call("sigmoid", V), UNIT, True),
    (call("tanh", V), NON_NEGATIVE, False),
    (call("norm", V), NON_NEGATIVE, True),
    (call("norm", V), POSITIVE, False),
    (V * V, NON_NEGATIVE, False),
    # What is spread has the numbers that it had; a product has others.
    (call("broadcast_to", call("exp", V), (2, 3)), POSITIVE, True),
    (call("broadcast_to", V, (2, 3)), POSITIVE, False),
    (call("exp", V) @ V, POSITIVE, False),
    (call("sum", -call("exp", V)), POSITIVE, False),
    # An input, as it was declared.
    (RATES, POSITIVE, True),
    (RATES, NON_NEGATIVE, True),
    (RATES, UNIT, False),
    (SHARES, POSITIVE, False),
    (V, REALS, False),
    (V, POSITIVE, False),
]


@pytest.mark.parametrize(("node", "interval", "wanted"), PROVED)
def test_what_values_are_known_to_be(node: Node, interval: Interval, wanted: bool) -> None:
    assert facts.proves(node, interval) is wanted


KINDS: list[tuple[Node, str]] = [
    # Each: a node, and which of the words denial, bracket, size and "never zero" are true of it.
    (~MASK, "denial"),
    (MASK, ""),
    (V > 0, ""),
    (cast(MASK, "float"), "bracket"),
    (cast(V > 0, "float"), "bracket"),
    (cast(MASK, "int"), ""),
    (cast(LABELS, "float"), ""),
    (SIZE, "size never"),
    (cast(SIZE, "float"), "size never"),
    (cast(cast(SIZE, "float"), "int"), ""),
    (-SIZE, ""),
    (call("sqrt", cast(SIZE, "float")), ""),
    (Input.of("n", (), "int"), ""),
    (as_node(2.0), "never"),
    (as_node(-2.0), "never"),
    (as_node(1.0), "never"),
    (as_node(0.0), ""),
    (broadcast(as_node(0.0), (3,)), ""),
    (broadcast(as_node(-0.5), (3,)), "never"),
    (call("exp", V), "never"),
    (RATES, "never"),
    (SHARES, ""),
    (V, ""),
]


@pytest.mark.parametrize(("node", "words"), KINDS)
def test_what_kind_of_thing_it_is(node: Node, words: str) -> None:
    asked = {
        "denial": facts.is_not,
        "bracket": facts.is_bracket,
        "size": facts.is_size,
        "never": facts.never_zero,
    }
    assert [word for word, holds in asked.items() if holds(node)] == words.split()


def contracted(spelling: str, *args: Node) -> Node:
    return call("einsum", spelling, *args)  # type: ignore[no-any-return]


SQUARES: list[tuple[Node, Node | None]] = [
    (V @ V, V),
    (contracted("ij,ij->", X, X), X),
    (call("sum", V * V), V),
    (call("sum", V**2), V),
    (call("sum", X**2), X),
    (call("sum", call("exp", V) ** 2), call("exp", V)),
    # Of other things, or not of all.
    (call("sum", V), None),
    (call("sum", V**3), None),
    (call("sum", V + V), None),
    (call("sum", call("maximum", V, 2.0)), None),
    (call("sum", call("maximum", V, V)), None),
    (V @ RATES, None),
    (call("sum", V * RATES), None),
    (call("sum", X**2, axis=0), None),
    (contracted("ij,ij->i", X, X), None),
    (contracted("ij,ji->", Q, Q), None),
    (contracted("ii,ii->", Q, Q), None),
    (contracted("ii->", Q**2), None),
    (contracted("ii->", Q * Q), None),
    (contracted("i,i,i->", V, V, V), None),
    (contracted("i,i->", V**2, RATES), None),
    (contracted("i,i,i->", V**2, V, V), None),
    (contracted("i,j->", V, V), None),
    (S * S, None),
    (V, None),
    (S, None),
]


@pytest.mark.parametrize(("node", "x"), SQUARES)
def test_the_sum_of_all_squares(node: Node, x: Node | None) -> None:
    assert facts.square_sum(node) is x


ROWS = Q - spread(logsumexp(Q, 1), 1)
COLUMNS = Q - spread(logsumexp(Q, 0), 0)
ALL = Q - spread(logsumexp(Q, 0, 1), 0, 1)
NEARLY: list[Node] = [
    Q,
    V,
    as_node(1.0),
    call("exp", Q),
    Q + spread(logsumexp(Q, 1), 1),
    Q / spread(logsumexp(Q, 1), 1),
    # The largest instead; that of another array; along the other axis; each row with a weight; no reduction at all.
    Q - spread(call("max", Q, axis=1), 1),
    Q - spread(logsumexp(2 * Q, 1), 1),
    Q - spread(logsumexp(Q, 1), 0),
    Q - contracted("i,j->ij", logsumexp(Q, 1), V),
    Q - spread(V, 1),
    Q - Input.of("r", (3, 3)),
    Q - 1,
]


@pytest.mark.parametrize(("node", "axes"), [(ROWS, (1,)), (COLUMNS, (0,)), (ALL, (0, 1))])
def test_the_logarithm_of_a_softmax(node: Node, axes: tuple[int, ...]) -> None:
    turned = node.args[1] - node.args[0]
    for found in (facts.log_softmax(node), facts.softmax(call("exp", node))):
        assert found is not None
        assert found[0] is Q
        assert found[1] == axes
    assert facts.negative_log_softmax(turned) is node
    assert facts.log_softmax(turned) is None
    assert facts.negative_log_softmax(node) is None
    assert facts.softmax(node) is None
    assert facts.softmax(call("log", node)) is None


@pytest.mark.parametrize("node", NEARLY)
def test_what_is_no_logarithm_of_a_softmax(node: Node) -> None:
    assert facts.log_softmax(node) is None
    assert facts.softmax(call("exp", node)) is None
    turned: Any = node.with_args(node.args[::-1])
    assert facts.negative_log_softmax(turned) is None


def test_indices_of_what_is_symmetric_are_in_order() -> None:
    batch = Input.of("b", (4, 3, 3), properties=frozenset(["symmetric"]))
    assert facts.in_order(batch, (2, 1, 0)) == (2, 0, 1)
    assert facts.in_order(batch, (0, 1, 2)) == (0, 1, 2)
    assert facts.in_order(Q, (1, 0)) == (1, 0)
    assert facts.declared(batch, "symmetric")
    assert not facts.declared(batch, "positive")
    assert not facts.declared(-batch, "symmetric")
