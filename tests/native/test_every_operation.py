"""Every operation that has C, at each level of optimisation: the cases of tests/emit/test_c, where they are at -O2."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from chainrule.emit.c import sources
from chainrule.run.native import compile_c
from tests.compiled import assert_same
from tests.emit.test_c import ALL
from tests.fuzz.native import LEVELS, flags_of

LONG = settings().max_examples >= 1000
PART = {"-O0": 1, "-O3": 3, "fast": 2}
"""A short run compiles one case in so many; with ``--long`` all are."""


@pytest.mark.slow
@pytest.mark.parametrize("level", [level for level in LEVELS if level != "-O2"])
def test_every_operation_at_every_level(level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cases = ALL if LONG else ALL[:: PART[level]]
    emitted = sources([(f"case{n}", case.graph(), case.dtype) for n, case in enumerate(cases)])
    for case, one in zip(cases, emitted, strict=True):
        assert_same(case, compile_c(one, flags=flags_of(level)))
