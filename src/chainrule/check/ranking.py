"""Which of several explanations is the likeliest, and what kind of mistake a solved number is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir.graph import toposort
from ..ir.node import Const, Einsum, Input, Map, Node, Reduce, Size
from ..run.interpret import evaluate
from .backward import Backward, Edge
from .mutations import is_number, is_statistic, slope
from .search import Found

_CLOSE = 1e-6


@dataclass(frozen=True)
class Named:
    """A kind of mistake, how it is said, and how unlikely it is beside others."""

    kind: str
    said: str
    size: float
    where: str = ""
    """The variable, where it is not the one in whose line the edit is."""


def _is(value: float, number: float) -> bool:
    return abs(value - number) <= _CLOSE * max(1.0, abs(number))


def lengths(passes: Backward) -> dict[str, int]:
    """The sizes that a number may come from, by what they are called."""
    found = {dim.name: size for dim, size in passes.sizes.items()}
    for line in passes.lines:
        for node in toposort([line.formula]):
            if isinstance(node, Input):
                for axis, extent in enumerate(node.shape):
                    if isinstance(extent, int) and extent not in found.values():
                        found[f"{node.name}.shape[{axis}]"] = extent
    return {name: size for name, size in found.items() if size > 1}


def spelled(number: float, passes: Backward) -> tuple[str, str]:
    """A factor in words ("½", "1/N", "0.37"), and the size in it if there is one."""
    plain = {2.0: "2", 0.5: "½", -1.0: "−1", 4.0: "4", 0.25: "¼", 3.0: "3", -2.0: "−2", -0.5: "−½"}
    sizes = lengths(passes)
    sign = "−" if number < 0 else ""
    value = abs(number)
    by_size = []
    for name, size in sizes.items():
        for factor, word in ((1.0, ""), (2.0, "2"), (0.5, "½")):
            if _is(value, factor * size):
                by_size.append(
                    (f"{sign}{word} {name}".replace(" ", "", 1) if not word else f"{sign}{word} {name}", name)
                )
            if _is(value * size, factor):
                by_size.append((f"{sign}{word or '1'}/{name}", name))
        if _is(value * value, size) or _is(value * value * size, 1.0):
            by_size.append((f"{sign}{'√' if value > 1 else '1/√'}{name}", name))
        if _is(value, size * size):
            by_size.append((f"{sign}{name}²", name))
        if _is(value * size * size, 1.0):
            by_size.append((f"{sign}1/{name}²", name))
        for other, length in sizes.items():
            if name < other and (_is(value, size * length) or _is(value * size * length, 1.0)):
                by_size.append((f"{sign}{'1/(' if value < 1 else ''}{name} {other}{')' if value < 1 else ''}", name))
            if name != other and _is(value * length, size):
                by_size.append((f"{sign}{name}/{other}", name))
        if _is(value * (size - 1), size) or _is(value * size, size - 1):
            word = f"{name}/({name} − 1)" if value > 1 else f"({name} − 1)/{name}"
            by_size.append((f"{sign}{word}", name))
    for known, word in plain.items():
        if _is(number, known):
            return word, ""
    if by_size:
        return by_size[0]
    return f"{number:.6g}", ""


def named(found: Found, passes: Backward) -> Named:
    """The kind of mistake that an edit is, with the number that was found."""
    edit = found.edit
    if edit.free == "times":
        return _as_scale(1 + (found.times or 0.0), found, passes)
    if edit.free == "plus" and edit.kind == "extra-term":
        return _as_term(found, passes)
    return Named(edit.kind, "", edit.size + _unnatural(found))


def _unnatural(found: Found) -> float:
    """Edits inside of a long formula are a little less likely than those of a short one."""
    return 0.001 * len(toposort([found.edit.edge.term]))


def _as_scale(c: float, found: Found, passes: Backward) -> Named:
    edit = found.edit
    edge = edit.edge
    base = edit.size
    if abs(c) < 1e-7:
        # That nothing at all comes back is seldom meant.
        return _left_out(found, passes, base + (0.1 if edit.several else 1.0))
    if _is(c, -1):
        return Named("sign", "−1", base + (0.0 if has_sign(edge, passes) else 0.05))
    if _is(c, 2) and edit.several:
        return Named("extra-term", "2", base + 0.1)
    word, size = spelled(c, passes)
    formula = next(line.formula for line in passes.lines if line.value is edge.line)
    if size and abs(c) > 1 and c > 0 and word == size:
        divided = any(_has_size(other.formula, size, passes) for other in passes.lines)
        kind = "sum-for-mean" if divided else "scale"
    elif size and word == f"1/{size}":
        kind = "mean-for-sum" if _sums_over(edge, formula, lengths(passes)[size]) else "scale"
    else:
        kind = "scale"
    strange = 0.0 if word in ("2", "½") or size else 0.8
    there = _mentions(formula, edge, c, size, passes)
    return Named(kind, word, base + strange + (0.0 if there else 0.06))


def has_sign(edge: Edge, passes: Backward) -> bool:
    """Whether a line has a minus somewhere."""
    formula = next(line.formula for line in passes.lines if line.value is edge.line)
    nodes = toposort([formula, edge.term])
    return any(isinstance(n, Map) and n.op.name in ("neg", "sub") for n in nodes)


def _mentions(formula: Node, edge: Edge, c: float, size: str, passes: Backward) -> bool:
    """Whether the number is something that the line's derivative has in it."""
    if size and _sums_over(edge, formula, lengths(passes)[size]):
        return True
    numbers = numbers_in([formula, edge.term], passes)
    if any(_is(n, abs(c)) or _is(n * abs(c), 1) for n in numbers if n not in (0.0, 1.0)):
        return True
    powers = any(isinstance(n, Map) and n.op.name in ("square", "pow") for n in toposort([formula]))
    return abs(c) in (2.0, 0.5) and powers


def numbers_in(nodes: Sequence[Node], passes: Backward) -> list[float]:
    """The numbers that are written in a line, and what they make together."""
    found = []
    for node in toposort(nodes):
        if node.shape == () and node.kind != "bool" and not any(isinstance(n, Input) for n in toposort([node])):
            found.append(abs(float(evaluate(node, {}, sizes=passes.sizes, dtype="float64"))))
    return found


def _has_size(node: Node, size: str, passes: Backward) -> bool:
    length = lengths(passes)[size]
    for n in toposort([node]):
        if isinstance(n, Size) and n.dim.name == size:
            return True
        if isinstance(n, Const) and n.shape == () and n.value in (length, 1 / length):
            return True
    return False


def _sums_over(edge: Edge, formula: Node, length: int) -> bool:
    """Whether the line, or what it hands back, sums over an axis of this length."""
    for node in toposort([formula, edge.term]):
        if isinstance(node, Einsum) and any(node.extents[i] == length for i in node.summed):
            return True
        if isinstance(node, Reduce) and any(node.args[0].shape[a] == length for a in node.axes):
            return True
    return False


def _left_out(found: Found, passes: Backward, size: float) -> Named:
    """What it is that a path was left out: a term, a part of a slope, or something taken for a constant."""
    edit, edge = found.edit, found.edit.edge
    lines = {line.value: line for line in passes.lines}
    line = lines[edge.line]
    whole = slope(edge, line)
    if _entry_by_entry(line.of, passes) and edit.several:
        return Named("wrong-factor", "", size)
    if whole is not None and edit.part is not edge.term and edit.part is not edge.cotangent:
        return Named("wrong-factor", "", size)
    own = lines.get(edge.operand)
    if (
        own is not None
        and is_statistic(own)
        and len(own.value.shape) <= len(line.value.shape)
        and not is_statistic(line)
    ):
        return Named("detached", edge.operand.name, size, own.of)
    if is_statistic(line) and edit.several and line.value.shape != ():
        return Named("detached", edge.line.name, size)
    return Named("missing-term", "", size)


def _entry_by_entry(of: str, passes: Backward) -> bool:
    """Whether a variable is worked out of a single other one, entry by entry: what comes back is a slope then."""
    mine = [line for line in passes.lines if line.of == of]
    operands = {edge.operand for line in mine for edge in line.edges} - {line.value for line in mine}
    nodes = [n for line in mine for n in toposort([line.formula]) if not is_number(n)]
    shapes = {n.shape for n in nodes}
    return len(operands) == 1 and len(shapes) == 1 and all(isinstance(n, (Map, Input)) for n in nodes)


def _as_term(found: Found, passes: Backward) -> Named:
    """Something added: with a minus, and once, it may be that a term is missing."""
    word, _ = spelled(found.times or 0.0, passes)
    plain = word in ("2", "½", "−1", "−½", "−2") or _is(found.times or 0.0, 1) or "/" in word
    return Named("extra-term", "" if _is(found.times or 0.0, 1) else word, found.edit.size + (0.0 if plain else 0.5))
