"""Attention beside the same written in JAX: masks, rows that may look nowhere, heads, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from tests.frontend.library.peers import agrees

RNG = np.random.default_rng(0)
Q, K, V = RNG.normal(size=(2, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 5))
MASK = np.array([[True, False, True], [False, True, False]])
BLIND = np.array([[True, False, True], [False, False, False]])
X = RNG.normal(size=(2, 3, 4))
WQ, WK, WV, WO = RNG.normal(size=(4, 6)), RNG.normal(size=(4, 6)), RNG.normal(size=(4, 4)), RNG.normal(size=(4, 3))
PAST = np.tri(3, dtype=bool)


def jax_attention(q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = q @ jnp.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is None:
        return jax.nn.softmax(scores) @ v
    seeing = mask.any(-1, keepdims=True) * np.ones_like(mask)
    # A row that may look nowhere is taken out by hand: JAX itself gives NaN there.
    p = jax.nn.softmax(jnp.where(mask | ~seeing, scores, -jnp.inf))
    return jnp.where(mask, p, 0) @ v


def jax_heads(x: Any, wq: Any, wk: Any, wv: Any, wo: Any, heads: int, mask: Any = None) -> Any:
    """Each head by its own columns, one after the other."""
    outputs = []
    for h in range(heads):
        q, k, v = (x @ jnp.split(w, heads, axis=1)[h] for w in (wq, wk, wv))
        outputs.append(jax_attention(q, k, v, mask))
    return jnp.concatenate(outputs, -1) @ wo


CASES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "attention": (cr.scaled_dot_product_attention, jax_attention, (Q, K, V)),
    "attention of batches": (
        cr.scaled_dot_product_attention, jax_attention,
        (RNG.normal(size=(2, 2, 4)), RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 5))),
    ),
    "masked": (
        lambda q, k, v: cr.scaled_dot_product_attention(q, k, v, MASK), lambda q, k, v: jax_attention(q, k, v, MASK),
        (Q, K, V),
    ),
    "a row that looks nowhere": (
        lambda q, k, v: cr.scaled_dot_product_attention(q, k, v, BLIND), lambda q, k, v: jax_attention(q, k, v, BLIND),
        (Q, K, V),
    ),
    "one head": (lambda *a: cr.multi_head_attention(*a, 1), lambda *a: jax_heads(*a, 1), (X, WQ, WK, WV, WO)),
    "two heads": (lambda *a: cr.multi_head_attention(*a, 2), lambda *a: jax_heads(*a, 2), (X, WQ, WK, WV, WO)),
    "no batch": (lambda *a: cr.multi_head_attention(*a, 2), lambda *a: jax_heads(*a, 2), (X[0], WQ, WK, WV, WO)),
    "causal": (
        lambda *a: cr.multi_head_attention(*a, 2, causal=True), lambda *a: jax_heads(*a, 2, PAST), (X, WQ, WK, WV, WO),
    ),
    "causal and masked": (
        lambda *a: cr.multi_head_attention(*a, 2, PAST.T, causal=True), lambda *a: jax_heads(*a, 2, PAST & PAST.T),
        (X, WQ, WK, WV, WO),
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_attention_and_its_derivatives_are_those_of_jax(case: str, dtype: Any) -> None:
    agrees(*CASES[case], dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_what_is_masked_may_be_infinite_and_has_slope_zero(dtype: Any) -> None:
    """Keys and scores that nobody looks at change nothing, whatever they are; a blind query gives zeros."""
    q, k, v = (a.astype(dtype) for a in (Q, K, V))
    k[1] = 1e30
    f = lambda q, k, v: (cr.scaled_dot_product_attention(q, k, v, BLIND) ** 2).sum()  # noqa: E731
    value, slopes = cr.value_and_grad(f, ["q", "k", "v"])(q, k, v)
    expected, known = cr.value_and_grad(f, ["q", "k", "v"])(Q, K, V)
    tolerance = 1e-12 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(value, expected, rtol=tolerance)
    for name in ("q", "k", "v"):
        assert slopes[name].dtype == dtype
        np.testing.assert_allclose(slopes[name], known[name], rtol=tolerance, atol=tolerance)
    assert not slopes["q"][1].any()
    assert not slopes["k"][1].any()
    assert not slopes["v"][1].any()
    np.testing.assert_array_equal(cr.scaled_dot_product_attention(q, k, v, BLIND)[1], 0)


def test_named_dimensions_give_the_same() -> None:
    def f(q: Any, k: Any, v: Any) -> Any:
        return (cr.scaled_dot_product_attention(q, k, v) ** 2).sum()

    def g(x: Any, wq: Any, wk: Any, wv: Any, wo: Any) -> Any:
        return (cr.multi_head_attention(x, wq, wk, wv, wo, 2) ** 2).sum()

    for h, shapes, arguments in (
        (f, {"q": "T d", "k": "S d", "v": "S e"}, (Q, K, V)),
        (g, {"x": "N T d", "wq": "d 6", "wk": "d 6", "wv": "d 4", "wo": "4 o"}, (X, WQ, WK, WV, WO)),
    ):
        found = cr.grad(cr.function(**shapes)(h), list(shapes))(*arguments)
        expected = cr.grad(h, list(shapes))(*arguments)
        for name in shapes:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-11, atol=1e-12)


attend, heads = cr.scaled_dot_product_attention, cr.multi_head_attention
REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], type[Exception], str]] = {
    "keys of another length": (attend, (Q, K[:, :3], V), cr.ShapeError, r"\(2, 4\), \(3, 3\), \(3, 5\)"),
    "fewer values than keys": (attend, (Q, K, V[:2]), cr.ShapeError, r"\(2, 4\), \(3, 4\), \(2, 5\)"),
    "a vector": (attend, (Q[0], K, V), cr.ShapeError, r"they have \(4,\)"),
    "batches": (attend, (np.ones((2, 2, 4)), np.ones((3, 3, 4)), V), cr.ShapeError, "attention takes"),
    "a mask of numbers": (lambda q: attend(q, K, V, np.ones((2, 3))), (Q,), cr.ArgumentError, "not of kind float"),
    "a mask too large": (lambda q: attend(q, K, V, MASK[None]), (Q,), cr.ShapeError, r"\(1, 2, 3\) does not fit"),
    "three heads": (lambda x: heads(x, WQ, WK, WV, WO, 3), (X,), cr.ShapeError, "6 columns .* into 3 heads"),
    "no heads": (lambda x: heads(x, WQ, WK, WV, WO, 0), (X,), cr.ShapeError, "into 0 heads"),
    "one row": (lambda x: heads(x, WQ, WK, WV, WO, 2), (X[0, 0],), cr.ShapeError, r"rows of x, but .* \(4,\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    layer, arguments, error, words = REFUSED[case]
    traced: dict[int, Callable[..., Any]] = {1: lambda a: layer(a), 3: lambda a, b, c: layer(a, b, c)}
    for f in (layer, cr.function(traced[len(arguments)])):
        with pytest.raises(error, match=words):
            f(*arguments)


def test_a_named_dimension_where_an_integer_is_needed_says_so() -> None:
    @cr.function(x="T d", w="d m", o="m d")
    def f(x: Any, w: Any, o: Any) -> Any:
        return heads(x, w, w, w, o, 2).sum()

    @cr.function(x="T d", w="d 4", o="4 d")
    def g(x: Any, w: Any, o: Any) -> Any:
        return heads(x, w, w, w, o, 2, causal=True).sum()

    with pytest.raises(cr.ShapeError, match="give the dimension m as an integer"):
        cr.source(f)
    with pytest.raises(cr.TraceError, match="the size T is not known"):
        cr.source(g)
