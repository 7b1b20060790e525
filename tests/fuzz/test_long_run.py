"""The long run's tool: its processes find their programs again, and what fails is told and made shorter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fuzz import shard, test_programs
from tests.fuzz.__main__ import report, run


def test_a_program_is_fixed_by_the_seed_and_its_number() -> None:
    assert shard.program(0, 5) == shard.program(0, 5)
    assert shard.program(0, 5) != shard.program(0, 6)


@pytest.mark.slow
def test_programs_are_run_by_other_processes() -> None:
    found = run(4, jobs=1, seed=0, oracle=1000)
    assert sum(found.outcomes.values()) == 4
    assert not found.failures
    assert "0 disagreements" in report(found, 4, 0, 1000)


def test_a_failure_is_told_as_short_as_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    culprit = shard.program(0, 0)[0][1]

    def check(program: Any, seed: int, met: Any) -> str:
        if culprit in program:
            raise AssertionError("wrong")
        return "checked"

    monkeypatch.setattr(test_programs, "check", check)
    monkeypatch.setattr(test_programs, "ORACLE_EVERY", 1)
    found = shard.shard((0, 0, 2, 1))
    assert found.outcomes == {"FAILED": 1, "checked": 1}
    assert found.failures[0].startswith(repr([culprit]))
    assert "AssertionError: wrong" in found.failures[0]
