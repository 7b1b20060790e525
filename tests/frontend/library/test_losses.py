"""Losses beside the same written in JAX; what they refuse; their conventions, and values far out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from tests.frontend.library.peers import agrees

RNG = np.random.default_rng(0)
P, T, Q = (RNG.normal(size=(4, 3)) for _ in range(3))
SIGNS = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0], [1.0, 1.0, -1.0], [-1.0, 1.0, 1.0]])
COUNTS = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [1.0, 1.0, 4.0], [0.0, 0.0, 2.0]])
LABELS = np.array([2, 0, 1, 1])
ROWS, OTHER_ROWS = (np.exp(a) / np.exp(a).sum(-1, keepdims=True) for a in (P, T))


def jax_hinge(s: Any, y: Any) -> Any:
    rivals = jnp.where(jnp.arange(3) == y[:, None], 0.0, 1.0) + s
    return jnp.mean(rivals.max(-1) - s[jnp.arange(4), y])


def jax_cosine(a: Any, b: Any) -> Any:
    return jnp.mean(1 - (a * b).sum(-1) / (jnp.linalg.norm(a, axis=-1) * jnp.linalg.norm(b, axis=-1)))


def jax_triplet(a: Any, p: Any, n: Any) -> Any:
    far = jnp.linalg.norm(a - n, axis=-1)
    return jnp.mean(jnp.maximum(jnp.linalg.norm(a - p, axis=-1) - far + 0.7, 0))


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "mse": (cr.mse, lambda p, t: jnp.mean((p - t) ** 2), (P, T)),
    "mae": (cr.mae, lambda p, t: jnp.mean(jnp.abs(p - t)), (P, T)),
    "huber_loss": (
        lambda p, t: cr.huber_loss(p, t, 0.8),
        lambda p, t: jnp.mean(jnp.where(jnp.abs(p - t) <= 0.8, (p - t) ** 2 / 2, 0.8 * (jnp.abs(p - t) - 0.4))),
        (P, T),
    ),
    "huber_loss, delta an argument": (
        cr.huber_loss,
        lambda p, t, d: jnp.mean(jnp.where(jnp.abs(p - t) <= d, (p - t) ** 2 / 2, d * (jnp.abs(p - t) - d / 2))),
        (P, T, np.array(0.8)),
    ),
    "log_cosh_loss": (cr.log_cosh_loss, lambda p, t: jnp.mean(jnp.log(jnp.cosh(p - t))), (P, T)),
    "hinge_loss": (cr.hinge_loss, lambda s, t: jnp.mean(jnp.maximum(0, 1 - t * s)), (P, SIGNS)),
    "multiclass_hinge_loss": (cr.multiclass_hinge_loss, jax_hinge, (P, LABELS)),
    "poisson_nll": (cr.poisson_nll, lambda p, t: jnp.mean(jnp.exp(p) - t * p), (P, COUNTS)),
    "poisson_nll of rates": (
        lambda p, t: cr.poisson_nll(p, t, log=False), lambda p, t: jnp.mean(p - t * jnp.log(p)), (ROWS, COUNTS + 0.5),
    ),
    "gaussian_nll": (
        cr.gaussian_nll, lambda m, v, t: jnp.mean(jnp.log(v) + (t - m) ** 2 / v) / 2, (P, ROWS, T),
    ),
    "gaussian_nll of logarithms": (
        lambda m, v, t: cr.gaussian_nll(m, v, t, log=True),
        lambda m, v, t: jnp.mean(v + (t - m) ** 2 / jnp.exp(v)) / 2, (P, Q, T),
    ),
    "kl_divergence": (
        cr.kl_divergence, lambda p, q: jnp.mean((p * (jnp.log(p) - jnp.log(q))).sum(-1)), (ROWS, OTHER_ROWS),
    ),
    "kl_divergence of logarithms": (
        lambda p, q: cr.kl_divergence(p, q, log=True), lambda p, q: jnp.mean((jnp.exp(p) * (p - q)).sum(-1)), (P, T),
    ),
    "cosine_loss": (cr.cosine_loss, jax_cosine, (P, T)),
    "triplet_loss": (lambda a, p, n: cr.triplet_loss(a, p, n, 0.7), jax_triplet, (P, T, Q)),
    "triplet_loss, margin an argument": (
        cr.triplet_loss, lambda a, p, n, m: jax_triplet(a, p, n) * 0 + jnp.mean(jnp.maximum(
            jnp.linalg.norm(a - p, axis=-1) - jnp.linalg.norm(a - n, axis=-1) + m, 0)), (P, T, Q, np.array(0.9)),
    ),
    "binary_cross_entropy": (
        cr.binary_cross_entropy,
        lambda z, t: -jnp.mean(t * jax.nn.log_sigmoid(z) + (1 - t) * jax.nn.log_sigmoid(-z)), (P, ROWS),
    ),
    "cross_entropy": (
        cr.cross_entropy, lambda z, t: -jnp.mean((t * jax.nn.log_softmax(z)).sum(-1)), (P, ROWS),
    ),
    "cross_entropy of labels": (
        cr.cross_entropy, lambda z, y: -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(4), y]), (P, LABELS),
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_a_loss_and_its_derivatives_are_those_of_jax(case: str, dtype: Any) -> None:
    agrees(*CASES[case], dtype)


@pytest.mark.parametrize("case", CASES)
def test_a_named_number_of_samples_gives_the_same(case: str) -> None:
    ours, _, arguments = CASES[case]
    shapes = {f"a{n}": _named(np.asarray(a)) for n, a in enumerate(arguments)}
    names = [f"a{n}" for n, a in enumerate(arguments) if np.asarray(a).dtype.kind == "f"]
    f = _positional(ours, len(arguments))
    value, slopes = cr.value_and_grad(cr.function(**shapes)(f), names)(*arguments)
    expected, known = cr.value_and_grad(f, names)(*arguments)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for name in names:
        np.testing.assert_allclose(slopes[name], known[name], rtol=1e-12, atol=1e-15)


def _named(array: np.ndarray) -> str:
    kind = " int" if array.dtype.kind == "i" else ""
    return " ".join(["N", *map(str, array.shape[1:])]) + kind if array.ndim else ""


def _positional(f: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The function with arguments a0, a1, …"""
    return {
        2: lambda a0, a1: f(a0, a1),
        3: lambda a0, a1, a2: f(a0, a1, a2),
        4: lambda a0, a1, a2, a3: f(a0, a1, a2, a3),
    }[count]


ARGUMENTS: dict[Any, tuple[Any, ...]] = {
    cr.mse: (P, T), cr.mae: (P, T), cr.huber_loss: (P, T), cr.log_cosh_loss: (P, T), cr.hinge_loss: (P, SIGNS),
    cr.multiclass_hinge_loss: (P, LABELS), cr.poisson_nll: (P, COUNTS), cr.gaussian_nll: (P, ROWS, T),
    cr.kl_divergence: (ROWS, OTHER_ROWS), cr.cosine_loss: (P, T), cr.triplet_loss: (P, T, Q),
    cr.binary_cross_entropy: (P, ROWS), cr.cross_entropy: (P, ROWS),
}  # fmt: skip
BY_ROW = (cr.multiclass_hinge_loss, cr.kl_divergence, cr.cosine_loss, cr.triplet_loss, cr.cross_entropy)


def name_of(loss: Any) -> str:
    return str(loss.__name__)


def test_every_loss_is_looped_over() -> None:
    from chainrule.frontend.library import classification, losses

    assert {name_of(loss) for loss in ARGUMENTS} == {*losses.__all__, *classification.__all__}


@pytest.mark.parametrize("loss", ARGUMENTS, ids=name_of)
def test_the_mean_and_the_sum_are_those_of_the_losses_one_by_one(loss: Any) -> None:
    arguments = ARGUMENTS[loss]
    each = loss(*arguments, reduction="none")
    assert each.shape == ((4,) if loss in BY_ROW else (4, 3))
    np.testing.assert_allclose(loss(*arguments), each.mean(), rtol=1e-12)
    np.testing.assert_allclose(loss(*arguments, reduction="sum"), each.sum(), rtol=1e-12)
    with pytest.raises(cr.ArgumentError, match="'mean', 'sum' or 'none', not 'average'"):
        loss(*arguments, reduction="average")


@pytest.mark.parametrize("loss", ARGUMENTS, ids=name_of)
def test_nothing_to_judge_sums_to_zero(loss: Any) -> None:
    empty = [a[:0] for a in ARGUMENTS[loss]]
    f = _positional(lambda *a: loss(*a, reduction="sum"), len(empty))
    assert f(*empty) == 0
    value, slope = cr.value_and_grad(f, "a0")(*empty)
    assert value == 0
    assert slope.shape == (0, 3)


@pytest.mark.parametrize("loss", ARGUMENTS, ids=name_of)
@pytest.mark.parametrize("axis", [0, 1])
def test_shapes_that_would_broadcast_are_refused_and_named(loss: Any, axis: int) -> None:
    """Each argument in turn gets an axis of length one."""
    arguments = ARGUMENTS[loss]
    for i in range(len(arguments)):
        if any(a.ndim <= axis for a in arguments):
            continue  # Labels have no second axis, so any number of classes fits.
        wrong = [np.take(a, [0], axis) if n == i else a for n, a in enumerate(arguments)]
        for call in (loss, cr.function(_positional(loss, len(wrong)))):
            with pytest.raises(cr.ShapeError) as error:
                call(*wrong)
            for shape in {np.shape(wrong[0]), np.shape(wrong[i])}:
                assert str(shape) in str(error.value)


@pytest.mark.parametrize("loss", BY_ROW, ids=name_of)
def test_a_loss_of_rows_refuses_single_numbers(loss: Any) -> None:
    numbers = [np.asarray(a).flat[0] for a in ARGUMENTS[loss]]
    with pytest.raises(cr.ShapeError, match="works along the last axis"):
        loss(*numbers)


def test_a_huber_loss_without_a_middle_is_refused() -> None:
    with pytest.raises(cr.ArgumentError, match="a positive delta, not 0"):
        cr.huber_loss(P, T, 0)


INF = np.inf
# loss, arguments, value, gradients
FAR: dict[str, tuple[Callable[..., Any], tuple[Any, ...], float, tuple[Any, ...]]] = {
    "mae where equal": (cr.mae, ([1.0, 2.0], [1.0, 1.0]), 0.5, ([0, 0.5], [0, -0.5])),
    "huber at its bound": (cr.huber_loss, ([1.0, 30.0], [0.0, 0.0]), 15.0, ([0.5, 0.5], [-0.5, -0.5])),
    "log cosh far out": (cr.log_cosh_loss, ([800.0], [0.0]), 800 - math.log(2), ([1], [-1])),
    "log cosh near 0": (cr.log_cosh_loss, ([1e-4], [0.0]), 4.9999999917e-9, ([1e-4], [-1e-4])),
    "hinge at its kink": (cr.hinge_loss, ([1.0, -1.0], [1.0, -1.0]), 0.0, ([0, 0], [0, 0])),
    "a rate of e^0 and no count": (cr.poisson_nll, ([0.0], [0.0]), 1.0, ([1], [0])),
    "no count at a rate of 0": (
        lambda p, t: cr.poisson_nll(p, t, log=False), ([0.0, 1.0], [0.0, 2.0]), 0.5, ([0.5, -0.5], [INF, 0]),
    ),
    "a precise Gaussian": (
        lambda m, v, t: cr.gaussian_nll(m, v, t, log=True), ([0.0], [-160.0], [0.0]), -80.0, ([0], [0.5], [0]),
    ),
    "KL, 0 log 0": (
        cr.kl_divergence, ([0.0, 1.0], [0.5, 0.5]), math.log(2), ([-INF, 1 + math.log(2)], [0, -2]),
    ),
    "KL, 0 log 0/0": (cr.kl_divergence, ([0.0, 1.0], [0.0, 1.0]), 0.0, ([math.nan, 1], [0, -1])),
    "KL of logarithms, 0 log 0": (
        lambda p, q: cr.kl_divergence(p, q, log=True), ([-INF, 0.0], [-INF, -1.0]), 1.0, ([0, 2], [0, -1]),
    ),
    "a zero vector has no direction": (cr.cosine_loss, ([0.0, 0.0], [3.0, 4.0]), 1.0, ([0, 0], [0, 0])),
    "long vectors": (cr.cosine_loss, ([1e15, 0.0], [1e15, 1e15]), 1 - math.sqrt(0.5), ([0, 0], [0, 0])),
    "triplet of one point": (cr.triplet_loss, ([1.0, 1.0],) * 3, 1.0, ([0, 0], [0, 0], [0, 0])),
    "BCE, 50 at 0": (cr.binary_cross_entropy, ([50.0], [0.0]), 50.0, ([1], [-50])),
    "BCE, -50 at 1": (cr.binary_cross_entropy, ([-50.0], [1.0]), 50.0, ([-1], [50])),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", FAR)
def test_values_and_slopes_far_out_and_at_kinks(case: str, dtype: Any) -> None:
    loss, arguments, value, slopes = FAR[case]
    arrays = [np.array(a, dtype) for a in arguments]
    names = [f"a{n}" for n in range(len(arrays))]
    f = _positional(loss, len(arrays))
    found, gradients = cr.value_and_grad(f, names)(*arrays)
    tolerance = 1e-9 if dtype is np.float64 else 1e-6
    np.testing.assert_allclose(loss(*arrays), value, rtol=tolerance, atol=tolerance * 1e-3)
    np.testing.assert_allclose(found, value, rtol=tolerance, atol=tolerance * 1e-3)
    for n, (name, slope) in enumerate(zip(names, slopes, strict=True)):
        np.testing.assert_allclose(gradients[name], slope, rtol=tolerance, atol=tolerance)
        # In forward mode a direction of zeros meets an infinite slope: 0·∞.
        for entry in np.ndindex(arrays[n].shape) if np.isfinite(slope).all() else ():
            direction = np.zeros(arrays[n].shape)
            direction[entry] = 1
            pushed = cr.jvp(f, {name: direction})(*arrays)[1]
            np.testing.assert_allclose(pushed, np.asarray(slope)[entry], rtol=tolerance, atol=tolerance)
