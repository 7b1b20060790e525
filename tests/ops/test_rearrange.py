"""Arrays padded, put together, taken apart and turned, against JAX's functions of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError, ShapeError
from tests.differentiated import Traced
from tests.like_jax import assert_like_jax

Call = Callable[..., Any]

TIMES = np.array([2, 0, 1])
CASES: dict[str, tuple[Call, tuple[tuple[int, ...], ...]]] = {
    "stack": (lambda np, a, b: np.stack([a, b], -1), ((2, 3), (2, 3))),
    "vstack": (lambda np, a, b: np.vstack([a, b]), ((3,), (3,))),
    "hstack": (lambda np, a, b: np.hstack([a, b]), ((2, 3), (2, 1))),
    "split": (lambda np, a: np.split(a, 3, 1)[1], ((2, 6),)),
    "split at places": (lambda np, a: np.concatenate(np.split(a, [1, 4])[::-1]), ((6, 2),)),
    "array_split": (lambda np, a: np.concatenate(np.array_split(a, 3, -1)[::-1], -1), ((2, 7),)),
    "array_split into more than there are": (lambda np, a: np.concatenate(np.array_split(a, 4)), ((2,),)),
    "flip": (lambda np, a: np.flip(a), ((2, 3),)),
    "flip an axis": (lambda np, a: np.flip(a, -1), ((2, 3),)),
    "roll": (lambda np, a: np.roll(a, 4), ((2, 3),)),
    "roll an axis": (lambda np, a: np.roll(a, -5, 1), ((2, 3),)),
    "roll two axes": (lambda np, a: np.roll(a, (1, 2), (0, 1)), ((2, 3),)),
    "roll by the length": (lambda np, a: np.roll(a, 3, 1), ((2, 3),)),
    "roll nothing": (lambda np, a: np.roll(a, 1, 0), ((0, 3),)),
    "tile": (lambda np, a: np.tile(a, 3), ((2, 3),)),
    "tile two axes": (lambda np, a: np.tile(a, (2, 1)), ((2, 3),)),
    "tile to more axes": (lambda np, a: np.tile(a, (2, 3, 2)), ((2, 1),)),
    "tile no times": (lambda np, a: np.tile(a, (0, 2)), ((2, 3),)),
    "repeat": (lambda np, a: np.repeat(a, 2), ((2, 3),)),
    "repeat along an axis": (lambda np, a: np.repeat(a, 3, 0), ((2, 3),)),
    "repeat, each its own": (lambda np, a: np.repeat(a, TIMES, 1), ((2, 3),)),
    "diag of a vector": (lambda np, a: np.diag(a), ((3,),)),
    "diag above": (lambda np, a: np.diag(a, 2), ((3,),)),
    "diag below": (lambda np, a: np.diag(a, -1), ((3,),)),
    "diag of a matrix": (lambda np, a: np.diag(a), ((3, 3),)),
    "diag of a wide matrix": (lambda np, a: np.diag(a, 1), ((3, 5),)),
    "diag of a tall matrix": (lambda np, a: np.diag(a, -2), ((5, 3),)),
    "diag out of reach": (lambda np, a: np.diag(a, 7), ((3, 3),)),
    "triu": (lambda np, a: np.triu(a), ((3, 4),)),
    "triu above": (lambda np, a: np.triu(a, 1), ((2, 3, 3),)),
    "tril": (lambda np, a: np.tril(a), ((3, 4),)),
    "tril below": (lambda np, a: np.tril(a, -1), ((4, 3),)),
    "tensordot": (lambda np, a, b: np.tensordot(a, b), ((2, 3, 4), (3, 4, 5))),
    "tensordot of one axis": (lambda np, a, b: np.tensordot(a, b, 1), ((2, 3), (3, 2))),
    "tensordot of none": (lambda np, a, b: np.tensordot(a, b, 0), ((2, 3), (2,))),
    "tensordot of axes": (lambda np, a, b: np.tensordot(a, b, ((0, 2), (2, -3))), ((2, 3, 4), (4, 5, 2))),
    "tensordot to a number": (lambda np, a, b: np.tensordot(a, b, ((0, 1), (1, 0))), ((2, 3), (3, 2))),
    "pad": (lambda np, a: np.pad(a, ((0, 2), (1, 0))), ((2, 3),)),
    "pad with a number": (lambda np, a: np.pad(a, 1, constant_values=2.5), ((2, 3),)),
    "pad with infinity": (lambda np, a: np.maximum(np.pad(a, (1, 0), constant_values=-np.inf), -9.0), ((2, 3),)),
    "pad the edge": (lambda np, a: np.pad(a, ((2, 1), (0, 3)), "edge"), ((2, 3),)),
    "pad reflected": (lambda np, a: np.pad(a, ((1, 0), (4, 3)), "reflect"), ((2, 3),)),
    "pad mirrored": (lambda np, a: np.pad(a, (2, 3), "symmetric"), ((3,),)),
    "pad wrapped": (lambda np, a: np.pad(a, (2, 4), "wrap"), ((3,),)),
    "take": (lambda np, a: np.take(a, np.array([[0, 2], [2, 1]]), 1), ((2, 3, 2),)),
    "take of all": (lambda np, a: np.take(a, np.array([4, 0, 4])), ((2, 3),)),
    "take_along_axis": (lambda np, a: np.take_along_axis(a, np.array([[1, 1, 0, 2]]).repeat(2, 0), 1), ((2, 3),)),
    "take_along_axis in front": (
        lambda np, a: np.take_along_axis(a, np.array([[1, 0, 1], [1, 1, 1], [0, 0, 0]]), 0), ((2, 3),)
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_that_of_jax_in_both_modes(case: str) -> None:
    f, shapes = CASES[case]
    rng = np.random.default_rng(2)
    assert_like_jax(lambda *v: f(np, *v), lambda *v: f(jnp, *v), *(rng.normal(size=shape) for shape in shapes))


@pytest.mark.parametrize("case", CASES)
def test_plain_arrays_go_through_our_own_names_as_well(case: str) -> None:
    f, shapes = CASES[case]
    if any(not hasattr(cr, name) for name in f.__code__.co_names if hasattr(np, name) and name not in ("array", "inf")):
        pytest.fail(f"{case} is not public under NumPy's name")
    values = [np.arange(np.prod(shape)).reshape(shape) - 2.0 for shape in shapes]

    class Ours:
        """Our functions, NumPy's arrays; split is np.split, since cr.split takes keys apart."""

        array, inf, split = np.array, np.inf, staticmethod(np.split)

        def __getattr__(self, name: str) -> Any:
            return getattr(cr, name)

    found = f(Ours(), *values)
    assert isinstance(found, (np.ndarray, np.generic))
    np.testing.assert_array_equal(found, f(np, *values))


def test_places_behind_the_end_cut_off_nothing() -> None:
    x = np.arange(4.0)
    for places in ([2, 9], [5, 7], [3, 1], [0, 0, 4]):
        found = [Traced(lambda x, k=k, p=places: np.split(x, p)[k], [x]).value() for k in range(len(places) + 1)]
        for one, other in zip(found, np.split(x, places), strict=True):
            np.testing.assert_array_equal(one, other)


def test_whole_numbers_stay_whole() -> None:
    for f in (np.triu, np.diag, np.tril, lambda a: np.pad(a, 1, constant_values=3), lambda a: np.roll(a, 1)):
        found = Traced(f, [np.arange(9).reshape(3, 3)]).value()
        assert found.dtype.kind == "i"
        np.testing.assert_array_equal(found, f(np.arange(9).reshape(3, 3)))


def test_named_dimensions_pass_through_what_leaves_their_axis_whole() -> None:
    @cr.function(x="N 4")
    def f(x: Any) -> Any:
        parts = np.split(np.tile(np.roll(np.flip(x, 1), 1, 1), (1, 2)), 2, 1)
        return (np.pad(parts[0] * np.repeat(parts[1], 1, 1), ((0, 0), (1, 1)), "edge") ** 2).sum()

    for n in (0, 1, 3):
        x = np.random.default_rng(n).normal(size=(n, 4))
        kept = np.roll(np.flip(x, 1), 1, 1)
        assert np.isclose(f(x), (np.pad(kept * kept, ((0, 0), (1, 1)), "edge") ** 2).sum() if n else 0.0)
        assert cr.grad(f, "x")(x).shape == (n, 4)


REFUSED: list[tuple[Call, tuple[tuple[int, ...], ...], type[Exception], str]] = [
    (lambda a: np.split(a, 4), ((6,),), ShapeError, r"axis 0 of x0, of shape \(6,\), has 6 entries.*array_split"),
    (lambda a: np.array_split(a, 0), ((6,),), ArgumentError, "into at least one part, not into 0"),
    (lambda a, b: np.stack([a, b]), ((2,), (3,)), ShapeError, r"of one shape: x0 \(2,\), x1 \(3,\)"),
    (lambda a: np.diag(a), ((2, 2, 2),), ShapeError, r"a vector or a matrix; x0 has shape \(2, 2, 2\)"),
    (lambda a: np.triu(a), ((3,),), ShapeError, r"is one of a matrix; x0 has shape \(3,\)"),
    (lambda a, b: np.tensordot(a, b, 1), ((2, 3), (2, 3)), ShapeError, r"axes \(1,\) of x0 \(2, 3\) with axes \(0,\)"),
    (lambda a, b: np.tensordot(a, b, ((0, 1), (0,))), ((2, 3), (2, 3)), ShapeError, "as many, and as long"),
    (lambda a: np.pad(a, 1, "mean"), ((3,),), ArgumentError, "pad knows the modes .*not 'mean'"),
    (lambda a: np.pad(a, ((1, 2), (3, 4), (5, 6))), ((3, 3),), ShapeError, "do not fit an array of 2 axes"),
    (lambda a: np.roll(a, 1, 2), ((3, 3),), ShapeError, "axis 2 does not exist"),
]


@pytest.mark.parametrize(("f", "shapes", "error", "message"), REFUSED, ids=[r[3][:24] for r in REFUSED])
def test_what_does_not_fit_is_refused_by_name(f: Call, shapes: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Traced(f, [np.zeros(shape) for shape in shapes])


@pytest.mark.parametrize(
    ("length", "window", "stride", "dilation"),
    [(7, 3, 1, 1), (7, 3, 2, 1), (7, 2, 1, 3), (8, 3, 2, 2), (6, 2, 2, 1), (7, 2, 3, 1), (4, 4, 1, 1), (3, 1, 2, 1),
     (9, 5, 4, 1), (5, 2, 9, 4)],
)  # fmt: skip
def test_windows_are_those_of_a_sliding_view(length: int, window: int, stride: int, dilation: int) -> None:
    reach = (window - 1) * dilation + 1

    def theirs(x: Any) -> Any:
        starts = range(0, length - reach + 1, stride)
        return jnp.stack([x[:, s : s + reach : dilation] for s in starts], 1)

    x = np.random.default_rng(1).normal(size=(2, length, 3))
    assert_like_jax(lambda x: cr.windows(x, 1, window, stride, dilation), theirs, x)
    view = np.lib.stride_tricks.sliding_window_view(x, reach, 1)[:, ::stride, :, ::dilation]
    np.testing.assert_array_equal(cr.windows(x, -2, window, stride, dilation), np.moveaxis(view, -1, 2))
