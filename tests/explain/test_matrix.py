"""The matrix form: a row for each intermediate, from the loss backwards, and the closed form."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule as cr
from chainrule.ir.node import D
from chainrule.ir.telling import Name, Table
from tests import functions
from tests.functions import GRADIENTS
from tests.kept import Golden

ALL = [(function, wrt) for function, names in GRADIENTS.values() for wrt in names if function is not functions.pieces]
ALL += [(f, wrt) for f in (functions.rows, functions.columns) for wrt in "Wbvc"]


@pytest.mark.parametrize(("function", "wrt"), ALL, ids=[f"{f.name} by {wrt}" for f, wrt in ALL])
def test_every_row_is_true(function: Any, wrt: str) -> None:
    told = cr.derive(function, wrt)
    assert told.form == "matrix"
    assert told.verify() < 1e-9
    loss = told.telling.loss
    for step in told.steps:
        assert isinstance(step.before, D)
        assert step.before.args[0] is loss
        assert step.after.shape == step.before.args[1].shape
    (table,) = told.telling.blocks
    assert isinstance(table, Table)
    assert table.rows[-1][0] == (Name(wrt),)
    assert told.steps[-1].after is told.closed_form.node
    assert all(row[-1] != ("",) for row in table.rows)


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
    text = str(cr.derive(function, wrt))
    golden.check(f"matrix_{function.name}_{wrt}.txt", text.rpartition("; largest")[0] + "\n")


def test_the_rows_go_from_the_loss_to_what_was_asked_for() -> None:
    (table,) = cr.derive(functions.loss, "w1").telling.blocks
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [(Name(name),) for name in ("loss", "l2", "l1", "w1")]


def test_twelve_layers_are_told() -> None:
    names = [f"W{k}" for k in range(12)]
    lines = [f"    h{k + 1} = cr.tanh(h{k} @ W{k})" for k in range(12)]
    text = (
        f"def deep(x, y, {', '.join(names)}):\n    h0 = x\n" + "\n".join(lines) + "\n    return ((h12 - y)**2).mean()"
    )
    namespace: dict[str, Any] = {"cr": cr}
    exec(text, namespace)
    deep = cr.function(x="N d", y="N d", **dict.fromkeys(names, "d d"))(namespace["deep"])
    told = cr.derive(deep, "W0")
    assert told.error < 1e-9
    assert max(map(len, str(told).splitlines())) <= 112
    assert cr.derive(deep, "W0", form="components").error < 1e-9


def test_a_derivation_through_a_kink_says_which_convention_was_used() -> None:
    @cr.function(x="")
    def odd(x: Any) -> Any:
        return cr.relu(x) - cr.relu(-x)

    notes = cr.derive(odd).notes
    assert "relu: the slope at 0 is 0, the smallest subgradient" in notes
    assert any("do not compose" in note for note in notes)
    assert "relu: the slope at 0 is 0" in str(cr.derive(odd))
    assert cr.derive(cr.function(x="")(lambda x: cr.tanh(x) ** 2)).notes == ()
