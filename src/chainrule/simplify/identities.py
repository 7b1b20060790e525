"""Laws of functions that `canonical` knows beside those of rings: symmetry, and what adds up to one.

Each holds at every real point, so expressions that differ by them alone are the same function.
"""

from __future__ import annotations

from ..ir.build import scalar_value
from ..ir.node import Einsum, Input, Map, Node, Reduce, Scatter
from ..ir.registry import record
from .facts import declared

ODD = frozenset(
    {"sign", "rint", "trunc", "cbrt", "erf", "erfinv", "softsign", "hard_tanh", "sinc_slope"}
    | {"sin", "tan", "tanh", "sinh", "arcsin", "arctan", "arcsinh", "arctanh"}
)
"""f(−x) = −f(x)."""

EVEN = frozenset({"abs", "cos", "cosh", "log_cosh", "normal_density", "sinc"})
"""f(−x) = f(x)."""

COMPLEMENTS = frozenset({"hard_sigmoid", "ndtr", "sigmoid"})
"""f(−x) = 1 − f(x)."""


def adds_up_to_one(base: Node) -> tuple[int, ...]:
    """The axes along which a canonical atom adds up to one; () where none are known."""
    last = len(base.shape) - 1
    if isinstance(base, Scatter):
        (values, places), (axis, batch, _) = base.args, base.params
        one_each = axis == last and batch == len(places.shape)
        return (last,) if scalar_value(values) == 1 and one_each else ()
    if isinstance(base, Input):
        return (last,) if last >= 0 and declared(base, "simplex") else ()
    return _softmax_axes(base)


def _softmax_axes(base: Node) -> tuple[int, ...]:
    """The axes of the softmax, of exp(x + (−1) logsumexp(x)) as it is rebuilt: a chain of terms in canonical order."""
    if not isinstance(base, Map) or base.op.name != "exp":
        return ()
    terms, chain = [], base.args[0]
    while isinstance(chain, Map) and chain.op.name == "add":
        terms.append(chain.args[1])
        chain = chain.args[0]
    terms.append(chain)
    terms.reverse()
    for k, term in enumerate(terms):
        total = _negative_logsumexp(term)
        if total is not None and total.args[0] is _chain([t for n, t in enumerate(terms) if n != k]):
            return total.axes
    return ()


def _negative_logsumexp(term: Node) -> Reduce | None:
    """The reduction in a term −logsumexp(x) that is spread over the axes it was taken over."""
    if not isinstance(term, Map) or term.op.name != "mul" or scalar_value(term.args[0]) != -1:
        return None
    spread = term.args[1]
    if not (isinstance(spread, Einsum) and spread.is_layout and isinstance(spread.args[0], Reduce)):
        return None
    total = spread.args[0]
    kept = tuple(a for a in range(len(spread.shape)) if a not in total.axes)
    return total if total.op.name == "logsumexp" and spread.subs[0] == kept else None


def _chain(terms: list[Node]) -> Node | None:
    """The sum of terms as `polynomial` rebuilds it."""
    result: Node | None = None
    for term in terms:
        result = term if result is None else Map.of(record("add"), result, term)
    return result
