"""Derivatives by differences in extended precision, which know nothing of the records: an independent witness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.dims import Sizes
from ..ir.graph import substitute, toposort
from ..ir.node import D, Input, Map, Node
from ..ir.telling import Step
from ..ops.symbol import smooth_stand_in
from ..run.interpret import interpret
from .magnitude import magnitudes

STEP = np.longdouble(1e-6)
TOLERANCE = 1e-6
"""The greatest relative error of a central difference with this step in extended precision."""
_ROUNDING = 1e-5
"""A slope is compared relative to this part of the function's value at least: below lies what rounding makes of it."""

Values = Mapping[str, np.ndarray]


def run(nodes: Sequence[Node], values: Values, sizes: Sizes, seed: int, dtype: Any) -> list[Any]:
    """What the nodes are; a random smooth function, with its exact slopes, stands for each unknown one."""
    return interpret(nodes, values, dtype=dtype, sizes=sizes, stand_in=lambda record: smooth_stand_in(record, seed))


class Moved:
    """A function of ``w`` around a point; what is held constant stays what it is there, so does what is stopped."""

    def __init__(self, f: Node, w: Node, held: Sequence[Node], values: Values, sizes: Sizes, seed: int) -> None:
        self.values = {n: v.astype(np.longdouble) if v.dtype.kind == "f" else v for n, v in values.items()}
        self.sizes, self.seed = sizes, seed
        stopped = [n for n in toposort([f]) if isinstance(n, Map) and n.op.name == "stop_gradient" and n is not w]
        constant = [node for node in (*held, *stopped) if node is not w]
        stands_for = {node: Input.of(f"held.{k}", node.shape, node.kind) for k, node in enumerate(constant)}
        self.moving = Input.of("differences.by", w.shape)
        self.at, *kept = self._run([w, *constant])
        self.values |= {stands_for[node].name: value for node, value in zip(constant, kept, strict=True)}
        (self.opened,) = substitute([f], {**stands_for, w: self.moving})

    def _run(self, nodes: Sequence[Node]) -> list[Any]:
        return run(nodes, self.values, self.sizes, self.seed, np.longdouble)

    def slope(self, direction: np.ndarray) -> tuple[Any, float]:
        """The slope in a direction by a central difference, and how large the function is there."""
        up, down = (
            run([self.opened], {**self.values, self.moving.name: self.at + offset * direction}, self.sizes, self.seed,
                np.longdouble)[0]
            for offset in (STEP, -STEP)
        )  # fmt: skip
        return (up - down) / (2 * STEP), float(np.max(np.abs(up), initial=0))


def deviation_of(loss: Node, wrt: Node, closed: Node, values: Values, sizes: Sizes, seed: int) -> float:
    """How far a closed form is from the slope of the function along a random direction, relatively."""
    moved = Moved(loss, wrt, (), values, sizes, seed)
    (gradient,) = run([closed], moved.values, sizes, seed, np.longdouble)
    direction = np.random.default_rng(seed).normal(size=moved.at.shape).astype(np.longdouble)
    slope, size = moved.slope(direction)
    terms = gradient * direction
    error = float(abs(slope - np.sum(terms)))
    scale = max(float(np.sum(np.abs(terms))), _ROUNDING * size, 1e-300)
    if error > TOLERANCE * scale:
        # The function, or its slope, may be a sum of terms that cancel.
        of_loss, of_closed = magnitudes([loss, closed], values, sizes, seed)
        larger = max(scale, _ROUNDING * of_loss, of_closed * float(np.max(np.abs(direction), initial=0)))
        if error <= TOLERANCE * larger:
            return error / larger
    return error / scale


def first_wrong(steps: Sequence[Step], values: Values, sizes: Sizes, seed: int) -> Step | None:
    """The first step whose sides differ when derivatives are worked out by differences instead of from the records."""
    wide: dict[str, np.ndarray] = dict(values)
    stands_for: dict[Node, Node] = {}
    for node in toposort([side for step in steps for side in (step.before, step.after)]):
        if isinstance(node, D):
            placeholder = Input.of(f"derivative.{len(stands_for)}", node.shape)
            stands_for[node] = placeholder
            wide[placeholder.name] = _entry_by_entry(node, values, sizes, seed)
    for step in steps:
        sides = substitute([step.before, step.after], stands_for)
        before, after = (np.asarray(v) for v in run(sides, wide, sizes, seed, np.longdouble))
        scale = max(float(np.max(np.abs(before), initial=0)), float(np.max(np.abs(after), initial=0)), 1e-300)
        if not float(np.max(np.abs(before - after), initial=0)) < TOLERANCE * scale:
            return step
    return None


def _entry_by_entry(d: D, values: Values, sizes: Sizes, seed: int) -> np.ndarray:
    """∂f/∂w by central differences, entry by entry of w; f's axes come first."""
    f, w, *held = d.args
    moved = Moved(f, w, held, values, sizes, seed)
    units = np.eye(moved.at.size, dtype=np.longdouble)
    columns = [moved.slope(unit.reshape(moved.at.shape))[0] for unit in units]
    result = np.stack(columns, axis=-1) if columns else np.zeros((*sizes.of(f.shape), 0))
    return result.reshape(sizes.of(d.shape))
