"""A training step in native code against those of the others, in turn; each at its best, checked before it is timed.

Every peer has a process of its own, which is halted while others are timed. It is tried with one and with two threads
and goes on with the better. A round times each of them once, with a probe of the machine before and after; a pair of
which the probe says that the machine changed by more than 5 % in between is left out, and counted.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import network_tasks
from .network_tasks import NetworkTask
from .peers import can, peers_of
from .peers.by_numpy import activation
from .probe import Probe
from .tasks import ROWS, Task, data, variants, weights

ROUNDS, TRIALS, SEEDS = 15, 3, 5
MORE = 3
"""So many times as many rounds again, for us and the best of the others, while half of the pairs were left out."""
SECONDS = 0.05
"""How long a timing lasts at least."""
DRIFT = 0.05
AGREES, SAME_LOSS = 1e-4, 0.01
"""Gradients relative to the greatest entry (they come out as a difference of parameters); losses after some steps."""


class Worker:
    """A peer's process."""

    def __init__(self, name: str, task: Task | NetworkTask, threads: int) -> None:
        self.name, self.task, self.threads = name, task, threads
        module, variant = peers_of(task)[name]
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers", module, variant, json.dumps(task.words()), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            cwd=Path(__file__).parent.parent, start_new_session=True,
        )  # fmt: skip
        self.is_there = self._answer() == "ready"
        self.cold = time.perf_counter() - began
        self.count = 1

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def ask(self, *words: Any) -> Any:
        """One question, one answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def step_seconds(self) -> float:
        """How long a step takes, over at least `SECONDS`."""
        while (took := float(self.ask("steps", self.count))) < SECONDS / 2:
            self.count *= 2
        return took / self.count

    def after(self, seed: int, optimizer: str, rate: float, steps: int) -> list[np.ndarray]:
        """The parameters after so many steps from the beginning, layer by layer."""
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            self.ask("after", seed, optimizer, rate, steps, file.name)
            with np.load(file.name) as arrays:
                return [arrays[name] for name in arrays.files]

    def pause(self) -> None:
        """Halt the process and those it started: threads that look out for work would take a core from others."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dataclass
class Timings:
    """What one contender took in each round, with the probe beside it (GFLOP/s a core)."""

    seconds: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)


def loss_of(task: Task | NetworkTask, parameters: list[np.ndarray]) -> float:
    """The loss over all samples, or some of a network that is not dense, in double precision."""
    if isinstance(task, NetworkTask):
        x, y = network_tasks.data(task)
        named = dict(zip(task.network.shapes, (p.astype(float) for p in parameters), strict=True))
        few = slice(0, 2 * task.batch)
        return float(task.network.loss(**named, x=x[few].astype(float) if x.dtype.kind == "f" else x[few], y=y[few]))
    x, y = data(task)
    value = x.astype(float)
    *hidden, (w, b) = zip(parameters[::2], parameters[1::2], strict=True)
    for u, c in hidden:
        value = activation(task.activation, value @ u.astype(float) + c)[0]
    out = value @ w.astype(float) + b
    if task.loss == "mse":
        return float(np.mean((out - y) ** 2))
    top = out.max(axis=1)
    return float(np.mean(top + np.log(np.exp(out - top[:, None]).sum(axis=1)) - out[np.arange(len(y)), y]))


LONG = 100.0
"""A step so long that a small gradient is not lost in the last digits of the parameters."""


def first_gradients(worker: Worker) -> list[np.ndarray]:
    """The parameters before a single long step, less those after it, by its length."""
    task = worker.task
    layers = network_tasks.weights(task, 0) if isinstance(task, NetworkTask) else weights(task, 0)
    after = worker.after(0, "sgd", LONG, 1)
    return [(p - q) / LONG for p, q in zip((array for layer in layers for array in layer), after, strict=True)]


def losses(worker: Worker) -> list[float]:
    """The loss after some steps, from several beginnings."""
    task = worker.task
    steps = 100 if task.operations < 1e8 else 5
    return [loss_of(task, worker.after(seed, task.optimizer, task.rate, steps)) for seed in range(SEEDS)]


def disagreement(expected: Worker, other: Worker) -> str:
    """In what a peer's training differs from ours; empty where it is the same."""
    for ours, theirs in zip(first_gradients(expected), first_gradients(other), strict=True):
        difference = float(np.abs(ours - theirs).max() / max(np.abs(ours).max(), 1e-30))
        if difference > AGREES:
            return f"a first gradient differs by {difference:.1e}"
    for ours, theirs in zip(losses(expected), losses(other), strict=True):
        if not abs(ours - theirs) <= SAME_LOSS * abs(ours):
            return f"a loss is {theirs:.6g}, and ours {ours:.6g}"
    return ""


def contenders(task: Task | NetworkTask) -> tuple[list[Worker], dict[str, str]]:
    """Each peer that is there and agrees, at its better number of threads, halted; and why others are not there."""
    chosen: list[Worker] = []
    missing: dict[str, str] = {}
    cores = min(2, len(os.sched_getaffinity(0)))
    for name in peers_of(task):
        if not can(name, task):
            missing[name] = "has no such function"
            continue
        tried = [Worker(name, task, threads) for threads in range(1, cores + 1)]
        if not all(w.is_there for w in tried):
            missing[name] = "did not start"
            for worker in tried:
                worker.close()
            continue
        times = {w.threads: [w.step_seconds() for _ in range(TRIALS)] for w in tried}
        best = min(tried, key=lambda w: min(times[w.threads]))
        for worker in tried:
            if worker is not best:
                worker.close()
        if chosen:
            chosen[0].resume()
        wrong = disagreement(chosen[0], best) if chosen else ""
        best.ask("begin")
        for worker in (best, *chosen[:1]):
            worker.pause()
        if wrong:
            missing[name] = wrong
            best.close()
        else:
            chosen.append(best)
    return chosen, missing


def timed(workers: list[Worker], probe: Probe, rounds: int) -> dict[str, Timings]:
    """All of them in turn, so many times, each awake while it is timed."""
    found = {w.name: Timings() for w in workers}
    for _ in range(rounds):
        for worker in workers:
            before = probe.rate(worker.threads) / worker.threads
            worker.resume()
            found[worker.name].seconds.append(worker.step_seconds())
            worker.pause()
            after = probe.rate(worker.threads) / worker.threads
            found[worker.name].probes.append((before + after) / 2)
    return found


def ratios(ours: Timings, theirs: Timings) -> tuple[list[float], int]:
    """Theirs over ours, round by round; and how many rounds were left out since the machine changed."""
    kept = [
        b / a
        for a, b, p, q in zip(ours.seconds, theirs.seconds, ours.probes, theirs.probes, strict=True)
        if abs(p - q) <= DRIFT * max(p, q)
    ]
    return kept, len(ours.seconds) - len(kept)


def row(task: Task | NetworkTask, probe: Probe, rounds: int = ROUNDS) -> dict[str, Any]:
    """One task: everybody's time, and the ratio to the best of the others."""
    workers, missing = contenders(task)
    if len(workers) < 2:
        raise RuntimeError(f"{task.name}: nobody agrees with chainrule: {missing}")
    try:
        times = timed(workers, probe, rounds)
        best = min(workers[1:], key=lambda w: statistics.median(times[w.name].seconds))
        for _ in range(MORE):
            if len(ratios(times["chainrule"], times[best.name])[0]) >= rounds / 2:
                break
            for name, more in timed([workers[0], best], probe, rounds).items():
                times[name].seconds += more.seconds
                times[name].probes += more.probes
        for worker in workers:
            worker.resume()
        memory = {w.name: int(w.ask("memory")) for w in workers}
    finally:
        for worker in workers:
            worker.close()
    peers: dict[str, Any] = {}
    for worker in workers:
        low, median, high = statistics.quantiles(times[worker.name].seconds, n=4)
        peers[worker.name] = {
            "µs": round(median * 1e6, 3), "quartiles": [round(low * 1e6, 3), round(high * 1e6, 3)],
            "threads": worker.threads, "cold s": round(worker.cold, 2), "MB": round(memory[worker.name] / 1e6),
        }  # fmt: skip
    ours = times["chainrule"]
    probed = statistics.median(ours.probes) * peers["chainrule"]["threads"]
    kept, dropped = ratios(ours, times[best.name])
    low, median, high = statistics.quantiles(kept, n=4) if len(kept) > 1 else (float("nan"),) * 3
    rate = task.operations / statistics.median(ours.seconds) / 1e9
    return {
        "task": task.name, "ratio": round(median, 2), "quartiles": [round(low, 2), round(high, 2)],
        "at least": task.at_least, "best peer": best.name, "µs": peers["chainrule"]["µs"], "dropped": dropped,
        "rounds": len(ours.seconds), "probe GFLOP/s": round(probed, 1), "GFLOP/s": round(rate, 1),
        "share of probe": round(rate / probed, 3), "peers": peers, "missing": missing,
        "kept": median >= task.at_least and (task.at_most is None or peers["chainrule"]["µs"] <= task.at_most),
    }  # fmt: skip


def measure(tasks: Sequence[Task | NetworkTask] = ROWS) -> Iterator[dict[str, Any]]:
    """The table, row by row."""
    probe = Probe()
    for task in tasks:
        yield row(task, probe)


def measure_variants() -> Iterator[dict[str, Any]]:
    """The same with other activations, with Adam, with cross-entropy."""
    yield from measure(variants())


def measure_networks() -> Iterator[dict[str, Any]]:
    """A convolutional network and a transformer encoder."""
    yield from measure(network_tasks.ROWS)
