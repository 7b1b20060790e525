"""`make mutants`: a mistake at a time in the derivative rules and in the simplifier's, and which tests see it.

    python -m tests.mutants                         all that was not tried yet
    python -m tests.mutants --only ops/reduce.py    some files (as often as wanted)
    python -m tests.mutants --again                 those too that survived before
    python -m tests.mutants --report                the table in docs/testing.md, from the results

Results are kept in build/mutants, so a run may be broken off and continued. A changed file is tried anew.
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
from pathlib import Path
from typing import Any

from tests.mutants import report
from tests.mutants.results import RESULTS, Results, named
from tests.mutants.sites import Mutant, mutants, mutated
from tests.mutants.targets import BUDGET, LIMIT, LONGEST, TARGETS, TESTS, Target, target_of
from tests.mutants.trial import PACKAGE, ROOT, forked, import_what_is_not_ours, record, try_mutant

BASELINE = RESULTS / "tests.json"
Tests = dict[str, dict[str, Any]]


def fingerprint() -> str:
    """Of the sources and the tests together: what the recorded tests are good for."""
    files = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


def tests_as_they_are() -> Tests:
    """Every test that takes part: how long it takes and what it runs. Recorded anew when a file changed."""
    now = fingerprint()
    if BASELINE.exists():
        kept = json.loads(BASELINE.read_text())
        if kept["of"] == now:
            return dict(kept["tests"])
    print("· the tests as they are: how long each takes, and which functions it runs", flush=True)
    answer = RESULTS / f"answer-{os.getpid()}.json"
    files = [file for target in TARGETS for file in target.files()]
    pid = forked(lambda: record(TESTS, files, LONGEST), answer)
    os.waitpid(pid, 0)
    found = ended(pid, answer, False)
    if not found.get("tests"):
        raise SystemExit(f"the tests could not be run: {found}")
    failed = [name for name, test in found["tests"].items() if not test["passed"]]
    for name in failed:
        print(f"  does not pass without a mutant either, and is left out: {name}")
    BASELINE.write_text(json.dumps({"of": now, "tests": found["tests"]}))
    return dict(found["tests"])


def chosen(tests: Tests, target: Target, file: str, mutant: Mutant) -> list[str]:
    """The tests for a mutant: those that run its function, the likeliest and quickest first, within the budget."""
    usable = {n: t for n, t in tests.items() if t["passed"] and t["seconds"] <= LONGEST}
    function = "" if mutant.runs is None else f"{file}:{mutant.runs[0]}:{mutant.runs[1]}"
    met = [n for n, t in usable.items() if function in t["runs"]]
    # What runs when the file is imported or tests are collected is run by no test of its own.
    pool = met or [n for n in usable if n.startswith(target.first)]

    def order(name: str) -> tuple[bool, int, float]:
        hinted = any(f"[{hint}" in name or f"{hint}]" in name or f"-{hint}-" in name for hint in mutant.hints)
        place = next((k for k, first in enumerate(target.first) if name.startswith(first)), len(target.first))
        return not hinted, place, usable[name]["seconds"]

    found, spent = [], 0.0
    for name in sorted(pool, key=order):
        spent += usable[name]["seconds"]
        if spent > BUDGET:
            break
        found.append(name)
    return found


def outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """What became of a mutant: survived (pytest's code 0), or killed, and by what."""
    if answer["code"] == 0:
        return {"outcome": "survived", "by": ""}
    return {"outcome": "killed", "by": answer.get("by") or answer.get("error") or "the tests cannot be collected"}


def run(files: Sequence[Path], jobs: int, again: bool) -> Iterator[tuple[str, Mutant, dict[str, Any]]]:
    """Tries the mutants of the files, some at a time; what became of each is kept, and handed on."""
    results = Results()
    tests = tests_as_they_are()
    waiting: dict[int, tuple[str, str, Mutant, Path, float]] = {}
    todo: list[tuple[Path, str, Mutant]] = []
    for path in files:
        source = path.read_text()
        file = str(path.relative_to(PACKAGE))
        results.begin(file, source)
        todo += [
            (path, k, m) for k, m in named(mutants(source, target_of(path).scope)) if results.wants(file, k, again)
        ]
    print(f"· {len(todo)} mutants to try", flush=True)
    trees: dict[Path, str] = {path: path.read_text() for path in files}
    todo.reverse()
    while todo or waiting:
        while todo and len(waiting) < jobs:
            path, key, mutant = todo.pop()
            file = str(path.relative_to(PACKAGE))
            ids = chosen(tests, target_of(path), file, mutant)
            tree = mutated(trees[path], mutant)
            answer = RESULTS / f"answer-{os.getpid()}-{len(todo)}.json"
            pid = forked(lambda path=path, tree=tree, ids=ids: try_mutant(path, tree, ids), answer)  # type: ignore[misc]
            waiting[pid] = (file, key, mutant, answer, time.monotonic())
        for pid, (file, key, mutant, answer, began) in list(waiting.items()):
            late = time.monotonic() - began > LIMIT
            if late or os.waitpid(pid, os.WNOHANG) != (0, 0):
                del waiting[pid]
                found = ended(pid, answer, late)
                results.enter(file, key, {**outcome(found), "mutator": mutant.mutator})
                yield file, mutant, results.kept[file]["mutants"][key]
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
        for file, mutant, found in run(files, asked.jobs, asked.again):
            if asked.verbose or found["outcome"] == "survived":
                told = found["by"] or "survived"
                print(f"{file}:{mutant.line} {mutant.before} → {mutant.after}  [{mutant.mutator}] {told}", flush=True)
    sys.exit(report.write() if asked.report else report.summary())


if __name__ == "__main__":
    main()
