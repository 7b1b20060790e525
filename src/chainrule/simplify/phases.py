"""The phases, and the two ways through them: a function as it was written, and a gradient as it was derived."""

from __future__ import annotations

from ..ir.graph import Graph
from .engine import Applied, Phase, apply_phase
from .rules import choice, collect, factor, layout, library, products, simplex, spell, stable, symmetric, tidy, units
from .size import written

STABLE = Phase("stable", (*layout.RULES, *tidy.RULES, *stable.RULES), stable.rooted)
"""On the user's function, before it is differentiated: what would overflow is written as what does not."""

TIDY = Phase("tidy", (*layout.RULES, *library.RULES, *simplex.RULES, *tidy.RULES, *choice.RULES))
"""On the derivative: layouts composed, deltas contracted, ones gone, signs and numbers brought to the front."""

FACTOR = Phase("factor", (*TIDY.rules, *factor.RULES))
"""After it: what several terms share is taken out. The rules of tidying go along, for what that brings about."""

TELL = Phase("tell", (*TIDY.rules, layout.number_out_of_factor))
"""For the lines of a derivation: numbers to the very front, where a reader looks for them. (What runs scales the
smaller array.)"""

SPELL = Phase("spell", (*spell.RULES, *library.SPELLED), spell.spellings)
"""For a formula that is only read: as a textbook spells it, where what runs is spelled otherwise to keep its digits."""

COLLECT = Phase("collect", (*collect.RULES, *products.RULES), written)
"""For a formula that is only read: multiplied out, cancelled and factored, where that makes it shorter."""

DECLARED = Phase("declared", symmetric.RULES, symmetric.transposes)
"""For a formula that is only read: no transposes of what was declared symmetric."""

SHOW = Phase("show", (*FACTOR.rules, layout.number_out_of_factor, *simplex.DECLARED, *spell.ORDER, *units.RULES))
"""Before and after those: put in order, with the numbers to the very front; and by what was declared of the inputs."""

FINISH = Phase("finish", (*spell.LAST, *SHOW.rules), spell.finished)
"""At the end of it all."""

PHASES = (STABLE, TIDY, FACTOR, TELL, SPELL, COLLECT, DECLARED, SHOW, FINISH)


def stabilise(graph: Graph, *, checked: bool = False, log: list[Applied] | None = None) -> Graph:
    """The function as it was written, in forms that keep their digits."""
    return apply_phase(graph, STABLE, checked=checked, log=log)


def simplify(graph: Graph, *, checked: bool = False, log: list[Applied] | None = None) -> Graph:
    """The form a person would write. Simplified again, it stays as it is.

    A rule that takes a node apart waits until nothing else uses it, which another rule may bring about: hence the last
    phase twice. (In a tangle of ten thousand nodes a handful may wait still; a third time would cost more than it is
    worth.)
    """
    graph = apply_phase(graph, TIDY, checked=checked, log=log)
    for _ in range(2):
        before, graph = graph, apply_phase(graph, FACTOR, checked=checked, log=log)
        if all(a is b for a, b in zip(before.outputs, graph.outputs, strict=True)):
            break
    return graph
