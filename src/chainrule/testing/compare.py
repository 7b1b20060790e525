"""Two arrays compared; where they differ the message names the worst entry, and the operands that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def require(holds: bool, complaint: str) -> None:
    """Raises AssertionError with the complaint unless it holds. (An assert would be gone under ``python -O``.)"""
    if not holds:
        raise AssertionError(complaint)


def close(
    found: Any, wanted: Any, what: str, *, rtol: float = 0.0, atol: Any = 0.0, at: Sequence[Any] = ()
) -> None:  # fmt: skip
    """Raises AssertionError where ``found`` is not ``wanted`` within the tolerances, or has another shape.

    Infinities and NaN are equal to themselves. ``atol`` may be an array. ``at``: the operands, entry by entry.
    """
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        raise AssertionError(f"{what} has shape {found.shape}, not {wanted.shape}")
    if not found.size:
        return
    with np.errstate(all="ignore"):
        right = np.isclose(found, wanted, rtol=0, atol=rtol * np.abs(wanted) + np.asarray(atol), equal_nan=True)
        right |= found == wanted
        if np.all(right):
            return
        off = np.where(right, -1.0, np.abs(np.asarray(found - wanted, float)) / np.maximum(np.abs(wanted), 1e-300))
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(off), np.inf, off))), found.shape)
    text = f"{what} is {_shown(found[worst])}, and should be {_shown(wanted[worst])}{_where(at, worst, found.shape)}"
    wrong = int(np.sum(~right))
    if found.size > 1:
        text += f"; {wrong} of {found.size} entries are wrong" if wrong > 1 else f"; 1 of {found.size} entries is wrong"
    raise AssertionError(text)


def _shown(number: Any) -> str:
    """A number with as many digits as it takes to see a difference."""
    return f"{float(number):.15g}" if np.asarray(number).dtype.kind == "f" else str(number)


def _where(at: Sequence[Any], worst: tuple[Any, ...], shape: tuple[int, ...]) -> str:
    """The operands at an entry."""
    if not at:
        return f" at {[int(i) for i in worst]}" if worst else ""
    values = [_shown(np.broadcast_to(operand, shape)[worst]) for operand in at]
    return f" at {', '.join(values)}" if len(values) == 1 else f" at ({', '.join(values)})"
