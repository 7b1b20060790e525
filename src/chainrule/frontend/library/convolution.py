"""Convolutions and pools over one axis or two: windows of the images, multiplied with weights or reduced.

As in PyTorch the axes are (images, channels, places…), the weights (outputs, channels of a group, places of the
kernel…), and what is called a convolution is a correlation: y_{n o p} = Σ_{c i} W_{o c i} x_{n c p+i}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ...ir.build import promote
from ...ir.dims import Extent, Shape, show_shape
from ...ir.errors import ArgumentError, ShapeError, at_user_line
from ...ir.node import Const, Einsum
from ...ir.registry import function
from ...ops.linear import mean
from ...ops.padding import pad
from ...ops.reduce import max
from ...ops.shape import reshape
from ...ops.windows import windows
from .checks import arrays, called, shape_of

__all__ = ["avg_pool", "conv1d", "conv2d", "max_pool"]

Widths: TypeAlias = int | Sequence[int] | str
_PLACES = {1: "length", 2: "rows, columns"}


@function()
def conv1d(
    x: Any, W: Any, b: Any = None, *, stride: int = 1, padding: int | str = 0, dilation: int = 1, groups: int = 1
) -> Any:
    """Each output channel is a sum over windows of the input's, weighted by its kernel, plus its bias.

    x: (n, c, length), W: (o, c/groups, k), b: (o,) or None → (n, o, places), where places is
    (length + 2·padding − dilation·(k − 1) − 1) // stride + 1.

    ``padding`` puts zeros at both ends: a number; "valid", none; or "same", so many that with a stride of 1 the length
    stays (the end gets one more where their number is odd). The entries of a window are ``dilation`` apart. With
    ``groups`` the channels are cut into so many, and each part of the outputs sees its own part of the inputs.
    Raises ShapeError or ArgumentError where these do not fit.
    """
    return _convolution("conv1d", 1, x, W, b, stride, padding, dilation, groups)


@function()
def conv2d(
    x: Any,
    W: Any,
    b: Any = None,
    *,
    stride: int | Sequence[int] = 1,
    padding: Widths = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """As `conv1d`, over rows and columns: y_{n o p q} = b_o + Σ_{c i j} W_{o c i j} x_{n c p+i q+j}.

    x: (n, c, rows, columns), W: (o, c/groups, k, l), b: (o,) or None → (n, o, p, q). ``stride``, ``padding`` and
    ``dilation`` are a number for both axes, or a pair of them.
    """
    return _convolution("conv2d", 2, x, W, b, stride, padding, dilation, groups)


@function()
def max_pool(
    x: Any,
    size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
) -> Any:
    """The greatest entry of each window. x: (n, c, length) or (n, c, rows, columns) → the same, with places for these.

    ``size`` is that of a window, ``stride`` the step from one to the next, the size unless told; both are a number or
    one for each axis. ``padding`` puts −∞ around, at most half of a window. A tie is split evenly.
    """
    cut, axes = _pool("max_pool", x, size, stride, padding, -np.inf)
    return max(cut, axis=axes)


@function()
def avg_pool(
    x: Any,
    size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
) -> Any:
    """The mean of each window. x: (n, c, length) or (n, c, rows, columns) → the same, with places for these.

    As `max_pool`, but that ``padding`` puts zeros around, which count: every window is divided by its whole size.
    """
    cut, axes = _pool("avg_pool", x, size, stride, padding, 0.0)
    return mean(cut, axis=axes)


def _convolution(
    name: str, rank: int, x: Any, W: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """Windows of the padded array along its last ``rank`` axes, contracted with the weights group by group."""
    x, W = arrays(x, W)
    _fit_ranks(name, rank, x, W)
    strides, dilations = _each(name, "stride", stride, rank), _each(name, "dilation", dilation, rank)
    kernel = tuple(int(k) for k in shape_of(W)[2:])
    around = _around(name, padding, kernel, strides, dilations)
    _fit_channels(name, x, W, groups)
    cut = _windows(pad(x, [(0, 0), (0, 0), *around]), kernel, strides, dilations)
    if groups == 1:
        y = _product(W, cut, grouped=False)
    else:
        n, c, *rest = shape_of(cut)
        o, _, *own = shape_of(W)
        parts = reshape(cut, (n, groups, int(c) // groups, *rest))
        y = _product(reshape(W, (groups, int(o) // groups, int(c) // groups, *own)), parts, grouped=True)
        y = reshape(y, (n, o, *shape_of(y)[3:]))
    if b is None:
        return y
    (b,) = arrays(b)
    if shape_of(b) != shape_of(W)[:1]:
        raise ShapeError(
            at_user_line(
                f"{name} has a bias for each of its {shape_of(W)[0]} outputs: {called(b)} would fit with the shape "
                f"{show_shape(shape_of(W)[:1])}, and has {show_shape(shape_of(b))}"
            )
        )
    return y + reshape(b, (shape_of(b)[0], *(1,) * rank))


def _product(W: Any, cut: Any, *, grouped: bool) -> Any:
    """Σ over channels and places of the kernel: W_{(g) o c i…} x_{n (g) c p i …}."""
    rank = len(shape_of(W)) - 2 - grouped
    n, o, c, g = 0, 1, 2, 3
    kernel = tuple(range(4, 4 + rank))
    places = tuple(range(4 + rank, 4 + 2 * rank))
    group = (g,) * grouped
    pairs = tuple(i for pair in zip(places, kernel, strict=True) for i in pair)
    subs = [(*group, o, c, *kernel), (n, *group, c, *pairs)]
    out = (n, *group, o, *places)
    if isinstance(cut, np.ndarray) and isinstance(W, np.ndarray):
        return np.einsum(W, list(subs[0]), cut, list(subs[1]), list(out), optimize=True)
    return Einsum.of(promote([Const.of(W) if isinstance(W, np.ndarray) else W, cut]), subs, out, {})


def _pool(name: str, x: Any, size: Any, stride: Any, padding: Any, beyond: float) -> tuple[Any, tuple[int, ...]]:
    """Windows along all axes but the first two, and the axes that hold their entries."""
    (x,) = arrays(x)
    rank = len(shape_of(x)) - 2
    if rank not in _PLACES:
        raise ShapeError(
            at_user_line(
                f"{name} takes (images, channels, length) or (images, channels, rows, columns); {called(x)} has shape "
                f"{show_shape(shape_of(x))}"
            )
        )
    sizes = _each(name, "size", size, rank)
    strides = sizes if stride is None else _each(name, "stride", stride, rank)
    around = _each(name, "padding", padding, rank, least=0)
    if any(2 * p > k for p, k in zip(around, sizes, strict=True)):
        raise ArgumentError(
            at_user_line(
                f"{name} pads by at most half of a window, or windows would hold nothing else: the size is {size}, the "
                f"padding {padding}"
            )
        )
    widths = [(0, 0), (0, 0), *((p, p) for p in around)]
    padded = pad(x, widths, constant_values=beyond) if any(around) else x
    cut = _windows(padded, sizes, strides, (1,) * rank)
    return cut, tuple(3 + 2 * k for k in range(rank))


def _windows(x: Any, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Any:
    """Windows along each of the axes behind the first two, which become pairs of axes.

    The last axis comes first: so the windows' derivatives are added up along rows that lie side by side in memory.
    """
    for k in reversed(range(len(kernel))):
        x = windows(x, 2 + k, kernel[k], strides[k], dilations[k])
    return x


# ------------------------------------------------------------------------------------------ what is asked of arguments


def _each(function: str, name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """A number for each axis, from one for all or from so many."""
    given = list(value) if isinstance(value, (list, tuple)) else [value] * rank
    whole = all(isinstance(v, (int, np.integer)) and v >= least for v in given)
    if len(given) != rank or not whole:
        wanted = "a whole number" if rank == 1 else f"a whole number, or {rank} of them"
        raise ArgumentError(at_user_line(f"the {name} of {function} is {wanted}, at least {least}, not {value!r}"))
    return tuple(int(v) for v in given)


def _around(
    name: str, padding: Any, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    """The zeros before and after each axis."""
    if not isinstance(padding, str):
        return [(p, p) for p in _each(name, "padding", padding, len(kernel), least=0)]
    if padding not in ("same", "valid"):
        raise ArgumentError(at_user_line(f'the padding of {name} is a number, "same" or "valid", not {padding!r}'))
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if any(s != 1 for s in strides):
        raise ArgumentError(
            at_user_line(f'{name} with padding="same" keeps the lengths, which a stride other than 1 cannot: give both')
        )
    total = [d * (k - 1) for k, d in zip(kernel, dilations, strict=True)]
    return [(t // 2, t - t // 2) for t in total]


def _fit_ranks(name: str, rank: int, x: Any, W: Any) -> None:
    """Raises ShapeError where x or W has not the axes that a convolution takes."""
    for value, axes in ((x, "images, channels"), (W, "outputs, channels")):
        if len(shape_of(value)) != rank + 2:
            raise ShapeError(
                at_user_line(
                    f"{name} takes {'an array' if value is x else 'weights'} of {rank + 2} axes ({axes}, "
                    f"{_PLACES[rank]}); {called(value)} has shape {show_shape(shape_of(value))}"
                )
            )


def _fit_channels(name: str, x: Any, W: Any, groups: int) -> None:
    """Raises where the channels of x and W do not agree, or do not divide into the groups."""
    _each(name, "groups", groups, 1)
    channels, outputs, own = shape_of(x)[1], shape_of(W)[0], shape_of(W)[1]
    if groups > 1:
        for what, number in ((called(x), channels), (called(W), outputs)):
            if int(number) % groups:
                raise ShapeError(
                    at_user_line(
                        f"{name} in {groups} groups divides the channels and the outputs by {groups}; {what} has "
                        f"{number} of them"
                    )
                )
    wanted: Extent = channels if groups == 1 else int(channels) // groups
    if own != wanted:
        fits: Shape = (outputs, wanted, *shape_of(W)[2:])
        raise ShapeError(
            at_user_line(
                f"{name}: {called(x)} of shape {show_shape(shape_of(x))} has {channels} channels"
                + (f", {wanted} in each of {groups} groups" if groups > 1 else "")
                + f", but {called(W)} of shape {show_shape(shape_of(W))} has weights for {own}; the shape "
                f"{show_shape(fits)} would fit"
            )
        )
