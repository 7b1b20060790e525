"""Every rule of every phase: it fires, keeps the numbers, lowers the measure, and leaves a sound graph.

A loop over the phases, so that no rule can be forgotten: a new one is tested by being in a phase.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.explain.properties import with_properties
from chainrule.ir import registry
from chainrule.ir.build import as_node
from chainrule.ir.graph import Graph, toposort
from chainrule.ir.node import Const, Einsum, Input, Map, Node
from chainrule.ir.records import Elementwise, Interval
from chainrule.ir.verify import verify
from chainrule.run.interpret import interpret
from chainrule.simplify import PHASES, Phase, Rule, apply_phase
from chainrule.simplify.pattern import spread_scalar, variables
from chainrule.simplify.rule import Context
from tests.oracles import exactly, mpmath_function

RULES = list(dict.fromkeys(rule for phase in PHASES for rule in phase.rules))
IN_PHASES = {rule: [phase for phase in PHASES if rule in phase.rules] for rule in RULES}
ALGEBRA = [rule for rule in RULES if rule.left is not None]
NAMES = [rule.name for rule in RULES]
SHAPE = (2, 3)
DRAWS = 200
"""Draws of arrays of six entries: more than a thousand points for an elementwise rule."""

EDGES = (0.0, 1e-40, -1e-40, 0.5, -0.5, 1.0, -1.0, 2000.0, -2000.0)


def in_interval(name: str, interval: Interval | None, leaf: Node) -> Node:
    """The leaf, or an operation of it whose range proves what a rule assumes."""
    if interval is None:
        return leaf
    for record in registry.records():
        if isinstance(record, Elementwise) and record.arity == 1 and record.range.within(interval):
            return record(leaf)  # type: ignore[no-any-return]
    raise AssertionError(f"no operation has its range within {interval}, which {name} assumes")


def instance(rule: Rule, shape: tuple[int, ...]) -> Node:
    """The left side of a rule, its variables filled in; a variable that takes only numbers gets one."""
    assert rule.left is not None
    bound = {}
    for variable in variables(rule.left):
        takes_arrays = variable.accepts(Input.of("v", shape)) is not None
        leaf = Input.of(variable.name, shape if takes_arrays else ())
        bound[variable.name] = in_interval(rule.name, rule.assumes.get(variable.name), leaf)
    return as_node(rule.left.build(bound))


def examples(rule: Rule) -> list[Node]:
    """What a rule is tried on: its left side, or its own examples."""
    if rule.left is not None:
        return [instance(rule, SHAPE)]
    found = list(rule.examples())
    assert found, f"the rule {rule.name!r} has neither a pattern nor examples"
    return found


def drawn(nodes: list[Node], rng: np.random.Generator) -> dict[str, Any]:
    """Values for all inputs; whole numbers are places in an axis of two or more, declared properties are respected."""
    draw = {
        "float": lambda s: rng.normal(size=s) * rng.choice([0.1, 1.0, 3.0]),
        "int": lambda s: rng.integers(0, 2, s),
        "bool": lambda s: rng.integers(0, 2, s) > 0,
    }
    values = {n: draw[n.kind](n.shape) for n in toposort(nodes) if isinstance(n, Input)}
    return {node.name: with_properties(node, value) for node, value in values.items()}


def both_sides(before: Node, after: Node, values: Mapping[str, Any]) -> tuple[Any, Any, float]:
    """The numbers of both sides, and the largest that was met on the way: what rounding is relative to."""
    largest = [1.0]

    def watch(_: Node, value: Any) -> None:
        finite = np.abs(np.asarray(value, float))
        largest.append(float(np.max(finite, initial=0, where=np.isfinite(finite))))

    left = interpret([before], values, watch=watch)[0]
    right = interpret([after], values, watch=watch)[0]
    return left, right, max(largest)


def test_the_rules_have_names_of_their_own_and_reasons() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(rule.why and rule.why == rule.why.strip() for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_keeps_the_numbers_and_lowers_the_measure(rule: Rule, rng: np.random.Generator) -> None:
    for before in examples(rule):
        after = rule.rewrite(before, Context())
        assert after is not None, f"{rule.name} does not fire on its example {before!r}"
        assert after is not before
        assert (after.shape, after.kind) == (before.shape, before.kind)
        verify([before, after])
        for phase in IN_PHASES[rule]:
            assert phase.lowers(before, after), f"the measure of the phase {phase.name!r} does not fall"
            assert not phase.lowers(after, before), "a measure falls one way only"
        for _ in range(DRAWS):
            left, right, largest = both_sides(before, after, drawn([before, after], rng))
            np.testing.assert_allclose(right, left, rtol=1e-12, atol=1e-13 * largest)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_is_reached_by_the_engine(rule: Rule) -> None:
    for before in examples(rule):
        log: list[Any] = []
        inputs = tuple(n for n in toposort([before]) if isinstance(n, Input))
        alone = Phase("alone", (rule,), IN_PHASES[rule][0].measure)
        after = apply_phase(Graph(inputs, (before,)), alone, checked=True, log=log)
        verify(after.outputs)
        assert {applied.rule for applied in log} == {rule}


@pytest.mark.parametrize("rule", [r for r in ALGEBRA if r.assumes], ids=lambda r: r.name)
def test_an_assumption_that_is_not_proved_keeps_a_rule_off(rule: Rule) -> None:
    assert rule.left is not None
    plain = as_node(rule.left.build({v.name: Input.of(v.name, SHAPE) for v in variables(rule.left)}))
    assert rule.rewrite(plain, Context()) is None


def in_mpmath(node: Node, values: Mapping[str, Any]) -> Any:
    """A graph of single numbers, spread or not, in mpmath; None where it has no real value."""
    known: dict[Node, Any] = {}
    for n in toposort([node]):
        match n:
            case Input():
                known[n] = values[n.name]
            case Const():
                known[n] = exactly(n.value)
            case Map():
                try:
                    known[n] = mpmath_function(n.op)(*(known[a] for a in n.args))
                except ZeroDivisionError:
                    return None
            case Einsum() if n.is_layout:
                known[n] = known[n.args[0]]
            case _:
                raise AssertionError(f"{n!r} is no operation on numbers")
        if not isinstance(known[n], bool) and (mpmath.im(known[n]) != 0 or not mpmath.isfinite(known[n])):
            return None
    return known[node]


@pytest.mark.parametrize("rule", ALGEBRA, ids=lambda r: r.name)
def test_a_rule_holds_at_the_edges_of_its_domain(rule: Rule) -> None:
    """Zero, what is next to it, and what overflows, with more digits than any of them can cancel."""
    before = instance(rule, (1,))
    after = rule.rewrite(before, Context())
    assert after is not None
    inputs = [n.name for n in toposort([before]) if isinstance(n, Input)]
    points = np.array(np.meshgrid(*[EDGES] * len(inputs))).reshape(len(inputs), -1).T
    met = 0
    with mpmath.workdps(2000):
        for point in points:
            values = {name: mpmath.mpf(float(v)) for name, v in zip(inputs, point, strict=True)}
            left, right = in_mpmath(before, values), in_mpmath(after, values)
            if left is None:
                continue
            met += 1
            assert right is not None, f"{rule.name} has no value at {values}"
            assert left == right or abs(left - right) <= 1e-30 * max(1, abs(left)), (values, left, right)
    assert met >= math.isqrt(len(points))


@pytest.mark.parametrize("rule", ALGEBRA, ids=lambda r: r.name)
def test_where_a_rule_has_no_number_it_had_none_before(rule: Rule) -> None:
    """At infinities and NaN: a rule may find a number where there was none, but never lose one."""
    before = instance(rule, SHAPE)
    after = rule.rewrite(before, Context())
    assert after is not None
    special = np.array([0.0, 1.0, -1.0, np.inf, -np.inf, np.nan])
    inputs = [n for n in toposort([before]) if isinstance(n, Input)]
    for shift in range(6):
        values = {
            n.name: np.roll(special, shift * k)[: math.prod(n.shape)].reshape(n.shape) for k, n in enumerate(inputs)
        }
        left, right, _ = both_sides(before, after, values)
        finite = np.isfinite(np.asarray(left, float))
        np.testing.assert_allclose(np.asarray(right, float)[finite], np.asarray(left, float)[finite], rtol=1e-12)


def test_numbers_are_seen_through_broadcasts() -> None:
    assert spread_scalar(registry.call("broadcast_to", Input.of("s", ()), SHAPE)) is Input.of("s", ())
    assert spread_scalar(Input.of("v", SHAPE)) is None
