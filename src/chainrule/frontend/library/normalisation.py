"""Normalisation: rows or columns brought to mean 0 and variance 1, then scaled and shifted by what is learnt.

The mean is taken away before anything is squared, so that float32 keeps its digits where the mean is large.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ir.build import normal_axes
from ...ir.dims import Shape, show_shape
from ...ir.errors import ArgumentError, ShapeError, at_user_line
from ...ir.registry import function
from ...ops.linear import mean
from ...ops.shape import reshape
from ...ops.transcendental import sqrt
from .checks import arrays, called, rows_of, shape_of

__all__ = ["batch_norm", "layer_norm", "rms_norm"]


@function()
def layer_norm(x: Any, scale: Any, shift: Any, eps: float = 1e-5) -> Any:
    """Each row as g (x − μ)/√(v + ε) + b, of its mean μ and variance v. x: (…, d), g and b: (d,) → (…, d).

    Source: J. L. Ba et al., *Layer normalization*, 2016. Raises ShapeError where scale or shift is not of shape (d,).
    """
    x, scale, shift = arrays(x, scale, shift)
    rows_of("layer_norm", x)
    _of_features("layer_norm", x, -1, scale=scale, shift=shift)
    centred = x - mean(x, axis=-1, keepdims=True)
    return scale * _unit(centred, mean(centred**2, axis=-1, keepdims=True), eps) + shift


@function()
def rms_norm(x: Any, scale: Any, eps: float = 1e-5) -> Any:
    """Each row as g x/√(m + ε), of the mean m of its squares. x: (…, d), g: (d,) → (…, d).

    Source: B. Zhang and R. Sennrich, *Root mean square layer normalization*, 2019. Raises ShapeError where the scale is
    not of shape (d,).
    """
    x, scale = arrays(x, scale)
    rows_of("rms_norm", x)
    _of_features("rms_norm", x, -1, scale=scale)
    return scale * _unit(x, mean(x**2, axis=-1, keepdims=True), eps)


@function()
def batch_norm(
    x: Any,
    scale: Any,
    shift: Any,
    state: Mapping[str, Any],
    *,
    training: bool = True,
    momentum: float = 0.9,
    eps: float = 1e-5,
    axis: int = -1,
) -> tuple[Any, dict[str, Any]]:
    """Each feature as g (x − μ)/√(v + ε) + b, of its mean μ and variance v; and the state for the next batch.

    The features, d of them, lie along ``axis``; the moments are over all other axes. g, b, state["mean"] and
    state["variance"]: (d,); a first state is zeros and ones. In training the moments are those of the batch, and the
    state moves on: m times the old plus 1 − m times the new, m being ``momentum``. Otherwise the moments are the
    state's, which stays. The variance is Σ(x − μ)²/n in both; to take no gradient through the state is the caller's
    choice (`cr.stop_gradient`).

    Source: S. Ioffe and C. Szegedy, *Batch normalization*, 2015. Raises ShapeError where an argument is not of shape
    (d,) or x has no axis besides the features', ArgumentError where the state lacks a part.
    """
    x, scale, shift, old_mean, old_variance = arrays(x, scale, shift, *_moments_in(state))
    feature = _feature_axis(x, axis)
    _of_features("batch_norm", x, feature, scale=scale, shift=shift, mean=old_mean, variance=old_variance)
    spread: Shape = tuple(e if a == feature else 1 for a, e in enumerate(shape_of(x)))
    scale, shift = reshape(scale, spread), reshape(shift, spread)
    if not training:
        return scale * _unit(x - reshape(old_mean, spread), reshape(old_variance, spread), eps) + shift, dict(state)
    others = tuple(a for a in range(len(spread)) if a != feature)
    centre = mean(x, axis=others)
    centred = x - reshape(centre, spread)
    variance = mean(centred**2, axis=others)
    new_state = {
        "mean": momentum * old_mean + (1 - momentum) * centre,
        "variance": momentum * old_variance + (1 - momentum) * variance,
    }
    return scale * _unit(centred, reshape(variance, spread), eps) + shift, new_state


def _moments_in(state: Mapping[str, Any]) -> tuple[Any, Any]:
    """The mean and the variance that a state holds. Raises ArgumentError where one is missing."""
    missing = [part for part in ("mean", "variance") if part not in state]
    if missing:
        raise ArgumentError(at_user_line(f"the state of batch_norm has no {missing[0]!r}: it needs mean and variance"))
    return state["mean"], state["variance"]


def _feature_axis(x: Any, axis: int) -> int:
    """The axis of the features, counted from the front. Raises ShapeError where x has no axis besides it."""
    rank = len(shape_of(x))
    if rank < 2:
        raise ShapeError(
            at_user_line(
                f"batch_norm needs axes for the samples besides the features': {called(x)} has shape "
                f"{show_shape(shape_of(x))}"
            )
        )
    (feature,) = normal_axes(axis, rank)
    return feature


def _unit(centred: Any, variance: Any, eps: float) -> Any:
    """Divided by the standard deviation, which ε keeps from zero."""
    return centred / sqrt(variance + eps)


def _of_features(function: str, x: Any, axis: int, **arguments: Any) -> None:
    """Raises ShapeError where an argument has not one number for each feature of x."""
    wanted = (shape_of(x)[axis],)
    for name, value in arguments.items():
        if shape_of(value) != wanted:
            raise ShapeError(
                at_user_line(
                    f"{function} of {called(x)} of shape {show_shape(shape_of(x))} needs a {name} of shape "
                    f"{show_shape(wanted)}, not {show_shape(shape_of(value))}"
                )
            )
