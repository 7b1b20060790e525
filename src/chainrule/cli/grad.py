"""``chainrule grad``: the gradient of a formula, as a formula and as NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import chainrule as cr

from ..ir.errors import DerivativeError
from ..pipeline import gradient_graph, wanted
from .equations import equations
from .shapes import shape_option
from .terminal import code, console, formulas, heading

if TYPE_CHECKING:
    from ..render import NotationName, Reading


EXAMPLES = """\b
Examples:
  chainrule grad "l = tanh(x@w1 + b1); mean((l@w2 - y)**2)" --shape x="N d" --shape y="N k" \\
      --shape w1="d m" --shape b1=m --shape w2="m k" --wrt w1 --wrt b1
"""


@click.command(short_help="Derive the gradient of a formula.", epilog=EXAMPLES)
@click.argument("formula")
@shape_option()
@click.option("--wrt", multiple=True, metavar="NAME", help="By which arrays (default: all that hold floats).")
@click.option(
    "--reading",
    type=click.Choice(["matrix", "components"]),
    default="matrix",
    show_default=True,
    help="How it is told.",
)
@click.option(
    "--notation", type=click.Choice(["text", "latex"]), default="text", show_default=True, help="How it is written."
)
def grad(formula: str, shapes: dict[str, str], wrt: tuple[str, ...], reading: Reading, notation: NotationName) -> None:
    """Derive the gradient of FORMULA, and print it as a formula and as NumPy.

    FORMULA ends in a single number; statements before it, separated by semicolons, name intermediates. A shape is
    made of names and integers; "" is a single number, and int at the end an array of integers.
    """
    function = cr.parse(formula, **shapes)
    traced = function.trace()
    names = list(wrt) or [i.name for i in traced.graph.inputs if i.kind == "float"]
    if not names:
        raise DerivativeError("the formula has no array of floats, so there is nothing to differentiate it by")
    inputs = [i for group in wanted(function, traced, names).values() for i in group]
    lines = equations(gradient_graph(traced, inputs), notation, reading)
    out = console()
    heading(out, "The function")
    formulas(out, [line.formula for line in lines.forward])
    heading(out, "Its gradient" if len(inputs) == 1 else "Its gradients")
    formulas(out, [line.formula for line in lines.backward])
    heading(out, "As NumPy")
    code(out, cr.source(function, wrt=names))
