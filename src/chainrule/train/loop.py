"""The loop: batches drawn from the data, a step for each, and what is measured after every epoch."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import chainrule as cr

from ..ir.errors import ArgumentError, ShapeError, TraceError
from .diagnosis import first_bad_value
from .networks import network_of
from .optimisers import adam
from .optimizer import Optimizer
from .problem import Problem, problem, samples_of
from .progress import Bar, Display, Silent
from .run import Run
from .step import Step, first_bad, initial_state, step_graph

if TYPE_CHECKING:
    from ..frontend.trace import Traced

Metric = Callable[[dict[str, Any], dict[str, Any]], float]
"""From parameters and data, each by name, to a number."""

Callback = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Told of an epoch's row and the parameters after it; a true result ends the training."""

_MEASURED = frozenset({"epoch", "loss", "validation_loss", "samples_per_second", "seconds"})


class TrainingStopped(RuntimeWarning):
    """A loss was not finite, and the training ended with the last good parameters."""


class _NotFinite(Exception):
    """Carries the reason why a step was not taken."""


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
    training = _Training(given, optimizer, int(batch_size), int(seed), shuffle).begin()
    history: list[dict[str, Any]] = []
    display: Display = Bar(epochs, given.samples) if progress else Silent()
    stopped, interrupted = "", False
    try:
        with display:
            for epoch in range(1, epochs + 1):
                row = training.measured_epoch(epoch, measures, display)
                history.append(row)
                if callback is not None and callback(row, training.parameters()):
                    break
    except KeyboardInterrupt:
        interrupted = True
    except _NotFinite as reason:
        stopped = str(reason)
        warnings.warn(stopped, TrainingStopped, stacklevel=2)
    config = {**training.settings(), "epochs": int(epochs)}
    return Run(training.parameters(), history, config, stopped, interrupted, network_of(loss))


@dataclass(frozen=True)
class _Program:
    """A step that is ready to run on batches of some length."""

    step: Step
    run: Callable[..., Sequence[Any]]
    batch: tuple[str, ...]
    fixed: dict[str, Any]


@dataclass
class _Training:
    """A training under way: parameters and state, and the programs that make new ones of them."""

    problem: Problem
    optimizer: Optimizer
    batch_size: int
    seed: int
    shuffle: bool
    steps: int = 0
    held: list[Any] = field(default_factory=list)
    _programs: dict[int | None, _Program] = field(default_factory=dict)
    _traced: Traced | None = None
    _count: int = 0

    def __post_init__(self) -> None:
        self._random = np.random.Generator(np.random.Philox(self.seed))
        # Apart from the order of the samples, which does not depend on whether there are keys.
        self._keys = np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, 1])))

    def begin(self) -> Self:
        """Make the first program, and with it the parameters and state to begin with."""
        first = self._program(min(self.batch_size, self.problem.samples))
        self._count = len(first.step.parameters)
        return self

    def parameters(self) -> dict[str, Any]:
        """The parameters as they are now, in the structure that was given."""
        assert self._traced is not None
        return self.problem.arranged(self._traced, self.held[: self._count])

    def settings(self) -> dict[str, Any]:
        """What the training depends on besides the data and the function, for the record."""
        return {
            "optimizer": self.optimizer.settings(), "batch_size": self.batch_size, "seed": self.seed,
            "shuffle": self.shuffle, "samples": self.problem.samples, "precision": str(self.problem.precision),
            "chainrule": cr.__version__, "numpy": np.__version__,
        }  # fmt: skip

    def measured_epoch(self, epoch: int, measures: _Measures, display: Display) -> dict[str, Any]:
        """An epoch, and its row in the history. Raises _NotFinite."""
        begin = time.perf_counter()
        loss = self.epoch(epoch, display)
        seconds = time.perf_counter() - begin
        row = {"epoch": epoch, "loss": loss, **measures.at(self.parameters())}
        row |= {"samples_per_second": self.problem.samples / seconds, "seconds": seconds}
        display.epoch(row)
        return row

    def epoch(self, epoch: int, display: Display) -> float:
        """A step for every batch; the mean of the loss over all samples. Raises _NotFinite."""
        n = self.problem.samples
        order = self._random.permutation(n) if self.shuffle else np.arange(n)
        total = 0.0
        for start in range(0, n, self.batch_size):
            chosen = order[start : start + self.batch_size]
            loss = self.step(chosen, epoch)
            total += loss * len(chosen)
            display.step(len(chosen), loss)
        return total / n

    def step(self, chosen: np.ndarray[Any, Any], epoch: int) -> float:
        """One step on the chosen samples; the loss before it. Raises _NotFinite, and leaves everything as it was."""
        program = self._programs.get(None) or self._program(len(chosen))
        data, given = self.problem.data, {**program.fixed, **self._key()}
        batch = [data[name].take(chosen, 0) if name in data else given[name] for name in program.batch]
        with np.errstate(all="ignore"):
            results = program.run(*self.held, *batch)
        loss = float(results[0])
        new = list(results[program.step.values :])
        self.steps += 1
        if not math.isfinite(loss) or first_bad(new[: self._count]) is not None:
            raise _NotFinite(self._why(program, batch, loss, chosen, epoch))
        # A single assignment, so that an interrupt finds either the old values or the new ones.
        self.held = new
        return loss

    def _key(self) -> dict[str, Any]:
        """A new key of random numbers, by the name of its argument, where there is one."""
        key = self.problem.key
        return {} if key is None else {key: self._keys.integers(0, 2**63, 2)}

    def _program(self, length: int) -> _Program:
        """The step for batches of any length, or of this one where the loss function needs the number."""
        if length in self._programs:
            return self._programs[length]
        example = self.problem.batch(slice(0, length))
        if self.problem.key is not None:
            example[self.problem.key] = np.zeros(2, np.int64)
        traced, free = self._trace(example)
        step = step_graph(traced, self.problem.inputs(traced), self.optimizer)
        arrays = traced.flatten(self.problem.bound(example))
        if not self.held:
            begin = {name: arrays[name] for name in step.parameters}
            self._traced = traced
            self.held = [*begin.values(), *initial_state(begin, self.optimizer).values()]
        held = dict(zip((*step.parameters, *step.state), self.held, strict=True))
        fixed = {name: arrays[name] for name in step.batch if name not in self.problem.data}
        made = _Program(step, step.program({**arrays, **held}), step.batch, fixed)
        self._programs[None if free else length] = made
        return made

    def _trace(self, example: dict[str, Any]) -> tuple[Traced, bool]:
        """The loss function as a graph, and whether the number of samples is open in it."""
        try:
            return self.problem.trace(example, free=True), True
        except (TraceError, ShapeError):
            pass
        return self.problem.trace(example, free=False), False

    def _why(self, program: _Program, batch: list[Any], loss: float, chosen: Any, epoch: int) -> str:
        """At which step what went bad."""
        names = (*program.step.parameters, *program.step.state, *program.step.batch)
        values = dict(zip(names, (*self.held, *batch), strict=True))
        what = "its update is not finite" if math.isfinite(loss) else f"the loss is {loss}"
        first = first_bad_value(program.step.graph, values)
        bad = [name for name, array in values.items() if name in self.problem.data and not np.isfinite(array).all()]
        rows = [int(chosen[np.argwhere(~np.isfinite(values[name]))[0][0]]) for name in bad]
        of = "".join(f" (sample {row} of {name})" for name, row in zip(bad, rows, strict=True))
        where = f"step {self.steps} (epoch {epoch}), before the update"
        return f"training stopped at {where}: {what}; the first bad value: {first}{of}"


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
