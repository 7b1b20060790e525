"""``chainrule doctor`` and ``chainrule cache``: what native code runs with here, and what was compiled."""

from __future__ import annotations

import datetime
import json

import click

from .terminal import console


@click.command(short_help="Tell what this machine has for native code.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def doctor(as_json: bool) -> None:
    """Tell what this machine has for native code, and try it: the compiler, its flags, the processor, the cache, BLAS.

    The exit code is 1 where native code cannot run; everything then runs in NumPy.
    """
    from rich.text import Text

    from ..machine import machine

    found = machine()
    if as_json:
        click.echo(json.dumps({**found.lines, "trouble": found.trouble}, indent=2, ensure_ascii=False))
    else:
        out = console()
        for name, line in found.lines.items():
            out.print(Text.assemble((f"{name:12} ", "bold"), line))
        if found.trouble:
            out.print(Text(f"\n{found.trouble}"))
    if found.trouble:
        raise click.exceptions.Exit(1)


@click.command(short_help="List or remove what was compiled.")
@click.option(
    "--list", "what", flag_value="list", default="list", help="What is kept, the last used first (the default)."
)
@click.option("--clear", "what", flag_value="clear", help="Remove all of it; it is compiled anew when it is needed.")
def cache(what: str) -> None:
    """List what was compiled and kept for the next time, or remove it.

    What was not used for longest is removed by itself when there is more than 256 MB of it, or as much as the
    environment's CHAINRULE_CACHE_MB says.
    """
    from ..run.cache import clear, entries, wanted_folder

    if what == "clear":
        gone = clear()
        click.echo(f"{_counted(len(gone))} removed from {wanted_folder()} ({_size(sum(e.size for e in gone))})")
        return
    kept = entries()
    for entry in kept:
        when = datetime.datetime.fromtimestamp(entry.used).isoformat(" ", "minutes")
        click.echo(f"{entry.path.stem[:16]}  {_size(entry.size):>9}  used {when}")
    click.echo(f"{_counted(len(kept))} in {wanted_folder()} ({_size(sum(e.size for e in kept))})")


def _counted(count: int) -> str:
    return "1 library" if count == 1 else f"{count} libraries"


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 else f"{count / 2**10:.1f} kB"
