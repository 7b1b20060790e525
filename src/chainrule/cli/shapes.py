"""The option ``--shape x="N d"``, which several subcommands have."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import click

import chainrule as cr

RESERVED = frozenset(inspect.signature(cr.parse).parameters)
"""What `cr.parse` calls its own arguments."""


def _shapes(ctx: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """``x=N d`` as a name and its shape, for each that was given."""
    shapes: dict[str, str] = {}
    for text in given:
        name, equals, shape = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier():
            raise click.BadParameter(f'{text!r} is not of the form name="shape", as in --shape x="N d"', ctx, option)
        if name in RESERVED:
            raise click.BadParameter(f"an array cannot be called {name!r} here: choose another name", ctx, option)
        if name in shapes:
            raise click.BadParameter(f"the shape of {name} is given twice", ctx, option)
        shapes[name] = shape
    return shapes


def shape_option() -> Callable[[Any], Any]:
    """The option itself; the subcommand gets a dict ``shapes``."""
    return click.option(
        "--shape", "shapes", multiple=True, callback=_shapes, metavar='NAME="SHAPE"', help="One for each array."
    )
