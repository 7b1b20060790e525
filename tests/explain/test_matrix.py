"""The matrix form: a row for each intermediate, from the loss backwards, and the closed form."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.matrix import why_back
from chainrule.ir.dims import show_shape
from chainrule.ir.node import D, Input
from chainrule.ir.registry import call
from chainrule.ir.telling import Name, Table
from tests import functions
from tests.derived import derived
from tests.functions import GRADIENTS
from tests.kept import Golden

ALL = [(function, wrt) for function, names in GRADIENTS.values() for wrt in names]
ALL += [(f, wrt) for f in (functions.rows, functions.columns) for wrt in "Wbvc"]


def table_of(told: Any) -> Table:
    return next(block for block in told.telling.blocks if isinstance(block, Table))


@pytest.mark.parametrize(("function", "wrt"), ALL, ids=[f"{f.name} by {wrt}" for f, wrt in ALL])
def test_every_row_is_true(function: Any, wrt: str) -> None:
    told = derived(function, wrt)
    assert told.form == "matrix"
    assert told.verify() < 1e-9
    loss = told.telling.loss
    for step in told.steps:
        assert isinstance(step.before, D)
        assert step.before.args[0] is loss
        assert step.after.shape == step.before.args[1].shape
        assert step.why
    table = table_of(told)
    assert table.rows[-1][0] == (Name(wrt),)
    assert told.steps[-1].before.args[1].name == wrt
    assert all(len(row) == len(table.head) for row in table.rows)


@pytest.mark.parametrize(("function", "wrt"), ALL, ids=[f"{f.name} by {wrt}" for f, wrt in ALL])
def test_every_row_carries_the_shapes(function: Any, wrt: str) -> None:
    told = derived(function, wrt)
    named = {name: node for node, name in told.telling.names.items()}
    for row in table_of(told).rows:
        (name,), forward, backward = row[0], row[2], row[4]
        assert isinstance(name, Name)
        assert forward == backward == (show_shape(named[name.name].shape),)


KEPT = [
    (functions.rows, "W"),
    (functions.columns, "W"),
    (functions.columns, "b"),
    (functions.loss, "w1"),
    (functions.classifier, "w1"),
    (functions.attention, "q"),
]


@pytest.mark.parametrize(("function", "wrt"), KEPT, ids=[f"{f.name} by {wrt}" for f, wrt in KEPT])
def test_the_table_reads_as_it_did(function: Any, wrt: str, golden: Golden) -> None:
    text = str(derived(function, wrt))
    golden.check(f"matrix_{function.name}_{wrt}.txt", text.rpartition("; largest")[0] + "\n")


def test_the_rows_go_from_the_loss_to_what_was_asked_for() -> None:
    table = table_of(derived(functions.loss, "w1"))
    assert [row[0] for row in table.rows] == [(Name(name),) for name in ("loss", "l2", "l1", "w1")]


x, g, w = Input.of("x", (5, 3)), Input.of("g", (5, 4)), Input.of("w", (3, 4))
BACK: list[tuple[Any, str]] = [
    (x.T @ g, "the sum runs over the first axis of x, so it stands transposed; (3, 5) @ (5, 4) → (3, 4)"),
    (g @ w.T, "the sum runs over the last axis of w, so it stands transposed; (5, 4) @ (4, 3) → (5, 3)"),
    (x @ w, "(5, 3) @ (3, 4) → (5, 4)"),
    (-(g @ w.T) / 2, "the sum runs over the last axis of w, so it stands transposed; (5, 4) @ (4, 3) → (5, 3)"),
    (
        call("einsum", "ij,ik,lk->jl", x, g, w),
        "the sum runs over the first axis of x, so it stands transposed; the sum",
    ),
    (call("einsum", "i,j->ij", Input.of("a", (5,)), Input.of("b", (3,))), "(5,) and (3,) → (5, 3)"),
    (g.sum(axis=0), "shared along an axis, so the gradients of all its uses are summed: (5, 4) → (4,)"),
    (-(g.sum(axis=0, keepdims=True)), "shared along an axis, so the gradients of all its uses are summed"),
    (g * np.cos(g), "the gradient behind it, times the slope, entry by entry"),
    (g + g * 2, "the gradients of all its uses, added"),
    (2 * g, "handed on"),
    (call("broadcast_to", Input.of("s", ()), (3,)), "handed on"),
]


@pytest.mark.parametrize(("gradient", "why"), BACK)
def test_how_a_gradient_is_put_together(gradient: Any, why: str) -> None:
    names = {x: "x", g: "g", w: "w"}
    assert why_back(gradient, names).startswith(why)


def deep(layers: int) -> Any:
    names = [f"W{k}" for k in range(layers)]
    lines = [f"    h{k + 1} = cr.tanh(h{k} @ W{k})" for k in range(layers)]
    text = f"def deep(x, y, {', '.join(names)}):\n    h0 = x\n" + "\n".join(lines)
    namespace: dict[str, Any] = {"cr": cr}
    exec(f"{text}\n    return ((h{layers} - y)**2).mean()", namespace)
    return cr.function(x="N d", y="N d", **dict.fromkeys(names, "d d"))(namespace["deep"])


def test_twelve_layers_are_told() -> None:
    told = cr.derive(deep(12), "W0")
    assert told.error < 1e-9
    assert max(map(len, str(told).splitlines())) <= 112
    assert cr.derive(deep(12), "W0", form="components").error < 1e-9


def test_the_length_grows_linearly_with_depth() -> None:
    lengths = [len(str(cr.derive(deep(layers), "W0")).split("\n∂deep")[0]) for layers in (4, 8, 12, 16)]
    growth = np.diff(lengths)
    assert max(growth) < 1.3 * min(growth)
    rows = [len(table_of(cr.derive(deep(layers), "W0")).rows) for layers in (4, 8)]
    assert rows == [6, 10]


def test_a_derivation_through_a_kink_says_which_convention_was_used() -> None:
    @cr.function(x="")
    def odd(x: Any) -> Any:
        return cr.relu(x) - cr.relu(-x)

    notes = cr.derive(odd).notes
    assert "relu: the slope at 0 is 0, the smallest subgradient" in notes
    assert any("do not compose" in note for note in notes)
    assert "relu: the slope at 0 is 0" in re.sub(r"\s+", " ", str(cr.derive(odd)))
    assert cr.derive(cr.function(x="")(lambda x: cr.tanh(x) ** 2)).notes == ()
