"""Expand and collect: what a reader would multiply out, cancel and factor, judged by whether it became shorter."""

from __future__ import annotations

from functools import partial, reduce
from operator import mul

from ...ir.build import scalar_value
from ...ir.node import Einsum, Input, Node
from ...ir.registry import call
from ..collected import Collected, as_float, expansions, shorter
from ..monomials import Expansion, TooLong
from ..pattern import fit
from ..rule import Context, Rule, structural
from ..size import Lengths
from . import simplex
from .layout import compose_layouts


def _collect(node: Node, context: Context) -> Node | None:
    """A sum, product or quotient as a polynomial: like terms added up, what cancels gone, shared factors taken out."""
    return shorter(node, expansions(node, context.named), _lengths(context))


def _lengths(context: Context) -> Lengths:
    """The lengths of all formulas that were met."""
    if "lengths" not in context.kept:
        context.kept["lengths"] = Lengths(context.named)
    return context.kept["lengths"]  # type: ignore[no-any-return]


def _examples(name: str) -> list[Node]:
    x, y, p = (Input.of(name, (2, 3)) for name in "xyp")
    s = Input.of("s", ())
    e = call("exp", x)
    found = {
        "add": [x * (1 - p) + y * p - (x * y - x * p) + x * y, call("log", x) + s * x / (s * x) * (1 - x / x)],
        "sub": [(x - y) ** 2 - x * x - y * y, x / (s * y) - x * s / (s * y * y) * y],
        "mul": [call("tanh", x) * (1 - call("tanh", x) * call("tanh", x)), x * (y * x)],
        "div": [s * e / (s * e * e), x * y * 2 / (4 * s)],
        "neg": [-(x * y - y * x - y)],
        "pow": [(x * y / e * e) ** 2],
    }
    return found[name]


COLLECT: tuple[Rule, ...] = tuple(
    structural(
        f"collect a {name}",
        name,
        "multiplied out, like terms added up, and what is shared taken out",
        partial(_examples, name),
    )(_collect)
    for name in ("add", "sub", "mul", "div", "neg", "pow")
)


def _part_known() -> list[Node]:
    x, y, v = Input.of("x", (2, 3)), Input.of("y", (2, 3)), Input.of("v", (3,))
    p = simplex.softmax_of(x)
    s = Input.of("s", ())
    q = simplex.softmax_of(v)
    return [call("sum", p + p * y, axis=1), call("sum", y * p - 2 * p, axis=1), call("sum", s * q + v * q)]


@structural(
    "a part of a sum is known",
    Einsum,
    "the sum of several terms is the sum of each, and some add up to one",
    _part_known,
)
def known_part(node: Node, context: Context) -> Node | None:
    """Σ (p + q) → 1 + Σ q, where p adds up to one, if that is shorter."""
    assert isinstance(node, Einsum)
    if node.is_layout or len(set(node.subs)) > 1:
        return None
    lengths = _lengths(context)
    for everything in (False, True):
        try:
            expansion = Expansion(reduce(mul, node.args), context.named, everything=everything)
            found = _split(node, expansion, Collected(expansion, lengths))
        except TooLong:
            continue
        if found is not None and lengths.of(found) < lengths.of(node):
            return found
    return None


def _split(node: Einsum, expansion: Expansion, collected: Collected) -> Node | None:
    """The sum of the terms whose sums are known, and the sum of the others; raises TooLong (see `Collected.write`)."""
    known: list[tuple[bool, Node]] = []
    rest = dict(expansion.polynomial)
    for monomial, number in expansion.polynomial.items():
        part = _known_sum(node, [(expansion.atoms[i], power) for i, power in monomial])
        if part is not None:
            del rest[monomial]
            size = as_float(abs(number))
            known.append((number > 0, fit(size, part) if scalar_value(part) == 1 else part * size))
    if not known:
        return None
    if rest:
        terms = fit(collected.write(rest), node.args[0])
        total = Einsum.of([terms], node.subs[:1], node.out, dict(enumerate(node.extents)))
        known.insert(sum(added for added, _ in known), (True, total))
    known.sort(key=lambda term: not term[0])
    result = known[0][1] if known[0][0] else -known[0][1]
    for added, part in known[1:]:
        result = result + part if added else result - part
    return result


def _known_sum(node: Einsum, factors: list[tuple[Node, int]]) -> Node | None:
    """The sum of a product, if one of its factors adds up to one and the others stay the same meanwhile."""
    if any(power < 0 or (power > 1 and atom.shape) for atom, power in factors):
        return None
    arrays = [atom for atom, _ in factors if atom.shape]
    if not arrays:
        return None
    total = Einsum.of(arrays, node.subs[:1] * len(arrays), node.out, dict(enumerate(node.extents)))
    while isinstance(total, Einsum) and (composed := compose_layouts.rewrite(total, Context())) is not None:
        total = composed
    for known in (simplex.softmax_sum, simplex.simplex_sum):
        found = known.rewrite(total, Context()) if isinstance(total, Einsum) else None
        if found is not None:
            numbers = [atom if power == 1 else atom**power for atom, power in factors if not atom.shape]
            if scalar_value(found) == 1 and numbers:
                return fit(reduce(mul, numbers), found)
            return reduce(mul, [fit(n, found) for n in numbers], found)
    return None


@structural(
    "branches that differ by a number",
    "where",
    "what both branches have is no matter of choice",
    lambda: [
        call("where", Input.of("m", (2,), "bool"), Input.of("x", (2,)) - 1, Input.of("x", (2,))),
        call("where", Input.of("m", (2,), "bool"), -0.25, 0.0),
    ],
)
def same_but_for_a_number(node: Node, context: Context) -> Node | None:
    """where(m, x + k, x) → x + k [m], and where(m, k, 0) → k [m]; a choice of two other numbers is as short as that."""
    condition, a, b = node.args
    only = scalar_value(b)
    if only:
        return None
    try:
        apart = Expansion(a - b, context.named, everything=True).polynomial
        if any(monomial for monomial in apart):
            return None
        if not apart:
            return b
        number, chosen = as_float(apart[()]), call("astype", condition, float)
    except TooLong:
        return None
    if only is not None:
        return fit(number, node) * chosen  # type: ignore[no-any-return]
    bracket = fit(abs(number), node) * chosen
    return b + bracket if number > 0 else b - bracket  # type: ignore[no-any-return]


RULES: tuple[Rule, ...] = (*COLLECT, known_part, same_but_for_a_number)
