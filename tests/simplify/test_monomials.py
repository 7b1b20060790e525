"""Which polynomial an expression is, in which atoms and in which order; and how monomials are reckoned with."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.build import as_node, broadcast, cast
from chainrule.ir.dims import Dim
from chainrule.ir.node import Einsum, Input, Map, Node, Reshape, Size
from chainrule.ir.registry import call, record
from chainrule.simplify.monomials import (
    Expansion,
    Monomial,
    TooLong,
    common,
    has,
    is_arithmetic,
    joined,
    negated,
    net,
    product,
    sides,
    total,
    without,
)

A, B, C, D = (Input.of(n, ()) for n in "abcd")
U, V, W = (Input.of(n, (3,)) for n in "uvw")
X, Y = (Input.of(n, (2, 3)) for n in "xy")
Q = Input.of("q", (3, 3))
M, L = (Input.of(n, (3,), "bool") for n in "ml")
COUNTS, OTHERS = (Input.of(n, (3,), "int") for n in "ij")
N, K = Size.of(Dim("N")), Size.of(Dim("K"))
SIZE_N, SIZE_K = cast(N, "float"), cast(K, "float")
ALWAYS = Input.of("c", (), "float", frozenset({"positive"}))
"""Declared to be positive."""

Terms = list[tuple[Any, ...]]
"""Of each term the number, then its atoms and their powers, in order; what divides stands before what multiplies."""


def operation(name: str, *args: Node) -> Node:
    """An operation as it is, of numbers too."""
    return Map.of(record(name), *args)


def spread(node: Node, shape: tuple[int, ...] = (3,)) -> Node:
    return broadcast(node, shape)


def reshaped(node: Node, *shape: int) -> Node:
    return Reshape.make((node,), (shape,))


def log(node: Node) -> Node:
    return operation("log", node)


def assert_terms(expansion: Expansion, polynomial: dict[Monomial, Fraction] | None, terms: Terms) -> None:
    """The terms in order, node for node, with fractions as their numbers."""
    assert polynomial is not None
    assert all(type(number) is Fraction for number in polynomial.values())
    found = [
        (number, *(part for i, power in monomial for part in (expansion.atoms[i], power)))
        for monomial, number in polynomial.items()
    ]
    assert [tuple(map(_known, term)) for term in found] == [tuple(map(_known, term)) for term in terms], found


def _known(part: Any) -> Any:
    """What a part of a term is compared by: a node by what it is, as == would make an expression of two."""
    return id(part) if isinstance(part, Node) else part


LOG_P = V - spread(call("logsumexp", V))
MINUS_LOG_P = spread(call("logsumexp", V)) - V
NEITHER = call("where", ~M, V, W)
DOT = call("einsum", "i,i->", U, V)
FORM = call("einsum", "ij,j->", X, V)
FORM_TURNED = Einsum.of([V, X], [(1,), (0, 1)], (), {0: 2, 1: 3})

TABLE: dict[str, tuple[Node, Terms]] = {
    # Each: an expression, and its terms when all is multiplied out.
    "a letter": (A, [(1, A, 1)]),
    "a number": (as_node(2.5), [(Fraction(5, 2),)]),
    "nothing": (as_node(0.0), []),
    "a number that is spread": (V + 2, [(1, V, 1), (2,)]),
    "an infinite one": (V + float("inf"), [(1, V, 1), (1, as_node(float("inf")), 1)]),
    "one divided by nothing": (operation("div", A, as_node(0.0)), [(1, A, 1, as_node(0.0), -1)]),
    "a sum": (A + B, [(1, A, 1), (1, B, 1)]),
    "a difference": (A - B, [(1, A, 1), (-1, B, 1)]),
    "a sign": (-(A - B), [(-1, A, 1), (1, B, 1)]),
    "like terms": (A + B + 2 * A, [(3, A, 1), (1, B, 1)]),
    "a term that goes and comes": (A - A + B + A, [(1, B, 1), (1, A, 1)]),
    "a product": (3 * A * B * 2, [(6, A, 1, B, 1)]),
    "one of sums": ((A + B) * (A - C), [(1, A, 2), (-1, A, 1, C, 1), (1, A, 1, B, 1), (-1, B, 1, C, 1)]),
    "a quotient": (A / (2 * B), [(Fraction(1, 2), A, 1, B, -1)]),
    "one of sums above": ((A + B) / C, [(1, A, 1, C, -1), (1, B, 1, C, -1)]),
    "one of sums below": (A / (B + C), [(1, A, 1, B + C, -1)]),
    # Powers, up to the eighth; others are left alone.
    "the power 0": (operation("pow", A + B, as_node(0.0)), [(1,)]),
    "the power 1": (operation("pow", A + B, as_node(1.0)), [(1, A, 1), (1, B, 1)]),
    "a square": ((A + 2 * B) ** 2, [(1, A, 2), (4, A, 1, B, 1), (4, B, 2)]),
    "a cube": ((2 * A) ** 3, [(8, A, 3)]),
    "the eighth": (A**8, [(1, A, 8)]),
    "the ninth": (A**9, [(1, A**9, 1)]),
    "a negative power": ((2 * A) ** -3, [(Fraction(1, 8), A, -3)]),
    "that of a sum": ((A + B) ** -2, [(1, A + B, -2)]),
    "the eighth, below": (A**-8, [(1, A, -8)]),
    "the ninth, below": (A**-9, [(1, A**-9, 1)]),
    "a root": (A**0.5, [(1, A**0.5, 1)]),
    "a letter as the power": (A**B, [(1, A**B, 1)]),
    # What is moved or repeated is seen through, and its atoms are moved.
    "a transpose": (operation("add", (X * Y).T, X.T), [(1, X.T, 1, Y.T, 1), (1, X.T, 1)]),
    "a transpose of a number and an array": ((A * X).T, [(1, A, 1, X.T, 1)]),
    "one of one": (spread((X - Y).T, (4, 3, 2)), [(1, spread(X.T, (4, 3, 2)), 1), (-1, spread(Y.T, (4, 3, 2)), 1)]),
    "a row that is repeated": (X * (V + W), [(1, X, 1, spread(V, (2, 3)), 1), (1, X, 1, spread(W, (2, 3)), 1)]),
    "a sum that is repeated": (V * (A + B), [(1, V, 1, A, 1), (1, V, 1, B, 1)]),
    "an axis put in": (reshaped(V + W, 3, 1), [(1, reshaped(V, 3, 1), 1), (1, reshaped(W, 3, 1), 1)]),
    "one more": (reshaped(X + Y, 2, 1, 3), [(1, reshaped(X, 2, 1, 3), 1), (1, reshaped(Y, 2, 1, 3), 1)]),
    "one taken out": (
        reshaped(reshaped(V, 3, 1) * reshaped(W, 3, 1), 3),
        [(1, reshaped(reshaped(V, 3, 1), 3), 1, reshaped(reshaped(W, 3, 1), 3), 1)],
    ),
    "in another order": (reshaped(X + Y, 3, 2), [(1, reshaped(X + Y, 3, 2), 1)]),
    "in one axis": (reshaped(X + Y, 6), [(1, reshaped(X + Y, 6), 1)]),
    "a sum over an axis": (call("sum", V + W), [(1, call("sum", V + W), 1)]),
    # Functions are atoms. Of a softmax's logarithm the difference is one; its negative has a sign.
    "a function": (operation("tanh", A + B), [(1, operation("tanh", A + B), 1)]),
    "the logarithm of a softmax": (LOG_P, [(1, LOG_P, 1)]),
    "its negative": (MINUS_LOG_P, [(-1, LOG_P, 1)]),
    "its negative, repeated": (X * MINUS_LOG_P, [(-1, X, 1, spread(LOG_P, (2, 3)), 1)]),
    # Brackets and what is counted.
    "a denial": (cast(~M, "float"), [(1,), (-1, cast(M, "float"), 1)]),
    "one that is repeated": (X * cast(~M, "float"), [(1, X, 1), (-1, X, 1, spread(cast(M, "float"), (2, 3)), 1)]),
    "the other case of two": (NEITHER, [(1, NEITHER, 1)]),
    "a product of sizes": (cast(N * K, "float"), [(1, SIZE_N, 1, SIZE_K, 1)]),
    "one that is spread": (V / cast(2 * (N * K), "float"), [(Fraction(1, 2), V, 1, SIZE_N, -1, SIZE_K, -1)]),
    "a sum of sizes": (cast(N + K, "float"), [(1, cast(N + K, "float"), 1)]),
    # What is no float is left as it is: a polynomial is written with floats.
    "whole numbers": (COUNTS * OTHERS, [(1, COUNTS * OTHERS, 1)]),
    "the sign of a whole number": (-(COUNTS * OTHERS), [(1, -(COUNTS * OTHERS), 1)]),
    # What divides and multiplies is cancelled where there is no number anyway, or the atom is never 0.
    "a letter by itself": (A / A, [(1, A, -1, A, 1)]),
    "once more above": (A**2 / A, [(1, A, -1, A, 2)]),
    "once more below": (A / A**2, [(1, A, -1)]),
    "where another term divides by it": (A / A + B / A, [(1,), (1, A, -1, B, 1)]),
    "what is declared positive": (ALWAYS / ALWAYS, [(1,)]),
    "more of it": (ALWAYS**3 / ALWAYS * A, [(1, ALWAYS, 2, A, 1)]),
    "a size": (SIZE_N * A / SIZE_N, [(1, A, 1)]),
    "terms that are alike then": (A / A**2 + 1 / A, [(2, A, -1)]),
    "terms that are nothing then": (A / A**2 - 1 / A, []),
    "where its logarithm stands": (A / A * B + log(A), [(1, B, 1), (1, log(A), 1)]),
    "where that of a multiple stands": (A / A + log(2 * A * B), [(1,), (1, log(2 * A * B), 1)]),
    "where that of another stands": (A / A + log(B), [(1, A, -1, A, 1), (1, log(B), 1)]),
    "where that of a sum stands": (A / A + log(A + B), [(1, A, -1, A, 1), (1, log(A + B), 1)]),
    # 1/log 0 is 0, and log 0 only stands in a sum over it.
    "where it is divided by its logarithm": (A / A / log(A), [(1, A, -1, A, 1, log(A), -1)]),
    "where its logarithms are summed": (
        call("sum", U) / call("sum", U) + call("sum", log(U)),
        [(1, call("sum", U), -1, call("sum", U), 1), (1, call("sum", log(U)), 1)],
    ),
    "where its logarithm is repeated": (
        spread(V, (2, 3)) / spread(V, (2, 3)) + X * spread(log(V), (2, 3)),
        [(1,), (1, X, 1, spread(log(V), (2, 3)), 1)],
    ),
    "where another function is repeated": (
        spread(V, (2, 3)) / spread(V, (2, 3)) + spread(operation("exp", V), (2, 3)),
        [(1, spread(V, (2, 3)), -1, spread(V, (2, 3)), 1), (1, spread(operation("exp", V), (2, 3)), 1)],
    ),
    # The atoms stand in the order in which they were met, in every term, whatever is cancelled.
    "the order of the atoms": (
        (A + B + C + D) * 0 + D * C * B * A,
        [(1, A, 1, B, 1, C, 1, D, 1)],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_polynomial_of_an_expression(name: str) -> None:
    node, terms = TABLE[name]
    expansion = Expansion(node, frozenset(), everything=True)
    assert_terms(expansion, expansion.polynomial, terms)
    assert all(atom.shape in ((), node.shape) for atom in expansion.atoms)


NAMED: dict[str, tuple[Node, tuple[Node, ...], bool, Terms]] = {
    # Each: an expression, what has a name, whether all is multiplied out, and its terms.
    "sums that are factors": ((A + B) * C, (), False, [(1, A + B, 1, C, 1)]),
    "sums that are summands": (A + B - (C + D), (), False, [(1, A, 1), (1, B, 1), (-1, C, 1), (-1, D, 1)]),
    "the square of a sum": ((A + B) ** 2, (), False, [(1, A + B, 2)]),
    "a sum of numbers that is spread": (V * (A + B), (), False, [(1, V, 1, A + B, 1)]),
    "a name": ((A + B) * C, (A + B,), True, [(1, A + B, 1, C, 1)]),
    "the name of all of it": (A * B, (A * B,), True, [(1, A, 1, B, 1)]),
    "the name of what is spread": (V * spread(A * B), (A * B,), True, [(1, V, 1, A * B, 1)]),
    "a name for what is spread": (V * spread(A * B), (spread(A * B),), True, [(1, V, 1, A * B, 1)]),
    "the name of what is transposed": ((X * Y).T + X.T, (X * Y,), True, [(1, (X * Y).T, 1), (1, X.T, 1)]),
}


@pytest.mark.parametrize("name", NAMED)
def test_sums_and_names_that_stay_as_they_are(name: str) -> None:
    node, names, everything, terms = NAMED[name]
    expansion = Expansion(node, frozenset(names), everything=everything)
    assert_terms(expansion, expansion.polynomial, terms)


CALLED: dict[str, tuple[Node, Node, Terms | None]] = {
    # Each: an expression, the product that has the name t, and the terms with t.
    "a factor": (A * B * C, A * B, [(1, C, 1, T := Input.of("t", ()), 1)]),
    "all of it": (A * B, A * B, [(1, T, 1)]),
    "of some terms": (C + A * B + D * A * B + D, A * B, [(1, C, 1), (1, T, 1), (1, D, 1, T, 1), (1, D, 1)]),
    "with a number": (3 * A * B, 2 * A * B, [(Fraction(3, 2), T, 1)]),
    "with a power": (A**3 * B, A**2 * B, [(1, A, 1, T, 1)]),
    "in another order": (B * A + C, A * B, [(1, T, 1), (1, C, 1)]),
    "a quotient": (C / B * A, A / B, [(1, C, 1, T, 1)]),
    "with a power below": (A / B**3, A / B**2, [(1, B, -1, T, 1)]),
    "no term with it": (A * C + B, A * B, None),
    "no such power": (A * B, A**2 * B, None),
    "no such power below": (A / B, A / B**2, None),
    "below, not above": (A / B, A * B, None),
    "no such atom": (A * C, A * B, None),
    "a dot product the other way round": (C * call("einsum", "i,i->", V, U), D * DOT, None),
    "one with the factor": (D * C * call("einsum", "i,i->", V, U), D * DOT, [(1, C, 1, T, 1)]),
    "a form the other way round": (D * C * FORM_TURNED, D * FORM, [(1, C, 1, T, 1)]),
}


@pytest.mark.parametrize("name", CALLED)
def test_a_product_called_by_its_name(name: str) -> None:
    node, named, terms = CALLED[name]
    expansion, other = (Expansion(n, frozenset(), everything=True) for n in (node, named))
    found = expansion.with_product(T, other)
    if terms is None:
        assert found is None
    else:
        assert_terms(expansion, found, terms)


def too_long(node: Node) -> bool:
    try:
        Expansion(node, frozenset(), everything=True)
    except TooLong:
        return True
    return False


def powers(count: int) -> Node:
    """1 + a + a² + …, of some terms."""
    result: Node = as_node(1.0)
    for k in range(1, count):
        result = operation("add", result, A**k)
    return result


LETTERS = [Input.of(f"x{k}", ()) for k in range(33)]


def test_how_long_an_expression_may_be() -> None:
    """200 parts, of which a letter is one, and 32 terms: as many as are written out before like terms are added up."""
    signs: Node = A
    for _ in range(199):
        signs = operation("neg", signs)
    assert not too_long(signs)
    assert too_long(operation("neg", signs))
    assert not too_long(reduce(add, LETTERS[:32]))
    assert too_long(reduce(add, LETTERS))
    assert not too_long(powers(4) * powers(8))
    assert too_long(powers(3) * (powers(8) + A**8 + B + C))
    assert too_long(powers(6) * powers(6))


def test_which_operations_are_arithmetic() -> None:
    for node in (A + B, A - B, A * B, A / B, -A, A**B):
        assert is_arithmetic(node)
    for node in (A, operation("tanh", A), COUNTS * OTHERS, LOG_P, call("sum", V)):
        assert not is_arithmetic(node)


ONE, TWO, THREE = Fraction(1), Fraction(2), Fraction(3)


def test_sums_and_products_of_polynomials() -> None:
    a, b, none = ((0, 1),), ((1, 1),), ()
    assert list(total({a: ONE, b: TWO}, {none: ONE, a: TWO}).items()) == [(a, THREE), (b, TWO), (none, ONE)]
    assert list(total({a: ONE, b: TWO}, {a: -ONE}).items()) == [(b, TWO)]
    assert negated({a: ONE, none: -TWO}) == {a: -ONE, none: TWO}
    assert list(product({a: TWO, none: ONE}, {b: THREE, none: -ONE}).items()) == [
        (((0, 1), (1, 1)), 6 * ONE),
        (a, -TWO),
        (b, THREE),
        (none, -ONE),
    ]


ABOVE, BELOW = ((0, 2), (1, 1)), ((0, -3), (2, 1))


def test_monomials_keep_what_divides_apart_from_what_multiplies() -> None:
    assert sides(((0, -1), (0, 2))) == {(0, False): -1, (0, True): 2}
    assert joined(ABOVE, BELOW) == ((0, -3), (0, 2), (1, 1), (2, 1))
    assert joined(ABOVE, ((0, 1), (3, -1))) == ((0, 3), (1, 1), (3, -1))
    assert joined(BELOW, ((0, -1),)) == ((0, -4), (2, 1))
    assert net(((0, -3), (0, 2), (1, 1))) == {0: -1, 1: 1}
    assert net(((0, -2), (0, 2))) == {0: 0}


def test_what_monomials_have_in_common() -> None:
    assert common([ABOVE]) == ABOVE
    assert common([ABOVE, ((0, 1), (2, 1))]) == ((0, 1),)
    assert common([((0, -1), (1, 3)), ((0, -2), (1, 2)), ((0, -3), (1, 4))]) == ((0, -1), (1, 2))
    assert common([ABOVE, BELOW]) == ()
    assert common([ABOVE, ()]) == ()


def test_factors_of_a_monomial() -> None:
    both = ((0, -3), (0, 2), (1, 1))
    assert has(both, ())
    assert has(both, ((0, 2),))
    assert not has(both, ((0, 3),))
    assert has(both, ((0, -3), (0, 1)))
    assert not has(both, ((0, -4),))
    assert not has(both, ((1, -1),))
    assert not has(both, ((2, 1),))
    assert without(both, ()) == both
    assert without(both, ((0, 1), (1, 1))) == ((0, -3), (0, 1))
    assert without(both, ((0, -3),)) == ((0, 2), (1, 1))
    assert without(both, ((0, -1),)) == ((0, -2), (0, 2), (1, 1))
