"""A peer in its own process: `python -m bench.peers MODULE VARIANT TASK THREADS`; lines of JSON ask and answer."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from typing import Any

MODULE, VARIANT, WORDS, THREADS = sys.argv[1:]
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(THREADS)]))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = THREADS
# What libraries print goes elsewhere than the answers.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np  # noqa: E402

from .. import tasks  # noqa: E402


def answer(value: Any) -> None:
    """Send one line."""
    ANSWERS.write(json.dumps(value) + "\n")
    ANSWERS.flush()


def main() -> None:
    """Make the peer, take a first step, then do what is asked until nothing more is."""
    words = json.loads(WORDS)
    task: Any
    if "kind" in words:
        from .. import network_tasks

        task, data, weights = network_tasks.NetworkTask(**words), network_tasks.data, network_tasks.weights
    else:
        task, data, weights = tasks.Task(**{**words, "sizes": tuple(words["sizes"])}), tasks.data, tasks.weights
    peer = importlib.import_module(f".{MODULE}", __package__).make(task, *data(task), VARIANT)
    peer.begin(weights(task, 0), task.optimizer, task.rate)
    peer.steps(1)
    answer("ready")
    for line in sys.stdin:
        what, *given = json.loads(line)
        if what == "steps":
            began = time.perf_counter()
            peer.steps(given[0])
            answer(time.perf_counter() - began)
        elif what == "after":
            seed, optimizer, rate, count, path = given
            peer.begin(weights(task, seed), optimizer, rate)
            peer.steps(count)
            np.savez(path, *[array for layer in peer.parameters() for array in layer])
            answer("saved")
        elif what == "begin":
            peer.begin(weights(task, 0), task.optimizer, task.rate)
            answer("begun")
        elif what == "memory":
            answer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


main()
