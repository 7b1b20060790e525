"""A mistake in words: what the candidate's gradient is instead, and what to change."""

from __future__ import annotations

from dataclasses import replace

from ..ir.graph import substitute, toposort
from ..ir.node import Input, Node
from ..render import show
from ..simplify import told
from .backward import Backward, Edge
from .mutations import Edit, slope
from .ranking import Named
from .search import Found

_LONGEST = 70


def written(node: Node | None, passes: Backward | None = None) -> str:
    """A part of a formula as text, cotangents as d_…; empty where it is too long to be read in a sentence.

    With the backward pass, what the reader has no name for is written as what it is.
    """
    if node is None:
        return ""
    if passes is not None:
        for line in reversed(passes.lines):
            if "." in line.value.name:
                (node,) = substitute([node], {line.value: line.formula})
        if any("." in name for name in names_in(node)):
            return ""
    try:
        text = show(node)
    except (ValueError, TypeError, KeyError, AssertionError):
        return ""
    return text if len(text) <= _LONGEST else ""


def _target(edge: Edge) -> str:
    return f"d_{edge.operand.name}" if "." not in edge.operand.name else f"the gradient in the line of {edge.of}"


def _slopes(found: Found, passes: Backward) -> str:
    """The slope that was taken, and the one that belongs there."""
    edit, edge = found.edit, found.edit.edge
    line = next(line for line in passes.lines if line.value is edge.line)
    right = slope(edge, line)
    taken = slope(replace(edge, term=edit.changes[0][1]), line) if right is not None and found.times is None else None
    if taken is not None and right is not None:
        theirs, ours = written(taken, passes), written(right, passes)
        if theirs and ours:
            return f"the slope {theirs} in place of {ours}"
    part, other = written(edit.part, passes), written(edit.other, passes)
    return f"{other} in place of {part}" if part and other else ""


def _made_up(edge: Edge) -> bool:
    """Whether a term has variables in it that the reader has not named."""
    return any("." in n for n in (edge.operand.name, edge.line.name, *names_in(edge.term)))


def _constant(named: Named, edge: Edge, passes: Backward) -> str:
    """What was taken for a constant."""
    return named.said if named.said and "." not in named.said else _what(edge, passes)


def _behind(edge: Edge) -> str:
    """The variable that a path leads to."""
    return edge.operand.name if "." not in edge.operand.name else "what it is made of"


def _what(edge: Edge, passes: Backward) -> str:
    """What a line works out: its variable, or its formula where it has none."""
    if "." not in edge.line.name:
        return edge.line.name
    formula = next(line.formula for line in passes.lines if line.value is edge.line)
    return written(formula, passes) or f"a part of {edge.of}"


def said(found: Found, named: Named, passes: Backward) -> str:
    """What the candidate's gradient of an argument is, beside the right one."""
    edit = found.edit
    part, other = written(edit.part, passes), written(edit.other, passes)
    where = f"in the line of {edit.edge.of}"
    right = "your gradient is the right one"
    match named.kind:
        case "sign":
            return f"{right} with the sign turned round ({where})"
        case "scale" | "mean-for-sum" | "sum-for-mean" if edit.free == "times":
            why = {
                "mean-for-sum": ": a mean stands for a sum",
                "sum-for-mean": ": a sum stands for a mean",
            }.get(named.kind, "")
            return f"{right} times {named.said}{why} ({where})"
        case "missing-factor":
            return f"{right} without the factor {part or 'that the line has as its slope'}"
        case "extra-factor":
            return f"{right} with the factor {part or 'of a slope'} once too often"
        case "wrong-factor":
            return f"{right} with {_slopes(found, passes) or 'another slope'}"
        case "missing-term":
            return f"{right} without what comes back through {where.removeprefix('in ')}"
        case "detached":
            return f"{right} with {_constant(named, edit.edge, passes)} taken for a constant"
        case "extra-term" if edit.free == "times":
            return f"{right} with one term counted twice: what comes back through the line of {edit.edge.of}"
        case "extra-term":
            times = f"{named.said} times " if named.said else ""
            return f"{right} with {times}{other_term(edit)} added"
        case "missing-sum":
            return f"{right} before it is summed: {part or where}"
        case "extra-sum":
            return f"{right} summed over an axis too many ({where})"
        case "wrong-axis":
            return f"{right} summed over another axis ({where})"
        case "stale-value" if edit.free == "plus":
            return f"{right} with {part} as it is after its update: {part} − {abs(found.times or 0):.6g} d_{part}"
        case "stale-value" | "wrong-operand":
            return f"{right} with {other or 'another variable'} in place of {part}"
        case "order":
            return f"{right} with the factors of the matrix product in the other order ({other or where})"
        case "transpose":
            return f"{right} with {part or 'a factor'} transposed"
        case "elementwise-for-matrix":
            return f"{right} with {other or 'an elementwise product'} for {part or 'a matrix product'}"
        case "mask":
            return f"{right} with the mask {other or 'another one'} for {part or 'the right one'}"
    return f"{right} but for an edit of kind {named.kind}"


def other_term(edit: Edit) -> str:
    """What was added."""
    if edit.other is None:
        return "a term"
    added = [a for a in edit.other.args if a is not edit.part]
    return written(added[0]) if added else "a term"


def advice(found: Found, named: Named, passes: Backward) -> str:
    """What to change, in the names of the function."""
    edge = found.edit.edge
    right = written(edge.term) if not _made_up(edge) else ""
    target = _target(edge)
    if found.edit.free == "times" and named.kind in ("scale", "sign", "mean-for-sum", "sum-for-mean"):
        undo = {"sign": "−1"}.get(named.kind, named.said)
        base = f"Divide by {undo}" if named.kind != "sign" else "Turn the sign round"
        return f"{base} in {target}" + (f": {target} = {right}." if right else ".")
    if named.kind in ("missing-term", "detached"):
        return (
            f"Add {right} to {target}."
            if right
            else f"It depends on {_behind(edge)} too, and what comes back that way is to be added."
        )
    return f"{target} = {right}." if right and "." not in edge.operand.name else ""


def line_of(where: str, passes: Backward) -> tuple[int, str]:
    """The number of a variable's line among those of the function, and the line."""
    order = list(dict.fromkeys(line.of for line in passes.lines))
    formula = next((written(told(line.formula, {})) for line in passes.lines if line.value.name == where), "")
    return order.index(where) + 1, f"{where} = {formula}" if formula else where


def formula_of(found: Found, name: str) -> str:
    """The candidate's gradient as a formula, where the edit is in what hands it back to the argument."""
    if len(found.edit.changes) != 1 or found.before:
        return ""
    edge, term = found.edit.changes[0]
    if edge.operand.name != name or found.edit.free:
        return ""
    return written(term)


def names_in(node: Node) -> set[str]:
    """The variables in a part of a formula."""
    return {n.name for n in toposort([node]) if isinstance(n, Input)}
