"""Convolutions and pools against JAX: values and derivatives, as interpreted, as printed and in C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError, ShapeError
from tests.compiled import Case, assert_same, compile_all
from tests.differentiated import Traced
from tests.like_jax import assert_like_jax, assert_second_order

LETTERS = {1: ("NCH", "OIH", "NCH"), 2: ("NCHW", "OIHW", "NCHW")}


def jax_conv(
    x: Any, W: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """The same convolution, asked of XLA."""
    rank = W.ndim - 2

    def each(v: Any) -> tuple[int, ...]:
        return v if isinstance(v, tuple) else (v,) * rank

    around = padding.upper() if isinstance(padding, str) else [(p, p) for p in each(padding)]
    y = jax.lax.conv_general_dilated(
        x, W, each(stride), around, rhs_dilation=each(dilation), feature_group_count=groups,
        dimension_numbers=LETTERS[rank],
    )  # fmt: skip
    return y if b is None else y + b.reshape(-1, *(1,) * rank)


CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "plain": ((2, 3, 6, 5), (4, 3, 3, 2), {}),
    "stride": ((2, 2, 7, 8), (3, 2, 3, 3), {"stride": 2}),
    "stride by axis, padded": ((2, 2, 7, 6), (3, 2, 2, 3), {"stride": (3, 1), "padding": (1, 2)}),
    "dilation": ((1, 2, 8, 7), (2, 2, 3, 2), {"dilation": (2, 3)}),
    "groups": ((2, 4, 5, 4), (6, 2, 3, 2), {"groups": 2}),
    "a group a channel": ((2, 3, 5, 4), (6, 1, 2, 2), {"groups": 3, "padding": 1}),
    "everything": ((2, 4, 7, 6), (2, 2, 3, 2), {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}),
    "same, odd": ((2, 2, 5, 4), (2, 2, 3, 3), {"padding": "same"}),
    "same, even and dilated": ((2, 2, 5, 6), (2, 2, 2, 4), {"padding": "same", "dilation": (3, 1)}),
    "one by one": ((2, 3, 4, 5), (2, 3, 1, 1), {}),
    "one by one, stride": ((2, 3, 5, 5), (2, 3, 1, 1), {"stride": 2}),
    "kernel as large as the image": ((2, 3, 4, 5), (2, 3, 4, 5), {}),
    "tiles": ((2, 2, 6, 4), (2, 2, 3, 2), {"stride": (3, 2)}),
    "a row left over": ((2, 2, 7, 5), (2, 2, 3, 2), {"stride": (3, 2)}),
    "a batch of one, one channel": ((1, 1, 4, 4), (1, 1, 2, 2), {}),
    "an empty batch": ((0, 2, 4, 4), (3, 2, 2, 2), {"padding": 1}),
    "in one dimension": ((2, 3, 8), (4, 3, 3), {"padding": 1}),
    "in one dimension, everything": (
        (3, 4, 9), (4, 2, 3), {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}
    ),
}  # fmt: skip
POOLS: dict[str, tuple[tuple[int, ...], tuple[Any, ...]]] = {
    "tiles": ((2, 3, 4, 6), (2,)),
    "a row left over": ((2, 2, 5, 7), (2,)),
    "overlapping": ((2, 2, 5, 6), (3, 1)),
    "padded": ((2, 2, 5, 4), (3, 2, 1)),
    "by axis": ((2, 2, 6, 5), ((2, 3), (2, 1), (1, 0))),
    "whole": ((2, 2, 3, 4), ((3, 4),)),
    "of one entry": ((2, 2, 3, 3), (1,)),
    "in one dimension": ((2, 3, 7), (3, 2, 1)),
    "an empty batch": ((0, 2, 4, 4), (2,)),
}


def draw(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape) for shape in shapes]


def convolution(shape: tuple[int, ...]) -> Callable[..., Any]:
    return cr.conv1d if len(shape) == 3 else cr.conv2d


@pytest.mark.parametrize("case", CONVOLUTIONS)
@pytest.mark.slow
def test_a_convolution_is_that_of_jax(case: str) -> None:
    x, W, options = CONVOLUTIONS[case]
    values = draw(x, W, W[:1])
    assert_like_jax(lambda *v: convolution(x)(*v, **options), lambda *v: jax_conv(*v, **options), *values)


@pytest.mark.parametrize("case", ["everything", "in one dimension, everything"])
def test_its_second_derivatives_are_those_of_jax(case: str) -> None:
    x, W, options = CONVOLUTIONS[case]
    assert_second_order(
        lambda *v: convolution(x)(*v, **options), lambda *v: jax_conv(*v, **options), *draw(x, W, W[:1])
    )


def jax_pool(x: Any, size: Any, stride: Any = None, padding: Any = 0, *, mean: bool) -> Any:
    """The same pool, asked of XLA."""

    def each(v: Any, first: Any) -> tuple[Any, ...]:
        return (first, first, *(v if isinstance(v, tuple) else (v,) * (x.ndim - 2)))

    sizes = each(size, 1)
    steps = sizes if stride is None else each(stride, 1)
    around = [(p, p) for p in each(padding, 0)]
    start, join = (0.0, jax.lax.add) if mean else (-np.inf, jax.lax.max)
    y = jax.lax.reduce_window(x, start, join, sizes, steps, around)
    return y / np.prod(sizes) if mean else y


@pytest.mark.parametrize("case", POOLS)
@pytest.mark.parametrize("mean", [True, False], ids=["avg", "max"])
def test_a_pool_is_that_of_jax(case: str, mean: bool) -> None:
    shape, options = POOLS[case]
    pool = cr.avg_pool if mean else cr.max_pool
    assert_like_jax(lambda x: pool(x, *options), lambda x: jax_pool(x, *options, mean=mean), *draw(shape))


def test_the_second_derivatives_of_pools_are_those_of_jax() -> None:
    (x,) = draw((2, 2, 5, 4))
    assert_second_order(lambda x: cr.max_pool(x, 3, 2, 1), lambda x: jax_pool(x, 3, 2, 1, mean=False), x)
    assert_second_order(lambda x: cr.avg_pool(x, 3, 2, 1), lambda x: jax_pool(x, 3, 2, 1, mean=True), x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tie_within_a_window_is_split_evenly(dtype: Any) -> None:
    x = np.array([[[[2, 2, 0, 1], [1, 2, 0, 1]]]], dtype)
    expected = np.array([[[[1 / 3, 1 / 3, 0, 0.5], [0, 1 / 3, 0, 0.5]]]], dtype)
    pooled = cr.function(x="1 1 2 4")(lambda x: cr.max_pool(x, 2).sum())
    np.testing.assert_allclose(cr.grad(pooled, "x")(x), expected, rtol=1e-6)
    assert cr.grad(pooled, "x")(x).dtype == dtype


def test_plain_arrays_give_plain_arrays() -> None:
    for x, W, options in CONVOLUTIONS.values():
        values = draw(x, W, W[:1])
        found = convolution(x)(*values, **options)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, Traced(lambda *v: convolution(x)(*v, **options), values).value(), rtol=1e-12)  # noqa: B023
    for shape, size in POOLS.values():
        (at,) = draw(shape)
        for pool in (cr.max_pool, cr.avg_pool):
            found = pool(at, *size)
            np.testing.assert_allclose(found, Traced(lambda v: pool(v, *size), [at]).value(), rtol=1e-14)  # noqa: B023


def test_the_number_of_images_stays_open() -> None:
    @cr.function(x="N 2 5 5", W="3 2 3 3")
    def loss(x: Any, W: Any) -> Any:
        return (cr.max_pool(cr.conv2d(x, W, padding=1), 2) ** 2).sum()

    def jax_loss(x: Any, W: Any) -> Any:
        return (jax_pool(jax_conv(x, W, padding=1), 2, mean=False) ** 2).sum()

    W = draw((3, 2, 3, 3))[0]
    for n in (1, 4, 0):
        x = draw((n, 2, 5, 5))[0]
        theirs = jax.jit(jax.grad(jax_loss, (0, 1)))(x, W)
        for found, expected in zip(cr.grad(loss, ["x", "W"])(x, W).values(), theirs, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_the_printed_numpy_multiplies_matrices_and_adds_up_slices() -> None:
    loss = cr.function(x="N 2 5 5", W="3 2 3 3")(lambda x, W: (cr.conv2d(x, W) ** 2).sum())
    text = cr.source(loss, ["x", "W"])
    assert "einsum" not in text
    assert "np.add.at" not in text
    assert text.count(" @ ") == 3
    # One copy of the windows serves the value and the weights' gradient.
    assert text.count("windows(windows(") == 1


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def compiled_cases() -> Iterator[Case]:
    functions: dict[str, tuple[Callable[..., Any], list[Any]]] = {}
    for name in ("everything", "one by one, stride", "tiles", "a row left over", "in one dimension", "an empty batch"):
        x, W, options = CONVOLUTIONS[name]
        functions[name] = (lambda *v, x=x, o=options: convolution(x)(*v, **o)), draw(x, W, W[:1])
    for name in ("tiles", "padded", "in one dimension"):
        shape, how = POOLS[name]
        functions[f"max {name}"] = (lambda v, how=how: cr.max_pool(v, *how)), draw(shape)
        functions[f"avg {name}"] = (lambda v, how=how: cr.avg_pool(v, *how)), draw(shape)
    for name, (f, values) in functions.items():
        traced = Traced(lambda *v, f=f: (f(*v) ** 2).sum(), values)
        outputs = [traced.output, *traced.pullbacks(traced.output * 0 + 1)]
        for dtype in ("float64", "float32"):
            yield Case(f"{name} {dtype}", outputs, traced.values, dtype)


@pytest.mark.slow
def test_c_gives_what_the_interpreter_gives(cache: None) -> None:
    cases = list(compiled_cases())
    for case, native in zip(cases, compile_all(cases), strict=True):
        assert_same(case, native)


X, W = (2, 4, 8, 8), (6, 4, 3, 3)
REFUSED: list[tuple[Callable[..., Any], tuple[tuple[int, ...], ...], type[Exception], str]] = [
    (lambda x, W: cr.conv2d(x, W), ((4, 8, 8), W), ShapeError,
     r"takes an array of 4 axes \(images, channels, rows, columns\); x0 has shape \(4, 8, 8\)"),
    (lambda x, W: cr.conv2d(x, W), (X, (6, 4, 3)), ShapeError, r"weights of 4 axes .*x1 has shape \(6, 4, 3\)"),
    (lambda x, W: cr.conv2d(x, W), (X, (6, 3, 3, 3)), ShapeError,
     r"has 4 channels, but x1 .* has weights for 3; the shape \(6, 4, 3, 3\) would fit"),
    (lambda x, W: cr.conv2d(x, W, groups=2), (X, W), ShapeError, r"2 in each of 2 groups.*\(6, 2, 3, 3\) would fit"),
    (lambda x, W: cr.conv2d(x, W, groups=3), (X, W), ShapeError, "by 3; x0 has 4 of them"),
    (lambda x, W: cr.conv2d(x, W, groups=4), (X, (6, 1, 3, 3)), ShapeError, "by 4; x1 has 6 of them"),
    (lambda x, W: cr.conv2d(x, W, padding="full"), (X, W), ArgumentError, '"same" or "valid", not \'full\''),
    (lambda x, W: cr.conv2d(x, W, padding="same", stride=2), (X, W), ArgumentError, "a stride other than 1 cannot"),
    (lambda x, W: cr.conv2d(x, W, padding=(1, 2, 3)), (X, W), ArgumentError, "or 2 of them, at least 0"),
    (lambda x, W: cr.conv2d(x, W, stride=0), (X, W), ArgumentError, "the stride of conv2d .* at least 1, not 0"),
    (lambda x, W: cr.conv2d(x, W, dilation=1.5), (X, W), ArgumentError, "not 1.5"),
    (lambda x, W: cr.conv2d(x, W), (X, (6, 4, 9, 3)), ShapeError,
     "a window of 9 entries reaches over 9, but axis 2 of .* has 8"),
    (lambda x, W: cr.conv2d(x, W, dilation=4), (X, W), ShapeError, "of 3 entries, 4 apart, reaches over 9"),
    (lambda x, W, b: cr.conv2d(x, W, b), (X, W, (4,)), ShapeError, r"each of its 6 outputs: x2 .*\(6,\), and has \(4,"),
    (lambda x, W: cr.conv1d(x, W, padding=(1, 1)), ((2, 4, 8), (6, 4, 3)), ArgumentError, "is a whole number, at"),
    (lambda x: cr.max_pool(x, 2), ((4, 4),), ShapeError, r"\(images, channels, length\) or .* x0 has shape \(4, 4\)"),
    (lambda x: cr.max_pool(x, 3, 1, 2), (X,), ArgumentError, "at most half of a window"),
    (lambda x: cr.avg_pool(x, 0), (X,), ArgumentError, "the size of avg_pool"),
    (lambda x: cr.avg_pool(x, 9), (X,), ShapeError, "of 9 entries reaches over 9"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "shapes", "error", "message"), REFUSED, ids=[r[3][:30] for r in REFUSED])
def test_what_does_not_fit_is_refused_by_name(f: Any, shapes: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Traced(f, draw(*shapes))


def test_a_named_length_is_refused() -> None:
    loss = cr.function(x="N 2 h h", W="3 2 3 3")(lambda x, W: cr.conv2d(x, W).sum())
    with pytest.raises(cr.TraceError, match="the size h is not known"):
        cr.grad(loss, "W")(*draw((1, 2, 5, 5), (3, 2, 3, 3)))


def test_padding_is_never_the_greatest() -> None:
    x = -1 - np.arange(16.0).reshape(1, 1, 4, 4)
    found = Traced(lambda x: cr.max_pool(x, 3, 1, 1), [x]).value()
    np.testing.assert_array_equal(found, jax_pool(x, 3, 1, 1, mean=False))
    assert found.max() == -1
