"""Derivatives for the telling of scalar calculus: with other quantities held fixed, of any order, simplified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...derive import reverse
from ...ir.build import broadcast, constant
from ...ir.graph import Graph, depends_on, substitute, toposort
from ...ir.node import D, Einsum, Input, Map, Node
from ...simplify import TELL, rewrite, simplify


def slope(f: Node, w: Node, held: Sequence[Node] = ()) -> Node:
    """∂f/∂w of a number f, worked out and simplified; the ``held`` nodes are kept constant."""
    cut = {node: Input.of(f"held.{k}", node.shape, node.kind) for k, node in enumerate((w, *held))}
    (opened,) = substitute([f], cut)
    moving = cut[w]
    if opened not in depends_on([opened], [moving]):
        return broadcast(constant(0, "float"), w.shape)
    found = reverse({opened: constant(1, "float")}, [moving]).get(moving)
    (closed,) = substitute([tidied(found)], {inside: node for node, inside in cut.items()})
    return closed


def tidied(node: Node) -> Node:
    """The form a person would write."""
    inputs = tuple(n for n in toposort([node]) if isinstance(n, Input))
    (simple,) = simplify(Graph(inputs, (node,), {})).outputs
    return rewrite([simple], TELL)[simple]


def powers(f: Node, x: Node, most: int = 6) -> list[Node] | None:
    """f, f′, f″/2, f‴/6, … by x, up to the last that is not zero, where f is a polynomial of at most this degree.

    These are the coefficients of f(x + h) in powers of h (Taylor's formula, exact for polynomials).
    """
    found, factorial, current = [f], 1, f
    for order in range(1, most + 2):
        current = slope(current, x)
        if is_zero(current):
            return found
        factorial *= order
        found.append(tidied(current / factorial))
    return None


def is_zero(node: Node) -> bool:
    """Whether it is zero everywhere, and says so."""
    inner = node.args[0] if isinstance(node, Einsum) and node.is_layout else node
    return not inner.args and getattr(inner, "value", None) == 0


def nearest(f: Node, names: Mapping[Node, str], varying: set[Node]) -> list[Node]:
    """The named intermediates that f is made of directly, and that vary, in the order of their making.

    An input that f is made of directly, beside them, counts as one.
    """
    found: list[Node] = []
    stack, seen = list(f.args), set()
    while stack:
        node = stack.pop()
        if node in seen or node not in varying:
            continue
        seen.add(node)
        if node in names or isinstance(node, Input):
            found.append(node)
        else:
            stack.extend(node.args)
    order = {node: k for k, node in enumerate(toposort([f]))}
    return sorted(found, key=order.__getitem__)


def partial(f: Node, w: Node, held: Sequence[Node] = ()) -> Node:
    """∂f/∂w as it is written, not worked out; ``held`` nodes are kept constant."""
    return D.make((f, w, *held), ())


def total(terms: Sequence[Node]) -> Node:
    """Terms added from the left."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def is_number(node: Node) -> bool:
    """Whether it is a single number."""
    return node.shape == ()


def opened(node: Node) -> frozenset[Node]:
    """The node alone, to be shown as what it stands for."""
    return frozenset([node])


def is_sum(node: Node) -> bool:
    """Whether several terms stand beside each other, which a bracket holds together."""
    return isinstance(node, Map) and node.op.name in ("add", "sub")
