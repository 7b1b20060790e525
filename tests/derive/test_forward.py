"""Forward mode as an algorithm: tangents, whole Jacobians, and what the two directions give together."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.derive import forward, jacobian, reverse, tangent
from chainrule.derive.forward import identity
from chainrule.ir.dims import Dim, Sizes
from chainrule.ir.errors import DerivativeError
from chainrule.ir.node import Const, D, Delta, Input, Map, Node
from chainrule.ir.verify import verify
from chainrule.ops.reduce import logsumexp, prod
from chainrule.ops.select import where
from chainrule.ops.shape import concatenate
from chainrule.ops.transcendental import exp, sin, tanh
from chainrule.run.interpret import interpret
from tests.differentiated import Traced

X, Y, T = Input.of("x", (3,)), Input.of("y", (3,)), Input.of("t", (3,))
AT = {"x": np.array([0.5, -1.0, 2.0]), "y": np.array([3.0, 0.25, -2.0]), "t": np.array([1.0, 10.0, 100.0])}


def test_a_slope_of_one_is_no_multiplication() -> None:
    assert forward([X + Y], {X: T})[0] is T
    assert forward([X - Y], {Y: T})[0] is -T


def test_what_does_not_vary_has_the_tangent_zero() -> None:
    found = forward([tanh(Y), (X > 0) * 1.0, Const.of(2.0)], {X: T})
    verify(found)
    assert [f.shape for f in found] == [(3,), (3,), ()]
    assert not any(np.any(v) for v in interpret(found, AT))


def test_several_seeds_and_a_seed_in_the_middle() -> None:
    inner = exp(X)
    (both,) = forward([X * Y], {X: T, Y: T})
    np.testing.assert_allclose(interpret([both], AT)[0], AT["t"] * (AT["x"] + AT["y"]))
    (cut,) = forward([inner * inner], {inner: T, X: Y})
    np.testing.assert_allclose(interpret([cut], AT)[0], 2 * np.exp(AT["x"]) * AT["t"])


def test_one_nodes_tangent_by_its_own_record() -> None:
    node = X * Y
    pushed = tangent(node, [T, None], ())
    assert pushed is not None
    np.testing.assert_array_equal(interpret([pushed], AT)[0], AT["y"] * AT["t"])
    assert tangent(node, [None, None], ()) is None
    assert tangent(X > Y, [T, None], ()) is None


def test_a_derivative_not_worked_out_is_refused() -> None:
    with pytest.raises(DerivativeError, match="work it out first"):
        forward([D.make((tanh(X), X), ())], {X: T})


def test_the_identity_is_a_delta_for_each_axis() -> None:
    n, d = Dim("N"), Dim("d")
    assert identity(Input.of("s", ())) is Const.of(1.0)
    assert identity(Input.of("v", (n,))) is Delta.of(n)
    found = interpret([identity(Input.of("x", (n, d)))], {}, sizes=Sizes({n: 2, d: 3}))[0]
    np.testing.assert_array_equal(found.reshape(6, 6), np.eye(6))


def test_of_a_linear_function_the_jacobian_is_the_matrix_itself() -> None:
    w = Input.of("w", (4, 3))
    (found,) = jacobian([w @ X], X)
    verify([found])
    assert found.shape == (4, 3)
    values = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(interpret([found], {**AT, "w": values})[0], values)


PROGRAMS: list[tuple[str, Any, Any, list[tuple[int, ...]]]] = [
    ("elementwise", lambda x: np.sin(x) * x, lambda x: jnp.sin(x) * x, [(2, 3)]),
    ("a product of matrices", lambda a, b: a @ b, lambda a, b: a @ b, [(2, 3), (3, 2)]),
    ("softmax", lambda z: np.exp(z - logsumexp(z)), jax.nn.softmax, [(4,)]),
    ("a product over an axis", lambda x: prod(x, axis=0), lambda x: jnp.prod(x, axis=0), [(3, 2)]),
    ("a selection", lambda x: where(x > 0, x**2, np.sin(x)), lambda x: jnp.where(x > 0, x**2, jnp.sin(x)), [(5,)]),
    (
        "pieces put together",
        lambda a, b: concatenate([a[::-1], a * b, b[1:]]).reshape(4, 2)[:, [1, 0, 0]],
        lambda a, b: jnp.concatenate([a[::-1], a * b, b[1:]]).reshape(4, 2)[:, jnp.array([1, 0, 0])],
        [(3,), (3,)],
    ),
    (
        "a reduction of a broadcast",
        lambda x, y: (x[:, None] * y).max(axis=1),
        lambda x, y: (x[:, None] * y).max(axis=1),
        [(3,), (2,)],
    ),
]


@pytest.mark.parametrize(("f", "peer", "shapes"), [p[1:] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS])
@pytest.mark.slow
def test_jacobians_and_hessians_against_jax(f: Any, peer: Any, shapes: Any) -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(size=s) for s in shapes]
    traced = Traced(f, values)
    expected = jax.jacobian(peer, tuple(range(len(values))))(*values)
    for found, want in zip(traced.jacobians(), expected, strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-13)
    # Reverse mode, row by row, is the same matrix.
    rows = np.eye(np.size(traced.value()))
    for row, g in enumerate(rows):
        for found, want in zip(traced.pull(g.reshape(traced.output.shape)), expected, strict=True):
            np.testing.assert_allclose(found, want.reshape(len(rows), *found.shape)[row], rtol=1e-12, atol=1e-13)


def test_a_third_derivative_in_every_order_of_the_modes() -> None:
    x = Input.of("x", ())
    y = sin(x) * exp(x)

    def by_reverse(node: Node) -> Node:
        return reverse({node: Const.of(1.0)}, [x]).get(x)

    def by_forward(node: Node) -> Node:
        return forward([node], {x: Const.of(1.0)})[0]

    expected = 2 * np.exp(0.7) * (np.cos(0.7) - np.sin(0.7))
    for first in (by_reverse, by_forward):
        for second in (by_reverse, by_forward):
            for third in (by_reverse, by_forward):
                found = third(second(first(y)))
                verify([found])
                np.testing.assert_allclose(interpret([found], {"x": 0.7})[0], expected, rtol=1e-13)


def test_a_hessian_times_a_vector_is_forward_over_reverse() -> None:
    w, v = Input.of("w", (3, 2)), Input.of("v", (3, 2))
    x = np.random.default_rng(0).normal(size=(5, 3))
    gradient = reverse({(tanh(x @ w) ** 2.0).sum(): Const.of(1.0)}, [w]).get(w)
    (found,) = forward([gradient], {w: v})
    rng = np.random.default_rng(1)
    at, along = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    expected = jax.jvp(jax.grad(lambda w: jnp.sum(jnp.tanh(x @ w) ** 2)), (at,), (along,))[1]
    np.testing.assert_allclose(interpret([found], {"w": at, "v": along})[0], expected, rtol=1e-12)
    (hessian,) = jacobian([gradient], w)
    contracted = np.tensordot(interpret([hessian], {"w": at})[0], along, 2)
    np.testing.assert_allclose(contracted, expected, rtol=1e-12)


def test_depth_is_no_limit() -> None:
    x = Input.of("x", ())
    y: Node = x
    for _ in range(10_000):
        y = sin(y)
    (found,) = forward([y], {x: Const.of(1.0)})
    back = reverse({y: Const.of(1.0)}, [x]).get(x)
    assert isinstance(found, Map)
    a, b = interpret([found, back], {"x": 0.5})
    np.testing.assert_allclose(a, b, rtol=1e-10)
