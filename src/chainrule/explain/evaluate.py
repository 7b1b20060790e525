"""Every equality that is shown can be evaluated: both sides at random points, derivatives by forward mode.

Forward mode knows nothing of the steps of a telling (those follow the rules one by one), and the last line is also
compared with differences of the function itself in extended precision, so the check is not circular.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..derive import jacobian
from ..ir.dims import Sizes, bind_sizes
from ..ir.graph import Graph, rebuild, substitute, toposort
from ..ir.node import D, Delta, Einsum, Gather, Input, Node, Scatter
from ..ir.telling import Step, Telling, all_steps
from ..simplify.rules.layout import compose
from . import differences
from .differences import run
from .magnitude import magnitudes
from .properties import with_properties

_POINTS = 3
TOLERANCE = 1e-9
"""The greatest relative deviation of the two sides of a line that is rounding, in float64."""


def without_derivatives(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with every D replaced by the Jacobian that forward mode makes of it."""

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        if isinstance(node, D):
            return _jacobian(args[0], args[1], args[2:])
        return node if all(a is b for a, b in zip(args, node.args, strict=True)) else node.with_args(args)

    return _without_identities(rebuild(nodes, make, {}))


def _without_identities(nodes: Sequence[Node]) -> list[Node]:
    """Products with ∂w/∂w as products with its Kronecker deltas: as an array it has as many entries as w, squared."""

    def make(node: Node, args: tuple[Node, ...]) -> Node:
        result = node if all(a is b for a, b in zip(args, node.args, strict=True)) else node.with_args(args)
        while isinstance(result, Einsum) and len(result.args) > 1:
            identities = [k for k, arg in enumerate(result.args) if _is_identity(arg)]
            if not identities:
                break
            result = compose(result, identities[0])
        return result

    return rebuild(nodes, make, {})


def _is_identity(node: Node) -> bool:
    return isinstance(node, Einsum) and len(node.args) > 1 and all(isinstance(arg, Delta) for arg in node.args)


def _jacobian(f: Node, w: Node, held: Sequence[Node]) -> Node:
    """∂f/∂w by forward mode, ``held`` kept constant."""
    if not held:
        return jacobian([f], w)[0]
    stands_for = {node: Input.of(f"held.{k}", node.shape, node.kind) for k, node in enumerate((w, *held))}
    (opened,) = substitute([f], stands_for)
    (result,) = substitute(jacobian([opened], stands_for[w]), {v: k for k, v in stands_for.items()})
    return result


def random_point(graph: Graph, seed: int, least: int = 2) -> tuple[dict[str, np.ndarray], Sizes]:
    """Values for the inputs: named dimensions pairwise distinct and above one, floats of both signs, small integers.

    No named dimension is shorter than ``least``. An index stays inside the axis it chooses from, and what was declared
    of an input holds.
    """
    rng = np.random.default_rng(seed)
    taken = {s for node in graph.inputs for s in node.shape if isinstance(s, int)}
    free = iter(n for n in range(least + seed % 3, 1000) if n not in taken)
    sizes = Sizes({dim: next(free) for dim in graph.dims()})
    limits = {
        node.args[1]: sizes.extent(node.args[0].shape[node.params[0]] if isinstance(node, Gather) else node.params[2])
        for node in graph.nodes()
        if isinstance(node, (Gather, Scatter))
    }
    values: dict[str, np.ndarray] = {}
    for node in graph.inputs:
        shape = sizes.of(node.shape)
        match node.kind:
            case "float":
                values[node.name] = rng.uniform(0.2, 1.8, shape) * rng.choice([-1.0, 1.0], shape)
            case "int":
                values[node.name] = rng.integers(0, limits.get(node, 2), shape)
            case "bool":
                values[node.name] = rng.integers(0, 2, shape).astype(bool)
        values[node.name] = with_properties(node, values[node.name])
    return values, sizes


def finite_point(
    graph: Graph, nodes: Sequence[Node], seed: int, least: int = 2
) -> tuple[dict[str, np.ndarray], Sizes]:  # fmt: skip
    """A point where everything is finite: drawn anew, with positive floats in the second half of the tries."""
    return _finite(graph, nodes, seed, least)[:2]


def _finite(
    graph: Graph, nodes: Sequence[Node], seed: int, least: int = 2
) -> tuple[dict[str, np.ndarray], Sizes, list[Any]]:
    """Such a point, and what the nodes are there."""
    for attempt in range(8):
        values, sizes = random_point(graph, seed + 1000 * attempt, least)
        if attempt >= 4:
            values = {n: np.abs(v) if v.dtype.kind == "f" else v for n, v in values.items()}
        results = run(nodes, values, sizes, seed, np.float64)
        if all(np.all(np.isfinite(result)) for result in results):
            return values, sizes, results
    raise ArithmeticError("no point was found where every line is finite")


def deviation(a: Any, b: Any) -> float:
    """The greatest difference of two arrays, relative to their greatest entry."""
    a, b = np.asarray(a), np.asarray(b)
    scale = max(float(np.max(np.abs(a), initial=0)), float(np.max(np.abs(b), initial=0)), 1e-300)
    return float(np.max(np.abs(a - b), initial=0)) / scale


def largest_deviation(told: Telling, points: int = _POINTS) -> tuple[float, Step | None]:
    """The largest relative deviation of the two sides of any step at random points, and the step it occurs in.

    Every number that is shown is worked out anew at the telling's point. The closed forms are compared with differences
    of the function too; where one deviates, so that a record's slope must be wrong, the step is the first that
    differences do not bear out.
    """
    steps = all_steps(told.steps)
    sides = without_derivatives([side for step in steps for side in (step.before, step.after)])
    worst, where = _shown_numbers(told), None
    for seed in range(points):
        every = [*sides, *told.closed.values(), told.loss]
        values, sizes, results = _finite(with_inputs_of(every, told.graph), every, seed)
        ends = len(sides)
        for step, before, after in zip(steps, results[:ends:2], results[1:ends:2], strict=True):
            found = deviation(before, after)
            if found > TOLERANCE and _is_rounding(step, before, after, values, sizes, seed):
                continue
            if found > worst or not np.isfinite(found):
                worst, where = found, step
        for wrt, closed in told.closed.items():
            by_differences = differences.deviation_of(told.loss, wrt, closed, values, sizes, seed)
            if not by_differences <= differences.TOLERANCE:
                wrong = differences.first_wrong(steps, values, sizes, seed)
                return by_differences, wrong or (steps[-1] if steps else None)
    return worst, where


def _is_rounding(step: Step, before: Any, after: Any, values: dict[str, np.ndarray], sizes: Sizes, seed: int) -> bool:
    """Whether the sides differ by no more than rounding does beside the largest term: terms may cancel each other."""
    largest = max(magnitudes(without_derivatives([step.before, step.after]), values, sizes, seed))
    return bool(np.max(np.abs(before - after), initial=0) <= TOLERANCE * largest)


def with_inputs_of(nodes: Sequence[Node], graph: Graph) -> Graph:
    """The graph with the inputs that only the lines of a telling have, such as the h of a difference quotient."""
    more = (node for node in toposort(nodes) if isinstance(node, Input))
    return Graph(tuple(dict.fromkeys((*graph.inputs, *more))), graph.outputs, graph.names)


def _shown_numbers(told: Telling) -> float:
    """The largest deviation of a number that is shown from what its node is at the telling's point."""
    if not told.values:
        return 0.0
    values = {name: np.asarray(value) for name, value in told.at.items()}
    inputs = {node.name: node.shape for node in told.graph.inputs}
    sizes = bind_sizes(inputs, {name: value.shape for name, value in values.items()})
    nodes = without_derivatives([value.node for value in told.values])
    results = run(nodes, values, sizes, 0, np.float64)
    return max(deviation(value.value, result) for value, result in zip(told.values, results, strict=True))
