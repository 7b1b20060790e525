"""Random programs in C, a few of those of ``python -m tests.fuzz --native``; and that a wrong one would be seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chainrule.ir.graph import Graph
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.run.native import compile_c
from tests.compiled import TOLERANCE
from tests.fuzz import native
from tests.native.magnitude import allowed, excess

PROGRAMS = 24
"""They take turns: each is compiled at one of the levels, in both precisions."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.slow
def test_random_programs_are_what_the_interpreter_makes_of_them() -> None:
    numbers, refused = native.drawn_in_c(0, PROGRAMS)
    total = native.Found()
    for k, level in enumerate(native.LEVELS):
        total.add(native.shard(0, numbers[k :: len(native.LEVELS)], level))
    print(f"\n{PROGRAMS} programs, {refused} more that C has not: {total.outcomes}")
    assert not total.failures
    counts = list(total.outcomes.values())
    assert sum(counted.total() for counted in counts) == PROGRAMS * len(TOLERANCE)
    assert sum(counted["hangs by rounding"] for counted in counts) <= 2
    assert refused < PROGRAMS


def test_a_wrong_program_is_seen() -> None:
    """One operation of a program is another: it fails, and nothing hangs by rounding."""
    numbers, _ = native.drawn_in_c(0, 6)
    seen = []
    for one in [native.draw(0, number) for number in numbers]:
        compiled = native.compiled([one], "-O0")["float64"][0]
        assert native.compare(one, compiled, "float64")[0] == "equal"
        wrong = replace(compiled.source, text=re.sub(r"\btanh\(", "atan(", compiled.source.text))
        outcome, worst = native.compare(one, compile_c(wrong, flags=native.flags_of("-O0")), "float64")
        assert outcome in ("equal", "FAILED")
        seen.append(outcome == "FAILED" and worst > 1000)
    assert sum(seen) >= 4


def test_a_decision_that_hangs_by_rounding_is_told_apart() -> None:
    x = Input.of("x", (3,))
    decided = call("where", (x / 3.0) * 3.0 - x > 1e-17, 1.0, 0.0)
    drawn = native.Drawn(0, Graph((x,), (decided + x, call("tanh", x))), {"x": np.array([0.1, 0.7, 1.9])})
    most = allowed(drawn.graph, drawn.values, "float64")
    want = [drawn.values["x"], np.tanh(drawn.values["x"])]
    furthest = native.moved(drawn, "float64", want, most)
    assert excess([want[0] + 1, want[1]], want, furthest) <= 1
    assert excess([want[0] + 3, want[1]], want, furthest) > 1
    assert excess([want[0], want[1] + 1e-10], want, furthest) > 1


def test_magnitudes_are_those_of_the_terms() -> None:
    x, y = Input.of("x", (2,)), Input.of("y", (2,))
    values = {"x": np.array([3.0, -4.0]), "y": np.array([3.0, 5.0])}
    squared = (x * x).sum()
    cases: dict[Node, object] = {
        x - y: [6, 9],
        x * y: [18, 40],
        x @ y: 58,
        call("exp", x): [3 * np.exp(3), 4 * np.exp(-4)],
        call("tanh", x): np.maximum(np.abs(np.tanh(values["x"])), np.abs(values["x"]) / np.cosh(values["x"]) ** 2),
        call("where", x > 0, x - y, y): [6, 5],
        x[::-1] - y: [7, 8],
        call("max", x, axis=0): 3,
        squared: 50,
        x**2.0: [18, 32],
    }
    for node, expected in cases.items():
        (most,) = allowed(Graph((x, y), (node,)), values, "float64")
        np.testing.assert_allclose(most, 1e-12 * np.asarray(expected, float), rtol=1e-12, err_msg=str(node))


def test_what_is_not_finite_has_to_be_the_same() -> None:
    one = np.array([1.0, np.nan, np.inf])
    assert excess([one], [one.copy()], [np.ones(3)]) == 0
    assert excess([one], [np.array([1.0, np.nan, -np.inf])], [np.ones(3)]) == np.inf
    assert excess([one], [np.array([1.0, 0.0, np.inf])], [np.ones(3)]) == np.inf
    assert excess([np.array([1.0])], [np.array([1.5])], [np.array([0.25])]) == 2


@pytest.mark.parametrize("number", [432])
def test_programs_that_went_wrong_once(number: int) -> None:
    """432: rows of three, every second of which is read; GCC 12 made wrong vectors of them."""
    drawn = native.draw(0, number)
    for dtype, (made,) in native.compiled([drawn], "fast").items():
        assert native.compare(drawn, made, dtype)[0] == "equal"
