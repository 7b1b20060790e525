"""Layers: normalisation, dropout, embedding, residual blocks, attention."""

from __future__ import annotations

import numpy as np

import chainrule as cr

from .entry import Entry, in_forms


@cr.function(x="N d", g="d", b="d", y="N d")
def batch_norm(x, g, b, y):
    mu = x.mean(axis=0)
    c = x - mu
    v = (c**2).mean(axis=0)
    s = cr.sqrt(v + 1e-5)
    h = c / s
    out = g * h + b
    return cr.mse(out, y)


@cr.function(x="N d", g="d", b="d", y="N d", m="d", q="d")
def running_batch_norm(x, g, b, y, m, q):
    mu = x.mean(axis=0)
    c = x - mu
    v = (c**2).mean(axis=0)
    s = cr.sqrt(v + 1e-5)
    h = c / s
    out = g * h + b
    return cr.mse(out, y), {"mean": 0.9 * m + 0.1 * mu, "variance": 0.9 * q + 0.1 * v}


@cr.function(x="N d", g="d", b="d", y="N d", m="d", q="d")
def batch_norm_in_use(x, g, b, y, m, q):
    h = (x - m) / cr.sqrt(q + 1e-5)
    out = g * h + b
    return cr.mse(out, y)


@cr.function(x="N d", g="d", b="d", y="N d")
def layer_norm(x, g, b, y):
    mu = x.mean(axis=1, keepdims=True)
    c = x - mu
    v = (c**2).mean(axis=1, keepdims=True)
    s = cr.sqrt(v + 1e-5)
    h = c / s
    out = g * h + b
    return cr.mse(out, y)


@cr.function(x="N d", g="d", y="N d")
def rms_norm(x, g, y):
    s = cr.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
    h = x / s
    out = g * h
    return cr.mse(out, y)


@cr.function(x="N d", y="N k", w1="d m", w2="m k", key="2 int")
def dropout(x, y, w1, w2, key):
    a = cr.relu(x @ w1)
    h = cr.dropout(a, 0.5, key)
    p = h @ w2
    return cr.mse(p, y)


@cr.function(tokens="N T int", y="N d", E="V d")
def mean_of_words(tokens, y, E):
    e = cr.embedding(E, tokens)
    p = e.mean(axis=1)
    return cr.mse(p, y)


@cr.function(x="N d", y="N d", W="d d", b="d")
def residual_block(x, y, W, b):
    h = cr.tanh(x @ W + b)
    out = x + h
    return cr.mse(out, y)


@cr.function(q="T d", k="S d", v="S e", y="T e")
def attention(q, k, v, y):
    scores = q @ k.T / q.shape[1] ** 0.5
    p = cr.softmax(scores)
    out = p @ v
    return cr.mse(out, y)


@cr.function(q="T d", k="S d", v="S e", y="T e", seen="T S bool")
def masked_attention(q, k, v, seen, y):
    scores = q @ k.T / q.shape[1] ** 0.5
    p = cr.softmax(cr.where(seen, scores, -np.inf))
    out = p @ v
    return cr.mse(out, y)


@cr.function(x="T d", Wq="h d e", Wk="h d e", Wv="h d e", Wo="h e m", y="T m")
def multi_head_attention(x, Wq, Wk, Wv, Wo, y):
    q = x @ Wq
    k = x @ Wk
    v = x @ Wv
    scores = q @ k.mT / Wq.shape[2] ** 0.5
    p = cr.softmax(scores)
    heads = p @ v
    out = (heads @ Wo).sum(axis=0)
    return cr.mse(out, y)


ENTRIES = (
    Entry("batch-norm", "Batch norm", "Mean and variance depend on every sample: three paths.", batch_norm,
          ["x", "g", "b"], "matrix"),
    Entry("batch-norm-g", "Batch norm: its scale", "In components.", batch_norm, "g", "components"),
    Entry("batch-norm-state", "Batch norm with its state", "The running moments are returned beside the loss.",
          running_batch_norm, ["x", "g", "b"], "matrix"),
    *in_forms("batch-norm-in-use", "Batch norm in use", "With mean and variance known, a linear map.",
              batch_norm_in_use, ["x", "g", "b"], ("matrix", "components", "substitution")),
    Entry("layer-norm", "Layer norm", "The same with rows and columns exchanged.", layer_norm, ["x", "g", "b"],
          "matrix"),
    Entry("layer-norm-g", "Layer norm: its scale", "In components.", layer_norm, "g", "components"),
    *in_forms("rms-norm", "RMS norm", "Layer norm without the mean.", rms_norm, ["x", "g"],
              ("matrix", "components", "substitution")),
    *in_forms("dropout", "Dropout", "What was dropped gets no gradient, what was kept is doubled.", dropout,
              ["w1", "w2"], ("matrix", "components", "deltas", "substitution")),
    *in_forms("mean-of-words", "A mean of embeddings", "Each token adds to the row of its word.", mean_of_words, "E",
              ("matrix", "components", "substitution")),
    *in_forms("residual-block", "A residual layer", "The error goes past the layer, and through it.", residual_block,
              ["x", "W", "b"], ("matrix", "components", "deltas", "substitution")),
    *in_forms("attention", "Scaled dot-product attention", "Queries, keys and values.", attention, ["q", "k", "v"],
              ("matrix",)),
    Entry("attention-v", "Attention: the values", "In components.", attention, "v", "components"),
    Entry("attention-q", "Attention: the queries", "In components.", attention, "q", "components"),
    *in_forms("masked-attention", "Attention with a mask", "A score that nobody looks at has no slope.",
              masked_attention, ["q", "k", "v"], ("matrix",)),
    *in_forms("multi-head-attention", "Multi-head attention", "Several heads at once, an axis of their own.",
              multi_head_attention, ["Wq", "Wk", "Wv", "Wo"], ("matrix",)),
    Entry("multi-head-attention-Wv", "Multi-head attention: the values", "In components.", multi_head_attention, "Wv",
          "components"),
)  # fmt: skip
