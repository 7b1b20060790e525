"""The NumPy spelling of sums over axes, and of the reshapes that keep the axes they ran over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.node import Einsum, Reduce, Reshape, Slice, SliceSpec
from ..ir.templates import ATOM, Spelled, bracket

if TYPE_CHECKING:
    from .numpy import Writer

LONG_SUM = '''
def long_sum(x, axes):
    """The sum over axes in blocks, so that float32 keeps its digits however many terms there are."""
    long = [extent > 65536 for extent in x.shape]
    for axis in sorted(axes, reverse=True):
        while x.shape[axis] > 16 and long[axis]:
            x = np.add.reduceat(x, np.arange(0, x.shape[axis], 16), axis)
        x = x.sum(axis)
    return x
'''


def atom(spelled: Spelled) -> str:
    """A text that a method or index can follow."""
    text, binds = spelled
    return text if binds == ATOM else bracket(text)


def plain_sum(writer: Writer, node: Einsum) -> Spelled:
    """The sum of one array over axes, and what is left transposed or spread where that is asked."""
    sub = node.subs[0]
    left = tuple(index for index in sub if index < len(node.out))
    text = _summed(writer, node, keep=False)
    if left == node.out:
        return text, ATOM
    order = sorted(range(len(left)), key=left.__getitem__)
    if order != list(range(len(left))):
        text += f".transpose{tuple(order)}"
    if len(left) < len(node.out):
        index = [":" if i in left else "None" for i in node.out]
        text = f"np.broadcast_to({text}[{', '.join(index)}], {writer.shape(node.shape)})"
    return text, ATOM


def _summed(writer: Writer, node: Einsum, *, keep: bool) -> str:
    """The sum itself, with its axes kept at length one or gone."""
    sub = node.subs[0]
    gone = _gone(node)
    spelled = atom(writer.spell(node.args[0]))
    if writer.long_axes and gone != (len(sub) - 1,):
        writer.helpers["long_sum"] = LONG_SUM.strip()
        text = f"long_sum({spelled}, {gone})"
        return f"np.expand_dims({text}, {gone})" if keep else text
    axes = "" if len(gone) == len(sub) else str(gone[0]) if len(gone) == 1 else str(gone)
    return f"{spelled}.sum({', '.join(filter(None, (axes, 'keepdims=True' if keep else '')))})"


def _gone(node: Einsum | Reduce) -> tuple[int, ...]:
    """The axes that a sum of one array, or a reduction, takes away."""
    if isinstance(node, Reduce):
        return node.axes
    return tuple(axis for axis, index in enumerate(node.subs[0]) if index >= len(node.out))


def reshape(writer: Writer, node: Reshape) -> Spelled:
    """A reshape; where it puts back the axes that a sum or reduction took away, those are kept instead."""
    (x,) = node.args
    if writer.is_python_number(x):
        return writer.filled(x, node.shape)
    if isinstance(x, (Einsum, Reduce)) and x not in writer.variables and len(x.args) == 1:
        gone, whole = _gone(x), x.args[0].shape
        if gone and node.shape == tuple(1 if axis in gone else extent for axis, extent in enumerate(whole)):
            if isinstance(x, Einsum) and x.out == tuple(i for i in x.subs[0] if i < len(x.out)):
                return _summed(writer, x, keep=True), ATOM
            if isinstance(x, Reduce) and not x.op.definition:
                return writer.reduce(x, keep=True)
    if isinstance(x, Slice) and x not in writer.variables:
        single = [spec is not None and spec[1] == 1 for spec in x.params[0]]
        if node.shape == tuple(extent for extent, one in zip(x.shape, single, strict=True) if not one):
            # One entry of an axis, which goes with it: x[:, 0].
            return f"{atom(writer.spell(x.args[0]))}[{slices_text(x.params[0], single=True)}]", ATOM
    shape = ", ".join(map(writer.extent, node.shape))
    return f"{atom(writer.spell(x))}.reshape({shape or '()'})", ATOM


def slices_text(specs: tuple[SliceSpec, ...], *, single: bool = False) -> str:
    """Slices as Python writes them; ``single`` writes one entry of an axis as its number, which drops the axis."""
    parts = []
    for spec in specs:
        if spec is None:
            parts.append(":")
            continue
        first, entries, step = spec
        if single and entries == 1:
            parts.append(str(first))
            continue
        stop = first + entries * step
        ends = f"{first or ''}:{'' if stop < 0 else stop}" if step > 0 else f"{first}:{'' if stop < 0 else stop}"
        parts.append(ends if step == 1 else f"{ends}:{step}")
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    return ", ".join(parts)
