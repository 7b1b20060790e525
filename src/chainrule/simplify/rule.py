"""What a rule is, and the measure that it must lower, so that rewriting ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..ir.build import scalar_value
from ..ir.node import Call, Const, D, Delta, Einsum, Input, Map, Node, Reduce, Scatter, Size
from ..ir.records import Interval
from ..ir.remembered import Remembered
from .facts import proves
from .pattern import App, Bindings, Number, Pattern, fit, heads, lift, spread_scalar


@dataclass
class Context:
    """What a rule may know beyond the node: how often others are used, which have names, which are to stay."""

    uses: dict[Node, int] = field(default_factory=dict)
    named: frozenset[Node] = frozenset()
    held: frozenset[Node] = frozenset()
    kept: dict[str, Any] = field(default_factory=dict)
    """What rules have found out and want to know again, for the time of one rewriting."""

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
    needs: frozenset[str] = frozenset()
    """What the operands have to be for it to fit (see `operand_heads`): most rules are passed over by this alone."""
    examples: Callable[[], Sequence[Node]] = field(default=lambda: ())


def rule(
    name: str,
    left: App,
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
        inside = [inner for inner in bound.inner if inner is not node]
        if any(inner in context.held for inner in inside) or (alone and not all(map(context.single, inside))):
            return None
        return fit(goal.build(bound), node)

    below = {heads(p) if isinstance(p, App) else NUMBER for p in left.args if isinstance(p, (App, Number))}
    return Rule(name, heads(left), rewrite, why, left, goal, needs, frozenset(below))


def structural(
    name: str, kind: type[Node] | str, why: str, examples: Callable[[], Sequence[Node]]
) -> Callable[[Rewrite], Rule]:
    """A rule on one kind of node (or a Map of one operation, by name), written as a function."""
    head = kind if isinstance(kind, str) else kind.__name__
    return lambda rewrite: Rule(name, head, rewrite, why, examples=examples)


def head_of(node: Node) -> str:
    """By what rules for a node are found: a Map's operation, else the kind of node."""
    return node.op.name if isinstance(node, Map) else type(node).__name__


NUMBER = "a number"


def operand_heads(node: Node) -> set[str]:
    """By what a node's operands are found, and NUMBER where one of them is the same number everywhere."""
    found = {head_of(arg) for arg in node.args}
    if any(scalar_value(arg) is not None for arg in node.args):
        found.add(NUMBER)
    return found


def is_sign(node: Node) -> bool:
    """A minus: the operation, or that of a negative number."""
    if isinstance(node, Map):
        return node.op.name == "neg"
    return isinstance(node, Const) and node.shape == () and node.value < 0


def weight(node: Node) -> int:
    """How much a node costs a reader and a machine: the quantity that every rule of tidying lowers."""
    match node:
        case Const() if node.shape == () and node.kind != "bool":
            # Ones cost nothing, for they go away; a negative number is a sign and a number.
            return (0 if abs(node.value) == 1 else 1) + (2 if is_sign(node) else 0)
        case Input() | Const() | Size():
            return 0
        case Map() if is_sign(node):
            return 2
        case Map() if takes_number(node):
            # Scaling by a number costs the same wherever it stands, so that it may move to the front.
            return 3
        case Map() if node.op.name == "add" and node.args[0] is node.args[1]:
            # Saying the same thing twice is worse than saying "two of it".
            return 6 + len(node.shape)
        case Map():
            return 2 + len(node.shape)
        case Einsum() if node.is_layout:
            return 1
        case Einsum():
            # What a lost index leaves behind, a factor of its length, costs less than the index.
            return 10 * (len(node.args) + len(node.extents))
        case Delta() | D():
            return 5
        case Scatter() if scalar_value(node.args[0]) != 1:
            return 20
        case Reduce():
            return 5
        case Call():
            # What is worked out for every place of an axis costs more than what is worked out once.
            return 6 + 2 * len(node.shape)
        case _:
            return 6


def takes_number(node: Node) -> bool:
    """An array multiplied or divided by a number: the number stands at the front of what it scales.

    The array may be a number that is spread as well: whether it is known for one may depend on where its sign stands.
    """
    if not isinstance(node, Map) or not node.shape:
        return False
    match node.op.name:
        case "mul":
            return any(spread_scalar(arg) is not None for arg in node.args)
        case "div":
            return spread_scalar(node.args[1]) is not None
    return False


Measure: TypeAlias = tuple[int, ...]


def measure(root: Node) -> Measure:
    """The weight of an expression; its size (a negative number counts as a sign and a number); how much of it stands
    outside each of its signs, added up; how much outside each of its products by a number, broadcasts left out; how
    many nodes it has; how many axes its operations have.

    They are compared in this order, and are natural numbers of the tree that the expression unfolds to. Where weight
    and size stay, what is lower here is lower in any surroundings, so rewriting ends.
    """
    weights, size, bulk, nodes, axes, signs, below_signs, numbers, below_numbers = _TOTALS.of(root)
    return weights, size, signs * size - below_signs, numbers * bulk - below_numbers, nodes, axes


def _totals(node: Node, operands: list[Measure]) -> Measure:
    """The sums over a tree that its measure is made of, from those of its operands."""
    below = [sum(parts) for parts in zip(*operands, strict=True)] or [0] * 9
    weights, size, bulk, nodes, axes, signs, below_signs, numbers, below_numbers = below
    layout = isinstance(node, Einsum) and node.is_layout
    size += 2 if is_sign(node) and not node.args else 1
    bulk += not layout
    sign, number = is_sign(node), takes_number(node)
    if layout and is_sign(node.args[0]) and not node.args[0].args:
        # A negative number that is spread is one sign.
        signs, below_signs = 1, size
    return (
        weights + weight(node),
        size,
        bulk,
        nodes + 1,
        axes + (len(node.shape) if isinstance(node, Map) else 0),
        signs + sign,
        below_signs + sign * size,
        numbers + number,
        below_numbers + number * bulk,
    )


_TOTALS = Remembered(_totals)
