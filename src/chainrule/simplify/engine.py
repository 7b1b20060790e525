"""The engine: rules applied from the leaves up until none fits, each node once, at any depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..ir.graph import Graph, use_counts
from ..ir.node import Map, Node
from .rule import Context, Measure, Rule, head_of, measure, operand_heads


def weighed(node: Node, named: frozenset[Node]) -> Measure:
    """The measure of most phases, for which names are of no account."""
    return measure(node)


class RewriteError(AssertionError):
    """A rule did not lower its phase's measure, so that rewriting might not end."""


@dataclass(frozen=True)
class Phase:
    """Rules that are applied together, and what each of them lowers: a measure of an expression, given the names."""

    name: str
    rules: tuple[Rule, ...]
    measure: Callable[[Node, frozenset[Node]], Measure] = weighed
    _by_head: dict[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def lowers(self, before: Node, after: Node, named: frozenset[Node] = frozenset()) -> bool:
        """Whether a rewrite lowers the measure."""
        return self.measure(after, named) < self.measure(before, named)

    def candidates(self, node: Node) -> tuple[Rule, ...]:
        """The rules that may fit a node: those for any elementwise operation, then those for its own."""
        head = head_of(node)
        found = self._by_head.get(head)
        if found is None:
            kinds = ("Map", head) if isinstance(node, Map) else (head,)
            found = self._by_head[head] = tuple(rule for kind in kinds for rule in self.rules if rule.head == kind)
        return found


@dataclass(frozen=True, eq=False)
class Applied:
    """A rule at work: which, on what, with what result."""

    rule: Rule
    before: Node
    after: Node


def rewrite(
    outputs: Sequence[Node],
    phase: Phase,
    *,
    named: frozenset[Node] = frozenset(),
    held: frozenset[Node] = frozenset(),
    uses: dict[Node, int] | None = None,
    checked: bool = False,
    log: list[Applied] | None = None,
    known: dict[Node, Node] | None = None,
) -> dict[Node, Node]:
    """What every node below the outputs becomes when the phase's rules are applied until none fits.

    Rules that take a node apart leave ``named`` ones alone; those in ``held`` stay as they are, with all that is below
    them, and rules that are written as algebra do not look into them. ``uses`` says how often each node is used, where
    that is not to be counted: in a formula that is written out as a whole no two places share anything, so there it is
    empty. ``checked`` asserts that each application lowers the measure; ``log`` collects the applications. ``known``
    holds what was found before with the same phase and names and no counts of uses, and is filled.
    """
    counted = use_counts(outputs) if uses is None else uses
    known = {} if known is None else known
    known |= {node: node for node in held}
    _Rewriting(phase, Context(dict(counted), named, held), counted, known, checked, log).settle(outputs)
    return known


@dataclass(frozen=True, eq=False)
class _Rewriting:
    """A phase at work: what has become of the nodes that are done, and what the rules may ask about the others."""

    phase: Phase
    context: Context
    counted: Mapping[Node, int]
    known: dict[Node, Node]
    checked: bool
    log: list[Applied] | None

    def settle(self, outputs: Sequence[Node]) -> None:
        """Fill ``known`` with every node below the outputs, operands first, each followed to where no rule fits."""
        known = self.known
        goes_to: dict[Node, Node] = {}
        stack = list(reversed(outputs))
        while stack:
            node = stack[-1]
            if node in known:
                stack.pop()
                continue
            target = goes_to.get(node)
            if target is None:
                todo = [arg for arg in node.args if arg not in known]
                if todo:
                    stack.extend(todo)
                    continue
                target = self._next(node)
                goes_to[node] = target
            if target is node:
                known[node] = node
            elif target in known:
                known[node] = known[target]
                self._takes_over(known[node], node)
            else:
                stack.append(target)

    def _next(self, node: Node) -> Node:
        """One step for a node whose operands are done: new operands, or the first rule that fits; else itself."""
        for arg in node.args:
            if self.known[arg] is not arg:
                return node.with_args(tuple([self.known[a] for a in node.args]))
        candidates = self.phase.candidates(node)
        operands = operand_heads(node) if candidates else set()
        for rule in candidates:
            if not rule.needs <= operands:
                continue
            after = rule.rewrite(node, self.context)
            if after is not None and after is not node:
                if self.checked and not self.phase.lowers(node, after, self.context.named):
                    raise RewriteError(f"{rule.name!r} did not simplify {node!r} to {after!r}")
                if self.log is not None:
                    self.log.append(Applied(rule, node, after))
                return after
        return node

    def _takes_over(self, final: Node, node: Node) -> None:
        """What a node has become has its name, and its uses. (Steps on the way were used by nobody.)"""
        context = self.context
        if node in context.named:
            context.named |= {final}
        if node in self.counted:
            context.uses[final] = context.uses.get(final, 0) + self.counted[node]


def apply_phase(graph: Graph, phase: Phase, *, checked: bool = False, log: list[Applied] | None = None) -> Graph:
    """The graph after a phase; names go along with what their nodes became."""
    named = frozenset(graph.names)
    known = rewrite(graph.outputs, phase, named=named, checked=checked, log=log)
    names: dict[Node, str] = {node: graph.names[node] for node in graph.inputs if node in graph.names}
    for node, name in graph.names.items():
        became = known.get(node)
        if became is not None:
            names.setdefault(became, name)
    return Graph(graph.inputs, tuple(known[o] for o in graph.outputs), names)
