"""The numeric check: right gradients pass, wrong ones are caught and told, kinks are neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.check import compare
from chainrule.ir.errors import ArgumentError
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import register, unregister

RNG = np.random.default_rng(0)


@cr.function(x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k")
def network(x, y, w1, b1, w2, b2):  # type: ignore[no-untyped-def]
    l1 = cr.tanh(x @ w1 + b1)
    l2 = l1 @ w2 + b2
    return ((l2 - y) ** 2).sum() / x.shape[0]


def point(dtype: Any = np.float64, hidden: int = 6) -> dict[str, np.ndarray]:
    shapes = {"x": (5, 4), "y": (5, 2), "w1": (4, hidden), "b1": (hidden,), "w2": (hidden, 2), "b2": (2,)}
    return {name: RNG.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


@pytest.fixture
def wrong_sine() -> Iterator[Any]:
    """An operation whose slope is wrong: a cosine with the sign turned round."""
    yield register(
        Elementwise(name="wrong_sine", ref=np.sin, partials=lambda x, y: (-cr.cos(x),), why="wrong on purpose")
    )
    unregister("wrong_sine")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_right_gradient_passes(dtype: Any) -> None:
    report = cr.check(network, wrt=["w1", "b1", "w2", "b2"], at=point(dtype))
    assert report.ok
    assert report.max_error < (1e-8 if dtype == np.float64 else 1e-4)
    assert [c.name for c in report.checks] == ["w1", "b1", "w2", "b2"]
    assert report["w1"].checked == report["w1"].size == 24
    assert "ok" in str(report)
    assert "WRONG" not in str(report)


def test_a_point_is_drawn_where_none_is_given() -> None:
    report = cr.check(network, wrt="w1")
    assert report.ok
    assert report["w1"].size > 1


def test_large_parameters_are_sampled_and_the_report_says_so() -> None:
    report = cr.check(network, wrt="w1", at=point(hidden=100))
    assert report.ok
    assert report["w1"].checked < report["w1"].size == 400
    assert f"{report['w1'].checked} of 400 entries" in str(report)


def test_a_wrong_rule_is_caught_where_it_is_worst(wrong_sine: Any) -> None:
    @cr.function(x="4", w="4")
    def loss(x: Any, w: Any) -> Any:
        return wrong_sine(x * w).sum() + (w * w).sum()

    at = {"x": np.array([0.1, 3.0, 0.2, 0.1]), "w": np.full(4, 0.1)}
    report = cr.check(loss, wrt="w", at=at)
    assert not report.ok
    assert not report
    found = report["w"]
    assert found.worst == "[1]"
    assert found.numeric == pytest.approx(3 * np.cos(0.3) + 0.2, rel=1e-9)
    assert found.gradient == pytest.approx(-3 * np.cos(0.3) + 0.2, rel=1e-9)
    assert "WRONG" in str(report)
    assert "[1]" in str(report)


def test_a_wrong_rule_in_a_large_parameter_is_caught(wrong_sine: Any) -> None:
    @cr.function(x="n", w="n")
    def loss(x: Any, w: Any) -> Any:
        return cr.where(x > 2.5, wrong_sine(w), cr.sin(w)).sum()

    x = np.zeros(5000)
    x[::7] = 3
    assert not cr.check(loss, wrt="w", at={"x": x, "w": RNG.normal(size=5000)}).ok


def test_a_kink_is_reported_and_is_no_mistake() -> None:
    @cr.function(w="3")
    def loss(w: Any) -> Any:
        return cr.relu(w).sum() + (3 * cr.abs(w)).sum()

    report = cr.check(loss, wrt="w", at={"w": np.array([0.0, 1.0, -2.0])})
    assert report.ok
    assert report["w"].kinks == 1
    assert "kink" in str(report)


@pytest.mark.parametrize("value", [5.0, -5.0])
def test_a_slope_outside_of_both_sides_of_a_kink_is_a_mistake(value: float) -> None:
    at = {"w": np.array([0.0, 1.0])}
    report = compare(lambda p: float(np.abs(p["w"]).sum()), {"w": np.array([value, 1.0])}, at)
    assert not report.ok
    assert report["w"].worst == "[0]"


def backward(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> dict[str, np.ndarray]:
    """The gradients by hand."""
    l1 = np.tanh(x @ w1 + b1)
    d_l2 = 2 * (l1 @ w2 + b2 - y) / len(x)
    d_l1 = d_l2 @ w2.T * (1 - l1**2)
    return {"w1": x.T @ d_l1, "b1": d_l1.sum(0), "w2": l1.T @ d_l2, "b2": d_l2.sum(0)}


def without_the_slope(**inputs: Any) -> np.ndarray:
    """The gradient by w1 with the slope of tanh forgotten."""
    x, w1, b1 = inputs["x"], inputs["w1"], inputs["b1"]
    l1 = np.tanh(x @ w1 + b1)
    return x.T @ (2 * (l1 @ inputs["w2"] + inputs["b2"] - inputs["y"]) / len(x) @ inputs["w2"].T)  # type: ignore[no-any-return]


def test_a_gradient_by_hand_is_checked() -> None:
    report = cr.check(network, backward, wrt=["w1", "b1", "w2", "b2"], at=point())
    assert report.ok
    assert report.max_error < 1e-8


def test_a_wrong_gradient_by_hand_is_caught() -> None:
    report = cr.check(network, without_the_slope, wrt="w1", at=point())
    assert not report.ok
    assert report.max_error > 0.01


WRONG: dict[str, tuple[Any, str]] = {
    "another shape": (lambda **p: p["w1"].T, "shape"),
    "no number": (lambda **p: np.full(p["w1"].shape, np.nan), "nan"),
    "one entry": (lambda **p: backward(**p)["w1"] + 1e-3 * (np.arange(24).reshape(4, 6) == 8), "[1, 2]"),
    "the sign": (lambda **p: -backward(**p)["w1"], "WRONG"),
    "twice": (lambda **p: 2 * backward(**p)["w1"], "WRONG"),
    "nothing": (lambda **p: 0 * p["w1"], "WRONG"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told(name: str) -> None:
    candidate, told = WRONG[name]
    report = cr.check(network, candidate, wrt="w1", at=point())
    assert not report.ok
    assert told in str(report)


def test_a_missing_gradient_is_named() -> None:
    with pytest.raises(ArgumentError, match="b1"):
        cr.check(network, lambda **p: {"w1": backward(**p)["w1"]}, wrt=["w1", "b1"], at=point())


def test_an_argument_that_was_not_checked_is_named() -> None:
    with pytest.raises(KeyError, match="w2 was not checked"):
        cr.check(network, wrt="w1", at=point())["w2"]


def test_the_same_seed_checks_the_same_entries() -> None:
    at = point(hidden=100)
    first, second = (cr.check(network, wrt="w1", at=at, seed=0) for _ in range(2))
    assert first == second
    others = [cr.check(network, wrt="w1", at=at, seed=seed) for seed in range(1, 6)]
    assert any(other["w1"].max_error != first["w1"].max_error for other in others)


SCALES = [(1e6, 1.0), (1e-6, 1.0), (1.0, 1e-6), (1.0, 1e6), (1e6, 1e-6), (1e-6, 1e6)]


@pytest.mark.parametrize(("of_loss", "of_argument"), SCALES)
def test_the_scale_of_the_loss_and_of_the_argument_does_not_matter(of_loss: float, of_argument: float) -> None:
    @cr.function(x="N")
    def f(x: Any) -> Any:
        return of_loss * (cr.sin(x / of_argument) + (x / of_argument) ** 2).sum()

    x = np.array([0.3, -1.2, 0.8, 2.0])
    at = {"x": x * of_argument}
    right = of_loss / of_argument * (np.cos(x) + 2 * x)
    assert cr.check(f, at=at).ok
    assert cr.check(f, lambda x: right, at=at).ok
    # One entry wrong by a thousandth of the greatest.
    wrong = right + np.array([0, 0, 1e-3, 0]) * np.max(np.abs(right))
    report = cr.check(f, lambda x: wrong, at=at)
    assert not report.ok
    assert report["x"].worst == "[2]"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gradient_that_is_not_finite_is_told(dtype: Any) -> None:
    f = cr.function(x="3")(lambda x: cr.sqrt(x).sum())
    report = cr.check(f, at={"x": np.array([1.0, 0.0, 4.0], dtype)})
    assert not report.ok
    assert "inf at [1]" in str(report)
