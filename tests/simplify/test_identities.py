"""Laws of functions beside those of rings: symmetry, what adds up to one, and what is said in simpler words."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast
from chainrule.ir.node import Einsum, Input, Map, Node, Reduce, Scatter
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import call, record, records
from chainrule.simplify.canonical import canonical
from chainrule.simplify.identities import COMPLEMENTS, EVEN, ODD, adds_up_to_one
from chainrule.simplify.plainly import plainly

Q, R = Input.of("q", (3, 3)), Input.of("r", (3, 3))
V, S, LABELS = Input.of("v", (3,)), Input.of("s", ()), Input.of("labels", (2,), "int")
SIMPLEX = frozenset(["simplex"])


def functions() -> list[str]:
    """Every function of one real number, but for the sign and the slope that is stopped: those have rules of their own.

    Of what tells kinds of numbers apart, or turns one into another, nothing is asked.
    """
    own = ("neg", "stop_gradient")
    unary = [r for r in records() if isinstance(r, Elementwise) and r.arity == 1 and not r.converts and not r.symbol]
    return sorted(r.name for r in unary if r.result != "bool" and r.name not in own)


@pytest.mark.parametrize("name", functions())
def test_a_symmetry_is_known_of_every_function_that_has_one(name: str) -> None:
    op = record(name)
    x = np.linspace(0.01, max(map(abs, op.samples[0])), 31)
    with np.errstate(all="ignore"):
        plain, turned = op.ref(x), op.ref(-x)
    there = np.isfinite(plain) & np.isfinite(turned)
    laws = [(ODD, -1 * plain), (EVEN, plain), (COMPLEMENTS, 1 - plain)]
    for named, wanted in laws:
        holds = there.any() and np.allclose(turned[there], wanted[there], rtol=1e-12, atol=1e-14)
        assert holds == (name in named)


def logsumexp(x: Node, *axes: int) -> Node:
    return Reduce.of(record("logsumexp"), x, axes)


def spread(x: Node, *axes: int) -> Node:
    return call("spread", x, (3, 3), axes)  # type: ignore[no-any-return]


def less(x: Node, other: Node) -> Node:
    """X − other, as the canonical form writes it; whichever comes first."""
    return Map.of(record("add"), x, Map.of(record("mul"), broadcast(as_node(-1.0), (3, 3)), other))


def exp(x: Node) -> Node:
    return call("exp", x)  # type: ignore[no-any-return]


def weighed(x: Node) -> Node:
    """Every entry of x (its axes of length 3) times v along a new axis: a product, no mere layout."""
    return Einsum.of([x, V], [(0,), (1,)], (0, 1), {0: 3, 1: 3})


ONES = broadcast(as_node(1.0), (2,))
ONES_OF_ROWS = broadcast(as_node(1.0), (2, 3))
OF_TWO = logsumexp(canonical(Q + R), 1)

SUMS: dict[str, tuple[Node, tuple[int, ...]]] = {
    # Each: an atom, and the axes along which it adds up to one.
    "a softmax along rows": (canonical(exp(Q - spread(logsumexp(Q, 1), 1))), (1,)),
    "a softmax along columns": (canonical(exp(Q - spread(logsumexp(Q, 0), 0))), (0,)),
    "a softmax of all": (canonical(exp(Q - spread(logsumexp(Q, 0, 1), 0, 1))), (0, 1)),
    "a softmax of a sum": (canonical(exp(Q + R - spread(logsumexp(Q + R, 1), 1))), (1,)),
    "as it is written": (exp(less(Q, spread(logsumexp(Q, 1), 1))), (1,)),
    "the logarithm of a softmax": (less(Q, spread(logsumexp(Q, 1), 1)), ()),
    "another function of that": (call("sin", less(Q, spread(logsumexp(Q, 1), 1))), ()),
    "that of another array": (exp(less(Q, spread(logsumexp(R, 1), 1))), ()),
    "that of a part of the sum": (canonical(exp(Q + R - spread(logsumexp(Q, 1), 1))), ()),
    "less than the sum has terms": (exp(less(Q, spread(OF_TWO, 1))), ()),
    "twice as much taken away": (canonical(exp(Q - 2 * spread(logsumexp(Q, 1), 1))), ()),
    "added": (canonical(exp(Q + spread(logsumexp(Q, 1), 1))), ()),
    "not less but the greater of": (
        exp(Q + Map.of(record("maximum"), broadcast(as_node(-1.0), (3, 3)), spread(logsumexp(Q, 1), 1))),
        (),
    ),
    "the largest taken away": (exp(less(Q, spread(call("max", Q, axis=1), 1))), ()),
    "along the other axis": (exp(less(Q, spread(logsumexp(Q, 1), 0))), ()),
    "the largest along the other axis": (exp(less(Q, spread(call("max", Q, axis=1), 0))), ()),
    "each row with weights": (exp(less(Q, weighed(logsumexp(Q, 1)))), ()),
    "an array taken away": (exp(less(Q, R)), ()),
    "a vector taken away": (exp(less(Q, spread(V, 1))), ()),
    "an exponential": (exp(Q), ()),
    "a simplex": (Input.of("p", (3,), properties=SIMPLEX), (0,)),
    "rows of a simplex": (Input.of("p", (4, 2, 3), properties=SIMPLEX), (2,)),
    "a number has no axes": (Input.of("p", (), properties=SIMPLEX), ()),
    "what was not declared": (V, ()),
    "what was declared otherwise": (Input.of("p", (3,), properties=frozenset(["positive"])), ()),
    "a one-hot array": (Scatter.make((ONES, LABELS), (1, 1, 3)), (1,)),
    "one-hot of no axes": (Scatter.make((as_node(1.0), Input.of("i", (), "int")), (0, 0, 3)), (0,)),
    "other numbers at their places": (Scatter.make((broadcast(as_node(2.0), (2,)), LABELS), (1, 1, 3)), ()),
    "an array at its places": (Scatter.make((Input.of("u", (2,)), LABELS), (1, 1, 3)), ()),
    "ones added up at their places": (Scatter.make((ONES, LABELS), (0, 0, 3)), ()),
    "ones along an axis that is not last": (Scatter.make((ONES_OF_ROWS, LABELS), (1, 1, 4)), ()),
    "ones along one that is, in every row": (Scatter.make((ONES_OF_ROWS, LABELS), (2, 1, 4)), (2,)),
}


@pytest.mark.parametrize("name", SUMS)
def test_along_which_axes_an_atom_adds_up_to_one(name: str) -> None:
    atom, axes = SUMS[name]
    assert adds_up_to_one(atom) == axes


A, B = Input.of("A", (3, 3)), Input.of("B", (3, 2))

PLAIN: list[tuple[Node, Node | None]] = [
    (call("log1p", V), call("log", 1 + V)),
    (call("expm1", V), exp(V) - 1),
    (call("log_sigmoid", V), call("log", call("sigmoid", V))),
    (call("softplus", V), -call("log", call("sigmoid", -V))),
    (call("solve", A, B), call("inv", A) @ B),
    (call("inv", A.T), call("inv", A).T),
    (call("relu", V) > 0, V > 0),
    (
        call("where", Q >= R, call("where", call("equal", Q, R), 0.5, 1.0), 0.0),
        call("astype", Q > R, float) + 0.5 * call("astype", call("equal", Q, R), float),
    ),
    (exp(V), None),
    (call("inv", A), None),
    (V > 0, None),
    (call("where", V > 0, V, 0.0), None),
    (V, None),
    (A @ B, None),
]


@pytest.mark.parametrize(("node", "plain"), PLAIN)
def test_in_simpler_words(node: Node, plain: Node | None) -> None:
    assert plainly(node) is plain
    if plain is not None:
        assert canonical(node) is canonical(plain)
