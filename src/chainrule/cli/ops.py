"""``chainrule ops``: the operations, their slopes and conventions, told from the records."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ..ir import registry
from ..ir.build import as_node
from ..ir.dims import Dim
from ..ir.node import Input, Map, Node, Reduce
from ..ir.records import REALS, Elementwise, Over, Reduction, Structural
from ..ir.templates import ATOM, fill
from ..ir.whole import Whole
from ..render import show
from .terminal import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ..ir.node import Kind

Record = Elementwise | Reduction | Whole | Structural


@dataclass(frozen=True)
class Told:
    """An operation for a reader: what it gives, how that changes with each operand, and the rest of its record."""

    name: str
    family: str
    result: str
    formula: str
    slopes: dict[str, str]
    why: str
    domain: str
    convention: str
    numpy: str

    def equations(self) -> dict[str, str]:
        """The formula and the slopes, by what stands on the left of each."""
        formula = {self.result: self.formula} if self.formula else {}
        of = "loss" if self.family == _WHOLE else self.result
        return formula | {f"∂{of}/∂{operand}": slope for operand, slope in self.slopes.items()}


def told(record: Record) -> Told:
    """What a record says of its operation."""
    match record:
        case Elementwise():
            return _elementwise(record)
        case Reduction():
            return _reduction(record)
        case Whole():
            return _whole(record)
        case Structural():
            return Told(record.name, "moves or sums entries", "y", "", {}, record.why, "", "", "")


def _letters(record: Elementwise) -> list[str]:
    """A name for each operand and one for the result: those by which the record itself writes its slopes."""
    parameters = inspect.signature(record.partials).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and not p.name.startswith("_")]
    if len(names) == len(parameters) == record.arity + 1:
        return names
    return [*("x", "ab", "abc")[record.arity - 1], "y"] if record.arity <= 3 else [*"abcdefgh"[: record.arity], "y"]


def _elementwise(record: Elementwise) -> Told:
    *letters, result = _letters(record)
    kinds: list[Kind] = ["bool" if i < record.conditions else "float" for i in range(record.arity)]
    operands = [Input.of(name, (), kind) for name, kind in zip(letters, kinds, strict=True)]
    y = Map.of(record, *operands)
    slopes: dict[str, str] = {}
    if y.kind == "float":
        for operand, slope in zip(operands, record.partials(*operands, y), strict=True):
            if operand.kind == "float":
                slopes[operand.name] = "0" if slope is None else _slope(as_node(slope), y, result)
    bounds = {name: record.domain_of(n) for n, name in enumerate(letters)}
    domain = ", ".join(f"{name} in {bound}" for name, bound in bounds.items() if bound != REALS)
    numpy = fill(record.numpy_template, [(name, ATOM) for name in letters])[0]
    return Told(
        record.name, "entry by entry", result, show(y), slopes, record.why, domain, record.convention, numpy
    )  # fmt: skip


def _slope(slope: Node, y: Node, result: str) -> str:
    """A slope, with a letter for the operation's own result; a truth value reads as 1 or 0."""
    text = result if slope is y else show(slope, names={y: result})
    return f"[{text}]" if slope.kind == "bool" else text


def _reduction(record: Reduction) -> Told:
    """A reduction of a row of numbers, and its slope in one of them."""
    x = Input.of("x", (Dim("n"),))
    y = Reduce.of(record, x, (0,))
    over = Over(x.shape, (0,))
    slope = show(record.partials(x, over.spread(y), over), reading="components", names={y: "y"}, indices=["i"])
    formula, numpy = show(y, reading="components"), record.numpy.replace("{0}", "x").replace("{axis}", "axis")
    return Told(record.name, "along axes", "y", formula, {"xᵢ": slope}, record.why, "", record.convention, numpy)


def _whole(record: Whole) -> Told:
    """A library's operation on whole arrays: the cotangents of its operands from δ, that of the result."""
    n = 4  # a shift along an axis, or a triangle, needs a length
    names = inspect.signature(record.shape).parameters
    letters = [name for name in names if name not in record.settings]
    kind: Kind = "float" if record.backward is not None or record.result == "int" else "int"
    known = {"axis": -1, "shape": (n,), "count": 2}
    shape = (2,) if "key" in letters else (n,) * record.own
    y = record.of(*(Input.of(name, shape, kind) for name in letters), **{s: known[s] for s in record.settings})
    slopes: dict[str, str] = {}
    if record.backward is not None:
        g = Input.of("δ", y.shape)
        for name, slope in zip(letters, record.transpose(y, g), strict=True):  # type: ignore[arg-type]
            slopes[name] = "0" if slope is None else show(as_node(slope), names={y: "y", g: "δ"})
    numpy = fill(record.numpy, [(name, ATOM) for name in letters])[0]
    return Told(record.name, _WHOLE, "y", show(y), slopes, record.why, "", record.convention, numpy)


def _print_table(out: Console) -> None:
    """All operations, and the functions made of them."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("operation", "formula and slopes", "domain", "convention"):
        table.add_column(column, overflow="fold")
    records = [r for r in registry.records() if not getattr(r, "converts", False)]
    family = ""
    for entry in map(told, sorted(records, key=lambda r: _ORDER.index(type(r)))):
        if entry.family != family:
            family = entry.family
            table.add_row(f"[dim]{family}[/dim]")
        lines = "\n".join(f"{left} = {right}" for left, right in entry.equations().items())
        table.add_row(*map(_plain, (entry.name, lines or entry.why, entry.domain, entry.convention)))
    out.print(table)
    known = {r.name for r in registry.records()}
    made = sorted(name for name in registry.functions() if name not in known)
    out.print(_plain(f"\nMade of these, with no rule of their own: {', '.join(made)}."))
    out.print(_plain("A slope may use the operation's own result. [y > 0] is 1 where that holds, and 0 elsewhere."))
    out.print(_plain("On whole arrays ∂loss/∂x is given by δ, which is ∂loss/∂y."))
    out.print(_plain("One of them in full: chainrule ops NAME"))


_ORDER = (Elementwise, Reduction, Whole, Structural)
_WHOLE = "on whole arrays"


def _plain(text: str) -> Text:
    """A text that is no markup."""
    from rich.text import Text

    return Text(text)


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
    rows = [("operation", f"{entry.name}, {entry.family}"), *entry.equations().items()]
    rows += [("why", entry.why), ("domain", entry.domain), ("convention", entry.convention), ("NumPy", entry.numpy)]
    width = max(len(label) for label, text in rows if text)
    for label, text in rows:
        if text:
            out.print(_plain(f"{label:<{width}}  {text}"))


EXAMPLES = """\b
Examples:
  chainrule ops
  chainrule ops relu
"""


@click.command(short_help="List the operations and their slopes.", epilog=EXAMPLES)
@click.argument("name", required=False)
def ops(name: str | None) -> None:
    """List the operations with their slopes, domains and conventions; with NAME, one of them in full."""
    if name is None:
        _print_table(console(table=True))
    else:
        _print_one(console(), name)
