"""A derivation's text in colour, for terminals that have it (by rich)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text


def coloured(text: str) -> Text:
    """The text of a telling: titles bold, reasons dim, the tick green."""
    from rich.text import Text

    shown = Text(no_wrap=True)
    reason = -1
    for number, line in enumerate(text.splitlines(keepends=True)):
        bare = line.lstrip()
        margin = len(line) - len(bare)
        # A reason goes on where its first line began, two columns behind the mark.
        goes_on = reason >= 0 and margin == reason + 2 and bool(bare.strip())
        reason = margin if bare.startswith("· ") else reason if goes_on else -1
        title = number == 0 or bare.startswith("── ")
        style = "bold" if title else "dim" if reason >= 0 else "green" if bare.startswith("✓") else ""
        shown.append(line, style=style)
    return shown
