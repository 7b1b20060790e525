"""What nobody would write: products with one, signs inside products, numbers not yet worked out, common factors."""

from __future__ import annotations

from functools import partial

import numpy as np

from ...ir.build import cast, scalar_value
from ...ir.node import Const, Einsum, Input, Map, Node, Reshape
from ...ir.registry import call, record
from ..pattern import any_, apply, array, fit, scalar, spread_scalar
from ..rule import Context, Rule, is_sign, rule, structural

x, y, z = any_("x"), any_("y"), any_("z")
s, t = scalar("s"), scalar("t")
v, w = array("v"), array("w")

IDENTITIES: tuple[Rule, ...] = (
    rule("times one", x * 1, x, "a product with one is the other factor"),
    rule("plus zero", x + 0, x, "a sum with nothing is the other term"),
    rule("minus zero", x - 0, x, "nothing taken away leaves all"),
    rule("from zero", 0 - x, -x, "taken from nothing, only the sign is left"),
    rule("over one", x / 1, x, "a quotient by one is the numerator"),
    rule("first power", x**1, x, "the first power is the number itself"),
    rule("zeroth power", x**0, 1, "the zeroth power is one"),
    rule("not not", ~~x, x, "denied twice is affirmed"),
    rule("same either way", apply("where", z, x, x), x, "both branches are the same"),
)

SIGNS: tuple[Rule, ...] = (
    rule("minus minus", -(-x), x, "two signs cancel"),  # noqa: B002 - a graph has two minuses
    rule("plus a negative", x + -y, x - y, "adding a negative is taking away"),
    rule("minus its own negative", x - -x, 2 * x, "taking away the negative is adding the same again"),
    rule("minus a negative", x - -y, x + y, "taking away a negative is adding"),
    rule("sign of a difference", -(x - y), y - x, "the sign turns a difference round"),
    rule("sign of a scaled difference", -(s * (x - y)), s * (y - x), "the sign turns a difference round"),
    rule("sign of a divided difference", -((x - y) / s), (y - x) / s, "the sign turns a difference round"),
    rule("sign out of a product", -x * y, -(x * y), "a factor's sign is the product's", alone=True),
    rule("sign out of a numerator", -x / y, -(x / y), "the numerator's sign is the quotient's", alone=True),
    rule("sign out of a denominator", x / -y, -(x / y), "the denominator's sign is the quotient's", alone=True),
)

QUOTIENTS: tuple[Rule, ...] = (
    rule("times a reciprocal", x * (1 / y), x / y, "a product with a reciprocal is a quotient"),
    rule("over a reciprocal", x / (1 / y), x * y, "a quotient by a reciprocal is a product"),
)

SCALARS: tuple[Rule, ...] = (
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


def _hoist_examples() -> list[Node]:
    row = Einsum.of([Input.of("b", (3,))], [(1,)], (0, 1), {0: 2, 1: 3})
    number = Einsum.of([Input.of("s", ())], [()], (0, 1), {0: 2, 1: 3})
    return [row * number, Map.of(record("exp"), row), number + number]


def _hoist(node: Node, context: Context) -> Node | None:
    """A Map of broadcasts is the broadcast of the Map: worked out on the small arrays.

    Ends since the Map loses axes, which it is weighed by.
    """
    if is_sign(node):
        return None
    layout: Einsum | None = None
    for arg in node.args:
        if spread_scalar(arg) is not None:
            continue
        if not isinstance(arg, Einsum) or not arg.is_layout or len(arg.args[0].shape) == len(arg.shape):
            return None
        if layout is not None and (arg.params != layout.params):
            return None
        layout = arg
    if layout is None:
        if not node.shape:
            return None
        return fit(node.with_args(tuple(_number(a) for a in node.args)), node)
    inner = layout.args[0]
    parts = [arg.args[0] if spread_scalar(arg) is None else fit(_number(arg), _like(arg, inner)) for arg in node.args]
    return Einsum.of([node.with_args(tuple(parts))], layout.subs, layout.out, dict(enumerate(layout.extents)))


def _number(arg: Node) -> Node:
    number = spread_scalar(arg)
    assert number is not None
    return number


def _like(arg: Node, inner: Node) -> Node:
    """Any node of the inner shape and the operand's own kind, to fit a number to."""
    return Input.of("_", inner.shape, arg.kind)


def _known_branch(node: Node, context: Context) -> Node | None:
    """A choice whose condition is settled."""
    condition = scalar_value(node.args[0])
    return None if condition is None else node.args[1 if condition else 2]


BRANCH = structural(
    "known branch",
    "where",
    "the condition is settled, so one branch is left",
    lambda: [Map.of(record("where"), Const.of(True), Input.of("a", ()), Input.of("b", ()))],
)(_known_branch)


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
    if top and not top.is_integer() and (1 / top).is_integer():
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


def _own_mask(node: Node, context: Context) -> Node | None:
    """A factor x times its own mask [x ≠ 0], or times that divided by something."""
    for mask, other in (node.args, node.args[::-1]):
        divided = isinstance(mask, Map) and mask.op.name == "div"
        top = mask.args[0] if divided else mask
        if not isinstance(top, Map) or top.op.name != "to_float":
            continue
        if not (isinstance(top.args[0], Map) and top.args[0].op.name == "logical_not"):
            continue
        is_zero = top.args[0].args[0]
        if not (isinstance(is_zero, Map) and is_zero.op.name == "equal" and other in set(is_zero.args)):
            continue
        if any(scalar_value(arg) == 0 for arg in is_zero.args):
            return other / mask.args[1] if divided else other
    return None


def _own_mask_examples() -> list[Node]:
    t, y = Input.of("t", (2, 3)), Input.of("y", (2, 3))
    mask = cast(~(t == 0), "float")
    return [mask * t, t * mask, mask / y * t]


OWN_MASK = structural(
    "masked by itself",
    "mul",
    "where a factor is zero already, a mask that makes it zero changes nothing",
    _own_mask_examples,
)(_own_mask)

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
FOLD = structural("work out numbers", "Map", "an operation on numbers is a number", _fold_examples)(_fold)
HOIST = structural("before the broadcast", "Map", "what is the same for every row is worked out once", _hoist_examples)(
    _hoist
)


def _before_reshape(node: Node, context: Context) -> Node | None:
    """An operation on an array with more axes only for show: worked out before they are added.

    Ends since the Map loses axes, which it is weighed by.
    """
    inner = node.args[0]
    if len(node.args) > 1 or not isinstance(inner, Reshape) or not context.single(inner) or is_sign(node):
        return None
    x = inner.args[0]
    return None if len(x.shape) >= len(inner.shape) else inner.with_args((node.with_args((x,)),))


RESHAPED = structural(
    "before the reshape",
    "Map",
    "what is done entry by entry does not depend on how the entries are arranged",
    lambda: [call("log", call("reshape", Input.of("x", (3,)), (3, 1)))],
)(_before_reshape)

RULES: tuple[Rule, ...] = (
    FOLD,
    BRANCH,
    *IDENTITIES,
    *SIGNS,
    *NEGATIVE_NUMBERS,
    *COLLECT,
    *QUOTIENTS,
    RECIPROCAL,
    OWN_MASK,
    *SCALARS,
    HOIST,
    RESHAPED,
)
