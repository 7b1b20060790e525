"""The components form: index notation, the derivative pushed inwards one rule at a time, deltas cancelling sums.

A named intermediate is worked out once, in steps of its own, and put back where it was left off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..ir.derivation import Derivation, Step
from ..ir.graph import Graph, depends_on, describe, substitute, toposort
from ..ir.node import D, Delta, Einsum, Input, Map, Node
from ..simplify import TELL, Applied, rewrite
from ..simplify.rules.layout import compose, contract_delta
from ..simplify.rule import Context
from .differentiate import advance, derivative

_LONGEST = 2000
_SILENT = frozenset(
    {"first power", "plus zero", "minus zero", "from zero", "times one", "over one", "work out numbers", "known branch",
     "compose layouts", "before the broadcast", "number out of a sum"}
)  # fmt: skip
"""What is tidied up without a line of its own: nobody would write the line before."""


def components(graph: Graph, gradient: Node, wrt: Input) -> Derivation:
    """The derivation of ∂loss/∂wrt in components, ending in ``gradient``, the graph that runs.

    The function's first output is the loss; the names are the graph's. Raises ArithmeticError where a step or the end
    does not hold.
    """
    loss = graph.outputs[0]
    telling = _Telling(dict(graph.names), wrt)
    steps, result = telling.work_out(loss)
    why = _matrix_why(gradient, graph.names)
    steps = [*steps, Step(result, gradient, "as matrices", why, where=telling.name_of(loss))]
    return Derivation("components", graph, wrt, tuple(steps), gradient, graph.names)


class _Telling:
    """The derivatives that were worked out so far, each with its steps."""

    def __init__(self, names: dict[Node, str], wrt: Input) -> None:
        self.names = names
        self.wrt = wrt
        self.done: dict[Node, Node] = {}

    def name_of(self, node: Node) -> str:
        return self.names.get(node, describe(node))

    def work_out(self, f: Node) -> tuple[list[Step], Node]:
        """The steps from ∂f/∂w to an expression without derivatives, and that expression."""
        line: Node = derivative(f, self.wrt)
        steps: list[Step] = []
        where = self.name_of(f)
        if f in self.names and f.args:
            steps.append(Step(line, line, "substitution", f"{where} written out", where, opened=f))
        opened = {f}
        while True:
            d = _first_derivative(line)
            if d is None:
                break
            inside = d.args[0]
            if inside in self.names and inside.args and inside not in opened and inside is not self.wrt:
                line, step = self._named(line, d, inside)
                if step is not None:
                    steps.append(step)
            else:
                found = advance(d, self.names)
                after = substitute([line], {d: found.after})[0]
                steps.append(Step(line, after, found.rule, found.why, where))
                line = after
            line = self._tidied(line, steps, where)
            if len(steps) > _LONGEST:
                raise ArithmeticError(f"the derivation of {where} does not end within {_LONGEST} steps")
        line = self._contracted(line, steps, where)
        self.done[f] = line
        return steps, line

    def _named(self, line: Node, d: D, f: Node) -> tuple[Node, Step | None]:
        """A named intermediate's derivative: worked out in steps of its own the first time, used again after that."""
        name = self.name_of(f)
        if f in self.done:
            rule, why, inner = "used again", f"∂{name} was worked out above", []
        elif f in depends_on([f], [self.wrt]):
            inner, _ = self.work_out(f)
            rule, why = "back to where we left off", f"with the derivative of {name}"
        else:
            found = advance(d, self.names)
            after = substitute([line], {d: found.after})[0]
            return after, Step(line, after, found.rule, found.why, name)
        after = substitute([line], {d: self.done[f]})[0]
        return after, Step(line, after, rule, why, name, tuple(inner))

    def _tidied(self, line: Node, steps: list[Step], where: str) -> Node:
        """Numbers collected, zeros and ones dropped; a step of its own where something is left to see."""
        log: list[Applied] = []
        after = rewrite([line], TELL, named=frozenset(self.names), log=log)[line]
        if after is line:
            return line
        visible = dict.fromkeys(a.rule.why for a in log if a.rule.name not in _SILENT)
        if visible or not steps:
            steps.append(Step(line, after, "tidied up", "; ".join(visible), where))
        else:
            steps[-1] = replace(steps[-1], after=after)
        return after

    def _contracted(self, line: Node, steps: list[Step], where: str) -> Node:
        """Every delta that a sum runs over cancels it, from the inside out."""
        context = Context()
        while True:
            order = [n for n in toposort([line]) if isinstance(n, Einsum)]
            for node in order:
                after = contract_delta.rewrite(node, context)
                if after is not None:
                    break
            else:
                merged = next((m for n in order if (m := _merge(n)) is not None), None)
                if merged is None:
                    return line
                node, after = merged
                line = substitute([line], {node: after})[0]
                continue
            new = substitute([line], {node: after})[0]
            why = "only the term where its indices agree is left"
            steps.append(Step(line, new, "the delta cancels the sum", why, where))
            line = self._tidied(new, steps, where)


def _merge(node: Einsum) -> tuple[Node, Node] | None:
    """An einsum with a delta among an operand's factors, as one einsum; sums are split term by term for it."""
    for k, arg in enumerate(node.args):
        if isinstance(arg, Einsum) and any(isinstance(a, Delta) for a in toposort([arg])):
            return node, compose(node, k)
        if isinstance(arg, Map) and arg.op.name in ("add", "sub", "neg") and _has_delta(arg):
            terms = [_with_operand(node, k, term) for term in arg.args]
            return node, Map.of(arg.op, *terms)
    return None


def _has_delta(node: Node) -> bool:
    return any(isinstance(n, Delta) for n in toposort([node]))


def _with_operand(node: Einsum, k: int, operand: Node) -> Node:
    return node.with_args((*node.args[:k], operand, *node.args[k + 1 :]))


def _first_derivative(line: Node) -> D | None:
    """The first derivative that a reader meets, from the outside in."""
    stack, seen = [line], set()
    while stack:
        node = stack.pop()
        if isinstance(node, D):
            return node
        if node not in seen:
            seen.add(node)
            stack.extend(reversed(node.args))
    return None


def _matrix_why(gradient: Node, names: Mapping[Node, str]) -> str:
    """Why each transpose stands where it does: from which axis the sum runs over."""
    product = next((n for n in [gradient, *gradient.args] if isinstance(n, Einsum) and len(n.args) == 2), None)
    if product is None or len(product.summed) != 1:
        return "the same entries, written as arrays"
    (index,) = product.summed
    parts = []
    for side, arg, sub in zip(("left", "right"), product.args, product.subs, strict=True):
        wanted = len(sub) - 1 if side == "left" else 0
        name = names.get(arg, f"the {side} factor")
        if len(sub) < 2 or index not in sub:
            continue
        axis = "last" if sub.index(index) == len(sub) - 1 else "first"
        turned = "" if sub.index(index) == wanted else ", so it stands transposed"
        parts.append(f"the sum runs over the {axis} axis of {name}{turned}")
    return "; ".join(parts) or "the same entries, written as arrays"
