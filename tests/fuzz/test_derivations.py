"""Random programs, told in every form that fits any graph: every line of every telling holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chainrule as cr
from tests.fuzz.programs import FLOATS, INPUTS, Machine, traced
from tests.fuzz.test_programs import PROGRAMS

FORMS = ("matrix", "components", "substitution")
QUICK, SHORT = 20, 200
"""How many programs `make check` and `make test` draw; ``--long`` draws a thousand."""


def as_function(machine: Machine, program: list[tuple[int, int, int, int]]) -> Any:
    """The program as a user's function; its inputs have their own names."""

    def program_(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, labels: Any) -> Any:
        return machine.run([a, b, c, d, e, f, g, labels], program)

    shapes: dict[str, Any] = {i.name: " ".join(map(str, i.shape)) for i in INPUTS}
    shapes["labels"] += " int"
    return cr.function(**shapes)(program_)


def tell(program: list[tuple[int, int, int, int]], seed: int, lines: Counter[str]) -> str:
    """Derive by one of the inputs that the loss depends on, in every form; how it went."""
    machine = traced()
    function = as_function(machine, program)
    wrt = FLOATS[seed % len(FLOATS)].name
    for form in FORMS:
        try:
            told = cr.derive(function, wrt, form)
        except ArithmeticError as error:
            if "no point was found" in str(error):
                return "finite nowhere"
            raise
        assert told.error < 1e-9
        lines[form] += told.count()
        assert str(told)
    return "verified"


@pytest.mark.parametrize("programs", [QUICK, pytest.param(SHORT, marks=pytest.mark.slow)])
def test_random_programs_are_told(programs: int) -> None:
    outcomes: Counter[str] = Counter()
    lines: Counter[str] = Counter()

    @settings(max_examples=max(programs, settings().max_examples // 5), suppress_health_check=list(HealthCheck))
    @given(PROGRAMS, st.integers(0, 10_000))
    def one(program: list[tuple[int, int, int, int]], seed: int) -> None:
        outcomes[tell(program, seed, lines)] += 1

    one()
    total = sum(outcomes.values())
    print(f"\n{total} programs: {dict(outcomes)}; equalities evaluated: {dict(lines)}")
    assert total >= programs
    assert outcomes["verified"] >= 0.9 * total, outcomes
