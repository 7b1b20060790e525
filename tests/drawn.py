"""Functions that are drawn: networks of several kinds, and what is none."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from examples.six_weights import E as six_weights
from tests.functions import attention, classifier, layer_norm, logistic, pieces, robust, rows, scalar, shared


@cr.function(x1="", x2="", y1="", y2="", w1="", w2="", w3="", w4="", w5="", w6="", w7="", w8="", b1="", b2="")
def two_two_two(
    x1: Any, x2: Any, y1: Any, y2: Any, w1: Any, w2: Any, w3: Any, w4: Any, w5: Any, w6: Any, w7: Any, w8: Any,
    b1: Any, b2: Any,
) -> Any:  # fmt: skip
    a1 = cr.sigmoid(w1 * x1 + w2 * x2 + b1)
    a2 = cr.sigmoid(w3 * x1 + w4 * x2 + b2)
    o1 = cr.sigmoid(w5 * a1 + w6 * a2)
    o2 = cr.sigmoid(w7 * a1 + w8 * a2)
    E = ((y1 - o1) ** 2 + (y2 - o2) ** 2) / 2
    return E


@cr.function(x1="N d", x2="N d", x3="N d", h0="N m", U="d m", W="m m", b="m", V="m k", y="N k")
def recurrent(x1: Any, x2: Any, x3: Any, h0: Any, U: Any, W: Any, b: Any, V: Any, y: Any) -> Any:
    h = h0
    for x in (x1, x2, x3):
        h = np.tanh(x @ U + h @ W + b)
    y_hat = h @ V
    return cr.mse(y_hat, y)


@cr.function(x="N d", W1="d m", W2="m m", W3="m k", y="N k")
def residual(x: Any, W1: Any, W2: Any, W3: Any, y: Any) -> Any:
    a1 = np.tanh(x @ W1)
    a2 = a1 + np.tanh(a1 @ W2)
    return cr.mse(a2 @ W3, y)


@cr.function(x="N d", W1="d m", W2="m m", W3="m m", y="N m")
def far_residual(x: Any, W1: Any, W2: Any, W3: Any, y: Any) -> Any:
    a1 = np.tanh(x @ W1)
    a2 = np.tanh(a1 @ W2)
    a3 = a1 + np.tanh(a2 @ W3)
    return cr.mse(a3 @ W3, y)


@cr.function(x="n", y="", W1="m n", W2="1 m")
def one_sample(x: Any, y: Any, W1: Any, W2: Any) -> Any:
    z = W1 @ x
    a = np.tanh(z)
    y_hat = (W2 @ a)[0]
    E = (y - y_hat) ** 2 / 2
    return E


@cr.function(X="N d", w="d", y="N")
def logistic_regression(X: Any, w: Any, y: Any) -> Any:
    z = X @ w
    p = cr.sigmoid(z)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


@cr.function(x="n", A="n n")
def quadratic(x: Any, A: Any) -> Any:
    return x @ A @ x


@cr.function(U="n k", V="m k", R="n m")
def factorisation(U: Any, V: Any, R: Any) -> Any:
    return ((R - U @ V.T) ** 2).sum() / 2


@cr.function(x="N d", Wq="d k", Wk="d k", Wv="d k", t="N k")
def self_attention(x: Any, Wq: Any, Wk: Any, Wv: Any, t: Any) -> Any:
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    return ((cr.softmax(q @ k.T) @ v - t) ** 2).sum()


@cr.function(x="", y="")
def polynomial(x: Any, y: Any) -> Any:
    return x**2 + 3 * x * y - 5 * y + 2


@cr.function(w="2")
def bowl(w: Any) -> Any:
    return w[0] ** 2 + 3 * w[1] ** 2 + w[0] * w[1]


@cr.function(x="")
def parabola(x: Any) -> Any:
    return x**2


@cr.function(x="")
def logarithm(x: Any) -> Any:
    return np.log(x)


wide = cr.networks.mlp([64, 128, 128, 10]).loss
twelve = cr.networks.mlp([64] + [128] * 11 + [10]).loss
narrow = cr.networks.mlp([2] + [2] * 10 + [1], activation="tanh", loss="mse").loss

NETWORKS = {
    "six_weights": six_weights, "two_two_two": two_two_two, "rows": rows, "classifier": classifier, "wide": wide,
    "twelve": twelve, "narrow": narrow, "recurrent": recurrent, "residual": residual, "one_sample": one_sample,
    "logistic_regression": logistic_regression, "logistic": logistic, "shared": shared, "far_residual": far_residual,
}  # fmt: skip
"""Functions with layers."""

OTHERS = {
    "attention": attention, "layer_norm": layer_norm, "quadratic": quadratic, "factorisation": factorisation,
    "self_attention": self_attention, "polynomial": polynomial, "scalar": scalar, "pieces": pieces,
}  # fmt: skip
"""Functions without."""

DRAWN = {**NETWORKS, **OTHERS, "robust": robust}
