"""Two things timed in turn, A B A B …, so that a machine that drifts drifts for both."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Median and quartiles of the pairwise ratios A/B, and the median time of each in seconds."""

    median: float
    low: float
    high: float
    a: float
    b: float


def ratio(a: Callable[[], object], b: Callable[[], object], *, repeats: int, inner: int) -> Ratio:
    """Time ``inner`` calls of a, then of b, ``repeats`` times over, after one uncounted round."""

    def timed(f: Callable[[], object]) -> float:
        start = time.perf_counter()
        for _ in range(inner):
            f()
        return (time.perf_counter() - start) / inner

    timed(a), timed(b)
    pairs = [(timed(a), timed(b)) for _ in range(repeats)]
    low, median, high = statistics.quantiles([x / y for x, y in pairs], n=4)
    return Ratio(median, low, high, statistics.median(x for x, _ in pairs), statistics.median(y for _, y in pairs))


def peak_memory(f: Callable[[], object]) -> int:
    """The most bytes that one call holds beyond what was there before, as tracemalloc sees it."""
    f()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        f()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
