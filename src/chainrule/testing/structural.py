"""What is checked of one of the node kinds that move or sum numbers, at each of its record's cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..ir.records import Structural
from . import arrays
from .compare import close, require
from .traced import Traced


def draw(shapes: tuple[tuple[int, ...], ...], dtype: Any = np.float64) -> list[Any]:
    """Normal numbers of these shapes."""
    rng = np.random.default_rng(7)
    return [np.asarray(rng.normal(size=shape)).astype(dtype) for shape in shapes]


def at_cases(op: Structural) -> Iterator[tuple[Callable[..., Any], list[Any]]]:
    """Each case with arrays drawn."""
    for f, shapes in op.cases():
        yield f, draw(shapes)  # type: ignore[arg-type]


def value(op: Structural, oracle: Any = None) -> None:
    """The value is NumPy's, in both precisions."""
    for f, shapes in op.cases():
        for dtype in (np.float64, np.float32):
            values = draw(shapes, dtype)  # type: ignore[arg-type]
            found, wanted = Traced(f, values).value(), np.asarray(f(*values))
            require(found.dtype == dtype, f"the value is of {found.dtype}")
            close(found, wanted, "the value", rtol=1e-6 if dtype is np.float32 else 1e-14)


def integers(op: Structural, oracle: Any = None) -> None:
    """Whole numbers move alike."""
    for f, values in at_cases(op):
        whole = [np.arange(v.size).reshape(v.shape) - 2 for v in values]
        found = Traced(f, whole).value()
        require(found.dtype.kind == "i", f"integers come out as {found.dtype}")
        close(found, f(*whole), "the value of integers")


def jacobian(op: Structural, oracle: Any = None) -> None:
    """The symbolic Jacobian is an exact difference: the functions are linear in each argument, or quadratic."""
    for f, values in at_cases(op):
        for n, found in enumerate(Traced(f, values).jacobians()):
            close(found, _columns(f, values, n), f"the Jacobian in argument {n}", rtol=1e-12, atol=1e-13)


def _columns(f: Callable[..., Any], values: list[Any], n: int) -> Any:
    """Central differences with a step of a half each way, entry by entry of an argument."""
    output = np.shape(f(*values))
    result = np.zeros((*output, *values[n].shape))
    for entry in np.ndindex(values[n].shape):
        step = np.zeros(values[n].shape)
        step[entry] = 0.5
        there = [v + step if i == n else v for i, v in enumerate(values)]
        back = [v - step if i == n else v for i, v in enumerate(values)]
        result[(..., *entry)] = np.asarray(f(*there)) - np.asarray(f(*back))
    return result


def forward_is_reverse(op: Structural, oracle: Any = None) -> None:
    """Reverse mode is the transpose of forward mode, and both are the Jacobian."""
    for f, values in at_cases(op):
        arrays.both_modes(f, values)


def second_order(op: Structural, oracle: Any = None) -> None:
    """Second derivatives by both modes are the same."""
    for f, values in at_cases(op):
        arrays.second_order(f, values)


def views(op: Structural, oracle: Any = None) -> None:
    """A strided view of an array is as good as the array."""
    for f, values in at_cases(op):
        arrays.views(f, values)


def printed_numpy(op: Structural, oracle: Any = None) -> None:
    """The NumPy that is printed for it, and for its slopes, gives what the record means."""
    for f, values in at_cases(op):
        arrays.printed(f, values)


def wrong_inputs(op: Structural, oracle: Any = None) -> None:
    """What does not fit is refused, with words that say why."""
    arrays.refusals(op.errors())
