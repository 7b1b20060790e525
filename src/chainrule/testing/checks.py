"""What a check is, and the report of all that were made of an operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Run = Callable[[Any, Any], None]


def _always(op: Any) -> bool:
    return True


@dataclass(frozen=True)
class Check:
    """One thing that is checked of every record of a family: ``run(record, oracle)`` raises AssertionError."""

    run: Run
    applies: Callable[[Any], bool] = _always
    """Whether a record has what is checked: kinks, a spelling in C."""

    @property
    def name(self) -> str:
        """The function's name: the test's id."""
        return self.run.__name__

    @property
    def title(self) -> str:
        """What holds where the check does, in a line."""
        return (inspect.getdoc(self.run) or self.name).splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class Report:
    """What was checked of an operation, a line each; print it."""

    name: str
    checked: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What could not be checked, and why."""

    def __str__(self) -> str:
        lines = [f"{self.name}: {len(self.checked)} checks hold", *(f"  ✓ {title}" for title in self.checked)]
        return "\n".join([*lines, *(f"  · {note}" for note in self.notes)])


def run_all(op: Any, checks: tuple[Check, ...], oracle: Any, notes: tuple[str, ...]) -> Report:
    """Every check that applies. Raises AssertionError that tells of each that fails."""
    applying = [check for check in checks if check.applies(op)]
    failed: list[str] = []
    cause: Exception | None = None
    for check in applying:
        try:
            check.run(op, oracle)
        except Exception as error:
            said = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
            failed.append(f"  ✗ {check.title}\n      {said.strip()}".replace("\n\n", "\n"))
            cause = cause or error
    if failed:
        many = "1 check fails" if len(failed) == 1 else f"{len(failed)} checks fail"
        raise AssertionError("\n".join([f"{op.name}: {many} of {len(applying)}", *failed])) from cause
    return Report(op.name, tuple(check.title for check in applying), notes)
