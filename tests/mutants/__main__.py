"""`make mutants`: a mistake at a time in the derivative rules and in the simplifier's, and which tests see it.

    python -m tests.mutants                         all that was not tried yet
    python -m tests.mutants --only ops/reduce.py    some files (as often as wanted)
    python -m tests.mutants --again                 those too that survived before
    python -m tests.mutants --report                the table in docs/testing.md, from the results

Results are kept in build/mutants, so a run may be broken off and continued. A changed function is tried anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants import report
from tests.mutants.results import RESULTS, Results, equivalents, named
from tests.mutants.sites import Mutant, mutants, mutated
from tests.mutants.targets import BUDGET, LIMIT, LONGEST, TARGETS, Target, target_of
from tests.mutants.trial import PACKAGE, ROOT, forked, import_what_is_not_ours, record, try_mutant

BASELINE = RESULTS / "tests.json"
Tests = dict[str, dict[str, Any]]


def fingerprint(*files: Path) -> str:
    """Of the sources, of what tests share, and of some files: what the recorded tests are good for."""
    shared = [p for p in (ROOT / "tests").glob("*.py") if not p.name.startswith("test_")]
    every = sorted([*PACKAGE.rglob("*.py"), *shared, *files])
    return hashlib.sha256(b"".join(f.read_bytes() for f in every)).hexdigest()


def tests_as_they_are(files: Sequence[str]) -> Tests:
    """Every test of some files: how long it takes and what it runs. Recorded anew when a file changed."""
    kept = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    found: Tests = {}
    for file in files:
        now = fingerprint(ROOT / file)
        if kept.get(file, {}).get("of") != now:
            print(f"· {file} as it is: how long each test takes, and which functions it runs", flush=True)
            kept[file] = {"of": now, "tests": recorded(file)}
            BASELINE.write_text(json.dumps(kept))
        found |= kept[file]["tests"]
    return found


def recorded(file: str) -> Tests:
    """The tests of one file, run unmutated."""
    answer = RESULTS / f"answer-{os.getpid()}.json"
    watched = [path for target in TARGETS for path in target.files()]
    pid = forked(lambda: record([file], watched, LONGEST), answer)
    os.waitpid(pid, 0)
    found = ended(pid, answer, False)
    tests: Tests = found.get("tests", {})
    for name in [name for name, test in tests.items() if not test["passed"]] or ([] if tests else [file]):
        print(f"  takes too long, or does not pass without a mutant either; left out: {name}")
    return tests


def chosen(tests: Tests, target: Target, file: str, mutant: Mutant) -> list[str]:
    """The tests for a mutant: those that run its function, the likeliest and quickest first, within the budget."""
    mine = target.test_files()
    usable = {
        name: test
        for name, test in tests.items()
        if test["passed"] and test["seconds"] <= LONGEST and name.partition("::")[0] in mine
    }
    function = "" if mutant.runs is None else f"{file}:{mutant.runs[0]}:{mutant.runs[1]}"
    # What runs when the file is imported or tests are collected is run by no test of its own.
    pool = [n for n, t in usable.items() if function in t["runs"]] or list(usable)

    def order(name: str) -> tuple[bool, int, float]:
        label = name.partition("[")[2][:-1]
        hinted = any(label == h or label.startswith(f"{h} ") or h in label.split("-") for h in mutant.hints)
        return not hinted, mine.index(name.partition("::")[0]), usable[name]["seconds"]

    found, spent = [], 0.0
    for name in sorted(pool, key=order):
        spent += usable[name]["seconds"]
        if spent > BUDGET:
            break
        found.append(name)
    return found


def outcome(answer: dict[str, Any]) -> tuple[str, str]:
    """What became of a mutant: survived (pytest's code 0), or killed, and by what."""
    if answer["code"] == 0:
        return "survived", ""
    return "killed", answer.get("by") or answer.get("error") or "the tests cannot be collected"


@dataclass(frozen=True)
class Trial:
    """A mutant of a file that is to be tried."""

    path: Path
    key: str
    mutant: Mutant

    @property
    def file(self) -> str:
        """The file's name within the package."""
        return str(self.path.relative_to(PACKAGE))

    def begin(self, tests: Tests, source: str, answer: Path) -> int:
        """Starts its tests in a process of their own; the process."""
        ids = chosen(tests, target_of(self.path), self.file, self.mutant)
        tree = mutated(source, self.mutant)
        return forked(lambda: try_mutant(self.path, tree, ids), answer)


def open_trials(files: Sequence[Path], results: Results, again: bool) -> Iterator[Trial]:
    """The mutants that were not tried yet; with ``again``, those that survived as well, but for the equivalent ones."""
    listed = equivalents()
    for path in files:
        for key, mutant in named(mutants(path.read_text(), target_of(path).scope)):
            trial = Trial(path, key, mutant)
            known = results.of(trial.file, key, mutant)
            explained = any(e.is_of(trial.file, mutant) for e in listed)
            if known == "not tried" or (again and known == "survived" and not explained):
                yield trial


def run(files: Sequence[Path], jobs: int, again: bool) -> Iterator[tuple[Trial, str, str]]:
    """Tries the mutants of the files, some at a time; what became of each, and by which test, is kept and handed on."""
    results = Results()
    wanted = dict.fromkeys(t for path in files for t in target_of(path).test_files())
    tests = tests_as_they_are(list(wanted))
    sources = {path: path.read_text() for path in files}
    todo = list(open_trials(files, results, again))[::-1]
    print(f"· {len(todo)} mutants to try", flush=True)
    waiting: dict[int, tuple[Trial, Path, float]] = {}
    while todo or waiting:
        while todo and len(waiting) < jobs:
            trial = todo.pop()
            answer = RESULTS / f"answer-{os.getpid()}-{len(todo)}.json"
            pid = trial.begin(tests, sources[trial.path], answer)
            waiting[pid] = (trial, answer, time.monotonic())
        for pid, (trial, answer, began) in list(waiting.items()):
            late = time.monotonic() - began > LIMIT
            if late or os.waitpid(pid, os.WNOHANG) != (0, 0):
                del waiting[pid]
                what, by = outcome(ended(pid, answer, late))
                results.enter(trial.file, trial.key, trial.mutant, what, by)
                yield trial, what, by
        time.sleep(0.003)
    results.save()


def ended(pid: int, answer: Path, late: bool) -> dict[str, Any]:
    """The answer that a child left."""
    if late:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return {"code": -2, "by": "no end"}
    if not answer.exists():
        return {"code": -1, "by": "the process broke down"}
    found: dict[str, Any] = json.loads(answer.read_text())
    answer.unlink()
    return found


def main() -> None:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", default=[], help="a file, as ops/reduce.py; may be given again")
    parser.add_argument("--again", action="store_true", help="try those that survived once more")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--verbose", action="store_true", help="a line for each mutant, and what killed it")
    parser.add_argument("--report", action="store_true", help="write the table in docs/testing.md; try nothing")
    asked = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if not asked.report:
        files = [f for t in TARGETS for f in t.files() if not asked.only or str(f.relative_to(PACKAGE)) in asked.only]
        if not files:
            raise SystemExit(f"no file of that name is mutated: {', '.join(asked.only)}")
        import_what_is_not_ours()
        for trial, what, by in run(files, asked.jobs, asked.again):
            if asked.verbose or what == "survived":
                m = trial.mutant
                print(f"{trial.file}:{m.line} {m.before} → {m.after}  [{m.mutator}] {what} {by}", flush=True)
    sys.exit(report.write() if asked.report else report.summary())


if __name__ == "__main__":
    main()
