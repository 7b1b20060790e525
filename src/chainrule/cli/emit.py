"""``chainrule emit``: a gradient as a program to keep, in C or NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

import chainrule as cr

from .derive import function_of
from .shapes import shape_option

EXAMPLES = """\b
Examples:
  chainrule emit "l = tanh(x@w1 + b1); mean((l@w2 - y)**2)" --shape x="N 2" --shape w1="2 8" \\
      --shape b1=8 --shape w2=8 --shape y=N --wrt w1 --wrt b1 --wrt w2 --target c -o net.c
  chainrule emit model.py:loss --wrt w --target numpy
"""


@click.command(short_help="Write a gradient as C or NumPy.", epilog=EXAMPLES)
@click.argument("what", metavar="FORMULA | FILE.py:FUNCTION")
@shape_option()
@click.option("--wrt", multiple=True, metavar="NAME", help="By what (default: the first argument).")
@click.option("--target", type=click.Choice(["c", "numpy"]), default="c", show_default=True, help="The language.")
@click.option(
    "--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True, help="Of numbers in C."
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="The file.")
def emit(
    what: str,
    shapes: dict[str, str],
    wrt: tuple[str, ...],
    target: Literal["c", "numpy"],
    dtype: Literal["float64", "float32"],
    output: Path | None,
) -> None:
    """Write the gradient of FORMULA, or of a FUNCTION in a Python file, as a program that needs nothing of chainrule.

    In C it is a file with three functions: forward, backward, and a step of gradient descent. Its heading tells how
    they are called. A Python file is run, as importing it would.
    """
    text = cr.source(function_of(what, shapes), list(wrt) or None, target=target, dtype=dtype)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"{output}: {len(text.splitlines()):,} lines")
