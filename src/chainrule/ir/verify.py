"""The graph verifier: the rules of the house that every pass must keep. The tests run it after each pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .dims import Shape, known_product, show_shape
from .graph import toposort
from .node import (
    Call,
    Concat,
    Const,
    D,
    Delta,
    Einsum,
    Gather,
    Input,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Scatter,
    Size,
    Slice,
    SliceSpec,
)


class InvalidGraph(AssertionError):
    """A pass made a node that breaks a rule of the house."""


def verify(outputs: Iterable[Node], *, allow_derivatives: bool = False) -> None:
    """Check every node below the outputs; raises InvalidGraph naming the first that is wrong.

    ``allow_derivatives`` lets D nodes stand, as they do in explanations.
    """
    for node in toposort(outputs):
        if isinstance(node, D) and not allow_derivatives:
            raise InvalidGraph(f"a derivative that is not worked out: {node!r}")
        complaint = _complaint(node)
        if complaint:
            raise InvalidGraph(f"{complaint}: {_show(node)}")
        if (node.shape, node.kind) != type(node).infer(node.args, node.params):
            raise InvalidGraph(f"shape or kind does not follow from the parts: {_show(node)}")


def _show(node: Node) -> str:
    """A node that may be broken: only what it is made of."""
    name = f" {node.op.name}" if isinstance(node, (Call, Map, Reduce)) else ""
    return f"{type(node).__name__}{name} of {[show_shape(a.shape) for a in node.args]}"


def _complaint(node: Node) -> str:
    """What is wrong with one node; empty where nothing is."""
    match node:
        case Input() | Const() | Size() | Delta() | D():
            return ""
        case Map():
            return _map_complaint(node)
        case Einsum():
            return _einsum_complaint(node)
        case Reduce():
            axes = node.axes
            ok = axes and list(axes) == sorted(set(axes)) and max(axes) < len(node.args[0].shape)
            return "" if ok else "a reduction's axes are sorted, distinct and exist"
        case Reshape():
            return "" if segments(node.args[0].shape) == segments(node.shape) else "a reshape keeps names whole"
        case Slice():
            return "" if _lies_within(node.params[0], node.args[0].shape) else "a slice's entries exist"
        case Pad():
            taken = tuple(
                extent if spec is None else spec[1] for extent, spec in zip(node.shape, node.params[0], strict=True)
            )
            ok = taken == node.args[0].shape and _lies_within(node.params[0], node.shape)
            return "" if ok else "what is put into zeros has the shape of its places, which exist"
        case Concat():
            (axis,) = node.params
            rest = {(*a.shape[:axis], *a.shape[axis + 1 :]) for a in node.args}
            return "" if len(rest) == 1 and len(node.args) > 1 else "arrays that are joined agree in all other axes"
        case Call():
            wrong = node.op.backward is not None and any(a.kind != "float" for a in node.args)
            return f"the operands of {node.op.name} are floats" if wrong else ""
        case Gather() | Scatter():
            axis, batch, indices = node.params[0], node.params[1], node.args[1]
            ok = indices.kind == "int" and batch <= axis and node.args[0].shape[:batch] == indices.shape[:batch]
            return "" if ok else "indices are integers that share the batch axes"
        case _:
            return f"a kind of node nobody knows, {type(node).__name__}"


def _lies_within(specs: Sequence[SliceSpec], shape: Shape) -> bool:
    """Whether every entry that a slice takes from an array of this shape is there."""
    for spec, extent in zip(specs, shape, strict=True):
        if spec is not None and spec[1]:
            first, entries, step = spec
            last = first + (entries - 1) * step
            if not isinstance(extent, int) or not (0 <= first < extent and 0 <= last < extent):
                return False
    return True


def _map_complaint(node: Map) -> str:
    values = node.args[node.op.conditions :]
    if any(arg.shape != node.shape for arg in node.args):
        return "a Map's operands have exactly the result's shape"
    if len(node.args) != node.op.arity:
        return f"{node.op.name} takes {node.op.arity} operands"
    if any(arg.kind != "bool" for arg in node.args[: node.op.conditions]):
        return "a condition is a truth value"
    if node.op.result == "float" and not node.op.converts and any(arg.kind != "float" for arg in values):
        return "the operands of an operation on floats are floats"
    return "" if len({arg.kind for arg in values}) <= 1 else "operands of different kinds"


def _einsum_complaint(node: Einsum) -> str:
    if not node.args or node.out != tuple(range(len(node.out))):
        return "an einsum has operands, and its output's indices come first"
    seen = list(dict.fromkeys([*node.out, *(i for sub in node.subs for i in sub)]))
    if seen != list(range(len(node.extents))):
        return "an einsum's indices are numbered in order of first appearance"
    for arg, sub in zip(node.args, node.subs, strict=True):
        if arg.shape != tuple(node.extents[i] for i in sub):
            return "an einsum's operand has the sizes of its indices"
    if not node.summed and all(sub == node.out for sub in node.subs):
        return "an einsum that neither sums, transposes nor broadcasts is a Map"
    return ""


def segments(shape: Shape) -> list[object]:
    """The named dimensions in order, with the products of the integers between them: what a reshape keeps."""
    result: list[object] = []
    run: list[int] = []
    for extent in shape:
        if isinstance(extent, int):
            run.append(extent)
        else:
            result += [known_product(run), extent]
            run = []
    return [*result, known_product(run)]
