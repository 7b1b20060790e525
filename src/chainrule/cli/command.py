"""The command itself: its subcommands, and how it says that something is wrong."""

from __future__ import annotations

from typing import Any

import click

import chainrule as cr

from ..ir.errors import ChainruleError
from .check import check
from .demo import demo
from .derive import derive
from .doctor import cache, doctor
from .emit import emit
from .explain import explain
from .grad import grad
from .ops import ops


class Refused(click.ClickException):
    """What was asked for is refused: one paragraph that says why, and exit code 2."""

    exit_code = 2


class Commands(click.Group):
    """Subcommands whose errors of ours are told, not traced."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except ChainruleError as error:
            raise Refused(str(error)) from error


EXAMPLES = """\b
Examples:
  chainrule demo                                            train on handwritten digits, write a report
  chainrule grad "sum((x@w - y)**2)" \\
      --shape x="N d" --shape w=d --shape y=N --wrt w       a gradient, as a formula and as NumPy
  chainrule derive model.py:loss --wrt w1 -o loss.html      every step of it, as a page
  chainrule emit model.py:loss --wrt w1 --target c -o loss.c  the same as a program in C
  chainrule check model.py:loss model.py:my_backward          is your gradient right, and if not, why
  chainrule ops tanh                                        an operation and its slope
  chainrule explain why transpose                           an answer from the glossary
  chainrule doctor                                          what native code runs with here
"""


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cr.__version__, "-V", "--version", prog_name="chainrule")
def main() -> None:
    """Derive the gradient of a few lines of NumPy, see how, and run it."""


main.add_command(cache)
main.add_command(check)
main.add_command(demo)
main.add_command(derive)
main.add_command(doctor)
main.add_command(emit)
main.add_command(explain)
main.add_command(grad)
main.add_command(ops)
