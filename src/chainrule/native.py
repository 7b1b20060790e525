"""What runs in native code, and whether it pays: a gradient, and the steps of a training as a loop in C."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from .emit.c import NoSpelling, source, step_sources
from .emit.c_loop import Few, loop
from .emit.c_sums import summed_source
from .emit.c_text import REALS
from .engines import Compiled
from .ir.graph import Graph
from .lower.cost import operations
from .lower.samples import halves
from .run.compiler import Accuracy, check_accuracy, fast_flags
from .run.loop import NativeLoop
from .run.native import CompileError, NoCompiler
from .transforms import differentiated

__all__ = [
    "Accuracy",
    "CompileError",
    "NativeLoop",
    "NoCompiler",
    "NoSpelling",
    "check_accuracy",
    "compile",
    "native_loop",
]

FEW = 100_000
"""Operations of a step for which the compiler is told how many samples a batch has."""
MANY = 1024
"""Samples of a batch that is gone through part by part."""
DIVIDED = 500_000
"""Operations of a step for each thread that takes part: some 10 µs of one core."""
SHARE = 16
"""Samples of a batch for each thread: shares are whole multiples of so many."""


def compile(
    f: Callable[..., Any], wrt: str | Sequence[str] | None = None, *, accuracy: Accuracy = "libm"
) -> Callable[..., tuple[Any, Any]]:
    """`cr.value_and_grad` in native code: C that is made of the derived gradient, compiled for this machine.

    ``wrt`` is as there. The function is traced and compiled when it is first called, and again for arguments of other
    shapes, but for the lengths that its declaration leaves open (``@cr.function(x="N d")``), and in another precision.
    What was compiled is kept in a cache on disk. Numbers may differ from NumPy's in their last digits. With the
    accuracy "fast", tanh in single precision is a quicker one, within 5 units in the last place; the C library's are
    within 4, with "libm".

    Where an operation has no C, or the machine no compiler that works, it runs in NumPy; one warning says why.

    Raises ArgumentError for another accuracy; and, when it is called, what `cr.value_and_grad` raises.
    """
    check_accuracy(accuracy)
    return differentiated(f, wrt, partial(Compiled, accuracy=accuracy))


def native_loop(
    graph: Graph,
    begin: Sequence[Any],
    *,
    checked: int,
    data: Mapping[str, np.ndarray[Any, Any]],
    fixed: Mapping[str, Any],
    dtype: str,
    longest: int,
    threads: int | None = None,
    accuracy: Accuracy = "libm",
) -> NativeLoop:
    """The steps of a training, compiled.

    ``graph`` is one step: its first inputs are what the steps change, and its last outputs are the new values of just
    these, beginning with ``begin``; the first ``checked`` of them are parameters, which have to stay finite. The other
    inputs are the samples of ``data``, up to ``longest`` at a time, or ``fixed``. ``threads``: as many as the machine
    has cores for us, unless told, and one where a step is too short to divide; the result does not depend on it.
    ``accuracy`` is as in `compile`.

    Raises NoSpelling where the step cannot be written in C, NoCompiler or CompileError where it cannot be compiled.
    """
    if dtype not in REALS:
        raise NoSpelling(f"C has no numbers of {dtype}")
    batch = [i.name for i in graph.inputs[len(begin) :]]
    sizes = dict.fromkeys(graph.dims(), longest)
    work, _ = operations(graph, sizes)
    team = [name for name in batch if name in data]
    few = None
    parts = halves(graph, team) if longest >= MANY else None
    if parts is not None:
        step = summed_source(graph, parts, name="step", dtype=dtype)
    elif 0 < work <= FEW and sizes:
        step, little = step_sources(graph, name="step", dtype=dtype, team=team, few=sizes)
        few = Few(little, longest)
    else:
        step = source(graph, name="step", dtype=dtype, team=team)
    text = loop(step, len(begin), checked, [n for n, name in enumerate(batch) if name in data], few)
    if threads is None:
        threads = max(1, min(cores(), work // DIVIDED, longest // SHARE))
    return NativeLoop(text, begin, data, fixed, longest, threads, fast_flags(accuracy))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
