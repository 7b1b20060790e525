"""Linear models, quadratic forms and factorisations."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry


@cr.function(w="d", X="N d", y="N")
def least_squares(w, X, y):
    r = X @ w - y
    return 0.5 * (r @ r)


@cr.function(w="d", X="N d", y="N", lam="")
def ridge(w, X, y, lam):
    r = X @ w - y
    return 0.5 * (r @ r) + 0.5 * lam * (w @ w)


@cr.function(w="d", X="N d", y="N", lam="")
def lasso(w, X, y, lam):
    r = X @ w - y
    return 0.5 * (r @ r) + lam * abs(w).sum()


@cr.function(w="d", X="N d", t="N")
def logistic(w, X, t):
    z = X @ w
    return (cr.softplus(z) - t * z).sum()


@cr.function(W="d K", X="N d", y="N int")
def softmax_regression(W, X, y):
    Z = X @ W
    return cr.cross_entropy(Z, y)


@cr.function(W="d K", X="N d", Y="N K simplex")
def softmax_targets(W, X, Y):
    Z = X @ W
    return -(Y * cr.log_softmax(Z)).sum() / X.shape[0]


@cr.function(w="d", X="N d", y="N")
def poisson(w, X, y):
    z = X @ w
    return (cr.exp(z) - y * z).sum()


@cr.function(x="n", A="n n")
def quadratic_form(x, A):
    return x @ A @ x


@cr.function(s="k", A="n k", x="n", W="n n symmetric")
def weighted_squares(s, A, x, W):
    r = x - A @ s
    return r @ W @ r


@cr.function(U="n k", V="m k", R="n m")
def factorisation(U, V, R):
    E = R - U @ V.T
    return 0.5 * (E**2).sum()


@cr.function(W="d k", X="N d")
def reconstruction(W, X):
    Z = X @ W
    R = Z @ W.T - X
    return 0.5 * (R**2).sum()


ENTRIES = (
    Entry("least-squares", "Least squares", "½‖Xw − y‖².", least_squares, "w", "components"),
    Entry("ridge", "Ridge regression", "Least squares with ½λ‖w‖²: an L2 penalty.", ridge, "w", "matrix"),
    Entry("lasso", "Lasso", "Least squares with an L1 penalty: a kink at zero.", lasso, "w", "components"),
    Entry("logistic", "Logistic regression", "Σ log(1 + eᶻ) − t z, z = Xw.", logistic, "w", "components"),
    Entry("softmax-regression", "Softmax regression, labels", "The mean cross-entropy; labels are integers.",
          softmax_regression, "W", "components"),
    Entry("softmax-targets", "Softmax regression, probabilities as targets", "Each row of Y sums to one.",
          softmax_targets, "W", "matrix"),
    Entry("poisson", "Poisson regression", "Σ eᶻ − y z, z = Xw.", poisson, "w", "substitution"),
    Entry("quadratic-form", "A quadratic form", "xᵀAx, A not symmetric: x is used twice.", quadratic_form, "x",
          "components"),
    Entry("weighted-squares", "Weighted least squares", "(x − As)ᵀW(x − As), W symmetric.", weighted_squares, "s",
          "matrix"),
    Entry("matrix-factorisation", "Matrix factorisation", "½‖R − UVᵀ‖² by U and by V.", factorisation, ["U", "V"],
          "components"),
    Entry("linear-autoencoder", "A linear autoencoder", "The same weights encode and decode.", reconstruction, "W",
          "matrix"),
)  # fmt: skip
