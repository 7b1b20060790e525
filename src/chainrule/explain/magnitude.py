"""How large the terms are that an expression is added up from: what its rounding error is to be compared with.

Where terms cancel, as in a gradient that is zero everywhere, two right expressions differ by rounding alone, which is
small beside their terms and not beside their value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..ir.dims import Sizes
from ..ir.graph import toposort
from ..ir.node import Call, Const, D, Delta, Input, Map, Node, Reduce, Size
from ..ops.symbol import smooth_stand_in
from ..run.interpret import interpret


def magnitudes(nodes: Sequence[Node], values: Mapping[str, Any], sizes: Sizes, seed: int) -> list[float]:
    """The greatest entry of each node, worked out with absolute values in every sum and product (no `D` in them)."""
    known: dict[Node, Any] = {}
    stand_in = lambda record: smooth_stand_in(record, seed)  # noqa: E731
    interpret(nodes, values, dtype=np.float64, sizes=sizes, stand_in=stand_in, watch=known.__setitem__)
    terms: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in toposort(nodes):
            terms[node] = _terms(node, terms, known, sizes)
    return [float(np.max(terms[node], initial=0)) for node in nodes]


def _terms(node: Node, terms: Mapping[Node, Any], known: Mapping[Node, Any], sizes: Sizes) -> Any:
    """The node's entries with absolute values in the place of those of its terms."""
    value = np.abs(np.asarray(known[node], np.float64))
    match node:
        case Input() | Const() | Size() | Delta() | Reduce() | Call():
            return value
        case Map(op=op):
            a, b = (*(terms[arg] for arg in node.args), None, None)[:2]
            match op.name:
                case "add" | "sub":
                    found = a + b
                case "mul":
                    found = a * b
                case "neg":
                    found = a
                case "div":
                    found = a / np.abs(known[node.args[1]])
                case "pow":
                    found = a ** known[node.args[1]]
                case "where":
                    found = np.where(known[node.args[0]], b, terms[node.args[2]])
                case _:
                    found = value
            return np.where(np.isfinite(found), np.maximum(found, value), value)
        case D():
            raise AssertionError("derivatives are worked out before")
        case _:
            # Sums of products and what moves numbers about; indices are what they are.
            args = [terms[arg] if arg.kind == "float" else known[arg] for arg in node.args]
            return np.abs(np.asarray(node.op.value(node, args, sizes), np.float64))
