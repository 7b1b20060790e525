"""A step of training that goes through its batch a few samples at a time, and adds up what they give."""

from __future__ import annotations

import math
import re

from ..ir.dims import Dim, Shape
from ..ir.graph import Graph
from ..lower.samples import Halves
from .c import Argument, CSource, sources
from .c_text import REALS, Real, runtime

_CACHE = 262144
"""Bytes of the cache that a few samples may take with all that is made of them."""
_TILES = 48
"""Rows that tiles of every height divide."""
_LINE = 64


def summed_source(graph: Graph, parts: Halves, *, name: str, dtype: str) -> CSource:
    """A function with the arguments of `source` with a team, written in halves."""
    real = REALS[dtype]
    each, rest = sources([(f"{name} each", parts.each, dtype), (f"{name} rest", parts.rest, dtype)])
    (samples,) = graph.dims()
    inputs = tuple(Argument(i.name, i.shape, i.kind) for i in graph.inputs)
    outputs = tuple(
        Argument(graph.names.get(node, found.name), found.shape, found.kind)
        for node, found in zip(graph.outputs, rest.outputs, strict=True)
    )
    function = f"cr_{name}"
    text = "\n".join([each.text, runtime("team"), _function(function, parts, each, rest, inputs, outputs, real)])
    return CSource(text, function, dtype, (samples,), inputs, outputs, (*each.failures, *rest.failures))


def _function(
    function: str,
    parts: Halves,
    each: CSource,
    rest: CSource,
    inputs: tuple[Argument, ...],
    outputs: tuple[Argument, ...],
    real: Real,
) -> str:
    names = {a.name: f"x{n}" for n, a in enumerate(inputs)}
    line = "\n    "
    parameters = ["ptrdiff_t batch"]
    parameters += [f"const {real.of(a.kind)} *restrict {names[a.name]}" for a in inputs]
    parameters += [f"{real.of(a.kind)} *restrict y{n}" for n, a in enumerate(outputs)]
    parameters += ["ptrdiff_t thread", "ptrdiff_t threads", "struct team *team", "void *restrict workspace"]
    starts, length = _starts([_entries(s.shape) for s in parts.each.outputs], _LINE // real.bytes)

    def given(argument: Argument, sums: dict[str, int]) -> str:
        if argument.name == parts.count.name:
            return "&count"
        if argument.name in sums:
            return f"sums + {sums[argument.name]}"
        width = _entries(argument.shape[1:]) if _is_sampled(argument) else 0
        return names[argument.name] + (f" + first * {width}" if width else "")

    of_each = [given(a, {}) for a in each.inputs] + [f"some + {start}" for start in starts]
    totals = {s.name: start for s, start in zip(parts.sums, starts, strict=True)}
    of_rest = [given(a, totals) for a in rest.inputs] + [f"y{n}" for n in range(len(outputs))]
    words = {
        "NAME": function,
        "PARAMETERS": "".join(f"{line}{p}," for p in parameters).removesuffix(","),
        "BATCH": "batch",
        "SOME": str(_rows(parts.each, real)),
        "LENGTH": str(length),
        "REAL": real.ctype,
        "EACH": each.function,
        "REST": rest.function,
        "SPACE_EACH": f"workspace_{each.function}",
        "SPACE_REST": f"workspace_{rest.function}",
        "GIVEN_EACH": "".join(f"\n                {g}," for g in of_each).removesuffix(","),
        "GIVEN_REST": "".join(f"\n            {g}," for g in of_rest).removesuffix(","),
        "FAILURES": str(len(each.failures)),
    }
    pattern = r"(?<![A-Za-z])(" + "|".join(sorted(words, key=len, reverse=True)) + r")(?![A-Z_])"
    return re.sub(pattern, lambda word: words[word[0]], runtime("summed"))


def _is_sampled(argument: Argument) -> bool:
    return bool(argument.shape) and isinstance(argument.shape[0], Dim)


def _entries(shape: Shape) -> int:
    """How many numbers an array has whose lengths are known."""
    lengths: list[int] = [int(e) for e in shape]
    return math.prod(lengths)


def _starts(lengths: list[int], unit: int) -> tuple[list[int], int]:
    """Where arrays begin that lie one after the other, each at a line of the cache; and where the last one ends."""
    starts, at = [], 0
    for length in lengths:
        starts.append(at)
        at += -(-length // unit) * unit
    return starts, max(at, unit)


def _rows(each: Graph, real: Real) -> int:
    """How many samples at a time fit the cache."""
    width = sum(_entries(n.shape[1:]) for n in each.nodes() if n.shape and isinstance(n.shape[0], Dim))
    return max(1, min(8, _CACHE // max(1, width * real.bytes * _TILES))) * _TILES
