"""The closed forms of textbooks, as text: logistic regression, softmax, Huber, divergences, and what books derive else.

A row is a function as somebody may write it; functions that are the same written otherwise end in the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.evaluate import finite_point
from chainrule.frontend.function import Function
from chainrule.ir.node import Node
from chainrule.pipeline import GradientGraph, gradient_graph, wanted
from chainrule.render.formula import show
from chainrule.run.interpret import interpret
from chainrule.simplify import canonical, told

Shapes = Mapping[str, str]


def names_of(derived: GradientGraph) -> dict[Node, str]:
    """What the reader has a name for: arguments and local variables, but not the function itself."""
    own = set(derived.traced.graph.names.values()) - {derived.traced.function}
    return {node: name for node, name in derived.forward.names.items() if name in own}


def derived(function: Function, wrt: str) -> tuple[Node, Node, dict[Node, str]]:
    """The gradient that runs, its closed form, and the names in it."""
    traced = function.trace()
    found = gradient_graph(traced, [i for group in wanted(function, traced, wrt).values() for i in group])
    names = names_of(found)
    return found.gradients[0], told(found.gradients[0], names, found.forward.outputs), names


# ---------------------------------------------------------------------------------------------- logistic regression


def from_logits(X: Any, t: Any, w: Any) -> Any:
    return (np.log(1 + np.exp(X @ w)) - t * (X @ w)).sum()


def from_softplus(X: Any, t: Any, w: Any) -> Any:
    return cr.softplus(X @ w).sum() - t @ (X @ w)


def from_probabilities(X: Any, t: Any, w: Any) -> Any:
    p = cr.sigmoid(X @ w)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum()


def from_quotients(X: Any, t: Any, w: Any) -> Any:
    p = 1 / (1 + np.exp(-(X @ w)))
    return -np.sum(t * np.log(p)) - np.sum((1 - t) * np.log(1 - p))


def from_shares(X: Any, t: Any, w: Any) -> Any:
    p = np.exp(X @ w) / (1 + np.exp(X @ w))
    return (-t * np.log(p) - (1 - t) * np.log(1 - p)).sum()


def with_z(X: Any, t: Any, w: Any) -> Any:
    z = X @ w
    return (np.log(1 + np.exp(z)) - t * z).sum()


def with_z_and_sigmoid(X: Any, t: Any, w: Any) -> Any:
    z = X @ w
    return -(t * np.log(cr.sigmoid(z)) + (1 - t) * np.log(1 - cr.sigmoid(z))).sum()


def mean_from_logits(X: Any, t: Any, w: Any) -> Any:
    return (np.log(1 + np.exp(X @ w)) - t * (X @ w)).mean()


def mean_from_probabilities(X: Any, t: Any, w: Any) -> Any:
    p = cr.sigmoid(X @ w)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum() / X.shape[0]


def mean_from_library(X: Any, t: Any, w: Any) -> Any:
    return cr.binary_cross_entropy(X @ w, t)


def mean_by_cases(X: Any, t: Any, w: Any) -> Any:
    p = cr.sigmoid(X @ w)
    return -np.where(t, np.log(p), np.log(1 - p)).mean()


def margins(X: Any, y: Any, w: Any) -> Any:
    return np.log(1 + np.exp(-y * (X @ w))).sum()


REGRESSION = {"X": "N d", "t": "N", "w": "d"}
LOGISTIC: list[tuple[Callable[..., Any], Shapes, str, str]] = [
    *(
        (f, REGRESSION, "w", "Xᵀ(σ(Xw) - t)")
        for f in (from_logits, from_softplus, from_probabilities, from_quotients, from_shares)
    ),
    *((f, REGRESSION, "w", "Xᵀ(σ(z) - t)") for f in (with_z, with_z_and_sigmoid)),
    *(
        (f, REGRESSION, "w", "(1/N) Xᵀ(σ(Xw) - t)")
        for f in (mean_from_logits, mean_from_probabilities, mean_from_library)
    ),
    (mean_by_cases, {"X": "N d", "t": "N bool", "w": "d"}, "w", "(1/N) Xᵀ(σ(Xw) - [t])"),
    (margins, {"X": "N d", "y": "N", "w": "d"}, "w", "-Xᵀ(y ⊙ (1 - σ(y ⊙ Xw)))"),
]

# ---------------------------------------------------------------------------------------------- softmax regression


def entropy_of_logits(X: Any, Y: Any, W: Any) -> Any:
    return -(Y * cr.log_softmax(X @ W)).sum() / X.shape[0]


def entropy_of_rows(X: Any, Y: Any, W: Any) -> Any:
    return -np.sum(Y * np.log(cr.softmax(X @ W)), axis=1).mean()


def entropy_with_p(X: Any, Y: Any, W: Any) -> Any:
    P = cr.softmax(X @ W)
    return np.mean(-np.sum(Y * np.log(P), axis=1))


def entropy_as_written(X: Any, Y: Any, W: Any) -> Any:
    E = np.exp(X @ W)
    return -np.sum(Y * np.log(E / E.sum(axis=1, keepdims=True))) / X.shape[0]


def entropy_by_logsumexp(X: Any, Y: Any, W: Any) -> Any:
    return (cr.logsumexp(X @ W, axis=1) - np.sum(Y * (X @ W), axis=1)).mean()


def entropy_from_library(X: Any, Y: Any, W: Any) -> Any:
    return cr.cross_entropy(X @ W, Y)


def labels_from_library(X: Any, y: Any, W: Any) -> Any:
    return cr.cross_entropy(X @ W, y)


def labels_by_picking(X: Any, y: Any, W: Any) -> Any:
    return -np.log(cr.pick(cr.softmax(X @ W), y)).mean()


def by_the_logits(Z: Any, Y: Any) -> Any:
    return -(Y * cr.log_softmax(Z)).sum()


SIMPLEX = {"X": "N d", "Y": "N k simplex", "W": "d k"}
ANY_TARGETS = {"X": "N d", "Y": "N k", "W": "d k"}
LABELS = {"X": "N d", "y": "N int", "W": "d k"}
ENTROPIES = (entropy_of_logits, entropy_of_rows, entropy_with_p, entropy_as_written, entropy_from_library)
SOFTMAX: list[tuple[Callable[..., Any], Shapes, str, str]] = [
    *((f, SIMPLEX, "W", "(1/N) Xᵀ(softmax(XW) - Y)") for f in (*ENTROPIES, entropy_by_logsumexp)),
    *((f, LABELS, "W", "(1/N) Xᵀ(softmax(XW) - onehot(y))") for f in (labels_from_library, labels_by_picking)),
    *((f, ANY_TARGETS, "W", "(1/N) Xᵀ(softmax(XW) ⊙ (Y1)1ᵀ - Y)") for f in ENTROPIES),
    (by_the_logits, {"Z": "N k", "Y": "N k simplex"}, "Z", "softmax(Z) - Y"),
    (by_the_logits, {"Z": "N k", "Y": "N k"}, "Z", "softmax(Z) ⊙ (Y1)1ᵀ - Y"),
]

# ---------------------------------------------------------------------------------------------- Huber


def huber(X: Any, y: Any, w: Any, c: Any) -> Any:
    r = X @ w - y
    return np.where(abs(r) <= c, 0.5 * r**2, c * abs(r) - 0.5 * c**2).sum()


def huber_factored(X: Any, y: Any, w: Any, c: Any) -> Any:
    r = X @ w - y
    return np.where(np.abs(r) < c, r**2 / 2, c * (np.abs(r) - c / 2)).sum()


def huber_at_a_number(X: Any, y: Any, w: Any) -> Any:
    r = X @ w - y
    return np.where(abs(r) <= 1.5, 0.5 * r**2, 1.5 * (abs(r) - 0.75)).sum()


def huber_far_first(X: Any, y: Any, w: Any) -> Any:
    r = X @ w - y
    return np.where(abs(r) > 1.5, 1.5 * (abs(r) - 0.75), 0.5 * r**2).sum()


def huber_in_three(X: Any, y: Any, w: Any) -> Any:
    r = X @ w - y
    return np.where(r > 1.5, 1.5 * (r - 0.75), np.where(r < -1.5, -1.5 * (r + 0.75), 0.5 * r**2)).sum()


def huber_mean(X: Any, y: Any, w: Any) -> Any:
    r = X @ w - y
    return np.where(abs(r) <= 1, 0.5 * r**2, abs(r) - 0.5).mean()


LEAST = {"X": "N d", "y": "N", "w": "d"}
HUBER: list[tuple[Callable[..., Any], Shapes, str, str]] = [
    (huber, {**LEAST, "c": "positive"}, "w", "Xᵀ clip(r, -c, c)"),
    (huber_factored, {**LEAST, "c": "positive"}, "w", "Xᵀ clip(r, -c, c)"),
    (huber, {**LEAST, "c": ""}, "w", "Xᵀ where(|r| ≤ c, r, c sign(r))"),
    *((f, LEAST, "w", "Xᵀ clip(r, -1.5, 1.5)") for f in (huber_at_a_number, huber_far_first, huber_in_three)),
    (huber_mean, LEAST, "w", "(1/N) Xᵀ clip(r, -1, 1)"),
]

# ---------------------------------------------------------------------------------------------- divergences


def kl(z: Any, q: Any) -> Any:
    p = cr.softmax(z)
    KL = (p * (np.log(p) - np.log(q))).sum()
    return KL


def kl_of_ratio(z: Any, q: Any) -> Any:
    p = cr.softmax(z)
    KL = np.sum(p * np.log(p / q))
    return KL


def kl_as_dot(z: Any, q: Any) -> Any:
    p = np.exp(z) / np.exp(z).sum()
    KL = p @ (np.log(p) - np.log(q))
    return KL


def kl_in_two(z: Any, q: Any) -> Any:
    p = cr.softmax(z)
    KL = (p * np.log(p)).sum() - (p * np.log(q)).sum()
    return KL


def kl_without_names(z: Any, q: Any) -> Any:
    return (cr.softmax(z) * (cr.log_softmax(z) - np.log(q))).sum()


def kl_of_rows(Z: Any, Q: Any) -> Any:
    P = cr.softmax(Z)
    KL = (P * (np.log(P) - np.log(Q))).sum(axis=1)
    return KL.mean()


def entropy_of_softmax(z: Any) -> Any:
    p = cr.softmax(z)
    H = -(p * np.log(p)).sum()
    return H


KL: list[tuple[Callable[..., Any], Shapes, str, str]] = [
    *(
        (f, {"z": "n", "q": "n positive"}, "z", "p ⊙ (log(p) - log(q) - KL)")
        for f in (kl, kl_of_ratio, kl_as_dot, kl_in_two)
    ),
    (
        kl_without_names,
        {"z": "n", "q": "n positive"},
        "z",
        "softmax(z) ⊙ (log softmax(z) - log(q) - softmax(z)ᵀ(log softmax(z) - log(q)))",
    ),
    (kl_of_rows, {"Z": "N k", "Q": "N k positive"}, "Z", "(1/N) P ⊙ (log(P) - log(Q) - KL[:, None])"),
    (entropy_of_softmax, {"z": "n"}, "z", "-p ⊙ (H + log(p))"),
    (lambda p, q: (p * np.log(p / q)).sum(), {"p": "n positive", "q": "n positive"}, "p", "log(p/q) + 1"),
]

# ---------------------------------------------------------------------------------------------- cosine similarity


def cosine(x: Any, a: Any) -> Any:
    cos = x @ a / (cr.norm(x) * cr.norm(a))
    return cos


def cosine_of_units(x: Any, a: Any) -> Any:
    cos = (x / np.linalg.norm(x)) @ (a / np.linalg.norm(a))
    return cos


def cosine_by_roots(x: Any, a: Any) -> Any:
    cos = x @ a / np.sqrt((x @ x) * (a @ a))
    return cos


def cosine_by_sums(x: Any, a: Any) -> Any:
    cos = np.sum(x * a) / np.sqrt(np.sum(x**2)) / np.sqrt(np.sum(a**2))
    return cos


def cosine_without_names(x: Any, a: Any) -> Any:
    return x @ a / (cr.norm(x) * cr.norm(a))


def along(x: Any, a: Any) -> Any:
    u = x / cr.norm(x)
    s = u @ a
    return s


PAIR = {"x": "n", "a": "n"}
COSINE: list[tuple[Callable[..., Any], Shapes, str, str]] = [
    *((f, PAIR, "x", "(a/‖a‖ - (cos/‖x‖) x)/‖x‖") for f in (cosine, cosine_of_units, cosine_by_roots, cosine_by_sums)),
    (cosine_without_names, PAIR, "x", "(a - ((xᵀa) / ‖x‖²) x)/(‖x‖‖a‖)"),
    (along, PAIR, "x", "(a - su)/‖x‖"),
]

# ---------------------------------------------------------------------------------------------- other losses


def clipped_surrogate(r: Any, A: Any) -> Any:
    return np.minimum(r * A, np.clip(r, 0.8, 1.2) * A).mean()


def gaussian_by_mean(x: Any, mu: Any, s: Any) -> Any:
    return (-0.5 * np.log(2 * np.pi * s**2) - (x - mu) ** 2 / (2 * s**2)).sum()


def gaussian_standardised(x: Any, mu: Any, s: Any) -> Any:
    return -0.5 * (((x - mu) / s) ** 2).sum() - x.shape[0] * np.log(s)


def gaussian_by_log_variance(x: Any, mu: Any, v: Any) -> Any:
    return -0.5 * (v + (x - mu) ** 2 * np.exp(-v)).sum()


def poisson(X: Any, y: Any, w: Any) -> Any:
    return (np.exp(X @ w) - y * (X @ w)).sum()


def poisson_by_rate(X: Any, y: Any, w: Any) -> Any:
    m = np.exp(X @ w)
    return (m - y * np.log(m)).sum()


def focal(X: Any, t: Any, w: Any) -> Any:
    p = cr.sigmoid(X @ w)
    return -np.mean(t * (1 - p) ** 2 * np.log(p))


def focal_of_the_others(X: Any, t: Any, w: Any) -> Any:
    p = cr.sigmoid(X @ w)
    return -np.mean((1 - t) * p**2 * np.log(1 - p))


def focal_with_log1p(X: Any, t: Any, w: Any) -> Any:
    p = cr.sigmoid(X @ w)
    return -np.mean((1 - t) * p**2 * np.log1p(-p))


VECTOR = {"z": "n"}
POSITIVE = {"x": "n positive"}
OTHERS: list[tuple[Callable[..., Any], Shapes, str, str]] = [
    (lambda A, X: np.exp(A @ X).sum(), {"A": "n m", "X": "m k"}, "X", "Aᵀ exp(AX)"),
    (lambda A, x: cr.logsumexp(A @ x), {"A": "n m", "x": "m"}, "x", "Aᵀ softmax(Ax)"),
    (lambda A, x: np.log(np.sum(np.exp(A @ x))), {"A": "n m", "x": "m"}, "x", "Aᵀ softmax(Ax)"),
    (lambda z: np.log(cr.sigmoid(z)).sum(), VECTOR, "z", "1 - σ(z)"),
    (lambda z: cr.log_sigmoid(z).sum(), VECTOR, "z", "1 - σ(z)"),
    (lambda z: -np.log(1 + np.exp(-z)).sum(), VECTOR, "z", "1 - σ(z)"),
    (lambda z: 0.5 * (np.tanh(z) ** 2).sum(), VECTOR, "z", "tanh(z) ⊙ (1 - tanh(z)²)"),
    (lambda z: (np.tanh(z) * np.tanh(z)).sum() / 2, VECTOR, "z", "tanh(z) ⊙ (1 - tanh(z)²)"),
    (lambda x: x @ np.log(x), POSITIVE, "x", "log(x) + 1"),
    (lambda x: (x * np.log(x)).sum(), {"x": "n"}, "x", "log(x) + 1"),
    (clipped_surrogate, {"r": "N", "A": "N"}, "r",
     "(1/N) A ⊙ (([r ⊙ A > clip(r, 0.8, 1.2) ⊙ A] + (1/2) [r ⊙ A = clip(r, 0.8, 1.2) ⊙ A]) ⊙ [(r > 0.8) ∧ (r < 1.2)]"
     " + [clip(r, 0.8, 1.2) ⊙ A > r ⊙ A] + (1/2) [clip(r, 0.8, 1.2) ⊙ A = r ⊙ A])"),
    # Bishop, Pattern Recognition and Machine Learning, section 1.2.4: the likelihood of a Gaussian.
    (gaussian_by_mean, {"x": "N", "mu": "", "s": "positive"}, "mu", "(1/s²) Σ (x - μ)"),
    (gaussian_standardised, {"x": "N", "mu": "", "s": "positive"}, "mu", "(1/s²) Σ (x - μ)"),
    # Kingma and Welling, Auto-Encoding Variational Bayes: variances by their logarithms.
    (gaussian_by_log_variance, {"x": "N", "mu": "N", "v": "N"}, "v", "(1/2)(exp(-v) ⊙ (x - μ)² - 1)"),
    # Murphy, Probabilistic Machine Learning, section 12.1: Poisson regression.
    (poisson, LEAST, "w", "Xᵀ(exp(Xw) - y)"),
    (poisson_by_rate, LEAST, "w", "Xᵀ(m - y)"),
    # Lin, Goyal, Girshick, He and Dollár, Focal Loss for Dense Object Detection, appendix B: γ = 2.
    (focal, REGRESSION, "w", "(1/N) Xᵀ((1 - p)² ⊙ t ⊙ (p ⊙ (2 log(p) + 1) - 1))"),
    (focal_of_the_others, REGRESSION, "w", "(1/N) Xᵀ(p² ⊙ (1 - t) ⊙ (p - 2 log(1 - p) ⊙ (1 - p)))"),
    (focal_with_log1p, REGRESSION, "w", "(1/N) Xᵀ(p² ⊙ (1 - t) ⊙ (1 - p) ⊙ (p/(1 - p) - 2 log(1 - p)))"),
    (lambda x: np.expm1(x).sum(), {"x": "n"}, "x", "exp(x)"),
    (lambda x: (np.expm1(x) ** 2).sum(), {"x": "n"}, "x", "2 exp(x) ⊙ (exp(x) - 1)"),
    # Murphy, section 6.1: entropy.
    (lambda p: -(p * np.log(p)).sum(), {"p": "n positive"}, "p", "-(log(p) + 1)"),
    # Goodfellow, Bengio and Courville, Deep Learning, section 3.10: the slope of softplus is the sigmoid.
    (lambda z: cr.softplus(z).sum(), VECTOR, "z", "σ(z)"),
    (lambda z: np.log(1 + np.exp(z)).sum(), VECTOR, "z", "σ(z)"),
    (lambda z: cr.sigmoid(z).sum(), VECTOR, "z", "σ(z) ⊙ (1 - σ(z))"),
    # Ramachandran, Zoph and Le, Searching for Activation Functions: swish.
    (lambda z: (z * cr.sigmoid(z)).sum(), VECTOR, "z", "σ(z) ⊙ (1 + z ⊙ (1 - σ(z)))"),
    # Bishop, section 7.1.2: the hinge; its square.
    (lambda X, y, w: np.maximum(0, 1 - y * (X @ w)).sum(), LEAST, "w", "-Xᵀ(y ⊙ [1 - y ⊙ Xw > 0])"),
    (lambda X, y, w: cr.relu(1 - y * (X @ w)).sum(), LEAST, "w", "-Xᵀ(y ⊙ [1 - y ⊙ Xw > 0])"),
    (lambda X, y, w: (np.maximum(0, 1 - y * (X @ w)) ** 2).sum(), LEAST, "w", "-2Xᵀ(y ⊙ max(0, 1 - y ⊙ Xw))"),
    # Boyd and Vandenberghe, Convex Optimization, section 11.2: the logarithmic barrier of A x ≤ b.
    (lambda A, b, x: -np.log(b - A @ x).sum(), {"A": "m n", "b": "m", "x": "n"}, "x", "Aᵀ(1/(b - Ax))"),
]  # fmt: skip

ROWS = [*LOGISTIC, *SOFTMAX, *HUBER, *KL, *COSINE, *OTHERS]


def name_of(row: Any) -> str:
    f, shapes, wrt, text = row
    return f"{f.__name__ if f.__name__ != '<lambda>' else text}-{wrt}-{' '.join(shapes.values())}"


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_the_closed_form_is_that_of_a_textbook(row: tuple[Callable[..., Any], Shapes, str, str]) -> None:
    f, shapes, wrt, text = row
    _, closed, names = derived(cr.function(**shapes)(f), wrt)
    assert show(closed, "text", names=names) == text


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_it_is_the_gradient_that_runs(row: tuple[Callable[..., Any], Shapes, str, str]) -> None:
    f, shapes, wrt, _ = row
    function = cr.function(**shapes)(f)
    gradient, closed, _ = derived(function, wrt)
    assert canonical(closed) is canonical(gradient)
    graph = function.trace().graph
    for seed in range(3):
        values, sizes = finite_point(graph, [gradient, closed], seed)
        ran, shown = interpret([gradient, closed], values, sizes=sizes)
        np.testing.assert_allclose(shown, ran, rtol=1e-12, atol=1e-12 * np.max(np.abs(ran), initial=0))


@pytest.mark.parametrize("row", ROWS, ids=map(name_of, ROWS))
def test_what_runs_is_the_gradient(row: tuple[Callable[..., Any], Shapes, str, str]) -> None:
    f, shapes, wrt, _ = row
    assert cr.check(cr.function(**shapes)(f), wrt=wrt).ok


def test_a_closed_form_told_again_stays() -> None:
    for f, shapes, wrt, _ in ROWS:
        _, closed, names = derived(cr.function(**shapes)(f), wrt)
        assert told(closed, names) is closed
