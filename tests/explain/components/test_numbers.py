"""With numbers: an entry nudged by smaller and smaller steps, and two layouts with the same numbers side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain import Subject, largest_deviation
from chainrule.explain.components.numbers import STEPS, nudged, point, side_by_side
from chainrule.ir.errors import ArgumentError
from chainrule.ir.telling import Paragraph, Table, Telling, Value
from chainrule.pipeline import gradient_graph
from chainrule.render.document import write
from tests import functions


def subject(function: Any, *wrt: str, at: dict[str, Any] | None = None) -> Subject:
    traced = function.trace()
    inputs = [i for name in wrt for i in traced.leaves(name)]
    derived = gradient_graph(traced, inputs)
    gradients = dict(zip(inputs, derived.gradients, strict=True))
    return Subject(derived.forward, gradients, gradients, derived.intermediates, at or {})


@cr.function(x="L n", y="L k", W1="n m", W2="m k")
def rows(x: Any, y: Any, W1: Any, W2: Any) -> Any:
    z = x @ W1
    a = np.tanh(z)
    y_hat = a @ W2
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[0])
    return E


@cr.function(x="n L", y="k L", W1="m n", W2="k m")
def columns(x: Any, y: Any, W1: Any, W2: Any) -> Any:
    z = W1 @ x
    a = np.tanh(z)
    y_hat = W2 @ a
    E = ((y - y_hat) ** 2).sum() / (2 * x.shape[1])
    return E


def table_of(telling: Telling | Any) -> Table:
    (table,) = [block for block in telling.blocks if isinstance(block, Table)]
    return table


# ---------------------------------------------------------------------------------------------- nudged


@pytest.mark.parametrize("wrt", ["W1", "W2", "x"])
def test_the_change_per_step_comes_to_the_gradient(wrt: str) -> None:
    asked = subject(rows, wrt)
    at = point(asked)
    (w,) = asked.gradients
    table = table_of(nudged(asked, w, at))
    shown = np.array([[piece.value for (piece,) in row[1:] if isinstance(piece, Value)] for row in table.rows], float)
    assert [row[0] for row in table.rows] == [("0.1",), ("0.01",), ("0.001",), ("0.0001",), ("1e-05",), ("1e-06",)]
    assert len(STEPS) == len(shown) == 6
    gradient = cr.grad(rows, wrt)(**at)
    np.testing.assert_allclose(np.abs(shown[:, 2]), np.max(np.abs(gradient)), rtol=1e-12)
    errors = np.abs(shown[:, 1] - shown[:, 2])
    assert np.all(errors[1:5] < errors[:4] / 5)
    assert errors[-1] < 1e-5
    np.testing.assert_allclose(shown[:, 3], shown[:, 1] - shown[:, 2], atol=1e-12)


def test_every_number_is_worked_out_anew() -> None:
    told = cr.derive(functions.loss, "w1", form="components")
    assert len(told.telling.values) > 25
    assert told.verify() < 1e-9
    telling = told.telling
    table = table_of(next(s for s in telling.sections if s.title.startswith("With numbers")))
    ((value,),) = [table.rows[0][1]]
    assert isinstance(value, Value)
    wrong = replace(value, value=value.value * 1.01)
    rows_ = ((table.rows[0][0], (wrong,), *table.rows[0][2:]), *table.rows[1:])
    sections = tuple(
        replace(s, blocks=tuple(replace(b, rows=rows_) if b is table else b for b in s.blocks))
        for s in telling.sections
    )
    error, _ = largest_deviation(replace(telling, sections=sections))
    assert 0.009 < error < 0.011


def test_the_readers_own_numbers_are_used_and_for_all_that_was_asked() -> None:
    at = {"x": 0.5, "a": -1.5}
    for form in ("components", "matrix"):
        told = cr.derive(functions.scalar, ["x", "a"], form=form, at=at)
        titles = [s.title for s in told.telling.sections]
        assert [t for t in titles if t.startswith("With numbers")] == [
            "With numbers: one entry of x nudged",
            "With numbers: one entry of a nudged",
        ]
        assert {n: float(v) for n, v in told.telling.at.items()} == at
        assert told.error < 1e-9
    assert "x = 0.5, a = -1.5" in str(told)


def test_there_are_no_numbers_of_an_unknown_function_or_of_large_arrays() -> None:
    assert point(subject(functions.rows, "W")) == {}
    assert not any(
        s.title.startswith("With numbers") for s in cr.derive(functions.rows, "W", "components").telling.sections
    )
    large = cr.function(w=(30,), x=(5, 30))(lambda w, x: ((x @ w) ** 2).sum())
    assert point(subject(large, "w")) == {}
    nowhere = cr.function(w="d")(lambda w: cr.log(-w * w).sum())
    assert point(subject(nowhere, "w")) == {}


# ---------------------------------------------------------------------------------------------- rows and columns


def test_rows_and_columns_have_the_same_numbers() -> None:
    told = side_by_side(subject(rows, "W1", "W2"), subject(columns, "W1", "W2"))
    formulas, numbers = [block for block in told.blocks if isinstance(block, Table)]
    assert len(formulas.rows) == len(numbers.rows) == 6  # z, a, y_hat, E and two gradients
    for row in numbers.rows:
        left, right = row[1][0], row[2][0]
        assert isinstance(left, Value)
        assert isinstance(right, Value)
        np.testing.assert_allclose(np.asarray(left.value), np.asarray(right.value).T, rtol=1e-12)
    assert len(formulas.claims) == 6
    error, step = largest_deviation(told)
    assert error < 1e-12, step
    text = write(told, "text", error)
    assert "x W1" in text
    assert "W1 x" in text
    assert "(L, m)" in text
    assert "(m, L)" in text


def test_an_unknown_function_has_the_two_layouts_without_numbers() -> None:
    told = side_by_side(subject(functions.rows, "W"), subject(functions.columns, "W"), {"y": "y"})
    assert [len(row) for row in table_of(told).rows] == [5] * 5
    assert not told.values
    assert largest_deviation(told)[0] < 1e-12
    assert isinstance(told.blocks[-1], Paragraph)


def test_a_square_array_is_said_to_be_transposed() -> None:
    right = cr.function(x="N d", W="d d")(lambda x, W: ((x @ W) ** 2).sum())
    left = cr.function(x="d N", V="d d")(lambda x, V: ((V @ x) ** 2).sum())
    told = side_by_side(subject(right, "W"), subject(left, "V"), {"V": "W.T"})
    assert largest_deviation(told)[0] < 1e-12
    wrong = side_by_side(subject(right, "W"), subject(left, "V"), {"V": "W"})
    assert largest_deviation(wrong)[0] > 1e-3


def test_arguments_that_do_not_fit_are_named() -> None:
    one = cr.function(W="m n", x="n L")(lambda W, x: (W @ x).sum())
    with pytest.raises(
        ArgumentError, match="nothing says which argument W is in the other layout; there are x, y, W1, W2"
    ):
        side_by_side(subject(rows, "W1"), subject(one, "W"))
    other = cr.function(x="n L", y="k L", W1="m k", W2="k m")(lambda x, y, W1, W2: (W1 @ y).sum() + (W2.T @ y).sum())
    with pytest.raises(
        ArgumentError, match=r"W1 has shape \(m, k\), and W1 has \(n, m\): neither the same nor transposed"
    ):
        side_by_side(subject(rows, "W1"), subject(other, "W1"))
