"""The README's picture shows what chainrule prints now."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_picture_is_up_to_date() -> None:
    drawn = runpy.run_path(str(DOCS / "picture.py"))["svg"]()
    committed = (DOCS / "picture.svg").read_text(encoding="utf-8")
    assert drawn == committed, (
        "what chainrule prints has changed: run `python docs/picture.py`, and look at the picture"
    )
    assert "∂loss/∂w1 = xᵀ" in drawn
    assert "d_w1" in drawn
