"""Reverse mode as an algorithm: seeds, sharing, depth, what nothing flows to; whole programs against JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.derive import reverse
from chainrule.ir.dims import Dim
from chainrule.ir.errors import DerivativeError
from chainrule.ir.graph import toposort
from chainrule.ir.node import Const, D, Input, Node
from chainrule.ir.verify import verify
from chainrule.ops.reduce import logsumexp, max, norm
from chainrule.ops.select import stop_gradient, where
from chainrule.ops.transcendental import exp, sin, tanh
from chainrule.run.interpret import interpret
from tests.differentiated import Traced, random_like

X, Y, G = Input.of("x", (3,)), Input.of("y", (3,)), Input.of("g", (3,))
ONE = Const.of(1.0)
AT = {"x": np.array([0.5, -1.0, 2.0]), "y": np.array([3.0, 0.25, -2.0]), "g": np.array([1.0, 10.0, 100.0])}


def pulled(seeds: dict[Node, Node], *wrt: Node) -> list[Node]:
    found = reverse(seeds, wrt)
    result = [found.get(w) for w in wrt]
    verify(result)
    return result


def test_a_slope_of_one_is_no_multiplication() -> None:
    a, b = pulled({X - Y: G}, X, Y)
    assert a is G
    assert b is -G
    assert pulled({X + 2.0: G}, X)[0] is G


def test_what_several_users_hand_back_is_added_up() -> None:
    (g,) = pulled({X * X: G}, X)
    np.testing.assert_array_equal(interpret([g], AT)[0], 2 * AT["x"] * AT["g"])


def test_a_cotangent_is_worked_out_once_and_used_again() -> None:
    y: Node = X
    for _ in range(60):
        y = y + y
    (g,) = pulled({y: G}, X)
    assert len(toposort([g])) <= 61
    assert interpret([g], AT)[0][0] == 2.0**60


def test_several_outputs_of_which_one_lies_below_another() -> None:
    inner = tanh(X)
    total = (inner * Y).sum()
    g, h = pulled({total: ONE, inner: G}, X, inner)
    slope = 1 - np.tanh(AT["x"]) ** 2
    np.testing.assert_allclose(interpret([g], AT)[0], slope * (AT["y"] + AT["g"]))
    np.testing.assert_allclose(interpret([h], AT)[0], AT["y"] + AT["g"])


def test_the_cotangents_on_the_way_are_there_too() -> None:
    inner = exp(X)
    found = reverse({(inner * Y).sum(): ONE}, [X])
    np.testing.assert_array_equal(interpret([found.get(inner)], AT)[0], AT["y"])
    assert set(found.of) >= {X, inner}
    assert Y not in found.of


def test_where_nothing_flows_the_cotangent_is_zero() -> None:
    n, b = Input.of("n", (3,), "int"), Input.of("b", (3,), "bool")
    total = (X * n + where(b, X, 0.0) + stop_gradient(Y) + (Y > X) * 1.0).sum()
    zeros = pulled({total: ONE}, Y, n, b, G)
    for node in zeros:
        np.testing.assert_array_equal(interpret([node], {})[0], np.zeros(3))
    (g,) = pulled({total: ONE}, X)
    values = {"n": np.array([1, 2, 3]), "b": np.array([True, False, True]), **AT}
    np.testing.assert_array_equal(interpret([g], values)[0], [2.0, 2.0, 4.0])


def test_named_dimensions_pass_through() -> None:
    n, d = Dim("N"), Dim("d")
    x, w = Input.of("x", (n, d)), Input.of("w", (d, 2))
    loss = (tanh(x @ w) ** 2.0).sum() / n
    g, h = pulled({loss: ONE}, x, w)
    assert (g.shape, h.shape) == ((n, d), (d, 2))
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=(5, 3)), "w": rng.normal(size=(3, 2))}
    expected = jax.grad(lambda w: jnp.sum(jnp.tanh(values["x"] @ w) ** 2) / 5)(values["w"])
    np.testing.assert_allclose(interpret([h], values)[0], expected, rtol=1e-12)


def test_a_derivative_not_worked_out_is_refused() -> None:
    with pytest.raises(DerivativeError, match="work it out first"):
        reverse({D.make((tanh(X), X), ()): Const.of(np.ones((3, 3)))}, [X])


@pytest.mark.parametrize("depth", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_depth_is_no_limit(depth: int) -> None:
    x = Input.of("x", ())
    y: Node = x
    for _ in range(depth):
        y = sin(y)
    (g,) = pulled({y: ONE}, x)
    slope, value = 1.0, 0.5
    for _ in range(depth):
        slope, value = slope * np.cos(value), np.sin(value)
    np.testing.assert_allclose(interpret([g], {"x": 0.5})[0], slope, rtol=1e-9)


def softmax(z: Any) -> Any:
    return exp(z - logsumexp(z, axis=-1, keepdims=True))


def attention(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ np.swapaxes(k, -1, -2) / 2.0) @ v


def jax_attention(q: Any, k: Any, v: Any) -> Any:
    return jax.nn.softmax(q @ jnp.swapaxes(k, -1, -2) / 2.0) @ v


def normalised(x: Any, scale: Any) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return scale * centred / ((centred**2).mean(axis=-1, keepdims=True) + 1e-5) ** 0.5


def convolved(x: Any, w: Any) -> Any:
    return sum(x[i : i + 4] * w[i] for i in range(3))


def recurrent(x: Any, w: Any, h: Any) -> Any:
    for t in range(4):
        h = np.tanh(x[t] @ w + h)
    return h


def distances(x: Any, y: Any) -> Any:
    return ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=2)


# What it is, with chainrule, with JAX, shapes.
PROGRAMS: list[tuple[str, Callable[..., Any], Callable[..., Any], list[tuple[int, ...]]]] = [
    ("a dense layer", lambda x, w, b: np.tanh(x @ w + b), lambda x, w, b: jnp.tanh(x @ w + b), [(4, 3), (3, 2), (2,)]),
    ("attention in batches", attention, jax_attention, [(2, 3, 4), (2, 5, 4), (2, 5, 4)]),
    ("layer normalisation", normalised, normalised, [(3, 4), (4,)]),
    ("a convolution by slices", convolved, convolved, [(6,), (3,)]),
    (
        "a recurrence",
        recurrent,
        lambda x, w, h: [h := jnp.tanh(x[t] @ w + h) for t in range(4)][-1],
        [(4, 3), (3, 2), (2,)],
    ),
    ("pairwise distances", distances, distances, [(3, 2), (4, 2)]),
    (
        "an outer product's trace",
        lambda a, b: np.trace(np.outer(a, b) ** 2),
        lambda a, b: jnp.trace(jnp.outer(a, b) ** 2),
        [(3,), (3,)],
    ),
    ("a bilinear form", lambda x, a: x @ a @ x, lambda x, a: x @ a @ x, [(3,), (3, 3)]),
    ("a greatest norm", lambda x: max(norm(x, axis=1)), lambda x: jnp.max(jnp.linalg.norm(x, axis=1)), [(3, 2)]),
]


@pytest.mark.parametrize(("f", "peer", "shapes"), [p[1:] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS])
@pytest.mark.slow
def test_whole_programs_against_jax(f: Any, peer: Any, shapes: Any) -> None:
    rng = np.random.default_rng(0)
    values = [rng.normal(size=s) for s in shapes]
    traced = Traced(f, values)
    expected, back = jax.vjp(peer, *values)
    np.testing.assert_allclose(traced.value(), expected, rtol=1e-12, atol=1e-13)
    g = random_like(rng, expected)
    tangents = [random_like(rng, v) for v in values]
    for found, want in zip(traced.pull(g), back(g), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(
        np.sum(g * traced.push(tangents)), sum(np.sum(w * t) for w, t in zip(back(g), tangents, strict=True))
    )
