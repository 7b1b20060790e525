"""What became of the mutants, kept between runs; and those that no test can kill, with the reason."""

from __future__ import annotations

import hashlib
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
    """The outcomes by file and mutant, as a file of JSON. A file that changed begins anew."""

    def __init__(self, path: Path = RESULTS / "results.json") -> None:
        self.path = path
        self.kept: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}
        self._saved = time.monotonic()

    def begin(self, file: str, source: str) -> None:
        """Forgets what is known of a file if its source is another now."""
        now = hashlib.sha256(source.encode()).hexdigest()
        if self.kept.get(file, {}).get("source") != now:
            self.kept[file] = {"source": now, "mutants": {}}

    def wants(self, file: str, key: str, again: bool) -> bool:
        """Whether a mutant is still to be tried."""
        found = self.kept[file]["mutants"].get(key)
        return found is None or (again and found["outcome"] == "survived")

    def enter(self, file: str, key: str, found: dict[str, Any]) -> None:
        """Notes an outcome; written down every few seconds."""
        self.kept[file]["mutants"][key] = found
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
