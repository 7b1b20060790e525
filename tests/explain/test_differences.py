"""Derivatives by differences, the witness that knows no records."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.differences import Moved, deviation_of, first_wrong
from chainrule.ir.dims import Sizes
from chainrule.ir.node import D, Input
from chainrule.ir.telling import Step

X, W = Input.of("x", (3,)), Input.of("w", (3,))
AT = {"x": np.array([0.5, -1.2, 2.0]), "w": np.array([1.0, 0.3, -0.7])}
SIZES = Sizes()


def test_a_slope_along_a_direction() -> None:
    f = (X * X * W).sum()
    direction = np.array([1.0, 2.0, -1.0])
    slope, size = Moved(f, X, (), AT, SIZES, 0).slope(direction)
    assert float(slope) == pytest.approx(np.sum(2 * AT["x"] * AT["w"] * direction), rel=1e-9)
    assert size == pytest.approx(abs(np.sum(AT["x"] ** 2 * AT["w"])), rel=1e-4)


def test_what_is_held_does_not_move() -> None:
    h = X * W
    f = (h * X).sum()
    one = np.array([1.0, 0.0, 0.0])
    free, _ = Moved(f, X, (), AT, SIZES, 0).slope(one)
    held, _ = Moved(f, X, (h,), AT, SIZES, 0).slope(one)
    assert float(free) == pytest.approx(2 * AT["x"][0] * AT["w"][0], rel=1e-9)
    assert float(held) == pytest.approx(AT["x"][0] * AT["w"][0], rel=1e-9)


def test_what_is_stopped_does_not_move() -> None:
    f = (cr.stop_gradient(X * X) * X).sum()
    slope, _ = Moved(f, X, (), AT, SIZES, 0).slope(np.array([0.0, 1.0, 0.0]))
    assert float(slope) == pytest.approx(AT["x"][1] ** 2, rel=1e-9)


def test_a_wrong_closed_form_deviates_and_a_right_one_does_not() -> None:
    f = (X * X).sum()
    assert deviation_of(f, X, 2 * X, AT, SIZES, 0) < 1e-9
    assert deviation_of(f, X, 2 * X + 0.01, AT, SIZES, 0) > 1e-3
    assert deviation_of(f, X, X, AT, SIZES, 0) == pytest.approx(1, rel=0.01)


def test_a_slope_that_cancels_is_compared_with_what_rounding_leaves() -> None:
    # Softmax does not change when all are moved alike: the slope is zero but for rounding.
    f = cr.softmax(X + Input.of("c", ())).sum()
    c = next(i for i in [Input.of("c", ())])
    assert deviation_of(f, c, c * 0.0, {**AT, "c": np.array(0.3)}, SIZES, 0) < 1e-6


def test_the_first_wrong_step_is_found() -> None:
    f = (X * X).sum()
    d = D.make((f, X), ())
    right, wrong = Step(d, 2 * X, "right", ""), Step(d, 3 * X, "wrong", "")
    assert first_wrong([right], AT, SIZES, 0) is None
    assert first_wrong([right, wrong, right], AT, SIZES, 0) is wrong
