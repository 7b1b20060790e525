"""One step at a time: what a derivative that is not worked out becomes by the rule for the operation on top."""

from __future__ import annotations

from dataclasses import dataclass

from ..derive.forward import identity, tangent
from ..ir.build import broadcast, constant
from ..ir.graph import depends_on, describe
from ..ir.node import D, Einsum, Map, Node, Reduce
from ..ir.registry import call
from ..simplify.pattern import fit, spread_scalar


@dataclass(frozen=True, eq=False)
class Advance:
    """What a D becomes, by which rule, and why."""

    after: Node
    rule: str
    why: str


def derivative(f: Node, w: Node) -> Node:
    """∂f/∂w, not worked out."""
    return D.make((f, w), ())


def advance(d: D, names: dict[Node, str]) -> Advance:
    """The one rule that applies to ∂f/∂w, by what f is. (A named f is opened by the caller first.)"""
    f, w = d.args
    called = names.get(w, describe(w))
    if f is w:
        return Advance(identity(w), "Kronecker delta", f"1 where the indices agree, 0 elsewhere: {called} by itself")
    active = depends_on([f], [w])
    if f not in active:
        zero = broadcast(constant(0, "float"), d.shape)
        return Advance(zero, "does not depend", f"{_called(f, names)} does not depend on {called}: 0")
    varies = [arg in active for arg in f.args]
    inner = [derivative(arg, w) if moves else None for arg, moves in zip(f.args, varies, strict=True)]
    match f:
        case Map() if f.op.name in ("add", "sub"):
            a, b = (derivative(arg, w) for arg in f.args)
            return Advance(call(f.op.name, a, b), "term by term", "a sum is differentiated term by term")
        case Map() if f.op.name == "div" and not varies[1] and spread_scalar(f.args[1]) is not None:
            top = derivative(f.args[0], w)
            under = spread_scalar(f.args[1])
            return Advance(top / fit(under, top), "kept constant", "a constant factor stays")
        case Einsum() if f.summed and len(f.args) > 1:
            return _past_the_sum(f, w)
        case Einsum() if f.summed:
            rule, why = "past the sum", "the derivative of a sum is the sum of the derivatives"
        case Einsum() if len(f.args) == 1:
            rule, why = _layout_reason(f, names)
        case Map() | Einsum() if _is_product(f):
            constants = [_called(arg, names) for arg, moves in zip(f.args, varies, strict=True) if not moves]
            if sum(varies) == 1:
                rule, why = "kept constant", f"{' and '.join(constants)} does not depend on {called}: kept constant"
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


def _called(node: Node, names: dict[Node, str]) -> str:
    """What a reader may call an expression without a name."""
    if node in names:
        return names[node]
    if isinstance(node, (Einsum, Map)) and len(node.args) == 1 and node.args[0] in names:
        return names[node.args[0]]
    return describe(node) if not node.args else "the other factor"


def _layout_reason(f: Einsum, names: dict[Node, str]) -> tuple[str, str]:
    """A transpose only renames; a broadcast shares one entry among many."""
    name = _called(f.args[0], names)
    if len(f.out) > len(f.subs[0]):
        return "shared", f"every row has the same {name}"
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
