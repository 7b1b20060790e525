"""The errors δ from the output backwards, each stored and used again; and the derivatives by the weights."""

from __future__ import annotations

from collections.abc import Iterator

from ...ir.dims import known_product, show_shape
from ...ir.node import Input, Node
from ...ir.telling import Block, Chain, Math, Name, Paragraph, Piece, Section, Sentence, Step, Table
from ..components.differentiate import derivative
from .layers import Layered

MOST_ENTRIES = 40_000
"""Parameters that nobody asked for are told of as well where all together have no more entries than this."""


def errors(found: Layered) -> Section:
    """A chain for each stored error, and where it is used again."""
    blocks: list[Block] = [Paragraph((
        "From ", Name(found.name_of(found.loss)), " backwards: each error comes from those behind it, which are known "
        "by then. It is worked out once and stored.",
    ))]  # fmt: skip
    for place in found.backwards:
        if not found.is_passing(place):
            blocks += [Chain(_steps(found, place)), _stored(found, place)]
    return Section("Backward: the errors δ", tuple(blocks))


def _steps(found: Layered, place: Node) -> tuple[Step, ...]:
    """From the error of a place by its name to what it is, in errors that are stored."""
    name, error = found.name_of(place), found.error(place)
    steps: list[Step] = []
    if error in found.names:
        steps.append(Step(error, error, "", "what it stands for", name, opened=frozenset([error])))
    arrows = list(_arrows(found, place))
    single = not any(node.shape for arrow in arrows for node in arrow if node is not found.loss)
    last = found.further_back(place)
    if single:
        several = len([v for v, u in arrows if not found.is_passing(v)]) > 1
        why = "the slopes on the way are multiplied" + (", and the ways are added" if several else "")
        first, reasons = _unworked(found, place), [found.why(v, u) for v, u in reversed(arrows)]
    else:
        first = found.back(place)
        why = _reasons([_why(found, user, place) for user in found.users(place)])
        reasons = [_why(found, v, u) for v, u in arrows if u is not place]
    rule = "local derivative" if all(user is found.loss for user in found.users(place)) else "chain rule"
    if first is error:
        return (*steps, Step(error, last, "local derivative", _reasons(reasons), name))
    steps.append(Step(error, first, rule, why, name))
    if last is not first:
        steps.append(Step(first, last, "put in", _reasons(reasons), name))
    return tuple(steps)


def _arrows(found: Layered, place: Node) -> Iterator[tuple[Node, Node]]:
    """The slopes (of, by) that stand between a place and the stored errors behind it."""
    for user in found.users(place):
        yield user, place
        if found.is_passing(user):
            yield from ((behind, user) for behind in found.users(user))


def _unworked(found: Layered, place: Node) -> Node:
    """The same with every slope as a symbol; single numbers."""
    terms = []
    for user in found.users(place):
        slope = found.local(user, place).with_all_axes
        if user is found.loss:
            terms.append(slope)
        else:
            terms.append((_unworked(found, user) if found.is_passing(user) else found.error(user)) * slope)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _why(found: Layered, v: Node, u: Node) -> str:
    """Why an array's error comes about as it does from that of what it is used in."""
    if v in found.sums and found.sums[v].sum is v and u not in found.sums:
        return "what a unit leads to, each times the weight that leads there"
    return found.why(v, u)


def _reasons(reasons: list[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))


def _stored(found: Layered, place: Node) -> Paragraph:
    """``Stored as δ⁽³⁾₁; used again by w5, w6, δ⁽²⁾₁ and δ⁽²⁾₂.``"""
    pieces: list[Piece] = ["Stored as ", Math(found.error(place))]
    users = [_thing(found, node) for node in _used_by(found, place)]
    for k, user in enumerate(users):
        pieces += ["; used again by " if k == 0 else " and " if k == len(users) - 1 else ", ", user]
    return Paragraph((*pieces, "."))


def _thing(found: Layered, node: Node) -> Piece:
    """A parameter by its name, a place by its error."""
    return Math(found.error(node)) if node.args else Name(found.name_of(node))


def _used_by(found: Layered, place: Node) -> list[Node]:
    """The things whose derivative is worked out from the stored error of a place: parameters first."""
    direct = [node for node in dict.fromkeys(found.pieces.operands[place]) if node in found.receivers]
    users: list[Node] = []
    for node in direct:
        inner = [n for n in found.pieces.operands[node] if n in found.receivers] if found.is_passing(node) else [node]
        users += inner
    return sorted(dict.fromkeys(users), key=lambda node: bool(node.args))


# ---------------------------------------------------------------------------------------------- the gradients


def gradients(found: Layered) -> Section:
    """A row for each weight and bias: the error of the sum that it stands in, times what it is multiplied by there."""
    told = _told(found)
    rows: list[tuple[Sentence, ...]] = []
    claims: list[Step] = []
    reasons: set[str] = set()
    shaped = any(node.shape for node in told)
    for node in told:
        whole, worked = derivative(found.loss, node), found.back(node)
        why = _reasons([_gradient_why(found, user, node) for user in found.users(node)]) or "nothing depends on it"
        claims.append(Step(whole, worked, "chain rule", why, found.name_of(node)))
        shape: tuple[Sentence, ...] = ((show_shape(node.shape),),) if shaped else ()
        # A reason is given where it is met first.
        rows.append(((Math(whole),), (Math(worked),), *shape, ("" if why in reasons else why,)))
        reasons.add(why)
    head: tuple[Sentence, ...] = (("derivative",), ("is",), *((("shape",),) if shaped else ()), ("why",))
    blocks: list[Block] = [Table(head, tuple(rows), tuple(claims))]
    left = [node for node in found.parameters if node not in set(told)]
    if left:
        names: list[Piece] = []
        for k, node in enumerate(left):
            names += [" and " if k == len(left) - 1 else ", "] if k else []
            names.append(Name(found.name_of(node)))
        blocks.append(Paragraph((*names, " go the same way." if len(left) > 1 else " goes the same way.")))
    return Section("Gradients", tuple(blocks))


def _told(found: Layered) -> list[Input]:
    """What has a row: all parameters, or where they are large those that were asked for."""
    asked = [node for node in found.subject.gradients if isinstance(node, Input)]
    small = sum(known_product(node.shape) for node in found.parameters) <= MOST_ENTRIES
    return list(dict.fromkeys([*(found.parameters if small else ()), *asked]))


def _gradient_why(found: Layered, user: Node, node: Node) -> str:
    """One line on a parameter's derivative, by what it does in the sum."""
    if user is found.loss:
        return "the loss's own slope"
    layer = found.sums.get(user)
    if layer is None or node not in set(found.parameters):
        return found.why(user, node) if not user.shape else "what it leads to, each times its slope"
    bias = next((bias for bias in layer.biases if bias.node is node), None)
    samples = ", added over the samples" if len(user.shape) > (found.axis(user) is not None) else ""
    if bias is None:
        return "the error times what comes in" + samples
    one_for_all = bias.axis is None and found.axis(user) is not None
    return "the error, added over all that it is shared by" if one_for_all else f"the error{samples or ' itself'}"
