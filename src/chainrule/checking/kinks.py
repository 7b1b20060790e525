"""Points where a function has a kink: there a gradient may follow another convention, and be right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.graph import toposort
from ..ir.node import Input, Map, Node, Reduce
from .subject import Subject


def points_on_kinks(subject: Subject) -> list[tuple[str, dict[str, Any]]]:
    """Points where what a kinked operation is worked out from is zero, each with the variable that it belongs to.

    The arguments just before it are zero there, all others as they are.
    """
    graph, found = subject.graph, []
    wrt = {i.name for i in subject.inputs}
    for node in graph.nodes():
        if has_kinks(node):
            nearest = _nearest(node, wrt)
            if nearest:
                zeros = {name: np.zeros(np.shape(subject.base[name])) for name in nearest}
                found.append((_owner(subject, node), {**subject.base, **zeros}))
    return found


def has_kinks(node: Node) -> bool:
    """Whether an operation has points without a derivative: at some numbers, or where entries are equal."""
    if isinstance(node, Reduce):
        return bool(node.op.kinks) or node.op.name in ("max", "min")
    return isinstance(node, Map) and bool(node.op.kinks)


def _nearest(node: Node, wrt: set[str]) -> list[str]:
    """The arguments that are reached from a node before any other operation with a kink."""
    found, stack = [], list(node.args)
    seen: set[Node] = set()
    while stack:
        n = stack.pop()
        if n in seen:
            continue
        seen.add(n)
        if isinstance(n, Input):
            if n.name in wrt:
                found.append(n.name)
        elif not (has_kinks(n)):
            stack += n.args
    return found


def _owner(subject: Subject, node: Node) -> str:
    """The variable in whose line an operation stands."""
    names = subject.graph.names
    for user in subject.graph.nodes():
        if user in names and user.args and node in set(toposort([user])):
            return (
                names[user]
                if user is not subject.graph.outputs[0] or names[user] != subject.traced.function
                else "loss"
            )
    return "loss"
