"""Networks that are not dense, by JAX; the steps are those of `by_jax`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..network_tasks import NetworkTask
from .by_jax import ByJax


def cnn(task: NetworkTask, parameters: Any, x: Any) -> Any:
    """Two convolutions with pooling, two dense layers."""
    k1, b1, k2, b2, w3, b3, w4, b4 = parameters
    for k, b in ((k1, b1), (k2, b2)):
        z = jax.lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
        a = jax.nn.relu(z + b[:, None, None])
        x = jax.lax.reduce_window(a, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return jax.nn.relu(x.reshape(len(x), -1) @ w3 + b3) @ w4 + b4


def norm(x: Any, scale: Any, shift: Any) -> Any:
    """Each row less its mean, by its deviation."""
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5) * scale + shift


def transformer(task: NetworkTask, parameters: Any, x: Any) -> Any:
    """Embedding and positions, blocks of attention and dense layers, normalisation and a dense layer."""
    embedding, positions, *rest = parameters
    h = embedding[x] + positions
    samples, length, width = h.shape
    mask = jnp.tril(jnp.ones((length, length), bool))
    for i in range(task.blocks):
        s, t, wq, wk, wv, wo, s2, t2, w, b, v, c = rest[12 * i : 12 * i + 12]
        n = norm(h, s, t)
        query, key, value = (
            (n @ u).reshape(samples, length, task.heads, width // task.heads).transpose(0, 2, 1, 3)
            for u in (wq, wk, wv)
        )
        scores = query @ key.swapaxes(2, 3) / (width // task.heads) ** 0.5
        mixed = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf), -1) @ value
        h = h + mixed.transpose(0, 2, 1, 3).reshape(h.shape) @ wo
        h = h + jax.nn.gelu(norm(h, s2, t2) @ w + b, approximate=False) @ v + c
    scale, shift, last, bias = rest[12 * task.blocks :]
    return norm(h, scale, shift) @ last + bias


NETWORKS: dict[str, Any] = {"cnn": cnn, "transformer": transformer}


def loss(task: NetworkTask, layers: Any, x: Any, y: Any) -> Any:
    """The mean cross-entropy of a softmax."""
    out = NETWORKS[task.kind](task, [p for (p,) in layers], x)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(out), y[..., None], -1))


def make(task: NetworkTask, x: Any, y: Any, variant: str) -> ByJax:
    """See `bench.peers`."""
    return ByJax(task, x, y, variant, partial(loss, task))
