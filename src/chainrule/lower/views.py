"""How an array that is read through transposes, broadcasts, slices and windows lies in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..ir.affine import window_steps
from ..ir.build import scalar_value
from ..ir.dims import Shape
from ..ir.node import Einsum, Gather, Node, Reshape, Slice

Form = tuple[int, Mapping[int, int]]
"""A linear form in a node's indices: a number, and a factor for each axis that takes part."""


@dataclass(frozen=True)
class View:
    """Entry (i₀, i₁, …) of a node is that of the array ``base``, seen under ``shape``, at the places ``at``."""

    base: Node
    shape: Shape
    at: tuple[Form, ...]

    def factor(self, place: int, axis: int) -> int:
        """How far the array's index ``place`` goes on with one more step along the node's axis."""
        return self.at[place][1].get(axis, 0)

    def runs_along(self, axis: int) -> bool:
        """Whether neighbours along this axis of the node are neighbours in memory."""
        longer = [p for p, extent in enumerate(self.shape) if extent != 1]
        return bool(longer) and all(self.factor(p, axis) == (p == longer[-1]) for p in longer)


def view(node: Node, stored: Callable[[Node], bool]) -> View | None:
    """How a node lies in an array that is stored; None where its entries are made when they are read."""
    at: list[Form] = [(0, {axis: 1}) for axis in range(len(node.shape))]
    while not stored(node):
        if scalar_value(node) is not None:
            return None
        match node:
            case Einsum() if node.is_layout:
                at = [at[i] for i in node.subs[0]]
            case Slice():
                specs = zip(at, node.params[0], strict=True)
                at = [form if spec is None else _placed(form, spec[0], spec[2]) for form, spec in specs]
            case Gather() if (steps := window_steps(node)) is not None:
                axis = node.params[0]
                window = _sum(_placed(at[axis], 0, steps[0]), _placed(at[axis + 1], 0, steps[1]))
                at = [*at[:axis], window, *at[axis + 2 :]]
            case Reshape():
                return _reshaped(node, tuple(at), stored)
            case _:
                return None
        node = node.args[0]
    return View(node, node.shape, tuple(at))


def _reshaped(node: Node, at: tuple[Form, ...], stored: Callable[[Node], bool]) -> View | None:
    """The array below a chain of reshapes, which is read in row-major order.

    What a reshape reads is always an array, whether it is worked out or only laid out anew, but for a single number.
    """
    shape = node.shape
    while isinstance(node, Reshape):
        node = node.args[0]
    return View(node, shape, at) if stored(node) or scalar_value(node) is None else None


def _placed(form: Form, first: int, step: int) -> Form:
    number, factors = form
    return first + step * number, {axis: step * factor for axis, factor in factors.items()}


def _sum(a: Form, b: Form) -> Form:
    axes = dict.fromkeys((*a[1], *b[1]))
    return a[0] + b[0], {axis: a[1].get(axis, 0) + b[1].get(axis, 0) for axis in axes}
