"""Sums of products put in order: layouts composed, Kronecker deltas contracted, sums of broadcasts counted.

Every rule removes an operand, an index or an axis, so each lowers the measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...ir.build import scalar_value
from ...ir.dims import Extent
from ...ir.node import Delta, Einsum, Gather, Input, Map, Node, Pad, Reshape, Scatter, Slice, Subscripts
from ...ir.registry import call, record
from ..pattern import fit, spread_scalar
from ..rule import Context, Rule, structural


def _matrix(name: str = "x") -> Input:
    return Input.of(name, (2, 3))


def compose(outer: Einsum, k: int) -> Node:
    """The einsum with its k-th operand, itself an einsum, written out: one sum of products instead of two.

    A summed index that no operand has any more (the sum of a broadcast) is counted: a factor of its length.
    """
    inner = outer.args[k]
    assert isinstance(inner, Einsum)
    extents: dict[int, Extent] = dict(enumerate(outer.extents))
    rename = dict(zip(inner.out, outer.subs[k], strict=True))
    for index in inner.summed:
        rename[index] = len(extents)
        extents[len(extents)] = inner.extents[index]
    subs = [tuple(rename[i] for i in sub) for sub in inner.subs]
    args = [*outer.args[:k], *inner.args, *outer.args[k + 1 :]]
    all_subs = [*outer.subs[:k], *subs, *outer.subs[k + 1 :]]
    return contracted(args, all_subs, outer.out, extents)


def contracted(args: Sequence[Node], subs: Sequence[Subscripts], out: Subscripts, extents: dict[int, Extent]) -> Node:
    """The sum of products, times the length of every summed index that no operand has."""
    carried = {i for sub in subs for i in sub}
    lost = [i for i in extents if i not in carried and i not in out]
    result = Einsum.of(args, subs, out, extents)
    for i in lost:
        result = fit(extents[i], result) * result
    return result


@structural(
    "compose layouts",
    Einsum,
    "a transpose or broadcast of an operand is a renaming of its indices",
    lambda: [
        call("transpose", call("transpose", _matrix())),
        call("matmul", call("transpose", _matrix()), _matrix("y")),
        call("sum", call("broadcast_to", Input.of("b", (3,)), (2, 3)), axis=0),
        call("sum", call("broadcast_to", Input.of("b", ()), (2, 3))),
        call("matmul", call("broadcast_to", Input.of("b", (3,)), (2, 3)), Input.of("w", (3, 4))),
        call("einsum", "ij,ijkl->kl", _matrix(), call("einsum", "ik,jl->ijkl", Delta.of(2), Delta.of(3))),
    ],
)
def compose_layouts(node: Node, context: Context) -> Node | None:
    """An operand that only moves or repeats numbers goes into the subscripts; so does an identity of several axes."""
    assert isinstance(node, Einsum)
    for k, arg in enumerate(node.args):
        if isinstance(arg, Einsum) and (arg.is_layout or _is_identity(arg)):
            return compose(node, k)
    return None


def _is_identity(node: Einsum) -> bool:
    """A product of Kronecker deltas, each with indices of its own."""
    return not node.summed and all(isinstance(arg, Delta) for arg in node.args)


@structural(
    "sum of a sum",
    Einsum,
    "sums over different axes are one sum",
    lambda: [call("sum", call("sum", _matrix(), axis=0)), call("transpose", call("matmul", _matrix(), _matrix().T))],
)
def sum_of_sum(node: Node, context: Context) -> Node | None:
    """A single operand that is an einsum nobody else uses. A sum that is spread stays: it is worked out before."""
    assert isinstance(node, Einsum)
    inner = node.args[0]
    if len(node.args) > 1 or not isinstance(inner, Einsum) or not context.single(inner):
        return None
    turned = node.is_layout and len(node.shape) <= len(inner.shape)
    return compose(node, 0) if turned or (not node.is_layout and len(inner.args) == 1) else None


@structural(
    "contract a delta",
    Einsum,
    "Kronecker's delta cancels the sum: the one index is replaced by the other",
    lambda: [
        call("einsum", "ij,jk->ik", Delta.of(2), _matrix()),
        call("einsum", "ii->", Delta.of(3)),
        call("einsum", "ij,jk,kl->il", Delta.of(2), _matrix(), Delta.of(3)),
    ],
)
def contract_delta(node: Node, context: Context) -> Node | None:
    """A delta with an index that is summed over, or with twice the same."""
    assert isinstance(node, Einsum)
    for k, arg in enumerate(node.args):
        if not isinstance(arg, Delta):
            continue
        i, j = sorted(node.subs[k])
        rank = len(node.out)
        if i != j and j < rank:
            continue
        subs = [tuple(i if x == j else x for x in sub) for n, sub in enumerate(node.subs) if n != k]
        args = [a for n, a in enumerate(node.args) if n != k]
        extents = {x: e for x, e in enumerate(node.extents) if x != j or i == j}
        if not args:
            args, subs = [fit(1.0, Input.of("_", ()))], [()]
        return contracted(args, subs, node.out, extents)
    return None


@structural(
    "number out of a sum",
    Einsum,
    "a number is the same for every term: it is multiplied once",
    lambda: [
        call("einsum", ",ij,jk->ik", Input.of("s", ()), _matrix(), Input.of("w", (3, 4))),
        call("einsum", ",ij->j", Input.of("s", ()), _matrix()),
    ],
)
def number_out(node: Node, context: Context) -> Node | None:
    """A scalar operand beside others."""
    assert isinstance(node, Einsum)
    if len(node.args) == 1:
        return None
    for k, arg in enumerate(node.args):
        if arg.shape == ():
            args = [a for n, a in enumerate(node.args) if n != k]
            subs = [s for n, s in enumerate(node.subs) if n != k]
            rest = Einsum.of(args, subs, node.out, dict(enumerate(node.extents)))
            return rest if scalar_value(arg) == 1 else fit(arg, rest) * rest
    return None


@structural(
    "number out of a plain sum",
    Einsum,
    "a number is the same for every term: it is multiplied once",
    lambda: [call("sum", Input.of("s", ()) * _matrix()), call("sum", _matrix() / Input.of("s", ()), axis=0)],
)
def linear_out(node: Node, context: Context) -> Node | None:
    """A sum that loses axes, of something multiplied or divided by a number, that nobody else uses."""
    assert isinstance(node, Einsum)
    inner = node.args[0]
    if len(node.args) > 1 or node.is_layout or not isinstance(inner, Map) or not context.single(inner):
        return None
    if inner.op.name not in ("mul", "div"):
        return None
    product = inner.op.name == "mul"
    for number, rest in (inner.args, inner.args[::-1]) if product else (inner.args[::-1],):
        spread = spread_scalar(number)
        if spread is not None:
            total = Einsum.of([rest], node.subs, node.out, dict(enumerate(node.extents)))
            factor = fit(spread, total)
            return factor * total if product else total / factor  # type: ignore[no-any-return]
    return None


@structural(
    "number out of a factor",
    Einsum,
    "a number is the same for every term: it is multiplied once",
    lambda: [
        call("matmul", Input.of("s", ()) * _matrix(), Input.of("w", (3, 4))),
        call("matmul", _matrix(), Input.of("w", (3, 4)) / Input.of("s", ())),
    ],
)
def number_out_of_factor(node: Node, context: Context) -> Node | None:
    """A product of arrays, one of them multiplied or divided by a number, that nobody else uses."""
    assert isinstance(node, Einsum)
    if len(node.args) == 1:
        return None
    for k, arg in enumerate(node.args):
        if not isinstance(arg, Map) or arg.op.name not in ("mul", "div") or not context.single(arg):
            continue
        product = arg.op.name == "mul"
        for number, rest in (arg.args, arg.args[::-1]) if product else (arg.args[::-1],):
            spread = spread_scalar(number)
            if spread is not None and spread_scalar(rest) is None:
                total = node.with_args((*node.args[:k], rest, *node.args[k + 1 :]))
                factor = fit(spread, total)
                return factor * total if product else total / factor  # type: ignore[no-any-return]
    return None


def _sign_examples(kind: type[Node]) -> list[Node]:
    x, y = Input.of("x", (2, 2)), Input.of("y", (2,), "int")
    picked = record("gather").transpose(call("pick", x, y), -Input.of("g", (2,)))[0]
    return {
        Einsum: [(-x).T, call("sum", -x, axis=0), call("matmul", -x, x), call("matmul", x, -x)],
        Reshape: [call("reshape", -x, (4,))],
        Gather: [call("pick", -x, y)],
        Scatter: [picked],
        Slice: [(-x)[0:1]],
        Pad: [call("pad", -x, 1)],
    }[kind]


def _sign_out(node: Node, context: Context) -> Node | None:
    """The sign of an operand that the node is linear in: of a choice that is the array, not the index."""
    values = node.args[:1] if isinstance(node, (Gather, Scatter)) else node.args
    for k, arg in enumerate(values):
        if isinstance(arg, Map) and arg.op.name == "neg" and context.single(arg):
            return -node.with_args((*node.args[:k], arg.args[0], *node.args[k + 1 :]))  # type: ignore[no-any-return]
    return None


SIGNS_OUT: tuple[Rule, ...] = tuple(
    structural(
        f"sign out of a {kind.__name__.lower()}",
        kind,
        "a sign is the same for every entry",
        partial(_sign_examples, kind),
    )(_sign_out)
    for kind in (Einsum, Reshape, Gather, Scatter, Slice, Pad)
)


@structural(
    "sum of a scatter",
    Einsum,
    "what was put at one place of an axis is all that the axis holds",
    lambda: [call("sum", _scattered(), axis=1), call("sum", _scattered())],
)
def sum_of_scatter(node: Node, context: Context) -> Node | None:
    """A sum over the axis that entries were scattered along, one for each row."""
    assert isinstance(node, Einsum)
    inner = node.args[0]
    if len(node.args) > 1 or not isinstance(inner, Scatter):
        return None
    axis, batch, _ = inner.params
    (sub,) = node.subs
    if len(inner.args[1].shape) != batch or sub[axis] < len(node.out) or len(set(sub)) < len(sub):
        return None
    kept = (*sub[:axis], *sub[axis + 1 :])
    extents = {i: e for i, e in enumerate(node.extents) if i != sub[axis]}
    return contracted([inner.args[0]], [kept], node.out, extents)


def _scattered() -> Node:
    x = Input.of("x", (2,))
    return record("gather").transpose(call("pick", _matrix("p"), Input.of("y", (2,), "int")), x)[0]  # type: ignore[no-any-return]


@structural(
    "reshape of a reshape",
    Reshape,
    "only the last shape counts",
    lambda: [Reshape.make((Reshape.make((_matrix(),), ((6,),)),), ((3, 2),))],
)
def reshape_twice(node: Node, context: Context) -> Node | None:
    """One reshape of the first array."""
    inner = node.args[0]
    return call("reshape", inner.args[0], node.shape) if isinstance(inner, Reshape) else None


@structural(
    "reshape of a number",
    Reshape,
    "one number everywhere has no order",
    lambda: [Reshape.make((call("broadcast_to", Input.of("s", ()), (2, 3)),), ((6,),))],
)
def reshape_number(node: Node, context: Context) -> Node | None:
    """The reshape of a broadcast number is the broadcast to the new shape."""
    number = spread_scalar(node.args[0])
    return None if number is None or not node.args[0].shape else fit(number, node)


RULES: tuple[Rule, ...] = (
    compose_layouts,
    contract_delta,
    number_out,
    sum_of_scatter,
    sum_of_sum,
    linear_out,
    reshape_twice,
    reshape_number,
    *SIGNS_OUT,
)
