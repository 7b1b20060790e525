"""Every operation on whole arrays: what `chainrule.testing` checks, each by its own name."""

from __future__ import annotations

import pytest

from chainrule.ir.registry import records
from chainrule.ir.whole import Whole
from chainrule.testing import Check, checks_of
from tests.array_oracles import ARRAYS

WHOLE: list[Whole] = [r for r in records() if isinstance(r, Whole)]
CHECKS = [(op, check) for op in WHOLE for check in checks_of(op)]


@pytest.mark.parametrize(("op", "check"), CHECKS, ids=[f"{op.name} {check.name}" for op, check in CHECKS])
def test_whole(op: Whole, check: Check) -> None:
    check.run(op, ARRAYS.get(op.name))
