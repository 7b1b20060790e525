"""Names found again in other spellings, node for node: of logarithms, of products, of sums; and when telling ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import broadcast, cast, constant
from chainrule.ir.graph import rebuild
from chainrule.ir.node import Einsum, Input, Node
from chainrule.ir.registry import call, record
from chainrule.simplify import telling, told
from chainrule.simplify.telling import Named

V, U, W, X = (Input.of(n, (3,)) for n in "vuwx")
S, T, Q = (Input.of(n, ()) for n in "stq")
A = Input.of("A", (3, 3))
K, L = (Input.of(n, (3,), "int") for n in "kl")
Names = tuple[Node, ...]


def spread(node: Node) -> Node:
    return broadcast(node, (3,))


def tanhs(depth: int) -> Node:
    node: Node = V
    for _ in range(depth):
        node = call("tanh", node)
    return node


TOTAL = spread(record("logsumexp")(V))
LOG_P, MINUS_LOG_P = V - TOTAL, TOTAL - V
P = call("exp", LOG_P)
SIGMOID, OTHER_SIGMOID = call("sigmoid", V), call("sigmoid", -V)
FAR = constant(-2, "float")

LOGARITHMS: dict[str, tuple[Names, Node, Node | None]] = {
    "of a softmax": ((P,), LOG_P, call("log", P)),
    "of one without a name": ((), LOG_P, None),
    "its negative": ((P,), MINUS_LOG_P, -call("log", P)),
    "that of one without a name": ((U * V,), MINUS_LOG_P, None),
    "a difference that is none": ((P, call("exp", V - U)), V - U, None),
    "any exponent": ((call("exp", V * U),), V * U, None),
    "what is not elementwise": ((call("exp", V @ U),), V @ U, None),
    "of a sigmoid": ((SIGMOID,), call("log_sigmoid", V), call("log", SIGMOID)),
    "of a sigmoid without a name": ((P,), call("log_sigmoid", V), None),
    "of the other share": ((SIGMOID,), call("log_sigmoid", -V), call("log", 1 - SIGMOID)),
    "of the other share that has a name": ((OTHER_SIGMOID,), call("log_sigmoid", -V), call("log", OTHER_SIGMOID)),
    "of the other share where both have": (
        (SIGMOID, OTHER_SIGMOID),
        call("log_sigmoid", -V),
        call("log", OTHER_SIGMOID),
    ),
    "of the other share where none has": ((P,), call("log_sigmoid", -V), None),
    "of a sigmoid of something else": ((SIGMOID,), call("log_sigmoid", call("tanh", V)), None),
    "of a sigmoid of a number": ((SIGMOID,), call("log_sigmoid", FAR), None),
}

PRODUCT = V * U
QUOTIENT = V / spread(S)
WHOLE = cast(K, "float") * cast(L, "float")
SIGNED = call("sigmoid", -V) * U

PRODUCTS: dict[str, tuple[Names, Node, Node | None]] = {
    "a part of a product": ((PRODUCT,), V * W * U, W * PRODUCT),
    "of each term": ((PRODUCT,), V * U * W + X * V * U, PRODUCT * (W + X)),
    "nothing has a name": ((), V * W * U, None),
    "half of it": ((PRODUCT,), V * W, None),
    "what is no product has none inside": ((PRODUCT,), call("tanh", V * U * W), None),
    "a quotient": ((QUOTIENT,), V * W / spread(S), W * QUOTIENT),
    "the second of two names": ((X * W, PRODUCT), V * Q * U, spread(Q) * PRODUCT),
    "whole numbers": ((WHOLE,), cast(K * L, "float"), WHOLE),
    "a single number where arrays are": ((S * T,), spread(S * Q * T), spread(Q * (S * T))),
    "an array where there is a single number": ((spread(S * T),), S * Q * T, None),
    "a name for the negative of one thing": ((-V,), -(V * U), None),
    "a name for a square": ((V**2,), V * V * U, None),
    "an array of single numbers": ((spread(S), spread(T), spread(S) * spread(T)), S * Q * T, None),
    "a name with a sum in it": (((V + U) * W,), W * X * (V + U), X * ((V + U) * W)),
    "a name that is a sum": ((V * W + U,), (V * W + U) * X, None),
    "a name that is spelled otherwise": ((SIGNED,), (1 - SIGMOID) * W * U, W * SIGNED),
    "a name with a name in it": ((PRODUCT, PRODUCT * W), PRODUCT * X * W, X * (PRODUCT * W)),
    "a name of a long sum": ((sum((tanhs(k) for k in range(1, 300)), V) * U,), V * U, None),
}

DOT, SUM = V @ U, call("sum", V * U)
MINUS_DOT = -DOT
FORM = V @ (A @ U)
ALL_AT_ONCE = Einsum.of([V, A, U], [(0,), (0, 1), (1,)], (), {0: 3, 1: 3})

SUMS: dict[str, tuple[Names, Node, Node | None]] = {
    "spelled otherwise": ((DOT,), SUM, DOT),
    "its negative": ((DOT,), -SUM, -DOT),
    "the negative has the name": ((MINUS_DOT,), SUM, -MINUS_DOT),
    "another": ((DOT,), V @ W, None),
    "of no name": ((), SUM, None),
    "something and a sum": ((S + DOT,), S + SUM, S + DOT),
    "something without a sum": ((S - DOT,), S - SUM, S - DOT),
    "a multiple of a sum": ((S * DOT,), S * SUM, S * DOT),
    "a part of a sum": ((DOT / S,), SUM / S, DOT / S),
    "what is divided by a sum": ((S / DOT,), S / SUM, None),
    "a function of a sum": ((call("tanh", DOT), DOT), call("tanh", SUM), None),
    "a sum that is spread": ((spread(DOT), V * DOT), spread(SUM), None),
    "a product of matrices": ((FORM,), ALL_AT_ONCE, None),
    "the name of a product of matrices": ((DOT, ALL_AT_ONCE), FORM, None),
    "no sum": ((U * V, DOT), V * U, None),
    "200 operations": ((tanhs(197) @ U,), U @ tanhs(197), tanhs(197) @ U),
    "201 in the name": ((tanhs(198) @ U, tanhs(100)), U @ tanhs(198), None),
    "201 in the sum": ((tanhs(197) @ U,), -(U @ tanhs(197)), None),
    "200 in the sum": ((tanhs(196) @ U,), -(U @ tanhs(196)), -(tanhs(196) @ U)),
    "201 but for what has names": ((tanhs(197) @ U, tanhs(100)), -(U @ tanhs(197)), -(tanhs(197) @ U)),
}


@pytest.mark.parametrize("name", LOGARITHMS)
def test_the_logarithm_of_what_has_a_name(name: str) -> None:
    names, node, wanted = LOGARITHMS[name]
    assert Named(names).logarithm(node) is wanted


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_that_has_a_name(name: str) -> None:
    names, node, wanted = PRODUCTS[name]
    assert Named(names).product(node) is wanted


@pytest.mark.parametrize("name", SUMS)
def test_a_sum_that_has_a_name(name: str) -> None:
    names, node, wanted = SUMS[name]
    assert Named(names).sum(node) is wanted


def test_names_and_the_words_of_the_function_go_together() -> None:
    """The gradient of ½(xw − y)² is told by the function's own xw − y; with a sign in front, if that is y − xw."""
    residual = V * U - W
    assert told(X * (W - V * U), {}, [residual]) is -(X * residual)
    assert told(X * (V * U - W), {}, [W - V * U]) is -(X * (W - V * U))


def test_what_is_used_again_and_again_is_counted_once() -> None:
    node: Node = V
    for _ in range(40):
        node = call("tanh", node) * node
    assert Named([node @ U]).sum(U @ node) is node @ U


def test_a_number_is_worked_out_before_it_is_spelled() -> None:
    """As it runs, with all its digits: exp(1) − 1 would lose the last one."""
    number = record("expm1")(constant(1, "float"))
    assert told(number * V, {}) is constant(np.expm1(1.0), "float") * V
    assert np.expm1(1.0) != np.exp(1.0) - 1


def test_the_gradient_is_not_called_by_its_own_name() -> None:
    gradient = OTHER_SIGMOID * V
    assert told(gradient, {gradient: "g"}) is told(gradient, {}) is not gradient


def counted(monkeypatch: pytest.MonkeyPatch, change: Callable[[Node], Node]) -> list[Node]:
    """What each round of telling ended in; after each, the formula is changed."""
    ends: list[Node] = []

    def rebuilt(outputs: Any, make: Any, known: Any) -> list[Node]:
        ends.extend(map(change, rebuild(outputs, make, known)))
        return ends[-1:]

    monkeypatch.setattr(telling, "rebuild", rebuilt)
    return ends


def test_a_formula_that_is_done_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = counted(monkeypatch, lambda node: node)
    assert told(V * U, {}) is V * U
    assert len(ends) == 1


def test_rounds_end_even_if_each_finds_something(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = counted(monkeypatch, lambda node: call("tanh", node))
    assert told(V, {}) is tanhs(4)
    assert len(ends) == 4
