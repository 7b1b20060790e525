"""The truth: every node evaluated by its record's definition, in NumPy, one after the other.

Slow and plain on purpose. What is faster is compared with this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.dims import Sizes, bind_sizes
from ..ir.graph import toposort, use_counts
from ..ir.node import Call, Const, D, Delta, Input, Map, Node, Reduce, Size

Watch = Callable[[Node, Any], None]


def precision(values: Mapping[str, Any] | Sequence[Any]) -> np.dtype[Any]:
    """The dtype of a run: the widest float among the arguments; float64 where there is none."""
    arrays = values.values() if isinstance(values, Mapping) else values
    floats = {np.asarray(v).dtype for v in arrays if np.asarray(v).dtype.kind == "f"}
    return np.result_type(*floats) if floats else np.dtype(np.float64)


def bind(inputs: Sequence[Input], values: Mapping[str, Any]) -> Sizes:
    """The sizes of the named dimensions that these argument values imply."""
    return bind_sizes({i.name: i.shape for i in inputs}, {i.name: np.shape(values[i.name]) for i in inputs})


def interpret(
    outputs: Sequence[Node],
    values: Mapping[str, Any],
    *,
    dtype: Any = None,
    sizes: Sizes | None = None,
    watch: Watch | None = None,
    stand_in: Callable[[Any], Callable[..., Any]] | None = None,
) -> list[Any]:
    """The values of the outputs, given those of the inputs by name.

    ``dtype`` is the precision (that of the float arguments unless told); ``watch`` sees every node with its value;
    ``stand_in`` gives a function in the place of an unknown one (`cr.symbol`). A `D` is evaluated by forward mode.
    """
    order = toposort(outputs)
    if any(isinstance(node, D) for node in order):
        raise AssertionError("work the derivatives out first (explain.evaluate does)")
    inputs = [node for node in order if isinstance(node, Input)]
    dtype = np.dtype(dtype) if dtype is not None else precision({i.name: values[i.name] for i in inputs})
    sizes = bind(inputs, values) if sizes is None else sizes
    left = use_counts(outputs)
    known: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in order:
            known[node] = value = value_of(node, [known[a] for a in node.args], values, sizes, dtype, stand_in)
            if watch is not None:
                watch(node, value)
            for arg in node.args:
                left[arg] -= 1
                if not left[arg]:
                    del known[arg]
    return [known[o] for o in outputs]


def value_of(
    node: Node, args: list[Any], values: Mapping[str, Any], sizes: Sizes, dtype: np.dtype[Any], stand_in: Any = None
) -> Any:
    """The value of a node, given those of its operands; an input's is among ``values``."""
    match node:
        case Input():
            return np.asarray(values[node.name], dtype if node.kind == "float" else None)
        case Const():
            return np.asarray(node.value, dtype if node.kind == "float" else None)
        case Size():
            return np.asarray(sizes[node.dim])
        case Delta():
            return np.eye(sizes.extent(node.params[0]), dtype=dtype)
        case Map():
            if node.op.name == "to_float":
                return np.asarray(args[0], dtype)
            ref = stand_in(node.op) if stand_in is not None and node.op.symbol else node.op.ref
            return np.asarray(ref(*args))
        case Reduce():
            (x,) = args
            if node.op.empty is None and not all(x.shape[a] for a in node.axes):
                raise ValueError(f"{node.op.name} of no entries has no value")
            return np.asarray(node.op.ref(x, axis=node.axes))
        case Call():
            # What has no float among its operands, a random number, comes in a precision of its own.
            return np.asarray(node.op.value(node, args, sizes), dtype if node.kind == "float" else None)
        case _:
            return np.asarray(node.op.value(node, args, sizes))


def evaluate(output: Node, values: Mapping[str, Any], **options: Any) -> Any:
    """The value of one output."""
    return interpret([output], values, **options)[0]
