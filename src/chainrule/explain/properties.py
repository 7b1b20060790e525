"""Values that have the properties which were declared of an argument, made of values that were drawn without them."""

from __future__ import annotations

import numpy as np

from ..ir.node import Input


def with_properties(node: Input, values: np.ndarray) -> np.ndarray:
    """The values of an input as what was declared of it: symmetric, positive, simplex.

    Simplexes of whole numbers have a single one; where symmetric ones are asked for, row i is row 0, i places on.
    """
    declared = node.properties
    if declared & {"positive", "simplex"}:
        values = np.abs(values)
    if "positive" in declared and values.dtype.kind != "f":
        values = np.maximum(values, 1)
    if "simplex" in declared:
        first = values[..., :1, :] if "symmetric" in declared else values
        if values.dtype.kind == "f":
            first = first / np.sum(first, axis=-1, keepdims=True)
        else:
            first = (np.arange(values.shape[-1]) == np.argmax(first, axis=-1)[..., None]).astype(values.dtype)
        values = _turned(first) if "symmetric" in declared else first
    elif "symmetric" in declared:
        values = np.triu(values) + np.swapaxes(np.triu(values, 1), -1, -2)
    return values


def rounded(node: Input, values: np.ndarray, digits: int = 1) -> np.ndarray:
    """Values that have the declared properties, with a few decimals; a simplex's last digits go to its largest entry.

    Where a simplex has too many entries for that, its values stay as they are.
    """
    if values.dtype.kind != "f":
        return values
    short = np.round(values, digits)
    if "simplex" not in node.properties:
        return np.asarray(short)
    first = short[..., :1, :] if "symmetric" in node.properties else short
    largest = np.argmax(first, axis=-1)[..., None]
    rest = 1 - np.sum(first, axis=-1, keepdims=True)
    np.put_along_axis(first, largest, np.round(np.take_along_axis(first, largest, -1) + rest, digits), -1)
    if np.any(first < 0):
        return values
    return _turned(first) if "symmetric" in node.properties else first


def _turned(row: np.ndarray) -> np.ndarray:
    """The square arrays whose entries are those of a single row, (…, 1, n), at place i + j modulo n: symmetric."""
    n = row.shape[-1]
    places = (np.arange(n)[:, None] + np.arange(n)) % n
    return row[..., 0, :][..., places]
