"""One rule at a time in index notation, and that nothing wrong is ever told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import explain
from chainrule.explain.components import lines
from chainrule.explain.components.differentiate import Differentiation, Varying, derivative
from chainrule.explain.components.indexed import Allocator, Coefficient, Factor, Sum, Term, flattened
from chainrule.explain.components.lines import Lines
from chainrule.explain.components.naming import made_names
from chainrule.explain.components.written import Writer
from chainrule.explain.evaluate import deviation, random_point, without_derivatives
from chainrule.explain.subject import Subject
from chainrule.ir.dims import Dim
from chainrule.ir.graph import Graph, depends_on, toposort
from chainrule.ir.node import D, Input, Node
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import call, register, unregister
from chainrule.ir.telling import Chain, Section
from chainrule.ops.symbol import smooth_stand_in
from chainrule.pipeline import gradient_graph
from chainrule.run.interpret import interpret
from tests import functions

w = Input.of("w", (3,))
A, v, s, i = Input.of("A", (2, 3)), Input.of("v", (3,)), Input.of("s", ()), Input.of("i", (2,), "int")
column = Input.of("column", (3, 1))
RULES: list[tuple[str, Any, str, str]] = [
    ("itself", w, "Kronecker delta", "the entries of w do not depend on each other"),
    ("a sum", w + v, "term by term", "term by term"),
    ("a difference of several", v - w + np.sin(w), "term by term", "term by term"),
    ("a sign", -w, "past the sign", "−1"),
    ("a number", 0.5 * w / 3, "past the constant factor", "1/6 stays in front"),
    ("over a constant", w / s, "kept constant", "s does not depend on w: kept constant"),
    ("times a constant", v * w, "kept constant", "v does not depend on w: kept constant"),
    ("times two constants", v * np.sin(w) * s, "kept constant", "v and s do not depend on w: kept constant"),
    ("constants of a product", v * (w * np.sin(w)), "kept constant", "v does not depend on w"),
    ("a product", w * np.sin(w), "product rule", "each factor in turn"),
    ("a quotient", np.sin(w) / w, "quotient rule", "less that of the denominator"),
    ("a sum of products", A @ w, "past the sum", "sum of the derivatives"),
    ("a plain sum", w.sum(), "past the sum", "sum of the derivatives"),
    ("a function", np.tanh(w), "chain rule", "the slope of tanh, taken at w"),
    ("an unknown function", functions.f(w), "chain rule", "the slope of f, whatever it is, taken at w"),
    ("a function of more", np.tanh(w * v + 1), "chain rule", "the slope of tanh, taken at its argument"),
    ("a reduction", cr.norm(w), "chain rule", "length"),
    ("a power", w**3, "chain rule", "the power rule"),
    ("a choice", cr.where(v > 0, w, w * w), "chain rule", "chosen branch"),
    ("entries", w[i], "entry by entry", "chosen"),
    ("a slice", w[1:], "entry by entry", "taken"),
    ("parts", np.concatenate([v, w]), "entry by entry", "its own places"),
    ("put around", call("pad", w, 1), "entry by entry", "its own places"),
    ("put together", call("scatter_add", w, np.array([0, 2, 0]), 4), "entry by entry", "put there"),
    ("another shape", (np.ones((2, 1)) * w).reshape(6), "entry by entry", "other indices"),
    ("a step", cr.stop_gradient(w), "no slope", "held"),
]


def working(by: Node, names: dict[Node, str] | None = None) -> Differentiation:
    return Differentiation(by, {by: "w", v: "v", s: "s"} | (names or {}), Allocator())


@pytest.mark.parametrize(("f", "rule", "why"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_the_rule_for_an_operation(f: Any, rule: str, why: str) -> None:
    rules = working(w)
    axes, by = rules.allocator.fresh(*f.shape), rules.allocator.fresh(3)
    found = rules.advance(f, axes, by)
    assert (found.rule, why in found.why) == (rule, True), found.why
    after = Writer(rules.allocator).node(found.after, (*axes, *by))
    assert after.shape == (*f.shape, 3)
    values, sizes = random_point(Graph((w, A, v, s, i), (f,)), 3)
    exact, shown = interpret(without_derivatives([derivative(f, w), after]), values, sizes=sizes, stand_in=smooth)
    assert deviation(exact, shown) < 1e-12


def smooth(record: Any) -> Any:
    """A function with its slopes in the place of an unknown one."""
    return smooth_stand_in(record, 1)


@pytest.mark.parametrize("f", [row[1] for row in RULES], ids=[row[0] for row in RULES])
def test_a_derivation_is_worked_out_to_the_end(f: Any) -> None:
    rules = working(w)
    axes, by = rules.allocator.fresh(*f.shape), rules.allocator.fresh(3)
    result = Lines(rules, by).work_out(f, axes)
    last = Writer(rules.allocator).node(result.value, (*axes, *by))
    assert not any(isinstance(n, D) for n in toposort([last]))
    assert result.steps[0].before is derivative(f, w)
    assert result.steps[-1].after is last


def test_an_axis_of_length_one_has_no_delta() -> None:
    rules = working(column)
    axes, by = rules.allocator.fresh(3, 1), rules.allocator.fresh(3, 1)
    (term,) = rules.advance(column, axes, by).after.terms
    assert [f.subs for f in term.factors] == [(axes[0], by[0])]
    flat = column.reshape(3)
    result = Lines(rules, by).work_out(flat * 2, axes[:1])
    assert [step.rule for step in result.steps] == ["past the constant factor", "Kronecker delta"]


def test_what_varies_is_found_at_any_depth() -> None:
    node = w * 1.0
    for _ in range(20_000):
        node = np.sin(node)
    varying = Varying(w)
    assert varying(node)
    assert not varying(v * 2)


def test_a_deep_chain_of_named_nodes_is_worked_out() -> None:
    names: dict[Node, str] = {w: "w"}
    node: Node = w
    for k in range(200):
        node = np.sin(node)
        names[node] = f"h{k}"
    rules = Differentiation(w, names, Allocator())
    axes, by = rules.allocator.fresh(3), rules.allocator.fresh(3)
    result = Lines(rules, by).work_out(node, axes)
    (term,) = result.value.terms
    assert len(term.factors) == 201  # a cosine each, and the delta


def test_a_derivation_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_LONGEST", 20)
    node: Node = w
    for _ in range(30):
        node = np.sin(node)
    rules = working(w)
    with pytest.raises(ArithmeticError, match="does not end within 20 steps"):
        Lines(rules, rules.allocator.fresh(3)).work_out(node, rules.allocator.fresh(3))


# ---------------------------------------------------------------------------------------------- numbers and names


@pytest.mark.parametrize(
    ("coefficient", "text"),
    [
        (Coefficient(), "1"),
        (Coefficient(Fraction(1, 2)), "½"),
        (Coefficient(Fraction(-3, 4)), "-3/4"),
        (Coefficient(Fraction(0.1)), "0.1"),
        (Coefficient(Fraction(1, 2)) / Coefficient.of(Dim("L")), "1/(2L)"),
        (Coefficient(Fraction(2)) / Coefficient.of(Dim("T")) / Coefficient.of(Dim("d")), "2/(Td)"),
        (Coefficient.of(Dim("N")) * Coefficient.of(Dim("N")), "N²"),
        (Coefficient.of(Dim("N")) / Coefficient.of(Dim("N")), "1"),
        (Coefficient.of(4), "4"),
        (Coefficient(Fraction(2)) * Coefficient.of(Dim("steps")), "2 steps"),
    ],
)
def test_a_coefficient_in_words(coefficient: Coefficient, text: str) -> None:
    assert str(coefficient) == text


def test_brackets_of_one_term_are_opened_and_their_indices_kept_apart() -> None:
    allocator = Allocator()
    k, n = allocator.fresh(3, 2)
    part = Sum((Term((Factor(v, (k,)),), summed=(k,)),))
    whole = Sum((Term((Factor(part), Factor(part), Factor(A, (n, k))), summed=(k,)),))
    (term,) = flattened(whole, allocator).terms
    assert len(set(term.summed)) == 3
    node = Writer(allocator).node(flattened(whole, allocator), (n,))
    values, sizes = random_point(Graph((A, v), (node,)), 0)
    (found,) = interpret([node], values, sizes=sizes)
    np.testing.assert_allclose(found, values["v"].sum() ** 2 * values["A"].sum(axis=1), rtol=1e-12)


def test_what_would_be_written_twice_gets_a_name() -> None:
    def made(loss: Node, names: dict[Node, str]) -> dict[Node, str]:
        return made_names(loss, names, depends_on([loss], [w]))

    inner, short = A @ w - 1, v - w
    assert made((inner**2).sum(), {}) == {inner: "u1"}
    assert made((inner**2).sum(), {Input.of("u1", (3,)): "u1"}) == {inner: "u2"}
    assert made(np.tanh(A @ w).sum(), {}) == {A @ w: "u1"}
    assert made((A @ w * 2).sum(), {}) == {}
    assert made((short**2).sum(), {}) == {}
    assert made((inner**2).sum(), {inner: "r"}) == {}
    assert made_names((inner**2).sum(), {}, set()) == {}


# ---------------------------------------------------------------------------------------------- nothing wrong is told


@pytest.fixture
def wrong() -> Iterator[Elementwise]:
    """An operation whose slope is not its own."""
    yield register(
        Elementwise(
            name="wrong_tanh", ref=np.tanh, partials=lambda x, y: (1 - y,), why="a slope that is wrong", analytic=False
        )
    )
    unregister("wrong_tanh")


def in_words(function: Callable[..., Any]) -> Any:
    return cr.function(x="N d", w="d m", v="m", y="N")(function)


@pytest.mark.parametrize("form", ["matrix", "components", "substitution"])
def test_a_wrong_record_is_never_told(wrong: Elementwise, form: str) -> None:
    @in_words
    def net(x: Any, w: Any, v: Any, y: Any) -> Any:
        h = wrong(x @ w)
        p = h @ v
        return ((p - y) ** 2).mean()

    with pytest.raises(ArithmeticError, match="the derivation by w deviates") as caught:
        cr.derive(net, "w", form=form)
    if form == "components":
        assert "'chain rule' of h (a slope that is wrong, taken at u1)" in str(caught.value)
    assert cr.derive(net, "v", form=form).error < 1e-9


def test_a_wrong_step_is_found() -> None:
    traced = functions.loss.trace()
    inputs = traced.leaves("w1")
    derived = gradient_graph(traced, inputs)
    gradients = dict(zip(inputs, derived.gradients, strict=True))
    told = explain.components(Subject(derived.forward, gradients, gradients, derived.intermediates))
    steps = list(told.steps)
    bad = steps[2]
    steps[2] = replace(bad, after=bad.after * 1.5)
    spoilt = replace(told, sections=(Section("", (Chain(tuple(steps), "components", inputs[0]),)),), at={})
    error, step = explain.largest_deviation(spoilt)
    assert error == pytest.approx(1 / 3, rel=1e-6)
    assert step is steps[2]
