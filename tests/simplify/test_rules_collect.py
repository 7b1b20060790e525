"""What the rules that take sums and choices apart make of an expression, as text, before what follows tidies it up."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import broadcast
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call
from chainrule.render.formula import show
from chainrule.simplify import PHASES, Rule
from chainrule.simplify.rule import Context
from chainrule.simplify.rules import simplex

RULES: dict[str, Rule] = {rule.name: rule for phase in PHASES for rule in phase.rules}
X, Y = (Input.of(n, (2, 3)) for n in "xy")
V, W = (Input.of(n, (3,)) for n in "vw")
S, T = Input.of("s", ()), Input.of("t", ())
M = Input.of("m", (3,), "bool")
P, Q = simplex.softmax_of(X), simplex.softmax_of(V)
Z = Input.of("z", (4, 2, 3))
R = simplex.softmax_of(Z)
SHARES = Input.of("p", (3,), properties=frozenset(("simplex",)))


def total(node: Node, axis: int | tuple[int, ...] | None = None) -> Node:
    return call("sum", node, axis=axis)  # type: ignore[no-any-return]


def where(a: Any, b: Any) -> Node:
    return call("where", M, a, b)  # type: ignore[no-any-return]


SUMS: list[tuple[Node, str | None]] = [
    (total(P + P * Y, 1), "1 + Σ_j (softmax(x) ⊙ y)[:, j]"),
    (total(P * Y + P, 1), "1 + Σ_j (softmax(x) ⊙ y)[:, j]"),
    (total(P - P * Y, 1), "1 + Σ_j (-softmax(x) ⊙ y)[:, j]"),
    (total(P * Y - P, 1), "Σ_j (softmax(x) ⊙ y)[:, j] - 1"),
    (total(-P - P * Y, 1), "Σ_j (-softmax(x) ⊙ y)[:, j] - 1"),
    (total(2 * P - 3 * P * Y, 1), "2 + Σ_j (-3 softmax(x) ⊙ y)[:, j]"),
    (total(P * Y - 2.5 * P, 1), "Σ_j (softmax(x) ⊙ y)[:, j] - 2.5"),
    (total(P + P * Y, 0), None),
    (total(P + P * Y), "2 · 1 · 1 + Σ softmax(x) ⊙ y"),
    (total(Q * S + V * Q), "1s + Σ softmax(v) ⊙ v"),
    (total(Q * S * S + V * Q), "1s² + Σ softmax(v) ⊙ v"),
    (total(Q * S * T + V * Q), "1st + Σ softmax(v) ⊙ v"),
    (total(S * Q - T * Q), "1s - 1t"),
    (total(-(S * Q) - T * Q), "-1s - 1t"),
    (total(S * Q - V * Q - T * Q), "1s - Σ softmax(v) ⊙ v - 1t"),
    (total(S * Q), "1s"),
    (total(2 * Q), "2"),
    (total(Q * Q + V * Q), None),
    (total(Q / S + V * Q), None),
    (total(V + W), None),
    (total(S * V + V * W), None),
    (total(Q * (1 + W)), "1 + Σ softmax(v) ⊙ w"),
    (total(Q * (S + W)), None),
    (total(-(S * Q) + T * Q), "1t - 1s"),
    (total(SHARES + V), "1 + Σ v"),
    (total(V - 0.5 * SHARES), "Σ v - 0.5"),
    # Each row adds up to one, and there are as many ones as rows.
    (total(P * S), "2 · 1 · 1s"),
    (total(R * S, (0, 2)), "1 · 4 · 1s"),
    # Sums that are factors stay, if it is shorter so already; another rule multiplies them out.
    (total(Q + (V + W) ** 2), "1 + Σ (v + w)²"),
    (total(Q + (V + W) * (V - W)), "1 + Σ (v + w) ⊙ (v - w)"),
    # A sum that is spread again.
    (Einsum.of([Q + V], [(1,)], (0,), {0: 2, 1: 3}), "1 + Σ v"),
    # A sum of products, and one that would be as long as it was.
    (call("einsum", "j,j->", Q, (W + 1 + V) - V), "1 + Σ softmax(v) ⊙ w"),
    (call("einsum", "j,j->", Q, 1 + W), None),
    # A product of two sums: each entry with each, which is no sum of products of entries.
    (call("einsum", "i,j->", Q, (W + 1 + V) - V), None),
    # Numbers alone, none of which adds up to one.
    (total(broadcast(S, (3,)) + V), None),
    (call("matmul", Q * S + V * Q, W), None),
    (call("broadcast_to", Q * (1 + W), (2, 3)), None),
    (call("transpose", P + P * Y), None),
]

CHOICES: list[tuple[Node, str | None]] = [
    (where(V - 1, V), "v - 1 [m]"),
    (where(V + 1, V), "v + 1 [m]"),
    (where(V, V + 1), "v + 1 - 1 [m]"),
    (where(V, V - 0.5), "v - 0.5 + (1/2) [m]"),
    (where(V * W - 2, W * V), "w ⊙ v - 2 [m]"),
    (where(-0.25, 0.0), "-(1/4) [m]"),
    (where(0.25, 0.0), "(1/4) [m]"),
    (where(0.0, 0.25), None),
    (where(2.0, 1.0), None),
    (where(V * W, W * V), "w ⊙ v"),
    (where(V - V, 0.0), "0"),
    # What differs only by a number once it is multiplied out.
    (where(V * (V + W) + 1, V * V + V * W), "v ⊙ v + v ⊙ w + 1 [m]"),
    (where(V, 0.0), None),
    (where(V, W), None),
    (where(V + 1, W), None),
    (where(V + W, V), None),
]


def made(name: str, node: Node) -> str | None:
    """What a rule makes of a node alone."""
    found = RULES[name].rewrite(node, Context())
    if found is None:
        return None
    assert found.shape == node.shape
    return show(found, "text")


@pytest.mark.parametrize(("node", "after"), SUMS)
def test_what_is_known_of_a_sum(node: Node, after: str | None) -> None:
    assert made("a part of a sum is known", node) == after


@pytest.mark.parametrize(("node", "after"), CHOICES)
def test_what_both_branches_have(node: Node, after: str | None) -> None:
    assert made("branches that differ by a number", node) == after


def test_the_lengths_of_formulas_are_found_out_once() -> None:
    context = Context()
    rule = RULES["a part of a sum is known"]
    assert rule.rewrite(total(SHARES + V), context) is not None
    (known,) = context.kept.values()
    assert rule.rewrite(total(V - SHARES), context) is not None
    assert list(context.kept.values()) == [known]
