"""A graph as one self-contained file of plain C11: readable, nothing allocated, named dimensions left open.

What is stored and what is folded into expressions is decided in `c_plan`; `c_nodes` writes a loop nest a node.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..ir.dims import Dim, Shape, show_shape
from ..ir.graph import Graph
from ..ir.node import Const, Input, Kind, Node
from ..lower.contraction import pairwise
from ..lower.matrices import matrices
from ..lower.products import turned
from .c_body import Body, Failure
from .c_called import called_runtime, vector_functions
from .c_dots import dots_kernel
from .c_nodes import copy, write
from .c_plan import NoSpelling, must_be_stored, plan
from .c_team import shares_of, write_in_stages
from .c_text import REALS, Names, Real, harmless, product, runtime
from .c_tiles import product_kernel
from .c_turns import turn_kernel

__all__ = ["Argument", "CSource", "Failure", "NoSpelling", "source", "sources"]

_PREAMBLE = """\
/* Compile with -std=c11 -fwrapv -ffp-contract=off, link with -lm. Arrays are row-major. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
"""
_PADDED = """\
/* Bytes that so many entries take in the workspace, up to the next multiple of 64. */
static inline ptrdiff_t padded(ptrdiff_t entries, size_t size)
{
    return (entries * (ptrdiff_t)size + 63) / 64 * 64;
}
"""


_LINE = "\n    "


@dataclass(frozen=True)
class Argument:
    """An array that goes in or comes out: the name it has outside, its shape and kind of number."""

    name: str
    shape: Shape
    kind: Kind


@dataclass(frozen=True)
class CSource:
    """A C function and how to call it: the sizes of ``dims``, ``inputs``, ``outputs``, then the workspace.

    ``text`` is the whole file, ``function`` the name in it. ``workspace_{function}`` takes the sizes and gives the
    bytes of workspace needed. The function returns 0, or n where ``failures[n - 1]`` happened.
    """

    text: str
    function: str
    dtype: str
    dims: tuple[Dim, ...]
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    failures: tuple[Failure, ...]


def source(graph: Graph, *, name: str = "f", dtype: str = "float64", team: Collection[str] | None = None) -> CSource:
    """The graph as a C function. ``dtype`` is float64 or float32.

    With ``team`` it is a function that several threads run together, and takes, before the workspace that they share,
    the number of this one, how many there are, and where they meet; each has put its share of the rows of the inputs
    named in ``team`` in place.

    Raises NoSpelling where the graph has a derivative that is not worked out, or an operation whose record has no C.
    """
    return _file([_function(_function_name(name, Names()), graph, REALS[dtype], team)])[0]


def sources(programs: Sequence[tuple[str, Graph, str]]) -> list[CSource]:
    """Several functions (name, graph, dtype) in one file, which each of them holds."""
    names = Names()
    return _file([_function(_function_name(name, names), graph, REALS[dtype]) for name, graph, dtype in programs])


def step_sources(
    graph: Graph, *, name: str, dtype: str, team: Collection[str], few: Mapping[Dim, int]
) -> tuple[CSource, CSource]:
    """`source` with a team, and in the same file the function where the open dimensions have the sizes ``few``.

    That one takes neither sizes nor a workspace, and is for a single thread. The compiler can keep in registers what is
    known to be so little; it pays for a thousand operations or so.
    """
    names = Names()
    usual = _function(_function_name(name, names), graph, REALS[dtype], team)
    little = _function(_function_name(f"{name}_few", names), graph, REALS[dtype], sizes=few)
    first, second = _file([usual, little])
    return first, second


def _file(made: Sequence[tuple[CSource, Body]]) -> list[CSource]:
    """Functions and what they need, as one text."""
    functions = [function for function, _ in made]
    text = "\n".join(f.text for f in functions)
    kernels = called_runtime(text)
    kernels += [runtime("team")] if any(body.team for _, body in made) else []
    declared, long = _matrix_kernels([body for _, body in made])
    text = "\n".join([_PREAMBLE, *vector_functions(text), *kernels, *declared, _PADDED, text, *long])
    return [CSource(text, f.function, f.dtype, f.dims, f.inputs, f.outputs, f.failures) for f in functions]


def _function_name(wanted: str, names: Names) -> str:
    """Ours begin with cr_, so that they meet no function of the C library; f stands for itself."""
    return names.new("f", "f") if wanted == "f" else "cr_" + names.new(wanted, "f")


def _matrix_kernels(bodies: Sequence[Body]) -> tuple[list[str], list[str]]:
    """The kernels that work on rows of matrices: their declarations, and their long texts, which come last."""
    heads, texts = [], []
    for real in REALS.values():
        mine = [body for body in bodies if body.real is real]
        columns = dict.fromkeys(extent for body in mine for extent in body.products)
        called = {"product"} if columns else set()
        called = called.union(*(body.kernels for body in mine))
        heads += [runtime(f"{name}_declared", real) for name in sorted(called)]
        texts += [runtime("vectors", real)] if called else []
        for name in sorted(called):
            match name:
                case "product":
                    texts.append(product_kernel(real, columns))
                case "dots":
                    texts.append(dots_kernel(real))
                case "turn":
                    texts.append(turn_kernel(real))
                case _:
                    texts.append(runtime(name, real))
    return heads, [runtime("vectors_of_this_machine"), *texts] if texts else []


def _function(
    function: str,
    graph: Graph,
    real: Real,
    team: Collection[str] | None = None,
    sizes: Mapping[Dim, int] | None = None,
) -> tuple[CSource, Body]:
    """One function, its text without the file's preamble; and what it was written with."""
    graph, kept = turned(
        matrices(pairwise(graph), adds=True), lambda n: isinstance(n, (Input, Const)) or must_be_stored(n)
    )
    names = Names()
    names.new(function, "f")
    known = dict(sizes or {})
    dims = {d: str(known[d]) if d in known else names.new(d.name, "n") for d in graph.dims()}
    where: dict[Node, str] = {i: names.new(i.name, "x") for i in graph.inputs}
    outs = [names.new(graph.names.get(o, ""), f"out{n}") for n, o in enumerate(graph.outputs)]
    open_dims = {d: name for d, name in dims.items() if d not in known}
    parameters = [f"ptrdiff_t {name}" for name in open_dims.values()]
    parameters += [f"const {real.of(i.kind)} *restrict {where[i]}" for i in graph.inputs]
    parameters += [f"{real.of(o.kind)} *restrict {out}" for o, out in zip(graph.outputs, outs, strict=True)]
    heading = _heading(graph, where, outs)
    arguments = [*open_dims.values(), *where.values()]
    body = Body(plan(graph.outputs, kept), real, dims, where, team=team is not None, sizes=known)
    if team is not None:
        parameters += ["ptrdiff_t thread", "ptrdiff_t threads", "struct team *team"]
        arguments += ["thread", "threads"]
    buffers = _named(body, graph, names, outs)
    if known:
        pointers, workspace = _variables(body, buffers), ""
    else:
        parameters.append("void *restrict workspace")
        pointers, workspace = _workspace(function, body, buffers)
    if team is None:
        _write(body, graph, outs)
    else:
        write_in_stages(body, graph, outs, [i for i in graph.inputs if i.name in team])
    text = "\n".join(
        [
            heading,
            f"{'static inline ' if known else ''}int {function}({','.join(f'{_LINE}{p}' for p in parameters)})",
            "{",
            *_unused(arguments, [*pointers, *body.lines.lines]),
            *body.constants,
            *pointers,
            *shares_of(body),
            *body.lines.lines,
            "    return 0;" if team is None else "    return failed;",
            "}",
            "",
            workspace,
        ]
    )
    inputs = tuple(Argument(i.name, i.shape, i.kind) for i in graph.inputs)
    pairs = zip(graph.outputs, outs, strict=True)
    outputs = tuple(Argument(graph.names.get(o, out), o.shape, o.kind) for o, out in pairs)
    return CSource(text, function, real.dtype, tuple(open_dims), inputs, outputs, tuple(body.failures)), body


def _write(body: Body, graph: Graph, outs: list[str]) -> None:
    """Every stored node, then the outputs that are not worked out in place."""
    for node in body.plan.stored:
        write(body, node, graph.names.get(node, body.where[node]))
    for output, out in zip(graph.outputs, outs, strict=True):
        if body.where.get(output) != out:
            body.restart("i")
            copy(body, output, out)


def _named(body: Body, graph: Graph, names: Names, outs: list[str]) -> list[Node]:
    """Give each stored node a name; those that are arrays and no outputs need a place in the workspace."""
    stored = set(body.plan.stored)
    for output, out in zip(graph.outputs, outs, strict=True):
        if output in stored:
            body.where.setdefault(output, out)
    buffers = []
    for serial, node in enumerate(body.plan.stored):
        if node not in body.where:
            body.where[node] = names.new(graph.names.get(node, ""), f"v{serial}")
            if node.shape == ():
                body.scalars.add(node)
            else:
                buffers.append(node)
    return buffers


def _heading(graph: Graph, where: dict[Node, str], outs: list[str]) -> str:
    """What goes in and what comes out, as a comment."""
    lines = ["/* In:"]
    lines += [_described(where[i], i.name, i.shape) for i in graph.inputs]
    lines.append(" * Out:")
    pairs = zip(graph.outputs, outs, strict=True)
    lines += [_described(out, graph.names.get(output, out), output.shape) for output, out in pairs]
    return "\n".join([*lines, " */"])


def _described(identifier: str, name: str, shape: Shape) -> str:
    """An argument in the heading; with its own name where that is not the identifier."""
    alias = "" if name == identifier else f" is {harmless(name)},"
    return f" *   {identifier}{alias} {harmless(show_shape(shape))}"


def _unused(names: list[str], lines: list[str]) -> list[str]:
    """What tells the compiler that an argument goes unused on purpose."""
    used = set(re.findall(r"\w+", re.sub(r"/\*.*?\*/", "", "\n".join(lines))))
    return [f"    (void){name};" for name in names if name not in used]


def _variables(body: Body, buffers: list[Node]) -> list[str]:
    """Arrays of known lengths as variables."""
    entries = {node: product(body.extent(e) for e in node.shape) for node in buffers}
    return [f"    {body.real.of(node.kind)} {body.where[node]}[{entries[node]}];" for node in buffers]


def _workspace(function: str, body: Body, buffers: list[Node]) -> tuple[list[str], str]:
    """Where in the workspace each array lies, and the function that says how large it is."""
    pointers = ["    unsigned char *at = workspace;"] if buffers else ["    (void)workspace;"]
    total = ""
    for node in buffers:
        ctype, entries = body.real.of(node.kind), product(body.extent(e) for e in node.shape)
        pointers.append(f"    {ctype} *restrict const {body.where[node]} = ({ctype} *)at;")
        pointers.append(f"    at += padded({entries}, sizeof({ctype}));")
        total += f"\n        + padded({entries}, sizeof({ctype}))"
    dims = list(body.dims.values())
    lines = [
        f"/* The bytes of workspace that {function} needs. */",
        f"ptrdiff_t workspace_{function}({', '.join(f'ptrdiff_t {d}' for d in dims) or 'void'})",
        "{",
        *_unused(dims, [total]),
        f"    return 0{total};",
        "}",
        "",
    ]
    return pointers, "\n".join(lines)
