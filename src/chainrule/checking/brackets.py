"""Where a pair of brackets may have been lost in a formula."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST = 120


def bracketed(formula: str) -> Iterator[str]:
    """The formula with one pair of brackets more, wherever that may be."""
    if len(formula) > _LONGEST:
        return
    pieces = re.findall(r"[^\W\d]\w*(?:\.T)?|\d+\.?\d*|\s+|.", formula)
    words = [k for k, piece in enumerate(pieces) if piece.strip()]
    signs = "+-*/@⊙^·,=<>"
    starts = [k for k in words if pieces[k] not in signs + ")]ᵀ"]
    ends = [k for k in words if pieces[k] not in signs + "(["]
    for start in starts:
        for end in ends:
            inside = "".join(pieces[start : end + 1])
            if end <= start or inside.count("(") != inside.count(")") or not re.search(r"[-+]", inside):
                continue
            yield "".join(pieces[:start]) + "(" + inside + ")" + "".join(pieces[end + 1 :])
    if formula.count("(") > formula.count(")"):
        yield from (("".join(pieces[: k + 1]) + ")" + "".join(pieces[k + 1 :])) for k in ends)
    if formula.count(")") > formula.count("("):
        yield from (("".join(pieces[:k]) + "(" + "".join(pieces[k:])) for k in starts)
