"""The other directions: jvp, vjp, jacobian, hessian, hvp, against JAX, in both precisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from tests import functions

jax.config.update("jax_enable_x64", True)
RNG = np.random.default_rng(7)


def network(np: Any, x: Any, w: Any, v: Any) -> Any:
    return (np.tanh(x @ w) @ v) ** 3


def mixture(np: Any, x: Any, w: Any, v: Any) -> Any:
    h = np.exp(-((x[:, :, None] - w) ** 2).sum(axis=1))
    return np.where(h > 0.1, h, 2 * h) @ v / (1 + np.abs(v).sum())


def gathered(np: Any, x: Any, w: Any, v: Any) -> Any:
    rows = np.concatenate([x[::2], x[1:3]], axis=0)
    return np.einsum("ij,jk,k->ik", rows, w, v) - np.max(w, axis=0)


def smooth(np: Any, x: Any, w: Any, v: Any) -> Any:
    z = x @ w
    p = np.exp(z - np.max(z, axis=1, keepdims=True))
    return np.sqrt(1 + (p / p.sum(axis=1, keepdims=True) * v) ** 2)


CASES: dict[str, Callable[..., Any]] = {f.__name__: f for f in (network, mixture, gathered, smooth)}
POINT = {"x": RNG.normal(size=(4, 3)), "w": RNG.normal(size=(3, 2)), "v": RNG.normal(size=2)}
POINT["v"][0] = 0.75


def traced(name: str) -> Callable[..., Any]:
    return lambda x, w, v: CASES[name](np, x, w, v)


def in_jax(name: str, *, scalar: bool = False) -> Callable[..., Any]:
    def f(x: Any, w: Any, v: Any) -> Any:
        result = CASES[name](jnp, x, w, v)
        return (result**2).sum() if scalar else result

    return f


def scalar(name: str) -> Callable[..., Any]:
    return lambda x, w, v: (CASES[name](np, x, w, v) ** 2).sum()


def at(dtype: str) -> dict[str, np.ndarray]:
    return {n: a.astype(dtype) for n, a in POINT.items()}


def close(found: Any, wanted: Any, dtype: str) -> None:
    tolerance = 1e-9 if dtype == "float64" else 2e-3
    wanted = np.asarray(wanted)
    assert np.asarray(found).dtype == dtype
    assert np.shape(found) == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * float(np.max(np.abs(wanted))))


both = pytest.mark.parametrize("dtype", ["float64", "float32"])
cases = pytest.mark.parametrize("name", CASES)


@both
@cases
def test_gradient(name: str, dtype: str) -> None:
    value, gradients = cr.value_and_grad(scalar(name), ["x", "w", "v"])(**at(dtype))
    wanted, slopes = jax.value_and_grad(in_jax(name, scalar=True), argnums=(0, 1, 2))(*POINT.values())
    close(value, wanted, dtype)
    for found, slope in zip(gradients.values(), slopes, strict=True):
        close(found, slope, dtype)


@both
@cases
def test_jvp(name: str, dtype: str) -> None:
    tangents = {n: RNG.normal(size=a.shape).astype(dtype) for n, a in POINT.items() if n != "v"}
    value, change = cr.jvp(traced(name), tangents)(**at(dtype))
    everything = tuple(tangents.get(n, np.zeros(a.shape)).astype("float64") for n, a in POINT.items())
    wanted, slope = jax.jvp(in_jax(name), tuple(POINT.values()), everything)
    close(value, wanted, dtype)
    close(change, slope, dtype)


@both
@cases
def test_vjp(name: str, dtype: str) -> None:
    value, pull = cr.vjp(traced(name), ["x", "w", "v"])(**at(dtype))
    wanted, pull_back = jax.vjp(in_jax(name), *POINT.values())
    close(value, wanted, dtype)
    for _ in range(2):
        cotangent = RNG.normal(size=wanted.shape).astype(dtype)
        pulled = pull(cotangent)
        for found, slope in zip(pulled.values(), pull_back(jnp.asarray(cotangent, "float64")), strict=True):
            close(found, slope, dtype)


@both
@cases
@pytest.mark.slow
def test_jacobian(name: str, dtype: str) -> None:
    for argument, which in (("x", 0), ("w", 1), ("v", 2)):
        found = cr.jacobian(traced(name), argument)(**at(dtype))
        close(found, jax.jacobian(in_jax(name), argnums=which)(*POINT.values()), dtype)


@both
@cases
@pytest.mark.slow
def test_hessian_and_its_product(name: str, dtype: str) -> None:
    wanted = jax.hessian(in_jax(name, scalar=True), argnums=(1, 2))(*POINT.values())
    found = cr.hessian(scalar(name), ["w", "v"])(**at(dtype))
    for i, a in enumerate(("w", "v")):
        for j, b in enumerate(("w", "v")):
            close(found[a][b], wanted[i][j], dtype)
    close(cr.hessian(scalar(name), "v")(**at(dtype)), wanted[1][1], dtype)
    tangents = {n: RNG.normal(size=POINT[n].shape).astype(dtype) for n in ("w", "v")}
    product = cr.hvp(scalar(name), tangents)(**at(dtype))
    for i, a in enumerate(("w", "v")):
        parts = [np.tensordot(wanted[i][j], tangents[b], POINT[b].ndim) for j, b in enumerate(("w", "v"))]
        close(product[a], sum(parts), dtype)


def test_the_directions_agree_on_named_dimensions_of_any_size() -> None:
    for seed in range(3):
        values = functions.values_of(functions.three_layers, seed=seed)
        gradient = cr.grad(functions.three_layers, "w2")(**values)
        direction = RNG.normal(size=gradient.shape)
        _, change = cr.jvp(functions.three_layers, {"w2": direction})(**values)
        np.testing.assert_allclose(change, (gradient * direction).sum(), rtol=1e-10)
        _, pull = cr.vjp(functions.three_layers, "w2")(**values)
        np.testing.assert_allclose(pull(1.0), gradient, rtol=1e-12)
        np.testing.assert_allclose(cr.jacobian(functions.three_layers, "w2")(**values), gradient, rtol=1e-10)


def test_several_outputs_change_together() -> None:
    def f(x: Any) -> Any:
        y = x**2
        return y.sum(), {"y": y}

    x = np.array([1.0, 2.0])
    (value, state), (change, moved) = cr.jvp(f, {"x": np.array([1.0, 0.0])})(x)
    assert (value, change) == (5, 2)
    np.testing.assert_array_equal(state["y"], [1, 4])
    np.testing.assert_array_equal(moved["y"], [2, 0])


def test_a_constant_has_a_slope_of_zero() -> None:
    x = np.ones(3, np.float32)
    found = cr.grad(lambda x, y: (y * 2).sum(), "x")(x, x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.zeros(3))
    np.testing.assert_array_equal(cr.hessian(lambda x: x.sum())(x), np.zeros((3, 3)))


def test_a_part_of_a_structure_moves() -> None:
    def f(p: Any) -> Any:
        return (p["w"] ** 2).sum() * p["b"]

    p = {"w": np.array([1.0, 2.0]), "b": 3.0}
    _, change = cr.jvp(f, {"p.w": np.array([1.0, 0.0])})(p)
    assert change == 6
    np.testing.assert_array_equal(cr.jacobian(f, "p.w")(p), [6, 12])
    np.testing.assert_array_equal(cr.hvp(f, {"p.w": np.array([1.0, 0.0])})(p)["p.w"], [6, 0])


REFUSALS: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("a structure", lambda: cr.jvp(lambda p: p["w"].sum() + p["b"], {"p": 1.0})({"w": np.ones(2), "b": 1.0}),
     cr.DerivativeError, r"structure of arrays: name one, such as 'p\.w'"),
    ("integers", lambda: cr.jacobian(lambda i, x: x * i, "i")(np.arange(3), np.ones(3)),
     cr.DerivativeError, "i of .* kind int"),
    ("integers pulled", lambda: cr.vjp(lambda i, x: x * i, "i")(np.arange(3), np.ones(3)),
     cr.DerivativeError, "i of .* kind int"),
    ("a name that is not there", lambda: cr.hvp(lambda x: x.sum(), {"y": 1.0})(np.ones(3)), cr.ArgumentError, "y"),
    ("the Hessian of an array", lambda: cr.hessian(lambda x: x * 2)(np.ones(3)), cr.DerivativeError, "one number"),
    ("a tangent that does not fit", lambda: cr.jvp(lambda x: x.sum(), {"x": np.ones(2)})(np.ones(3)),
     cr.ShapeError, "x"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
