"""Names for what a telling would write out again and again: u1, u2, …, with a legend."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ...derive.local import reduction_slope, slopes, takes_derivative
from ...ir.graph import toposort, use_counts
from ...ir.node import Const, Delta, Einsum, Input, Map, Node, Reduce, Reshape, Size

_LEAST, _MOST = 2, 12
"""How many operations make it worth a name where it is written twice (a Σ counts as two), and where it is once."""


def made_names(loss: Node, names: Mapping[Node, str], varying: Collection[Node]) -> dict[Node, str]:
    """Names for expressions without one: what several others use, what a slope repeats, what is very long.

    ``varying`` are the nodes that change with what is asked for; the others are never written twice.
    """
    order = toposort([loss])
    uses = use_counts([loss])
    repeated = _repeated(order, names, varying)
    taken = set(names.values()) | {node.name for node in order if isinstance(node, Input)}
    sizes: dict[Node, int] = {}
    made: dict[Node, str] = {}
    for node in order:
        own = 0 if _is_leaf(node) else _weight(node) + sum(sizes[arg] for arg in set(node.args))
        again = uses[node] > 1 or node in repeated
        wanted = own >= (_LEAST if again else _MOST) and not _is_layout(node)
        if wanted and node.kind == "float" and node in varying and node not in names and node is not loss:
            number = next(n for n in range(1, len(order) + 2) if f"u{n}" not in taken)
            made[node] = f"u{number}"
            taken.add(made[node])
        sizes[node] = 0 if node in names or node in made else own
    return made


def _repeated(order: Iterable[Node], names: Mapping[Node, str], varying: Collection[Node]) -> set[Node]:
    """The operands that stand in a slope once more: what is squared, divided by, multiplied with what varies too."""
    found: set[Node] = set()
    for node in order:
        if node not in varying or node.kind != "float" or not isinstance(node, (Map, Reduce, Einsum)):
            continue
        operands = [_inside(arg, names) for arg in node.args]
        moving = [arg for arg in operands if arg in varying]
        match node:
            case Map():
                needed = tuple(takes_derivative(node, i) and arg in varying for i, arg in enumerate(node.args))
                shown = _shown([s for s in slopes(node, needed) if s is not None], names)
                # A slope in terms of the output shows the operand too, until the output is put in.
                found.update(arg for arg in moving if arg in shown or (len(node.args) == 1 and node in shown))
            case Reduce():
                found.update(arg for arg in moving if arg in _shown([reduction_slope(node)], names))
            case Einsum() if len(moving) > 1:
                found.update(moving)
    return found


def _shown(slopes: Iterable[Node], names: Mapping[Node, str]) -> set[Node]:
    """What is written in a slope: down to what has a name."""
    found: set[Node] = set()
    stack = list(slopes)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += () if node in names else node.args
    return found


def _inside(node: Node, names: Mapping[Node, str]) -> Node:
    """The array that a transpose, a broadcast or axes of length one are put around."""
    while node not in names and _is_layout(node):
        node = node.args[0]
    return node


def _weight(node: Node) -> int:
    """How much a node adds to what is written: nothing where it only moves entries, twice as much for a Σ."""
    return 0 if _is_layout(node) else 2 if isinstance(node, Einsum) and node.summed else 1


def _is_layout(node: Node) -> bool:
    return isinstance(node, Reshape) or (isinstance(node, Einsum) and node.is_layout)


def _is_leaf(node: Node) -> bool:
    return isinstance(node, (Input, Const, Size, Delta)) or not node.args
