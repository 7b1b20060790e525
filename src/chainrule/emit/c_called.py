"""What a C text calls that its file has to bring along or declare."""

from __future__ import annotations

import re

from .c_text import runtime

_VECTOR_FUNCTIONS = (
    "acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf erfc exp2 expm1 hypot log log10 log1p log2 pow sin "
    "sinh tan tanh"
)
"""What libmvec has since glibc 2.35, on x86-64, besides exp; with an f behind the name in single precision."""

_CALLED = {
    "int_power": r"\bint_power\(",
    "fast_tanh": r"\btanhf\(",
    "choose_float": r"\bchoose_float\(",
    "choose_double": r"\bchoose_double\(",
    "exp_float": r"\bexpf\(",
    "exp_double": r"\bexp\(",
    "sum": r"\bCR_(SUM|MAX|MIN)\(",
}
"""Files of `emit/runtime`, and what a text calls that needs them."""


def called_runtime(text: str) -> list[str]:
    """The texts of those files of `emit/runtime` that a text needs."""
    return [runtime(name) for name, calls in _CALLED.items() if re.search(calls, text)]


def vector_functions(text: str) -> list[str]:
    """Declares those of the C library's functions that a text calls and that libmvec has for vectors too."""
    known = _VECTOR_FUNCTIONS.split()
    called = dict.fromkeys(re.findall(r"\b([a-z0-9]+)\(", text))
    used = [name for name in called if name in known or name.removesuffix("f") in known]
    if not used:
        return []
    lines = ["/* Functions that glibc's libmvec has for vectors; define CR_MVEC, and link with -lmvec, to use them. */"]
    lines.append("#ifdef CR_MVEC")
    lines.append("#define CR_VECTOR(type, name, ...) \\")
    lines.append('    extern type name(__VA_ARGS__) __attribute__((simd("notinbranch"), const))')
    for name in used:
        stem = name if name in known else name[:-1]
        ctype = "double" if stem == name else "float"
        operands = ", ".join([ctype] * (2 if stem in ("atan2", "hypot", "pow") else 1))
        lines.append(f"CR_VECTOR({ctype}, {name}, {operands});")
    return ["\n".join([*lines, "#endif", ""])]
