"""The demo's training in native code, and the same in NumPy beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import chainrule as cr

from ..ir.errors import ChainruleError

if TYPE_CHECKING:
    from ..engines import Engine
    from ..train.run import Run

NAMES: dict[Engine, str] = {"native": "native code", "numpy": "NumPy"}


@dataclass(frozen=True)
class Timed:
    """A training: what ran it, how long its epochs took without what was measured between them, and what came out.

    ``ready`` are the seconds from the call to the first step: in native code mostly the compiler's, unless the cache
    has what it would make.
    """

    engine: Engine
    ready: float
    epochs: float
    loss: float


@dataclass(frozen=True)
class Trainings:
    """The run that is gone on with; the timed ones, that one first; and why none was in native code, if none was."""

    run: Run
    timed: tuple[Timed, ...]
    why_numpy: str


def train_twice(*given: Any, callback: Callable[..., Any], **settings: Any) -> Trainings:
    """`cr.train` in native code, with a progress bar, then in NumPy without one; in NumPy alone where it has to be."""
    try:
        run, native = _timed("native", *given, callback=callback, progress=True, **settings)
    except ChainruleError as reason:
        # Without a compiler, or with one that fails, the demo goes on, and says so.
        run, plain = _timed("numpy", *given, callback=callback, progress=True, **settings)
        return Trainings(run, (plain,), str(reason))
    if len(run.history) < settings["epochs"]:
        return Trainings(run, (native,), "")  # it was interrupted, or stopped: there is nothing to compare
    _, plain = _timed("numpy", *given, callback=callback, progress=False, **settings)
    return Trainings(run, (native, plain), "")


def _timed(engine: Engine, *given: Any, callback: Callable[..., Any], **settings: Any) -> tuple[Run, Timed]:
    begin = time.perf_counter()
    ready: list[float] = []

    def told(row: dict[str, Any], parameters: dict[str, Any]) -> Any:
        if not ready:
            ready.append(time.perf_counter() - begin - row["seconds"])
        return callback(row, parameters)

    run = cr.train(*given, engine=engine, callback=told, **settings)
    loss = run.history[-1]["loss"] if run.history else float("nan")
    return run, Timed(engine, ready[0] if ready else 0.0, sum(row["seconds"] for row in run.history), loss)
