"""The intermediates of a loss: what has a name, and a name for each further thing that is done on the way.

An intermediate does one thing: a sum of products with what is added to it (affine), a function entry by entry, a
difference, a sum. Signs, factors and offsets that are numbers, transposes and the like go with what they belong to; a
sum that ends in the loss, with the factors in front of it, is the loss's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Literal, TypeAlias

from ...ir.build import scalar_value
from ...ir.graph import Graph, depends_on, describe, substitute, toposort, use_counts
from ...ir.node import Einsum, Input, Map, Node, Reduce, Reshape, Slice
from ...simplify.pattern import spread_scalar

Kind: TypeAlias = Literal["moved", "scaled", "offset", "product", "sum", "terms", "difference", "softmax", "other"]
Context: TypeAlias = Literal["open", "terms", "loss", "loss terms", "closed"]
"""What an intermediate may still take in: anything, products, …, nothing but what has a name."""


@dataclass(frozen=True, eq=False)
class Intermediates:
    """The loss in pieces: ``names`` holds every name, ``order`` the intermediates from the inside out, the loss last.

    A piece is looked at by itself in terms of *stand-ins*: inputs that stand for the pieces it is made of.
    """

    graph: Graph
    names: Mapping[Node, str]
    order: tuple[Node, ...]

    @property
    def loss(self) -> Node:
        """What they end in."""
        return self.graph.outputs[0]

    @cached_property
    def stand_ins(self) -> Mapping[Node, Node]:
        """An input for every named node that is worked out, under its own name."""
        return {node: Input.of(name, node.shape, node.kind) for node, name in self.names.items() if node.args}

    @cached_property
    def stood_for(self) -> Mapping[Node, Node]:
        """What each stand-in stands for."""
        return {stand_in: node for node, stand_in in self.stand_ins.items()}

    def stand_in(self, node: Node) -> Node:
        """How a node appears in the pieces: as its stand-in; an argument as itself."""
        return self.stand_ins.get(node, node)

    def name_of(self, node: Node) -> str:
        """The name of an intermediate or an argument."""
        return self.names.get(node) or describe(node)

    def listed(self, nodes: Sequence[Node]) -> str:
        """Their names: ``a``, ``a and b``, ``a, b and c``."""
        names = [self.name_of(node) for node in nodes]
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def body(self, node: Node) -> Node:
        """What an intermediate is, in stand-ins."""
        if node not in self._bodies:
            others = {other: stand_in for other, stand_in in self.stand_ins.items() if other is not node}
            (self._bodies[node],) = substitute([node], others)
        return self._bodies[node]

    @cached_property
    def _bodies(self) -> dict[Node, Node]:
        return {}

    def real(self, node: Node) -> Node:
        """An expression in stand-ins as one of the function's own nodes."""
        return substitute([node], self.stood_for)[0]

    @cached_property
    def operands(self) -> Mapping[Node, tuple[Node, ...]]:
        """The float intermediates and arguments that each intermediate is made of."""
        leaves = {node: [n for n in toposort([self.body(node)]) if isinstance(n, Input)] for node in self.order}
        return {
            node: tuple(self.stood_for.get(leaf, leaf) for leaf in found if leaf.kind == "float")
            for node, found in leaves.items()
        }

    @cached_property
    def users(self) -> Mapping[Node, tuple[Node, ...]]:
        """The intermediates that each is used in directly, from the inside out; so for arguments."""
        found: dict[Node, list[Node]] = {}
        for node in self.order:
            for operand in self.operands[node]:
                found.setdefault(operand, []).append(node)
        return {node: tuple(users) for node, users in found.items()}

    def behind(self, source: Node) -> tuple[Node, ...]:
        """The intermediates that vary with ``source``, from the inside out, the loss last; without itself."""
        varies = {source}
        for node in self.order:
            if not varies.isdisjoint(self.operands[node]):
                varies.add(node)
        return tuple(node for node in self.order if node in varies and node is not source)


def intermediates(graph: Graph, asked: Iterable[Node], made: Iterable[Node] = ()) -> Intermediates:
    """The intermediates of a graph's first output.

    A name among ``made`` is not the user's, and is given anew: u1, u2, … from the inside out. An expression is an
    intermediate where it varies with something ``asked`` for, or brings two variables together: 1 − t is none.
    """
    loss, anew = graph.outputs[0], set(made)
    names = {node: name for node, name in graph.names.items() if node not in anew}
    taken = {*names.values(), *(i.name for i in graph.inputs), *(d.name for d in graph.dims())}
    if loss not in names:
        names[loss] = next(name for name in ("L", "loss", "L_") if name not in taken)
    mixed = _mixed(loss, asked)
    steps = _Splitting(loss, names, mixed).steps()
    fresh = (name for k in count(1) if (name := f"u{k}") not in taken)
    steps |= {node for node in names if node in mixed}
    order = [node for node in toposort([loss]) if node.args and (node is loss or node in steps)]
    for node in order:
        if node not in names:
            names[node] = next(fresh)
    return Intermediates(graph, names, tuple(order))


def _mixed(loss: Node, asked: Iterable[Node]) -> set[Node]:
    """The float nodes that vary with what is asked for, or with two float arguments at least."""
    varies = depends_on([loss], asked)
    sources: dict[Node, frozenset[Node]] = {}
    for node in toposort([loss]):
        if isinstance(node, Input):
            sources[node] = frozenset([node] if node.kind == "float" else [])
        else:
            sources[node] = frozenset[Node]().union(*(sources[arg] for arg in node.args))
    return {node for node, found in sources.items() if node.kind == "float" and (node in varies or len(found) > 1)}


class _Splitting:
    """Goes down from each named expression until something else begins."""

    def __init__(self, loss: Node, named: Mapping[Node, str], mixed: set[Node]) -> None:
        self.loss, self.named, self.mixed = loss, named, mixed
        self.uses = use_counts([loss])

    def steps(self) -> set[Node]:
        """The unnamed expressions that need a name."""
        found: set[Node] = set()
        todo = [node for node in toposort([self.loss]) if node in self.named and node in self.mixed]
        while todo:
            owner = todo.pop()
            inside: list[tuple[Node, Context]] = [(owner, "loss" if owner is self.loss else "open")]
            while inside:
                node, context = inside.pop()
                for child in self._operands(node):
                    context_below = _below(self.kind(node), context)
                    if self._belongs(child, context_below):
                        inside.append((child, context_below))
                    elif child not in found:
                        found.add(child)
                        todo.append(child)
        return found

    def kind(self, node: Node) -> Kind:
        """What an expression does, as far as it matters here."""
        match node:
            case Reshape() | Slice():
                return "moved"
            case Einsum():
                return "moved" if node.is_layout else "sum" if len(node.args) == 1 else "product"
            case Map() if node.op.converts:
                return "moved"
            case Map() if self._softmax(node) is not None:
                return "softmax"
            case Map() if node.op.name == "neg":
                return "scaled"
            case Map() if node.op.name in ("mul", "div"):
                scales = [a for a in node.args if spread_scalar(a) is not None and a not in self.mixed and node.shape]
                scales += [a for a in node.args if a not in self.mixed and not node.shape]
                if scales and (node.op.name == "mul" or scales[-1] is node.args[1]):
                    return "scaled"
                return "product" if node.op.name == "mul" else "other"
            case Map() if node.op.name in ("add", "sub") and any(scalar_value(a) is not None for a in node.args):
                return "offset"
            case Map() if node.op.name in ("add", "sub"):
                return "terms" if node.op.name == "add" else "difference"
            case _:
                return "other"

    def _operands(self, node: Node) -> list[Node]:
        """What is below, without names and constants; of a softmax, what it is taken of."""
        inner = self._softmax(node)
        operands = node.args if inner is None else (inner,)
        return [a for a in dict.fromkeys(operands) if a in self.mixed and a.args and a not in self.named]

    def _belongs(self, node: Node, context: Context) -> bool:
        """Whether an operand goes with the expression that uses it."""
        kind = self.kind(node)
        if kind in ("moved", "offset"):
            return True
        if kind == "scaled":
            return context != "closed" or self._core(node) not in ("product", "sum", "terms")
        if self.uses[node] > 1:
            return False
        match context:
            case "open" | "loss":
                return True
            case "terms":
                return kind in ("product", "terms")
            case "loss terms":
                return kind in ("product", "sum", "terms", "difference")
            case "closed":
                return False

    def _core(self, node: Node) -> Kind:
        """What a sign or a factor belongs to; "other" where that is an intermediate by itself."""
        while (kind := self.kind(node)) in ("moved", "scaled", "offset"):
            below = self._operands(node)
            if not below:
                return "other"
            node = below[0]
        return kind if self.uses[node] == 1 else "other"

    def _softmax(self, node: Node) -> Node | None:
        """What a softmax or its logarithm, a composite that everybody knows by name, is taken of; None for others."""
        if isinstance(node, Map) and node.op.name == "exp" and node.args[0] not in self.named:
            return _log_softmax(node.args[0], self.named) if self.uses[node.args[0]] == 1 else None
        return _log_softmax(node, self.named)


def _log_softmax(node: Node, named: Mapping[Node, str]) -> Node | None:
    """x, where the node is x − logsumexp(x)."""
    if not (isinstance(node, Map) and node.op.name == "sub"):
        return None
    x, spread = node.args
    total = spread.args[0] if isinstance(spread, Einsum) and spread.is_layout else spread
    known = isinstance(total, Reduce) and total.op.name == "logsumexp" and total.args[0] is x
    return x if known and total not in named and spread not in named else None


def _below(kind: Kind, context: Context) -> Context:
    """What an expression of this kind may take in below, itself in a context."""
    match kind:
        case "moved" | "scaled" | "offset":
            return context
        case "terms":
            return "loss terms" if context in ("loss", "loss terms") else "terms"
        case "difference" if context in ("loss", "loss terms"):
            return "loss terms"
        case _:
            return "closed"
