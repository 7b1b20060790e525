"""How each kind of node is worked out in C: one loop nest a node."""

from __future__ import annotations

import math
import re

from ..ir.affine import window_steps
from ..ir.dims import show_shape
from ..ir.graph import describe
from ..ir.node import Concat, Delta, Einsum, Gather, Map, Node, Pad, Reduce, Scatter, Slice
from ..ir.templates import Spelled, fill
from ..lower.products import product_of, sums_rows
from .c_backwards import forwards
from .c_body import Body, Index, in_window, placed
from .c_flat import entries, flat_index, lies_flat
from .c_plan import NoSpelling
from .c_products import write_product, write_row_sum, write_turned
from .c_text import PLAIN, harmless, product, shifted

_BOUNDS = {"float": ("-INFINITY", "INFINITY"), "int": ("INT64_MIN", "INT64_MAX"), "bool": ("false", "true")}
# Sums of floats are added up in double, so that single precision keeps its digits.
_ACCUMULATOR = {"float": "double", "int": "int64_t", "bool": "bool"}
_REGISTERS = 512
"""So many multiplications the compiler writes out, and keeps their results in registers."""
_BLOCK = 64
"""Entries that are added up in their own precision."""
_SHORT = 32
"""A sum of so few terms keeps its digits without that."""


def write(body: Body, node: Node, title: str) -> None:
    """The statements that work a stored node out."""
    what = node.op.name if isinstance(node, (Map, Reduce)) else type(node).__name__.lower()
    body.lines.add(f"/* {harmless(title)} {harmless(show_shape(node.shape))}: {harmless(what)} */")
    body.restart("i")
    match node:
        case Map():
            with entries(body, node) as index:
                _set(body, node, index, body.expression(node, index)[0])
        case Einsum() if node.summed and math.prod(body.length(e) or _REGISTERS for e in node.extents) < _REGISTERS:
            # So few numbers that the compiler does best with plain loops: it has them all in registers.
            _dots(body, node)
        case Einsum() if _is_sum_of_arrays(body, node):
            _whole_sum(body, node)
        case Einsum() if (product := product_of(node)) is not None and write_product(body, node, product):
            pass
        case Einsum() if sums_rows(node) and write_row_sum(body, node):
            pass
        case Einsum() if node in body.plan.turned and write_turned(body, node):
            pass
        case Einsum() if node.summed and _runs_along_rows(body, node):
            _rows(body, node)
        case Einsum():
            _dots(body, node)
        case Reduce():
            _reduce(body, node)
        case Pad():
            _pad(body, node)
        case Concat():
            _concat(body, node)
        case Gather():
            _gather(body, node)
        case Scatter():
            _scatter(body, node)
        case Slice():
            with body.loops(node.shape) as index:
                _set(body, node, index, body.load(node.args[0], placed(index, node.params[0]))[0])
        case Delta():
            with body.loops(node.shape) as index:
                _set(body, node, index, body.delta(index)[0])
        case _:
            raise NoSpelling(f"a kind of node that C does not know: {type(node).__name__}")


def is_written_by_rows(node: Node) -> bool:
    """Whether `write` can write some rows of a node, each made of the same row of what it reads."""
    match node:
        case Map() | Reduce() | Gather() | Einsum():
            return True
        case Scatter():
            return window_steps(node) is not None and node.params[0] > 0
        case Pad():
            return node.params[0][0] is None
    return False


def copy(body: Body, node: Node, target: str) -> None:
    """A node that is index arithmetic, or stored elsewhere, written entry by entry into an array."""
    with body.loops(node.shape) as index:
        body.lines.add(f"{target}[{body.at(index, node.shape)}] = {body.load(node, index)[0]};")


def _set(body: Body, node: Node, index: Index, value: str, how: str = "=") -> None:
    """One entry written. A scalar is declared here: what it needs stands in loops above, itself in none."""
    declared = f"const {body.real.of(node.kind)} " if node in body.scalars else ""
    body.lines.add(f"{declared}{body.entry(node, index)} {how} {value};")


def _product(body: Body, node: Einsum, index: Index) -> Spelled:
    """The product of the operands' entries; the output's indices come first, then the summed ones."""
    factors = [body.operand(a, [index[i] for i in sub]) for a, sub in zip(node.args, node.subs, strict=True)]
    result = factors[0]
    for factor in factors[1:]:
        result = fill("{0} * {1}", [result, factor])
    return result


def _dots(body: Body, node: Einsum) -> None:
    """Entry by entry, each a sum of its own."""
    with body.loops(node.shape, rows=True) as out:
        if not node.summed:
            _set(body, node, out, _product(body, node, out)[0])
            return
        total = body.fresh("s")
        lengths = [body.length(node.extents[i]) for i in node.summed]
        terms = math.inf if None in lengths else math.prod(n for n in lengths if n is not None)
        short = node.kind == "float" and terms <= _SHORT
        body.lines.add(f"{body.real.ctype if short else _ACCUMULATOR[node.kind]} {total} = 0;")
        several = f"CR_SUM({total})" if node.kind == "float" and not short else ""
        with body.loops(tuple(node.extents[i] for i in node.summed), ahead=several) as inner:
            inner = forwards(body, list(zip(node.args, node.subs, strict=True)), node.summed, node.extents, inner)
            body.lines.add(f"{total} += {_product(body, node, [*out, *inner])[0]};")
        _set(body, node, out, total)


def _is_sum_of_arrays(body: Body, node: Einsum) -> bool:
    """Whether all entries of arrays, or of what is made of them entry by entry, or of their products, are added up."""
    everything = tuple(range(len(node.extents)))
    same = all(sub == node.subs[0] for sub in node.subs) and node.subs[0] == everything
    return node.kind == "float" and not node.out and same and all(lies_flat(body, arg) for arg in node.args)


def _whole_sum(body: Body, node: Einsum) -> None:
    """One loop over all entries, whatever their shape; some at a time, whose sums are added up in double."""
    count = product(body.extent(extent) for extent in node.extents)
    total, part, block, end, i = (body.fresh(letter) for letter in "ssiii")
    body.lines.add(f"double {total} = 0;")
    with body.lines.block(f"for (ptrdiff_t {block} = 0; {block} < {count}; {block} += {_BLOCK})"):
        body.lines.add(f"const ptrdiff_t {end} = {count} - {block} < {_BLOCK} ? {count} : {block} + {_BLOCK};")
        body.lines.add(f"{body.real.ctype} {part} = 0;")
        body.lines.add(f"CR_SUM({part})")
        with body.lines.loop(i, end, block):
            body.lines.add(f"{part} += {_product(body, node, flat_index(node.extents, i))[0]};")
        body.lines.add(f"{total} += {part};")
    _set(body, node, [], total)


def _rows(body: Body, node: Einsum) -> None:
    """Row by row, all entries of a row growing together, so that memory is read in order."""
    alone = len(node.shape) == 1
    with body.loops(node.shape[:-1], rows=True) as outer:
        with body.loops(node.shape[-1:], rows=alone) as last:
            _set(body, node, [*outer, *last], "0")
        summed = tuple(node.extents[i] for i in node.summed)
        with body.loops(summed) as inner, body.loops(node.shape[-1:], rows=alone) as last:
            out = [*outer, *last]
            _set(body, node, out, _product(body, node, [*out, *inner])[0], "+=")


def _runs_along_rows(body: Body, node: Einsum) -> bool:
    """Whether some operand of a product lies in memory along the output's rows."""
    if len(node.args) < 2 or not node.out:
        return False
    return any(_fastest(body, a, list(s)) == node.out[-1] for a, s in zip(node.args, node.subs, strict=True))


def _fastest(body: Body, node: Node, sub: list[int]) -> int | None:
    """The index whose neighbours are neighbours in memory; of windows theirs, where each is one further on."""
    while node not in body.where:
        steps = window_steps(node)
        if isinstance(node, Einsum) and node.is_layout:
            sub = [sub[i] for i in node.subs[0]]
        elif steps is not None and isinstance(node, Gather):
            axis = node.params[0]
            sub = [*sub[:axis], sub[axis if steps[0] == 1 else axis + 1], *sub[axis + 2 :]]
        else:
            break
        node = node.args[0]
    return sub[-1] if sub else None


def _reduce(body: Body, node: Reduce) -> None:
    """The loops that the record names, over the axes that go."""
    (x,), axes = node.args, node.axes
    if not node.op.c:
        raise NoSpelling(f"the operation {node.op.name} cannot be written in C: its record has no c=…")
    if node.op.empty is None:
        _refuse_empty(body, node)
    lengths = [body.length(x.shape[a]) for a in axes]
    several = x.kind == "float" and (None in lengths or math.prod(n for n in lengths if n is not None) > _SHORT)
    with body.loops(node.shape, rows=True) as out:
        result = ""
        for fold in node.op.c:
            total, entry = body.fresh("s"), body.fresh("t")
            words = {"s": total, "x": entry, "p": result, "f": body.real.suffix, "real": body.real.ctype}
            words["lowest"], words["greatest"] = _BOUNDS[node.kind]
            # One of the entries is as exact as they are.
            kind = body.real.ctype if x.kind == "float" and fold.gathers in ("max", "min") else _ACCUMULATOR[node.kind]
            body.lines.add(f"{kind} {total} = {_worded(fold.start, words)};")
            ahead = f"CR_{fold.gathers.upper()}({total})" if several and fold.gathers else ""
            with body.loops(tuple(x.shape[a] for a in axes), ahead=ahead) as inner:
                inner = forwards(body, [(x, range(len(x.shape)))], axes, x.shape, inner)
                kept, gone = iter(out), iter(inner)
                index = [next(gone) if a in axes else next(kept) for a in range(len(x.shape))]
                value = body.operand(x, index)[0]
                body.lines.add(f"const {body.real.of(x.kind)} {entry} = {value};")
                body.lines.add(f"{total} = {_worded(fold.step, words)};")
            result = body.fresh("p")
            body.lines.add(f"const {kind} {result} = {_worded(fold.end, words)};")
        _set(body, node, out, result)


def _worded(template: str, words: dict[str, str]) -> str:
    """A fold's template with its variables."""
    return re.sub(r"\{(\w+)\}", lambda match: words[match.group(1)], template)


def _refuse_empty(body: Body, node: Reduce) -> None:
    """Return early where there are no entries and so no value."""
    lengths = [node.args[0].shape[a] for a in node.axes]
    doubtful = [e for e in lengths if not isinstance(e, int) or e == 0]
    if doubtful:
        code = body.fail(ValueError, f"{node.op.name} of no entries has no value")
        test = " || ".join(f"{body.extent(e)} == 0" for e in doubtful)
        body.lines.add(body.ends(code) if 0 in doubtful else f"if ({test}) {body.ends(code)}")


def _zeros(body: Body, node: Node) -> None:
    with body.loops(node.shape, rows=True) as index:
        _set(body, node, index, "0")


def _pad(body: Body, node: Pad) -> None:
    """Zeros, then the entries at their places."""
    (x,) = node.args
    _zeros(body, node)
    with body.loops(x.shape, rows=True) as index:
        _set(body, node, placed(index, node.params[0]), body.load(x, index)[0])


def _concat(body: Body, node: Concat) -> None:
    """Each operand at its place along the axis."""
    (axis,), first = node.params, 0
    for x in node.args:
        with body.loops(x.shape) as index:
            place = list(index)
            place[axis] = shifted(index[axis], first, 1)
            _set(body, node, place, body.load(x, index)[0])
        first += int(x.shape[axis])


def _gather(body: Body, node: Gather) -> None:
    """Every entry from the place that its index names."""
    (x, indices), (axis, batch) = node.args, node.params
    after = axis + len(indices.shape) - batch
    code = _bounds(body, indices, show_shape(x.shape), axis)
    with body.loops(node.shape, rows=True) as out:
        chosen = body.load(indices, [*out[:batch], *out[axis:after]])
        place = _checked(body, chosen, body.extent(x.shape[axis]), code)
        _set(body, node, out, body.load(x, [*out[:axis], place, *out[after:]])[0])


def _scatter(body: Body, node: Scatter) -> None:
    """Zeros, then every entry added at the place that its index names."""
    (x, indices), (axis, batch, extent) = node.args, node.params
    after = axis + len(indices.shape) - batch
    steps = window_steps(node)
    if steps is not None:
        _zeros(body, node)
        with body.loops(x.shape, rows=True) as index:
            _set(body, node, in_window(index, axis, steps), body.load(x, index)[0], "+=")
        return
    code = _bounds(body, indices, show_shape(node.shape), axis)
    _zeros(body, node)
    with body.loops(x.shape) as index:
        chosen = body.load(indices, [*index[:batch], *index[axis:after]])
        place = _checked(body, chosen, body.extent(extent), code)
        _set(body, node, [*index[:axis], place, *index[after:]], body.load(x, index)[0], "+=")


def _bounds(body: Body, indices: Node, shape: str, axis: int) -> int:
    return body.fail(IndexError, f"an index in {describe(indices)} lies outside axis {axis} of shape {shape}")


def _checked(body: Body, chosen: Spelled, extent: str, code: int) -> Spelled:
    """An index inside its axis, a negative one counted from the end; the function returns where it lies outside."""
    place = body.fresh("k")
    body.lines.add(f"ptrdiff_t {place} = {chosen[0]};")
    body.lines.add(f"if ({place} < 0) {place} += {extent};")
    # Threads that wait for each other go on with another entry, and say so at the end.
    instead = f"{{ failed = {code}; {place} = 0; }}" if body.team else f"return {code};"
    body.lines.add(f"if ({place} < 0 || {place} >= {extent}) {instead}")
    return place, PLAIN
