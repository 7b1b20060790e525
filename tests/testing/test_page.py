"""What docs/own_operations.md shows as printed is what its examples print."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from chainrule.ir.registry import records
from tests.test_docs import ROOT, page_module, run_page  # noqa: F401  (a fixture)

PAGE: Path = ROOT / "docs" / "own_operations.md"


def test_the_page_prints_what_it_shows(page_module: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    before = [op.name for op in records()]
    assert run_page(PAGE, page_module) >= 7
    printed = capsys.readouterr().out
    shown = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) == 3
    for text in shown:
        assert text in printed
    assert [op.name for op in records()] == before
