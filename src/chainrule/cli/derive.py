"""``chainrule derive``: how a gradient is found, step by step, of a formula or of a function in a file."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import numpy as np

import chainrule as cr

from ..derivation import ENDINGS
from ..ir.errors import ChainruleError
from .shapes import shape_option
from .terminal import console

FORMS = ("matrix", "components", "deltas", "substitution", "scalar")
NOTATIONS = ("text", "latex", "markdown", "html", "json")
EXAMPLES = """\b
Examples:
  chainrule derive "z = x@w; mean((tanh(z) - y)**2)" --shape x="N d" --shape w=d --shape y=N --wrt w
  chainrule derive "x**2 + 3*x*y" --shape x= --shape y= --form scalar --at x=1 --at y=2
  chainrule derive model.py:loss --wrt w1 --wrt b1 --form components -o loss.html
"""


@click.command(short_help="Derive a gradient step by step.", epilog=EXAMPLES)
@click.argument("what", metavar="FORMULA | FILE.py:FUNCTION")
@shape_option()
@click.option("--wrt", multiple=True, metavar="NAME", help="By what (default: the first argument).")
@click.option("--form", type=click.Choice(FORMS), default="matrix", show_default=True, help="How it is told.")
@click.option("--to", "notation", type=click.Choice(NOTATIONS), help="How it is written (default: by the file's name).")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help=f"A file to write it to: {', '.join(ENDINGS)}.",
)
@click.option(
    "--at", "numbers", multiple=True, metavar="NAME=NUMBER | FILE", help="Numbers for the arguments: .npz or .json."
)
def derive(
    what: str,
    shapes: dict[str, str],
    wrt: tuple[str, ...],
    form: str,
    notation: str | None,
    output: Path | None,
    numbers: tuple[str, ...],
) -> None:
    """Derive the gradient of FORMULA, or of a FUNCTION in a Python file, and print every step of it.

    A formula ends in a single number; statements before it, separated by semicolons, name intermediates. A Python file
    is run, as importing it would. Its function has its shapes declared by @cr.function, or here by --shape.
    """
    _check_output(output, notation)
    function = function_of(what, shapes)
    told = cr.derive(function, list(wrt) or None, form, at=point_of(numbers) or None)
    if output is not None:
        if notation is None:
            told.save(output)
        else:
            output.write_text(told.to(notation), encoding="utf-8")
        count = told.count()
        equalities = "1 equality, verified" if count == 1 else f"{count} equalities, all verified"
        console().print(f"{output}: {equalities}", markup=False)
    elif notation in (None, "text"):
        console().print(told)
    else:
        click.echo(told.to(str(notation)), nl=False)


def _check_output(output: Path | None, notation: str | None) -> None:
    """Refuse a file that could not be written, before anything is worked out."""
    if output is None:
        return
    if not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="--output")
    if notation is None and output.suffix not in ENDINGS:
        endings = ", ".join(ENDINGS)
        raise click.BadParameter(
            f"{output.name} does not end in one of {endings}; --to says the notation then", param_hint="--output"
        )


def function_of(what: str, shapes: Mapping[str, str]) -> Any:
    """The function that is meant: FILE.py:NAME, or a formula."""
    path, colon, name = what.rpartition(":")
    if not colon or not path.endswith(".py"):
        return cr.parse(what, **shapes)
    found = _member(_module(Path(path)), path, name)
    return cr.function(**shapes)(getattr(found, "__wrapped__", found)) if shapes else found


def _module(path: Path) -> ModuleType:
    """A Python file, run."""
    if not path.is_file():
        raise ChainruleError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # What stands beside the file can be imported by it, as when it is run.
    sys.path.insert(0, str(path.parent.resolve()))
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def _member(module: ModuleType, path: str, name: str) -> Any:
    """A function of the file, by its name. Raises ChainruleError that names those there are."""
    found = getattr(module, name, None)
    if callable(found):
        return found
    there = [
        n
        for n, value in vars(module).items()
        if not n.startswith("_") and (isinstance(value, type(cr.parse("1.0"))) or inspect.isfunction(value))
    ]
    raise ChainruleError(f"{path} has no function {name!r}; there are {', '.join(there) or 'none'}")


def point_of(given: tuple[str, ...]) -> dict[str, Any]:
    """Numbers for the arguments: ``x=1.5``, ``w=[1, 2]``, or those of an .npz or .json file, by name."""
    at: dict[str, Any] = {}
    for text in given:
        name, equals, number = (part.strip() for part in text.partition("="))
        try:
            values = {name: json.loads(number)} if equals else _in_file(Path(text))
            at |= {name: np.asarray(value, float) if equals else np.asarray(value) for name, value in values.items()}
        except (ValueError, TypeError) as error:
            raise click.BadParameter(
                f"{text!r} is not of the form name=1.5 or name=[1, 2], nor an .npz or .json file of numbers by name",
                param_hint="--at",
            ) from error
    return {name: value if value.shape else value.item() for name, value in at.items()}


def _in_file(path: Path) -> dict[str, Any]:
    """Arrays by name. Raises ValueError for a file that holds none."""
    if path.suffix not in (".npz", ".json"):
        raise ValueError(path)
    if not path.is_file():
        raise click.BadParameter(f"there is no file {path}", param_hint="--at")
    if path.suffix == ".json":
        return dict(json.loads(path.read_text(encoding="utf-8")))
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
