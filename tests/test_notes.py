"""docs/notes.md: every entry has a check with its number; what is right holds, and what is wrong fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.notes import code, first, network, second, third
from tests.notes.checks import Case, Checks, deviation

PAGE = (Path(__file__).parents[1] / "docs" / "notes.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^\*\*(\d+)\. (.+?)\*\* · (\w+)$", re.MULTILINE)
MISTAKE = re.compile(r"^\| (\d+) \| (first|second|third), (\d+) \|", re.MULTILINE)
VERDICTS = {int(number): verdict for number, _, verdict in ENTRY.findall(PAGE)}
CHECKS = {number: check for note in (first, network, second, third, code) for number, check in note.CHECKS.items()}
EXACT = 1e-9
"""The largest relative deviation of what is right."""
FAR = 1e-2
"""The least relative deviation of what is wrong."""


def test_the_entries_are_numbered_and_each_has_a_check() -> None:
    assert [int(number) for number, _, _ in ENTRY.findall(PAGE)] == list(range(1, len(VERDICTS) + 1))
    assert sorted(CHECKS) == sorted(VERDICTS)
    assert len(CHECKS) == sum(len(note.CHECKS) for note in (first, network, second, third, code))
    assert set(VERDICTS.values()) == {"right", "wrong", "carried", "incomplete", "question"}


@pytest.mark.parametrize("number", sorted(CHECKS))
def test_an_entry_is_what_it_is_said_to_be(number: int) -> None:
    case = CHECKS[number]()
    assert deviation(case.ours, case.truth) <= EXACT, "ours"
    theirs = None if case.note is None else deviation(case.note, case.truth)
    match VERDICTS[number]:
        case "right":
            assert theirs is not None
            assert theirs <= EXACT, "the note is said to be right"
        case "wrong" | "carried":
            assert theirs is not None
            assert theirs >= FAR, "the note is said to be wrong"
        case "incomplete":
            assert theirs is None or theirs >= FAR, "the note is said to fail here"
        case "question":
            assert theirs is None
        case verdict:
            pytest.fail(f"{verdict!r} is no verdict")


def test_the_table_of_mistakes_has_each_that_is_wrong_or_incomplete() -> None:
    listed = {int(entry): note for _, note, entry in MISTAKE.findall(PAGE)}
    assert [int(number) for number, _, _ in MISTAKE.findall(PAGE)] == list(range(1, len(listed) + 1))
    faulty = {number for number, verdict in VERDICTS.items() if verdict in ("wrong", "incomplete")}
    # Entry 74 says of E what 66 says of the man; entry 131 is an answer that is missing.
    assert set(listed) == faulty - {74} | {131}
    starts = {note: PAGE.index(f"# The {note} note\n") for note in ("first", "second", "third")}
    for number, note in listed.items():
        place = PAGE.index(f"\n**{number}. ")
        assert note == max((name for name in starts if starts[name] < place), key=starts.__getitem__)


def test_an_entry_that_is_wrong_says_what_is_right() -> None:
    for body in re.split(r"^(?=\*\*\d+\. )", PAGE, flags=re.MULTILINE)[1:]:
        [(number, _, verdict)] = ENTRY.findall(body)
        says = ("\n- theirs: " in body, "\n- ours: " in body)
        assert says == ((verdict in ("wrong", "carried", "incomplete"),) * 2), number


def test_a_wrong_check_would_be_seen() -> None:
    assert deviation([1.0, 2.0], [1.0, 2.0]) == 0
    assert deviation([[1.0, 2.0]], [1.0, 2.0]) == float("inf"), "another shape"
    assert deviation(ValueError("no fit"), 1.0) == float("inf")
    assert deviation([1.0, 2.0], [1.0, 2.1]) == pytest.approx(0.1 / 2.1)
    checks = Checks()
    checks.of(1)(lambda: Case(1, 1))
    with pytest.raises(AssertionError, match="two checks"):
        checks.of(1)(lambda: Case(1, 1))
