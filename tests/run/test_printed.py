"""The printed program as it runs: by name, checked; and by position, in loops, unchecked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.dims import parse_shape
from chainrule.ir.errors import ShapeError
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input
from chainrule.ir.registry import call
from chainrule.ops.symbol import symbol
from chainrule.run import printed
from chainrule.run.printed import Program

X, W, Y = (
    Input.of(n, parse_shape(s), k) for n, s, k in (("x", "N 3", "float"), ("w", "3", "float"), ("y", "N", "int"))
)
OUTPUT = call("exp", call("matmul", X, W)) / X.shape[0] + Y


def arrays(rows: int, precision: Any = np.float64) -> dict[str, Any]:
    rng = np.random.default_rng(rows)
    return {
        "x": rng.normal(size=(rows, 3)).astype(precision),
        "w": rng.normal(size=3).astype(precision),
        "y": np.arange(rows),
    }


@pytest.mark.parametrize("longest", [printed.LONGEST, 0], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_by_position_it_gives_what_it_gives_by_name_and_the_sample_axis_stays_open(
    longest: int, precision: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed, "LONGEST", longest)
    program = Program(Graph((X, W, Y), (OUTPUT,)))
    run = program.positional(arrays(5, precision))
    for rows in (5, 2, 7):
        given = arrays(rows, precision)
        (found,) = run(*given.values())
        (wanted,) = program(given)
        assert found.dtype == wanted.dtype == precision
        np.testing.assert_array_equal(found, wanted)
        hand = np.exp(given["x"] @ given["w"]) / rows + given["y"]
        np.testing.assert_allclose(found, hand, rtol=1e-12 if precision is np.float64 else 1e-6)


def test_examples_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="x has shape"):
        Program(Graph((X, W, Y), (OUTPUT,))).positional({**arrays(5), "x": np.ones((5, 4))})


def test_a_single_entry_is_a_number() -> None:
    x = Input.of("x", (3,))
    (found,) = Program(Graph((x,), (x[1],)))({"x": np.array([1.0, 2.0, 3.0])})
    assert found == 2.0
    assert np.shape(found) == ()


def test_a_symbol_with_a_value_runs() -> None:
    x = Input.of("x", (3,))
    f = symbol("f", value=np.tanh, slopes=(lambda z: 1 - np.tanh(z) ** 2,))
    given = np.array([-1.0, 0.0, 2.0])
    (found,) = Program(Graph((x,), (f(x) * 2,)))({"x": given})
    np.testing.assert_array_equal(found, 2 * np.tanh(given))
