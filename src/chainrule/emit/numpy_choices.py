"""The NumPy spelling of gathers and scatters: entries chosen by integers, and windows, whose places are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.affine import window_steps
from ..ir.build import scalar_value
from ..ir.dims import Extent, Shape
from ..ir.graph import Graph, toposort
from ..ir.node import Einsum, Gather, Node, Reduce, Scatter
from ..ir.templates import ATOM, COMPARE, Spelled, bracket
from .numpy_sums import atom

if TYPE_CHECKING:
    from .numpy import Writer

ADDED_AT = '''
def added_at(index, x, shape):
    """The entries of x added up at an index into zeros."""
    result = np.zeros(shape, x.dtype)
    np.add.at(result, index, x)
    return result
'''


WINDOWS = '''
def windows(x, axis, count, length, stride, dilation):
    """A view of so many windows along an axis: entry i of window p is the entry p stride + i dilation."""
    step = x.strides[axis]
    shape = *x.shape[:axis], count, length, *x.shape[axis + 1 :]
    strides = *x.strides[:axis], stride * step, dilation * step, *x.strides[axis + 1 :]
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)
'''

OVERLAPPED = '''
def overlapped(x, axis, extent, stride, dilation):
    """Windows along an axis added up where they lie, in zeros of that length: the transpose of windows."""
    if x.shape[axis] < x.shape[axis + 1]:
        x, stride, dilation = x.swapaxes(axis, axis + 1), dilation, stride
    count, length = x.shape[axis : axis + 2]
    ahead = (slice(None),) * axis
    result = np.zeros_like(x[(*ahead, slice(None), 0)], shape=(*x.shape[:axis], extent, *x.shape[axis + 2 :]))
    for i in range(length):
        first = i * dilation
        place = slice(first, first + (count - 1) * stride + 1, stride)
        result[(*ahead, place)] += x[(*ahead, slice(None), i)]
    return result
'''

APART = '''
def apart(x, axes):
    """x in a memory where these short axes come first: what works along the others is quick then."""
    order = (*axes, *(a for a in range(x.ndim) if a not in axes))
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))
'''


def gather(writer: Writer, node: Gather) -> Spelled | None:
    """Entries chosen by integers."""
    (x, indices), (axis, batch) = node.args, node.params
    steps = window_steps(node)
    if steps is not None:
        return _windows(writer, node, steps), ATOM
    text, chosen = atom(writer.spell(x)), writer.spell(indices)[0]
    if batch == 0:
        return (f"{text}[{chosen}]" if axis == 0 else f"np.take({text}, {chosen}, axis={axis})"), ATOM
    index = _rows(writer, node)
    return None if index is None else (f"{text}[{index}]", ATOM)


def _windows(writer: Writer, node: Gather, steps: tuple[int, int]) -> str:
    """A view of windows; of tiles, which cover an axis without overlapping, a reshape."""
    (x, indices), axis = node.args, node.params[0]
    if _are_tiles(indices.shape, steps, x.shape[axis]):
        text = f"{atom(writer.spell(x))}.reshape{writer.shape(node.shape)}"
    else:
        writer.helpers["windows"] = WINDOWS.strip()
        count, length = indices.shape
        text = f"windows({writer.spell(x)[0]}, {axis}, {count}, {length}, {steps[0]}, {steps[1]})"
    if node not in writer.reduced:
        return text
    writer.helpers["apart"] = APART.strip()
    return f"apart({text}, {writer.reduced[node]})"


def reduced_windows(graph: Graph) -> dict[Node, tuple[int, ...]]:
    """The windows that are reduced or summed, and over which axes."""
    found: dict[Node, tuple[int, ...]] = {}
    for node in toposort(graph.outputs):
        if isinstance(node, (Reduce, Einsum)) and len(node.args) == 1 and window_steps(node.args[0]) is not None:
            (x,) = node.args
            gone = (
                node.axes if isinstance(node, Reduce) else [a for a, i in enumerate(node.subs[0]) if i in node.summed]
            )
            found.setdefault(x, tuple(gone))
    return {x: axes for x, axes in found.items() if 0 < len(axes) < len(x.shape)}


def _are_tiles(shape: Shape, steps: tuple[int, int], extent: Extent) -> bool:
    """Whether windows lie side by side and cover the whole axis."""
    count, length = shape
    assert isinstance(count, int)
    side_by_side = (steps[0] == length or count == 1) and (steps[1] == 1 or length == 1)
    return side_by_side and count * length == extent


def scatter(writer: Writer, node: Scatter) -> Spelled | None:
    """Entries added up at places; ones at one place of each row are a comparison with the places' numbers."""
    (x, indices), (axis, batch, extent) = node.args, node.params
    steps = window_steps(node)
    if steps is not None and isinstance(extent, int):
        if _are_tiles(indices.shape, steps, extent):
            return f"{atom(writer.spell(x))}.reshape{writer.shape(node.shape)}", ATOM
        writer.helpers["overlapped"] = OVERLAPPED.strip()
        return f"overlapped({writer.spell(x)[0]}, {axis}, {extent}, {steps[0]}, {steps[1]})", ATOM
    hot = one_hot(writer, node)
    if hot is not None:
        writer.needs_dtype = True
        return f"{bracket(hot[0])}.astype(dtype)", ATOM
    if batch == 0:
        index = ", ".join([*([":"] * axis), writer.spell(indices)[0]])
    else:
        rows = _rows(writer, node)
        if rows is None:
            return None
        index = rows
    writer.helpers["added_at"] = ADDED_AT.strip()
    place = f"np.s_[{index}]" if ":" in index or "," in index else index
    return f"added_at({place}, {writer.spell(x)[0]}, {writer.shape(node.shape)})", ATOM


def one_hot(writer: Writer, node: Node) -> Spelled | None:
    """Ones at one place of each row, as truth values; None for everything else."""
    if not isinstance(node, Scatter) or scalar_value(node.args[0]) != 1:
        return None
    indices, (axis, batch, extent) = node.args[1], node.params
    if not batch == axis == len(indices.shape) == len(node.shape) - 1:
        return None
    chosen = atom(writer.spell(indices))
    column = f"{chosen}[:, None]" if axis == 1 else f"{chosen}[..., None]" if axis else chosen
    return f"np.arange({writer.extent(extent)}) == {column}", COMPARE


def _rows(writer: Writer, node: Gather | Scatter) -> str | None:
    """The index that walks the shared leading axes along with the chosen places."""
    indices, (axis, batch) = node.args[1], node.params[:2]
    if axis != batch:
        return None
    rank = len(indices.shape)
    parts = []
    for k in range(batch):
        tail = "".join(", None" for _ in range(rank - k - 1))
        parts.append(f"np.arange({writer.extent(indices.shape[k])})" + (f"[:{tail}]" if tail else ""))
    return ", ".join([*parts, writer.spell(indices)[0]])
