"""Trainings under a sanitizer, in a process of their own: ``python -m tests.native.sanitized_loops asan relu images``.

Each network is trained in both precisions, by each schedule that it allows, with one, two and three threads: chosen
batches, neighbouring ones, a shorter one. Nothing may lie outside its array, be undefined in C, or be written by a
thread while another reads it; and the bits do not depend on the number of threads.
"""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

import numpy as np

from chainrule.run.compiler import shared_library
from tests.compiled import TOLERANCE
from tests.native import sanitizers
from tests.native.networks import NETWORKS, SAMPLES, SCHEDULES, Training, training

KINDS = {"asan": (sanitizers.ADDRESS, sanitizers.guarded), "tsan": (sanitizers.THREAD, str)}
"""The compiler's flags, and what becomes of the text before it is compiled."""
THREADS = (1, 2, 3)
BATCH = 17


def taken(made: Training, schedule: str, threads: int) -> list[bytes]:
    """What is held after some steps."""
    loop = made.loop(BATCH, threads, schedule)
    order = np.random.default_rng(0).permutation(SAMPLES)
    codes = [loop.take(3, BATCH, order)[1], loop.take(4, BATCH, None, first=SAMPLES - 2 * BATCH)[1]]
    codes.append(loop.take(2, 1, order)[1])
    assert codes == [0, 0, 0], codes
    return [value.tobytes() for value in loop.held]


def main(sanitizer: str, names: list[str], flags: list[str]) -> None:
    """Train each; a sanitizer that sees something ends the process."""
    own, changed = KINDS[sanitizer]
    sanitizers.compiles_alone()

    def library(text: str, _: Any) -> Any:
        return shared_library(changed(text), (*own, *flags))

    with (
        mock.patch("chainrule.run.loop.shared_library", library),
        mock.patch("chainrule.run.loop._room", sanitizers.exact_room),
    ):
        for name in names:
            for dtype, schedule in [(d, s) for d in TOLERANCE for s in SCHEDULES]:
                found = [taken(training(NETWORKS[name](), dtype), schedule, threads) for threads in THREADS]
                assert found.count(found[0]) == len(found), f"{name}, {dtype}, {schedule}: threads differ"
                print(name, dtype, schedule, flush=True)


if __name__ == "__main__":
    main(
        sys.argv[1], [a for a in sys.argv[2:] if not a.startswith("-")], [a for a in sys.argv[2:] if a.startswith("-")]
    )
