"""The kernel that exchanges the axes of a matrix in C: square by square, each as many vectors as these have lanes.

Of such a square the blocks off the diagonal are exchanged, of 1 × 1, then 2 × 2, and so on: with each size, two vectors
that lie a block apart give two new ones. So n vectors take n log₂ n shuffles, and no number is moved alone.
"""

from __future__ import annotations

from .c_text import Real, runtime


def turn_kernel(real: Real) -> str:
    """The text of ``turn_…``."""
    squares = []
    for size, when in ((64, "#if CR_BYTES == 64"), (32, "#elif CR_BYTES == 32"), (16, "#else")):
        squares += [when, _square(real, size // real.bytes, part=False), _square(real, size // real.bytes, part=True)]
    return "\n".join(["#ifdef CR_SHUFFLES", *squares, "#endif", "#endif", runtime("turn", real)])


def exchanged(lanes: int, block: int) -> tuple[str, str]:
    """Which lanes of two vectors make two others, that have the blocks off the diagonal exchanged."""
    kept = [i if not i & block else lanes + i - block for i in range(lanes)]
    moved = [i + block if not i & block else lanes + i for i in range(lanes)]
    return ", ".join(map(str, kept)), ", ".join(map(str, moved))


def _square(real: Real, lanes: int, *, part: bool) -> str:
    """A square, or its first ``rows`` rows of ``columns`` numbers, with its axes exchanged."""
    vector, suffix = f"vector_{real.ctype}", real.ctype
    name = f"turn_square_{suffix}" + ("_part" if part else "")
    sizes = "int rows, int columns, " if part else ""
    arrays = f"const {real.ctype} *restrict from, ptrdiff_t from_step, {real.ctype} *restrict to, ptrdiff_t to_step"
    lines = [f"static inline void {name}(", f"    {sizes}{arrays})", "{"]
    for row in range(lanes):
        place = f"from + {row} * from_step"
        value = f"load_{suffix}({place})"
        if part:
            value = f"{row} < rows ? load_first_{suffix}({place}, columns) : ({vector}){{0}}"
        lines.append(f"    {vector} a{row} = {value};")
    names, new, block = "ab", [f"a{row}" for row in range(lanes)], 1
    while block < lanes:
        old, names = new, names[::-1]
        new = [f"{names[0]}{row}" for row in range(lanes)]
        kept, moved = exchanged(lanes, block)
        declared = f"{vector} " if block == 1 else ""
        for row in range(lanes):
            if not row & block:
                pair = f"{old[row]}, {old[row + block]}"
                lines.append(f"    {declared}{new[row]} = __builtin_shufflevector({pair}, {kept});")
                lines.append(f"    {declared}{new[row + block]} = __builtin_shufflevector({pair}, {moved});")
        block *= 2
    for row in range(lanes):
        place = f"to + {row} * to_step"
        if part:
            lines.append(f"    if ({row} < columns) store_first_{suffix}({place}, {new[row]}, rows);")
        else:
            lines.append(f"    store_{suffix}({place}, {new[row]});")
    return "\n".join([*lines, "}", ""])
