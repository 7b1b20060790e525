"""The loop: batches drawn from the data, a step for each, and what is measured after every epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines import check_engine
from ..ir.errors import ArgumentError, warn
from ..native import check_accuracy
from .networks import network_of
from .optimisers import adam
from .optimizer import Optimizer
from .problem import Problem, problem, samples_of
from .progress import Bar, Display, Silent
from .run import Run
from .training import NotFinite, Training

if TYPE_CHECKING:
    from ..engines import Engine
    from ..native import Accuracy

Metric = Callable[[dict[str, Any], dict[str, Any]], float]
"""From parameters and data, each by name, to a number."""

Callback = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Told of an epoch's row and the parameters after it; a true result ends the training."""

_MEASURED = frozenset({"epoch", "loss", "validation_loss", "samples_per_second", "seconds"})


class TrainingStopped(RuntimeWarning):
    """A loss was not finite, and the training ended with the last good parameters."""


def train(
    loss: Callable[..., Any],
    parameters: Mapping[str, Any],
    data: Mapping[str, Any],
    *,
    optimizer: Optimizer | None = None,
    batch_size: int = 32,
    epochs: int = 10,
    validation: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    seed: int = 0,
    progress: bool = False,
    shuffle: bool = True,
    callback: Callback | None = None,
    key: str | None = None,
    engine: Engine = "auto",
    accuracy: Accuracy = "libm",
) -> Run:
    """Make a loss small by following its gradient, a batch of samples at a time.

    ``loss`` is a function whose arguments are the names in ``parameters`` and in ``data``; it returns a single float,
    alone or first of several results. Parameters are arrays of floats, or structures of them; the training runs in
    their precision. Data are arrays with the samples along axis 0; the last batch of an epoch may be a smaller one.
    Adam is the optimizer unless told. After every epoch the loss on ``validation`` is measured, with ``metrics``
    (functions of parameters and data; on the training data where there is no validation), and for a network that
    classifies its accuracy. The same seed gives the same parameters, bit for bit.

    ``key`` is the name of an argument that takes a key of random numbers, as `cr.dropout` asks for: each step gets a
    new one, from the seed. Where the loss is only measured the argument keeps its default, such as None.

    ``engine`` is "native" for steps in compiled C, "numpy" for steps in NumPy; "auto" takes native code where it saves
    more time than compiling it takes, and where the step can be written in C at all. ``run.config`` says which it was,
    and why where it was NumPy. Ctrl-C is seen within a step, or within 0.1 s of native code. ``accuracy`` is that of
    tanh in native code in single precision: the C library's, within 4 units in the last place, or with "fast" that of a
    quicker one, within 5.

    Ctrl-C ends the training with what was learnt (``run.interrupted``). A loss or an update that is not finite ends it
    before the update, with the last good parameters: a TrainingStopped warning, and ``run.stopped``, say at which step
    and which value went bad first.

    Raises ArgumentError for names that do not fit the function, parameters that are no floats, data of different
    lengths; ShapeError where shapes do not fit; DerivativeError where the loss is no single float.
    """
    optimizer = adam() if optimizer is None else optimizer
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(
            f"an optimizer is made by cr.sgd(0.1), cr.momentum(…) or cr.adam(1e-3), not {optimizer!r:.60}"
        )
    _check_numbers(batch_size=batch_size, epochs=epochs, seed=seed)
    given = problem(loss, parameters, data, key)
    measures = _measures(given, loss, validation, metrics)
    check_engine(engine)
    check_accuracy(accuracy)
    training = Training(given, optimizer, int(batch_size), int(seed), shuffle, engine, accuracy).begin(epochs)
    history: list[dict[str, Any]] = []
    display: Display = Bar(epochs, given.samples) if progress else Silent()
    stopped, interrupted = "", False
    try:
        with display:
            for epoch in range(1, epochs + 1):
                row = _measured(training, epoch, measures, display)
                history.append(row)
                if callback is not None and callback(row, training.parameters()):
                    break
    except KeyboardInterrupt:
        interrupted = True
    except NotFinite as reason:
        stopped = str(reason)
        warn(stopped, TrainingStopped)
    config = {**training.settings(), "epochs": int(epochs)}
    return Run(training.parameters(), history, config, stopped, interrupted, network_of(loss))


def _measured(training: Training, epoch: int, measures: _Measures, display: Display) -> dict[str, Any]:
    """An epoch, and its row in the history. Raises NotFinite."""
    begin = time.perf_counter()
    loss = training.epoch(epoch, display)
    seconds = time.perf_counter() - begin
    row = {"epoch": epoch, "loss": loss, **measures.at(training.parameters())}
    row |= {"samples_per_second": training.problem.samples / seconds, "seconds": seconds}
    display.epoch(row)
    return row


@dataclass(frozen=True)
class _Measures:
    """What is measured after an epoch."""

    problem: Problem
    validation: dict[str, Any] | None
    metrics: Mapping[str, Metric]

    def at(self, parameters: dict[str, Any]) -> dict[str, float]:
        """The loss on the validation data, and the metrics."""
        row: dict[str, float] = {}
        if self.validation is not None:
            value = self.problem.function(**parameters, **self.validation)
            row["validation_loss"] = float(value[0] if isinstance(value, (tuple, list)) else value)
        data = self.problem.data if self.validation is None else self.validation
        return row | {name: float(metric(parameters, data)) for name, metric in self.metrics.items()}


def _measures(
    given: Problem,
    loss: Callable[..., Any],
    validation: Mapping[str, Any] | None,
    metrics: Mapping[str, Metric] | None,
) -> _Measures:
    """The metrics asked for, and for a network that classifies its accuracy.

    Raises ArgumentError or ShapeError for validation data that do not fit the function, or a metric's name that is
    taken.
    """
    network = network_of(loss)
    found: dict[str, Metric] = {}
    held_out = None if validation is None else samples_of(validation, given.precision)
    if held_out is not None:
        # Better now than after the first epoch.
        given.function.trace(given.bound(held_out))
        if network is not None and network.classifies:
            found["accuracy"] = network.accuracy
    for name, metric in (metrics or {}).items():
        if name in _MEASURED:
            raise ArgumentError(f"a metric needs a name of its own: {name!r} is measured already")
        found[name] = metric
    return _Measures(given, held_out, found)


def _check_numbers(*, batch_size: object, epochs: object, seed: object) -> None:
    """Raise ArgumentError where a number is no natural one."""
    for name, value, least in (("batch_size", batch_size, 1), ("epochs", epochs, 0), ("seed", seed, 0)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or int(value) < least:
            raise ArgumentError(f"{name} is an integer of at least {least}, not {value!r}")
