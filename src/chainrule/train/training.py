"""A training under way: the values that steps change, the programs that take them, and what went wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import chainrule as cr

from ..ir.errors import ShapeError, TraceError
from .diagnosis import first_bad_value
from .engine import Pace, chosen_engine, refuse_numpy
from .optimizer import Optimizer
from .problem import Problem
from .progress import Display
from .step import Step, first_bad, initial_state, step_graph

if TYPE_CHECKING:
    from ..engines import Engine
    from ..frontend.trace import Traced
    from ..native import Accuracy, NativeLoop


class NotFinite(Exception):
    """Carries the reason why a step was not taken."""


@dataclass(frozen=True)
class _Program:
    """A step that is ready to run on batches of some length."""

    step: Step
    run: Callable[..., Sequence[Any]]
    batch: tuple[str, ...]
    fixed: dict[str, Any]


@dataclass
class Training:
    """A training under way: parameters and state, and the programs that make new ones of them."""

    problem: Problem
    optimizer: Optimizer
    batch_size: int
    seed: int
    shuffle: bool
    engine: Engine = "auto"
    accuracy: Accuracy = "libm"
    steps: int = 0
    held: list[Any] = field(default_factory=list)
    _programs: dict[int | None, _Program] = field(default_factory=dict)
    _traced: Traced | None = None
    _count: int = 0
    _native: NativeLoop | None = None
    _why_numpy: str = ""

    def __post_init__(self) -> None:
        self._random = np.random.Generator(np.random.Philox(self.seed))
        # Apart from the order of the samples, which does not depend on whether there are keys.
        self._keys = np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, 1])))
        self._pace = Pace()

    def begin(self, epochs: int) -> Self:
        """Make the first program, and with it the parameters and state to begin with; choose what takes the steps."""
        first = self._program(min(self.batch_size, self.problem.samples))
        self._count = len(first.step.parameters)
        if None in self._programs and self.problem.key is None:
            self._native, self._why_numpy = chosen_engine(
                self.engine,
                self.problem,
                first.step,
                self.held,
                first.fixed,
                self.batch_size,
                epochs,
                self.accuracy,
            )
        else:
            self._why_numpy = "a step takes a key" if self.problem.key else "the loss needs the number of samples"
            refuse_numpy(self.engine, self._why_numpy)
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
            **self._engine_settings(),
            "chainrule": cr.__version__, "numpy": np.__version__,
        }  # fmt: skip

    def _engine_settings(self) -> dict[str, Any]:
        """What took the steps; with how many threads, or why it was NumPy."""
        if self._native is None:
            return {"engine": "numpy", "why_numpy": self._why_numpy}
        return {"engine": "native", "threads": self._native.threads, "accuracy": self.accuracy}

    def epoch(self, epoch: int, display: Display) -> float:
        """A step for every batch; the mean of the loss over all samples. Raises NotFinite."""
        n = self.problem.samples
        order = self._random.permutation(n) if self.shuffle else np.arange(n)
        total = 0.0
        if self._native is None:
            for start in range(0, n, self.batch_size):
                chosen = order[start : start + self.batch_size]
                loss = self.step(chosen, epoch)
                total += loss * len(chosen)
                display.step(len(chosen), loss)
            return total / n
        for block in self._pace.blocks(order, self.batch_size):
            losses = self.native_steps(self._native, block, epoch)
            total += float(losses.sum()) * block.shape[1]
            display.step(block.size, float(losses[-1]))
        return total / n

    def native_steps(self, native: NativeLoop, block: np.ndarray[Any, Any], epoch: int) -> np.ndarray[Any, Any]:
        """A step for each row of the block; the losses. Raises NotFinite, and keeps what was held before that step."""
        steps, batch = block.shape
        first = int(block[0, 0])
        losses, code = native.take(steps, batch, block if self.shuffle else None, first)
        self.steps += len(losses)
        # Whichever moment an interrupt chooses, these are the values after one of the last two steps.
        self.held = native.held
        if code > 0:
            failure = native.source.step.failures[code - 1]
            raise failure.error(failure.message)
        if code < 0:
            chosen, program = block[len(losses) - 1], self._programs[None]
            raise NotFinite(self._why(program, self._batch(program, chosen), float(losses[-1]), chosen, epoch))
        return losses

    def step(self, chosen: np.ndarray[Any, Any], epoch: int) -> float:
        """One step on the chosen samples; the loss before it. Raises NotFinite, and leaves everything as it was."""
        program = self._programs.get(None) or self._program(len(chosen))
        batch = self._batch(program, chosen)
        with np.errstate(all="ignore"):
            results = program.run(*self.held, *batch)
        loss = float(results[0])
        new = list(results[program.step.values :])
        self.steps += 1
        if not math.isfinite(loss) or first_bad(new[: self._count]) is not None:
            raise NotFinite(self._why(program, batch, loss, chosen, epoch))
        # A single assignment, so that an interrupt finds either the old values or the new ones.
        self.held = new
        return loss

    def _batch(self, program: _Program, chosen: np.ndarray[Any, Any]) -> list[Any]:
        """The step's arguments besides what it changes, for these samples."""
        data, given = self.problem.data, {**program.fixed, **self._key()}
        return [data[name].take(chosen, 0) if name in data else given[name] for name in program.batch]

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
