"""A closed form in the words of the function: its own differences, and terms in the order in which it has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.graph import substitute, toposort
from ..ir.node import Const, Input, Map, Node, Size
from ..ir.registry import call
from .pattern import spread_scalar


class AsWritten:
    """What a function is made of. ``named`` is what the reader has a name for, ``tidied`` brings signs to the front."""

    def __init__(self, function: Sequence[Node], named: frozenset[Node], tidied: Callable[[Node], Node]) -> None:
        self._named = named
        self._tidied = tidied
        self._place = {node: k for k, node in enumerate(toposort(function))}
        own = [node for node in self._place if _is(node, "sub") and node not in named]
        long = [node for node in own if not all(map(self._is_name, node.args))]
        self._holes: dict[Node, Node] = {
            node: Input.of(f"difference.{k}", node.shape, node.kind) for k, node in enumerate(long)
        }

    def of(self, closed: Node) -> Node:
        """The closed form in the function's own words.

        A difference that the function has, with more in it than two names, is told as it stands there, with a sign in
        front: of ½‖R − UVᵀ‖² it is −(R − UVᵀ)V, and not (UVᵀ − R)V. Of terms that are all added, the one comes first
        whose parts the function has first: Xᵀ(Xw − y) + λw.
        """
        part = None if closed in self._named else _scaled_sum(closed)
        if part is None:
            return self._told(closed, scaled=False)
        told = self._told(part, scaled=True)
        return closed.with_args(tuple(told if arg is part else arg for arg in closed.args))

    def _told(self, closed: Node, *, scaled: bool) -> Node:
        terms = self._terms(closed)
        told = [self._with_differences(terms[k]) for k in self._order(terms)]
        if all(a is b for a, b in zip(terms, told, strict=True)):
            return closed
        if scaled:
            # In brackets no sign comes first, if that can be.
            told.sort(key=lambda term: _is(term, "neg"))
        result = told[0]
        for term in told[1:]:
            result = result - term.args[0] if _is(term, "neg") else result + term
        return result

    def _is_name(self, node: Node) -> bool:
        return node in self._named or isinstance(node, (Const, Input, Size))

    def _terms(self, closed: Node) -> list[Node]:
        """The terms of a sum in which nothing is taken away but for what the function's own differences stand in.

        Any other expression as it is.
        """
        stack, found = [(False, closed)], []
        while stack:
            minus, node = stack.pop()
            if _is(node, "add", "sub") and node not in self._named and node not in self._place:
                stack += [(minus != _is(node, "sub"), node.args[1]), (minus, node.args[0])]
            elif minus and self._holes.keys().isdisjoint(toposort([node])):
                return [closed]
            else:
                found.append(-node if minus else node)
        return found

    def _order(self, terms: Sequence[Node]) -> list[int]:
        """The terms' numbers in the order of the function: by what no other term has."""
        parts = [{node for node in toposort([term]) if node in self._place} for term in terms]
        places = []
        for k, own in enumerate(parts):
            alone = own.difference(*(other for n, other in enumerate(parts) if n != k))
            if not alone:
                return list(range(len(terms)))
            places.append(min(self._place[node] for node in alone))
        return sorted(range(len(terms)), key=places.__getitem__)

    def _with_differences(self, term: Node) -> Node:
        """A term in which the function's own differences stand, and not their negatives."""
        present = set(toposort([term]))
        turned = {call("sub", *node.args[::-1]): hole for node, hole in self._holes.items()}
        turned = {node: hole for node, hole in turned.items() if node in present and node not in self._place}
        if not turned:
            return term
        names = {node: node for node in self._named}
        (found,) = substitute([term], names | self._holes | {node: -hole for node, hole in turned.items()})
        return substitute([self._tidied(found)], {hole: node for node, hole in self._holes.items()})[0]


def _scaled_sum(node: Node) -> Node | None:
    """The sum in 2 (a + b), (a + b)/2 and 2/(a + b)."""
    if _is(node, "mul", "div"):
        for part, number in (node.args[::-1], node.args):
            if _is(part, "add") and spread_scalar(number) is not None:
                return part
    return None


def _is(node: Node, *names: str) -> bool:
    return isinstance(node, Map) and node.op.name in names
