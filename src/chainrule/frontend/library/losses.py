"""Losses of numbers: how far predictions are from their targets, and how likely a model makes what was seen.

A loss takes arrays of one shape, and refuses shapes that would broadcast. ``reduction`` is "mean", over all that is
judged (entries, or rows where a row is judged as a whole), "sum", or "none": each loss by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ir.build import is_traced
from ...ir.errors import ArgumentError, at_user_line
from ...ir.registry import function
from ...ops.activations import relu
from ...ops.arithmetic import div, mul
from ...ops.linear import sum
from ...ops.reduce import norm
from ...ops.robust import log_cosh
from ...ops.select import abs, where
from ...ops.transcendental import exp, xlogy
from ...ops.transcendental import log as logarithm
from .checks import reduced, rows_of, same_shape

__all__ = [
    "cosine_loss",
    "gaussian_nll",
    "huber_loss",
    "kl_divergence",
    "log_cosh_loss",
    "mae",
    "mse",
    "poisson_nll",
    "triplet_loss",
]


@function()
def mse(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The squared differences (p − t)², their mean over all entries unless told.

    Raises ShapeError where the shapes differ, also where they would broadcast.
    """
    prediction, target = same_shape("mse", prediction=prediction, target=target)
    return reduced((prediction - target) ** 2, reduction)


@function()
def mae(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The absolute differences |p − t|, their mean over all entries unless told.

    Where the two are equal the slope is 0. Raises ShapeError where the shapes differ.
    """
    prediction, target = same_shape("mae", prediction=prediction, target=target)
    return reduced(abs(prediction - target), reduction)


@function()
def huber_loss(prediction: Any, target: Any, delta: Any = 1.0, *, reduction: str = "mean") -> Any:
    """r²/2 where |r| ≤ δ and δ|r| − δ²/2 beyond, of r = p − t; the mean over all entries unless told.

    Source: P. J. Huber, *Robust estimation of a location parameter*, 1964. The slope is r, held between −δ and δ.
    Raises ShapeError where the shapes differ, ArgumentError where δ is a number that is not positive.
    """
    prediction, target = same_shape("huber_loss", prediction=prediction, target=target)
    if not is_traced(delta) and not np.all(np.asarray(delta) > 0):
        raise ArgumentError(at_user_line(f"huber_loss needs a positive delta, not {delta!r}"))
    r = prediction - target
    return reduced(where(abs(r) <= delta, r**2 / 2, delta * abs(r) - delta**2 / 2), reduction)


@function()
def log_cosh_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The logarithm of cosh(p − t), the mean over all entries unless told: like r²/2 near 0, like |r| far away.

    Its slope is tanh(p − t). Raises ShapeError where the shapes differ.
    """
    prediction, target = same_shape("log_cosh_loss", prediction=prediction, target=target)
    return reduced(log_cosh(prediction - target), reduction)


@function()
def poisson_nll(prediction: Any, target: Any, *, log: bool = True, reduction: str = "mean") -> Any:
    """λ − t log λ, by which counts t are unlikely at the rates λ; the mean over all entries unless told.

    The prediction is log λ, or with ``log=False`` the rate λ itself. The term log t! of the negative log-likelihood,
    which no prediction changes, is left out. A count of zero asks nothing of log λ. Raises ShapeError where the shapes
    differ.
    """
    prediction, target = same_shape("poisson_nll", prediction=prediction, target=target)
    if log:
        return reduced(exp(prediction) - target * prediction, reduction)
    return reduced(prediction - xlogy(target, prediction), reduction)


@function()
def gaussian_nll(mean: Any, variance: Any, target: Any, *, log: bool = False, reduction: str = "mean") -> Any:
    """½(log v + (t − m)²/v), by which targets are unlikely under normal distributions; the mean over all entries.

    With ``log=True`` the second argument is log v, which may be any number. The term ½ log 2π of the negative
    log-likelihood is left out. Raises ShapeError where the three shapes differ.
    """
    mean, variance, target = same_shape("gaussian_nll", mean=mean, variance=variance, target=target)
    if log:
        return reduced((variance + ((target - mean) * exp(-variance / 2)) ** 2) / 2, reduction)
    return reduced((logarithm(variance) + (target - mean) ** 2 / variance) / 2, reduction)


@function()
def kl_divergence(p: Any, q: Any, *, log: bool = False, reduction: str = "mean") -> Any:
    """Σ p log(p/q) over the last axis, the mean over all rows unless told. p, q: (…, k), rows of probabilities.

    With ``log=True`` both are logarithms of probabilities, as of `log_softmax`. 0 log 0 is 0, also where q is 0.
    Source: S. Kullback and R. A. Leibler, *On information and sufficiency*, 1951. Raises ShapeError where the shapes
    differ.
    """
    p, q = same_shape("kl_divergence", p=p, q=q)
    rows_of("kl_divergence", p)
    if not log:
        return reduced(sum(xlogy(p, p) - xlogy(p, q), axis=-1), reduction)
    with np.errstate(invalid="ignore"):  # −∞ − (−∞), which is not chosen.
        return reduced(sum(where(p == -np.inf, 0.0, exp(p) * (p - q)), axis=-1), reduction)


@function()
def cosine_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """1 − p·t/(‖p‖ ‖t‖) along the last axis, the mean over all rows unless told. Both: (…, d).

    A zero vector has no direction: by convention its loss is 1, and the slope there 0. Raises ShapeError where the
    shapes differ.
    """
    prediction, target = same_shape("cosine_loss", prediction=prediction, target=target)
    rows_of("cosine_loss", prediction)
    lengths = norm(prediction, axis=-1), norm(target, axis=-1)
    # Each vector by its own length: the product of two lengths may under- or overflow where the cosine does not.
    directions = (div(x, n[..., None]) for x, n in zip((prediction, target), lengths, strict=True))
    cosine = sum(mul(*directions), axis=-1)
    return reduced(1 - where((lengths[0] == 0) | (lengths[1] == 0), 0.0, cosine), reduction)


@function()
def triplet_loss(anchor: Any, positive: Any, negative: Any, margin: Any = 1.0, *, reduction: str = "mean") -> Any:
    """max(0, ‖a − p‖ − ‖a − n‖ + margin) along the last axis, the mean over all rows unless told. All: (…, d).

    Source: V. Balntas et al., *Learning local feature descriptors with triplets and shallow convolutional neural
    networks*, 2016. Where two vectors are equal the slope of their distance is 0. Raises ShapeError where the shapes
    differ.
    """
    anchor, positive, negative = same_shape("triplet_loss", anchor=anchor, positive=positive, negative=negative)
    rows_of("triplet_loss", anchor)
    near, far = norm(anchor - positive, axis=-1), norm(anchor - negative, axis=-1)
    return reduced(relu(near - far + margin), reduction)
