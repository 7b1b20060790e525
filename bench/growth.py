"""How the time of a step in native code grows with the batch, the depth of the network and the number of samples."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import chainrule as cr

from .peers.by_chainrule import ByChainrule
from .tasks import Task, data, weights

LINEAR = (0.8, 1.2)
"""The slope of log time over log size; a part that does not grow makes it smaller."""
SECONDS = 0.02
ROUNDS = 7


def best(run: Callable[[int], Any]) -> float:
    """Seconds of one run, of several at a time; the median of some rounds."""
    count = 1
    while (took := timed(run, count)) < SECONDS:
        count *= 2
    return statistics.median([took, *(timed(run, count) for _ in range(ROUNDS - 1))]) / count


def timed(run: Callable[[int], Any], count: int) -> float:
    """Seconds of so many runs."""
    began = time.perf_counter()
    run(count)
    return time.perf_counter() - began


def of_steps(task: Task) -> float:
    """Seconds of a step."""
    peer = ByChainrule(task, *data(task))
    peer.begin(weights(task, 0), task.optimizer, task.rate)
    return best(peer.steps)


def of_epochs(samples: int) -> float:
    """Seconds of an epoch of a training with so many samples."""
    net = cr.networks.mlp([32, 64, 10], loss="cross_entropy")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(samples, 32)).astype(np.float32), rng.integers(0, 10, samples)
    begin = {name: value.astype(np.float32) for name, value in net.init(seed=0).items()}

    def run(epochs: int) -> float:
        done = cr.train(net.loss, begin, {"x": x, "y": y}, batch_size=32, epochs=epochs, engine="native")
        # The first epochs are taken a few steps at a time.
        return statistics.median(row["seconds"] for row in done.history[epochs // 2 :])

    return run(20)


GROWING: dict[str, tuple[tuple[int, ...], Callable[[int], float]]] = {
    "batch": (
        (32, 64, 128, 256, 512, 1024, 2048, 4096),
        lambda n: of_steps(Task((64, 128, 128, 10), n, batches=2)),
    ),
    "depth": ((1, 2, 4, 8, 16, 32, 64, 100), lambda n: of_steps(Task((64, *[64] * n, 10), 64, batches=2))),
    "samples": ((500, 1000, 2000, 5000, 10_000, 20_000, 50_000), of_epochs),
}


def measure() -> Iterator[dict[str, Any]]:
    """A row for each of batch, depth and samples: seconds by size, and the slope of their logarithms.

    On one core: a step too short to be divided would make a bend.
    """
    for name, (sizes, seconds) in GROWING.items():
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cores)})
        try:
            times = [seconds(n) for n in sizes]
        finally:
            os.sched_setaffinity(0, cores)
        slope = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
        yield {
            "grows with": name, "slope": round(slope, 2), "times": dict(zip(map(str, sizes), times, strict=True)),
            "kept": LINEAR[0] <= slope <= LINEAR[1],
        }  # fmt: skip
