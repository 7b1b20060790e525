"""What takes the steps of a training: native code, where it pays and can be had; else NumPy, a step at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engines import seconds_saved, seconds_to_compile
from ..ir.errors import ArgumentError, warn
from ..native import Accuracy, CompileError, NativeLoop, NoCompiler, NoSpelling, native_loop
from .problem import Problem
from .step import Step

PATIENCE = 0.1
"""Seconds that native code runs before Python looks at the keyboard, and shows how far it is."""


def refuse_numpy(engine: str, why: str) -> None:
    """Raise ArgumentError where native code was asked for and cannot be had."""
    if engine == "native":
        raise ArgumentError(f'engine="native" is not possible: {why}')


def chosen_engine(
    engine: str,
    problem: Problem,
    step: Step,
    held: Sequence[Any],
    fixed: dict[str, Any],
    batch_size: int,
    epochs: int,
    accuracy: Accuracy,
) -> tuple[NativeLoop | None, str]:
    """The steps in native code, or None for NumPy; and why that is.

    With "auto" native code is chosen where it saves more time than compiling takes, unless something is in the way: a
    compiler that is missing or fails is told of in a warning. With "native" what is in the way is raised.
    """
    if engine == "numpy":
        return None, "it was asked for"
    longest = min(batch_size, problem.samples)
    if engine == "auto":
        steps = epochs * -(-problem.samples // longest)
        saved = seconds_saved(step.graph, dict.fromkeys(step.graph.dims(), longest), steps)
        if saved < 2 * seconds_to_compile(step.graph):
            return None, "the training is too short to compile it"
    try:
        return native_loop(
            step.graph, held, checked=len(step.parameters), data=problem.data, fixed=fixed,
            dtype=str(problem.precision), longest=longest, accuracy=accuracy,
        ), ""  # fmt: skip
    except NoSpelling as reason:
        refuse_numpy(engine, str(reason))
        return None, str(reason)
    except (NoCompiler, CompileError) as reason:
        if engine == "native":
            raise
        warn(f"the training runs in NumPy: {reason}")
        return None, str(reason)


class Pace:
    """How many steps to take at a time, so that they last no longer than `PATIENCE`."""

    def __init__(self) -> None:
        self._steps = 1

    def blocks(self, order: np.ndarray[Any, Any], batch: int) -> Any:
        """The samples in order, a row for each step; what is left over is a row of its own."""
        full, at = len(order) // batch, 0
        while at < full:
            rows = min(self._steps, full - at)
            began = time.perf_counter()
            yield order[at * batch : (at + rows) * batch].reshape(rows, batch)
            took = (time.perf_counter() - began) / rows
            self._steps = max(1, min(4 * self._steps, int(PATIENCE / max(took, 1e-9))))
            at += rows
        if full * batch < len(order):
            yield order[full * batch :].reshape(1, -1)
