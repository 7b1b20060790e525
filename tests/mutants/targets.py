"""What is mutated, and by which tests the mutants are to be killed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.mutants.trial import PACKAGE


@dataclass(frozen=True)
class Target:
    """Some files; "slopes" or "all" of each; the tests that are asked first."""

    pattern: str
    scope: str
    first: tuple[str, ...]

    def files(self) -> list[Path]:
        return sorted(p for p in PACKAGE.glob(self.pattern) if p.name != "__init__.py")


TARGETS: tuple[Target, ...] = (
    Target("ops/*.py", "slopes", ("tests/ops",)),
    Target("derive/*.py", "all", ("tests/derive",)),
    Target("simplify/rules/*.py", "all", ("tests/simplify/test_rules_exactly.py", "tests/simplify")),
    Target("simplify/*.py", "all", ("tests/simplify",)),
)

TESTS: tuple[str, ...] = (
    "tests/ops",
    "tests/derive",
    "tests/simplify",
    "tests/test_edge_cases.py",
    "tests/test_closed_forms_linear.py",
    "tests/test_closed_forms_scalar.py",
    "tests/test_transforms.py",
    "tests/test_pipeline.py",
    "tests/emit/test_numpy.py",
    "tests/explain/test_conventions.py",
)
"""The tests that take part. Those that compile C, draw pictures or train are about something else."""

LONGEST = 2.0
"""Seconds that a test may take: depth, growth and random programs are left to the other tests of a line."""
BUDGET = 20.0
"""Seconds of tests for one mutant, in the time they took unmutated; the quickest first."""
LIMIT = 60.0
"""Seconds after which a mutant is killed for not coming to an end."""


def target_of(path: Path) -> Target:
    """The target that a file belongs to."""
    return next(t for t in TARGETS if path in t.files())
