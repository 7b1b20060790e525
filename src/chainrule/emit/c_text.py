"""The small change of C: identifiers that we make, comments that nobody can break out of, numbers, lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from ..ir.node import Kind
from ..ir.templates import ATOM, SUM, Spelled, fill

PLAIN = ATOM + 100
"""The precedence of a variable, an entry or a number: what never needs brackets and may be repeated at no cost."""

_KEYWORDS = """auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
bool true false asm typeof NULL offsetof NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL main workspace padded int_power"""
_MATH = """acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10
log1p log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint
llrint round lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma"""
_TAKEN = frozenset([*_KEYWORDS.split(), *(stem + end for stem in _MATH.split() for end in ("", "f", "l"))])
# What the C standard keeps for its headers, and our own: loop variables, accumulators, functions.
_OURS = re.compile(
    r"(is[a-z]|u?int|U?INT|PTRDIFF|SIZE|FP_|MATH_|math_|fpclassify|signbit|cr_).*|.*_t|([cikpstv]|from|to)\d+_?|at|team|thread|threads|failed|share|meet"
    r"|[a-z0-9_]+_(float|double)|series_expf?|two_to(_f)?|fast_tanhf"
)


@dataclass(frozen=True)
class Real:
    """The precision of a program: NumPy's name for it, C's, and the suffix of its math functions."""

    dtype: str
    ctype: str
    suffix: str

    def of(self, kind: Kind) -> str:
        """The C type of numbers of this kind."""
        # GCC makes vectors of bytes, and none of _Bool.
        return {"float": self.ctype, "int": "int64_t", "bool": "uint8_t"}[kind]

    @property
    def bytes(self) -> int:
        """How long a number is."""
        return np.dtype(self.dtype).itemsize


REALS = {"float64": Real("float64", "double", ""), "float32": Real("float32", "float", "f")}


def runtime(name: str, real: Real | None = None) -> str:
    """The text of a file of `emit/runtime`, for a precision where it is written for REAL numbers."""
    text = (resources.files(__package__) / "runtime" / f"{name}.c").read_text(encoding="utf-8")
    return text if real is None else text.replace("REAL", real.ctype)


class Names:
    """Identifiers, each given out once. A user's name is taken over only as far as it is harmless."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def new(self, wanted: str, otherwise: str) -> str:
        """An identifier like ``wanted``, or like ``otherwise`` where nothing is left of it."""
        stem = re.sub(r"[^A-Za-z0-9_]", "", wanted)[:40].strip("_")
        if not stem or stem[0].isdigit():
            stem = otherwise
        elif stem in _TAKEN or _OURS.fullmatch(stem):
            stem += "_"
        name, number = stem, 2
        while name in self._used:
            name, number = f"{stem}_{number}", number + 1
        self._used.add(name)
        return name


def harmless(text: str) -> str:
    """A user's text for a comment: letters, digits and plain punctuation; anything else becomes an underscore."""
    return "".join(c if c.isalnum() or c in " _.,:;()[]<>=+-′" else "_" for c in text[:80])


def number(value: Any, kind: Kind, real: Real) -> Spelled:
    """A constant exactly as it is."""
    if kind == "bool":
        return ("true" if value else "false"), PLAIN
    if kind == "int":
        if value == -(2**63):
            return "INT64_MIN", PLAIN
        text = str(int(value)) + ("LL" if abs(int(value)) > 2**31 - 1 else "")
    else:
        # The shortest digits that give this very number back.
        rounded = np.dtype(real.dtype).type(value)
        if math.isnan(rounded):
            return "NAN", PLAIN
        text = "INFINITY" if math.isinf(rounded) else str(abs(rounded)) + real.suffix
        text = "-" + text if math.copysign(1.0, rounded) < 0 else text
    return text, (SUM if text.startswith("-") else PLAIN)


def product(extents: Iterable[str]) -> str:
    """The number of entries of a shape, whose extents are given as C spells them."""
    names = [e for e in extents if e != "1"]
    return " * ".join(names) if names else "1"


def flat(index: list[Spelled], extents: list[str]) -> str:
    """The position of an entry in row-major order: (i0 * 3 + i1) * 4 + i2."""
    at: Spelled = ("0", PLAIN)
    for i, extent in zip(index, extents, strict=True):
        if at[0] != "0":
            at = fill("{0} * {1}", [at, (extent, PLAIN)])
        at = i if at[0] == "0" else at if i[0] == "0" else fill("{0} + {1}", [at, i])
    return at[0]


def shifted(index: Spelled, first: int, step: int) -> Spelled:
    """The index ``first + step * index``."""
    if first == 0 and step == 1:
        return index
    if index[0] == "0":
        return str(first), PLAIN
    if step < 0:
        taken = index if step == -1 else fill("{0} * {1}", [index, (str(-step), PLAIN)])
        return fill("{0} - {1}", [(str(first), PLAIN), taken])
    scaled = index if step == 1 else fill("{0} * {1}", [index, (str(step), PLAIN)])
    return scaled if first == 0 else fill("{0} + {1}", [(str(first), PLAIN), scaled])


class Lines:
    """Lines of C, indented by how deep they stand."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 1

    def add(self, line: str) -> None:
        """One more line."""
        self.lines.append("    " * self._depth + line)

    @contextmanager
    def block(self, head: str = "") -> Iterator[None]:
        """What is added inside stands in braces."""
        self.add(f"{head} {{".lstrip())
        self._depth += 1
        yield
        self._depth -= 1
        self.add("}")

    def loop(self, variable: str, end: str, first: str = "0") -> AbstractContextManager[None]:
        """A loop over an index."""
        return self.block(f"for (ptrdiff_t {variable} = {first}; {variable} < {end}; {variable}++)")
