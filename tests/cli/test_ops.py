"""`chainrule ops`: every record is told, from the record itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli import main
from chainrule.cli.ops import told
from chainrule.ir import registry


def output(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["ops", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_has_every_operation() -> None:
    first = {line.split(" ")[0] for line in output().splitlines()}
    for record in registry.records():
        assert getattr(record, "converts", False) or record.name in first, record.name
    assert "softmax" in output()


@pytest.mark.parametrize("record", list(registry.records()), ids=lambda record: record.name)
def test_every_operation_can_be_told(record: Any) -> None:
    text = output(record.name)
    assert record.why in text
    assert getattr(record, "convention", "") in text
    assert told(record).name == record.name


@pytest.mark.parametrize("name", sorted(registry.functions()))
def test_every_function_can_be_told(name: str) -> None:
    assert name in output(name)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("tanh", ["∂y/∂x", "1 - y y"]),
        ("relu", ["[y > 0]", "the slope at 0 is 0"]),
        ("exp", ["∂y/∂x       y"]),
        ("xlogy", ["z           xlogy(x, y)", "∂z/∂x", "y in [0, ∞)"]),
        ("where", ["∂y/∂a", "[c]"]),
        ("logsumexp", ["∂y/∂xᵢ", "[softmax(x)]_i"]),
        ("gather", ["moves or sums entries"]),
        ("softmax", ["softmax(x, axis)", "has no rule of its own"]),
    ],
)
def test_what_is_told(name: str, lines: list[str]) -> None:
    text = output(name)
    for line in lines:
        assert line in text


def test_an_operation_of_the_user_is_told_too() -> None:
    bell = cr.Elementwise(
        name="bell_[red]",
        ref=lambda x: np.exp(-(x**2)),
        partials=lambda *all_: (-2 * all_[0] * all_[-1],),
        why="by hand",
    )
    cr.register(bell)
    try:
        assert "bell_[red]" in output()
        assert "by hand" in output("bell_[red]")
    finally:
        cr.unregister("bell_[red]")
