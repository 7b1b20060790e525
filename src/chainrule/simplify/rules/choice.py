"""Choices put together: two halves of one choice, and the choices that are a clip."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ...ir.build import scalar_value
from ...ir.node import Input, Map, Node
from ...ir.records import NON_NEGATIVE
from ...ir.registry import call
from ..facts import is_bracket
from ..pattern import any_, apply, fit, scalar, spread_scalar
from ..rule import Context, Rule, rule, structural

x, y, z = any_("x"), any_("y"), any_("z")
c = scalar("c")
size, side = apply("abs", x), apply("sign", x)

_WHY = "x where it is small, ±c where it is not, is x held between −c and c"

CLIPS: tuple[Rule, ...] = (
    rule("other choice", apply("where", ~z, x, y), apply("where", z, y, x), "a choice the other way round"),
    *(
        rule(
            f"clip by |x| {sign} c",
            apply("where", apply(compare, size, c), x, c * side),
            apply("clipped", x, -c, c),
            _WHY,
            assumes={"c": NON_NEGATIVE},
        )
        for compare, sign in (("less_equal", "≤"), ("less", "<"))
    ),
    *(
        rule(
            f"clip by |x| {sign} 1", apply("where", apply(compare, size, 1), x, side), apply("clipped", x, -1, 1), _WHY
        )
        for compare, sign in (("less_equal", "≤"), ("less", "<"))
    ),
)


def _far_examples() -> list[Node]:
    x, c = Input.of("x", (2, 3)), 1.5
    large, sign = call("abs", x), call("sign", x)
    return [
        call("where", large > c, c * sign, x),
        call("where", large >= 1.0, sign, x),
        call("where", x > c, c, call("where", x < -c, -c, x)),
    ]


@structural("clip, far branch first", "where", _WHY, _far_examples)
def far_first(node: Node, context: Context) -> Node | None:
    """where(|x| > c, c sign x, x), and where(x > c, c, where(x < −c, −c, x)), for a number c that is not negative.

    Only for one that is known: beside one that is not a number, x is chosen here, but not by a clip.
    """
    condition, far, near = node.args
    if not isinstance(condition, Map) or condition.op.name not in ("greater", "greater_equal"):
        return None
    x, bound = condition.args
    c = scalar_value(bound)
    if c is None or c < 0:
        return None
    clipped = call("clip", near, -c, c)
    if x is call("abs", near):
        sides = {call("sign", near), c * call("sign", near)} if c == 1 else {c * call("sign", near)}
        return clipped if far in sides else None
    if scalar_value(far) != c or not (isinstance(near, Map) and near.op.name == "where"):
        return None
    below, low, inside = near.args
    lower = isinstance(below, Map) and below.op.name in ("less", "less_equal") and below.args[0] is x
    if lower and inside is x and scalar_value(low) == scalar_value(below.args[1]) == -c:
        return call("clip", x, -c, c)  # type: ignore[no-any-return]
    return None


_DEEPEST_MASK = 4
"""How many products a mask may stand inside of."""


def _masks(node: Node, context: Context, depth: int = _DEEPEST_MASK) -> Iterator[tuple[Node, Node]]:
    """Each mask of a product that nothing else uses, and what it lets through."""
    if is_bracket(node):
        yield node.args[0], fit(1.0, node)
    elif isinstance(node, Map) and depth and context.single(node):
        if node.op.name in ("neg", "div"):
            for mask, rest in _masks(node.args[0], context, depth - 1):
                yield mask, node.with_args((rest, *node.args[1:]))
        elif node.op.name == "mul":
            for k, factor in enumerate(node.args):
                other = node.args[1 - k]
                for mask, rest in _masks(factor, context, depth - 1):
                    args = (rest, other) if k == 0 else (other, rest)
                    yield mask, other if scalar_value(rest) == 1 else node.with_args(args)


def _halves_examples(name: str) -> list[Node]:
    v, w, s = Input.of("v", (2, 3)), Input.of("w", (2, 3)), Input.of("s", ())
    chosen = v > w
    on, off = call("astype", chosen, float), call("astype", ~chosen, float)
    return [call(name, v * on, w * off), call(name, s * off, w * on / s), call(name, -(off / s) * v, w * (on * v))]


def _halves(node: Node, context: Context) -> Node | None:
    """One choice of the two, for x [m] + y [¬m] or a difference of such."""
    for (on, a), (off, b) in itertools.product(*(list(_masks(arg, context)) for arg in node.args)):
        if call("logical_not", on) is off or call("logical_not", off) is on:
            return call("where", on, a, -b if node.op.name == "sub" else b)  # type: ignore[no-any-return]
    return None


HALVES: tuple[Rule, ...] = tuple(
    structural(
        f"two halves of a choice: {name}",
        name,
        "one where a condition holds, the other where it does not",
        lambda name=name: _halves_examples(name),  # type: ignore[misc]
    )(_halves)
    for name in ("add", "sub")
)


@structural(
    "mask on both branches",
    "where",
    "what masks both branches masks the choice",
    lambda: [call("where", _v() > 0, _v() * call("astype", _v() < 3, float), 1.5 * call("astype", _v() < 3, float))],
)
def masked_both(node: Node, context: Context) -> Node | None:
    """where(m, x [n], y [n]) → where(m, x, y) [n]."""
    condition, *branches = node.args
    for (mask, a), (other, b) in itertools.product(*(list(_masks(branch, context)) for branch in branches)):
        if mask is other:
            return call("where", condition, a, b) * call("astype", mask, float)  # type: ignore[no-any-return]
    return None


def _v() -> Node:
    return Input.of("v", (3,))


def _over_number(node: Node) -> tuple[Node, Node] | None:
    """An array divided by a number, as the array and the number: v/s, or (t/s) v."""
    if isinstance(node, Map) and node.op.name == "div":
        number = spread_scalar(node.args[1])
        return None if number is None else (node.args[0], number)
    if isinstance(node, Map) and node.op.name == "mul":
        for factor, rest in (node.args, node.args[::-1]):
            number = spread_scalar(factor)
            if isinstance(number, Map) and number.op.name == "div":
                top, bottom = number.args
                return (rest if scalar_value(top) == 1 else fit(top, rest) * rest), bottom
    return None


@structural(
    "number under both branches",
    "where",
    "what both branches are divided by divides the choice",
    lambda: [call("where", Input.of("v", (3,)) > 0, Input.of("x", (3,)) / _s(), 1.5 / _s() * Input.of("y", (3,)))],
)
def under_both(node: Node, context: Context) -> Node | None:
    """where(m, x/s, (t/s) y) → where(m, x, t y)/s."""
    condition, a, b = node.args
    x, y = _over_number(a), _over_number(b)
    if x is None or y is None or x[1] is not y[1] or not (context.single(a) and context.single(b)):
        return None
    return call("where", condition, x[0], y[0]) / fit(x[1], node)  # type: ignore[no-any-return]


def _s() -> Node:
    return Input.of("s", ())


def _open_examples() -> list[Node]:
    v, w = Input.of("v", (2, 3)), Input.of("w", (2, 3))
    on, relu = call("astype", v > 0, float), call("relu", v)
    return [relu * on, on * relu, (w * relu) * on, (w * on) * relu, call("astype", relu > 0, float) * relu]


@structural(
    "masked where it is 0 anyway",
    "mul",
    "relu(x) is 0 where the mask closes, so the mask changes nothing",
    _open_examples,
)
def open_mask(node: Node, context: Context) -> Node | None:
    """The product relu(x) [x > 0], and max(x, 0) [x > 0], without the mask; one of the two may stand in a product."""
    for product, other in (node.args, node.args[::-1]):
        parts = [product]
        if isinstance(product, Map) and product.op.name == "mul" and context.single(product):
            parts += product.args
        for part in parts:
            if _closes(other, part):
                return product
            if part is not product and _closes(part, other):
                rest = product.args[1] if part is product.args[0] else product.args[0]
                return rest * other  # type: ignore[no-any-return]
    return None


def _closes(mask: Node, factor: Node) -> bool:
    """Whether a mask is 1 wherever a factor is not 0."""
    if not (isinstance(mask, Map) and mask.op.name == "to_float" and isinstance(mask.args[0], Map)):
        return False
    open_where = mask.args[0]
    if open_where.op.name != "greater" or scalar_value(open_where.args[1]) != 0:
        return False
    x = open_where.args[0]
    if not isinstance(factor, Map) or factor.op.name not in ("relu", "maximum"):
        return False
    if factor.op.name == "maximum" and all(scalar_value(arg) != 0 for arg in factor.args):
        return False
    return factor is x or any(arg is x for arg in factor.args)


RULES: tuple[Rule, ...] = (*CLIPS, open_mask, far_first, under_both, masked_both, *HALVES)
