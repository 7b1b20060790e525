"""What is seen while a network trains: a bar with loss, accuracy, samples a second and the time left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

_EVERY = 0.05


class Display(Protocol):
    """Is told of every step and every epoch."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def step(self, samples: int, loss: float) -> None:
        """So many samples more, with this loss."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """An epoch is over."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def step(self, samples: int, loss: float) -> None:
        return None

    def epoch(self, row: Mapping[str, Any]) -> None:
        return None


class Bar:
    """A progress bar on the terminal; ``console`` is rich's, its own unless told."""

    def __init__(self, epochs: int, samples: int, console: Any = None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=10),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("{task.fields[scores]}"),
            TextColumn("{task.fields[rate]} samples/s"),
            TimeRemainingColumn(),
            console=console,
        )
        self._samples = samples
        self._task = self._progress.add_task("", total=epochs, loss="–", scores="", rate="–")
        self._seen = 0
        self._begin = self._shown = time.perf_counter()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, samples: int, loss: float) -> None:
        """So many samples more, with this loss; drawn twenty times a second at most."""
        self._seen += samples
        now = time.perf_counter()
        if now - self._shown >= _EVERY:
            self._shown = now
            rate = self._seen / max(now - self._begin, 1e-9)
            self._progress.update(
                self._task, completed=self._seen // self._samples, loss=f"{loss:.4f}", rate=f"{rate:,.0f}"
            )

    def epoch(self, row: Mapping[str, Any]) -> None:
        """An epoch is over: its loss, and what was measured on the validation data."""
        measured = {k: v for k, v in row.items() if k not in ("epoch", "loss", "seconds", "samples_per_second")}
        if len(measured) > 1:
            # What else is measured tells more, and a line of a terminal may hold no more than 80 characters.
            measured.pop("validation_loss", None)
        scores = "  ".join(f"{k.replace('_', ' ')} {v:.4f}" for k, v in measured.items())
        self._progress.update(
            self._task,
            completed=row["epoch"],
            loss=f"{row['loss']:.4f}",
            scores=scores,
            rate=f"{row['samples_per_second']:,.0f}",
        )
