"""The systems of three tutorial notes, each in its own form of telling."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry

f = cr.symbol("f")


@cr.function(x="n L", y="L", W1="m n", W2="m")
def one_output(x, y, W1, W2):
    z = W1 @ x
    a = f(z)
    y_hat = W2 @ a
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[1])
    return E


@cr.function(x="n L", y="k L", W1="m n", W2="k m")
def columns(x, y, W1, W2):
    z = W1 @ x
    a = f(z)
    y_hat = W2 @ a
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[1])
    return E


@cr.function(x="L n", y="L k", W1="n m", W2="m k")
def rows(x, y, W1, W2):
    z = x @ W1
    a = f(z)
    y_hat = a @ W2
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[0])
    return E


@cr.function(x="n L", y="k L", W1="m n", W2="k m")
def columns_tanh(x, y, W1, W2):
    z = W1 @ x
    a = cr.tanh(z)
    y_hat = W2 @ a
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[1])
    return E


@cr.function(x="L n", y="L k", W1="n m", W2="m k")
def rows_tanh(x, y, W1, W2):
    z = x @ W1
    a = cr.tanh(z)
    y_hat = a @ W2
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[0])
    return E


WEIGHTS = dict.fromkeys(["x1", "x2", "y", *(f"w{k}" for k in range(1, 7))], "")


@cr.function(**WEIGHTS)
def six_weights(x1, x2, y, w1, w2, w3, w4, w5, w6):
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    a1 = cr.sigmoid(z1)
    a2 = cr.sigmoid(z2)
    z3 = a1 * w5 + a2 * w6
    y_hat = cr.sigmoid(z3)
    E = (y - y_hat) ** 2 / 2
    return E


@cr.function(**WEIGHTS)
def six_weights_any(x1, x2, y, w1, w2, w3, w4, w5, w6):
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    a1 = f(z1)
    a2 = f(z2)
    z3 = a1 * w5 + a2 * w6
    y_hat = f(z3)
    E = (y - y_hat) ** 2 / 2
    return E


@cr.function(**dict.fromkeys(["x1", "x2", "y1", "y2", *(f"w{k}" for k in range(1, 9))], ""))
def two_outputs(x1, x2, y1, y2, w1, w2, w3, w4, w5, w6, w7, w8):
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    a1 = cr.tanh(z1)
    a2 = cr.tanh(z2)
    z3 = a1 * w5 + a2 * w7
    z4 = a1 * w6 + a2 * w8
    o1 = cr.tanh(z3)
    o2 = cr.tanh(z4)
    E = ((y1 - o1) ** 2 + (y2 - o2) ** 2) / 2
    return E


@cr.function(x="N d", y="N 1", w1="d m", b1="m", w2="m 1", b2="1")
def affine_relu_affine(x, y, w1, b1, w2, b2):
    u1 = x @ w1 + b1
    u2 = cr.relu(u1)
    u3 = u2 @ w2 + b2
    u4 = y - u3
    MSE = (u4**2).sum() / x.shape[0]
    return MSE


POINT = {"x1": 0.5, "x2": -1.0, "y": 1.0, "w1": 0.4, "w2": -0.6, "w3": 0.2, "w4": 0.8, "w5": 1.1, "w6": -0.7}

ENTRIES = (
    Entry("n-m-1-W2", "The network n-m-1: the output weights", "One output, any activation f, samples as columns.",
          one_output, "W2", "components"),
    Entry("n-m-1-W1", "The network n-m-1: the hidden weights", "The same network; the derivative goes through f.",
          one_output, "W1", "components"),
    Entry("n-m-k-columns", "The network n-m-k, samples as columns", "The table of a practitioner, W·x.",
          columns, ["W1", "W2"], "matrix"),
    Entry("n-m-k-columns-W1", "The network n-m-k, samples as columns, in components", "Several outputs: one more sum.",
          columns, "W1", "components"),
    Entry("n-m-k-rows", "The network n-m-k, samples as rows", "The same network, x·W: where the transposes go.",
          rows, ["W1", "W2"], "matrix"),
    Entry("rows-and-columns", "Samples as rows and as columns", "One network in both layouts, with the same numbers.",
          rows_tanh, ["W1", "W2"], "matrix", beside=columns_tanh),
    Entry("n-m-k-rows-W1", "The network n-m-k, samples as rows, in components", "The indices change places.",
          rows, "W1", "components"),
    Entry("2-2-1-deltas", "The network 2-2-1: errors δ, memorised", "Six single weights and the logistic function.",
          six_weights, ["w1", "w2", "w3", "w4", "w5", "w6"], "deltas", POINT),
    Entry("2-2-1-any-activation", "The network 2-2-1 with any activation", "The same with an unspecified f.",
          six_weights_any, ["w1", "w5"], "deltas"),
    Entry("2-2-2-deltas", "The network 2-2-2: several paths", "A hidden unit has two consumers: two paths, added.",
          two_outputs, ["w1", "w5"], "deltas"),
    Entry("affine-relu-affine-w1", "Affine, ReLU, affine: the first weights, by substitution",
          "Intermediates, the product of the chain, substituted back.", affine_relu_affine, "w1", "substitution"),
    Entry("affine-relu-affine-all", "Affine, ReLU, affine: all parameters, by substitution",
          "What was found for one is used for the next.", affine_relu_affine, ["w1", "b1", "w2", "b2"], "substitution"),
    Entry("affine-relu-affine-x", "Affine, ReLU, affine: one sample", "Only one term of the sum holds the sample.",
          affine_relu_affine, "x", "substitution"),
    Entry("affine-relu-affine-matrix", "Affine, ReLU, affine: the table", "All four gradients, rows as samples.",
          affine_relu_affine, ["w1", "b1", "w2", "b2"], "matrix"),
    Entry("affine-relu-affine-b1", "A bias is shared: where its sum comes from", "Entry by entry, for b1.",
          affine_relu_affine, "b1", "components"),
)  # fmt: skip
