"""Forms that keep their digits: what was written naively, computed so that nothing overflows or cancels."""

from __future__ import annotations

from ...ir.build import scalar_value
from ...ir.graph import toposort
from ...ir.node import Einsum, Gather, Input, Map, Node, Reduce
from ...ir.records import NON_NEGATIVE, POSITIVE
from ...ir.registry import call, record
from ..facts import is_size, square_sum
from ..pattern import any_, apply
from ..rule import Context, Measure, Rule, measure, rule, structural

x, y = any_("x"), any_("y")
exp_x = apply("exp", x)

ALGEBRA: tuple[Rule, ...] = (
    rule("log of exp", apply("log", exp_x), x, "the logarithm undoes the exponential"),
    rule(
        "exp of log", apply("exp", apply("log", x)), x, "the exponential undoes the logarithm", assumes={"x": POSITIVE}
    ),
    rule("root of a square", apply("sqrt", x**2), apply("abs", x), "√(x²) is |x|, for every real x"),
    rule("root of a product with itself", apply("sqrt", x * x), apply("abs", x), "√(x·x) is |x|, for every real x"),
    rule(
        "square of a root",
        apply("sqrt", x) ** 2,
        x,
        "(√x)² is x where x is not negative",
        assumes={"x": NON_NEGATIVE},
    ),
    rule("sigmoid as written", 1 / (1 + apply("exp", -x)), apply("sigmoid", x), "1/(1 + e⁻ˣ) is the sigmoid"),
    rule(
        "sigmoid as a share",
        exp_x / (1 + exp_x),
        apply("sigmoid", x),
        "eˣ/(1 + eˣ) is the sigmoid, and does not overflow",
    ),
    rule("softplus as written", apply("log", 1 + exp_x), apply("softplus", x), "log(1 + eˣ) without overflow"),
    rule("log near one", apply("log", 1 + x), apply("log1p", x), "log(1 + x) keeps its digits where x is near 0"),
    rule("exponential less one", exp_x - 1, apply("expm1", x), "eˣ − 1 keeps its digits where x is near 0"),
    rule("log of a quotient of an exponential", apply("log", exp_x / y), x - apply("log", y), "log(eˣ/y) is x − log y"),
    rule("log of a quotient by an exponential", apply("log", y / exp_x), apply("log", y) - x, "log(y/eˣ) is log y − x"),
    rule(
        "log of a product with an exponential", apply("log", exp_x * y), x + apply("log", y), "log(eˣ y) is x + log y"
    ),
    rule("log of a sigmoid", apply("log", apply("sigmoid", x)), apply("log_sigmoid", x), "log σ(x) keeps its digits"),
    rule(
        "log of one minus a sigmoid",
        apply("log", 1 - apply("sigmoid", x)),
        apply("log_sigmoid", -x),
        "1 − σ(x) is σ(−x), whose logarithm keeps its digits",
    ),
)


def _sum_of_exp(node: Node) -> tuple[Node, tuple[int, ...]] | None:
    """The array x and the axes, if the node is Σ exp(x) over axes with the others in order."""
    if not isinstance(node, Einsum) or len(node.args) > 1 or not isinstance(node.args[0], Map):
        return None
    (sub,) = node.subs
    kept = tuple(i for i in sub if i < len(node.out))
    if node.args[0].op.name != "exp" or kept != node.out or len(set(sub)) < len(sub):
        return None
    return node.args[0].args[0], tuple(a for a, i in enumerate(sub) if i >= len(node.out))


def _matrix() -> Input:
    return Input.of("x", (2, 3))


@structural(
    "log of a sum of exponentials",
    "log",
    "log Σ eˣ, shifted by the greatest entry so that nothing overflows",
    lambda: [call("log", call("sum", call("exp", _matrix()), axis=1))],
)
def log_sum_exp(node: Node, context: Context) -> Node | None:
    """The logarithm of Σ exp(x) → logsumexp(x)."""
    found = _sum_of_exp(node.args[0])
    return None if found is None else record("logsumexp")(found[0], axis=found[1])


@structural(
    "softmax as written",
    "div",
    "eˣ/Σeˣ is e to the power of x − logsumexp(x), in which nothing overflows",
    lambda: [call("exp", _matrix()) / call("spread", call("sum", call("exp", _matrix()), axis=1), (2, 3), (1,))],
)
def softmax_as_written(node: Node, context: Context) -> Node | None:
    """exp(x)/Σ exp(x), the sum spread over the axes it was taken over."""
    top, below = node.args
    if not (isinstance(top, Map) and top.op.name == "exp" and isinstance(below, Einsum) and below.is_layout):
        return None
    found = _sum_of_exp(below.args[0])
    if found is None or found[0] is not top.args[0]:
        return None
    x, axes = found
    kept = tuple(a for a in range(len(x.shape)) if a not in axes)
    if below.subs[0] != kept:
        return None
    return call("exp", x - call("spread", record("logsumexp")(x, axis=axes), x.shape, axes))  # type: ignore[no-any-return]


@structural(
    "shift cancels",
    "sub",
    "log-softmax does not change when the same number is taken from all entries, and is shifted inside anyway",
    lambda: [_shifted_log_softmax()],
)
def shift_cancels(node: Node, context: Context) -> Node | None:
    """(x − m) − logsumexp(x − m), m the same for all entries that are summed → x − logsumexp(x)."""
    shifted, total = node.args
    if not (isinstance(shifted, Map) and shifted.op.name == "sub" and isinstance(total, Einsum) and total.is_layout):
        return None
    x, shift = shifted.args
    inner = total.args[0]
    if not (isinstance(inner, Reduce) and inner.op.name == "logsumexp" and inner.args[0] is shifted):
        return None
    kept = tuple(a for a in range(len(x.shape)) if a not in inner.axes)
    spread_alike = isinstance(shift, Einsum) and shift.is_layout and set(shift.subs[0]) <= set(kept)
    if total.subs[0] != kept or not spread_alike:
        return None
    return x - call("spread", inner.op(x, axis=inner.axes), x.shape, inner.axes)  # type: ignore[no-any-return]


def _shifted_log_softmax() -> Node:
    x = _matrix()
    shifted = x - call("spread", call("max", x, axis=1), (2, 3), (1,))
    return shifted - call("spread", record("logsumexp")(shifted, axis=1), (2, 3), (1,))  # type: ignore[no-any-return]


@structural(
    "root of a sum of squares",
    "sqrt",
    "√Σx² is the length of x, in which nothing overflows",
    lambda: [
        call("sqrt", call("sum", _matrix() ** 2)),
        call("sqrt", call("sum", _matrix() ** 2) * _dot()),
        call("sqrt", call("mean", _matrix() ** 2)),
    ],
)
def length(node: Node, context: Context) -> Node | None:
    """√Σx², √(Σx² Σy²), and √(Σx²/n) of a number n, which the standard deviation is, as lengths."""
    inner = node.args[0]
    if isinstance(inner, Map) and inner.op.name == "div" and _counts(inner.args[1]):
        x = square_sum(inner.args[0])
        return None if x is None else record("norm")(x) / inner.args[1] ** 0.5
    if isinstance(inner, Map) and inner.op.name == "mul":
        a, b = map(square_sum, inner.args)
        return None if a is None or b is None else record("norm")(a) * record("norm")(b)
    x = square_sum(inner)
    return None if x is None else record("norm")(x)


def _counts(node: Node) -> bool:
    """Whether it is a number above zero: one that is known, or a size."""
    return (scalar_value(node) or 0) > 0 or is_size(node)


def _dot() -> Node:
    y = Input.of("y", (3,))
    return y @ y  # type: ignore[no-any-return]


@structural(
    "log of chosen exponentials",
    "log",
    "the logarithm of entries that were chosen is chosen from the logarithms",
    lambda: [call("log", call("pick", call("exp", _matrix()), Input.of("i", (2,), "int")))],
)
def log_of_chosen(node: Node, context: Context) -> Node | None:
    """log(exp(x)[i]) → x[i]."""
    chosen = node.args[0]
    if not isinstance(chosen, Gather) or not isinstance(chosen.args[0], Map) or chosen.args[0].op.name != "exp":
        return None
    return chosen.with_args((chosen.args[0].args[0], chosen.args[1]))


def _square_of_length(name: str) -> Rule:
    """‖x‖² and ‖x‖·‖x‖ → Σx², which has no kink at 0 and nothing to divide by."""

    def examples() -> list[Node]:
        lengths = [record("norm")(_matrix()), record("norm")(_matrix(), axis=1)]
        return [length**2 if name == "pow" else length * length for length in lengths]

    def rewrite(node: Node, context: Context) -> Node | None:
        length, other = node.args
        if not isinstance(length, Reduce) or length.op.name != "norm" or length in context.named:
            return None
        if other is not length if name == "mul" else scalar_value(other) != 2 or not context.single(length):
            return None
        return call("sum", length.args[0] ** 2, axis=length.axes)  # type: ignore[no-any-return]

    why = "the square of a length is the sum of the squares"
    return structural(f"square of a length: {name}", name, why, examples)(rewrite)


LENGTHS: tuple[Rule, ...] = (length, *map(_square_of_length, ("pow", "mul")))

RULES: tuple[Rule, ...] = (*ALGEBRA, log_sum_exp, softmax_as_written, shift_cancels, *LENGTHS, log_of_chosen)


def rooted(root: Node, named: frozenset[Node] = frozenset()) -> Measure:
    """The measure of rewriting by these rules: how many roots there are in the expression written out, a length being
    half of one; then what other phases are measured by.
    """
    found: dict[Node, int] = {}
    for node in toposort((root,)):
        own = {"sqrt": 2, "norm": 1}.get(node.op.name, 0) if isinstance(node, (Map, Reduce)) else 0
        found[node] = own + sum(found[arg] for arg in node.args)
    return found[root], *measure(root)
