"""From the start of Python to the first step in native code: compiled anew, and from the cache."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from .tasks import ROWS, Task

ANEW, CACHED, COMPILING = 2.5, 0.8, 2.0
"""Seconds to the first step of `NAMED`, compiled anew and from the cache; seconds to compile, the median over all."""
NAMED = (64, 128, 128, 10)
ROUNDS = 5
FIRST_STEP = """
import json, sys
import numpy as np, chainrule as cr
task = json.loads(sys.argv[1])
sizes, batch = task["sizes"], task["batch"]
net = cr.networks.mlp(sizes, activation=task["activation"], loss="mse")
rule = cr.adam(1e-3) if task["optimizer"] == "adam" else cr.sgd(0.01)
rng = np.random.default_rng(0)
data = {name: rng.normal(size=(batch, width)).astype(np.float32) for name, width in (("x", sizes[0]), ("y", sizes[-1]))}
begin = {name: value.astype(np.float32) for name, value in net.init(seed=0).items()}
run = cr.train(net.loss, begin, data, optimizer=rule, batch_size=batch, epochs=1, engine="native")
assert run.config["engine"] == "native" and np.isfinite(run.history[0]["loss"])
"""


def seconds(task: Task, cache: str) -> float:
    """A Python that takes one step of a training, from its start to its end."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", FIRST_STEP, json.dumps(task.words())],
        check=True, env={**environment, "XDG_CACHE_HOME": cache},
    )  # fmt: skip
    return time.perf_counter() - began


def measure() -> Iterator[dict[str, Any]]:
    """A row for each network: medians; then the median of what compiling takes."""
    compiling = []
    for task in dict.fromkeys(ROWS):
        pairs = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as cache:
                pairs.append((seconds(task, cache), seconds(task, cache)))
        anew, cached = (statistics.median(times) for times in zip(*pairs, strict=True))
        compiling.append(statistics.median(a - b for a, b in pairs))
        kept = task.sizes != NAMED or (anew <= ANEW and cached <= CACHED)
        yield {
            "task": task.name, "compiled anew s": round(anew, 2), "from the cache s": round(cached, 2),
            "compiling s": round(compiling[-1], 2), "kept": kept,
        }  # fmt: skip
    median = statistics.median(compiling)
    yield {"task": "median", "compiling s": round(median, 2), "kept": median <= COMPILING}
