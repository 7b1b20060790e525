"""Functions that several tests derive, print, tell and check: losses of small networks, and a few others."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr

f = cr.symbol("f")


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def loss(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    l1 = cr.relu(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return ((l2 - y) ** 2).sum() / x.shape[0]


@cr.function(x="N d", y="N int", w1="d m", b1="m", w2="m k", b2="k")
def classifier(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    h = cr.tanh(x @ w1 + b1)
    logits = h @ w2 + b2
    return cr.cross_entropy(logits, y)


@cr.function(x="L n", y="L", W="n m", b="m", v="m", c="")
def rows(x: Any, y: Any, W: Any, b: Any, v: Any, c: Any) -> Any:
    """With n inputs, m hidden units of any activation; a sample is a row."""
    z = x @ W + b
    h = f(z)
    y_hat = h @ v + c
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[0])
    return E


@cr.function(x="n L", y="L", W="m n", b="m 1", v="m", c="")
def columns(x: Any, y: Any, W: Any, b: Any, v: Any, c: Any) -> Any:
    """The same network; a sample is a column."""
    z = W @ x + b
    h = f(z)
    y_hat = v @ h + c
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[1])
    return E


@cr.function(x="N d", y="N", w1="d m", w2="m m", w3="m")
def three_layers(x: Any, y: Any, w1: Any, w2: Any, w3: Any) -> Any:
    h1 = np.tanh(x @ w1)
    h2 = np.tanh(h1 @ w2)
    p = h2 @ w3
    return cr.mse(p, y)


@cr.function(x="N d", w="d d")
def shared(x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    return ((h @ w) ** 2).sum()


@cr.function(x="", a="")
def scalar(x: Any, a: Any) -> Any:
    u = a * x
    s = np.sin(u)
    return s**2 * u + np.exp(-u)


@cr.function(x="N d", g="d", b="d", t="N d")
def layer_norm(x: Any, g: Any, b: Any, t: Any) -> Any:
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + 1e-5)
    return ((x_hat * g + b - t) ** 2).sum()


@cr.function(q="T d", k="T d", v="T d", t="T d")
def attention(q: Any, k: Any, v: Any, t: Any) -> Any:
    s = q @ k.T / np.sqrt(q.shape[1])
    a = cr.softmax(s)
    o = a @ v
    return ((o - t) ** 2).mean()


@cr.function(x="6 4", i="3 int")
def pieces(x: Any, i: Any) -> Any:
    a = x[i]
    b = np.concatenate((a, x[1:4]), axis=0)
    c = np.maximum(b, 0.5).prod(axis=1)
    return c.sum() + np.clip(x, -1, 1).max() + cr.norm(x[::2])


@cr.function(x="N d", e="V d", i="N int", w="d", h="")
def robust(x: Any, e: Any, i: Any, w: Any, h: Any) -> Any:
    r = (x + e[i]) @ w
    size = abs(r)
    return np.where(size < 1, r**2 / 2, size - 0.5).sum() + h**3


@cr.function(x="N", y="N bool", w="", b="")
def logistic(x: Any, y: Any, w: Any, b: Any) -> Any:
    p = cr.sigmoid(w * x + b)
    return -np.where(y, np.log(p), np.log(1 - p)).mean()


GRADIENTS: dict[str, tuple[Any, list[str]]] = {
    "loss": (loss, ["w1", "b1", "w2", "b2"]),
    "classifier": (classifier, ["w1", "b1", "w2", "b2"]),
    "three_layers": (three_layers, ["w1", "w2", "w3"]),
    "shared": (shared, ["w"]),
    "scalar": (scalar, ["x", "a"]),
    "layer_norm": (layer_norm, ["x", "g", "b"]),
    "attention": (attention, ["q", "k", "v"]),
    "pieces": (pieces, ["x"]),
    "robust": (robust, ["e", "w", "h"]),
    "logistic": (logistic, ["w", "b"]),
}
"""Functions with the arguments whose gradients are asked for."""


def values_of(function: Any, dtype: str = "float64", seed: int = 0) -> dict[str, Any]:
    """Values for the arguments of a function with declared shapes; named dimensions are pairwise distinct."""
    from chainrule.explain.evaluate import random_point

    values, _ = random_point(function.trace().graph, seed)
    return {n: v.astype(dtype) if v.dtype.kind == "f" else v for n, v in values.items()}


def sized(samples: int, dtype: str = "float64") -> dict[str, np.ndarray]:
    """Values for `loss` with so many samples."""
    rng = np.random.default_rng(samples)
    shapes = {"x": (samples, 3), "y": (samples, 2), "w1": (3, 4), "b1": (4,), "w2": (4, 2), "b2": (2,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
