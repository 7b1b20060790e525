"""What is found out of a node from its operands, worked out once for each node and forgotten with it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from .node import Node

V = TypeVar("V")


class Remembered(Generic[V]):
    """A value for each node, given by ``work`` from the node and its operands' values, at any depth.

    By identity, and gone with the node: a WeakKeyDictionary would compare nodes with ==, which builds a graph. So a
    value must not hold the node that it belongs to.
    """

    def __init__(self, work: Callable[[Node, list[V]], V]) -> None:
        self._work = work
        self._known: dict[int, tuple[weakref.ref[Node], V]] = {}

    def of(self, root: Node) -> V:
        """The value of this node."""
        known = self._known
        found = known.get(id(root))
        if found is not None:
            return found[1]
        stack = [root]
        while stack:
            node = stack[-1]
            todo = [arg for arg in node.args if id(arg) not in known]
            if todo and id(node) not in known:
                stack.extend(todo)
                continue
            stack.pop()
            if id(node) not in known:
                value = self._work(node, [known[id(arg)][1] for arg in node.args])
                known[id(node)] = weakref.ref(node, partial(self._forget, id(node))), value
        return known[id(root)][1]

    def _forget(self, number: int, _: object) -> None:
        self._known.pop(number, None)
