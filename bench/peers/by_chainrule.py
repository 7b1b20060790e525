"""The training by chainrule: the loop that `cr.train` runs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.native import NativeLoop, native_loop
from chainrule.train.problem import problem
from chainrule.train.step import initial_state, step_graph

from ..tasks import Layers, Task


class ByChainrule:
    """Batches one after the other, in native code."""

    def __init__(self, task: Task, x: Any, y: Any) -> None:
        self.task = task
        self.net = cr.networks.mlp(list(task.sizes), activation=task.activation, loss=task.loss)
        self.data = {"x": x, "y": y}
        self.loop: NativeLoop | None = None
        self.at = 0

    def begin(self, layers: Layers, optimizer: str, rate: float) -> None:
        given = {name: a for n, (w, b) in enumerate(layers, 1) for name, a in ((f"W{n}", w), (f"b{n}", b))}
        rule = cr.sgd(rate) if optimizer == "sgd" else cr.adam(rate)
        posed = problem(self.net.loss, given, self.data, None)
        batch = posed.batch(slice(0, self.task.batch))
        traced = posed.trace(batch, free=True)
        step = step_graph(traced, posed.inputs(traced), rule)
        arrays = traced.flatten(posed.bound(batch))
        begin = {name: arrays[name] for name in step.parameters}
        self.names = list(step.parameters)
        self.loop = native_loop(
            step.graph, [*begin.values(), *initial_state(begin, rule).values()], checked=len(begin), data=posed.data,
            fixed={}, dtype="float32", longest=self.task.batch, threads=len(os.sched_getaffinity(0)),
            accuracy=self.task.accuracy,
        )  # fmt: skip
        self.at = 0

    def steps(self, count: int) -> None:
        assert self.loop is not None
        losses, code = self.loop.take(count, self.task.batch, None, self.at * self.task.batch)
        assert code == 0, losses[-1]
        self.at = (self.at + count) % self.task.batches

    def parameters(self) -> Layers:
        assert self.loop is not None
        found = {name: np.array(a) for name, a in zip(self.names, self.loop.held, strict=False)}
        return [(found[f"W{n}"], found[f"b{n}"]) for n in range(1, len(self.task.sizes))]


def make(task: Task, x: Any, y: Any, variant: str) -> ByChainrule:
    """See `bench.peers`."""
    return ByChainrule(task, x, y)
