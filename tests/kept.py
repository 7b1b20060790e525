"""Golden texts: what is printed for a few functions, kept under tests/golden, so that a change of it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """Compares texts with the kept ones, or keeps them (`pytest --update`)."""

    update: bool

    def check(self, name: str, text: str) -> None:
        """The text is the one that is kept under this name."""
        path = FOLDER / name
        if self.update:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"there is no golden text {name}; look at it and keep it with pytest --update"
        assert text == path.read_text(encoding="utf-8"), f"{name} is printed otherwise (pytest --update keeps it)"
