"""A program evaluated on absolute values: what the rounding of its results is to be compared with.

Where terms cancel, two right programs differ by rounding alone, which is small beside the terms and not beside the
result. So every number of a program, be it an argument or a value on the way, is taken to be off by one part of
itself, and to first order an operation hands this on by its slopes:

    magnitude(y) = max(|y|, Σ |∂y/∂xᵢ| magnitude(xᵢ)),

which for a sum is the sum of the magnitudes, for a sum of products that of the products of absolute values, and for a
function that is steep how far it moves where its operand moves by one part of itself (its condition number times its
value). Entries that only change their place take their magnitude along. This is the componentwise condition of
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 1.6, node by node; the slopes are those of
the records, so the magnitudes of a graph are a graph again, which the interpreter works out in double precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.derive.local import reduction_slope, slopes
from chainrule.ir.build import cast
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Einsum, Input, Map, Node, Reduce
from chainrule.ir.registry import call
from chainrule.run.interpret import bind, interpret
from tests.compiled import TOLERANCE


def magnitudes(outputs: Sequence[Node]) -> list[Node]:
    """For each output, a float, the graph of its magnitude, of the same shape."""
    found: dict[Node, Node] = {}
    for node in toposort(outputs):
        if node.kind == "float" and not _is_exact(node, found):
            found[node] = _magnitude(node, found)
    return [found.get(o, o) for o in outputs]


def _is_exact(node: Node, found: Mapping[Node, Node]) -> bool:
    """Whether a float is a constant of the program, or one that only changed its place."""
    moves = isinstance(node, Input) or (isinstance(node, (Map, Reduce)) or (isinstance(node, Einsum) and node.summed))
    return not moves and not any(arg in found for arg in node.args)


def _magnitude(node: Node, found: Mapping[Node, Node]) -> Node:
    """The magnitude of one float, where those of its operands are known; an operand that is exact has none."""
    match node:
        case Input():
            return _size(node)
        case Map():
            needed = tuple(arg in found for arg in node.args)
            pairs = zip(slopes(node, needed), node.args, strict=True)
            return _at_least(node, [_moved(slope, found[arg]) for slope, arg in pairs if slope is not None])
        case Reduce():
            moved = [_moved(reduction_slope(node), found[x]) for x in node.args if x in found]
            return _at_least(node, [call("sum", m, axis=node.axes) for m in moved])
        case Einsum():
            sizes = [_size(arg) for arg in node.args]
            moving = [k for k, arg in enumerate(node.args) if arg in found]
            terms = [node.with_args((*sizes[:k], found[node.args[k]], *sizes[k + 1 :])) for k in moving]
            return _total(terms or [node.with_args(tuple(sizes))])
        case _:
            return node.with_args(tuple(found.get(arg, arg) for arg in node.args))


def _size(node: Node) -> Node:
    return call("abs", cast(node, "float"))  # type: ignore[no-any-return]


def _moved(slope: Node, magnitude: Node) -> Node:
    """How far a result moves: not at all where its operand does not, however steep it is there, or where it is flat,
    whatever its operand is there.
    """
    still = call("logical_or", call("equal", magnitude, 0.0), call("equal", _size(slope), 0.0))
    return call("where", still, 0.0, _size(slope) * magnitude)  # type: ignore[no-any-return]


def _at_least(node: Node, moved: list[Node]) -> Node:
    """The rounding of the result itself is at least one part of it."""
    return call("maximum", _size(node), _total(moved)) if moved else _size(node)  # type: ignore[no-any-return]


def _total(terms: list[Node]) -> Node:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def allowed(graph: Graph, values: Mapping[str, Any], dtype: str) -> list[Any]:
    """By how much each entry of the results may differ in a precision: so much of its magnitude."""
    exact = {name: value.astype("float64") if value.dtype.kind == "f" else value for name, value in values.items()}
    found = interpret(magnitudes(graph.outputs), exact, dtype="float64", sizes=bind(graph.inputs, exact))
    return [TOLERANCE[dtype] * magnitude for magnitude in found]


def excess(got: Sequence[Any], want: Sequence[Any], most: Sequence[Any]) -> float:
    """By how much results differ at most, as a part of what is allowed; infinity where one is not finite."""
    worst = 0.0
    for one, other, bound in zip(got, want, most, strict=True):
        assert np.shape(one) == np.shape(other)
        with np.errstate(all="ignore"):
            same = (one == other) | (np.isnan(one) & np.isnan(other))
            part = np.where(same, 0.0, np.abs(np.subtract(one, other, dtype=np.float64)) / bound)
        worst = max(worst, float(np.max(np.where(np.isnan(part), np.inf, part), initial=0.0)))
    return worst
