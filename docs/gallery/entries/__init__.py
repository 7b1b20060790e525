"""The functions of the gallery, a family a file; each says which of them are told, how, and by what."""

from __future__ import annotations

from . import calculus, convolutions, layers, linear, losses, networks, notes, recurrent
from .entry import Entry

ENTRIES: tuple[Entry, ...] = (
    *notes.ENTRIES,
    *calculus.ENTRIES,
    *linear.ENTRIES,
    *losses.ENTRIES,
    *networks.ENTRIES,
    *layers.ENTRIES,
    *convolutions.ENTRIES,
    *recurrent.ENTRIES,
)
"""All of them, in the order of the table of contents."""

__all__ = ["ENTRIES", "Entry"]
