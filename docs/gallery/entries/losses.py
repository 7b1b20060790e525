"""Losses: what a network is judged by."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry


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
)  # fmt: skip
