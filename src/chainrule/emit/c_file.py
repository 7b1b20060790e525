"""The C file that is taken home: forward, backward and a step of gradient descent, and a heading that tells of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.dims import Shape, show_shape
from ..ir.graph import Graph
from .c import Argument, CSource, sources
from .c_text import REALS, Names, Real, product

_MACROS = """\
Compile with gcc or clang, -std=c11 (and -fwrapv where integers may overflow), and link with -lm; there is nothing
else that it needs. Define
  CR_PLAIN   for plain loops, without the compiler's vectors;
  CR_SIMD    with -fopenmp-simd, for sums of several numbers at a time, and a quicker exp;
  CR_MVEC    with -lmvec, for the functions of vectors that glibc has since 2.35 (gcc, x86-64).
"""


@dataclass(frozen=True)
class CFile:
    """A file's text, and its functions: forward; backward too, where there is something to differentiate by."""

    text: str
    forward: CSource
    backward: CSource | None = None


def c_file(
    name: str, forward: Graph, backward: Graph | None, wrt: Sequence[str], *, dtype: str = "float64", notes: str = ""
) -> CFile:
    """The file for a function of this name.

    ``backward`` gives what ``forward`` gives and then the slopes by the inputs named in ``wrt``. ``notes`` is shown in
    the heading. Raises NoSpelling where something cannot be written in C.
    """
    programs = [(f"{name}_forward", forward, dtype)]
    if backward is not None:
        programs.append((f"{name}_backward", backward, dtype))
    made = sources(programs)
    functions = [_told(made[0], "the value")]
    step = ""
    if backward is not None:
        values = len(forward.outputs)
        named = ", ".join(wrt)
        written, step = _step(made[1], values, wrt, REALS[dtype])
        functions.append(_told(made[1], f"the value, and the slopes by {named}"))
        functions.append(
            f"{written}: a step of gradient descent. As {made[1].function}, but for the slopes: {named} are changed in "
            f"place, each less rate times its slope; rate comes behind the inputs. {_room(written, made[1])}"
        )
    heading = _comment("\n\n".join([f"{name}: written by chainrule.", *functions, _MACROS.rstrip(), notes]))
    return CFile(heading + made[0].text + step, made[0], made[1] if backward is not None else None)


def _told(source: CSource, gives: str) -> str:
    """What a function takes and gives, and what it returns where something went wrong."""
    failures = [f"{n}: {failure.message}" for n, failure in enumerate(source.failures, 1)]
    codes = "It returns 0" + (f", or {'; '.join(failures)}." if failures else ".")
    return f"{source.function}: {gives}. {codes} {_room(source.function, source)}"


def _room(function: str, source: CSource) -> str:
    sizes = ", ".join(d.name for d in source.dims)
    return f"workspace_{function}({sizes}) says how many bytes of workspace it has to be given, aligned as doubles are."


def _step(backward: CSource, values: int, wrt: Sequence[str], real: Real) -> tuple[str, str]:
    """The name and text of the function that changes the parameters: backward, then each less its slope."""
    names = Names()
    function = backward.function.removesuffix("_backward") + "_step"
    names.new(function, "f")
    dims = {d: names.new(d.name, "n") for d in backward.dims}
    inputs = [names.new(a.name, "x") for a in backward.inputs]
    outputs = [names.new(a.name, "out") for a in backward.outputs]
    rate = names.new("rate", "rate")
    slopes = dict(zip(wrt, outputs[values:], strict=True))
    parameters = [f"ptrdiff_t {d}" for d in dims.values()]
    for argument, identifier in zip(backward.inputs, inputs, strict=True):
        const = "" if argument.name in slopes else "const "
        parameters.append(f"{const}{real.of(argument.kind)} *restrict {identifier}")
    parameters.append(f"{real.ctype} {rate}")
    for argument, identifier in zip(backward.outputs[:values], outputs, strict=False):
        parameters.append(f"{real.of(argument.kind)} *restrict {identifier}")
    parameters.append("void *restrict workspace")

    def entries(shape: Shape) -> str:
        return product(dims[e] if not isinstance(e, int) else str(e) for e in shape)

    by_name = {a.name: (a, identifier) for a, identifier in zip(backward.inputs, inputs, strict=True)}
    room, change, total = [], [], []
    for parameter, slope in slopes.items():
        argument, identifier = by_name[parameter]
        size = f"padded({entries(argument.shape)}, sizeof({real.ctype}))"
        room += [f"    {real.ctype} *restrict const {slope} = ({real.ctype} *)at;", f"    at += {size};"]
        change += [
            f"    for (ptrdiff_t i0 = 0; i0 < {entries(argument.shape)}; i0++)",
            f"        {identifier}[i0] -= {rate} * {slope}[i0];",
        ]
        total.append(size)
    call = ", ".join([*dims.values(), *inputs, *outputs, "at"])
    listed = ",".join(f"\n    {p}" for p in parameters)
    unused = [f"    (void){d};" for d in dims.values() if not re.search(rf"\b{d}\b", " ".join(total))]
    own = ", ".join(f"ptrdiff_t {d}" for d in dims.values()) or "void"
    lines = [
        "",
        f"/* A step of gradient descent: {_clean(', '.join(f'{_said(by_name[p][0])}' for p in slopes))} in place. */",
        f"int {function}({listed})",
        "{",
        "    unsigned char *at = workspace;",
        *room,
        f"    const int failed = {backward.function}({call});",
        "    if (failed) return failed;",
        *change,
        "    return 0;",
        "}",
        "",
        f"/* The bytes of workspace that {function} needs. */",
        f"ptrdiff_t workspace_{function}({own})",
        "{",
        *(line for line in unused if not backward.dims),
        f"    return {' + '.join(total)}",
        f"        + workspace_{backward.function}({', '.join(dims.values())});",
        "}",
        "",
    ]
    return function, "\n".join(lines)


def _said(argument: Argument) -> str:
    return f"{argument.name} {show_shape(argument.shape)}"


def _clean(text: str) -> str:
    """What cannot end a comment, nor begin one, nor go on with the next line."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/").replace("??/", "?? /")


def _comment(text: str) -> str:
    """A comment of lines of at most 110 characters; lines that are indented stay as they are."""
    lines = []
    for line in _clean(text).rstrip().splitlines():
        indent = re.match(r" *", line)
        while len(line) > 110 and (cut := line.rfind(" ", 0, 110)) > len(indent[0] if indent else ""):
            lines.append(line[:cut])
            line = f"{indent[0] if indent else ''}  {line[cut + 1 :]}"
        lines.append(line)
    return "/* " + "\n   ".join(lines).replace("   \n", "\n") + "\n */\n"
