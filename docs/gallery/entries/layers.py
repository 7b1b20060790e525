"""Layers: normalisation and attention."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry


@cr.function(x="N d", g="d", b="d", y="N d")
def batch_norm(x, g, b, y):
    mu = x.mean(axis=0)
    c = x - mu
    v = (c**2).mean(axis=0)
    s = (v + 1e-5) ** 0.5
    h = c / s
    out = g * h + b
    return cr.mse(out, y)


@cr.function(x="N d", g="d", b="d", y="N d")
def layer_norm(x, g, b, y):
    mu = x.mean(axis=1, keepdims=True)
    c = x - mu
    v = (c**2).mean(axis=1, keepdims=True)
    s = (v + 1e-5) ** 0.5
    h = c / s
    out = g * h + b
    return cr.mse(out, y)


@cr.function(x="N d", g="d", y="N d")
def rms_norm(x, g, y):
    s = ((x**2).mean(axis=1, keepdims=True) + 1e-5) ** 0.5
    out = g * x / s
    return cr.mse(out, y)


@cr.function(q="T d", k="S d", v="S e", y="T e")
def attention(q, k, v, y):
    scores = q @ k.T / q.shape[1] ** 0.5
    p = cr.softmax(scores)
    out = p @ v
    return cr.mse(out, y)


ENTRIES = (
    Entry("batch-norm", "Batch norm", "Mean and variance depend on every sample: three paths.", batch_norm,
          ["x", "g", "b"], "matrix"),
    Entry("batch-norm-g", "Batch norm: its scale", "In components.", batch_norm, "g", "components"),
    Entry("layer-norm", "Layer norm", "The same with rows and columns exchanged.", layer_norm, ["x", "g", "b"],
          "matrix"),
    Entry("rms-norm", "RMS norm", "Layer norm without the mean.", rms_norm, ["x", "g"], "matrix"),
    Entry("attention", "Scaled dot-product attention", "Queries, keys and values.", attention, ["q", "k", "v"],
          "matrix"),
    Entry("attention-v", "Attention: the values", "In components.", attention, "v", "components"),
)  # fmt: skip
