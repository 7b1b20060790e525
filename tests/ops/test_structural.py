"""Every structural record: what `chainrule.testing` checks, each by its own name."""

from __future__ import annotations

import pytest

from chainrule.ir.records import Structural
from chainrule.ir.registry import records
from chainrule.testing import Check, checks_of

STRUCTURAL: list[Structural] = [r for r in records() if isinstance(r, Structural)]
CHECKS = [(op, check) for op in STRUCTURAL for check in checks_of(op)]


@pytest.mark.parametrize(("op", "check"), CHECKS, ids=[f"{op.name} {check.name}" for op, check in CHECKS])
def test_structural(op: Structural, check: Check) -> None:
    check.run(op, None)
