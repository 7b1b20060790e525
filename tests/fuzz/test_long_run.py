"""The long run's tool: its processes find their programs again, and what fails is told and made shorter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import __main__ as command
from tests.fuzz import native, shard, test_programs
from tests.fuzz.__main__ import report, run, write


def test_a_program_is_fixed_by_the_seed_and_its_number() -> None:
    assert shard.program(0, 5) == shard.program(0, 5)
    assert shard.program(0, 5) != shard.program(0, 6)


@pytest.mark.slow
def test_programs_are_run_by_other_processes() -> None:
    found = run(4, jobs=1, seed=0, oracle=1000)
    assert sum(found.outcomes.values()) == 4
    assert not found.failures
    assert "0 disagreements" in report(found, 4, 0, 1000)


@pytest.mark.slow
def test_programs_are_compiled_by_other_processes() -> None:
    numbers, refused = native.drawn_in_c(0, 2)
    assert refused == numbers[-1] + 1 - 2
    found = native.run(0, numbers, ("-O0",), jobs=1)
    assert found.outcomes == {("-O0", "float64"): {"equal": 2}, ("-O0", "float32"): {"equal": 2}}
    told = native.report(found, 0, numbers, refused)
    assert f"{refused} more were drawn that have an operation that C has not. 0 disagreements." in told
    assert "| -O0 | float64 | 2 | 0 | 0 |" in told


def test_what_differs_is_told() -> None:
    found = native.Found()
    found.outcomes["fast", "float32"] = Counter(
        {"equal": 5, "hangs by rounding": 1, "FAILED": 2, "equal, not finite": 1}
    )
    found.worst["fast", "float32"] = 0.25
    found.failures = ["one", "two"]
    told = native.report(found, 3, list(range(9)), 4)
    assert "| as `cr.compile` does it | float32 | 6 | 1 | 2 | 0.25 |" in told
    assert "2 disagreements" in told


def test_the_page_gets_the_text_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "testing.md"
    page.write_text("a\n<!-- native fuzz: begin -->\nold\n<!-- native fuzz: end -->\n<!-- fuzz: begin -->\nb", "utf-8")
    monkeypatch.setattr(command, "PAGE", page)
    write("native fuzz", r"new \d")
    wanted = "a <!-- native fuzz: begin --> new \\d <!-- native fuzz: end --> <!-- fuzz: begin --> b"
    assert " ".join(page.read_text("utf-8").split()) == wanted


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
