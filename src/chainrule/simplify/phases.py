"""The phases, and the two ways through them: a function as it was written, and a gradient as it was derived."""

from __future__ import annotations

from ..ir.graph import Graph
from .engine import Applied, Phase, apply_phase
from .rules import factor, layout, stable, tidy

STABLE = Phase("stable", (*layout.RULES, *tidy.RULES, *stable.RULES))
"""On the user's function, before it is differentiated: what would overflow is written as what does not."""

TIDY = Phase("tidy", (*layout.RULES, *tidy.RULES))
"""On the derivative: layouts composed, deltas contracted, ones gone, signs and numbers brought to the front."""

FACTOR = Phase("factor", (*TIDY.rules, *factor.RULES))
"""After it: what several terms share is taken out. The rules of tidying go along, for what that brings about."""

PHASES = (STABLE, TIDY, FACTOR)


def stabilise(graph: Graph, *, checked: bool = False, log: list[Applied] | None = None) -> Graph:
    """The function as it was written, in forms that keep their digits."""
    return apply_phase(graph, STABLE, checked=checked, log=log)


def simplify(graph: Graph, *, checked: bool = False, log: list[Applied] | None = None) -> Graph:
    """The form a person would write."""
    for phase in (TIDY, FACTOR):
        graph = apply_phase(graph, phase, checked=checked, log=log)
    return graph
