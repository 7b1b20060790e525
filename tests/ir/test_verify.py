"""The verifier lets good graphs pass, and finds each rule broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.dims import Dim
from chainrule.ir.node import (
    Concat,
    Const,
    D,
    Einsum,
    Gather,
    Input,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Scatter,
    Size,
    Slice,
)
from chainrule.ir.registry import record
from chainrule.ir.verify import InvalidGraph, verify

X, Y, Z = Input.of("x", (2, 3)), Input.of("y", (3, 2)), Input.of("z", (3,))
WHOLE, B = Input.of("i", (2, 3), "int"), Input.of("b", (2, 3), "bool")
N, M = Dim("N"), Dim("M")
W = Input.of("w", (N, 3))


def einsum(args: tuple[Node, ...], *params: Any) -> Node:
    return Einsum.make(args, params)


def mapped(name: str, *args: Node) -> Node:
    return Map.make(args, (record(name),))


class Stranger(Node):
    __slots__ = ()

    @classmethod
    def infer(cls, args: Any, params: Any) -> Any:
        return (), "float"


def altered() -> Node:
    """A node whose shape was not inferred."""
    node = object.__new__(Map)
    node.args, node.params, node.shape, node.kind = (X,), (record("tanh"),), (2, 3), "int"
    return node


PLANTED: list[tuple[str, Callable[[], Node], str]] = [
    ("operands of two shapes", lambda: mapped("add", X, Y), "exactly the result's shape"),
    ("an implicit broadcast", lambda: mapped("add", Z, X), "exactly the result's shape"),
    ("too few operands", lambda: mapped("add", X), "takes 2 operands"),
    ("too many operands", lambda: mapped("tanh", X, X), "takes 1 operands"),
    ("a condition that is a number", lambda: mapped("where", X, X, X), "a condition is a truth value"),
    ("logic on numbers", lambda: mapped("logical_not", WHOLE), "a condition is a truth value"),
    ("an integer's tanh", lambda: mapped("tanh", WHOLE), "are floats"),
    ("two kinds", lambda: mapped("add", WHOLE, X), "different kinds"),
    ("no operands", lambda: einsum((), (), (0,), (2,)), "has operands"),
    ("output indices in disorder", lambda: einsum((X,), ((0, 1),), (1, 0), (2, 3)), "output's indices come first"),
    ("an index left out", lambda: einsum((X,), ((0, 2),), (0,), (2, 9, 3)), "numbered in order"),
    ("summed indices in disorder", lambda: einsum((X,), ((1, 0),), (), (3, 2)), "numbered in order"),
    ("another size", lambda: einsum((X,), ((1, 0),), (0, 1), (4, 2)), "sizes of its indices"),
    ("an einsum that is a product", lambda: einsum((X, X), ((0, 1), (0, 1)), (0, 1), (2, 3)), "is a Map"),
    ("an einsum that is nothing", lambda: einsum((X,), ((0, 1),), (0, 1), (2, 3)), "is a Map"),
    ("no axis", lambda: Reduce.make((X,), (record("max"), ())), "sorted, distinct and exist"),
    ("axes in disorder", lambda: Reduce.make((X,), (record("max"), (1, 0))), "sorted, distinct and exist"),
    ("an axis too many", lambda: Reduce.make((X,), (record("max"), (2,))), "sorted, distinct and exist"),
    ("another number of entries", lambda: Reshape.make((X,), ((5,),)), "keeps names whole"),
    ("a name cut", lambda: Reshape.make((W,), ((3, N),)), "keeps names whole"),
    ("a name exchanged", lambda: Reshape.make((W,), ((M, 3),)), "keeps names whole"),
    ("an entry that is not there", lambda: Slice.make((X,), (((0, 3, 1), None),)), "entries exist"),
    ("a step too far", lambda: Slice.make((X,), ((None, (1, 2, -2)),)), "entries exist"),
    ("an end unknown", lambda: Slice.make((W,), (((0, 1, 1), None),)), "entries exist"),
    ("too large for its place", lambda: Pad.make((X,), (((0, 1, 1), None), (4, 3))), "the shape of its places"),
    ("outside its place", lambda: Pad.make((X,), (((3, 2, 1), None), (4, 3))), "which exist"),
    ("one array joined", lambda: Concat.make((X,), (0,)), "agree in all other axes"),
    ("unequal arrays joined", lambda: Concat.make((X, Y), (0,)), "agree in all other axes"),
    ("an index that is no integer", lambda: Gather.make((X, Z), (0, 0)), "indices are integers"),
    ("rows that are not shared", lambda: Gather.make((Y, WHOLE), (1, 1)), "share the batch axes"),
    ("scattered by floats", lambda: Scatter.make((X, X), (0, 0, 5)), "indices are integers"),
    ("a derivative left over", lambda: D.make((X, Y), ()), "not worked out"),
    ("a kind nobody knows", lambda: Stranger.make((), ()), "nobody knows, Stranger"),
    ("another kind of number", altered, "does not follow from the parts"),
]


@pytest.mark.parametrize(("plant", "complaint"), [p[1:] for p in PLANTED], ids=[p[0] for p in PLANTED])
def test_a_planted_violation_is_found_wherever_it_stands(plant: Callable[[], Node], complaint: str) -> None:
    node = plant()
    with pytest.raises(InvalidGraph, match=complaint):
        verify([node])
    # Below other nodes, and beside good ones.
    with pytest.raises(InvalidGraph, match=complaint):
        verify([X * 2, Map.make((node,), (record("neg"),))])


def test_good_graphs_pass() -> None:
    total = (X @ Y).sum() + Size.of(N) * Const.of(2.0) + W.max() + X[0, ::2].sum() + X[:, np.array([0, 0])].mean()
    verify([total, B & (X > 0), WHOLE + 1, np.where(B, X, 1.0)])
    verify([])


def test_derivatives_stand_in_explanations() -> None:
    verify([D.make((X, Y), ())], allow_derivatives=True)
