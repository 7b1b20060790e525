"""Writes docs/operations.md and its plots: every operation, told from its record, and the composites' gradients.

Run it again when a record changes: ``python docs/operations.py``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import chainrule as cr  # noqa: E402
from chainrule.ir.registry import functions, records  # noqa: E402
from chainrule.render import show  # noqa: E402
from docs.catalogue.composites import LAYERS, LOSSES, Composite  # noqa: E402
from docs.catalogue.plot import can_be_drawn, drawn, held  # noqa: E402
from docs.catalogue.told import Equation, Told, introduction, is_zero, tell  # noqa: E402

PAGE, PLOTS = HERE / "operations.md", HERE / "operations"
ORDER = (
    "arithmetic", "roots", "exponential", "transcendental", "circular", "hyperbolic", "special", "normal", "rounding",
    "select", "activations", "smooth", "piecewise", "robust", "reduce", "einsum", "shape", "padding", "index", "scan",
    "order", "linalg", "solve", "random",
)  # fmt: skip
TOO_WIDE = 170
"""A formula of so much LaTeX gets a line for each term."""
LONGEST = 330
"""A formula of more LaTeX than this is no help to a reader."""
HEAD = """# The operations

Every operation of the library, told from its record: what it gives, its slopes as the library derives them, where it is
defined, what is returned at points without a derivative, and what it is called elsewhere. A slope may use the
operation's own result, y. $[\\,x \\gt 0\\,]$ is 1 where that holds, and 0 elsewhere. In the plots the value is blue and
the slope orange.

Of arrays the two directions are shown: $\\mathrm{d}Y$, how the result moves where the operands move by $\\mathrm{d}A$
and $\\mathrm{d}B$; and $\\bar A$, what comes back to an operand from $G$, the derivative by the result.

In a terminal: `chainrule ops NAME`. To add your own: [own operations](own_operations.md).
"""
COMPOSED = """What is made of operations has no derivative of its own. The gradients below were derived from the
operations', and every line of the derivations evaluated. More of them, step by step, are in the
[gallery](gallery/README.md)."""


def families() -> dict[str, list[Told]]:
    """The operations by the file that they are defined in, those of one number first."""
    found: dict[str, list[Told]] = {}
    for op in records():
        entry = tell(op)
        found.setdefault(entry.family, []).append(entry)
    order = [*(f for f in ORDER if f in found), *(f for f in found if f not in ORDER)]
    return {family: found[family] for family in order}


@cache
def derived(composite: Composite) -> Any:
    """The derivation of a composite's gradients."""
    return cr.derive(composite.f, list(composite.wrt), form="matrix")


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield from HEAD.split("\n")
    told = families()
    for family, entries in told.items():
        names = " · ".join(f"[{entry.op.name}](#{entry.op.name})" for entry in entries)
        yield from [f"**{_heading(family)}**: {names}", ""]
    for title, group in (("Losses", LOSSES), ("Layers", LAYERS)):
        yield from [f"**{title}**: " + " · ".join(f"[{c.name}](#of-{c.name})" for c in group), ""]
    for family, entries in told.items():
        yield from [f"## {_heading(family)}", "", introduction(family), ""]
        for entry in entries:
            yield from operation(entry)
    known = {entry.op.name for entries in told.values() for entry in entries}
    yield from ["## Losses and layers", "", *COMPOSED.split("\n"), ""]
    for composite in (*LOSSES, *LAYERS):
        yield from of_composite(composite)
    others = ", ".join(f"`{name}`" for name in sorted(functions()) if name not in known)
    yield from ["## Everything that is made of operations", "", others, ""]


def _heading(family: str) -> str:
    return {"linalg": "Linear algebra", "einsum": "Sums of products"}.get(family, family.capitalize())


def operation(entry: Told) -> Iterator[str]:
    """One operation."""
    op = entry.op
    yield from [f'<a id="{op.name}"></a>', "", f"### {op.name}", ""]
    if has_plot(entry):
        where = "".join(f", {name} = {value:g}" for name, value in held(op).items())
        yield from [f'<img src="operations/{op.name}.svg" alt="{op.name} and its slope{where}" align="right">', ""]
    yield from [_sentence(dict(entry.facts)["why"]), ""]
    kept = [e for e in entry.equations if len(_latex(e)) <= LONGEST and not _second_and_zero(e)]
    for equation in kept:
        yield f"- ${_latex(equation)}$"
    flat = [e for e in entry.equations if _second_and_zero(e)]
    if flat:
        seconds = [e for e in entry.equations if e.order == 2]
        all_of_them = "every second slope is" if len(flat) > 1 else "its second slope is"
        yield f"- {all_of_them if len(flat) == len(seconds) else 'the other second slopes are'} 0"
    if len(kept) + len(flat) < len(entry.equations):
        yield "- what is not shown is too long to be read; `cr.derive` tells it step by step"
    facts = dict(entry.facts)
    for labels in (("domain", "range"), ("convention",), ("answers for", "in C")):
        told = [f"{label}: {facts[label]}" for label in labels if label in facts]
        if told:
            yield "- " + " · ".join(told)
    yield from ["", '<br clear="right">', ""] if has_plot(entry) else [""]


def has_plot(entry: Told) -> bool:
    """Whether there is something to be seen: a function of a number that is not 0 throughout its slope and value."""
    return hasattr(entry.op, "arity") and can_be_drawn(entry.op)


def _sentence(text: str) -> str:
    """A line of a record as a sentence; a formula at its beginning stays as it is."""
    first = text.split()[0]
    is_formula = first in functions() or not (first.isalpha() and (len(first) > 1 or first == "a"))
    return (text if is_formula else text[0].upper() + text[1:]) + "."


def _second_and_zero(equation: Equation) -> bool:
    """Whether it is a second slope that is 0."""
    return equation.order == 2 and is_zero(equation.node)


def _latex(equation: Equation) -> str:
    reading = "matrix" if equation.indices is None else "components"
    text = show(equation.node, "latex", reading, names=equation.names, indices=equation.indices)  # type: ignore[arg-type]
    return safe(f"{equation.left} = {'0' if is_zero(equation.node) else text}")


def safe(formula: str) -> str:
    """A formula as Markdown takes it; numbers with as many digits as a reader wants."""
    formula = re.sub(r"(\d\.\d{5})\d{4,}", r"\1\\ldots", formula)
    return formula.replace("\n", " ").replace(r"\|", r"\Vert ").replace("<", r"\lt ").replace(">", r"\gt ")


def broken(formula: str) -> str:
    """A long sum with a line for each of its terms."""
    if len(formula) < TOO_WIDE:
        return formula
    terms, depth, start = [], 0, 0
    for sign in re.finditer(r"\\left|\\right|[{}]| \+ ", formula):
        depth += {"\\left": 1, "{": 1, "\\right": -1, "}": -1}.get(sign[0], 0)
        if sign[0] == " + " and not depth:
            terms.append(formula[start : sign.start()])
            start = sign.start() + 1
    terms.append(formula[start:])
    return r"\begin{aligned}[t] & " + r" \\ & ".join(terms) + r" \end{aligned}" if len(terms) > 1 else formula


def of_composite(composite: Composite) -> Iterator[str]:
    """A loss or a layer, and its gradients in closed form."""
    yield from [f'<a id="of-{composite.name}"></a>', "", f"### {composite.name}", ""]
    yield from ["```python no-run", *composite.source.split("\n"), "```", ""]
    result = composite.f.__name__.replace("_", r"\_")
    for name, closed in derived(composite).closed_forms.items():
        left = rf"\frac{{\partial\,\mathrm{{{result}}}}}{{\partial {name}}}"
        yield from ["$$", f"{left} = {broken(safe(closed.latex()))}", "$$", ""]
    for note in derived(composite).notes:
        if "do not compose" not in note:
            yield from [f"*{note}*", ""]


def page() -> str:
    """The whole page."""
    return "\n".join(lines()).rstrip("\n") + "\n"


def plots() -> dict[str, str]:
    """The SVG of each plot by its file's name."""
    return {f"{op.name}.svg": drawn(op) for op in records() if has_plot(tell(op))}


def main() -> None:
    """Write all of it, and take away plots of operations that are gone."""
    PAGE.write_text(page(), encoding="utf-8")
    PLOTS.mkdir(exist_ok=True)
    made = plots()
    for old in PLOTS.glob("*.svg"):
        if old.name not in made:
            old.unlink()
    for name, svg in made.items():
        (PLOTS / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
