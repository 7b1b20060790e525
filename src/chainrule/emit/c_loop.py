"""Many steps of a training in one C function: batches gathered, a step for each, what came out checked, old and new
values exchanged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..ir.dims import Dim, show_shape
from .c import Argument, CSource
from .c_plan import NoSpelling
from .c_text import REALS, Real, runtime


@dataclass(frozen=True)
class Few:
    """The step for batches of just so many samples, written apart since they are so few."""

    step: CSource
    samples: int


@dataclass(frozen=True)
class LoopSource:
    """A C function that takes steps; ``text`` is the whole file, with the step in it.

    The inputs of the step are ``held`` values, which its last outputs are the new ones of, then the batch: the arrays
    at ``sampled`` have the samples of the data along axis 0, the others stay as they are. The function's arguments are
    said in its comment. It returns 0, n where ``failures[n - 1]`` of the step happened, or −1 where the loss or one of
    the first ``checked`` new values is not finite; ``done`` then counts the steps before that one.
    """

    text: str
    function: str
    step: CSource
    held: int
    checked: int
    sampled: tuple[int, ...]
    few: Few | None = None

    @property
    def values(self) -> tuple[Argument, ...]:
        """What a step gives besides the new values: the loss, alone or first."""
        return self.step.outputs[: len(self.step.outputs) - self.held]

    @property
    def batch(self) -> tuple[Argument, ...]:
        """The inputs that are no held values."""
        return self.step.inputs[self.held :]


def loop(step: CSource, held: int, checked: int, sampled: Sequence[int], few: Few | None = None) -> LoopSource:
    """The function that takes many steps of this one; ``few`` is in the same file as ``step``.

    Raises NoSpelling where a size besides the number of samples in a batch is open.
    """
    made = LoopSource("", f"{step.function}_loop", step, held, checked, tuple(sampled), few)
    rows = {made.batch[n].shape[0] for n in made.sampled}
    if {*step.dims} - rows or len(rows) != 1:
        others = [d.name for d in step.dims if d not in rows]
        raise NoSpelling(f"the length {(others or ['of a batch'])[0]} is not known when the loop is written")
    real = REALS[step.dtype]
    text = "\n".join([step.text, runtime("finite", real), _function(made, real)])
    return replace(made, text=text)


def _function(loop: LoopSource, real: Real) -> str:
    step, rows = loop.step, {n: k for k, n in enumerate(loop.sampled)}
    given = [_typed(real, a, f"held[{n}]") for n, a in enumerate(step.inputs[: loop.held])]
    fixed = 0
    for n, argument in enumerate(loop.batch):
        given.append(_typed(real, argument, f"rows[{rows[n]}]" if n in rows else f"job->fixed[{fixed}]"))
        fixed += n not in rows
    new = step.outputs[len(loop.values) :]
    given += [f"({real.of(a.kind)} *)job->values[{n}]" for n, a in enumerate(loop.values)]
    given += [f"({real.of(a.kind)} *)fresh[{n}]" for n, a in enumerate(new)]
    usual = [*["job->batch"] * len(step.dims), *given, "thread", "threads", "&job->team", "job->workspace"]
    call = f"{step.function}({_listed(usual)})"
    if loop.few:
        call = f"job->batch == {loop.few.samples} ? {loop.few.step.function}({_listed(given)}) : {call}"
    sizes = [_row_bytes(loop.batch[n], real) for n in loop.sampled]
    lengths = [math.prod(_known(a.shape)) for a in new[: loop.checked]]
    words = {
        "NAME": loop.function,
        "REAL": real.ctype,
        "COUNT": str(len(loop.sampled)),
        "STEP": step.function,
        "CALL": call,
        # What is so little is never divided, so that the result does not depend on the number of threads.
        "DIVIDED": f"batch == {loop.few.samples} ? 1 : threads" if loop.few else "threads",
        "GATHER": "\n".join(
            f"                memcpy((char *)rows[{k}] + i * {size}, at_row(job->data[{k}], order[i], {size}), {size});"
            for k, size in enumerate(sizes)
        ),
        "NEAR": "\n".join(
            f"            rows[{k}] = at_row(job->data[{k}], first, {size});" for k, size in enumerate(sizes)
        ),
        "CHECK": "\n".join(
            f"        sound = sound && share_is_finite_{real.ctype}(fresh[{n}], {entries}, thread, threads);"
            for n, entries in enumerate(lengths)
        ),
    }
    return re.sub(
        r"(?<![A-Z])(" + "|".join(words) + r")(?![A-Z])",
        lambda word: words.get(word[0], word[0]),
        runtime("training_loop"),
    )


def _listed(words: Sequence[str]) -> str:
    return "".join(f"\n            {word}," for word in words).removesuffix(",")


def _typed(real: Real, argument: Argument, pointer: str) -> str:
    return f"(const {real.of(argument.kind)} *){pointer}"


def _row_bytes(argument: Argument, real: Real) -> int:
    """How long one sample of an array is."""
    size = {"float": real.bytes, "int": 8, "bool": 1}[argument.kind]
    return size * math.prod(_known(argument.shape[1:]))


def _known(shape: Sequence[object]) -> list[int]:
    """The lengths of a shape. Raises NoSpelling where one has only a name."""
    for extent in shape:
        if isinstance(extent, Dim):
            raise NoSpelling(f"the shape {show_shape(tuple(shape))} is not known when the loop is written")  # type: ignore[arg-type]
    return [int(extent) for extent in shape]  # type: ignore[call-overload]
