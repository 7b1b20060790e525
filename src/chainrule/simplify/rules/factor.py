"""The form a person would write: what several terms share is written once."""

from __future__ import annotations

from ...ir.build import scalar_value
from ...ir.node import Input, Node, Scatter
from ...ir.registry import call, record
from ..pattern import any_, fit, spread_scalar
from ..rule import Context, Rule, rule, structural

x, y, z = any_("x"), any_("y"), any_("z")

FACTORS: tuple[Rule, ...] = (
    rule("twice", x + x, 2 * x, "a thing and the same again is two of it"),
    # Before the next, which would make x + x of its first factors.
    rule("twice, factors exchanged", x * y + y * x, 2 * (x * y), "a thing and the same again is two of it"),
    rule("common factor of a sum", x * z + y * z, (x + y) * z, "a common factor is multiplied once", alone=True),
    rule("common factor of a difference", x * z - y * z, (x - y) * z, "a common factor is multiplied once", alone=True),
    rule("common denominator of a sum", x / z + y / z, (x + y) / z, "a common denominator divides once", alone=True),
    rule(
        "common denominator of a difference",
        x / z - y / z,
        (x - y) / z,
        "a common denominator divides once",
        alone=True,
    ),
)


@structural(
    "number out of a scatter",
    Scatter,
    "one number at every place is that number times a one-hot array",
    lambda: [
        record("gather").transpose(
            call("pick", Input.of("p", (2, 3)), Input.of("y", (2,), "int")),
            call("broadcast_to", Input.of("s", ()), (2,)),
        )[0]
    ],
)
def scatter_number(node: Node, context: Context) -> Node | None:
    """A scatter of one number."""
    number = spread_scalar(node.args[0])
    if number is None or scalar_value(number) == 1:
        return None
    ones = fit(1.0, node.args[0])
    return fit(number, node) * node.with_args((ones, node.args[1]))  # type: ignore[no-any-return]


RULES: tuple[Rule, ...] = (*FACTORS, scatter_number)
