"""Random numbers from keys: what they are, that they are fixed, and that no two uses share any."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.errors import ShapeError, TraceError


def test_a_key_fixes_the_numbers_and_another_gives_others() -> None:
    a, b = cr.uniform(cr.key(1), (1000,)), cr.uniform(cr.key(2), (1000,))
    np.testing.assert_array_equal(a, cr.uniform(cr.key(1), (1000,)))
    assert not np.intersect1d(a, b).size


def test_the_numbers_are_pinned() -> None:
    """Philox's stream does not change between versions of NumPy; ours must not either."""
    assert cr.key(7).tolist() == [7, 0]
    philox = np.random.Philox(key=np.array([7, 0], np.uint64), counter=[0, 0, 0, 2])
    np.testing.assert_array_equal(cr.uniform(cr.key(7), (5,)), np.random.Generator(philox).random(5))


def test_split_keys_share_nothing_with_each_other_or_their_parent() -> None:
    parent = cr.key(3)
    keys = [parent, *cr.split(parent, 4), *cr.split(cr.split(parent, 4)[0], 2)]
    drawn = np.concatenate([cr.uniform(k, (500,)) for k in keys])
    assert len(np.unique(drawn)) == len(drawn)


def test_normal_and_uniform_numbers_of_one_key_are_independent() -> None:
    u, z = cr.uniform(cr.key(5), (100_000,)), cr.normal(cr.key(5), (100_000,))
    assert abs(np.corrcoef(u, z)[0, 1]) < 0.02


def test_the_moments_are_those_of_the_distributions() -> None:
    u, z = cr.uniform(cr.key(11), (200_000,)), cr.normal(cr.key(11), (200_000,))
    assert u.min() >= 0
    assert u.max() < 1
    # Four standard errors.
    assert abs(u.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(u))
    assert abs(u.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / len(u))
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / len(z))
    assert abs(cr.bernoulli(cr.key(1), 0.3, (100_000,)).mean() - 0.3) < 4 * np.sqrt(0.21 / 100_000)
    assert sorted(cr.permutation(cr.key(1), 50)) == list(range(50))


def test_no_precision_rounds_a_number_up_to_one() -> None:
    assert np.float32(1 - 2.0**-24) < 1
    assert (cr.uniform(cr.key(0), (1_000_000,)).astype(np.float32) < 1).all()


@cr.function(x="N 3", key="2 int")
def noisy(x: Any, key: Any) -> Any:
    first, second = cr.split(key, 2)
    kept = cr.bernoulli(first, 0.5, x.shape)
    return cr.sum(cr.where(kept, x, 0.0)) + cr.sum(cr.normal(second, (3,)) * x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_traced_function_draws_what_its_key_says(dtype: Any) -> None:
    x, key = np.ones((4, 3), dtype), cr.key(3)
    first, second = cr.split(key, 2)
    kept = cr.bernoulli(first, 0.5, (4, 3))
    noise = cr.normal(second, (3,)).astype(dtype)
    value, gradient = cr.value_and_grad(noisy, "x")(x, key)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, kept + noise, rtol=1e-6)
    np.testing.assert_allclose(value, kept.sum() + 4 * noise.sum(), rtol=1e-5)


def test_two_draws_with_different_keys_are_two_nodes_and_with_one_key_one() -> None:
    @cr.function(x="3", key="2 int")
    def same(x: Any, key: Any) -> Any:
        return cr.sum(x * (cr.uniform(key, (3,)) - cr.uniform(key, (3,))))

    assert cr.value_and_grad(same, "x")(np.ones(3), cr.key(1))[0] == 0
    assert cr.derive(noisy, "x").error < 1e-12


def test_what_is_no_key_is_refused() -> None:
    @cr.function(x="3")
    def floats(x: Any) -> Any:
        return cr.sum(cr.uniform(x, (2,)))

    @cr.function(x="3", key="3 int")
    def three(x: Any, key: Any) -> Any:
        return cr.sum(x * cr.uniform(key, (3,)))

    with pytest.raises(TraceError, match=r"x is no key but of kind float: cr\.key\(seed\) makes one"):
        cr.grad(floats, "x")(np.ones(3))
    with pytest.raises(ShapeError, match=r"key has shape \(3,\); a key has \(2,\)"):
        cr.grad(three, "x")(np.ones(3), np.zeros(3, int))
