"""Networks of two and three layers with each activation, and a deep one."""

from __future__ import annotations

import numpy as np

import chainrule as cr

from .entry import Entry


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def relu_network(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    a = cr.relu(z)
    p = a @ w2 + b2
    return cr.mse(p, y)


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def tanh_network(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    a = cr.tanh(z)
    p = a @ w2 + b2
    return cr.mse(p, y)


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def sigmoid_network(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    a = cr.sigmoid(z)
    p = a @ w2 + b2
    return cr.mse(p, y)


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def softplus_network(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    a = cr.softplus(z)
    p = a @ w2 + b2
    return cr.mse(p, y)


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def silu_network(x, y, w1, b1, w2, b2):
    z = x @ w1 + b1
    a = z * cr.sigmoid(z)
    p = a @ w2 + b2
    return cr.mse(p, y)


@cr.function(x="N d", y="N int", w1="d m", b1="m", w2="m k", b2="k")
def classifier(x, y, w1, b1, w2, b2):
    z1 = x @ w1 + b1
    a1 = cr.relu(z1)
    z2 = a1 @ w2 + b2
    return cr.cross_entropy(z2, y)


@cr.function(x="N d", y="N int", w1="d h", b1="h", w2="h m", b2="m", w3="m k", b3="k")
def three_layers(x, y, w1, b1, w2, b2, w3, b3):
    z1 = x @ w1 + b1
    a1 = cr.tanh(z1)
    z2 = a1 @ w2 + b2
    a2 = cr.tanh(z2)
    z3 = a2 @ w3 + b3
    return cr.cross_entropy(z3, y)


@cr.function(x="N d", y="N d", w1="d m", w2="m d")
def residual(x, y, w1, w2):
    h = cr.relu(x @ w1)
    out = x + h @ w2
    return cr.mse(out, y)


@cr.function(ids="N int", y="N", E="V d", w="d")
def embedding(ids, y, E, w):
    e = cr.take(E, ids, axis=0)
    p = e @ w
    return cr.mse(p, y)


@cr.function(x0="d", x1="d", x2="d", y="k", W="d m", U="m m", V="m k")
def recurrent(x0, x1, x2, y, W, U, V):
    h0 = cr.tanh(x0 @ W)
    h1 = cr.tanh(x1 @ W + h0 @ U)
    h2 = cr.tanh(x2 @ W + h1 @ U)
    p = h2 @ V
    return ((p - y) ** 2).sum() / 2


@cr.function(x="N d", y="N k", w1="d m", w2="m k", lam="")
def penalised(x, y, w1, w2, lam):
    a = cr.tanh(x @ w1)
    p = a @ w2
    return cr.mse(p, y) + lam * ((w1**2).sum() + (w2**2).sum())


def _deep(layers: int):
    names = [f"W{k}" for k in range(1, layers + 1)]

    def deep(x, y, W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12):
        h = x
        for W in (W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12):
            z = h @ W
            h = np.tanh(z)
        return cr.mse(h, y)

    return cr.function(x="N d", y="N d", **dict.fromkeys(names, "d d"))(deep)


ENTRIES = (
    Entry("network-relu", "Two layers, ReLU", "The table, with the slope as a condition.", relu_network,
          ["w1", "b1", "w2", "b2"], "matrix"),
    Entry("network-tanh", "Two layers, tanh", "The slope in terms of the activation itself.", tanh_network, "w1",
          "components"),
    Entry("network-sigmoid", "Two layers, logistic activation", "Errors δ, layer by layer.", sigmoid_network,
          ["w1", "b1", "w2", "b2"], "deltas"),
    Entry("network-softplus", "Two layers, softplus", "The slope of softplus is the logistic function.",
          softplus_network, ["w1", "w2"], "substitution"),
    Entry("network-silu", "Two layers, SiLU", "z σ(z): the product rule in an activation.", silu_network, "w1",
          "matrix"),
    Entry("classifier", "A classifier", "ReLU, softmax and cross-entropy.", classifier, ["w1", "b1", "w2", "b2"],
          "deltas"),
    Entry("three-layers", "Three layers", "The pattern repeats: one line a layer.", three_layers, ["w1", "w2", "w3"],
          "deltas"),
    Entry("twelve-layers", "Twelve layers", "Its length grows with the depth, no faster.", _deep(12), "W1", "matrix"),
    Entry("residual", "A residual block", "Two ways from x to the output: two terms.", residual, ["x", "w1", "w2"],
          "matrix"),
    Entry("embedding", "An embedding and a linear layer", "A row of E is used as often as its word occurs.", embedding,
          ["E", "w"], "components"),
    Entry("recurrent", "A recurrent network of three steps", "One W, used three times: three terms.", recurrent,
          ["W", "U"], "matrix"),
    Entry("penalised", "A network with weight decay", "An L2 penalty adds 2λw to each gradient.", penalised,
          ["w1", "w2"], "matrix"),
)  # fmt: skip
