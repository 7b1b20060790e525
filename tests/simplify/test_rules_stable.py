"""The stable forms, node for node: what is written as what does not overflow, and what only looks like it."""

from __future__ import annotations

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Einsum, Input, Node, Size
from chainrule.ir.registry import call, record
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context
from chainrule.simplify.rules.stable import rooted

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
X, Y = Input.of("x", (2, 3)), Input.of("y", (2, 3))
SQUARE = Input.of("q", (3, 3))
V, W = Input.of("v", (3,)), Input.of("w", (3,))
S = Input.of("s", ())
N = cast(Size.of(Dim("N")), "float")
EXP = call("exp", X)


def total(node: Node, axis: int | None = None) -> Node:
    return call("sum", node, axis=axis)  # type: ignore[no-any-return]


def again(node: Node, *axes: int, shape: tuple[int, ...] = (2, 3)) -> Node:
    """The array spread over the axes that were summed."""
    return call("spread", node, shape, axes)  # type: ignore[no-any-return]


def logsumexp(x: Node, axis: int | None = None) -> Node:
    return record("logsumexp")(x, axis=axis)  # type: ignore[no-any-return]


def norm(x: Node) -> Node:
    return record("norm")(x)  # type: ignore[no-any-return]


def log(x: Node) -> Node:
    return call("log", x)  # type: ignore[no-any-return]


def sqrt(x: Node) -> Node:
    return call("sqrt", x)  # type: ignore[no-any-return]


SHIFT = again(call("max", X, axis=1), 1)
LEAST = call("min", X)
ROWS_BY_V = Einsum.of([call("max", X, axis=1), V], [(0,), (1,)], (0, 1), {})
FROM_FIRST = SQUARE - again(V, 1, shape=(3, 3))
PLACES = Input.of("i", (2,), "int")
ROWS = Input.of("j", (3,), "int")

LSE = "log of a sum of exponentials"
SOFTMAX = "softmax as written"
CANCELS = "shift cancels"
LENGTH = "root of a sum of squares"
CHOSEN = "log of chosen exponentials"

CASES: list[tuple[str, Node, Node | None]] = [
    (LSE, log(total(EXP, 1)), logsumexp(X, 1)),
    (LSE, log(total(EXP, 0)), logsumexp(X, 0)),
    (LSE, log(total(EXP)), logsumexp(X)),
    (LSE, log(total(X, 1)), None),
    (LSE, log(total(call("sin", X), 1)), None),
    (LSE, log(EXP), None),
    # Along the diagonal, the other way round, of a product: no sum over whole axes.
    (LSE, log(call("trace", call("exp", SQUARE))), None),
    (LSE, log(Einsum.of([call("exp", Input.of("z", (2, 3, 4)))], [(1, 0, 2)], (0, 1), {})), None),
    (LSE, log(Einsum.of([EXP, EXP], [(0, 1), (0, 1)], (0,), {})), None),
    (LSE, log(total(call("max", X, axis=1))), None),
    (SOFTMAX, EXP / again(total(EXP, 1), 1), call("exp", X - again(logsumexp(X, 1), 1))),
    (SOFTMAX, EXP / again(total(EXP, 0), 0), call("exp", X - again(logsumexp(X, 0), 0))),
    (SOFTMAX, EXP / again(total(EXP), 0, 1), call("exp", X - again(logsumexp(X), 0, 1))),
    (SOFTMAX, EXP / again(total(call("exp", Y), 1), 1), None),
    (SOFTMAX, X / again(total(EXP, 1), 1), None),
    (SOFTMAX, call("sin", X) / again(total(EXP, 1), 1), None),
    (SOFTMAX, EXP / Y, None),
    (SOFTMAX, EXP / again(call("max", EXP, axis=1), 1), None),
    (SOFTMAX, EXP / EXP, None),
    # Spread along the axis that it was not summed over.
    (SOFTMAX, call("exp", SQUARE) / again(total(call("exp", SQUARE), 1), 0, shape=(3, 3)), None),
    # Spread and weighed.
    (SOFTMAX, EXP / Einsum.of([total(EXP, 1), V], [(0,), (1,)], (0, 1), {}), None),
    (CANCELS, (X - SHIFT) - again(logsumexp(X - SHIFT, 1), 1), X - again(logsumexp(X, 1), 1)),
    (CANCELS, (X - again(S, 0, 1)) - again(logsumexp(X - again(S, 0, 1), 1), 1), X - again(logsumexp(X, 1), 1)),
    (CANCELS, (X - again(LEAST, 0, 1)) - again(logsumexp(X - again(LEAST, 0, 1)), 0, 1), X - again(logsumexp(X), 0, 1)),
    # A shift that is not the same for all that is added up.
    (CANCELS, (X - again(V, 0)) - again(logsumexp(X - again(V, 0), 1), 1), None),
    (CANCELS, (X - Y) - again(logsumexp(X - Y, 1), 1), None),
    (CANCELS, (X - ROWS_BY_V) - again(logsumexp(X - ROWS_BY_V, 1), 1), None),
    (CANCELS, (X - SHIFT) - again(logsumexp(X, 1), 1), None),
    # No logsumexp that is spread: one that is weighed, a number, one that is spread along another axis.
    (CANCELS, (X - SHIFT) - Einsum.of([logsumexp(X - SHIFT, 1), V], [(0,), (1,)], (0, 1), {}), None),
    (CANCELS, (X - SHIFT) - again(S, 0, 1), None),
    (CANCELS, FROM_FIRST - again(logsumexp(FROM_FIRST, 1), 0, shape=(3, 3)), None),
    (CANCELS, (X - SHIFT) - again(call("max", X - SHIFT, axis=1), 1), None),
    (CANCELS, (X + SHIFT) - again(logsumexp(X + SHIFT, 1), 1), None),
    (CANCELS, (X - SHIFT) - Y, None),
    (CANCELS, X - again(logsumexp(X, 1), 1), None),
    (CANCELS, (X - SHIFT) - again(total(X - SHIFT, 1), 1), None),
    (LENGTH, sqrt(total(X**2.0)), norm(X)),
    (LENGTH, sqrt(total(X * X)), norm(X)),
    (LENGTH, sqrt(V @ V), norm(V)),
    (LENGTH, sqrt(total(X**2.0) * (V @ V)), norm(X) * norm(V)),
    (LENGTH, sqrt((V @ V) * (W @ W)), norm(V) * norm(W)),
    (LENGTH, sqrt(total(X**3.0)), None),
    (LENGTH, sqrt(total(X)), None),
    (LENGTH, sqrt(V @ W), None),
    (LENGTH, sqrt((V @ V) * S), None),
    (LENGTH, sqrt(S * (V @ V)), None),
    (LENGTH, sqrt(total(X**2.0, 1)), None),
    (LENGTH, sqrt((V @ V) + (W @ W)), None),
    (LENGTH, sqrt(call("trace", SQUARE**2.0)), None),
    (LENGTH, sqrt(total(X * Y)), None),
    (LENGTH, sqrt(S), None),
    (LENGTH, sqrt(call("mean", X**2.0)), norm(X) / as_node(6.0) ** 0.5),
    (LENGTH, sqrt(total(X**2.0) / N), norm(X) / N**0.5),
    (LENGTH, sqrt(total(X**2.0) / 0.5), norm(X) / as_node(0.5) ** 0.5),
    (LENGTH, sqrt(total(X**2.0) / -2.0), None),
    (LENGTH, sqrt(total(X**2.0) / 0.0), None),
    (LENGTH, sqrt(total(X**2.0) / S), None),
    (LENGTH, sqrt(total(X) / 2.0), None),
    (LENGTH, sqrt(total(X**2.0) - N), None),
    (CHOSEN, log(call("pick", EXP, PLACES)), call("pick", X, PLACES)),
    (CHOSEN, log(call("take", EXP, ROWS, axis=0)), call("take", X, ROWS, axis=0)),
    (CHOSEN, log(call("pick", X, PLACES)), None),
    (CHOSEN, log(call("pick", call("sin", X), PLACES)), None),
    (CHOSEN, log(EXP), None),
    ("square of a length: pow", norm(X) ** 2.0, total(X**2.0)),
    ("square of a length: pow", norm(X) ** 3.0, None),
    ("square of a length: pow", call("max", X) ** 2.0, None),
    ("square of a length: pow", S**2.0, None),
    ("square of a length: mul", norm(X) * norm(X), total(X**2.0)),
    ("square of a length: mul", norm(X) * norm(Y), None),
    ("square of a length: mul", call("max", X) * call("max", X), None),
]


@pytest.mark.parametrize(("name", "before", "after"), CASES, ids=[f"{n} {k}" for k, (n, _, _) in enumerate(CASES)])
def test_what_a_rule_makes_of_an_expression(name: str, before: Node, after: Node | None) -> None:
    found = RULES[name].rewrite(before, Context())
    assert found is after, f"{before!r} became {found!r}"


def test_a_length_with_a_name_or_other_uses_stays() -> None:
    power, times = RULES["square of a length: pow"], RULES["square of a length: mul"]
    length = norm(X)
    assert power.rewrite(length**2.0, Context({length: 2})) is None
    assert power.rewrite(length**2.0, Context(named=frozenset([length]))) is None
    assert times.rewrite(length * length, Context(named=frozenset([length]))) is None
    assert times.rewrite(length * length, Context({length: 2})) is total(X**2.0)


def test_a_sum_over_a_named_dimension_too() -> None:
    n = Dim("N")
    x = Input.of("x", (n, 3))
    assert RULES[LSE].rewrite(log(total(call("exp", x), 0)), Context()) is logsumexp(x, 0)


def test_a_length_is_half_a_root() -> None:
    """So that √Σx² becomes ‖x‖, and √(Σx² Σy²) becomes ‖x‖‖y‖ if that is no longer."""
    lengths = {sqrt(S): 2, norm(X): 1, norm(X) * norm(Y): 2, sqrt(norm(X)): 3, sqrt(S) + sqrt(S): 4, call("exp", S): 0}
    assert {node: rooted(node)[0] for node in lengths} == lengths
