"""What records take from outside NumPy: SciPy's functions, functions given as text, and mpmath as an oracle."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

__all__: list[str] = []

SPECIAL = "from scipy import special"
"""The line that a printed program needs for SciPy's special functions."""


def of_scipy(name: str) -> Callable[..., Any]:
    """A function of scipy.special, which is imported when it is first called.

    It knows no extended precision: such numbers are worked out in double precision.
    """

    def function(*operands: Any) -> Any:
        found = getattr(importlib.import_module("scipy.special"), name)
        if all(np.asarray(v).dtype != np.longdouble for v in operands):
            return found(*operands)
        return np.asarray(found(*(np.asarray(v, np.float64) for v in operands)), np.longdouble)

    return function


def from_text(definition: str) -> Callable[..., Any]:
    """The function that a record's ``definition`` defines: what is printed is then what the record means."""
    scope: dict[str, Any] = {"np": np}
    exec(definition, scope)
    found: Callable[..., Any] = next(v for name, v in scope.items() if name not in ("np", "__builtins__"))
    return found


def mp(name: str, *operands: Any) -> Any:
    """A function of mpmath, which only the tests have."""
    import mpmath

    return getattr(mpmath, name)(*operands)
