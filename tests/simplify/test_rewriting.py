"""How rules are applied, with phases of a rule or two: in which order, where, what the log and the counts say then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Input, Node
from chainrule.ir.registry import call
from chainrule.simplify import Phase, RewriteError, Rule, apply_phase, phases, rewrite, simplify, stabilise
from chainrule.simplify.engine import Applied
from chainrule.simplify.pattern import any_, apply
from chainrule.simplify.rule import Context, head_of, rule

x, y, z = (Input.of(name, (2, 3)) for name in "xyz")
a, b = any_("a"), any_("b")

ONE = rule("one", a * 1, a, "x · 1 is x")
TWICE = rule("twice", -(-a), a, "−(−x) is x")  # noqa: B002
GROWS = rule("grows", a - b, a + -b, "more to write")
INSIDE = rule("inside", apply("exp", a + b), apply("exp", a) * apply("exp", b), "", alone=True)
LOSES = rule("loses", apply("tanh", apply("sin", a)), apply("cos", a), "wrong, but short")
PHASE = Phase("some", (ONE, TWICE, INSIDE, LOSES))


LATER = x * 1.0 + y * 1.0
"""What becomes a sum that was not there before."""


def exp(node: Node) -> Node:
    return call("exp", node)  # type: ignore[no-any-return]


def became(
    node: Node,
    rules: Phase = PHASE,
    *,
    uses: dict[Node, int] | None = None,
    named: frozenset[Node] = frozenset(),
    held: frozenset[Node] = frozenset(),
) -> Node:
    return rewrite([node], rules, uses=uses, named=named, held=held)[node]


def applied(outputs: Sequence[Node], rules: Phase = PHASE) -> list[tuple[str, Node, Node]]:
    log: list[Applied] = []
    rewrite(outputs, rules, log=log)
    return [(step.rule.name, step.before, step.after) for step in log]


def test_operands_come_first_and_are_put_in() -> None:
    assert became(exp(call("tanh", x * 1.0)) * 1.0) is exp(call("tanh", x))
    assert became(-exp(x * 1.0) + -(-y)) is -exp(x) + y  # noqa: B002
    assert became(call("tanh", y)) is call("tanh", y)


def test_each_step_is_told_once_and_the_outputs_in_order() -> None:
    phase = Phase("some", (GROWS, TWICE))
    first, second = x - -y, y - z
    assert applied([first, second], phase) == [
        ("grows", first, x + -(-y)),  # noqa: B002
        ("twice", -(-y), y),  # noqa: B002
        ("grows", second, y + -z),
    ]
    assert applied([second, first], phase)[0] == ("grows", second, y + -z)


def test_what_is_met_again_is_not_rewritten_again() -> None:
    again = exp(x * 1.0)
    assert applied([again, again + y, again]) == [("one", x * 1.0, x)]


def test_a_rule_that_gives_the_node_itself_does_not_fit() -> None:
    same = Rule("same", "neg", lambda node, context: node, "")
    assert applied([-(-x)], Phase("some", (same, TWICE))) == [("twice", -(-x), x)]  # noqa: B002


def test_a_rule_is_passed_over_where_the_operands_are_not_what_it_needs() -> None:
    def needing(*heads: str) -> Phase:
        return Phase("some", (Rule("", "add", lambda node, context: node.args[0], "", needs=frozenset(heads)),))

    assert became(x + exp(y), needing("exp")) is x
    assert became(x + exp(y), needing()) is x
    assert became(x + exp(y), needing("tanh")) is x + exp(y)
    assert became(x + exp(y), needing("exp", "tanh")) is x + exp(y)


def test_the_rules_for_a_node() -> None:
    found = Phase("some", (TWICE, ANY := Rule("any", "Map", lambda node, context: None, ""), GROWS, MINUS))
    # Those for any elementwise operation first, then those for its own.
    assert found.candidates(-x) == (ANY, TWICE, MINUS)
    assert found.candidates(x - y) == (ANY, GROWS)
    assert found.candidates(x * y) == (ANY,)
    assert found.candidates(x) == found.candidates(call("max", x)) == ()
    # They are looked up once.
    assert found.candidates(-y) is found.candidates(-x)


MINUS = rule("minus", -(a - b), b - a, "")


def test_the_measure_has_to_fall() -> None:
    phase = Phase("some", (GROWS,))
    assert phase.lowers(x + -y, x - y)
    assert not phase.lowers(x - y, x + -y)
    assert not phase.lowers(x - y, y - x)


def test_only_where_it_is_asked_for_is_the_measure_looked_at() -> None:
    phase, graph = Phase("some", (GROWS,)), Graph((x, y), (x - y,), {})
    assert rewrite([x - y], phase)[x - y] is x + -y
    assert apply_phase(graph, phase).outputs == (x + -y,)
    with pytest.raises(RewriteError, match="'grows' did not simplify"):
        rewrite([x - y], phase, checked=True)
    with pytest.raises(RewriteError, match="'grows' did not simplify"):
        apply_phase(graph, phase, checked=True)
    # What does fall is let through.
    assert rewrite([x * 1.0], PHASE, checked=True)[x * 1.0] is x


def test_what_is_held_stays_with_all_below() -> None:
    inner = exp(x * 1.0)
    assert became(inner, held=frozenset([inner])) is inner
    assert became(-(-inner), held=frozenset([inner])) is inner  # noqa: B002
    assert became(-(-inner), held=frozenset([-inner])) is -(-inner)  # noqa: B002


def test_what_has_a_name_is_rewritten_but_not_taken_apart() -> None:
    total = x + y
    assert became(exp(total)) is exp(x) * exp(y)
    assert became(exp(total), named=frozenset([total])) is exp(total)
    assert became(-exp(total), named=frozenset([exp(total)])) is -(exp(x) * exp(y))


def test_a_name_goes_along() -> None:
    written = LATER
    assert became(exp(written)) is exp(x) * exp(y)
    assert became(exp(written), named=frozenset([written])) is exp(x + y)
    # Other names stay what they are.
    other = call("sin", x + z)
    both = exp(written) + call("tanh", other)
    assert became(both, named=frozenset([written])) is exp(x + y) + call("cos", x + z)
    assert became(exp(written) * exp(other), Phase("some", (ONE, INSIDE)), named=frozenset([other])) is (
        exp(x) * exp(y)
    ) * exp(other)
    named = rewrite([exp(written), exp(y + z)], PHASE, named=frozenset([y + z, written]))
    assert named[exp(y + z)] is exp(y + z)
    turned = rewrite([exp(y + z), exp(written)], PHASE, named=frozenset([y + z, written]))
    assert (turned[exp(y + z)], turned[exp(written)]) == (exp(y + z), exp(x + y))


def test_what_two_nodes_became_is_used_by_both() -> None:
    once, total = (x + y) * 1.0, x + y
    minus = call("tanh", -(-(x + y)))  # noqa: B002
    # Used once, as something else.
    assert became(exp(LATER)) is exp(x) * exp(y)
    # Used as itself and as what it was before.
    assert became(exp(once) + call("tanh", total)) is exp(total) + call("tanh", total)
    # Used as two others, and never as itself.
    assert became(exp(LATER) + call("tanh", (x + -(-y)) * 1.0)) is exp(total) + call("tanh", total)  # noqa: B002
    assert became(exp(once) + minus) is exp(total) + call("tanh", total)


def test_uses_may_be_told() -> None:
    total = x + y
    assert became(exp(total) + total) is exp(total) + total
    assert became(exp(total) + total, uses={}) is exp(x) * exp(y) + total
    assert became(exp(total), uses={total: 2}) is exp(total)


def test_what_is_known_is_not_found_again() -> None:
    known: dict[Node, Node] = {x * 1.0: z}
    found = rewrite([exp(x * 1.0)], PHASE, known=known)
    assert found is known
    assert found[exp(x * 1.0)] is exp(z)
    assert known[exp(z)] is exp(z)


def test_names_of_a_graph() -> None:
    kept, gone = exp(x * 1.0), -(-y)  # noqa: B002
    out = kept + gone
    names = {x: "x", z: "z", kept: "h", gone: "g", out: "out", exp(z): "unused"}
    after = apply_phase(Graph((x, y, z), (out,), names), PHASE)
    assert after.outputs == (exp(x) + y,)
    # An input keeps its name, also where nothing needs it; of what is not needed the name is dropped.
    assert after.names == {x: "x", z: "z", exp(x): "h", y: "g", exp(x) + y: "out"}
    assert set(after.names) - set(toposort(after.outputs)) == {z}


@pytest.mark.parametrize(("run", "phase"), [(stabilise, "STABLE"), (simplify, "TIDY"), (simplify, "FACTOR")])
def test_rules_are_checked_only_where_that_is_asked_for(
    run: Callable[..., Graph], phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phases, "TIDY", Phase("nothing", ()))
    monkeypatch.setattr(phases, "FACTOR", Phase("nothing", ()))
    monkeypatch.setattr(phases, phase, Phase("wrong", (GROWS,)))
    graph = Graph((x, y), (x - y,), {})
    assert run(graph).outputs == (x + -y,)
    with pytest.raises(RewriteError):
        run(graph, checked=True)


def test_the_last_phase_goes_over_the_graph_again_once_where_it_changed_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def further(node: Node, context: Context) -> Node | None:
        """Once in a rewriting: tanh y → sin y → cos y → exp y."""
        after = {"tanh": "sin", "sin": "cos", "cos": "exp"}.get(head_of(node))
        if after is None or node.args[0] is x or context.kept.setdefault("by", node) is not node:
            return None
        return call(after, y)  # type: ignore[no-any-return]

    done: list[str] = []

    def noted(graph: Graph, phase: Phase, *, checked: bool, log: list[Applied] | None) -> Graph:
        done.append(phase.name)
        return apply_phase(graph, phase, checked=checked, log=log)

    monkeypatch.setattr(phases, "apply_phase", noted)
    monkeypatch.setattr(phases, "FACTOR", Phase("last", (Rule("further", "Map", further, ""),)))
    simplify(Graph((x,), (call("tanh", x),), {}))
    assert done == ["tidy", "last"]
    done.clear()
    after = simplify(Graph((x, y), (call("tanh", x), call("tanh", y)), {}))
    assert done == ["tidy", "last", "last"]
    assert after.outputs == (call("tanh", x), call("cos", y))
