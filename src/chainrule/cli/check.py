"""``chainrule check``: is a gradient right, and if not, which mistake is it."""

from __future__ import annotations

import json
import math
from typing import Any

import click

import chainrule as cr

from .derive import function_of, point_of
from .shapes import shape_option

EXAMPLES = """\b
Examples:
  chainrule check model.py:loss model.py:my_backward                 points drawn from the declared shapes
  chainrule check model.py:loss model.py:my_backward --at point.npz  at your numbers, and near them
  chainrule check model.py:loss --wrt w1                             chainrule's own, against differences
  chainrule check "sum((x@w - y)**2)" --shape x="N d" --shape w=d --shape y=N --wrt w \\
      --formula "x.T @ (x@w - y)"                                    a gradient that you have as a formula
"""


@click.command(short_help="Check a gradient, and name the mistake.", epilog=EXAMPLES)
@click.argument("what", metavar="FORMULA | FILE.py:FUNCTION")
@click.argument("candidate", required=False, metavar="[FILE.py:BACKWARD]")
@shape_option()
@click.option("--formula", help="The gradient as a formula, in place of a function.")
@click.option("--wrt", multiple=True, metavar="NAME", help="By what (default: everything that holds floats).")
@click.option(
    "--at", "numbers", multiple=True, metavar="NAME=NUMBER | FILE", help="Numbers for the arguments: .npz or .json."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the points that are drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_context
def check(
    context: click.Context,
    what: str,
    candidate: str | None,
    shapes: dict[str, str],
    formula: str | None,
    wrt: tuple[str, ...],
    numbers: tuple[str, ...],
    seed: int,
    as_json: bool,
) -> None:
    """Compare a gradient with the one that is derived; where they differ, name the mistake and its place.

    FUNCTION gives the loss; BACKWARD takes its arguments by name and returns a dict of gradients. A Python file is run,
    as importing it would. Ends with 1 where something is wrong.
    """
    if candidate and formula:
        raise click.UsageError("give a function or a formula, not both")
    theirs = formula or (function_of(candidate, {}) if candidate else None)
    at = point_of(numbers) or None
    report = cr.check(function_of(what, shapes), theirs, wrt=list(wrt) or None, at=at, seed=seed)
    if as_json:
        click.echo(json.dumps({"ok": report.ok, "checks": [_plain(c) for c in report.checks]}, indent=1))
    else:
        click.echo(str(report))
    context.exit(0 if report.ok else 1)


def _plain(check: Any) -> dict[str, Any]:
    """A verdict as JSON has it; an error that is no number is null."""
    found = getattr(check, "diagnosis", None)
    error = check.max_error if math.isfinite(check.max_error) else None
    plain: dict[str, Any] = {"name": check.name, "ok": check.ok, "max_error": error, "worst": check.worst}
    if found is not None:
        plain["diagnosis"] = _told(found)
    return plain


def _told(diagnosis: Any) -> dict[str, Any]:
    words = ("kind", "where", "line", "said", "advice", "formula", "confidence")
    plain = {word: getattr(diagnosis, word) for word in words}
    plain["also"] = [_told(other) for other in diagnosis.also]
    plain["alternatives"] = [_told(other) for other in diagnosis.alternatives]
    return plain
