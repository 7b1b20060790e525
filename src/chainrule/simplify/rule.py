"""What a rule is, and the measure that it must lower, so that rewriting ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..ir.build import scalar_value
from ..ir.graph import toposort
from ..ir.node import Const, D, Delta, Einsum, Input, Map, Node, Reduce, Scatter, Size
from ..ir.records import Interval
from .pattern import Bindings, Pattern, fit, heads, lift, spread_scalar


@dataclass
class Context:
    """What a rule may know beyond the node: how often others are used, and which have names."""

    uses: dict[Node, int] = field(default_factory=dict)
    named: frozenset[Node] = frozenset()

    def single(self, node: Node) -> bool:
        """Whether nothing but the node at hand uses this one, and no name asks for it to stay."""
        return self.uses.get(node, 1) <= 1 and node not in self.named


Rewrite: TypeAlias = Callable[[Node, Context], Node | None]


@dataclass(frozen=True, eq=False)
class Rule:
    """One way to rewrite: a name, what it does, why it holds.

    ``head`` is the operation or node kind at the top of what it rewrites; ``examples`` are expressions for the tests
    to try it on where it has no pattern; ``assumes`` says which variable must lie in which interval (proved from the
    records' ranges).
    """

    name: str
    head: str
    rewrite: Rewrite
    why: str
    left: Pattern | None = None
    right: Pattern | None = None
    assumes: dict[str, Interval] = field(default_factory=dict)
    examples: Callable[[], Sequence[Node]] = field(default=lambda: ())


def rule(
    name: str,
    left: Pattern,
    right: Pattern | float,
    why: str,
    *,
    assumes: dict[str, Interval] | None = None,
    alone: bool = False,
) -> Rule:
    """A rule written as algebra on both sides.

    ``alone``: it takes the operations below the top apart, so it applies only where nothing else uses those.
    """
    goal, needs = lift(right), assumes or {}

    def rewrite(node: Node, context: Context) -> Node | None:
        bound = Bindings()
        if not left.match(node, bound) or not all(proves(bound[v], i) for v, i in needs.items()):
            return None
        if alone and not all(context.single(inner) for inner in bound.inner if inner is not node):
            return None
        return fit(goal.build(bound), node)

    return Rule(name, heads(left), rewrite, why, left, goal, needs)


def structural(
    name: str, kind: type[Node] | str, why: str, examples: Callable[[], Sequence[Node]]
) -> Callable[[Rewrite], Rule]:
    """A rule on one kind of node (or a Map of one operation, by name), written as a function."""
    head = kind if isinstance(kind, str) else kind.__name__
    return lambda rewrite: Rule(name, head, rewrite, why, examples=examples)


def head_of(node: Node) -> str:
    """By what rules for a node are found: a Map's operation, else the kind of node."""
    return node.op.name if isinstance(node, Map) else type(node).__name__


def proves(node: Node, interval: Interval) -> bool:
    """Whether a node's values are known to lie in an interval, from its record's range or its own number."""
    number = scalar_value(node)
    if number is not None:
        return interval.low <= number <= interval.high and not (interval.open and number in (interval.low, interval.high))
    if isinstance(node, Einsum) and node.is_layout:
        return proves(node.args[0], interval)
    if isinstance(node, (Map, Reduce)):
        return node.op.range.within(interval)
    return False


def is_sign(node: Node) -> bool:
    """A minus: the operation, or that of a negative number."""
    if isinstance(node, Map):
        return node.op.name == "neg"
    return isinstance(node, Const) and node.shape == () and node.kind != "bool" and node.value < 0


def weight(node: Node) -> int:
    """How much a node costs a reader and a machine: the quantity that every rule of tidying lowers."""
    if is_sign(node):
        return 2
    match node:
        case Input() | Const() | Size():
            return 0
        case Map():
            return 2 + len(node.shape)
        case Einsum() if node.is_layout:
            return 1
        case Einsum():
            return 10 * len(node.args) + len(node.extents)
        case Delta() | D():
            return 5
        case Scatter() if scalar_value(node.args[0]) != 1:
            return 20
        case Reduce():
            return 5
        case _:
            return 6


def takes_number(node: Node) -> bool:
    """A product of a number and an array: where the number stands at the front of what it multiplies."""
    if not isinstance(node, Map) or node.op.name != "mul":
        return False
    return sum(spread_scalar(arg) is not None for arg in node.args) == 1


Measure: TypeAlias = tuple[int, int, int, int]


def measure(root: Node, stop: set[Node]) -> Measure:
    """The weight of an expression down to ``stop``; how much stands outside its signs; how much stands outside its
    products by a number; how many nodes there are; compared in this order.

    Each is a natural number over the tree that an expression unfolds to. No rule uses a variable more often than it
    found it, and where the weight stays, the nodes stay as many: so what is lower here is lower in any surroundings,
    whatever the variables stand for, and rewriting ends.
    """
    weights: dict[Node, int] = {}
    sizes: dict[Node, int] = {}
    # How many signs, and products by a number, the tree has; and how many nodes stand beneath them, taken together.
    signs: dict[Node, tuple[int, int]] = {}
    numbers: dict[Node, tuple[int, int]] = {}
    for node in toposort((root,)):
        leaf = node in stop
        args = () if leaf else node.args
        weights[node] = (0 if leaf else weight(node)) + sum(weights[arg] for arg in args)
        size = sizes[node] = 1 + sum(sizes[arg] for arg in args)
        for tally, counts in ((signs, not leaf and is_sign(node)), (numbers, not leaf and takes_number(node))):
            count, beneath = (sum(tally[arg][i] for arg in args) for i in (0, 1))
            tally[node] = (count + 1, beneath + size) if counts else (count, beneath)
    size = sizes[root]
    (s, below_signs), (n, below_numbers) = signs[root], numbers[root]
    return weights[root], s * size - below_signs, n * size - below_numbers, size


def lowers(before: Node, after: Node) -> bool:
    """Whether a rewrite lowers the measure: what both have in common is left out of the comparison."""
    old = set(toposort((before,)))
    kept = {node for node in toposort((after,)) if node in old and node is not before}
    shared = {node for node in kept if node is not after}
    if after in old:
        return True
    return measure(after, shared) < measure(before, shared)
