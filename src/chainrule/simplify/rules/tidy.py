"""What nobody would write: products with one, signs inside products, what is the same for every row worked out anew."""

from __future__ import annotations

from ...ir.build import cast, scalar_value
from ...ir.node import Const, Einsum, Input, Map, Node, Reshape
from ...ir.registry import call, record
from ..pattern import any_, apply, fit, scalar, spread_scalar
from ..rule import Context, Rule, is_sign, rule, structural
from . import numbers

x, y, z = any_("x"), any_("y"), any_("z")
s = scalar("s")

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
        if not isinstance(arg, Einsum) or not arg.is_layout or len(arg.args[0].shape) >= len(arg.shape):
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
    numbers.FOLD,
    BRANCH,
    *IDENTITIES,
    *SIGNS,
    *numbers.NEGATIVE_NUMBERS,
    *numbers.COLLECT,
    *QUOTIENTS,
    numbers.RECIPROCAL,
    OWN_MASK,
    *numbers.SCALARS,
    HOIST,
    RESHAPED,
)
