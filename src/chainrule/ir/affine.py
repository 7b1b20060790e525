"""Constant indices that are evenly spaced along each of their axes: the places of the entries of windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .node import Const, Node


@dataclass(frozen=True)
class Affine:
    """The index at (p, i, …) is start + steps[0] p + steps[1] i + …; an axis of length one has the step 1."""

    start: int
    steps: tuple[int, ...]


def affine(indices: Node) -> Affine | None:
    """How a constant array of indices is made; None where it is not evenly spaced, or has fewer than two axes.

    A row of indices is read as it stands, and indices that count from the end are none of ours.
    """
    if not isinstance(indices, Const) or indices.kind != "int" or len(indices.shape) < 2:
        return None
    array = np.asarray(indices.value)
    if not array.size or array.min() < 0:
        return None
    start = int(array.flat[0])
    steps = tuple(int(array.take(1, axis).flat[0]) - start if n > 1 else 1 for axis, n in enumerate(array.shape))
    counted = sum(step * grid for step, grid in zip(steps, np.indices(array.shape, sparse=True), strict=True))
    return Affine(start, steps) if np.array_equal(array, np.broadcast_to(start + counted, array.shape)) else None
