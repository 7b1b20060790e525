"""Statements for single lines, as a telling shows them beside its formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from chainrule.emit.numpy_statements import statements
from chainrule.ir.build import broadcast, constant
from chainrule.ir.dims import Dim
from chainrule.ir.errors import ChainruleError
from chainrule.ir.node import Const, Einsum, Input, Node
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import call, register, unregister

N, d = Dim("N"), Dim("d")
x, w, s = Input.of("x", (N, d)), Input.of("w", (d,)), Input.of("s", ())
GIVEN: dict[Node, str] = {x: "x", w: "w", s: "s"}


def run(given: dict[Node, str], lines: Sequence[tuple[str, Node]], **values: Any) -> dict[str, Any]:
    written = statements(given, lines)
    scope = {"np": np, **values}
    for text in (*written.definitions, *written.head, *(text for line in written.lines for text in line)):
        exec(text, scope)
    return scope


def test_a_line_uses_earlier_ones_by_their_names() -> None:
    z = Input.of("z", (N,))
    lines = [("z", call("matmul", x, w)), ("a", np.tanh(z) * s), ("b", Input.of("a", (N,)))]
    assert statements(GIVEN, lines).lines == (("z = x @ w",), ("a = np.tanh(z) * s",), ("b = a",))
    values = {"x": np.ones((3, 2)), "w": np.array([0.5, 1.0]), "s": 2.0}
    np.testing.assert_allclose(run(GIVEN, lines, **values)["b"], 2 * np.tanh(1.5) * np.ones(3))


def test_sizes_and_precision_come_first() -> None:
    lines = [("mean", x.sum() / N), ("ones", broadcast(constant(1, "float"), (N,)))]
    written = statements(GIVEN, lines)
    assert written.head == ("N = x.shape[0]", "dtype = np.result_type(x, w, s)")
    found = run(GIVEN, lines, x=np.ones((3, 2), np.float32), w=np.ones(2, np.float32), s=np.float32(1))
    assert found["ones"].dtype == np.float32
    assert found["mean"] == 2


def test_a_part_that_is_used_twice_has_a_statement_of_its_own() -> None:
    twice = np.tanh(x)
    ((first, last),) = statements(GIVEN, [("y", twice * twice + twice)]).lines
    assert last == f"y = {first.split(' = ')[0]} * {first.split(' = ')[0]} + {first.split(' = ')[0]}"


def test_names_that_python_has_are_spelled_otherwise() -> None:
    lines = [("lambda", np.tanh(s)), ("y", Input.of("lambda", ()) * s)]
    assert statements(GIVEN, lines).lines == (("lambda_ = np.tanh(s)",), ("y = lambda_ * s",))


def test_long_products_are_contracted_two_at_a_time_and_helpers_are_defined() -> None:
    three = Einsum.of([x, w, x], [(0, 1), (1,), (2, 1)], (0, 2), {})
    values = {"x": np.arange(6.0).reshape(3, 2), "w": np.array([1.0, -2.0]), "s": 0.0}
    lines = [("g", three), ("l", call("logsumexp", Input.of("g", (N, N)), axis=1))]
    found = run(GIVEN, lines, **values)
    expected = values["x"] * values["w"] @ values["x"].T
    assert not any("einsum" in text for line in statements(GIVEN, lines).lines for text in line)
    np.testing.assert_allclose(found["g"], expected)
    np.testing.assert_allclose(found["l"], np.logaddexp.reduce(expected, axis=1))


def test_constant_arrays_go_by_the_name_they_are_given() -> None:
    table = Const.of(np.arange(3.0))
    assert statements({**GIVEN, table: "A1"}, [("y", table * s)]).lines == (("y = A1 * s",),)


def test_an_operation_without_a_spelling_is_refused() -> None:
    silent = register(Elementwise(name="silent", ref=np.tanh, partials=lambda x, y: (1 - y * y,), why="like tanh"))
    try:
        with pytest.raises(ChainruleError, match="silent has no spelling in NumPy"):
            statements(GIVEN, [("y", silent(x))])
    finally:
        unregister("silent")
