"""What is checked of an operation in C: values and gradients of the compiled file, beside the interpreter's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..emit.c import NoSpelling, source
from ..ir.graph import Graph, toposort
from ..ir.node import Const, Input, Map, Node
from ..ir.records import Elementwise, Reduction
from ..run.interpret import interpret
from ..run.native import NoCompiler, compile_c
from .compare import close
from .drawing import draw, ends, generator
from .refusals import refused
from .traced import Traced, random_like


def has_compiler() -> bool:
    """Whether this machine can compile C."""
    try:
        compile_c(source(Graph((), (Const.of(1.0),))))
    except NoCompiler:
        return False
    return True


def emitted_c(op: Elementwise, oracle: Any = None) -> None:
    """The C that is emitted for it, and for its slopes, gives what the record means, in both precisions."""
    whole_numbers = op.result == "int"
    for operands in (draw(op), ends(op)):
        if whole_numbers:
            operands = [np.where(np.isfinite(v), v, 0) for v in operands]
        same_in_c(Traced(op, operands), operands)


def emitted_c_of_rows(op: Reduction, oracle: Any = None) -> None:
    """The C that is emitted for it, and for its slopes, gives what the record means, in both precisions."""
    rows = generator(op.name).uniform(*op.samples, (3, 4))
    for axis in (0, 1):
        same_in_c(Traced(lambda x, axis=axis: op(x, axis=axis), [rows]), [])


def same_in_c(traced: Traced, operands: list[Any]) -> None:
    """A function and its gradients in C, and as interpreted."""
    g = Input.of("g", traced.output.shape)
    # A slope may be an operation that C has not, as the digamma function is that of log Γ.
    nodes = [traced.output, *(p for p in traced.pullbacks(g) if _has_c(p))]
    graph = Graph((*traced.inputs, g), tuple(nodes))
    given = random_like(generator("g"), np.zeros(g.shape))
    for dtype, tolerance in (("float64", 1e-12), ("float32", 5e-6)):
        with np.errstate(over="ignore", under="ignore"):
            values = {
                k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in (traced.values | {"g": given}).items()
            }
        native, wanted = compile_c(source(graph, dtype=dtype))(values), interpret(nodes, values, dtype=dtype)
        for n, (one, other) in enumerate(zip(native, wanted, strict=True)):
            what = f"the {'value' if n == 0 else 'gradient'} in C in {dtype}"
            size = np.max(np.abs(other), initial=1, where=np.isfinite(other)) if other.dtype.kind == "f" else 0
            close(one, other, what, rtol=tolerance, atol=tolerance * size, at=operands)


def _has_c(node: Node) -> bool:
    """Whether no operation in a graph is one that C has not."""
    return not any(isinstance(n, Map) and n.op.no_c for n in toposort([node]))


def no_c(op: Any, oracle: Any = None) -> None:
    """It has no C, and the emitter says so."""
    operands = [np.ones((2, 2))] if isinstance(op, Reduction) else draw(op)
    traced = Traced(op, operands)
    graph = Graph(tuple(traced.inputs), (traced.output,))
    refused(lambda: source(graph), NoSpelling, op.name)
