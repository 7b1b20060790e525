"""The identifiers of a printed Python program: a user's own names where they are plain names."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata

from ..ir.registry import records

_RESERVED = frozenset({*keyword.kwlist, *dir(builtins), "np", "dtype", "placed", "added_at", "long_sum"})
"""Python's own names, and those that a program's text may define for its own use."""
_WORDS = re.compile(r"[A-Za-z0-9]+")


def identifier(name: str, taken: set[str]) -> str:
    """A Python identifier for a name: itself where that is plain and free, else one made from it."""
    # Python reads identifiers in their normal form (NFKC), in which two names may be one.
    plain = name if name.isidentifier() and unicodedata.is_normalized("NFKC", name) else "_".join(_WORDS.findall(name))
    plain = plain if plain.isidentifier() else f"v_{plain}" if plain else "v"
    pasted = {record.name for record in records() if getattr(record, "definition", "")}
    while plain in taken or plain in _RESERVED or plain in pasted or plain.startswith("__"):
        plain += "_" if not plain.startswith("__") else ""
        plain = plain.lstrip("_") or "v"
    taken.add(plain)
    return plain
