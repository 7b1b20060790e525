"""The NumPy spelling of what moves and sums numbers: einsums, reshapes, slices, gathers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.build import scalar_value
from ..ir.node import Concat, Einsum, Gather, Node, Pad, Reshape, Scatter, Slice, Subscripts
from ..ir.templates import ATOM, COMPARE, PRODUCT, Spelled, bracket
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

ADDED_AT = '''
def added_at(index, x, shape):
    """The entries of x added up at an index into zeros."""
    result = np.zeros(shape, x.dtype)
    np.add.at(result, index, x)
    return result
'''


def carried_axes(node: Node) -> set[int]:
    """The axes that an operand brings along when its broadcast is left to NumPy."""
    if isinstance(node, Einsum) and node.is_layout:
        return set(node.subs[0])
    return set(range(len(node.shape)))


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


def product(writer: Writer, node: Einsum) -> Spelled:
    """A product of two operands: a matrix product where it is one, an elementwise one, else numpy.einsum."""
    matrix = _matrix_product(writer, node) if len(node.args) == 2 else None
    if matrix is not None:
        return matrix
    repeats = any(len(set(sub)) < len(sub) for sub in node.subs)
    if not node.summed and len(node.args) == 2 and not repeats and _brought(writer, node) == set(node.out):
        parts = [_aligned(writer, arg, sub, node) for arg, sub in zip(node.args, node.subs, strict=True)]
        return f"{parts[0]} * {parts[1]}", PRODUCT
    return einsum_call(writer, node), ATOM


def _brought(writer: Writer, node: Einsum) -> set[int]:
    """The indices that the operands bring along when their broadcasts are left to NumPy."""
    pairs = zip(node.args, node.subs, strict=True)
    return {sub[k] for arg, sub in pairs for k in (range(len(sub)) if arg in writer.variables else carried_axes(arg))}


def _aligned(writer: Writer, arg: Node, sub: Subscripts, node: Einsum) -> str:
    """An operand with its axes put where the result has them."""
    view = Einsum.of([arg], [sub], node.out, dict(enumerate(node.extents)))
    text, binds = writer.operand(view)
    return text if binds > PRODUCT else bracket(text)


def _matrix_product(writer: Writer, node: Einsum) -> Spelled | None:
    """A @ B, with transposes, leading axes that both share, and vectors; None where it is none of these."""
    a, b = node.subs
    if len(set(a)) < len(a) or len(set(b)) < len(b):
        return None
    batch = [i for i in node.out if i in a and i in b]
    inner = [i for i in a if i in b and i not in node.out]
    left = [i for i in a if i not in b]
    right = [i for i in b if i not in a]
    if len(inner) != 1 or len(left) > 1 or len(right) > 1 or set(left) | set(right) > set(node.out):
        return None
    if any(i not in node.out for i in left + right) or set(node.out) != {*batch, *left, *right}:
        return None
    if list(node.out[: len(batch)]) != batch:
        return None
    args = list(node.args)
    if node.out[len(batch) :] == (*right, *left) and left and right:
        args, (a, b), left, right = args[::-1], (b, a), right, left
    if batch and not (left and right):
        return None
    first = _oriented(writer, args[0], a, (*batch, *left, *inner))
    second = _oriented(writer, args[1], b, (*batch, *inner, *right))
    return f"{first} @ {second}", PRODUCT


def _oriented(writer: Writer, arg: Node, sub: Subscripts, wanted: Subscripts) -> str:
    """An operand of a matrix product with its axes in the wanted order."""
    text, binds = writer.spell(arg)
    if sub == wanted:
        return text if binds > PRODUCT else bracket(text)
    order = tuple(sub.index(i) for i in wanted)
    if order == tuple(range(len(sub)))[::-1]:
        return f"{atom((text, binds))}.T"
    if order[:-2] == tuple(range(len(sub) - 2)):
        return f"{atom((text, binds))}.swapaxes(-1, -2)"
    return f"{atom((text, binds))}.transpose{order}"


def einsum_call(writer: Writer, node: Einsum) -> str:
    """The sum of products as numpy.einsum writes it; a broadcast index is carried out around it."""
    letters = "ijklmnopqrstuvwxyzabcdefgh"
    carried = {i for sub in node.subs for i in sub}
    terms = ",".join("".join(letters[i] for i in sub) for sub in node.subs)
    out = "".join(letters[i] for i in node.out if i in carried)
    operands = ", ".join(writer.spell(a)[0] for a in node.args)
    text = f'np.einsum("{terms}->{out}", {operands})'
    if all(i in carried for i in node.out):
        return text
    index = [":" if i in carried else "None" for i in node.out]
    return f"np.broadcast_to({text}[{', '.join(index)}], {writer.shape(node.shape)})"


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


def gather(writer: Writer, node: Gather) -> Spelled | None:
    """Entries chosen by integers."""
    (x, indices), (axis, batch) = node.args, node.params
    text, chosen = atom(writer.spell(x)), writer.spell(indices)[0]
    if batch == 0:
        return (f"{text}[{chosen}]" if axis == 0 else f"np.take({text}, {chosen}, axis={axis})"), ATOM
    index = _rows(writer, node)
    return None if index is None else (f"{text}[{index}]", ATOM)


def scatter(writer: Writer, node: Scatter) -> Spelled | None:
    """Entries added up at places; ones at one place of each row are a comparison with the places' numbers."""
    (x, indices), (axis, batch, _) = node.args, node.params
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
