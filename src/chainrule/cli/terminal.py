"""How the subcommands print: in colour on a terminal, and as plain text that can be copied elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


WIDE = 120
"""How wide a table is drawn where there is no terminal whose width it could take."""


def console(*, table: bool = False) -> Console:
    """Where everything is printed: what is standard output now. Lines are not broken, but for those of a ``table``."""
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=not table)
    if table and not out.is_terminal:
        out.width = WIDE
    return out


def heading(out: Console, text: str) -> None:
    """A line that says what comes next."""
    from rich.text import Text

    out.print()
    out.print(Text(text, style="bold"))


def code(out: Console, text: str) -> None:
    """Python, coloured on a terminal."""
    from rich.syntax import Syntax

    highlighted = Syntax("", "python", theme="ansi_dark").highlight(text)
    highlighted.rstrip()
    out.print(highlighted)


def formulas(out: Console, lines: list[str], style: str = "") -> None:
    """Formulas, indented, one a line."""
    from rich.text import Text

    for line in lines:
        out.print(Text(f"  {line}", style=style))


def duration(seconds: float) -> str:
    """A time as a person says it.

    >>> duration(0.0123), duration(3.42), duration(125)
    ('12 ms', '3.4 s', '2 min 5 s')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
