"""How a textbook spells it: what runs keeps its digits, what is read keeps to the names that everybody knows."""

from __future__ import annotations

from ...ir.build import scalar_value
from ...ir.graph import toposort
from ...ir.node import Einsum, Input, Map, Node, Reduce
from ...ir.registry import call
from ..facts import is_bracket
from ..monomials import ARITHMETIC
from ..pattern import any_, apply, array, fit, scalar, spread_scalar
from ..rule import Context, Measure, Rule, is_sign, measure, rule, structural
from .library import is_spelled_otherwise

x, y = any_("x"), any_("y")

tie = rule(
    "share of a tie",
    apply("where", apply("greater_equal", x, y), apply("where", apply("equal", x, y), 0.5, 1), 0),
    apply("greater", x, y) + 0.5 * apply("equal", x, y),
    "the slope of a maximum in x, 1 where x is greater and ½ at a tie, in brackets of Iverson",
)


def _a() -> Node:
    return Input.of("a", (2, 3))


def _b() -> Node:
    return Input.of("b", (2, 3))


@structural(
    "length in a denominator",
    "div",
    "x/‖x‖, which where ‖x‖ is 0 is read as 0 by the convention of the length",
    lambda: [
        _a() / call("broadcast_to", _guarded(call("norm", _a())), (2, 3)),
        _a() / _guarded(call("broadcast_to", call("norm", _a(), axis=0), (2, 3))),
    ],
)
def length(node: Node, context: Context) -> Node | None:
    """The divisor where(‖x‖ = 0, 1, ‖x‖) → ‖x‖."""
    below = unguarded(node.args[1], context.named)
    return None if below is node.args[1] else node.args[0] / below


def unguarded(node: Node, named: frozenset[Node] = frozenset(), depth: int = 8) -> Node:
    """A divisor with where(‖x‖ = 0, 1, ‖x‖), alone or as one of the last few factors, read as ‖x‖."""
    if node in named or not depth:
        return node
    if (isinstance(node, Einsum) and node.is_layout) or (isinstance(node, Map) and node.op.name == "mul"):
        return node.with_args(tuple(unguarded(arg, named, depth - 1) for arg in node.args))
    if not (isinstance(node, Map) and node.op.name == "where" and scalar_value(node.args[1]) == 1):
        return node
    is_zero, _, norm = node.args
    reduced = norm.args[0] if isinstance(norm, Einsum) and norm.is_layout else norm
    is_norm = isinstance(reduced, Reduce) and reduced.op.name == "norm"
    return norm if is_norm and (norm == 0) is is_zero else node


def _guarded(norm: Node) -> Node:
    return call("where", norm == 0, 1.0, norm)  # type: ignore[no-any-return]


@structural(
    "dot product",
    Einsum,
    "the sum of the products of matching entries is the dot product",
    lambda: [call("sum", _v() * call("exp", _v()))],
)
def dot(node: Node, context: Context) -> Node | None:
    """Σ a ⊙ b → aᵀb, of two vectors."""
    assert isinstance(node, Einsum)
    product = node.args[0]
    if len(node.args) > 1 or node.shape != () or len(product.shape) != 1 or product in context.named:
        return None
    if not isinstance(product, Map) or product.op.name != "mul":
        return None
    a, b = product.args
    if a is b and a.args and a not in context.named:
        return None  # A sum of squares, but for a vector that has a name: rᵀr.
    return call("matmul", a, b)  # type: ignore[no-any-return]


@structural(
    "slope or column behind",
    "mul",
    "1 less something, what is 0 or 1, and what is the same along a row, are written behind the rest",
    lambda: [
        (1 - _b()) * _a(),
        call("astype", _b() > 0, float) * _a(),
        call("spread", Input.of("u", (2,)), (2, 3), (1,)) * _a(),
    ],
)
def behind(node: Node, context: Context) -> Node | None:
    """What belongs behind, in front of what does not."""
    return node.args[1] * node.args[0] if _in_front(node) else None


def _in_front(node: Node) -> bool:
    if not isinstance(node, Map) or node.op.name != "mul":
        return False
    first, other = node.args
    if is_bracket(first):
        return not is_bracket(other) and spread_scalar(other) is None
    if _is_one_less(first):
        return not (is_bracket(other) or _is_sum(other) or spread_scalar(other) is not None)
    # What is behind a column already stays there, or the two would change places for ever.
    return _is_column(first) and not (_is_spread(other) or is_bracket(other) or _is_one_less(other))


def _is_one_less(node: Node) -> bool:
    """Whether it is 1 less something, as slopes are: 1 − σ(z), 1 − tanh(z)²."""
    return isinstance(node, Map) and node.op.name == "sub" and scalar_value(node.args[0]) == 1


def _is_sum(node: Node) -> bool:
    return isinstance(node, Map) and node.op.name in ("add", "sub")


def _is_spread(node: Node) -> bool:
    return isinstance(node, Einsum) and node.is_layout and len(node.args[0].shape) < len(node.shape)


def _is_column(node: Node) -> bool:
    return _is_spread(node) and bool(node.args[0].shape) and len(node.shape) - 1 not in node.params[0][0]


def _v() -> Node:
    return Input.of("v", (3,))


@structural(
    "sign into a sum of differences",
    "neg",
    "the sign turns a difference round",
    lambda: [-call("sum", _a() - _b(), axis=0), -(call("sum", _a() - _b()) / Input.of("s", ()))],
)
def turned_sum(node: Node, context: Context) -> Node | None:
    """−Σ(a − b) → Σ(b − a), also with a number in front or below."""
    (inner,) = node.args
    if isinstance(inner, Map) and inner.op.name in ("mul", "div") and context.single(inner):
        for k, (part, number) in enumerate((inner.args, inner.args[::-1])):
            if spread_scalar(number) is not None and not (k and inner.op.name == "div"):
                turned = _turned(part, context)
                if turned is not None:
                    return inner.with_args((turned, number) if k == 0 else (number, turned))
    return _turned(inner, context)


def _turned(node: Node, context: Context) -> Node | None:
    """Minus a sum of differences."""
    if not isinstance(node, Einsum) or len(node.args) > 1 or node.is_layout or not context.single(node):
        return None
    (difference,) = node.args
    if not (isinstance(difference, Map) and difference.op.name == "sub" and context.single(difference)):
        return None
    return node.with_args((difference.args[1] - difference.args[0],))


relu_on = rule(
    "where a relu is on",
    apply("greater", apply("relu", x), 0),
    apply("greater", x, 0),
    "relu(x) is positive where x is",
    alone=True,
)

ORDER: tuple[Rule, ...] = (
    rule(
        "number under a quotient",
        (array("v") / scalar("s")) / scalar("t"),
        array("v") / (scalar("s") * scalar("t")),
        "divided by one number and then another is divided by their product",
    ),
    rule(
        "number under a factor",
        (array("v") / scalar("s")) * array("w"),
        (array("v") * array("w")) / scalar("s"),
        "a product is divided as a whole",
    ),
    rule(
        "number over a factor",
        (scalar("s") / array("w")) * array("v"),
        scalar("s") * (array("v") / array("w")),
        "a number stands in front of the whole product",
    ),
    rule(
        "number over the other factor",
        array("v") * (scalar("s") / array("w")),
        scalar("s") * (array("v") / array("w")),
        "a number stands in front of the whole product",
    ),
    relu_on,
    turned_sum,
)
"""How the result is put in order. (What runs divides twice: a product of two numbers may overflow.)"""


@structural(
    "one sign for two terms",
    "sub",
    "what is taken away twice is taken away at once",
    lambda: [-_a() - _b(), -1 - _a()],
)
def one_sign(node: Node, context: Context) -> Node | None:
    """−x − y → −(x + y), also for a negative number."""
    first, other = node.args
    number = scalar_value(first)
    if isinstance(first, Map) and first.op.name == "neg" and context.single(first):
        return -(first.args[0] + other)  # type: ignore[no-any-return]
    return -(fit(-number, first) + other) if number is not None and number < 0 else None


@structural(
    "number behind a function",
    "add",
    "a number is added to log x, not log x to it",
    lambda: [1 + call("log", _a())],
)
def number_behind(node: Node, context: Context) -> Node | None:
    """1 + log x → log x + 1."""
    return node.args[1] + node.args[0] if _number_first(node) else None


def _number_first(node: Node) -> bool:
    """Whether a function is added to a number."""
    if not isinstance(node, Map) or node.op.name != "add" or scalar_value(node.args[0]) is None:
        return False
    other = node.args[1]
    return isinstance(other, Map) and other.op.name not in ARITHMETIC


LAST: tuple[Rule, ...] = (
    one_sign,
    number_behind,
    rule("sign out of a last factor", x * -y, -(x * y), "a factor's sign is the product's, whose order stays"),
)
"""What is done at the very end: before, a sum of which every term is taken away may still become a difference."""


def finished(root: Node, named: frozenset[Node] = frozenset()) -> Measure:
    """What other phases are measured by, then how many functions are added to a number, in the formula written out."""
    found: dict[Node, int] = {}
    for node in toposort((root,)):
        found[node] = _number_first(node) + sum(found[arg] for arg in node.args)
    return *measure(root), found[root]


@structural(
    "plain product",
    "multiply_no_nan",
    "the product, which what runs works out so that 0 · ∞ is 0",
    lambda: [call("multiply_no_nan", _a(), _b())],
)
def plain_product(node: Node, context: Context) -> Node | None:
    """A product that is guarded against 0 · ∞, as the product it is everywhere else."""
    return node.args[0] * node.args[1]  # type: ignore[no-any-return]


RULES: tuple[Rule, ...] = (
    rule(
        "other side of the sigmoid",
        apply("sigmoid", -x),
        1 - apply("sigmoid", x),
        "σ(−x) is 1 − σ(x): the one that runs keeps its digits where σ(x) is near 1",
    ),
    rule(
        "plain logarithm",
        apply("log1p", x),
        apply("log", 1 + x),
        "log1p(x) is log(1 + x): the one that runs keeps its digits where x is near 0",
    ),
    rule(
        "plain exponential",
        apply("expm1", x),
        apply("exp", x) - 1,
        "expm1(x) is eˣ − 1: the one that runs keeps its digits where x is near 0",
    ),
    tie,
    length,
    dot,
    behind,
    plain_product,
)


def spellings(root: Node, named: frozenset[Node] = frozenset()) -> Measure:
    """How many places there are, in a formula written out, where a textbook spells it otherwise: each rule's own."""
    found: dict[Node, int] = {}
    for node in toposort((root,)):
        turned = isinstance(node, Map) and node.op.name == "sigmoid" and is_sign(node.args[0])
        plain_sum = isinstance(node, Einsum) and len(node.args) == 1 and not node.is_layout
        chosen = isinstance(node, Map) and node.op.name in ("where", "multiply_no_nan", "log1p", "expm1")
        solved = is_spelled_otherwise(node)
        own = turned or plain_sum or chosen or solved or _in_front(node)
        found[node] = own + sum(found[arg] for arg in node.args)
    return (found[root],)
