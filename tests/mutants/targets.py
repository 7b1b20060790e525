"""What is mutated, and by which tests the mutants are to be killed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.mutants.trial import PACKAGE, ROOT


@dataclass(frozen=True)
class Target:
    """Some files; "slopes" or "all" of each; the tests that take part, those first that are about just that."""

    pattern: str
    scope: str
    tests: tuple[str, ...]

    def files(self) -> list[Path]:
        """The files that are mutated."""
        return sorted(p for p in PACKAGE.glob(self.pattern) if p.name != "__init__.py")

    def test_files(self) -> list[str]:
        """The files of tests, in order."""
        found = [p for path in self.tests for p in sorted(ROOT.glob(path))]
        return [str(p.relative_to(ROOT)) for p in dict.fromkeys(found)]


RULES = (
    "tests/simplify/test_rules_*.py",
    "tests/simplify/test_every_rule.py",
    "tests/simplify/test_*.py",
    "tests/test_closed_forms_*.py",
    "tests/emit/test_numpy.py",
    "tests/explain/test_matrix.py",
)
"""The tests of the simplifier: what the rules do, and the formulas and programs that come of it."""

PARTS = tuple(f"tests/simplify/test_{part}.py" for part in ("rule", "pattern", "size", "terms", "rewriting"))
"""The quick tests of the parts that rules are made of, before those of what comes of all together."""

SLOPES = ("tests/ops/test_*.py", "tests/derive/test_*.py", "tests/test_edge_cases.py")

TARGETS: tuple[Target, ...] = (
    Target("ops/*.py", "slopes", ("tests/ops/test_slopes_exactly.py", *SLOPES)),
    Target("derive/*.py", "all", ("tests/derive/test_flow_exactly.py", "tests/derive/test_*.py", *SLOPES)),
    Target("simplify/rules/*.py", "all", RULES),
    Target("simplify/*.py", "all", (*PARTS, *RULES)),
)

LONGEST = 2.0
"""Seconds that a test may take: depth, growth and random programs are left to the other tests of a line."""
BUDGET = 5.0
"""Seconds of tests for one mutant, in the time they took unmutated; the quickest first."""
LIMIT = 60.0
"""Seconds after which a mutant is killed for not coming to an end."""


def target_of(path: Path) -> Target:
    """The target that a file belongs to."""
    return next(t for t in TARGETS if path in t.files())
