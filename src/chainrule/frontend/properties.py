"""Properties that may be declared of an argument: what they ask of its shape, and of its values."""

from __future__ import annotations

import numpy as np

from ..ir.dims import Shape, show_shape
from ..ir.errors import ArgumentError, ShapeError
from ..ir.node import Kind

MEANINGS = {
    "symmetric": "the last two axes can be exchanged: A[i, j] = A[j, i]",
    "positive": "every entry is greater than 0",
    "simplex": "no entry is negative, and along the last axis they add up to 1",
}
"""What each property says of an array."""


def check_declared(name: str, shape: Shape, kind: Kind, properties: frozenset[str]) -> None:
    """Raise ShapeError where an array of this shape and kind of number cannot have the properties."""
    if properties and kind == "bool":
        raise ShapeError(f"{name} is made of truth values, which are not {' and not '.join(sorted(properties))}")
    if "symmetric" in properties and (len(shape) < 2 or shape[-1] != shape[-2]):
        axes = f"they are {shape[-2]} and {shape[-1]} long" if len(shape) > 1 else f"its shape is {show_shape(shape)}"
        raise ShapeError(f"{name} is declared symmetric, so its last two axes are equally long, but {axes}")
    if "simplex" in properties and not shape:
        raise ShapeError(f"{name} is declared simplex, so its last axis adds up to 1, but it is a single number")


def check_values(name: str, array: np.ndarray, properties: frozenset[str]) -> None:
    """Raise ArgumentError at the first place where an array has not a property that was declared of it.

    Equal is what agrees in half of the digits of the array's precision (√ε); whole numbers have to agree exactly.
    """
    tolerance = float(np.sqrt(np.finfo(array.dtype).eps)) if array.dtype.kind == "f" else 0.0
    if "symmetric" in properties:
        _check_symmetric(name, array, tolerance)
    if "positive" in properties:
        _refuse_first(name, array, "positive", ~(array > 0))
    if "simplex" in properties:
        _refuse_first(name, array, "simplex", ~(array >= 0))
        totals = np.sum(array, axis=-1)
        place = _first(~(np.abs(totals - 1) <= tolerance))
        if place is not None:
            row = f"{name}[{', '.join(map(str, place))}]" if place else name
            raise ArgumentError(f"{name} is declared simplex, but {row} adds up to {_number(totals[place])}, not to 1")


def _check_symmetric(name: str, array: np.ndarray, tolerance: float) -> None:
    if array.shape[-1] != array.shape[-2]:
        return  # that it has not the shape that was declared is said where shapes are compared
    mirrored = np.swapaxes(array, -1, -2)
    largest = float(np.max(np.abs(array), initial=0, where=np.isfinite(array)))
    with np.errstate(invalid="ignore"):
        # Equal infinities are equal, though their difference is no number.
        same = (array == mirrored) | (np.abs(np.subtract(array, mirrored, dtype=float)) <= tolerance * largest)
    place = _first(~same)
    if place is not None:
        other = (*place[:-2], place[-1], place[-2])
        both = f"{_entry(name, array, place)} and {_entry(name, array, other)}"
        raise ArgumentError(f"{name} is declared symmetric, but {both}")


def _refuse_first(name: str, array: np.ndarray, what: str, wrong: np.ndarray) -> None:
    place = _first(wrong)
    if place is not None:
        raise ArgumentError(f"{name} is declared {what}, but {_entry(name, array, place)}")


def _first(wrong: np.ndarray) -> tuple[int, ...] | None:
    """The indices of the first true entry, or None."""
    wrong = np.asarray(wrong)
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if np.any(wrong) else None


def _entry(name: str, array: np.ndarray, place: tuple[int, ...]) -> str:
    where = f"[{', '.join(map(str, place))}]" if place else ""
    return f"{name}{where} = {_number(array[place])}"


def _number(value: float) -> str:
    return str(np.asarray(value).item())
