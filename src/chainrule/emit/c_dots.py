"""The kernel that multiplies the rows of a matrix by a vector in C: as many rows at a time as a vector has lanes.

Each row has a vector of partial sums. Of two such vectors neighbouring lanes are added, which leaves one; of n vectors
n − 1 additions leave a single one, that has the sum of each row in a lane of its own.
"""

from __future__ import annotations

from .c_text import Real, runtime
from .c_turns import exchanged


def dots_kernel(real: Real) -> str:
    """The text of ``dots_…``."""
    rows = []
    for size, when in ((64, "#if CR_BYTES == 64"), (32, "#elif CR_BYTES == 32"), (16, "#else")):
        rows += [when, _rows(real, size // real.bytes)]
    return "\n".join(["#ifdef CR_SHUFFLES", *rows, "#endif", "#endif", runtime("dots", real)])


def _rows(real: Real, lanes: int) -> str:
    """The first ``rows`` of as many dots as there are lanes; the last row stands in for those that are not there."""
    vector, suffix = f"vector_{real.ctype}", real.ctype
    every = range(lanes)
    lines = [
        f"static inline {vector} dot_lanes_{suffix}(",
        f"    int rows, ptrdiff_t K, const {suffix} *restrict a, ptrdiff_t am, const {suffix} *restrict v)",
        "{",
        *(f"    const {suffix} *const a{r} = a + ({r} < rows ? {r} : rows - 1) * am;" for r in every),
        f"    {vector} " + ", ".join(f"s{r} = {{0}}" for r in every) + ";",
        "    ptrdiff_t k = 0;",
        f"    for (; k + {lanes} <= K; k += {lanes}) {{",
        f"        const {vector} x = load_{suffix}(v + k);",
        *(f"        s{r} += load_{suffix}(a{r} + k) * x;" for r in every),
        "    }",
        "    if (k < K) {",
        "        const int last = (int)(K - k);",
        f"        const {vector} x = load_first_{suffix}(v + k, last);",
        *(f"        s{r} += load_first_{suffix}(a{r} + k, last) * x;" for r in every),
        "    }",
    ]
    block = 1
    while block < lanes:
        kept, moved = exchanged(lanes, block)
        for r in range(0, lanes, 2 * block):
            pair = f"s{r}, s{r + block}"
            lines.append(f"    s{r} = __builtin_shufflevector({pair}, {kept})")
            lines.append(f"        + __builtin_shufflevector({pair}, {moved});")
        block *= 2
    return "\n".join([*lines, "    return s0;", "}", ""])
