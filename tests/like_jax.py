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
    """Compared at these arrays: values, cotangents and tangents, as interpreted and as the printed NumPy gives them.

    JAX is asked once, in double precision: the numbers are such that single precision holds them too.
    """
    values = tuple(np.asarray(v, np.float32).astype(np.float64) for v in values)
    rng = np.random.default_rng(11)
    shape = jax.eval_shape(twin, *values).shape
    g, *tangents = (random_like(rng, v).astype(np.float32).astype(np.float64) for v in (np.zeros(shape), *values))
    wanted, pulled, pushed = jax.jit(_both_modes, static_argnums=0)(twin, values, g, tuple(tangents))
    for dtype in ("float64", "float32"):
        traced = Traced(f, [v.astype(dtype) for v in values])
        seed = Input.of("g", traced.output.shape)
        program = Program(Graph((*traced.inputs, seed), (traced.output, *traced.pullbacks(seed))))
        given = g.astype(dtype)
        interpreted = [traced.value(), *traced.pull(given), traced.push([t.astype(dtype) for t in tangents])]
        printed = program({**traced.values, "g": given})
        assert {a.dtype for a in (*interpreted, *printed)} == {np.dtype(dtype)}
        for found, expected in zip([*interpreted, *printed], [wanted, *pulled, pushed, wanted, *pulled], strict=True):
            _close(found, expected, dtype)


def _both_modes(twin: Callable[..., Any], values: Any, g: Any, tangents: Any) -> Any:
    value, pull = jax.vjp(twin, *values)
    return value, pull(g), jax.jvp(twin, values, tangents)[1]


def _close(found: Any, wanted: Any, dtype: str) -> None:
    wanted = np.asarray(wanted)
    assert found.shape == wanted.shape
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(found, wanted, rtol=RTOL[dtype], atol=RTOL[dtype] * scale / 10)


def assert_second_order(f: Callable[..., Any], twin: Callable[..., Any], *values: Any) -> None:
    """Reverse over reverse: a pullback of the gradients of Σ f³, against JAX's."""
    cube = Traced(lambda *x: f(*x) ** 3, values)
    seeds = [random_like(np.random.default_rng(12), value) for value in values]

    def theirs(values: Any, g: Any, i: int) -> Any:
        gradient = jax.grad(lambda *x: (twin(*x) ** 3).sum(), argnums=i)
        return jax.vjp(gradient, *values)[1](g)

    for i, g in enumerate(seeds):
        found = Traced(cube.gradient(i), values).pull(g)
        for one, other in zip(found, jax.jit(theirs, static_argnums=2)(values, g, i), strict=True):
            _close(one, other, "float64")
