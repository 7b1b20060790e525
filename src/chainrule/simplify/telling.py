"""The closed form that a reader is shown, from the gradient that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

from ..ir.graph import rebuild
from ..ir.node import Einsum, Map, Node
from ..ir.registry import call
from .as_written import AsWritten
from .canonical import canonical
from .collected import expansions, shorter
from .engine import Phase, rewrite
from .facts import log_softmax, negative_log_softmax
from .monomials import Expansion, TooLong
from .phases import COLLECT, DECLARED, FINISH, SHOW, SPELL
from .rule import is_sign
from .size import Lengths

_ROUNDS = 4
"""What one phase brings about another may use; a formula that a person reads is done after two or three rounds."""

_LARGEST_SUM = 200
"""Of a sum with more operations below it nobody asks whether it is something that has a name already."""


def told(gradient: Node, names: Mapping[Node, str], function: Sequence[Node] = ()) -> Node:
    """The gradient as a textbook writes it: equal to the one that runs wherever that is a number of its own right.

    ``names`` holds what the reader has a name for; those nodes stay as they are, and are used wherever they fit. What
    the reader has no name for (gradients of intermediates, u1, …) is to be left out of it, so that it is written out.
    With the outputs of the ``function`` it keeps to the function's own words (see `AsWritten`).
    It is for reading and never run: σ(−x) becomes 1 − σ(x), which loses digits, and x/‖x‖ has no value at 0.
    """
    named = Named([node for node in names if node is not gradient])
    spelled = named.spelled
    for _ in range(_ROUNDS):
        before = gradient
        for phase in (SHOW, SPELL, COLLECT, DECLARED, SHOW):
            gradient = spelled.through(gradient, phase)
        gradient = rebuild([gradient], named.called, {node: node for node in named.held})[0]
        if gradient is before:
            break
    gradient = spelled.through(gradient, FINISH)
    return AsWritten(function, named.held, lambda node: spelled.through(node, FINISH)).of(gradient)


class _Spelled:
    """Formulas rewritten by phases, whatever has a name staying as it is; what was rewritten once is known then."""

    def __init__(self, held: frozenset[Node]) -> None:
        self._held = held
        self._known: dict[str, dict[Node, Node]] = {}

    def through(self, node: Node, phase: Phase) -> Node:
        """The formula after a phase, written out as a whole, so that no two places share anything."""
        known = self._known.setdefault(phase.name, {})
        return rewrite([node], phase, named=self._held, held=self._held, uses={}, known=known)[node]


class Named:
    """What has a name, to be found again in other spellings."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self.held = frozenset(nodes)
        self.spelled = _Spelled(self.held)
        self._lengths = Lengths(self.held)
        self._summed = [n for n in nodes if _is_sum(n) and _parts(n, frozenset()) <= _LARGEST_SUM]
        self._shapes = {node.shape for node in self._summed}

    def called(self, node: Node, args: tuple[Node, ...]) -> Node:
        """The node with these operands, called by its name, or by the names of its parts, if it has any."""
        node = node.with_args(args)
        for look in (self.logarithm, self.product, self.sum):
            found = look(node)
            if found is not None:
                return found
        return node

    def logarithm(self, node: Node) -> Node | None:
        """The logarithm of a softmax or sigmoid that has the name p, as log p; that of 1 − σ(z) as log(1 − p)."""
        if not isinstance(node, Map):
            return None
        turned = negative_log_softmax(node)
        if turned is not None:
            found = self.logarithm(turned)
            return None if found is None else -found
        if log_softmax(node) is not None:
            named = call("exp", node)
        elif node.op.name == "log_sigmoid":
            (z,) = node.args
            named = call("sigmoid", z)
            if isinstance(z, Map) and is_sign(z) and named not in self.held:
                other = call("sigmoid", z.args[0])
                return call("log", 1 - other) if other in self.held else None
        else:
            return None
        return call("log", named) if named in self.held else None

    def product(self, node: Node) -> Node | None:
        """A sum or product in which a named product of two or more is called by its name, if that is shorter."""
        ways = expansions(node, self.held) if self._products else []
        for called, product in self._products:
            if called.shape in ((), node.shape):
                with_it = partial(Expansion.with_product, called=called, product=product)
                found = shorter(node, ways, self._lengths, with_it)
                if found is not None:
                    return found
        return None

    @cached_property
    def _products(self) -> list[tuple[Node, Expansion]]:
        """The named nodes that are a product or quotient of several things, each with what these are."""
        found = []
        for node in self._nodes:
            others = self.held - {node}
            spelled = _Spelled(others)
            product = spelled.through(spelled.through(node, SHOW), SPELL)
            try:
                expansion = Expansion(product, others, everything=False)
            except TooLong:
                continue
            if len(expansion.polynomial) == 1 and len(expansion.atoms) > 1:
                found.append((node, expansion))
        return found

    def sum(self, node: Node) -> Node | None:
        """The named node, or its negative, that a sum is equal to by the laws of rings."""
        if not _is_sum(node) or node.shape not in self._shapes or _parts(node, self.held) > _LARGEST_SUM:
            return None
        return self._sums.get(canonical(node))

    @cached_property
    def _sums(self) -> dict[Node, Node]:
        """The named sums and their negatives, by what represents them."""
        found: dict[Node, Node] = {}
        for node in self._summed:
            found[canonical(-node)] = -node
            found[canonical(node)] = node
        return found


def _is_sum(node: Node) -> bool:
    """Whether it is a sum over matching entries (no matrix product), or something of one: its negative, a multiple."""
    while isinstance(node, Map) and node.op.name in ("neg", "add", "sub", "mul", "div"):
        node = node.args[-1] if node.op.name != "div" else node.args[0]
    return isinstance(node, Einsum) and not node.is_layout and len(set(node.subs)) == 1


def _parts(root: Node, held: frozenset[Node]) -> int:
    """How many operations there are below a node, down to those that have names."""
    found, stack = {root}, [root]
    while stack and len(found) <= _LARGEST_SUM:
        for arg in stack.pop().args:
            if arg not in found and arg not in held:
                found.add(arg)
                stack.append(arg)
    return len(found)
