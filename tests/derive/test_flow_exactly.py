"""The masks of cotangents and tangents, node for node: which are joined, moved, and met by a selection.

A mask too many costs a selection and a mask too few 0·∞; the numbers of most programs show neither.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chainrule.derive.flow import Flow, Wild, as_mask, both, guard, support
from chainrule.derive.forward import forward, identity, jacobian, tangent
from chainrule.derive.local import is_product, slopes, takes_derivative
from chainrule.derive.reverse import reverse
from chainrule.ir.build import as_node, broadcast
from chainrule.ir.errors import DerivativeError
from chainrule.ir.graph import toposort
from chainrule.ir.node import Const, D, Input, Map, Node
from chainrule.ir.registry import call, record
from chainrule.ops.activations import relu
from chainrule.ops.reduce import logsumexp, max, prod
from chainrule.ops.select import where
from chainrule.ops.shape import concatenate
from chainrule.ops.transcendental import exp, log, sin, sqrt, tanh
from chainrule.run.interpret import interpret
from tests.differentiated import Traced

X, Y, G = Input.of("x", (3,)), Input.of("y", (3,)), Input.of("g", (3,))
A, B = Input.of("a", (3,), "bool"), Input.of("b", (3,), "bool")
NOT_A = call("logical_not", A)


def test_the_sum_of_two_flows_is_closed_where_both_are() -> None:
    def mask(a: Node | None, b: Node | None) -> Node | None:
        return Flow(X, a).joined(Flow(Y, b)).mask

    assert Flow(X).joined(Flow(Y)).value is X + Y
    assert mask(None, None) is None
    assert mask(A, None) is mask(None, A) is None
    assert mask(A, A) is A
    assert mask(A, B) is call("logical_or", A, B)
    assert mask(A, NOT_A) is mask(NOT_A, A) is None
    assert [Flow(X, None, a).joined(Flow(Y, None, b)).wild for a in (0, 1) for b in (0, 1)] == [0, 1, 1, 1]


def test_a_mask_goes_the_way_of_its_flow() -> None:
    moved = Flow(X, A, True).through(lambda n: n[::-1])
    assert (moved.value, moved.mask, moved.wild) == (X[::-1], A[::-1], True)
    assert Flow(X).through(lambda n: n[::-1]).mask is None
    added = Flow(X, A).through(lambda n: call("sum", n))
    assert added.mask is (call("sum", A) > 0)
    assert as_mask(A) is A
    assert as_mask(None) is None


def test_both_is_open_where_both_are() -> None:
    assert both(None, None) is None
    assert both(A, None) is both(None, A) is both(A, A) is A
    assert both(A, B) is call("logical_and", A, B)


def test_the_support_of_a_slope() -> None:
    assert support(A) is A
    assert support(where(A, X, 0.0)) is A
    assert support(where(A, 0.0, X)) is NOT_A
    assert support(where(A, 0.0, 0.0)) is A
    assert support(where(A, X, Y)) is None
    assert support(where(A, X, 1.0)) is None
    assert support(where(A, 1.0, Y)) is None
    assert support(X) is support(X * Y) is support(call("clip", X, 0.0, 0.0)) is None


@pytest.mark.parametrize("wild_flow", [False, True])
@pytest.mark.parametrize("wild_slope", [False, True])
@pytest.mark.parametrize("mask", [None, A])
@pytest.mark.parametrize("slope", [B, X])
def test_a_product_is_selected_where_a_zero_by_structure_meets_what_may_be_infinite(
    wild_flow: bool, wild_slope: bool, mask: Node | None, slope: Node
) -> None:
    expected = both(mask if wild_slope else None, B if wild_flow and slope is B else None)
    assert guard(Flow(G, mask, wild_flow), slope, wild_slope) is expected


def test_what_may_be_infinite() -> None:
    root, inf = sqrt(X), Const.of(np.inf)
    nodes = toposort([tanh(root + Y), inf, sin(Y) * 2.0, X / Y, X / 2.0, Const.of(np.array([np.inf, 1.0])), root > 0])
    wild = Wild(nodes)
    found = {n for n in nodes if wild.any([n])}
    assert found == {root, root + Y, tanh(root + Y), inf, X / Y}
    assert wild.any([Y, root])
    assert not wild.any([])
    product = root * Y
    assert wild.slope(product, root)
    assert not wild.slope(product, Y)
    assert not wild.slope(root, A)
    assert wild.slope(root, Y)
    assert wild.slope(tanh(root), 1 - tanh(root) ** 2)
    assert not wild.slope(tanh(Y), 1 - tanh(Y) ** 2)


def selections(node: Node) -> int:
    return sum(isinstance(n, Map) and n.op.name == "where" for n in toposort([node]))


def test_cotangents_by_node() -> None:
    def pulled(output: Node) -> Node:
        return reverse({output: G}, [X]).get(X)

    assert pulled(X + 1.0) is G
    assert pulled(-X) is -G
    assert pulled(1.0 - X) is -G
    assert pulled(2.0 * X) is G * 2.0
    assert pulled(relu(X)) is G * call("astype", relu(X) > 0, float)
    # A flow that may be infinite meets a mask: the mask chooses, and does not multiply as well.
    on = relu(log(X)) > 0
    assert pulled(relu(log(X))) is where(on, G * call("astype", on, float) * (1 / X), 0.0)
    assert pulled(log(relu(X))) is where(relu(X) > 0, G * (1 / relu(X)), 0.0)
    assert pulled(where(A, -log(X), 0.0)) is where(A, -(G * call("astype", A, float)) * (1 / X), 0.0)


def test_a_wild_flow_remembers_its_mask_through_signs_and_sums() -> None:
    seeds: dict[Node, Node] = {X: Input.of("t", (3,))}
    chosen = where(A, X, 0.0)
    for f, count in ((lambda v: log(-v), 1), (lambda v: log(v + 1.0), 1), (lambda v: log(1.0 - v), 1)):
        (pushed,) = forward([f(chosen)], seeds)
        assert selections(pushed) == selections(f(chosen)) + count
    # Nothing is infinite here, so that nothing is selected.
    for plain in (sin(chosen), tanh(-chosen), (chosen * Y), logsumexp(chosen), max(chosen)):
        (pushed,) = forward([plain], seeds)
        assert selections(pushed) <= selections(plain) + isinstance(plain.op, type(max))


def test_tangents_by_node() -> None:
    t = Input.of("t", (3,))

    def pushed(output: Node) -> Node:
        return forward([output], {X: t})[0]

    assert pushed(X + 1.0) is t
    assert pushed(-X) is pushed(1.0 - X) is -t
    assert pushed(sin(Y)) is broadcast(as_node(0.0), (3,))
    assert pushed(relu(X)) is call("astype", relu(X) > 0, float) * t
    assert pushed(X * Y) is Y * t
    assert pushed(log(where(A, X, 1.0))) is where(A, (1 / where(A, X, 1.0)) * (call("astype", A, float) * t), 0.0)
    assert tangent(X + Y, [None, t], ()) is t
    assert tangent(X + Y, [None, None], ()) is None
    assert tangent(where(A, X, Y), [None, None, t], ()) is call("astype", NOT_A, float) * t


def test_a_mask_of_joined_arrays_is_open_where_nothing_is_known_and_closed_where_nothing_varies() -> None:
    t = Input.of("t", (3,))
    both_vary = sqrt(concatenate([where(A, X, 0.0), X, Y]))
    (pushed,) = forward([both_vary], {X: t})
    values = {"x": np.array([0.0, 4.0, 9.0]), "a": np.array([False, True, True])}
    given = {**values, "y": np.zeros(3), "t": np.ones(3)}
    with np.errstate(all="ignore"):
        (found,) = interpret([pushed], given)
    np.testing.assert_array_equal(found, [0, 0.25, 1 / 6, np.inf, 0.25, 1 / 6, 0, 0, 0])


def test_through_what_a_derivative_flows() -> None:
    n = Input.of("n", (2,), "int")
    assert takes_derivative(X * Y, 0)
    assert [takes_derivative(where(A, X, Y), i) for i in range(3)] == [False, True, True]
    taken = call("take", X, n, axis=0)
    assert [takes_derivative(taken, i) for i in range(2)] == [True, False]
    assert [takes_derivative(concatenate([X, Y, X]), i) for i in range(3)] == [True] * 3
    with pytest.raises(DerivativeError, match="work it out first"):
        takes_derivative(D.make((tanh(X), X), ()), 0)
    matrix = Input.of("m", (3, 3))
    assert not is_product(call("transpose", matrix))
    assert not is_product(tanh(X))
    assert is_product(matrix @ X)
    assert is_product(record("inv")(matrix))


def test_slopes_are_made_where_they_are_needed() -> None:
    product = X * Y
    assert slopes(product, (True, False)) == [Y, None]
    assert slopes(product, (False, True)) == [None, X]
    assert slopes(where(A, X, Y), (False, True, True)) == [None, A, NOT_A]
    (one, minus) = slopes(X - Y, (True, True))
    assert one is broadcast(as_node(1), (3,))
    assert minus is broadcast(as_node(-1), (3,))


def test_the_identity() -> None:
    matrix = Input.of("m", (2, 3))
    found = interpret([identity(matrix)], {})[0]
    np.testing.assert_array_equal(found, np.eye(6).reshape(2, 3, 2, 3))
    assert identity(Input.of("s", ())) is as_node(1.0)


def test_nothing_is_handed_to_what_was_not_asked_for() -> None:
    found = reverse({exp(X) * Y: G}, [X])
    assert set(found.of) == {exp(X) * Y, exp(X), X}
    assert found.get(Y) is broadcast(as_node(0.0), (3,))


# Where a scalar operation's value or slope is infinite, though its operand is not.
INFINITE = [("exp", 800.0), ("log", 0.0), ("sqrt", 0.0)]


@pytest.mark.parametrize(("name", "at"), INFINITE)
def test_a_branch_that_is_infinite_and_not_taken_hands_nothing_back(name: str, at: float) -> None:
    traced = Traced(lambda v, taken: where(taken, record(name)(v), v), [at, False])
    np.testing.assert_array_equal(traced.pull()[0], 1.0)
    np.testing.assert_array_equal(traced.push([1.0]), 1.0)


def test_an_output_that_does_not_vary_has_a_jacobian_of_zeros() -> None:
    (found,) = jacobian([Y * 2.0], Input.of("w", (2,)))
    assert found is broadcast(as_node(0.0), (3, 2))


def test_what_no_operand_of_varies_has_no_tangent() -> None:
    for node in (tanh(X), max(X), X[::-1], D.make((tanh(X), X), ())):
        assert tangent(node, [None] * len(node.args), ()) is None


# With x closed off everywhere by structure, and y where its root is NaN.
BESIDE: list[tuple[str, Any]] = [
    ("elementwise", lambda x, y: tanh(where(x > 9.0, x, 0.0) + sqrt(y))),
    ("a reduction", lambda x, y: logsumexp(where(x > 9.0, x, 0.0) + sqrt(y))),
    ("a product over an axis", lambda x, y: prod(where(x > 9.0, x, 0.0) + sqrt(y))),
]


@pytest.mark.parametrize("f", [f for _, f in BESIDE], ids=[name for name, _ in BESIDE])
def test_a_closed_path_stays_closed_beside_what_is_not_a_number(f: Any) -> None:
    traced = Traced(f, [np.array([1.0, 2.0]), np.array([-1.0, 4.0])])
    np.testing.assert_array_equal(traced.pull()[0], [0.0, 0.0])
    found = traced.jacobians()[0]
    np.testing.assert_array_equal(found, np.zeros(found.shape))


@pytest.mark.parametrize("slope", [1.0, -1.0, 2.0])
def test_a_reduction_with_one_slope_everywhere_still_adds_up(slope: float) -> None:
    total = replace(max, name="total", stands_for=(), partials=lambda x, y, over: broadcast(as_node(slope), x.shape))
    traced = Traced(lambda x: total(x, axis=1), [np.ones((2, 3))])
    np.testing.assert_array_equal(traced.push([np.arange(6.0).reshape(2, 3)]), [3 * slope, 12 * slope])
    np.testing.assert_array_equal(traced.pull([1.0, 10.0])[0], slope * np.repeat([[1.0], [10.0]], 3, 1))


def test_behind_a_reduction_a_path_is_open_where_any_of_its_entries_was() -> None:
    for f in (lambda x: sqrt(max(where(x > 1.5, x, 0.0))), lambda x: sqrt(max(where(x > 1.5, x, 0.0)[None], axis=1))):
        traced = Traced(f, [np.array([1.0, 4.0, 2.0])])
        np.testing.assert_array_equal(traced.pull()[0], [0.0, 0.25, 0.0])
        np.testing.assert_array_equal(np.ravel(traced.push([[1.0, 1.0, 1.0]])), [0.25])


def test_a_slope_that_chooses_does_not_multiply_as_well() -> None:
    t = Input.of("t", (3,))
    (pushed,) = forward([relu(log(X))], {X: t})
    assert pushed is where(relu(log(X)) > 0, 1 / X * t, 0.0)


# The function, its arguments, the gradient in each.
DOORS: list[tuple[str, Any, tuple[Any, ...], tuple[Any, ...]]] = [
    ("a pole behind two doors", lambda x: where(x > 1, where(x >= 0, log(x), 0.0), 0.0), (0.0,), (0.0,)),
    ("a door before a pole, one behind", lambda x: where(x > 1, sqrt(where(x >= 0, x, 0.0)), 0.0), (0.0,), (0.0,)),
    ("a pole, a sign, a door", lambda x: where(x > 1, -log(x), 0.0), (0.0,), (0.0,)),
    ("a pole, a sum, a door", lambda x: where(x > 1, log(x) + x, 0.0), (0.0,), (0.0,)),
    ("a pole, a row, a door", lambda x: where(x > 1, log(x)[::-1], 0.0), ([0.0, 0.0],), ([0.0, 0.0],)),
    (
        "a door, a product with negative numbers, a pole",
        lambda x: sqrt(where(x < 9.0, x, 0.0) @ np.array([-2.0, -1.0])),
        ([-2.0, 1.0],),
        (np.array([-2.0, -1.0]) / (2 * np.sqrt(3)),),
    ),
    (
        "a pole, a product with negative numbers, a door",
        lambda x: where(x.sum() < 9, sqrt(x) @ np.array([-1.0, 2.0]), 0.0),
        ([1.0, 4.0],),
        ([-0.5, 0.5],),
    ),
    (
        "a pole, a product with a zero, a door",
        lambda x, y: where(x.sum() < 9, (y * np.array([0.0, 1.0])) @ sqrt(x), 0.0),
        ([4.0, 9.0], [1.0, 1.0]),
        ([0.0, 0.0], [0.0, 0.0]),
    ),
]


@pytest.mark.parametrize(("f", "at", "gradients"), [row[1:] for row in DOORS], ids=[row[0] for row in DOORS])
def test_doors_and_poles_in_any_order(f: Any, at: Any, gradients: Any) -> None:
    traced = Traced(f, list(map(np.asarray, at)))
    for found, pushed, expected in zip(traced.pull(), traced.jacobians(), gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        along = np.sum(pushed, axis=tuple(range(len(traced.output.shape))))
        np.testing.assert_allclose(along, expected, rtol=1e-14)


def test_a_product_with_what_is_infinite_may_be_infinite() -> None:
    """Forward: in reverse a zero is not followed through a product, which is arithmetic."""
    traced = Traced(lambda x, y: where(y.sum() > 9, x @ log(y), 0.0), [np.array([1.0, 2.0]), np.array([0.0, 1.0])])
    np.testing.assert_array_equal(traced.jacobians(), np.zeros((2, 2)))


def test_what_moves_numbers_hands_on_what_is_known_of_them() -> None:
    t, matrix = Input.of("t", (3,)), Input.of("m", (3, 3))
    for node in (X[::-1], (X + sqrt(Y))[::-1], matrix @ X, call("take", X, np.array([0, 2, 2]), axis=0)):
        (pushed,) = forward([relu(node)], {X: t})
        assert selections(pushed) == 0
        (pulled,) = (reverse({relu(node): G}, [X]).get(X),)
        assert selections(pulled) == 0
    assert selections(forward([relu(log(X)[::-1])], {X: t})[0]) == 1
    assert selections(forward([relu(matrix @ log(X))], {X: t})[0]) == 1
    assert selections(reverse({sqrt(X[::-1] * 2.0): G}, [X]).get(X)) == 0


def test_in_reverse_a_door_before_a_product_with_what_is_infinite_is_closed() -> None:
    traced = Traced(lambda x, y: where(x > 9, x, 0.0) @ log(y), [np.array([1.0, 2.0]), np.array([0.0, 1.0])])
    np.testing.assert_array_equal(traced.pull()[0], [0.0, 0.0])


def test_in_reverse_a_door_before_what_is_finite_only_multiplies() -> None:
    matrix = Input.of("m", (3, 3))
    for node in ((relu(X) + sqrt(Y))[::-1], matrix @ relu(X), (matrix + sqrt(Y)) @ X * 0.0 + matrix @ relu(X)):
        assert selections(reverse({node: G}, [X]).get(X)) == 0


def test_an_order_has_no_derivative() -> None:
    assert not takes_derivative(call("argsort", X), 0)


def test_an_output_that_does_not_depend_on_it_hands_nothing_back() -> None:
    found = reverse({Y * 2.0: G, X[::-1]: G}, [X])
    assert set(found.of) == {X, X[::-1]}


def test_an_index_that_depends_on_the_variable_hands_nothing_back() -> None:
    x, c = np.array([3.0, 1.0, 2.0]), np.array([1.0, 10.0, 100.0])
    traced = Traced(lambda v: call("take", v, call("argsort", v), axis=0) * c, [x])
    np.testing.assert_array_equal(traced.pull()[0], [100.0, 1.0, 10.0])
    np.testing.assert_array_equal(traced.push([[1.0, 2.0, 3.0]]), [2.0, 30.0, 100.0])


def test_what_no_derivative_flows_through_hands_nothing_back_and_nothing_goes_where_none_is_wanted() -> None:
    matrix = Input.of("m", (3, 3))
    found = reverse({record("det_sign")(matrix): as_node(1.0)}, [matrix])
    assert found.get(matrix) is broadcast(as_node(0.0), (3, 3))
    beside = reverse({record("det_sign")(matrix) + call("sum", matrix): as_node(1.0)}, [matrix])
    assert beside.get(matrix) is broadcast(as_node(1.0), (3, 3))
    product = matrix @ X
    assert set(reverse({product: G}, [X]).of) == {product, X}


def test_through_whole_numbers_nothing_flows() -> None:
    traced = Traced(lambda v: v * call("astype", call("argsort", v), float), [np.array([3.0, 1.0, 2.0])])
    np.testing.assert_array_equal(traced.pull()[0], [1.0, 2.0, 0.0])
    np.testing.assert_array_equal(traced.push([[1.0, 1.0, 1.0]]), [1.0, 2.0, 0.0])


def test_a_derivative_that_is_not_worked_out_is_refused_in_both_directions() -> None:
    unknown = D.make((tanh(X), X), ())
    with pytest.raises(DerivativeError, match="work it out first"):
        reverse({unknown: Input.of("h", (3, 3))}, [X])
    with pytest.raises(DerivativeError, match="work it out first"):
        forward([unknown], {X: G})
