"""Right gradients by hand, in the forms in which different people write them: none may be called wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import erf

import chainrule as cr
from tests.check.wrong import Model

Point = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A model, a right backward pass, and two arguments of which one may be scaled by s and the other by 1/s."""

    model: Model
    backward: Callable[..., Any]
    scaled: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.model.name}: {self.backward.__name__}"


FORMS: list[Form] = []
N, D, H, K = 7, 3, 5, 4


def right(model: Model, scaled: tuple[str, str] | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(backward: Callable[..., Any]) -> Callable[..., Any]:
        FORMS.append(Form(model, backward, scaled))
        return backward

    return add


@dataclass
class Draw:
    """Arrays of a point, by shape."""

    shapes: dict[str, tuple[int, ...]]
    more: Callable[[np.random.Generator], Point] = field(default=lambda rng: {})

    def __call__(self, rng: np.random.Generator) -> Point:
        return {name: rng.normal(size=shape) for name, shape in self.shapes.items()} | self.more(rng)


# ------------------------------------------------------------------------------------------ linear models


@cr.function(x="N d", y="N", w="d", lam="")
def ridge(x, y, w, lam):
    r = x @ w - y
    return (r**2).mean() + lam * (w**2).sum()


RIDGE = Model("ridge", ridge, Draw({"x": (N, D), "y": (N,), "w": (D,)}, lambda rng: {"lam": rng.uniform(0.1, 1)}))


@right(RIDGE)
def ridge_in_one_line(x, y, w, lam):
    return {"w": 2 / len(x) * x.T @ (x @ w - y) + 2 * lam * w}


@right(RIDGE)
def ridge_sample_by_sample(x, y, w, lam):
    g = np.zeros_like(w)
    for xi, yi in zip(x, y, strict=True):
        g += 2 * (xi @ w - yi) * xi / len(x)
    return {"w": g + 2 * lam * w}


@right(RIDGE)
def ridge_multiplied_out(x, y, w, lam):
    return {"w": 2 * (x.T @ x @ w - x.T @ y) / len(x) + 2 * lam * w, "lam": (w * w).sum()}


@cr.function(x="N d", y="N", w="d", b="")
def logistic(x, y, w, b):
    z = x @ w + b
    p = cr.sigmoid(z)
    return -(y * cr.log(p) + (1 - y) * cr.log(1 - p)).mean()


LOGISTIC = Model(
    "logistic", logistic, Draw({"x": (N, D), "w": (D,), "b": ()}, lambda rng: {"y": rng.integers(0, 2, N) * 1.0})
)


@right(LOGISTIC, ("x", "w"))
def logistic_by_the_difference(x, y, w, b):
    d = (1 / (1 + np.exp(-(x @ w + b))) - y) / len(y)
    return {"w": x.T @ d, "b": d.sum()}


@right(LOGISTIC)
def logistic_by_the_chain(x, y, w, b):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    d_p = (-y / p + (1 - y) / (1 - p)) / len(y)
    d_z = d_p * p * (1 - p)
    return {"w": np.dot(d_z, x), "b": d_z.sum()}


@right(LOGISTIC)
def logistic_by_labels_of_both_signs(x, y, w, b):
    sign = 2 * y - 1
    m = -sign / (1 + np.exp(sign * (x @ w + b)))
    return {"w": (m[:, None] * x).mean(0), "b": m.mean()}


@cr.function(x="N d", y="N int", w="d k", b="k")
def softmax(x, y, w, b):
    z = x @ w + b
    return cr.cross_entropy(z, y)


SOFTMAX = Model(
    "softmax", softmax, Draw({"x": (N, D), "w": (D, K), "b": (K,)}, lambda rng: {"y": rng.integers(0, K, N)})
)


@right(SOFTMAX, ("x", "w"))
def softmax_less_one_hot(x, y, w, b):
    z = x @ w + b
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return {"w": x.T @ p / len(y), "b": p.mean(axis=0)}


@right(SOFTMAX)
def softmax_by_its_jacobian(x, y, w, b):
    z = x @ w + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    d_p = np.zeros_like(p)
    d_p[np.arange(len(y)), y] = -1 / p[np.arange(len(y)), y] / len(y)
    d_z = np.stack([(np.diag(q) - np.outer(q, q)) @ g for q, g in zip(p, d_p, strict=True)])
    return {"w": np.einsum("nd,nk->dk", x, d_z), "b": np.einsum("nk->k", d_z)}


# ------------------------------------------------------------------------------------------ dense networks


def _dense(activation: str) -> Model:
    @cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
    def network(x, y, w1, b1, w2, b2):
        z1 = x @ w1 + b1
        a1 = getattr(cr, activation)(z1)
        z2 = a1 @ w2 + b2
        return ((z2 - y) ** 2).sum() / x.shape[0]

    shapes = {"x": (N, D), "y": (N, K), "w1": (D, H), "b1": (H,), "w2": (H, K), "b2": (K,)}
    return Model(f"two layers, {activation}", network, Draw(shapes))


def _two_layers(f: Any, slope: Any) -> Callable[..., Any]:
    def backward(x, y, w1, b1, w2, b2):
        z1 = x @ w1 + b1
        a1 = f(z1)
        d_z2 = 2 * (a1 @ w2 + b2 - y) / len(x)
        d_z1 = d_z2 @ w2.T * slope(z1, a1)
        return {"w1": x.T @ d_z1, "b1": d_z1.sum(0), "w2": a1.T @ d_z2, "b2": d_z2.sum(0)}

    return backward


RELU, TANH, SIGMOID, GELU = map(_dense, ("relu", "tanh", "sigmoid", "gelu"))


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


DENSE = [
    (RELU, "by a comparison", lambda z: np.maximum(z, 0), lambda z, a: z > 0),
    (RELU, "by the output", lambda z: z * (z > 0), lambda z, a: (a > 0).astype(a.dtype)),
    (RELU, "by a choice", lambda z: np.where(z > 0, z, 0), lambda z, a: np.where(z > 0, 1.0, 0.0)),
    (RELU, "by Heaviside", lambda z: np.maximum(z, 0), lambda z, a: np.heaviside(z, 0)),
    (TANH, "by the output", np.tanh, lambda z, a: 1 - a**2),
    (TANH, "by cosh", np.tanh, lambda z, a: 1 / np.cosh(z) ** 2),
    (TANH, "in factors", np.tanh, lambda z, a: (1 - a) * (1 + a)),
    (SIGMOID, "by the output", _sigmoid, lambda z, a: a * (1 - a)),
    (SIGMOID, "by exp", _sigmoid, lambda z, a: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    (SIGMOID, "by tanh", lambda z: (1 + np.tanh(z / 2)) / 2, lambda z, a: (1 - np.tanh(z / 2) ** 2) / 4),
    (
        GELU, "by erf", lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
        lambda z, a: (1 + erf(z / np.sqrt(2))) / 2 + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    ),
]  # fmt: skip
for _model, _name, _f, _slope in DENSE:
    _made = _two_layers(_f, _slope)
    _made.__name__ = _name
    right(_model, ("x", "w1"))(_made)


@right(RELU)
def relu_sample_by_sample(x, y, w1, b1, w2, b2):
    g = {"w1": 0 * w1, "b1": 0 * b1, "w2": 0 * w2, "b2": 0 * b2}
    for xi, yi in zip(x, y, strict=True):
        zi = xi @ w1 + b1
        ai = np.maximum(zi, 0)
        di = 2 / len(x) * (ai @ w2 + b2 - yi)
        hidden = w2 @ di
        hidden[zi <= 0] = 0
        g["w2"] += np.outer(ai, di)
        g["b2"] += di
        g["w1"] += np.outer(xi, hidden)
        g["b1"] += hidden
    return g


@cr.function(x="N d", y="N int", w1="d h", b1="h", w2="h m", b2="m", w3="m k", b3="k")
def three_layers(x, y, w1, b1, w2, b2, w3, b3):
    z1 = x @ w1 + b1
    a1 = cr.relu(z1)
    z2 = a1 @ w2 + b2
    a2 = cr.tanh(z2)
    z3 = a2 @ w3 + b3
    return cr.cross_entropy(z3, y)


THREE = Model(
    "three layers",
    three_layers,
    Draw(
        {"x": (N, D), "w1": (D, H), "b1": (H,), "w2": (H, 6), "b2": (6,), "w3": (6, K), "b3": (K,)},
        lambda rng: {"y": rng.integers(0, K, N)},
    ),
)


@right(THREE, ("x", "w1"))
def three_layers_with_a_list_of_caches(x, y, w1, b1, w2, b2, w3, b3):
    layers, caches, a = [(w1, b1), (w2, b2), (w3, b3)], [], x
    for k, (w, b) in enumerate(layers):
        z = a @ w + b
        caches.append((a, z))
        a = np.maximum(z, 0) if k == 0 else np.tanh(z) if k == 1 else z
    e = np.exp(a - a.max(1, keepdims=True))
    d = (e / e.sum(1, keepdims=True) - np.eye(a.shape[1])[y]) / len(y)
    g: Point = {}
    for k in (2, 1, 0):
        before, z = caches[k]
        d = d if k == 2 else d * (1 - np.tanh(z) ** 2) if k == 1 else d * (z > 0)
        g[f"w{k + 1}"], g[f"b{k + 1}"] = before.T @ d, d.sum(0)
        d = d @ layers[k][0].T
    return g | {"x": d}


# ------------------------------------------------------------------------------------------ norms, attention, time


@cr.function(a="N d", gamma="d", beta="d", t="N d")
def batch_norm(a, gamma, beta, t):
    m = a.mean(axis=0)
    c = a - m
    v = (c**2).mean(axis=0)
    n = c / cr.sqrt(v + 1e-5)
    out = gamma * n + beta
    return (out * t).sum()


BATCH = Model("batch norm", batch_norm, Draw({"a": (N, D), "gamma": (D,), "beta": (D,), "t": (N, D)}))


@right(BATCH)
def batch_norm_in_one_line(a, gamma, beta, t):
    std = np.sqrt(a.var(0) + 1e-5)
    n = (a - a.mean(0)) / std
    d_n = t * gamma
    d_a = (len(a) * d_n - d_n.sum(0) - n * (d_n * n).sum(0)) / (len(a) * std)
    return {"a": d_a, "gamma": (t * n).sum(0), "beta": t.sum(0)}


@right(BATCH)
def batch_norm_step_by_step(a, gamma, beta, t):
    c = a - a.mean(0)
    inverse = 1 / np.sqrt((c**2).mean(0) + 1e-5)
    d_n = t * gamma
    d_inverse = (d_n * c).sum(0)
    d_v = d_inverse * -0.5 * inverse**3
    d_c = d_n * inverse + d_v * 2 * c / len(a)
    return {"a": d_c - d_c.mean(0), "gamma": np.einsum("nd,nd->d", t, c * inverse), "beta": np.ones(len(a)) @ t}


@cr.function(a="N d", gamma="d", beta="d", t="N d")
def layer_norm(a, gamma, beta, t):
    m = a.mean(axis=1, keepdims=True)
    v = ((a - m) ** 2).mean(axis=1, keepdims=True)
    n = (a - m) / cr.sqrt(v + 1e-5)
    return ((gamma * n + beta) * t).sum()


LAYER = Model("layer norm", layer_norm, Draw({"a": (N, H), "gamma": (H,), "beta": (H,), "t": (N, H)}))


@right(LAYER)
def layer_norm_in_one_line(a, gamma, beta, t):
    std = np.sqrt(a.var(1, keepdims=True) + 1e-5)
    n = (a - a.mean(1, keepdims=True)) / std
    d_n = t * gamma
    d_a = (d_n - d_n.mean(1, keepdims=True) - n * (d_n * n).mean(1, keepdims=True)) / std
    return {"a": d_a, "gamma": (t * n).sum(0), "beta": t.sum(0)}


@cr.function(x="T d", wq="d k", wk="d k", wv="d m", y="T m")
def attention(x, wq, wk, wv, y):
    q = x @ wq
    k = x @ wk
    v = x @ wv
    s = q @ k.T / cr.sqrt(wq.shape[1])
    p = cr.softmax(s)
    o = p @ v
    return ((o - y) ** 2).mean()


ATTENTION = Model(
    "attention", attention, Draw({"x": (6, 5), "wq": (5, 4), "wk": (5, 4), "wv": (5, 3), "y": (6, 3)})
)  # fmt: skip


def _attended(x, wq, wk, wv):
    s = (x @ wq) @ (x @ wk).T / np.sqrt(wq.shape[1])
    e = np.exp(s - s.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@right(ATTENTION)
def attention_by_row_sums(x, wq, wk, wv, y):
    p = _attended(x, wq, wk, wv)
    d_o = 2 * (p @ (x @ wv) - y) / y.size
    d_p = d_o @ (x @ wv).T
    d_s = p * (d_p - (d_p * p).sum(1, keepdims=True)) / np.sqrt(wq.shape[1])
    return {"wq": x.T @ (d_s @ (x @ wk)), "wk": x.T @ (d_s.T @ (x @ wq)), "wv": x.T @ (p.T @ d_o)}


@right(ATTENTION)
def attention_by_the_full_jacobian(x, wq, wk, wv, y):
    p = _attended(x, wq, wk, wv)
    d_o = 2 * (p @ (x @ wv) - y) / y.size
    d_p = np.einsum("tm,sm->ts", d_o, x @ wv)
    jacobian = np.einsum("ts,su->tsu", p, np.eye(p.shape[1])) - np.einsum("ts,tu->tsu", p, p)
    d_s = np.einsum("tsu,ts->tu", jacobian, d_p) / np.sqrt(wq.shape[1])
    d_q, d_k, d_v = d_s @ (x @ wk), d_s.T @ (x @ wq), p.T @ d_o
    return {"wq": x.T @ d_q, "wk": x.T @ d_k, "wv": x.T @ d_v, "x": d_q @ wq.T + d_k @ wk.T + d_v @ wv.T}


@cr.function(x="3 d", w="d h", u="h h", b="h", t="h")
def rnn(x, w, u, b, t):
    h1 = cr.tanh(x[0] @ w + b)
    h2 = cr.tanh(x[1] @ w + h1 @ u + b)
    h3 = cr.tanh(x[2] @ w + h2 @ u + b)
    return ((h3 - t) ** 2).sum()


RNN = Model("RNN", rnn, Draw({"x": (3, D), "w": (D, H), "u": (H, H), "b": (H,), "t": (H,)}))


@right(RNN)
def rnn_through_time(x, w, u, b, t):
    states = [np.zeros(len(b))]
    for step in x:
        states.append(np.tanh(step @ w + states[-1] @ u + b))
    g = {"w": np.zeros_like(w), "u": np.zeros_like(u), "b": np.zeros_like(b)}
    d_h = 2 * (states[-1] - t)
    for k in (3, 2, 1):
        d_z = d_h * (1 - states[k] ** 2)
        g["w"] += np.outer(x[k - 1], d_z)
        g["u"] += np.outer(states[k - 1], d_z)
        g["b"] += d_z
        d_h = u @ d_z
    return g


@cr.function(ids="N int", table="v d", t="N d")
def embedding(ids, table, t):
    e = table[ids]
    return ((e - t) ** 2).sum()


EMBEDDING = Model("embedding", embedding, lambda rng: {
    "ids": rng.integers(0, 5, N), "table": rng.normal(size=(5, D)), "t": rng.normal(size=(N, D))})  # fmt: skip


@right(EMBEDDING)
def embedding_by_add_at(ids, table, t):
    g = np.zeros_like(table)
    np.add.at(g, ids, 2 * (table[ids] - t))
    return {"table": g}


@right(EMBEDDING)
def embedding_by_one_hot(ids, table, t):
    return {"table": np.eye(len(table))[ids].T @ (2 * (table[ids] - t))}


# ------------------------------------------------------------------------------------------ other losses


@cr.function(x="N d", y="N", w="d")
def huber(x, y, w):
    r = x @ w - y
    h = cr.where(cr.abs(r) <= 1, r**2 / 2, cr.abs(r) - 0.5)
    return h.mean()


HUBER = Model("Huber", huber, Draw({"x": (N, D), "y": (N,), "w": (D,)}))


@right(HUBER)
def huber_by_clipping(x, y, w):
    return {"w": x.T @ np.clip(x @ w - y, -1, 1) / len(y)}


@right(HUBER)
def huber_by_cases(x, y, w):
    r = x @ w - y
    return {"w": (np.where(np.abs(r) <= 1, r, np.sign(r))[:, None] * x).mean(axis=0)}


@cr.function(r="n m", mask="n m", u="n k", v="m k")
def factorisation(r, mask, u, v):
    e = mask * (u @ v.T - r)
    return (e**2).sum() + 0.1 * ((u**2).sum() + (v**2).sum())


FACTORS = Model("matrix factorisation", factorisation, Draw(
    {"r": (6, 5), "u": (6, 2), "v": (5, 2)}, lambda rng: {"mask": rng.integers(0, 2, (6, 5)) * 1.0}))  # fmt: skip


@right(FACTORS)
def factorisation_in_matrices(r, mask, u, v):
    e = 2 * mask * (u @ v.T - r)
    return {"u": e @ v + 0.2 * u, "v": e.T @ u + 0.2 * v}


@right(FACTORS)
def factorisation_entry_by_entry(r, mask, u, v):
    g, h = 0.2 * u, 0.2 * v
    for i, j in np.argwhere(mask):
        e = 2 * (u[i] @ v[j] - r[i, j])
        g[i] += e * v[j]
        h[j] += e * u[i]
    return {"u": g, "v": h}


@cr.function(x="N d", y="N", w="d", s="")
def gaussian(x, y, w, s):
    mu = x @ w
    return (0.5 * (y - mu) ** 2 * cr.exp(-s) + 0.5 * s).sum()


GAUSSIAN = Model("Gaussian likelihood", gaussian, Draw({"x": (N, D), "y": (N,), "w": (D,), "s": ()}))


@right(GAUSSIAN, ("x", "w"))
def gaussian_by_the_log_variance(x, y, w, s):
    r = y - x @ w
    return {"w": -x.T @ r / np.exp(s), "s": len(y) / 2 - 0.5 * np.exp(-s) * r @ r}
