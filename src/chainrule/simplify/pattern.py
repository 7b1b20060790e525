"""The pattern language: a rule's two sides are written as algebra, ``x * 1`` → ``x``.

A variable (`any_`) stands for any expression, `scalar` for one number spread over an array, a plain number for itself.
Operators and functions build patterns as they build graphs. Numbers are seen through broadcasts, and the operands of a
commutative operation match in either order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..ir.build import as_node, broadcast, cast, scalar_value
from ..ir.node import Einsum, Map, Node
from ..ir.registry import call, record

Then: TypeAlias = Callable[[], bool]


def nothing_more() -> bool:
    """What is left to match after the last part: it fits."""
    return True


class Bindings(dict[str, Node]):
    """What the variables stand for, and the operations that were matched below the top (``inner``)."""

    def __init__(self) -> None:
        super().__init__()
        self.inner: list[Node] = []


class Pattern(ABC):
    """A shape that an expression may have."""

    def __add__(self, other: Any) -> App:
        return App("add", (self, lift(other)))

    def __radd__(self, other: Any) -> App:
        return App("add", (lift(other), self))

    def __sub__(self, other: Any) -> App:
        return App("sub", (self, lift(other)))

    def __rsub__(self, other: Any) -> App:
        return App("sub", (lift(other), self))

    def __mul__(self, other: Any) -> App:
        return App("mul", (self, lift(other)))

    def __rmul__(self, other: Any) -> App:
        return App("mul", (lift(other), self))

    def __truediv__(self, other: Any) -> App:
        return App("div", (self, lift(other)))

    def __rtruediv__(self, other: Any) -> App:
        return App("div", (lift(other), self))

    def __pow__(self, other: Any) -> App:
        return App("pow", (self, lift(other)))

    def __neg__(self) -> App:
        return App("neg", (self,))

    def __invert__(self) -> App:
        return App("logical_not", (self,))

    @abstractmethod
    def match(self, node: Node, bound: Bindings, then: Then = nothing_more) -> bool:
        """Whether the node has this shape, and what is left to match (``then``) fits too; fills in the variables.

        Where it does not, everything is as it was: so each order of a commutative operation is tried in earnest.
        """

    @abstractmethod
    def build(self, bound: Mapping[str, Node]) -> Any:
        """The expression of this shape with the variables filled in (a plain number stays one)."""


@dataclass(frozen=True, eq=False)
class Variable(Pattern):
    """Any expression; the same one wherever the name stands again."""

    name: str
    accepts: Callable[[Node], Node | None] = lambda node: node

    def match(self, node: Node, bound: Bindings, then: Then = nothing_more) -> bool:
        found = self.accepts(node)
        if found is None:
            return False
        known = bound.get(self.name)
        if known is not None:
            return known is found and then()
        bound[self.name] = found
        if then():
            return True
        del bound[self.name]
        return False

    def build(self, bound: Mapping[str, Node]) -> Any:
        return bound[self.name]


@dataclass(frozen=True, eq=False)
class Number(Pattern):
    """One number, everywhere."""

    value: float

    def match(self, node: Node, bound: Bindings, then: Then = nothing_more) -> bool:
        return node.kind != "bool" and scalar_value(node) == self.value and then()

    def build(self, bound: Mapping[str, Node]) -> Any:
        return self.value


@dataclass(frozen=True, eq=False)
class App(Pattern):
    """An operation of operands with these shapes."""

    op: str
    args: tuple[Pattern, ...]

    def match(self, node: Node, bound: Bindings, then: Then = nothing_more) -> bool:
        if not isinstance(node, Map) or node.op.name != self.op:
            return False
        bound.inner.append(node)
        if self._operands(node.args, 0, bound, then):
            return True
        if node.op.commutative and self._operands(node.args[::-1], 0, bound, then):
            return True
        bound.inner.pop()
        return False

    def _operands(self, operands: tuple[Node, ...], i: int, bound: Bindings, then: Then) -> bool:
        """Whether the operands match in this order, from the i-th on."""
        if i == len(operands):
            return then()
        return self.args[i].match(operands[i], bound, lambda: self._operands(operands, i + 1, bound, then))

    def build(self, bound: Mapping[str, Node]) -> Any:
        return call(self.op, *(as_node(p.build(bound)) for p in self.args))


def lift(value: Any) -> Pattern:
    """A pattern as it is; a number as a pattern."""
    return value if isinstance(value, Pattern) else Number(value)


def any_(name: str) -> Pattern:
    """A variable that stands for any expression."""
    return Variable(name)


def spread_scalar(node: Node) -> Node | None:
    """The one number that an expression is everywhere (a constant or computed), or None."""
    if node.shape == ():
        return node
    if isinstance(node, Einsum) and node.is_layout and node.args[0].shape == ():
        return node.args[0]
    return None


def scalar(name: str) -> Pattern:
    """A variable that stands for one number, spread over an array; it is bound to the number alone."""
    return Variable(name, spread_scalar)


def array(name: str) -> Pattern:
    """A variable that stands for an expression with axes which is not one number spread over them."""
    return Variable(name, lambda node: node if spread_scalar(node) is None else None)


def apply(name: str, *args: Any) -> App:
    """An operation, by its name, on patterns or what can be lifted to them."""
    return App(name, tuple(map(lift, args)))


def variables(pattern: Pattern) -> list[Variable]:
    """The variables of a pattern, in order, repeated as they occur."""
    match pattern:
        case Variable():
            return [pattern]
        case App():
            return [v for arg in pattern.args for v in variables(arg)]
    return []


def fit(result: Any, like: Node) -> Node:
    """A replacement, with the shape and kind of what it replaces."""
    node = as_node(result)
    return broadcast(cast(node, like.kind), like.shape)


def heads(pattern: App) -> str:
    """The name of the operation at the top of a pattern, by which rules are found. Raises where there is none of it."""
    record(pattern.op)
    return pattern.op
