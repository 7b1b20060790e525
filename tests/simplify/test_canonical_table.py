"""The representative at its edges: high powers, numbers that are not finite or far apart, operands of two kinds."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.graph import toposort
from chainrule.ir.node import Einsum, Gather, Input, Kind, Map, Node, Scatter
from chainrule.ir.registry import call
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from chainrule.simplify.canonical import canonical, forms_kept

X, Y, Z = (Input.of(name, (2, 3)) for name in "xyz")
Q, V, S, ROW = Input.of("q", (3, 3)), Input.of("v", (3,)), Input.of("s", ()), Input.of("row", (1, 3))
K, J = (Input.of(name, (2,), "int") for name in "kj")
MASK, COUNTS = Input.of("m", (2, 3), "bool"), Input.of("c", (2, 3), "int")
ON = cast(MASK, "float")
NAN, INF = as_node(math.nan), as_node(math.inf)
LENGTH = call("norm", V)
GUARDED = call("where", LENGTH == 0, 1.0, LENGTH)


def spread(number: Any, kind: Kind = "float") -> Node:
    return broadcast(cast(as_node(number), kind), (2, 3))


def where(condition: Node, a: Any, b: Any) -> Any:
    return call("where", condition, a, b)


def reshape(x: Node, *shape: int) -> Any:
    return call("reshape", x, shape)


def times(a: Node, b: Node) -> Node:
    """Matching entries multiplied, whatever kinds of number they are."""
    return Einsum.of([a, b], [(0, 1), (0, 1)], (0, 1), {0: 2, 1: 3})


def at(x: Node, places: Node) -> Node:
    """The columns at these places."""
    return Gather.make((x, places), (1, 0))


def into(x: Node, places: Node, axis: int, batch: int) -> Node:
    return Scatter.make((x, places), (axis, batch, 3))


def sides(x: Node) -> Node:
    """The matrix over the second and the last of nine axes, spread along all others."""
    shape = (2, 3, 2, 2, 2, 2, 2, 2, 3)
    return Einsum.of([x], [(1, 8)], tuple(range(9)), dict(enumerate(shape)))


def sixths(x: Any) -> Any:
    return 0.1 * x + 0.2 * x + 0.3 * x


def turned(x: Any) -> Any:
    return 0.3 * x + 0.2 * x + 0.1 * x


FULL: Any = (X * Y) ** 64
UNDER: Any = (X * Y) ** -64
HALF: Any = X**32 * Y**32
ONES = broadcast(as_node(1.0), (2,))

EQUAL: dict[str, tuple[Any, Any]] = {
    # 0.1 + 0.2 + 0.3 depends on the order in which floats are added up.
    "exact coefficients": (sixths(X), turned(X)),
    "exact coefficients of a quotient": (sixths(1 / X), turned(1 / X)),
    "exact coefficients, divided by a sum": (sixths(1 / (X + Y)), turned(1 / (X + Y))),
    "exact coefficients, divided by a sum of products": (sixths(1 / (V @ V)), turned(1 / (V @ V))),
    "nothing added": (X + 0.0, X),
    "times nothing": (X * 0.0, spread(0.0)),
    "times a truth": (times(spread(True, "bool"), X), X),
    "times a falsehood": (times(spread(False, "bool"), X), spread(0.0)),
    "truth values times numbers": (times(MASK, X), ON * X),
    "whole numbers times numbers": (times(COUNTS, X), cast(COUNTS, "float") * X),
    "to the power nought": (X**0, spread(1.0)),
    "a sum of products to the power nought": ((V @ V) ** 0, as_node(1.0)),
    "whole numbers to the power nought": (COUNTS**0, spread(1, "int")),
    "whole numbers squared": (COUNTS**2, COUNTS * COUNTS),
    "whole numbers cubed": (COUNTS**2 * COUNTS, COUNTS**3),
    "a square": (X**2.0, X * X),
    "cubes": (X**3, X * X * X),
    "one under a square": ((X + Y) ** -2, 1 / (X + Y) / (Y + X)),
    "a guarded length below": (V * GUARDED**-2, V / LENGTH**2),
    "a sum of products below": (1 / (V @ V) / (V @ V), (V @ V) ** -2),
    "a product of matrices below": (1 / (Q @ (2 * Q)), 0.5 / (Q @ Q)),
    "a product with sums below": (Z / ((X + 1) * (Y + 1) * V), Z / (X + 1) / (1 + Y) / V),
    "64 factors": (X**64, X**32 * X**32),
    "64 factors below": ((X * Y) ** -64, X**-64 * Y**-64),
    "64 factors in a product": (2 * HALF - HALF, HALF),
    "64 factors of a product, one under them": (1 / (X**-32 * Y**-32), HALF),
    "a high power of a sum that is nothing": ((0 * X * Y) ** 2, spread(0.0)),
    "branches that differ by three": (where(MASK, Y + 3, Y), Y + 3 * ON),
    "branches of numbers": (where(MASK, 5.0, 2.0), 2 + 3 * ON),
    "branches that differ by nothing": (where(MASK, X + Y, Y + X), Y + X),
    "branches that have the condition": (where(MASK, 3 * ON + 1, 3 * ON), 4 * ON),
    "branches far apart": (where(MASK, 2.0**32, 1.0), 1 + (2.0**32 - 1) * ON),
    "branches as far apart of greater numbers": (where(MASK, 2.0**33, 4.0), 4 + (2.0**33 - 4) * ON),
    "branches further apart": (where(~MASK, 1e-200, 2e200), where(MASK, 2e200, 1e-200)),
    "branches of nothing": (where(MASK, 0 * X, 0 * Y), spread(0.0)),
    "numbers in front of a choice": (where(MASK, 2 * X, 4 * Y), 2 * where(MASK, X, 2 * Y)),
    "the condition's operands turned": (where(X + Y > 0, X, Z), where(Y + X > 0, X, Z)),
    "denied twice": (where(~~MASK, X, Y), where(MASK, X, Y)),
    "a denial as a number, divided by": (1 / (1 + cast(~MASK, "float")), 1 / (2 - ON)),
    "denials as numbers, added up": (sixths(1 / (1 + cast(~MASK, "float"))), turned(1 / (2 - ON))),
    "chosen by a sum": (at(X, K + J), at(X, J + K)),
    "truth values chosen by a sum": (at(X + Y > 0, K + J), at(Y + X > 0, J + K)),
    "one-hot of a sum": (into(ONES, K + J, 1, 1), into(ONES, J + K, 1, 1)),
    "twos at their places": (into(2 * ONES, K, 1, 1), 2 * into(ONES, K, 1, 1)),
    "columns added up at their places": (into(Y[:, :2] + X[:, :2], J, 1, 0), into(X[:, :2] + Y[:, :2], J, 1, 0)),
    "rows added up at their places": (into(X + Y, K, 0, 0), into(Y + X, K, 0, 0)),
    "ones counted at their places": (into(ONES, K, 0, 0), call("sum", into(ONES, K, 1, 1), axis=0)),
    "axes in another shape": (reshape(X + Y, 3, 2), reshape(Y + X, 3, 2)),
    "an axis of length one in front": (reshape(V, 1, 3) * ROW, reshape(V * reshape(ROW, 3), 1, 3)),
    "an axis of length one put behind": (reshape(ROW, 3, 1), reshape(reshape(ROW, 3), 3, 1)),
    "an odd function of nothing": (call("sin", X - X), broadcast(call("sin", as_node(0.0)), (2, 3))),
    "an odd function of half": (call("tanh", -X / 2), -call("tanh", X / 2)),
    "the other side of half": (call("sigmoid", -X / 2), 1 - call("sigmoid", X / 2)),
    "an operation of what is spread along axes between": (call("tanh", sides(Q)), sides(call("tanh", Q))),
}

BEYOND: dict[str, tuple[Any, Any]] = {
    # What is not written out, since it has more than 64 factors; it would be a smaller product if asked again.
    "more factors stand together": ((FULL * Z) * V, FULL * (Z * V)),
    "more factors below stand together": ((UNDER * Z) * V, UNDER * (V * Z)),
    "more factors, the operands turned": ((Y * X) ** 64 * Z, FULL * Z),
    "more factors together than alone": (X**40 * (Y * X) ** 20, X**40 * (X * Y) ** 20),
    "a high power of what has a factor": (((X * X + X) * Y) ** 64, ((X + 1) * X * Y) ** 64),
}

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "a length that is guarded, not below": (GUARDED**2, LENGTH**2),
    "a power beyond 64 is not written out": ((X * Y) ** 65, X**65 * Y**65),
    "nor under one": ((X * Y) ** -65, X**-65 * Y**-65),
    "nor are more than 64 factors": (X**64 * X, X**65),
    "nor those that divide": (1 / (X**-40 * Y**-40), (X * Y) ** 40),
    "a high power of a sum, and of its parts": ((X * X + X) ** 64, ((X + 1) * X) ** 64),
    # Added up in floats, the lesser of two numbers far apart is lost.
    "branches beyond that": (where(MASK, 1.0, 2.0**32 + 1), 2.0**32 + 1 - 2.0**32 * ON),
    "the less of two branches": (where(MASK, 1.0, 1e17), where(MASK, 2.0, 1e17)),
    "the greater of two branches": (where(MASK, 1e-200, 1e200), where(MASK, 1e-200, 2e200)),
    "a root": (X**0.5, X**0),
    "one under a whole number": (COUNTS**-1, COUNTS),
    "one under multiples of whole numbers": ((2 * COUNTS) ** -1, (3 * COUNTS) ** -1),
    "divided by nothing": (X / (Y - Y), X / (1 + Y - Y)),
}

ITSELF: list[Any] = [
    NAN,
    INF,
    as_node(-math.inf),
    as_node(0.0),
    as_node(2.5),
    as_node(3),
    as_node(True),
    as_node(False),
    call("maximum", INF, S),
    X**Y,
    X**0.5,
    X**2.5,
    X**-0.5,
    X**math.nan,
    X**math.inf,
    X**65,
    X**64,
    X**-64,
    (Y * X) ** 65,
    Map.of((COUNTS**-1).op, COUNTS, spread(-1, "int")),
    at(MASK, K),
    into(ONES, K, 1, 1),
    reshape(X, 3, 2),
    call("tanh", X),
    call("tanh", 0.5 * X),
    call("sigmoid", 0.5 * X),
]


def numbers(node: Any) -> np.ndarray[Any, Any]:
    """What the expression is of some numbers about 1."""
    values = {}
    for n in toposort([node]):
        if isinstance(n, Input):
            # The same for an input of the same name, whatever others there are.
            rng = np.random.default_rng(ord(n.name[0]))
            reals = rng.uniform(0.9, 1.1, n.shape)
            values[n.name] = reals if n.kind == "float" else (reals > 1).astype(n.kind)
    return np.asarray(interpret([node], values)[0])


@pytest.mark.parametrize("name", EQUAL | BEYOND)
def test_two_ways_to_write_it_have_one_representative_of_the_same_numbers(name: str) -> None:
    a, b = (EQUAL | BEYOND)[name]
    found = canonical(a)
    verify([found])
    assert found is canonical(b)
    assert (found.shape, found.kind) == (a.shape, a.kind)
    assert name in BEYOND or canonical(found) is found
    for node in (found, b):
        np.testing.assert_allclose(numbers(node), numbers(a), rtol=1e-9)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_not_known_to_be_equal_has_two(name: str) -> None:
    a, b = DIFFERENT[name]
    assert canonical(a) is not canonical(b)


@pytest.mark.parametrize("node", ITSELF)
def test_it_is_its_own_representative(node: Node) -> None:
    assert canonical(node) is node


def test_dividing_by_nothing_stays() -> None:
    assert canonical(X / (Y - Y)) is X / spread(0.0)
    assert canonical(X * (S - S) ** -1) is canonical(X * call("pow", as_node(0.0), -1.0))
    # The diagonal of what is less itself turned is 0, which is seen when it is written out.
    trace = call("trace", Q - Q.T)
    assert canonical(S / trace) is S / as_node(0.0)


def test_what_was_found_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["chainrule.simplify.canonical"]
    done: list[str] = []

    def counted(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            done.append(name)
            return own(*args)

        return step

    for name in ("plainly", "expanded", "rebuilt"):
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    node = call("tanh", (X + Y) * V)

    def steps(node: Node) -> list[str]:
        done.clear()
        canonical(node)
        return sorted(done)

    anew = steps(node)
    assert {*anew} == {"plainly", "expanded", "rebuilt"}
    assert steps(node) == anew
    with forms_kept():
        assert steps(node) == anew
        assert not steps(node)
        with forms_kept():
            assert not steps(node)
        assert not steps(node)
        # Of another function of it, the operand and the whole are rebuilt; the whole alone is looked at and expanded.
        assert steps(call("exp", node)) == ["expanded", "plainly", "rebuilt", "rebuilt"]
    assert steps(node) == anew
