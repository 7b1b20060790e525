"""The long run: many random programs, on several processes; what it found goes to docs/testing.md.

    python -m tests.fuzz --programs 100000 --jobs 2 --seed 0

Each program is fixed by the seed and its number, so that a run can be repeated and a failure asked for again. A program
that fails is made shorter while it still fails, and printed as a line for `tests/fuzz/kept.py`. JAX is asked about one
program in ``--oracle``.

    python -m tests.fuzz --native --programs 1000

compiles programs and their gradients instead, as C at several levels of optimisation and under the sanitizers, and
compares what they give with the interpreter (`tests.fuzz.native`). ``--programs`` then counts those that C has all
operations of.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import re
import sys
import time
from pathlib import Path

from tests.fuzz import native
from tests.fuzz.shard import Found, shard
from tests.native import sanitizers

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"
SHARD = 250
FRESH = 4000
"""After so many programs a process ends: what JAX has compiled is never given back."""


def run(programs: int, jobs: int, seed: int, oracle: int) -> Found:
    """All programs, with a line of progress now and then."""
    tasks = [(seed, k, min(k + SHARD, programs), oracle) for k in range(0, programs, SHARD)]
    total, start = Found(), time.monotonic()
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, maxtasksperchild=FRESH // SHARD) as pool:
        for done, found in enumerate(pool.imap_unordered(shard, tasks), 1):
            total.add(found)
            for failure in found.failures:
                print(failure, flush=True)
            if done % 20 == 0 or done == len(tasks):
                elapsed = time.monotonic() - start
                print(
                    f"{sum(total.outcomes.values()):,} programs in {elapsed:.0f} s: {dict(total.outcomes)}", flush=True
                )
    return total


def report(found: Found, programs: int, seed: int, oracle: int) -> str:
    """A paragraph of docs/testing.md."""
    outcomes = ", ".join(f"{count:,} {name}" for name, count in found.outcomes.most_common())
    rare = ", ".join(f"{name} {count:,}" for name, count in itertools.islice(reversed(found.used.most_common()), 5))
    return (
        f"`python -m tests.fuzz --programs {programs} --seed {seed} --oracle {oracle}`: {outcomes}; "
        f"{len(found.failures)} disagreements. {len(found.used)} operations and instructions were used; least often "
        f"{rare}."
    )


def write(mark: str, text: str) -> None:
    """Put a text in its place in docs/testing.md."""
    begin, end = BEGIN.format(mark), END.format(mark)
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    PAGE.write_text(re.sub(pattern, lambda _: f"{begin}\n\n{text}\n\n{end}", page, flags=re.DOTALL), encoding="utf-8")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--oracle", type=int, default=20, help="ask JAX about one program in so many")
    parser.add_argument("--native", action="store_true", help="compile them, and compare with the interpreter")
    parser.add_argument("--write", action="store_true", help="write the result into docs/testing.md")
    options = parser.parse_args()
    if options.native:
        numbers, refused = native.drawn_in_c(options.seed, options.programs)
        sanitized = (native.SANITIZED,) if sanitizers.library("asan") else ()
        compiled = native.run(options.seed, numbers, (*native.LEVELS, *sanitized), options.jobs)
        mark, text, failures = "native fuzz", native.report(compiled, options.seed, numbers, refused), compiled.failures
    else:
        found = run(options.programs, options.jobs, options.seed, options.oracle)
        mark, text, failures = "fuzz", report(found, options.programs, options.seed, options.oracle), found.failures
    print("\n".join(["", *failures, text]))
    if options.write:
        write(mark, text)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
