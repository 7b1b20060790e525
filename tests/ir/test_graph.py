"""Walking graphs: order, uses, dependence and substitution, at any depth."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.graph import depends_on, describe, substitute, toposort, use_counts
from chainrule.ir.node import Const, Input, Node
from chainrule.ops.activations import relu
from chainrule.ops.transcendental import exp, sin
from chainrule.run.interpret import interpret

DEEP = 100_000
X, Y = Input.of("x", (2,)), Input.of("y", (2,))


def ladder(rungs: int) -> Node:
    """Each rung used twice by the next: 2^rungs paths, as many nodes as rungs."""
    node: Node = X
    for _ in range(rungs):
        node = node + node
    return node


def test_operands_come_first_and_each_node_once() -> None:
    a = exp(X)
    b, c = a * Y, a + Y
    order = toposort([b * c, a])
    position = {node: i for i, node in enumerate(order)}
    assert len(position) == len(order) == 6
    assert all(position[arg] < position[node] for node in order for arg in node.args)
    assert all(p is q for p, q in zip(order, toposort([b * c, a]), strict=True))


@pytest.mark.slow
def test_depth_and_sharing_are_no_limit() -> None:
    assert len(toposort([ladder(DEEP)])) == DEEP + 1
    top = ladder(60)
    assert interpret([top], {"x": [1.0, 2.0]})[0][0] == 2.0**60


def test_uses_are_counted_outputs_among_them() -> None:
    a = exp(X)
    counts = use_counts([a * a + X, a])
    assert counts[a] == 3
    assert counts[X] == 2


def test_what_a_source_flows_into() -> None:
    a, b = exp(X), exp(Y)
    total = a + b
    assert depends_on([total], [X]) == {X, a, total}
    assert depends_on([total], [b]) == {b, total}


def test_substitution_drops_what_was_below() -> None:
    inner = exp(X) * 2
    total = inner + inner
    (found,) = substitute([total], {inner: Y})
    assert found is Y + Y
    assert X not in depends_on([found], [found])
    assert substitute([total], {})[0] is total
    assert substitute([total, inner], {X: Y})[1] is exp(Y) * 2


def test_substitution_is_deep_too() -> None:
    top = ladder(DEEP // 4)
    (found,) = substitute([top], {X: Y})
    order = toposort([found])
    assert order[0] is Y
    assert len(order) == DEEP // 4 + 1


def test_substitution_makes_canonical_nodes() -> None:
    """An einsum of other operands may be something simpler."""
    a, b = Input.of("a", (2, 3)), Input.of("b", (3,))
    (found,) = substitute([(a * b).sum()], {a: Input.of("c", (2, 3))})
    assert found is (Input.of("c", (2, 3)) * b).sum()


def test_a_node_in_a_few_words() -> None:
    assert describe(X) == "x"
    assert describe(Const.of(2.0)) == "2"
    assert describe(Const.of(np.ones(3))) == "a constant array"
    assert describe(relu(X)) == "relu(x)"
    assert "sin" in describe(sin(exp(X)))
    assert "x" in repr(X)
