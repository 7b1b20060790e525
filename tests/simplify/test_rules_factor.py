"""What the rules for common factors make of an expression, node for node, and what they leave alone."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast
from chainrule.ir.node import Input, Node, Scatter
from chainrule.ir.registry import call
from chainrule.simplify import FACTOR, Rule
from chainrule.simplify.rule import Context

RULES: dict[str, Rule] = {rule.name: rule for rule in FACTOR.rules}
X, Y, Z, V = (Input.of(n, (2, 3)) for n in "xyzv")
S, G, AT = Input.of("s", ()), Input.of("g", (2,)), Input.of("at", (2,), "int")


def scattered(x: Node) -> Node:
    """Each entry of x at its own place of a row of three."""
    return Scatter.make((x, AT), (1, 1, 3))


def both(number: Node | float) -> Node:
    return broadcast(as_node(number), (2,))


TWICE, EXCHANGED = "twice", "twice, factors exchanged"
SUM, DIFFERENCE = "common factor of a sum", "common factor of a difference"
UNDER_SUM, UNDER_DIFFERENCE = "common denominator of a sum", "common denominator of a difference"
HOT = "number out of a scatter"

CASES: list[tuple[str, Node, Node | None]] = [
    (TWICE, X + X, 2.0 * X),
    (TWICE, X + Y, None),
    (TWICE, X - X, None),
    (EXCHANGED, X * Y + Y * X, 2.0 * (X * Y)),
    (EXCHANGED, X / Y + Y / X, None),
    (EXCHANGED, X * Y + Y * Z, None),
    (SUM, X * Z + Y * Z, (X + Y) * Z),
    (SUM, Z * X + Y * Z, (X + Y) * Z),
    (SUM, Z * X + Z * Y, (X + Y) * Z),
    (SUM, X * Z + Y * V, None),
    (SUM, X * Z + Z, None),
    (SUM, X * Z - Y * Z, None),
    (DIFFERENCE, X * Z - Y * Z, (X - Y) * Z),
    (DIFFERENCE, Y * Z - X * Z, (Y - X) * Z),
    (DIFFERENCE, Z * X - Z * Y, (X - Y) * Z),
    (DIFFERENCE, X * Z - Y * V, None),
    (UNDER_SUM, X / Z + Y / Z, (X + Y) / Z),
    (UNDER_SUM, Z / X + Z / Y, None),
    (UNDER_SUM, X / Z + Y / V, None),
    (UNDER_SUM, X / Z + Y * Z, None),
    (UNDER_DIFFERENCE, X / Z - Y / Z, (X - Y) / Z),
    (UNDER_DIFFERENCE, Y / Z - X / Z, (Y - X) / Z),
    (UNDER_DIFFERENCE, Z / X - Z / Y, None),
    (HOT, scattered(both(S)), broadcast(S, (2, 3)) * scattered(both(1.0))),
    (HOT, scattered(both(2.5)), broadcast(as_node(2.5), (2, 3)) * scattered(both(1.0))),
    (HOT, scattered(both(1.0)), None),
    (HOT, scattered(G), None),
]


@pytest.mark.parametrize(
    ("name", "before", "after"), CASES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(CASES)]
)
def test_what_a_rule_makes_of_what_is_shared(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


FIRING = [(name, before, after) for name, before, after in CASES if after is not None]


@pytest.mark.parametrize(
    ("name", "before", "after"), FIRING, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(FIRING)]
)
def test_factoring_ends_wherever_it_is_done(name: str, before: Node, after: Node) -> None:
    """The measure falls alone, in an operation, and with each of two such places."""
    steps = [(before, after), (call("tanh", before), call("tanh", after))]
    steps += [(before / before, before / after), (before / after, after / after)]
    assert all(FACTOR.lowers(b, a) for b, a in steps)


@pytest.mark.parametrize(
    ("name", "before"),
    [
        (SUM, X * Z + Y * Z),
        (DIFFERENCE, X * Z - Y * Z),
        (UNDER_SUM, X / Z + Y / Z),
        (UNDER_DIFFERENCE, X / Z - Y / Z),
    ],
)
def test_a_term_that_others_use_is_worked_out_once(name: str, before: Node) -> None:
    """Taken apart, it would be worked out for them all the same."""
    for term in before.args:
        assert RULES[name].rewrite(before, Context({term: 2})) is None
        assert RULES[name].rewrite(before, Context(named=frozenset({term}))) is None


@pytest.mark.parametrize(("name", "before"), [(TWICE, X * Y + X * Y), (EXCHANGED, X * Y + Y * X)])
def test_twice_is_said_of_what_others_use_too(name: str, before: Node) -> None:
    assert RULES[name].rewrite(before, Context({before.args[0]: 3})) is 2.0 * before.args[0]
