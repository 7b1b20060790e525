"""Networks whose whole step is compiled: what they are trained on, and their steps as a compiled loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

import chainrule as cr
from chainrule.native import NativeLoop, native_loop
from chainrule.train.optimizer import Optimizer
from chainrule.train.problem import problem
from chainrule.train.step import Step, initial_state, step_graph

Made = tuple[Callable[..., Any], Mapping[str, Any], dict[str, Any]]
SAMPLES = 83
SCHEDULES = {"open": (0, 10**9), "known": (10**9, 10**9), "by parts": (0, 1)}
"""How a step is written, by the two bounds that decide it: the operations up to which the compiler is told how many
samples a batch has, and the samples from which on it is gone through part by part."""


def _dense(activation: str, *sizes: int) -> Made:
    net = cr.networks.mlp(sizes, activation=activation, loss="cross_entropy")
    rng = np.random.default_rng(0)
    return net.loss, net.init(0), {"x": rng.normal(size=(SAMPLES, sizes[0])), "y": _labels(sizes[-1])}


def _labels(classes: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).integers(0, classes, SAMPLES)


def relu() -> Made:
    return _dense("relu", 5, 33, 7, 3)


def tanh() -> Made:
    return _dense("tanh", 7, 16, 3)


def gelu() -> Made:
    return _dense("gelu", 3, 19, 40, 4)


def images() -> Made:
    net = cr.networks.cnn((2, 7, 7), [3, 5], 3, hidden=[11])
    x = np.random.default_rng(0).normal(size=(SAMPLES, 2, 7, 7))
    return net.loss, net.init(0), {"x": x, "y": _labels(3)}


def words() -> Made:
    def loss(words: Any, y: Any, table: Any, w: Any) -> Any:
        return cr.cross_entropy(cr.embedding(table, words).mean(axis=1) @ w, y)

    rng = np.random.default_rng(0)
    begin = {"table": rng.normal(size=(11, 7)), "w": rng.normal(size=(7, 3))}
    return loss, begin, {"words": rng.integers(0, 11, (SAMPLES, 5)), "y": _labels(3)}


def _normalised(norm: Callable[..., Any]) -> Made:
    def loss(x: Any, y: Any, w: Any, scale: Any, shift: Any, v: Any) -> Any:
        return cr.cross_entropy(cr.relu(norm(x @ w, scale, shift)) @ v, y)

    rng = np.random.default_rng(0)
    begin = {"w": rng.normal(size=(5, 17)), "scale": np.ones(17), "shift": np.zeros(17), "v": rng.normal(size=(17, 3))}
    return loss, begin, {"x": rng.normal(size=(SAMPLES, 5)), "y": _labels(3)}


def layer_norm() -> Made:
    return _normalised(cr.layer_norm)


def batch_norm() -> Made:
    def norm(h: Any, scale: Any, shift: Any) -> Any:
        return cr.batch_norm(h, scale, shift, {"mean": np.zeros(17), "variance": np.ones(17)})[0]

    return _normalised(norm)


def attention() -> Made:
    net = cr.networks.transformer_encoder(tokens=9, length=5, outputs=3, width=8, heads=2, blocks=1, hidden=12)
    words = np.random.default_rng(0).integers(0, 9, (SAMPLES, 5))
    return net.loss, net.init(0), {"x": words, "y": _labels(3)}


NETWORKS: dict[str, Callable[[], Made]] = {
    f.__name__: f for f in (relu, tanh, gelu, images, attention, layer_norm, batch_norm, words)
}


@dataclass(frozen=True)
class Training:
    """The step of a network's training in one precision: its graph, what it changes, its data."""

    step: Step
    held: list[np.ndarray[Any, Any]]
    data: dict[str, np.ndarray[Any, Any]]
    dtype: str

    def loop(self, longest: int, threads: int, schedule: str = "open") -> NativeLoop:
        """The steps, compiled, for batches of up to ``longest`` samples."""
        few, many = SCHEDULES[schedule]
        with mock.patch("chainrule.native.FEW", few), mock.patch("chainrule.native.MANY", many):
            return native_loop(
                self.step.graph, self.held, checked=len(self.step.parameters), data=self.data, fixed={},
                dtype=self.dtype, longest=longest, threads=threads,
            )  # fmt: skip

    def in_numpy(self, batches: list[Any]) -> list[Any]:
        """What is held after a step for each of these choices of samples."""
        held, program = self.held, None
        for chosen in batches:
            samples = {name: array[chosen] for name, array in self.data.items()}
            if program is None:
                names = (*self.step.parameters, *self.step.state)
                program = self.step.program({**dict(zip(names, held, strict=True)), **samples})
            held = list(program(*held, *(samples[name] for name in self.step.batch)))[self.step.values :]
        return held


def training(made: Made, dtype: str, optimizer: Optimizer | None = None) -> Training:
    """The training of a network, with Adam unless told."""
    loss, begin, data = made
    optimizer = cr.adam(1e-2) if optimizer is None else optimizer
    given = problem(loss, {name: np.asarray(value, dtype) for name, value in begin.items()}, data)
    batch = given.batch(slice(0, 16))
    traced = given.trace(batch, free=True)
    step = step_graph(traced, given.inputs(traced), optimizer)
    arrays = traced.flatten(given.bound(batch))
    parameters = {name: arrays[name] for name in step.parameters}
    held = [*parameters.values(), *initial_state(parameters, optimizer).values()]
    return Training(step, [np.asarray(value, dtype) for value in held], given.data, dtype)
