"""One step at a time: what a derivative that is not worked out becomes by the rule for the operation on top."""

from __future__ import annotations

from dataclasses import dataclass

from ..derive.forward import identity, tangent
from ..ir.build import broadcast, constant
from ..ir.graph import describe
from ..ir.node import Const, D, Einsum, Input, Map, Node, Reduce, Size
from ..ir.registry import call
from ..simplify.pattern import fit, spread_scalar


@dataclass(frozen=True, eq=False)
class Advance:
    """What a D becomes, by which rule, and why."""

    after: Node
    rule: str
    why: str


class Varying:
    """Which expressions vary with w; each is looked at once."""

    def __init__(self, w: Node) -> None:
        self._known = {w: True}

    def __call__(self, node: Node) -> bool:
        stack = [node]
        while stack:
            top = stack[-1]
            todo = [] if top in self._known else [arg for arg in top.args if arg not in self._known]
            if todo:
                stack += todo
                continue
            if top not in self._known:
                self._known[top] = any(self._known[arg] for arg in top.args)
            stack.pop()
        return self._known[node]


def derivative(f: Node, w: Node) -> Node:
    """∂f/∂w, not worked out."""
    return D.make((f, w), ())


def advance(d: D, names: dict[Node, str], varying: Varying) -> Advance:
    """The one rule that applies to ∂f/∂w, by what f is. (A named f is opened by the caller first.)"""
    f, w = d.args
    called = names.get(w, describe(w))
    if f is w:
        return Advance(identity(w), "Kronecker delta", f"1 where the indices agree, 0 elsewhere: {called} by itself")
    if not varying(f):
        zero = broadcast(constant(0, "float"), d.shape)
        return Advance(zero, "does not depend", f"{_called(f, names, 'this term')} does not depend on {called}: 0")
    varies = [varying(arg) for arg in f.args]
    inner = [derivative(arg, w) if moves else None for arg, moves in zip(f.args, varies, strict=True)]
    match f:
        case Map() if f.op.name in ("add", "sub"):
            a, b = (derivative(arg, w) for arg in f.args)
            return Advance(call(f.op.name, a, b), "term by term", "a sum is differentiated term by term")
        case Map() if f.op.name == "div" and not varies[1] and spread_scalar(f.args[1]) is not None:
            top = derivative(f.args[0], w)
            under = spread_scalar(f.args[1])
            return Advance(top / fit(under, top), "kept constant", "a constant factor stays")
        case Map() if f.op.name == "neg":
            rule, why = "kept constant", "the sign stays in front"
        case Einsum() if f.summed and len(f.args) > 1:
            return _past_the_sum(f, w)
        case Einsum() if f.summed:
            rule, why = "past the sum", "the derivative of a sum is the sum of the derivatives"
        case Einsum() if len(f.args) == 1:
            rule, why = _layout_reason(f, names)
        case Map() | Einsum() if _is_product(f):
            if sum(varies) == 1:
                rule, why = "kept constant", _kept([a for a in f.args if not varying(a)], names, called)
            else:
                rule, why = "product rule", "each factor in turn, the others kept constant"
        case Map() | Reduce():
            rule, why = "chain rule", f.op.why
        case _:
            rule, why = "entry by entry", f.op.why
    after = tangent(f, inner, w.shape)
    if after is None:
        zero = broadcast(constant(0, "float"), d.shape)
        return Advance(zero, "no slope", f.op.why)
    return Advance(after, rule, why)


def _called(node: Node, names: dict[Node, str], otherwise: str) -> str:
    """What a reader may call an expression; one that has no name is called ``otherwise``."""
    while node not in names and isinstance(node, Einsum) and node.is_layout:
        node = node.args[0]
    if node in names:
        return names[node]
    return (
        describe(node) if isinstance(node, (Input, Size)) or (isinstance(node, Const) and not node.shape) else otherwise
    )


def _kept(constants: list[Node], names: dict[Node, str], called: str) -> str:
    """Why the other factors stay as they are."""
    shown = list(dict.fromkeys(_called(node, names, "the other factor") for node in constants))
    verb = "does" if len(shown) == 1 else "do"
    return f"{' and '.join(shown)} {verb} not depend on {called}: kept constant"


def _layout_reason(f: Einsum, names: dict[Node, str]) -> tuple[str, str]:
    """A transpose only renames; a broadcast shares one entry among many."""
    if len(f.out) > len(f.subs[0]):
        return "shared", f"{_called(f.args[0], names, 'what is spread')} is the same along an axis"
    return "same entry", "only the order of the indices changes"


def _is_product(f: Node) -> bool:
    return isinstance(f, Einsum) or (isinstance(f, Map) and f.op.name == "mul")


def _past_the_sum(f: Einsum, w: Node) -> Advance:
    """∂ Σ a b = Σ ∂(a b): the product comes to stand alone, before its own rule applies to it."""
    every = tuple(range(len(f.extents)))
    extents = dict(enumerate(f.extents))
    body = Einsum.of(f.args, f.subs, every, dict(extents))
    more = tuple(range(len(every), len(every) + len(w.shape)))
    out = (*f.out, *more)
    all_extents = {**extents, **dict(zip(more, w.shape, strict=True))}
    after = Einsum.of([derivative(body, w)], [(*every, *more)], out, all_extents)
    return Advance(after, "past the sum", "the derivative of a sum is the sum of the derivatives")
