"""A step taken apart where it adds up over the samples of a batch.

Most steps work on each sample by itself until the gradients, which are sums over all samples; what is made of the sums
does not see a sample again. Then a batch can be gone through a few samples at a time, while all that belongs to them is
near, and the sums of several parts of it can be added up at the end.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..ir.dims import Dim
from ..ir.graph import Graph, depends_on, substitute, toposort
from ..ir.node import Einsum, Gather, Input, Map, Node, Reduce, Reshape, Scatter, Size


@dataclass(frozen=True)
class Halves:
    """``each`` gives the sums over the samples it is given, ``rest`` what the step gives, of the sums over all.

    Both take what they need of the step's inputs, and ``count``, the number of all samples; ``rest`` takes the sums
    besides, in the order in which ``each`` gives them.
    """

    each: Graph
    rest: Graph
    count: Input
    sums: tuple[Input, ...]


def halves(graph: Graph, sampled: Collection[str]) -> Halves | None:
    """The step in halves; None where it looks at several samples at once, or at a sample after the sums.

    ``sampled`` are the inputs with the samples along axis 0.
    """
    dims = graph.dims()
    if len(dims) != 1 or any(dims[0] in output.shape for output in graph.outputs):
        return None
    samples, order = dims[0], toposort(graph.outputs)
    sums: list[Node] = []
    for node in order:
        if samples in node.shape:
            if not _is_by_itself(node, samples, sampled):
                return None
        elif any(samples in arg.shape for arg in node.args):
            if not _is_sum(node, samples):
                return None
            sums.append(node)
    flowed = depends_on(graph.outputs, sums)
    if not sums or any(samples in node.shape for node in flowed) or any(a in flowed for n in sums for a in n.args):
        return None
    count = Input.of("number of samples", (), "int")
    number: dict[Node, Node] = {node: count for node in order if isinstance(node, Size)}
    named = [Input.of(f"sum {n}", node.shape) for n, node in enumerate(sums)]
    rest = substitute(graph.outputs, {**number, **dict(zip(sums, named, strict=True))})
    each = substitute(sums, number)
    return Halves(_of(graph, each, [count]), _of(graph, rest, [count, *named]), count, tuple(named))


def _of(graph: Graph, outputs: tuple[Node, ...], more: list[Input]) -> Graph:
    """A graph with those of the inputs that its outputs need."""
    needed = {node for node in toposort(outputs) if isinstance(node, Input)}
    inputs = [i for i in (*graph.inputs, *more) if i in needed]
    return Graph(tuple(inputs), outputs, graph.names)


def _leads(node: Node, samples: Dim) -> bool:
    """Whether an array has the samples along axis 0, and along no other."""
    return bool(node.shape) and node.shape[0] == samples and samples not in node.shape[1:]


def _is_by_itself(node: Node, samples: Dim, sampled: Collection[str]) -> bool:
    """Whether row i of an array is made of row i of others, and of arrays without samples."""
    many = {arg for arg in node.args if samples in arg.shape}
    if not _leads(node, samples) or not all(_leads(arg, samples) for arg in many):
        return False
    match node:
        case Input():
            return node.name in sampled
        case Map():
            return all(arg.shape == node.shape for arg in many)
        case Einsum():
            index = node.out[0]
            return _only(node, index, samples) and _first_of(node, index, samples)
        case Reduce():
            return 0 not in node.axes
        case Reshape():
            return True
        case Gather():
            axis, batch = node.params
            x, indices = node.args
            return batch > 0 or (axis > 0 and indices not in many) or (axis == 0 and x not in many)
        case Scatter():
            return node.params[1] > 0 and many == {*node.args}
    return False


def _is_sum(node: Node, samples: Dim) -> bool:
    """Whether an array is a sum over the samples, of what each gives."""
    if not isinstance(node, Einsum) or node.kind != "float":
        return False
    found = [i for i, extent in enumerate(node.extents) if extent == samples]
    return len(found) == 1 and found[0] in node.summed and _first_of(node, found[0], samples)


def _only(node: Einsum, index: int, samples: Dim) -> bool:
    return [i for i, extent in enumerate(node.extents) if extent == samples] == [index]


def _first_of(node: Einsum, index: int, samples: Dim) -> bool:
    """Whether an index stands first, and once, wherever it stands."""
    pairs = zip(node.args, node.subs, strict=True)
    return all(index not in sub or (sub[0] == index and _leads(arg, samples)) for arg, sub in pairs)
