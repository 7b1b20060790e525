"""Graphs compiled many at a time, and compared with the interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.emit.c import sources
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Input, Node
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from chainrule.run.native import FLAGS, Native, compile_c

STRICT = (*FLAGS, "-Wall", "-Wextra", "-Werror")
TOLERANCE = {"float64": 1e-12, "float32": 2e-6}


@dataclass(frozen=True)
class Case:
    """A graph's outputs, the values of its inputs, and the precision."""

    label: str
    outputs: Sequence[Node]
    values: Mapping[str, Any]
    dtype: str = "float64"

    def graph(self) -> Graph:
        verify(self.outputs)
        inputs = [n for n in toposort(self.outputs) if isinstance(n, Input)]
        return Graph(tuple(inputs), tuple(self.outputs))


def compile_all(cases: Sequence[Case]) -> list[Native]:
    """One compilation for all of them, in which a warning is an error."""
    emitted = sources([(f"case{n}", case.graph(), case.dtype) for n, case in enumerate(cases)])
    return [compile_c(source, flags=STRICT) for source in emitted]


def assert_same(case: Case, native: Native) -> None:
    """What the compiled function gives is what the interpreter gives, shapes, kinds and special values included."""
    with np.errstate(over="ignore"):
        values = {k: v.astype(case.dtype) if v.dtype.kind == "f" else v for k, v in case.values.items()}
    got, expected = native(values), interpret(case.outputs, values, dtype=case.dtype)
    for one, other in zip(got, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype.kind == other.dtype.kind
        scale = np.max(np.abs(other), initial=1, where=np.isfinite(other)) if other.dtype.kind == "f" else 0
        np.testing.assert_allclose(one, other, rtol=TOLERANCE[case.dtype], atol=TOLERANCE[case.dtype] * scale)
