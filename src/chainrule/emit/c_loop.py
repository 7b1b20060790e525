"""Many steps of a training in one C function: batches gathered, a step for each, what came out checked, old and new
values exchanged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.dims import Dim, show_shape
from .c import Argument, CSource
from .c_plan import NoSpelling
from .c_text import REALS, Real, runtime


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

    @property
    def values(self) -> tuple[Argument, ...]:
        """What a step gives besides the new values: the loss, alone or first."""
        return self.step.outputs[: len(self.step.outputs) - self.held]

    @property
    def batch(self) -> tuple[Argument, ...]:
        """The inputs that are no held values."""
        return self.step.inputs[self.held :]


def loop(step: CSource, held: int, checked: int, sampled: Sequence[int]) -> LoopSource:
    """The function that takes many steps of this one.

    Raises NoSpelling where a size besides the number of samples in a batch is open.
    """
    made = LoopSource("", f"{step.function}_loop", step, held, checked, tuple(sampled))
    rows = {made.batch[n].shape[0] for n in made.sampled}
    if {*step.dims} - rows or len(rows) != 1:
        others = [d.name for d in step.dims if d not in rows]
        raise NoSpelling(f"the length {(others or ['of a batch'])[0]} is not known when the loop is written")
    real = REALS[step.dtype]
    text = "\n".join([step.text, runtime("finite", real), _function(made, real)])
    return LoopSource(text, made.function, step, held, checked, made.sampled)


def _function(loop: LoopSource, real: Real) -> str:
    step, count = loop.step, len(loop.sampled)
    rows = {n: k for k, n in enumerate(loop.sampled)}
    given = [_typed(real, a, f"held[{n}]") for n, a in enumerate(step.inputs[: loop.held])]
    fixed = 0
    for n, argument in enumerate(loop.batch):
        if n in rows:
            given.append(_typed(real, argument, f"rows[{rows[n]}]"))
        else:
            given.append(_typed(real, argument, f"fixed[{fixed}]"))
            fixed += 1
    given += [f"({real.of(a.kind)} *)values[{n}]" for n, a in enumerate(loop.values)]
    given += [f"({real.of(a.kind)} *)fresh[{n}]" for n, a in enumerate(step.outputs[len(loop.values) :])]
    dims = ["batch"] * len(step.dims)
    sizes = [_row_bytes(loop.batch[n], real) for n in loop.sampled]
    checks = [
        f"finite_{real.ctype}((const {real.ctype} *)fresh[{n}], {math.prod(_known(a.shape))})"
        for n, a in enumerate(step.outputs[len(loop.values) :][: loop.checked])
    ]
    test = " || ".join([f"!finite_{real.ctype}(loss, 1)", *(f"!{check}" for check in checks)])
    unused = "" if fixed else "\n    (void)fixed;"
    gather = "\n".join(
        f"            memcpy((char *)rows[{k}] + i * {size}, (const char *)data[{k}] + order[i] * {size}, {size});"
        for k, size in enumerate(sizes)
    )
    near = "\n".join(
        f"            rows[{k}] = (char *)(uintptr_t)data[{k}] + first * {size};" for k, size in enumerate(sizes)
    )
    call = ",\n            ".join([*dims, *given, "workspace"])
    return _TEXT.format(
        function=loop.function, step=step.function, call=call, gather=gather, near=near, test=test, count=count,
        held=loop.held, real=real.ctype, unused=unused,
    )  # fmt: skip


_TEXT = """\
#include <string.h>

/* Takes steps of {step} until all are taken or one goes wrong, and counts them in done; losses has the loss of each.
 * A batch are the samples of data that order names, so many at a time; or, without order, those from first on.
 * What a step makes of held is in fresh; the two are exchanged after every step, so that after an odd number of them
 * what is held lies where fresh was. rows has room for a batch of each array of data, values for what else a step
 * gives. A step that is not finite leaves what was held as it is. */
int {function}(
    ptrdiff_t steps, ptrdiff_t batch, ptrdiff_t first, const int64_t *restrict order, void **held, void **fresh,
    const void *const *data, void **room, void *const *fixed, void *const *values, double *restrict losses,
    ptrdiff_t *restrict done, void *restrict workspace)
{{
    void *rows[{count}];
    const {real} *const loss = values[0];{unused}
    for (*done = 0; *done < steps; ++*done) {{
        if (order) {{
            memcpy(rows, room, sizeof rows);
            for (ptrdiff_t i = 0; i < batch; i++) {{
{gather}
            }}
            order += batch;
        }} else {{
{near}
            first += batch;
        }}
        const int code = {step}(
            {call});
        if (code) return code;
        losses[*done] = (double)*loss;
        if ({test}) return -1;
        void **const old = held;
        held = fresh;
        fresh = old;
    }}
    return 0;
}}
"""


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
