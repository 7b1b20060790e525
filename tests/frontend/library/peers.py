"""A layer or loss beside the same written plainly in JAX: values, both modes, both orders, both precisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.differentiated import Traced, random_like

TOLERANCE = {np.float64: 1e-11, np.float32: 2e-4}


def agrees(ours: Callable[..., Any], theirs: Callable[..., Any], arguments: Sequence[Any], dtype: Any) -> None:
    """Compare with JAX in float64: the value on plain and traced arrays, and of the printed program; the pull of a
    random cotangent; the push of random tangents; and for float64 the push of the pull, which is the second order.
    """
    rng = np.random.default_rng(1)
    exact = [np.asarray(a) for a in arguments]
    values = [a.astype(dtype) if a.dtype.kind == "f" else a for a in exact]
    floats = [n for n, a in enumerate(exact) if a.dtype.kind == "f"]
    # What the arguments are in this precision, so that rounding them is not counted as an error.
    exact = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in values]

    def of_floats(*chosen: Any) -> Any:
        given = list(map(jnp.asarray, exact))
        for n, value in zip(floats, chosen, strict=True):
            given[n] = value
        return theirs(*given)

    at = [exact[n] for n in floats]
    wanted, back = jax.vjp(of_floats, *at)
    traced = Traced(ours, values)
    same(ours(*values), wanted, dtype)
    same(traced.value(), wanted, dtype)
    same(traced.printed([traced.output])[0], wanted, dtype)
    g, tangents = random_like(rng, wanted), [random_like(rng, a) for a in at]
    pulled = traced.pull(g.astype(dtype))
    for found, expected in zip(pulled, back(g), strict=True):
        same(found, expected, dtype)
    same(traced.push([t.astype(dtype) for t in tangents]), jax.jvp(of_floats, at, tangents)[1], dtype)
    if dtype is np.float32:
        return
    for i in range(len(floats)):
        again = Traced(traced.gradient_under(g.astype(dtype), i), values)
        expected = jax.jvp(lambda *x, i=i: jax.vjp(of_floats, *x)[1](g)[i], at, tangents)[1]
        same(again.push([t.astype(dtype) for t in tangents]), expected, dtype)


def same(found: Any, expected: Any, dtype: Any) -> None:
    """Equal up to rounding, relative to the greatest entry; of this precision, and of the same shape."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == dtype
    assert found.shape == expected.shape
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * scale)
