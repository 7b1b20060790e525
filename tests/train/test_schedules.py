"""Schedules: the rate at every step, on its own and in a training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.train.schedules import Schedule, constant, cosine, exponential, join, linear, step, warm_up
from tests.train.from_torch import RATES, RATES_OF

OF_TORCH: dict[str, Schedule] = {
    "step": step(0.5, every=3, factor=0.5),
    "exponential": exponential(0.5, 0.9),
    "cosine": cosine(0.5, steps=8, final=0.01),
    "linear": linear(0.5, steps=6, final=0.125),
    "warm_up": warm_up(4, 0.5),
}


def rates(schedule: Schedule, steps: int, dtype: Any = np.float64) -> list[float]:
    """The rates that a training takes, from a weight of slope −1 that moves by each."""
    moved: list[float] = []

    def note(row: dict[str, Any], parameters: dict[str, Any]) -> None:
        moved.append(float(parameters["w"]))

    cr.train(lambda x, w: -(w * x).mean(), {"w": dtype(0)}, {"x": np.ones(1)}, optimizer=cr.sgd(schedule),
             epochs=steps, callback=note)  # fmt: skip
    return np.diff([0.0, *moved]).tolist()


@pytest.mark.parametrize(("dtype", "near"), [(np.float64, 1e-13), (np.float32, 1e-6)], ids=["float64", "float32"])
@pytest.mark.parametrize("name", OF_TORCH)
def test_the_rates_are_those_of_pytorch(name: str, dtype: Any, near: float) -> None:
    schedule = OF_TORCH[name]
    np.testing.assert_allclose(rates(schedule, RATES, dtype), RATES_OF[name], rtol=near, atol=near)
    np.testing.assert_allclose([schedule.at(float(t)) for t in range(RATES)], RATES_OF[name], rtol=1e-13)


@pytest.mark.parametrize(
    ("schedule", "at", "expected"),
    [
        (constant(0.3), 1000, 0.3),
        (cosine(0.2, steps=10), 5, 0.1),
        (cosine(0.2, steps=10, final=0.02), 1e6, 0.02),
        (linear(0.2, steps=10), 10, 0.0),
        (linear(0.2, steps=10), 1e6, 0.0),
        (exponential(0.2, 0.5, over=10), 5, 0.2 * math.sqrt(0.5)),
        (warm_up(4, cosine(0.2, steps=10)), 0, 0.05),
        (warm_up(4, cosine(0.2, steps=10)), 3, 0.2),
        (warm_up(4, cosine(0.2, steps=10)), 9, 0.1),
        (warm_up(4, step(0.2, every=5, factor=0.5)), 8, 0.2),
        (warm_up(4, step(0.2, every=5, factor=0.5)), 9, 0.1),
        (join(0.3, 5, linear(0.2, steps=10)), 4, 0.3),
        (join(0.3, 5, linear(0.2, steps=10)), 5, 0.2),
        (join(exponential(0.3, 0.5), 5, warm_up(2, 0.2)), 4, 0.3 / 16),
        (join(exponential(0.3, 0.5), 5, warm_up(2, 0.2)), 5, 0.1),
        (join(exponential(0.3, 0.5), 5, warm_up(2, 0.2)), 6, 0.2),
    ],
    ids=str,
)
def test_a_rate_is(schedule: Schedule, at: float, expected: float) -> None:
    assert float(schedule.at(float(at))) == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_step_comes_after_exactly_so_many_steps_however_many(dtype: Any) -> None:
    for every in (3, 7, 10, 49):
        schedule = step(1.0, every=every, factor=0.5)
        t = np.arange(20 * every, dtype=dtype)
        np.testing.assert_allclose(schedule.at(t), 0.5 ** (np.arange(20 * every) // every), rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: constant(0.0), "rate of constant"),
        (lambda: step(0.1, every=0), "every of step"),
        (lambda: step(0.1, every=2.5), "every of step"),
        (lambda: step(0.1, 3, factor=0.0), "factor of step"),
        (lambda: exponential(-1.0, 0.9), "rate of exponential"),
        (lambda: exponential(0.1, math.inf), "factor of exponential"),
        (lambda: linear(0.1, steps=5, final=-0.1), "final of linear"),
        (lambda: cosine(0.1, steps=math.inf), "steps of cosine"),
        (lambda: cosine(0.1, steps=True), "steps of cosine"),
        (lambda: warm_up(0, 0.1), "steps of warm_up"),
        (lambda: warm_up(5, 0.0), "then of warm_up"),
        (lambda: join(0.0, 5, 0.1), "first of join"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_name(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words} is"):
        make()
