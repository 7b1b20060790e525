"""The NumPy spelling of sums of products: matrix products, elementwise ones, tensordot, else einsum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ir.node import Einsum, Node, Subscripts
from ..ir.templates import ATOM, PRODUCT, Spelled, bracket
from ..lower.matrices import groups
from .numpy_sums import atom

if TYPE_CHECKING:
    from .numpy import Writer


def carried_axes(node: Node) -> set[int]:
    """The axes that an operand brings along when its broadcast is left to NumPy."""
    if isinstance(node, Einsum) and node.is_layout:
        return set(node.subs[0])
    return set(range(len(node.shape)))


def product(writer: Writer, node: Einsum) -> Spelled:
    """A product of two operands: a matrix product where it is one, an elementwise one, else numpy.einsum."""
    matrix = _matrix_product(writer, node) if len(node.args) == 2 else None
    if matrix is not None:
        return matrix
    repeats = any(len(set(sub)) < len(sub) for sub in node.subs)
    if not node.summed and len(node.args) == 2 and not repeats and _brought(writer, node) == set(node.out):
        parts = [_aligned(writer, arg, sub, node) for arg, sub in zip(node.args, node.subs, strict=True)]
        return f"{parts[0]} * {parts[1]}", PRODUCT
    joined = _tensordot(writer, node) if len(node.args) == 2 else None
    return joined or einsum_call(writer, node), ATOM


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
    """A @ B, with transposes, vectors, and leading axes of one operand or of both; None where it is none of these."""
    found = groups(node)
    if found is None or len(found.inner) != 1 or (found.batch and not (found.left and found.right)):
        return None
    args, (a, b), left, right = list(node.args), node.subs, found.left, found.right
    tail = node.out[-2:]
    if left and right and len(tail) == 2 and tail[0] in right and tail[1] in left:
        args, (a, b), left, right = args[::-1], (b, a), right, left
    rows, columns = left[-1:], right[-1:]
    if left and right:
        if tail[0] not in left or tail[1] not in right:
            return None
        rows, columns = tail[:1], tail[1:]
    lead = tuple(i for i in node.out if i not in (*rows, *columns))
    if node.out != (*lead, *rows, *columns) or (not left and len(right) > 1) or (len(left) > 1 and not rows):
        return None
    first = _oriented(writer, args[0], a, lead, (*rows, *found.inner))
    second = _oriented(writer, args[1], b, lead, (*found.inner, *columns))
    return f"{first} @ {second}", PRODUCT


def _tensordot(writer: Writer, node: Einsum) -> str | None:
    """A sum over axes that joins them, for several that go at once and no axis that both operands keep."""
    found = groups(node)
    if found is None or found.batch or not (found.left or found.right):
        return None
    axes = tuple(tuple(sub.index(i) for i in found.inner) for sub in node.subs)
    a, b = (writer.spell(arg)[0] for arg in node.args)
    text = f"np.tensordot({a}, {b}, axes={axes})"
    made = (*found.left, *found.right)
    order = tuple(made.index(i) for i in node.out)
    return text if order == tuple(range(len(order))) else f"{text}.transpose{order}"


def _oriented(writer: Writer, arg: Node, sub: Subscripts, lead: Subscripts, last: Subscripts) -> str:
    """An operand of a matrix product: the leading axes that it has, then those of its matrices, in this order."""
    text, binds = writer.spell(arg)
    ahead = tuple(i for i in lead if i in sub)
    wanted = (*ahead, *last)
    order = tuple(sub.index(i) for i in wanted)
    if sub == wanted:
        pass
    elif order == tuple(range(len(sub)))[::-1]:
        text, binds = f"{atom((text, binds))}.T", ATOM
    elif order[:-2] == tuple(range(len(sub) - 2)):
        text, binds = f"{atom((text, binds))}.swapaxes(-1, -2)", ATOM
    else:
        text, binds = f"{atom((text, binds))}.transpose{order}", ATOM
    missing = [i not in sub for i in lead]
    if any(gone for k, gone in enumerate(missing) if not all(missing[:k])):
        # NumPy stretches axes in front by itself, those between have to be there.
        index = ", ".join("None" if gone else ":" for gone in missing[missing.index(False) :])
        return f"{atom((text, binds))}[{index}]"
    return text if binds > PRODUCT else bracket(text)


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
