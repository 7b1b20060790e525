"""The NumPy spelling of what moves and sums numbers: layouts, reshapes, slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.node import Concat, Einsum, Gather, Node, Pad, Reshape, Scatter, Slice
from ..ir.templates import ATOM, Spelled
from .numpy_choices import gather, scatter
from .numpy_products import einsum_call, product
from .numpy_sums import atom, plain_sum, reshape, slices_text

if TYPE_CHECKING:
    from .numpy import Writer

PLACED = '''
def placed(x, index, shape):
    """x put at an index into zeros."""
    result = np.zeros(shape, x.dtype)
    result[index] = x
    return result
'''


def structure(writer: Writer, node: Node, *, implicit: bool) -> Spelled | None:
    """A structural node's spelling; ``implicit`` leaves a broadcast to NumPy. None for other kinds."""
    match node:
        case Einsum() if node.is_layout:
            return layout(writer, node, implicit)
        case _ if implicit:
            return None
        case Einsum() if len(node.args) == 1 and len(set(node.subs[0])) == len(node.subs[0]):
            return plain_sum(writer, node)
        case Einsum():
            return product(writer, node)
        case Reshape():
            return reshape(writer, node)
        case Slice():
            return f"{atom(writer.spell(node.args[0]))}[{slices_text(node.params[0])}]", ATOM
        case Pad():
            return pad(writer, node)
        case Concat():
            parts = ", ".join(writer.spell(a)[0] for a in node.args)
            return f"np.concatenate(({parts}), axis={node.params[0]})", ATOM
        case Gather():
            return gather(writer, node)
        case Scatter():
            return scatter(writer, node)
    return None


def layout(writer: Writer, node: Einsum, implicit: bool) -> Spelled:
    """A transpose, broadcast or diagonal."""
    arg, sub = node.args[0], node.subs[0]
    if len(set(sub)) < len(sub):
        return einsum_call(writer, node), ATOM
    whole = unstretched(node)
    if whole is not None and arg not in writer.variables:
        spelled = writer.spell(whole)
        return spelled if implicit else (f"np.broadcast_to({spelled[0]}, {writer.shape(node.shape)})", ATOM)
    spelled = writer.operand(arg) if implicit and not arg.shape else writer.spell(arg)
    order = sorted(range(len(sub)), key=sub.__getitem__)
    axes = sorted(sub)
    if order != list(range(len(sub))):
        flipped = order == list(range(len(sub)))[::-1]
        spelled = f"{atom(spelled)}{'.T' if flipped else f'.transpose{tuple(order)}'}", ATOM
    if axes:
        index = [":" if axis in axes else "None" for axis in range(axes[0], len(node.out))]
        if "None" in index:
            while index[-1] == ":" and ":" in index[:-1] and "None" not in index[-1:] and len(index) > 1:
                if "None" in index[:-1]:
                    break
                index.pop()
            spelled = f"{atom(spelled)}[{', '.join(index)}]", ATOM
    if implicit or len(axes) == len(node.out):
        return spelled
    if writer.is_python_number(arg):
        return writer.filled(arg, node.shape)
    return f"np.broadcast_to({spelled[0]}, {writer.shape(node.shape)})", ATOM


def unstretched(node: Einsum) -> Node | None:
    """The array whose axes of length one are stretched where they stand: what NumPy's broadcasting does by itself."""
    dropped = node.args[0]
    if not isinstance(dropped, Reshape):
        return None
    x = dropped.args[0]
    offset = len(node.out) - len(x.shape)
    kept = [axis for axis, extent in enumerate(x.shape) if extent != 1]
    stands = node.subs[0] == tuple(offset + axis for axis in kept)
    return x if offset >= 0 and stands and dropped.shape == tuple(x.shape[axis] for axis in kept) else None


def pad(writer: Writer, node: Pad) -> Spelled:
    """Zeros around an array, or entries put at their places in zeros."""
    specs, shape = node.params
    text = writer.spell(node.args[0])[0]
    if all(spec is None or spec[2] == 1 for spec in specs):
        widths = [
            (0, 0) if spec is None else (spec[0], int(extent) - spec[0] - spec[1])
            for spec, extent in zip(specs, shape, strict=True)
        ]
        return f"np.pad({text}, {tuple(widths) if len(widths) > 1 else widths})", ATOM
    writer.helpers["placed"] = PLACED.strip()
    index = slices_text(specs)
    return f"placed({text}, np.s_[{index}], {writer.shape(shape)})", ATOM
