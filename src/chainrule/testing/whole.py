"""What is checked of an operation on whole arrays, at each of its record's cases and special values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..ir.graph import toposort
from ..ir.node import Call
from ..ir.whole import Whole
from . import arrays
from .compare import close, require
from .traced import Traced


def has_slopes(op: Whole) -> bool:
    """Whether a derivative flows through it."""
    return op.backward is not None


def takes_floats(op: Whole) -> bool:
    """Whether it works on floats (and not on the key of a random number, which is no batch of anything)."""
    return any(v.dtype.kind == "f" for _, values in at_cases(op) for v in values)


def at_cases(op: Whole, special: bool = False) -> Iterator[tuple[Callable[..., Any], list[Any]]]:
    """The cases, and the special values where they are asked for too."""
    told = [*op.cases(), *(op.special() if special else ())]
    for f, values in told:
        yield f, list(map(np.asarray, values))


def value(op: Whole, oracle: Any = None) -> None:
    """The value is the oracle's, at special values too, in both precisions."""
    f = oracle or op.oracle
    for use, values in at_cases(op, special=True):
        for dtype, tolerance in ((np.float64, 1e-11), (np.float32, 2e-4)):
            typed = [v.astype(dtype) if v.dtype.kind == "f" else v for v in values]
            traced = Traced(use, typed)
            calls = [n for n in toposort([traced.output]) if isinstance(n, Call) and n.op is op]
            require(bool(calls), "a case does not use the operation")
            for call in calls:
                given = traced.evaluate([*call.args, call])
                _same(f, call, given[:-1], given[-1], tolerance)


def _same(f: Any, call: Call, operands: Sequence[Any], found: Any, tolerance: float) -> None:
    """One use of the operation beside the oracle of the same operands and settings."""
    if f is None:
        return
    wide = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in operands]
    with np.errstate(all="ignore"):
        wanted = np.asarray(f(*wide, **call.settings))
    size = np.max(np.abs(wanted), initial=1, where=np.isfinite(wanted)) if wanted.dtype.kind == "f" else 0
    what = f"the value for shapes {', '.join(str(v.shape) for v in operands)}"
    close(found, wanted, what, rtol=tolerance, atol=tolerance * size)


def directional(op: Whole, oracle: Any = None) -> None:
    """The slope along a random direction is that of differences, at both orders, in both modes."""
    for f, values in at_cases(op):
        arrays.directional(f, values)


def forward_is_reverse(op: Whole, oracle: Any = None) -> None:
    """Forward mode, reverse mode and the symbolic Jacobian are one linear map."""
    for f, values in at_cases(op):
        arrays.both_modes(f, values, 1e-10)


def second_order(op: Whole, oracle: Any = None) -> None:
    """Second derivatives by both modes are the same, and the symbolic Hessian is symmetric and the same."""
    for f, values in at_cases(op):
        arrays.second_order(f, values, 1e-9)
        arrays.symbolic_hessian(f, values, 1e-9)


def batches(op: Whole, oracle: Any = None) -> None:
    """A batch in front is worked out one by one, in value and in both directions, where the operation takes one."""
    for f, values in at_cases(op):
        stacked = [np.stack([v, v * 1.25 if v.dtype.kind == "f" else v]) for v in values]
        traced = [Traced(f, [v[n] for v in stacked]) for n in (0, 1)]
        together = _batched(op, traced[0], stacked)
        if together is None:
            continue
        g = np.random.default_rng(14).normal(size=together.output.shape)
        rows = [t.value() for t in traced]
        close(together.value(), np.stack(rows), "the value of a batch", rtol=1e-10, atol=1e-12)
        if not has_slopes(op):
            continue
        for n, found in enumerate(together.pull(g)):
            wanted = np.stack([t.pull(g[k])[n] for k, t in enumerate(traced)])
            close(found, wanted, "the gradient of a batch", rtol=1e-9, atol=1e-11)


def _batched(op: Whole, one: Traced, stacked: Sequence[Any]) -> Traced | None:
    """The operation itself on a batch, where a case is that operation of its arguments and nothing else."""
    call = one.output
    if not (isinstance(call, Call) and call.op is op) or len(call.args) != len(one.inputs):
        return None
    if any(a is not b for a, b in zip(call.args, one.inputs, strict=True)):
        return None
    return Traced(lambda *x: op.of(*x, **call.settings), stacked)


def special_values(op: Whole, oracle: Any = None) -> None:
    """At special values (ties, zeros, empty arrays) both modes agree, in both precisions."""
    for f, values in op.special():
        for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 1e-3)):
            arrays.both_modes(
                f, [v.astype(dtype) if v.dtype.kind == "f" else v for v in map(np.asarray, values)], tolerance
            )


def single_precision(op: Whole, oracle: Any = None) -> None:
    """float32 comes out of float32, in both modes, and is near the float64."""
    for f, values in at_cases(op):
        arrays.single_precision(f, values, 2e-4)


def views(op: Whole, oracle: Any = None) -> None:
    """A strided view of an array is as good as the array."""
    for f, values in at_cases(op):
        arrays.views(f, values)


def printed_numpy(op: Whole, oracle: Any = None) -> None:
    """The NumPy that is printed for it, and for its slopes, gives what the record means."""
    for f, values in at_cases(op, special=True):
        arrays.printed(f, values, 1e-10)


def wrong_inputs(op: Whole, oracle: Any = None) -> None:
    """What does not fit is refused, with words that say why."""
    arrays.refusals(op.errors())
