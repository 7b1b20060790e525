"""Numbers worked out and brought together: constants folded, factors collected, signs taken out of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from ...ir.build import cast, scalar_value
from ...ir.node import Const, Einsum, Input, Map, Node
from ...ir.registry import call, record
from ..pattern import array, fit, scalar, spread_scalar
from ..rule import Context, Rule, rule, structural

s, t = scalar("s"), scalar("t")
v, w = array("v"), array("w")
_LEAST, _GREATEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)

_TOGETHER: tuple[Rule, ...] = (
    rule("numbers together", s * (t * v), (s * t) * v, "numbers are multiplied once, not for every entry", alone=True),
    rule(
        "number into numerator",
        s * (t / v),
        (s * t) / v,
        "numbers are multiplied once, not for every entry",
        alone=True,
    ),
    rule("number over quotient", s * (v / t), (s / t) * v, "numbers are divided once, not for every entry", alone=True),
    rule("number under product", (s * v) / t, (s / t) * v, "numbers are divided once, not for every entry", alone=True),
    rule("number and product", v * (s * w), s * (v * w), "numbers come first", alone=True),
)


def representable(number: float) -> bool:
    """Whether a number made of several constants is one in either precision: neither infinite nor next to nothing."""
    return bool(_LEAST <= abs(number) <= _GREATEST)


def _within_range(rule: Rule) -> Rule:
    """The rule, but where it would make a constant that overflows: (x · 1e200) · 1e200 may well be a number."""

    def rewrite(node: Node, context: Context) -> Node | None:
        after = rule.rewrite(node, context)
        return None if after is not None and any(map(_overflows, after.args)) else after

    return replace(rule, rewrite=rewrite)


def _overflows(node: Node) -> bool:
    number = spread_scalar(node)
    if not isinstance(number, Map) or number.op.name not in ("mul", "div"):
        return False
    a, b = (scalar_value(arg) for arg in number.args)
    if not a or not b:
        return False
    return not representable(a * b if number.op.name == "mul" else a / b)


SCALARS: tuple[Rule, ...] = tuple(map(_within_range, _TOGETHER))


def _fold_examples() -> list[Node]:
    two = Const.of(2.0)
    spread = Einsum.of([two], [()], (0,), {0: 3})
    return [Map.of(record("exp"), two), Map.of(record("mul"), spread, spread)]


def _fold(node: Node, context: Context) -> Node | None:
    """A Map of numbers is a number: worked out once, here, and spread again."""
    assert isinstance(node, Map)
    numbers = [scalar_value(arg) for arg in node.args]
    if any(number is None for number in numbers) or node.op.symbol:
        return None
    kinds = {"float": np.float64, "int": np.int64, "bool": np.bool_}
    with np.errstate(all="ignore"):
        value = node.op.ref(*(np.asarray(n, kinds[a.kind]) for n, a in zip(numbers, node.args, strict=True)))
    return fit(Const.of(np.asarray(value)), node)


FOLD = structural("work out numbers", "Map", "an operation on numbers is a number", _fold_examples)(_fold)


def _negative_number(node: Node, context: Context) -> Node | None:
    """The sign of a negative number, taken out of a sum, difference, product or quotient."""
    for k, arg in enumerate(node.args):
        value = scalar_value(arg)
        if value is None or not value < 0:
            continue
        assert isinstance(node, Map)
        args = list(node.args)
        args[k] = fit(Const.of(-value), arg)
        if node.op.name in ("mul", "div"):
            return -node.with_args(tuple(args))  # type: ignore[no-any-return]
        if k == 1:
            return call("sub" if node.op.name == "add" else "add", *args)  # type: ignore[no-any-return]
        if node.op.name == "add":
            return args[1] - args[0]  # type: ignore[no-any-return]
    return None


def _reciprocal_number(node: Node, context: Context) -> Node | None:
    """A product with a number 1/n is a quotient by n."""
    for k, arg in enumerate(node.args):
        number = spread_scalar(arg)
        if isinstance(number, Map) and number.op.name == "div" and scalar_value(number.args[0]) == 1:
            other = node.args[1 - k]
            return None if other.shape == () else other / fit(number.args[1], other)
    return None


RECIPROCAL = structural(
    "times a number's reciprocal",
    "mul",
    "a product with a reciprocal is a quotient",
    lambda: [fit(1 / Input.of("s", ()), Input.of("x", (2,))) * Input.of("x", (2,))],
)(_reciprocal_number)

_LONGEST_FRACTION = 16
"""How many operations and factors of a fraction are looked at: nobody writes longer ones, and chains have no end."""


def _collect_numbers(node: Node, context: Context) -> Node | None:
    """A fraction of single numbers with several constants in it: 2/(2 N) → 1/N, 3·(2/N) → 6/N."""
    if node.shape != ():
        return None
    constants = [1.0, 1.0]
    factors: tuple[list[Node], list[Node]] = ([], [])
    found = visited = 0
    parts = [(node, 0)]
    while parts:
        part, below = parts.pop()
        number = scalar_value(part)
        if number is not None:
            constants[below] *= number
            found += number != 1
        elif isinstance(part, Map) and part.op.name == "to_float" and _is_product(part.args[0]):
            parts += [(cast(arg, "float"), below) for arg in reversed(part.args[0].args)]
        elif isinstance(part, Map) and part.op.name == "mul" and (part is node or context.single(part)):
            parts += [(arg, below) for arg in reversed(part.args)]
        elif isinstance(part, Map) and part.op.name == "div" and (part is node or context.single(part)):
            parts += [(part.args[1], 1 - below), (part.args[0], below)]
        else:
            factors[below].append(part)
        visited += 1
        if visited > _LONGEST_FRACTION:
            return None
    if found < 2 or constants[1] == 0 or not factors[0] + factors[1]:
        return None
    top, bottom = constants[0] / constants[1], 1.0
    if constants[0] != 0 and not all(map(representable, (*constants, top))):
        return None
    if not top.is_integer() and (1 / top).is_integer():
        top, bottom = 1.0, 1 / top
    above, under = _times(top, factors[0]), _times(bottom, factors[1])
    return fit(above if scalar_value(under) == 1 else above / under, node)


def _is_product(node: Node) -> bool:
    return isinstance(node, Map) and node.op.name == "mul"


def _times(number: float, factors: list[Node]) -> Node:
    result: Node | None = None if number == 1 and factors else Const.of(number)
    for factor in factors:
        result = factor if result is None else result * factor
    assert result is not None
    return result


def _number_examples(name: str) -> list[Node]:
    s = Input.of("s", ())
    return [call(name, Const.of(2.0), 2.0 * s), call(name, s / 3.0, 2.0)]


COLLECT: tuple[Rule, ...] = tuple(
    structural(
        f"numbers of a {name}",
        name,
        "the constants of a fraction are worked out",
        partial(_number_examples, name),
    )(_collect_numbers)
    for name in ("mul", "div")
)


NEGATIVE_NUMBERS: tuple[Rule, ...] = tuple(
    structural(
        f"negative number in {name}",
        name,
        "a negative number is a sign and a number",
        lambda name=name: [  # type: ignore[misc]
            call(name, Input.of("x", (2,)), -3.0),
            *([call(name, -3.0, Input.of("x", (2,)))] if name != "sub" else []),
        ],
    )(_negative_number)
    for name in ("add", "sub", "mul", "div")
)
