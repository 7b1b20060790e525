"""What became of the mutants, kept between runs; and those that no test can kill, with the reason."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants.sites import Mutant
from tests.mutants.trial import ROOT

RESULTS = ROOT / "build" / "mutants"
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


def named(found: list[Mutant]) -> Iterator[tuple[str, Mutant]]:
    """The mutants with their keys; where a line has the same mistake twice, the second is told by its number."""
    counts: dict[str, int] = {}
    for mutant in found:
        n = counts[mutant.key] = counts.get(mutant.key, 0) + 1
        yield mutant.key + (f" #{n}" if n > 1 else ""), mutant


class Results:
    """The outcomes by file and mutant, as a file of JSON. What is known of a function is forgotten if it changes."""

    def __init__(self, path: Path = RESULTS / "results.json") -> None:
        self.path = path
        self.kept: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
        self._saved = time.monotonic()

    def of(self, file: str, key: str, mutant: Mutant) -> str:
        """What became of a mutant: killed, survived, not tried."""
        found = self.kept.get(file, {}).get(key)
        return found["outcome"] if found and found["around"] == mutant.around else "not tried"

    def enter(self, file: str, key: str, mutant: Mutant, outcome: str, by: str) -> None:
        """Notes an outcome; written down every few seconds."""
        self.kept.setdefault(file, {})[key] = {"outcome": outcome, "by": by, "around": mutant.around}
        if time.monotonic() - self._saved > 5:
            self.save()

    def save(self) -> None:
        """Writes all down, so that a run that is broken off leaves the old or the new."""
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.kept, indent=0, ensure_ascii=False))
        new.replace(self.path)
        self._saved = time.monotonic()


@dataclass(frozen=True)
class Equivalent:
    """A mutant that changes nothing that can be seen, by its source text: a changed line asks anew."""

    file: str
    where: str
    line: str
    before: str
    after: str
    why: str

    def is_of(self, file: str, mutant: Mutant) -> bool:
        """Whether it speaks of this mutant."""
        return (self.file, self.where, self.line, self.before, self.after) == (
            file,
            mutant.where,
            mutant.source,
            mutant.before,
            mutant.after,
        )


def equivalents() -> list[Equivalent]:
    """Those that are listed in equivalent.toml."""
    return [Equivalent(**entry) for entry in tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])]
