"""Layers that are a line or two: dense, and the activation of a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...ir import registry
from ...ir.errors import ArgumentError
from ...ir.records import Elementwise
from ...ir.registry import function
from ...ops.linear import matmul
from ..arguments import closest

__all__ = ["activation", "dense"]


@function()
def dense(x: Any, W: Any, b: Any) -> Any:
    """A dense layer before its activation, xW + b. x: (…, n), W: (n, m), b: (m,) → (…, m)."""
    return matmul(x, W) + b


def activation(name: str) -> Callable[[Any], Any]:
    """The scalar operation of this name (``relu``, ``tanh``, ``sigmoid``, …), or ``identity``.

    Every operation of one operand is known, those that users register too. Raises ArgumentError, with the nearest
    name, for any other.
    """
    if name == "identity":
        return lambda x: x
    known = {r.name: r for r in registry.records() if isinstance(r, Elementwise) and _bends(r)}
    if name not in known:
        raise ArgumentError(f"there is no activation {name!r}{closest(name, [*known, 'identity'])}")
    return known[name]


def _bends(record: Elementwise) -> bool:
    """Whether an operation takes and gives one float."""
    return record.arity == 1 and record.result != "bool" and not record.converts
