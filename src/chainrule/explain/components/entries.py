"""What an entry of an array is made of, in index notation: its factors, its terms, the array that it is an entry of."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...ir.dims import Dim, Shape
from ...ir.node import Const, Einsum, Map, Node, Reshape, Size
from .indexed import MINUS, ONE, Allocator, Coefficient, Factor, Term


@dataclass(frozen=True, eq=False)
class Entries:
    """Looks into nodes, down to those that have a name."""

    allocator: Allocator
    names: Container[Node]

    def plain(self, node: Node, subs: Sequence[int]) -> tuple[Node, tuple[int, ...]]:
        """The array that an entry is of, and where it stands there: transposes and broadcasts only rename indices."""
        while node not in self.names:
            inner = self.moved(node, subs)
            if inner is None:
                break
            node, subs = inner
        return node, tuple(subs)

    def moved(self, node: Node, subs: Sequence[int]) -> tuple[Node, tuple[int, ...]] | None:
        """The operand of a layout, or of a reshape for which only axes of length one come or go, and its indices."""
        if isinstance(node, Einsum) and node.is_layout:
            return node.args[0], tuple(subs[i] for i in node.subs[0])
        if isinstance(node, Einsum) and len(node.args) == 1 and all(node.extents[i] == 1 for i in node.summed):
            place = (*subs, *self.allocator.fresh(*(1 for _ in node.summed)))
            return node.args[0], tuple(place[i] for i in node.subs[0])
        if isinstance(node, Reshape) and without_ones(node.shape) == without_ones(node.args[0].shape):
            kept = iter(i for i, extent in zip(subs, node.shape, strict=True) if extent != 1)
            return node.args[0], tuple(
                self.allocator.fresh(1)[0] if extent == 1 else next(kept) for extent in node.args[0].shape
            )
        return None

    def product(self, root: Node, subs: Sequence[int]) -> Term:
        """The entry as a number times factors; the root is looked into though it has a name."""
        coefficient, factors = ONE, []
        stack: list[tuple[Node, tuple[int, ...], bool]] = [(root, tuple(subs), False)]
        while stack:
            node, at, under = stack.pop()
            number = as_coefficient(node)
            if number is not None and not (under and not number.number):
                coefficient = coefficient / number if under else coefficient * number
                continue
            below = None if node in self.names and node is not root else self._factors(node, at)
            if below is None:
                factors.append(Factor(node, at, under))
                continue
            if isinstance(node, Map) and node.op.name == "neg":
                coefficient = coefficient * MINUS
            divides = isinstance(node, Map) and node.op.name == "div"
            parts = [(arg, sub, under != (divides and k == 1)) for k, (arg, sub) in enumerate(below)]
            stack += reversed(parts)
        return Term(tuple(factors), coefficient)

    def _factors(self, node: Node, subs: tuple[int, ...]) -> list[tuple[Node, tuple[int, ...]]] | None:
        """The operands of a product, quotient or sign, or of what only moves entries; None for anything else."""
        if isinstance(node, Map) and node.op.name in ("mul", "div", "neg"):
            return [(arg, subs) for arg in node.args]
        if isinstance(node, Einsum) and not node.summed:
            return [(arg, tuple(subs[i] for i in sub)) for arg, sub in zip(node.args, node.subs, strict=True)]
        inner = self.moved(node, subs)
        return None if inner is None else [inner]

    def addends(self, root: Node, subs: Sequence[int]) -> list[tuple[bool, Node, tuple[int, ...]]]:
        """The terms of a sum or difference: is it subtracted, the array, the indices."""
        found: list[tuple[bool, Node, tuple[int, ...]]] = []
        stack: list[tuple[bool, Node, tuple[int, ...]]] = [(False, root, tuple(subs))]
        while stack:
            minus, node, at = stack.pop()
            if node is not root:
                node, at = self.plain(node, at)
            if (node is root or node not in self.names) and isinstance(node, Map) and node.op.name in ("add", "sub"):
                left, right = node.args
                stack += [(minus != (node.op.name == "sub"), right, at), (minus, left, at)]
            else:
                found.append((minus, node, at))
        return found


def as_coefficient(node: Node) -> Coefficient | None:
    """A finite number, or the size of a dimension, as a coefficient; None for anything else."""
    match node:
        case Const() if node.shape == () and node.kind != "bool" and abs(node.value) < float("inf"):
            return Coefficient(Fraction(node.value))
        case Size():
            return Coefficient.of(node.dim)
        case Map() if node.op.name == "to_float" and node.shape == () and node.args[0].kind == "int":
            return _whole(node.args[0])
    return None


def _whole(node: Node) -> Coefficient | None:
    """A product of sizes and whole numbers."""
    result, stack = ONE, [node]
    while stack:
        part = stack.pop()
        found = as_coefficient(part)
        if found is not None:
            result = result * found
        elif isinstance(part, Map) and part.op.name == "mul" and part.shape == ():
            stack += part.args
        else:
            return None
    return result


def without_ones(shape: Shape) -> Shape:
    """A shape without its axes of length one."""
    return tuple(extent for extent in shape if isinstance(extent, Dim) or extent != 1)
