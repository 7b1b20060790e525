"""A graph: inputs, outputs, and the names its nodes go by. Everything here is iterative: depth is no limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .dims import Dim
from .node import Const, D, Delta, Einsum, Input, Map, Node, Reduce, Size
from .templates import ATOM, fill

naming: ContextVar[Mapping[Node, str]] = ContextVar("naming", default=MappingProxyType({}))
"""The variables of the trace under way, so that an error says l1 where it would say relu(…)."""


@dataclass(frozen=True, eq=False)
class Graph:
    """What a function computes. ``names`` gives the reader's names: arguments, local variables, gradients."""

    inputs: tuple[Input, ...]
    outputs: tuple[Node, ...]
    names: Mapping[Node, str] = field(default_factory=dict)

    def nodes(self) -> list[Node]:
        """Every node that the outputs need, operands before what uses them."""
        return toposort(self.outputs)

    def dims(self) -> tuple[Dim, ...]:
        """The named dimensions, in order of first appearance among the inputs."""
        return tuple(dict.fromkeys(s for i in self.inputs for s in i.shape if isinstance(s, Dim)))

    def __reduce__(self) -> tuple[Any, ...]:
        named = list(self.names)
        packed = pack((*self.inputs, *self.outputs, *named))
        return (
            _unpack_graph,
            (packed, len(self.inputs), len(self.outputs), [self.names[n] for n in named]),
        )


def toposort(outputs: Iterable[Node]) -> list[Node]:
    """All nodes below the outputs, each once, operands first, in a deterministic order."""
    order: list[Node] = []
    done: set[Node] = set()
    for output in outputs:
        if output in done:
            continue
        stack: list[tuple[Node, int]] = [(output, 0)]
        done.add(output)
        while stack:
            node, i = stack.pop()
            args = node.args
            while i < len(args):
                arg = args[i]
                i += 1
                if arg not in done:
                    done.add(arg)
                    stack.append((node, i))
                    node, args, i = arg, arg.args, 0
            order.append(node)
    return order


def use_counts(outputs: Iterable[Node]) -> dict[Node, int]:
    """How often each node is used, by operands and as an output."""
    outputs = tuple(outputs)
    counts: dict[Node, int] = {}
    for node in toposort(outputs):
        for arg in node.args:
            counts[arg] = counts.get(arg, 0) + 1
    for node in outputs:
        counts[node] = counts.get(node, 0) + 1
    return counts


def depends_on(outputs: Iterable[Node], sources: Iterable[Node]) -> set[Node]:
    """The nodes below the outputs that some source flows into, the sources included."""
    found = set(sources)
    for node in toposort(outputs):
        if node not in found and any(arg in found for arg in node.args):
            found.add(node)
    return found


def substitute(outputs: Sequence[Node], replace: Mapping[Node, Node]) -> tuple[Node, ...]:
    """The outputs with nodes replaced by others of the same shape; what stands below a replaced node is dropped."""
    return tuple(rebuild(outputs, lambda node, args: node.with_args(args), dict(replace)))


def rebuild(
    outputs: Sequence[Node], make: Callable[[Node, tuple[Node, ...]], Node], known: dict[Node, Node]
) -> list[Node]:
    """Each output rebuilt from its rebuilt operands; ``known`` holds what is done, and is filled."""
    stack: list[Node] = list(reversed(outputs))
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        todo = [arg for arg in node.args if arg not in known]
        if todo:
            stack.extend(reversed(todo))
            continue
        stack.pop()
        args = tuple([known[arg] for arg in node.args])
        known[node] = make(node, args)
    return [known[o] for o in outputs]


def pack(outputs: Sequence[Node]) -> tuple[list[tuple[Any, ...]], list[int]]:
    """Nodes as a flat list of (class, parameters, positions of operands), for pickling at any depth.

    A record travels by its name, so a process that unpickles must have registered the same operations.
    """
    order = toposort(outputs)
    position = {node: i for i, node in enumerate(order)}
    rows = []
    for node in order:
        params: tuple[Any, ...] = node.params
        if isinstance(node, (Map, Reduce)):
            params = (node.op.name, *params[1:])
        elif isinstance(node, Const):
            params = (node.value,)
        rows.append((type(node), params, [position[a] for a in node.args]))
    return rows, [position[o] for o in outputs]


def unpack_all(packed: tuple[list[tuple[Any, ...]], list[int]]) -> list[Node]:
    """The nodes that `pack` was given, interned in this process."""
    from .registry import record

    rows, positions = packed
    nodes: list[Node] = []
    for cls, params, args in rows:
        if cls is Const:
            nodes.append(Const.of(params[0]))
            continue
        if cls in (Map, Reduce):
            params = (record(params[0]), *params[1:])
        nodes.append(cls.make(tuple(nodes[i] for i in args), params))
    return [nodes[i] for i in positions]


def unpack(packed: tuple[list[tuple[Any, ...]], list[int]]) -> Node:
    """The one node that was packed."""
    return unpack_all(packed)[0]


def _unpack_graph(packed: Any, inputs: int, outputs: int, names: list[str]) -> Graph:
    nodes = unpack_all(packed)
    ins: Any = tuple(nodes[:inputs])
    return Graph(
        ins,
        tuple(nodes[inputs : inputs + outputs]),
        dict(zip(nodes[inputs + outputs :], names, strict=True)),
    )


def describe(node: Node) -> str:
    """A few words for an error message: its variable, the argument's name, a number, or what it is of what."""
    known = naming.get().get(node)
    if known is not None:
        return known
    match node:
        case Input():
            return node.name
        case Const():
            return f"{node.value:g}" if node.shape == () else "a constant array"
        case Size():
            return str(node.dim)
        case Delta():
            return "δ"
        case D():
            return f"∂{describe(node.args[0])}/∂{describe(node.args[1])}"
        case Einsum() if len(node.args) == 1:
            return _describe_leaf(node) if node.is_layout else f"a sum of {_describe_leaf(node.args[0])}"
        case Einsum():
            a, b = map(_describe_leaf, node.args[:2])
            return f"{a} @ {b}" if _is_matmul(node) else "a product"
        case Map() if node.op.converts:
            return _describe_leaf(node.args[0])
        case Map() if "(" not in node.op.numpy_template:
            return fill(node.op.numpy_template, [(_describe_leaf(a), ATOM) for a in node.args])[0]
        case _:
            return f"{node.op.name}({', '.join(map(_describe_leaf, node.args))})"


def _describe_leaf(node: Node) -> str:
    """An operand that has a name or is a number (or the transpose or broadcast of one); … for any other."""
    leaf, turned = node, ""
    if isinstance(node, Einsum) and node.is_layout:
        leaf = node.args[0]
        turned = ".T" if len(node.out) > 1 and node.subs[0] == node.out[::-1] else ""
    return describe(leaf) + turned if isinstance(leaf, (Input, Const, Size)) or leaf in naming.get() else "…"


def _is_matmul(node: Einsum) -> bool:
    """Whether a sum of products is what @ makes of two matrices or vectors, neither of them transposed."""
    if len(node.args) != 2 or len(node.summed) != 1:
        return False
    (inner,), (left, right) = node.summed, node.subs
    return left[-1:] == (inner,) and right[max(len(right) - 2, 0) :][:1] == (inner,) and len(right) > 0
