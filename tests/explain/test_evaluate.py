"""How an equality is evaluated: points, derivatives by forward mode, and by differences in extended precision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.components.differentiate import derivative
from chainrule.explain.differences import _entry_by_entry
from chainrule.explain.evaluate import (
    deviation,
    largest_deviation,
    random_point,
    without_derivatives,
)
from chainrule.explain.magnitude import magnitudes
from chainrule.ir.dims import Dim, Sizes
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input
from chainrule.ir.telling import Chain, Section, Step, all_steps
from chainrule.run.interpret import interpret
from tests import functions


def test_dimensions_are_pairwise_distinct_and_above_one() -> None:
    traced = functions.classifier.trace()
    values, sizes = random_point(traced.graph, 0)
    assert len(set(sizes.values())) == len(sizes) == 4
    assert min(sizes.values()) > 1
    assert values["x"].shape == (sizes[Dim("N")], sizes[Dim("d")])
    fixed = Input.of("a", (2, 3, Dim("N"), Dim("M")))
    _, others = random_point(Graph((fixed,), (fixed,)), 0)
    assert not set(others.values()) & {2, 3}


def test_floats_have_both_signs_and_indices_stay_inside() -> None:
    for seed in range(10, 15):
        values, sizes = random_point(functions.classifier.trace().graph, seed)
        assert values["y"].dtype.kind == "i"
        assert 0 <= values["y"].min() <= values["y"].max() < sizes[Dim("k")]
        entries = np.concatenate([v.ravel() for v in values.values() if v.dtype.kind == "f"])
        assert entries.min() < 0 < entries.max()
        assert np.abs(values["x"]).min() > 0.1


def test_a_derivative_by_differences_is_the_one_by_forward_mode() -> None:
    traced = functions.three_layers.trace()
    values, sizes = random_point(traced.graph, 1)
    (loss,) = traced.graph.outputs
    named = [n for n, name in traced.graph.names.items() if name in ("h1", "p", "w2")]
    assert len(named) == 3
    wide = {n: v.astype(np.longdouble) for n, v in values.items()}
    for node in named:
        d = derivative(loss, node)
        (exact,) = interpret(without_derivatives([d]), values, sizes=sizes)
        assert deviation(exact, _entry_by_entry(d, wide, Sizes(sizes), 1)) < 1e-7


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        (1.0, 1.0, 0.0),
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        (0.0, 0.0, 0.0),
        ([], [], 0.0),
        (np.nan, 1.0, np.nan),
        (0.0, 1e-9, 1.0),
    ],
)
def test_a_deviation_is_relative_to_the_greatest_entry(a: Any, b: Any, wanted: float) -> None:
    np.testing.assert_equal(deviation(a, b), wanted)


def test_steps_are_in_the_order_of_reading() -> None:
    x = Input.of("x", ())
    inner = [Step(x, x, name, "") for name in "abcde"]
    a = Step(x, x, "A", "", steps=(inner[0], inner[1]))
    b = Step(x, x, "B", "", steps=(Step(x, x, "C", "", steps=(inner[2],)), inner[3]))
    assert [s.rule for s in all_steps([a, b, inner[4]])] == ["a", "b", "A", "c", "C", "d", "B", "e"]


def test_a_function_that_is_positive_only_gets_positive_points() -> None:
    f = cr.function(x="N")(lambda x: cr.log(x).sum() + np.sqrt(x).sum())
    for form in ("matrix", "components"):
        told = cr.derive(f, "x", form=form)
        assert told.error < 1e-9
        assert largest_deviation(told.telling)[0] < 1e-9


def test_a_function_that_is_finite_nowhere_is_not_told() -> None:
    f = cr.function(x="N")(lambda x: cr.log(-x * x).sum())
    with pytest.raises(ArithmeticError, match="no point was found"):
        cr.derive(f, "x")


@pytest.mark.parametrize("form", ["matrix", "components", "substitution"])
def test_a_gradient_that_is_zero_everywhere_is_told(form: str) -> None:
    # Of two standardised numbers the cubes cancel: both sides of a line are rounding, beside terms near one.
    def cubes(x: Any) -> Any:
        c = x - x.mean()
        s = (c**2).mean() ** 0.5
        return ((c / s) ** 3).sum()

    for function in (cubes, lambda x: cr.softmax(x).sum()):
        told = cr.derive(cr.function(x="2")(function), "x", form)
        assert told.error < 1e-9


def test_terms_that_cancel_do_not_hide_a_wrong_step() -> None:
    told = cr.derive(cr.function(x="2")(lambda x: ((x - x.mean()) ** 3).sum()), "x", "components").telling
    (first, *_) = told.steps
    wrong = Step(first.before, first.after + 1e-6, first.rule, first.why, first.where)
    spoilt = replace(told, sections=(Section("", (Chain((wrong,), "components", told.wrt),)),))
    error, step = largest_deviation(spoilt)
    assert step is wrong
    assert error > 1e-8


def test_magnitudes_are_those_of_the_terms() -> None:
    x, y = Input.of("x", (2,)), Input.of("y", ())
    nodes = [x - x * 1.0 + 0.0, (x * y).sum(), ((x - 1.0) / y) ** 2.0, cr.exp(x - 3.0)]
    at = {"x": np.array([3.0, -2.0]), "y": np.array(-0.5)}
    assert magnitudes(nodes, at, Sizes(), 0) == pytest.approx([6, 2.5, 64, 1])
