"""The kernel of products of matrices in C: a tile of the result at a time, in vectors.

A tile of R rows and V vectors is kept in R·V registers while k goes on; each step reads V vectors of B and spreads R
numbers of A. How many fit depends on the machine: 32 registers of 64 bytes, or 16 of 32 or 16. Which widths are needed
is known from the columns when the file is written; how many rows there are is not, so what is left of them is done in
ever smaller tiles. Each accumulator is a variable of its own: arrays of them do not stay in registers.

Source of the shapes of the tiles: measured; 6×4, 8×3, 12×2 and 16×1 vectors of 64 bytes reach 0.9 of the FMA rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..ir.dims import Dim, Extent
from .c_text import Real, runtime

Rows = dict[int, tuple[int, ...]]
_WIDE: Rows = {1: (16, 8, 4, 2, 1), 2: (12, 6, 4, 2, 1), 3: (8, 4, 2, 1), 4: (6, 4, 2, 1)}
"""The numbers of rows of the tiles of so many vectors, where there are 32 registers."""
_NARROW: Rows = {1: (12, 6, 4, 2, 1), 2: (6, 4, 2, 1)}
"""The same for 16 registers."""

Width = tuple[int, bool]
"""How many vectors wide a tile is, and whether the last is a part of one."""


def product_kernel(real: Real, columns: Iterable[Extent]) -> str:
    """The text of ``product_…`` for results of these numbers of columns."""
    wanted = list(columns)
    wide = {width for extent in wanted for width in _widths(extent, 64 // real.bytes, max(_WIDE))}
    narrow = {w for extent in wanted for size in (32, 16) for w in _widths(extent, size // real.bytes, max(_NARROW))}
    return "\n".join(
        [
            "#if CR_BYTES == 64",
            *_family(real, _WIDE, sorted(wide)),
            "#elif CR_BYTES",
            *_family(real, _NARROW, sorted(narrow)),
            "#else",
            runtime("plain_strips", real),
            "#endif",
            runtime("product", real),
        ]
    )


def _widths(extent: Extent, lanes: int, most: int) -> set[Width]:
    """The tiles that so many columns need, where a vector has so many lanes."""
    if isinstance(extent, Dim):
        return {(vectors, part) for vectors in range(1, most + 1) for part in (False, True)}
    found = {(most, False)} if extent >= most * lanes else set()
    left = int(extent) % (most * lanes)
    return found | ({(-(-left // lanes), left % lanes != 0)} if left else set())


def _family(real: Real, shapes: Rows, widths: Sequence[Width]) -> list[str]:
    """The tiles, a strip of tiles for each width, and the product, strip by strip."""
    texts = []
    for vectors, part in widths:
        texts += [_tile(real, rows, vectors, part) for rows in shapes[vectors]]
        texts.append(_strip(real, shapes[vectors], vectors, part))
    texts.append(_strips(real, max(shapes), widths))
    return texts


_MATRICES = (
    "ptrdiff_t K, const REAL *restrict a, ptrdiff_t am, ptrdiff_t ak, const REAL *restrict b, ptrdiff_t bk,\n"
    "    REAL *restrict c, ptrdiff_t cm, bool more"
)


def _name(what: str, real: Real, size: object, part: bool) -> str:
    return f"{what}_{size}_{real.ctype}" + ("_part" if part else "")


def _head(result: str, name: str, first: str, real: Real, part: bool) -> list[str]:
    more = ", int last" if part else ""
    return [f"static {result} {name}({first}{_MATRICES.replace('REAL', real.ctype)}{more})", "{"]


def _tile(real: Real, rows: int, vectors: int, part: bool) -> str:
    """A tile of the result: c = a b; of its last vector the first ``last`` lanes where it is a part."""
    vector, suffix = f"vector_{real.ctype}", real.ctype
    cells = [(r, v) for r in range(rows) for v in range(vectors)]

    def access(what: str, v: int, *words: str) -> str:
        is_part = part and v == vectors - 1
        return f"{what}{'_first' if is_part else ''}_{suffix}({', '.join([*words, *(['last'] if is_part else [])])})"

    def entry(base: str, v: int) -> str:
        return f"{base} + {v} * LANES_{suffix}" if v else base

    lines = _head("inline void", _name("tile", real, f"{rows}x{vectors}", part), "", real, part)
    lines += [f"    {vector} s{r}_{v} = {{0}};" for r, v in cells]
    lines.append("    for (ptrdiff_t k = 0; k < K; k++, a += ak, b += bk) {")
    lines += [f"        const {vector} b{v} = {access('load', v, entry('b', v))};" for v in range(vectors)]
    for r in range(rows):
        # A number minus a vector of zeros is how GCC folds a broadcast into the multiplication.
        lines.append(f"        const {vector} a{r} = a[{r} * am] - ({vector}){{0}};")
        lines.append("        " + " ".join(f"s{r}_{v} += a{r} * b{v};" for v in range(vectors)))
    lines.append("    }")
    places = {(r, v): entry(f"c + {r} * cm", v) for r, v in cells}
    lines.append("    if (more) {")
    lines += [f"        s{r}_{v} += {access('load', v, places[r, v])};" for r, v in cells]
    lines.append("    }")
    lines += [f"    {access('store', v, places[r, v], f's{r}_{v}')};" for r, v in cells]
    return "\n".join([*lines, "}", ""])


def _strip(real: Real, shapes: Sequence[int], vectors: int, part: bool) -> str:
    """All rows of so many vectors of columns."""
    lines = _head("inline void", _name("strip", real, vectors, part), "ptrdiff_t M, ", real, part)
    for rows in shapes:
        tile = _name("tile", real, f"{rows}x{vectors}", part)
        tail = ", last" if part else ""
        lines.append(f"    for (; M >= {rows}; M -= {rows}, a += {rows} * am, c += {rows} * cm)")
        lines.append(f"        {tile}(K, a, am, ak, b, bk, c, cm, more{tail});")
    return "\n".join([*lines, "}", ""])


def _strips(real: Real, most: int, widths: Sequence[Width]) -> str:
    """All columns, strip by strip."""
    lanes = f"LANES_{real.ctype}"
    lines = _head("inline void", f"strips_{real.ctype}", "ptrdiff_t M, ptrdiff_t N, ", real, False)
    if (most, False) in widths:
        lines += [
            f"    for (; N >= {most} * {lanes}; N -= {most} * {lanes}, b += {most} * {lanes}, c += {most} * {lanes})",
            f"        {_name('strip', real, most, False)}(M, K, a, am, ak, b, bk, c, cm, more);",
        ]
    for vectors, part in widths:
        if (vectors, part) != (most, False):
            test = f"N > {vectors - 1} * {lanes} && N < {vectors} * {lanes}" if part else f"N == {vectors} * {lanes}"
            tail = f", (int)(N - {vectors - 1} * {lanes})" if part else ""
            lines.append(f"    if ({test})")
            lines.append(f"        {_name('strip', real, vectors, part)}(M, K, a, am, ak, b, bk, c, cm, more{tail});")
    return "\n".join([*lines, "}", ""])
