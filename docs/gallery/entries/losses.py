"""Losses: what a network is judged by."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry, in_forms


@cr.function(w="d", X="N d", y="N", c="positive")
def huber(w, X, y, c):
    r = X @ w - y
    return cr.where(abs(r) <= c, r**2 / 2, c * abs(r) - c**2 / 2).sum()


@cr.function(m="", s="", x="N")
def gaussian(m, s, x):
    z = (x - m) * cr.exp(-s)
    return (0.5 * z**2 + s).sum()


@cr.function(u="d", v="d", n="k d")
def word2vec(u, v, n):
    near = v @ u
    far = n @ u
    return -cr.log_sigmoid(near) - cr.log_sigmoid(-far).sum()


@cr.function(x="n", a="n")
def cosine(x, a):
    return (x @ a) / (cr.norm(x) * cr.norm(a))


@cr.function(z="K", q="K simplex")
def kl_divergence(z, q):
    p = cr.softmax(z)
    return (p * (cr.log_softmax(z) - cr.log(q))).sum()


@cr.function(x="n", A="m n")
def log_partition(x, A):
    return cr.logsumexp(A @ x)


@cr.function(w="d", X="N d", t="N")
def hinge(w, X, t):
    margin = t * (X @ w)
    return cr.relu(1 - margin).sum()


@cr.function(x="n", a="n")
def distance(x, a):
    return cr.norm(x - a)


@cr.function(w="d", X="N d", y="N")
def mean_absolute_error(w, X, y):
    r = X @ w - y
    return abs(r).mean()


@cr.function(w="d", X="N d", y="N")
def mean_squared_error(w, X, y):
    r = X @ w - y
    return (r**2).mean()


@cr.function(w="d", X="N d", y="N")
def log_cosh(w, X, y):
    r = X @ w - y
    return cr.log_cosh(r).mean()


@cr.function(W="d k", X="N d", t="N int")
def multiclass_hinge(W, X, t):
    s = X @ W
    rivals = s + 1 - cr.take(cr.eye(s.shape[1]), t, axis=0)
    best = rivals.max(axis=1)
    return (best - cr.pick(s, t)).mean()


@cr.function(rate="N", t="N")
def poisson_rates(rate, t):
    return (rate - t * cr.log(rate)).mean()


@cr.function(m="N", v="N", t="N")
def gaussian_nll(m, v, t):
    return (cr.log(v) + (t - m) ** 2 / v).mean() / 2


@cr.function(p="N k", q="N k")
def divergence(p, q):
    return (p * (cr.log(p) - cr.log(q))).sum(axis=1).mean()


@cr.function(x="N d", t="N d")
def cosine_loss(x, t):
    c = (x * t).sum(axis=1) / (cr.norm(x, axis=1) * cr.norm(t, axis=1))
    return (1 - c).mean()


@cr.function(a="N d", p="N d", n="N d")
def triplet(a, p, n):
    near = cr.norm(a - p, axis=1)
    far = cr.norm(a - n, axis=1)
    return cr.relu(near - far + 1).mean()


@cr.function(w="d", b="", X="N d", t="N")
def binary_cross_entropy(w, b, X, t):
    z = X @ w + b
    return cr.binary_cross_entropy(z, t)


@cr.function(z="N k", t="N int")
def cross_entropy(z, t):
    return cr.cross_entropy(z, t)


ENTRIES = (
    Entry("huber", "Huber's loss", "Squares near zero, absolute values beyond c.", huber, "w", "components"),
    Entry("gaussian-likelihood", "A Gaussian log-likelihood", "By the mean m and the logarithm s of the deviation.",
          gaussian, ["m", "s"], "substitution"),
    Entry("word2vec", "word2vec with negative samples", "A word, its neighbour, and k others drawn at random.",
          word2vec, ["u", "v", "n"], "matrix"),
    Entry("cosine-similarity", "Cosine similarity", "Independent of the length of x: its gradient is orthogonal to x.",
          cosine, "x", "matrix"),
    Entry("kl-divergence", "Kullback–Leibler divergence of a softmax", "KL(softmax(z) ‖ q) by z.",
          kl_divergence, "z", "matrix"),
    Entry("log-sum-exp", "The logarithm of a sum of exponentials", "Its slope is the softmax.",
          log_partition, "x", "components"),
    Entry("hinge", "The hinge loss", "A kink where the margin is one.", hinge, "w", "substitution"),
    Entry("distance", "A distance", "‖x − a‖: a unit vector.", distance, "x", "matrix"),
    *in_forms("mean-squared-error", "Mean squared error", "Its slope grows with the residual.", mean_squared_error, "w",
              ("components", "matrix", "deltas", "substitution")),
    *in_forms("mean-absolute-error", "Mean absolute error", "Its slope knows the residual's sign alone.",
              mean_absolute_error, "w", ("components", "matrix", "substitution")),
    *in_forms("log-cosh", "The log-cosh loss", "Squares near zero, absolute values far away, and smooth.", log_cosh,
              "w", ("components", "matrix", "substitution")),
    *in_forms("multiclass-hinge", "The hinge loss of several classes", "The best rival against the right class.",
              multiclass_hinge, "W", ("matrix", "components")),
    *in_forms("poisson-rates", "A Poisson likelihood by its rates", "Least where the rate is the count.", poisson_rates,
              "rate", ("substitution", "components", "matrix")),
    *in_forms("gaussian-nll", "A Gaussian likelihood by mean and variance", "Each sample with a variance of its own.",
              gaussian_nll, ["m", "v"], ("substitution", "components", "matrix")),
    *in_forms("divergence", "Kullback–Leibler divergence of rows", "By both distributions.", divergence, ["p", "q"],
              ("components", "matrix", "substitution")),
    *in_forms("cosine-loss", "The cosine loss", "One minus the cosine of the angle between rows.", cosine_loss,
              ["x", "t"], ("components", "matrix", "substitution")),
    *in_forms("triplet", "The triplet loss", "Nearer to one point than to another, by a margin.", triplet,
              ["a", "p", "n"], ("matrix", "components", "substitution")),
    *in_forms("binary-cross-entropy", "Binary cross-entropy", "From logits: prediction less target.",
              binary_cross_entropy, ["w", "b"], ("components", "matrix", "deltas", "substitution")),
    *in_forms("cross-entropy", "Cross-entropy of labels", "From logits: softmax less one-hot.", cross_entropy, "z",
              ("components", "matrix", "substitution")),
)  # fmt: skip
