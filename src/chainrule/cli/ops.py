"""``chainrule ops``: the operations, their slopes and conventions, told from the records."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ..ir import registry
from ..ir.build import as_node
from ..ir.node import Input, Map, Node, Reduce
from ..ir.records import REALS, Elementwise, Over, Reduction, Structural
from ..ir.templates import ATOM, fill
from ..render import show
from .terminal import console

if TYPE_CHECKING:
    from rich.console import Console

    from ..ir.node import Kind

Record = Elementwise | Reduction | Structural


@dataclass(frozen=True)
class Told:
    """An operation for a reader: y = formula; a slope for each operand that has one; the rest of its record."""

    name: str
    family: str
    formula: str
    slopes: dict[str, str]
    why: str
    domain: str
    convention: str
    numpy: str


def told(record: Record) -> Told:
    """What a record says of its operation."""
    match record:
        case Elementwise():
            operands = _operands(record)
            formula, slopes = _elementwise(record, operands)
            bounds = {i.name: record.domain_of(n) for n, i in enumerate(operands)}
            domain = ", ".join(f"{name} in {bound}" for name, bound in bounds.items() if bound != REALS)
            numpy = fill(record.numpy_template, [(i.name, ATOM) for i in operands])[0]
            return Told(record.name, "entry by entry", formula, slopes, record.why, domain, record.convention, numpy)
        case Reduction():
            formula, slopes = _reduction(record)
            numpy = record.numpy.replace("{0}", "x").replace("{axis}", "axis")
            return Told(record.name, "along axes", formula, slopes, record.why, "", record.convention, numpy)
        case Structural():
            return Told(record.name, "moves or sums entries", "", {}, record.why, "", "", "")


def _operands(record: Elementwise) -> list[Input]:
    """A letter for each operand: x alone, a and b, and c for a condition."""
    letters = {1: "x", 2: "ab", 3: "cab" if record.conditions else "xab"}
    names = letters.get(record.arity) or [f"x{i + 1}" for i in range(record.arity)]
    kinds: list[Kind] = ["bool" if i < record.conditions else "float" for i in range(record.arity)]
    return [Input.of(name, (), kind) for name, kind in zip(names, kinds, strict=True)]


def _elementwise(record: Elementwise, operands: list[Input]) -> tuple[str, dict[str, str]]:
    """y and its slopes, for single numbers."""
    y = Map.of(record, *operands)
    if y.kind != "float":
        return show(y), {}
    slopes: dict[str, str] = {}
    for operand, slope in zip(operands, record.partials(*operands, y), strict=True):
        if operand.kind == "float":
            slopes[operand.name] = "0" if slope is None else _slope(as_node(slope), y)
    return show(y), slopes


def _slope(slope: Node, y: Node) -> str:
    """A slope, with y for the operation's own result; a truth value reads as 1 or 0."""
    text = "y" if slope is y else show(slope, names={y: "y"})
    return f"[{text}]" if slope.kind == "bool" else text


def _reduction(record: Reduction) -> tuple[str, dict[str, str]]:
    """y and its slope in one entry, for a row of numbers."""
    x = Input.of("x", ("n",))
    y = Reduce.of(record, x, (0,))
    over = Over(x.shape, (0,))
    slope = record.partials(x, over.spread(y), over)
    return show(y, reading="components"), {"xᵢ": show(slope, reading="components", names={y: "y"}, indices=["i"])}


def _print_table(out: Console) -> None:
    """All operations, and the functions made of them."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("operation", "y", "slope", "domain", "convention"):
        table.add_column(column, overflow="fold")
    records = [r for r in registry.records() if not getattr(r, "converts", False)]
    family = ""
    for entry in map(told, sorted(records, key=lambda r: _ORDER.index(type(r)))):
        if entry.family != family:
            family = entry.family
            table.add_row(f"[dim]{family}[/dim]")
        slopes = "\n".join(_partial(name, slope) for name, slope in entry.slopes.items())
        note = entry.convention or (entry.why if not entry.slopes and not entry.formula else "")
        table.add_row(*map(_plain, (entry.name, entry.formula, slopes, entry.domain, note)))
    out.print(table)
    known = {r.name for r in registry.records()}
    made = sorted(name for name in registry.functions() if name not in known)
    out.print(_plain(f"\nMade of these, with no rule of their own: {', '.join(made)}."))
    out.print(_plain("y is the operation's own result; [y > 0] is 1 where it holds and 0 elsewhere."))
    out.print(_plain("One of them in full: chainrule ops NAME"))


_ORDER = (Elementwise, Reduction, Structural)


def _plain(text: str) -> object:
    """A text that is no markup."""
    from rich.text import Text

    return Text(text)


def _partial(name: str, slope: str) -> str:
    return f"∂y/∂{name} = {slope}"


def _print_one(out: Console, name: str) -> None:
    """Everything that a record, or a function made of records, says of itself."""
    record = {r.name: r for r in registry.records()}.get(name)
    if record is None:
        function = registry.functions().get(name)
        if function is None:
            known = sorted({*registry.functions(), *(r.name for r in registry.records())})
            near = difflib.get_close_matches(name, known, 3, 0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "`chainrule ops` lists them."
            raise click.BadParameter(f"there is no operation named {name!r}; {hint}", param_hint="NAME")
        arguments = ", ".join(inspect.signature(function).parameters)
        out.print(_plain(f"{name}({arguments})\n\n{inspect.getdoc(function)}\n"))
        out.print(_plain("Made of other operations: it has no rule of its own, and its gradient is theirs."))
        return
    entry = told(record)
    rows = [("operation", f"{entry.name}, {entry.family}"), ("y", entry.formula)]
    rows += [(f"∂y/∂{operand}", slope) for operand, slope in entry.slopes.items()]
    rows += [("why", entry.why), ("domain", entry.domain), ("convention", entry.convention), ("NumPy", entry.numpy)]
    width = max(len(label) for label, text in rows if text)
    for label, text in rows:
        if text:
            out.print(_plain(f"{label:<{width}}  {text}"))


@click.command()
@click.argument("name", required=False)
def ops(name: str | None) -> None:
    """List the operations with their slopes, domains and conventions; with NAME, one of them in full.

    \b
    chainrule ops
    chainrule ops relu
    """
    if name is None:
        _print_table(console(table=True))
    else:
        _print_one(console(), name)
