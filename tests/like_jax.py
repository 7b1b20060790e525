"""A function and its twin in JAX: the same values and derivatives, in both modes and precisions, also as printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from chainrule.ir.graph import Graph
from chainrule.ir.node import Input
from chainrule.run.printed import Program
from tests.differentiated import Traced, random_like

jax.config.update("jax_enable_x64", True)
RTOL = {"float64": 1e-11, "float32": 2e-4}


def assert_like_jax(f: Callable[..., Any], twin: Callable[..., Any], *values: Any) -> None:
    """Compared at these arrays: values, cotangents and tangents, as interpreted and as the printed NumPy gives them."""
    for dtype in ("float64", "float32"):
        _assert_like(f, twin, [np.asarray(v).astype(dtype) for v in values], dtype)


def _assert_like(f: Callable[..., Any], twin: Callable[..., Any], values: list[Any], dtype: str) -> None:
    rng = np.random.default_rng(11)
    traced = Traced(f, values)
    wanted, pull = jax.vjp(twin, *values)
    assert traced.output.shape == wanted.shape
    g, tangents = random_like(rng, wanted).astype(dtype), [random_like(rng, v).astype(dtype) for v in values]
    _close(traced.value(), wanted, dtype)
    for found, expected in zip(traced.pull(g), pull(g), strict=True):
        _close(found, expected, dtype)
    _close(traced.push(tangents), jax.jvp(twin, tuple(values), tuple(tangents))[1], dtype)
    seed = Input.of("g", traced.output.shape)
    program = Program(Graph((*traced.inputs, seed), (traced.output, *traced.pullbacks(seed))))
    for found, expected in zip(program({**traced.values, "g": g}), [wanted, *pull(g)], strict=True):
        assert found.dtype == dtype
        _close(found, expected, dtype)


def _close(found: Any, wanted: Any, dtype: str) -> None:
    wanted = np.asarray(wanted)
    assert found.shape == wanted.shape
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(found, wanted, rtol=RTOL[dtype], atol=RTOL[dtype] * scale / 10)


def assert_second_order(f: Callable[..., Any], twin: Callable[..., Any], *values: Any) -> None:
    """Reverse over reverse: a pullback of the gradients of Σ f³, against JAX's."""
    cube = Traced(lambda *x: f(*x) ** 3, values)
    theirs = jax.grad(lambda *x: (twin(*x) ** 3).sum(), argnums=tuple(range(len(values))))
    for i, value in enumerate(values):
        g = random_like(np.random.default_rng(12), value)
        found = Traced(cube.gradient(i), values).pull(g)
        expected = jax.vjp(lambda *x, i=i: theirs(*x)[i], *values)[1](g)
        for one, other in zip(found, expected, strict=True):
            _close(one, other, "float64")
