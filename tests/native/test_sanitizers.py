"""Compiled programs and trainings under GCC's sanitizers, each in a process of its own; and that these see mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.native import sanitizers
from tests.native.networks import NETWORKS

ROOT = Path(__file__).parents[2]
LONG = settings().max_examples >= 1000
"""With ``--long`` all networks are trained, for each kind of vector."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(sanitizers.library, ("asan", "ubsan", "tsan"))), reason="GCC has no sanitizers here"
    ),
]


def run(sanitizer: str, program: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """A program in Python, with a sanitizer loaded first."""
    environment = {**os.environ, **sanitizers.environment(sanitizer), "XDG_CACHE_HOME": str(cache)}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


TRAININGS = [("asan", "words", ""), ("asan", "relu", "-mavx2"), ("tsan", "tanh", "")]
if LONG:
    TRAININGS = [
        (s, n, v) for s in ("asan", "tsan") for n in NETWORKS for v in ("", "-mavx2", "-march=native", "-DCR_PLAIN")
    ]


@pytest.mark.parametrize(("sanitizer", "network", "vectors"), TRAININGS)
def test_trainings_are_clean(sanitizer: str, network: str, vectors: str, tmp_path: Path) -> None:
    flags = [vectors] if vectors else []
    program = f"from tests.native.sanitized_loops import main; main({sanitizer!r}, [{network!r}], {flags!r})"
    done = run(sanitizer, program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 6  # Two precisions, three schedules.


def test_random_programs_are_clean(tmp_path: Path) -> None:
    count = 100 if LONG else 8
    done = run(
        "asan",
        f"""
from tests.fuzz import native
found = native.shard(0, native.drawn_in_c(0, {count})[0], native.SANITIZED)
print(found.failures, sum(counts.total() for counts in found.outcomes.values()))
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[]", str(2 * count)]


BROKEN = """
import numpy as np
from dataclasses import replace
from chainrule.emit.c import source
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input
from chainrule.ir.registry import call
from chainrule.run.native import compile_c
from tests.native import sanitizers

sanitizers.compiles_alone()
x = Input.of("x", (7,))
e = call("exp", x)
made = source(Graph((x,), (e.sum(), e * e)))
text = made.text.replace({old!r}, {new!r}, 1)
assert (text != made.text) == bool({old!r})
native = compile_c(replace(made, text=sanitizers.guarded(text)), flags=sanitizers.ADDRESS)
print(np.isfinite(native({{"x": np.ones(7)}})[1]).all())
"""
MISTAKES = {
    "none": ("", "", "True"),
    "an array of the workspace is overrun": ("v0[i0] = exp(x[i0])", "v0[i0 + 1] = exp(x[i0])", ""),
    "an argument is overrun": ("exp(x[i0])", "exp(x[i0 + 1])", ""),
    "a number is read before it is written": ("v0[i0] = exp(x[i0])", "v0[0] = exp(x[i0])", "False"),
    "a shift is undefined": ("exp(x[i0])", "exp(x[i0] + (1 << (i0 + 40)))", ""),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_program_is_seen(mistake: str, tmp_path: Path) -> None:
    old, new, said = MISTAKES[mistake]
    done = run("asan", BROKEN.format(old=old, new=new), tmp_path)
    assert done.stdout.strip() == said, done.stderr
    assert (done.returncode == 0) == bool(said), done.stderr
    assert bool(said) or "in f " in done.stderr or "runtime error" in done.stderr


def test_threads_that_do_not_wait_are_seen(tmp_path: Path) -> None:
    program = """
from unittest import mock
from tests.native import sanitized_loops as loops
flags, _ = loops.KINDS["tsan"]
alone = lambda text: text.replace("if (threads == 1) return;", "if (threads) return;")
with mock.patch.dict(loops.KINDS, {"tsan": (flags, alone)}):
    loops.main("tsan", ["relu"], [])
"""
    done = run("tsan", program, tmp_path)
    assert done.returncode != 0
    assert "data race" in done.stderr
