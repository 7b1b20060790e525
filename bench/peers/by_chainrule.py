"""The training by chainrule: the loop that `cr.train` runs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.native import NativeLoop, native_loop
from chainrule.train.problem import problem
from chainrule.train.step import initial_state, step_graph

from ..network_tasks import NetworkTask
from ..tasks import Task


class ByChainrule:
    """Batches one after the other, in native code."""

    def __init__(self, task: Task | NetworkTask, x: Any, y: Any) -> None:
        self.task = task
        if isinstance(task, Task):
            self.net = cr.networks.mlp(list(task.sizes), activation=task.activation, loss=task.loss)
        else:
            self.net = task.network
        self.data = {"x": x, "y": y}
        self.loop: NativeLoop | None = None
        self.at = 0

    def begin(self, layers: Any, optimizer: str, rate: float) -> None:
        # Weights and biases of a dense network, or all of another, are in the order of their names.
        given = dict(zip(self.net.shapes, (array for layer in layers for array in layer), strict=True))
        rule = cr.sgd(rate) if optimizer == "sgd" else cr.adam(rate)
        posed = problem(self.net.loss, given, self.data, None)
        batch = posed.batch(slice(0, self.task.batch))
        traced = posed.trace(batch, free=True)
        step = step_graph(traced, posed.inputs(traced), rule)
        arrays = traced.flatten(posed.bound(batch))
        begin = {name: arrays[name] for name in step.parameters}
        self.names = list(step.parameters)
        others = {name: arrays[name] for name in step.batch if name not in posed.data}
        self.loop = native_loop(
            step.graph, [*begin.values(), *initial_state(begin, rule).values()], checked=len(begin), data=posed.data,
            fixed=others, dtype="float32", longest=self.task.batch, threads=len(os.sched_getaffinity(0)),
            accuracy=self.task.accuracy,
        )  # fmt: skip
        self.at = 0

    def steps(self, count: int) -> None:
        assert self.loop is not None
        losses, code = self.loop.take(count, self.task.batch, None, self.at * self.task.batch)
        assert code == 0, losses[-1]
        self.at = (self.at + count) % self.task.batches

    def parameters(self) -> Any:
        assert self.loop is not None
        found = {name: np.array(a) for name, a in zip(self.names, self.loop.held, strict=False)}
        return [(found[name],) for name in self.net.shapes]


def make(task: Task | NetworkTask, x: Any, y: Any, variant: str) -> ByChainrule:
    """See `bench.peers`."""
    return ByChainrule(task, x, y)
