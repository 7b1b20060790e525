"""Losses and layers, each as a function whose gradients are derived for the page. G is what comes back to a layer.

What has a length, a deviation or several gates in it is written out, most of it for one vector, with names, so that
its gradient can be read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import chainrule as cr


@dataclass(frozen=True)
class Composite:
    """A composite: its heading, a function that uses it, and by what the function is differentiated."""

    name: str
    f: Callable[..., Any]
    wrt: tuple[str, ...]

    @property
    def source(self) -> str:
        """The function as it stands in this file."""
        return inspect.getsource(self.f.__wrapped__).rstrip()  # type: ignore[attr-defined]


@cr.function(p="N d", t="N d")
def mse(p, t):
    return cr.mse(p, t)


@cr.function(p="N d", t="N d")
def mae(p, t):
    return cr.mae(p, t)


@cr.function(p="N d", t="N d")
def huber(p, t):
    return cr.huber_loss(p, t)


@cr.function(p="N d", t="N d")
def log_cosh(p, t):
    return cr.log_cosh_loss(p, t)


@cr.function(z="N d", t="N d")
def poisson(z, t):
    return cr.poisson_nll(z, t)


@cr.function(m="N d", v="N d positive", t="N d")
def gaussian(m, v, t):
    return cr.gaussian_nll(m, v, t)


@cr.function(z="N k", t="N k")
def binary_cross_entropy(z, t):
    return cr.binary_cross_entropy(z, t)


@cr.function(z="N k", t="N k simplex")
def cross_entropy(z, t):
    return cr.cross_entropy(z, t)


@cr.function(z="N", t="N")
def hinge(z, t):
    return cr.hinge_loss(z, t)


@cr.function(p="k positive", q="k positive")
def kl(p, q):
    return cr.kl_divergence(p, q)


@cr.function(a="d", b="d")
def cosine(a, b):
    c = a @ b / (cr.norm(a) * cr.norm(b))
    return 1 - c


@cr.function(a="d", p="d", n="d")
def triplet(a, p, n):
    return cr.triplet_loss(a, p, n)


@cr.function(X="N n", W="n m", b="m", G="N m")
def dense(X, W, b, G):
    return (cr.dense(X, W, b) * G).sum()


@cr.function(X="N n", G="N n")
def residual(X, G):
    return (cr.residual(X, cr.sin) * G).sum()


@cr.function(Z="N k", G="N k")
def softmax(Z, G):
    P = cr.softmax(Z)
    return (P * G).sum()


@cr.function(Z="N k", G="N k")
def log_softmax(Z, G):
    return (cr.log_softmax(Z) * G).sum()


@cr.function(x="d", s="d", b="d", g="d")
def layer_norm(x, s, b, g):
    r = cr.sqrt(((x - x.mean()) ** 2).mean() + 1e-5)
    n = (x - x.mean()) / r
    h = s * g
    return (h * n).sum() + (b * g).sum()


@cr.function(x="d", s="d", g="d")
def rms_norm(x, s, g):
    r = cr.sqrt((x**2).mean() + 1e-5)
    n = x / r
    h = s * g
    return (h * n).sum()


@cr.function(Q="n d", K="m d", V="m k", G="n k")
def attention(Q, K, V, G):
    P = cr.softmax(Q @ K.T / cr.sqrt(Q.shape[1]))
    return (P @ V * G).sum()


@cr.function(E="v d", i="N int", G="N d")
def embedding(E, i, G):
    return (cr.embedding(E, i) * G).sum()


@cr.function(x="N n", h="N m", W="n m", U="m m", b="m", G="N m")
def rnn_cell(x, h, W, U, b, G):
    a = cr.rnn_cell(x, h, W, U, b)
    return (a * G).sum()


@cr.function(x="N c 8", W="o c 3", b="o", G="N o 6")
def conv1d(x, W, b, G):
    return (cr.conv1d(x, W, b) * G).sum()


@cr.function(x="N c 8", G="N c 4")
def max_pool(x, G):
    return (cr.max_pool(x, 2) * G).sum()


@cr.function(x="N c 8", G="N c 4")
def avg_pool(x, G):
    return (cr.avg_pool(x, 2) * G).sum()


@cr.function(x="N d", k="2 int", G="N d")
def dropout(x, k, G):
    return (cr.dropout(x, 0.25, k) * G).sum()


@cr.function(x="N", s="", b="", g="N")
def batch_norm(x, s, b, g):
    r = cr.sqrt(((x - x.mean()) ** 2).mean() + 1e-5)
    n = (x - x.mean()) / r
    h = s * g
    return (h * n).sum() + (b * g).sum()


@cr.function(x="n", h="m", W="3 n m", U="3 m m", b="3 m", G="m")
def gru_cell(x, h, W, U, b, G):
    r = cr.sigmoid(x @ W[0] + h @ U[0] + b[0])
    z = cr.sigmoid(x @ W[1] + h @ U[1] + b[1])
    c = cr.tanh(x @ W[2] + (r * h) @ U[2] + b[2])
    return ((z * h + (1 - z) * c) * G).sum()


@cr.function(x="n", h="m", c="m", W="4 n m", U="4 m m", b="4 m", G="m")
def lstm_cell(x, h, c, W, U, b, G):
    i = cr.sigmoid(x @ W[0] + h @ U[0] + b[0])
    f = cr.sigmoid(x @ W[1] + h @ U[1] + b[1])
    o = cr.sigmoid(x @ W[2] + h @ U[2] + b[2])
    g = cr.tanh(x @ W[3] + h @ U[3] + b[3])
    s = cr.tanh(f * c + i * g)
    return (o * s * G).sum()


LOSSES = (
    Composite("mse", mse, ("p",)),
    Composite("mae", mae, ("p",)),
    Composite("huber_loss", huber, ("p",)),
    Composite("log_cosh_loss", log_cosh, ("p",)),
    Composite("poisson_nll", poisson, ("z",)),
    Composite("gaussian_nll", gaussian, ("m", "v")),
    Composite("binary_cross_entropy", binary_cross_entropy, ("z",)),
    Composite("cross_entropy", cross_entropy, ("z",)),
    Composite("hinge_loss", hinge, ("z",)),
    Composite("kl_divergence", kl, ("p", "q")),
    Composite("cosine_loss", cosine, ("a",)),
    Composite("triplet_loss", triplet, ("a", "p", "n")),
)
LAYERS = (
    Composite("dense", dense, ("X", "W", "b")),
    Composite("residual", residual, ("X",)),
    Composite("dropout", dropout, ("x",)),
    Composite("conv1d", conv1d, ("x", "W", "b")),
    Composite("max_pool", max_pool, ("x",)),
    Composite("avg_pool", avg_pool, ("x",)),
    Composite("softmax", softmax, ("Z",)),
    Composite("log_softmax", log_softmax, ("Z",)),
    Composite("batch_norm", batch_norm, ("x", "s", "b")),
    Composite("layer_norm", layer_norm, ("x", "s", "b")),
    Composite("rms_norm", rms_norm, ("x", "s")),
    Composite("scaled_dot_product_attention", attention, ("Q", "K", "V")),
    Composite("embedding", embedding, ("E",)),
    Composite("rnn_cell", rnn_cell, ("x", "h", "W", "U", "b")),
    Composite("gru_cell", gru_cell, ("x", "h")),
    Composite("lstm_cell", lstm_cell, ("x", "h", "c")),
)
