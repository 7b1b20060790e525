"""The components form: index notation, a rule at a time, every line true, the last one the gradient that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import explain
from chainrule.explain.differentiate import Varying, advance, derivative
from chainrule.explain.subject import Subject
from chainrule.ir.graph import toposort
from chainrule.ir.node import D, Delta, Input
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import call, register, unregister
from chainrule.ir.telling import Chain, Section, all_steps
from chainrule.pipeline import gradient_graph
from chainrule.simplify.canonical import canonical
from tests import functions
from tests.kept import Golden

TOLD: list[tuple[str, Any, str]] = [
    *(("rows", functions.rows, wrt) for wrt in "Wbvcx"),
    *(("columns", functions.columns, wrt) for wrt in "Wbvc"),
    *(("loss", functions.loss, wrt) for wrt in ("w1", "b1", "w2", "b2", "x", "y")),
    *(("classifier", functions.classifier, wrt) for wrt in ("w1", "b1", "w2", "b2")),
    *(("three_layers", functions.three_layers, wrt) for wrt in ("w1", "w2", "w3")),
    ("shared", functions.shared, "w"),
    ("scalar", functions.scalar, "x"),
    ("scalar", functions.scalar, "a"),
    ("layer_norm", functions.layer_norm, "x"),
    ("attention", functions.attention, "q"),
    ("attention", functions.attention, "k"),
    ("logistic", functions.logistic, "w"),
]
every = pytest.mark.parametrize(("function", "wrt"), [row[1:] for row in TOLD], ids=[f"{r[0]} by {r[2]}" for r in TOLD])


@every
def test_every_line_is_true_and_the_last_is_the_gradient(function: Any, wrt: str) -> None:
    told = cr.derive(function, wrt, form="components")
    assert told.error < 1e-9
    assert told.verify() < 1e-9
    assert told.count() == len(all_steps(told.steps)) > 3
    last = told.steps[-1]
    assert last.rule == "as matrices"
    assert last.after is told.closed_form.node
    if not told.notes:
        assert canonical(last.before) is canonical(told.closed_form.node)


@every
def test_each_line_begins_where_the_one_before_ended(function: Any, wrt: str) -> None:
    told = cr.derive(function, wrt, form="components")

    def follow(steps: Any) -> None:
        for before, after in pairwise(steps):
            assert before.after is after.before
        for step in steps:
            follow(step.steps)
            assert step.why
            assert step.rule
            assert step.before is not step.after or step.opened or step.rule == "as matrices"

    follow(told.steps)
    assert isinstance(told.steps[0].before, D)
    assert not any(isinstance(n, D) for n in toposort([told.steps[-1].before]))


NETWORKS = [row for row in TOLD if row[0] in ("rows", "columns", "loss", "three_layers", "shared", "attention")]


@pytest.mark.parametrize(
    ("function", "wrt"), [row[1:] for row in NETWORKS], ids=[f"{r[0]} by {r[2]}" for r in NETWORKS]
)
def test_all_deltas_have_cancelled_a_sum_in_the_end(function: Any, wrt: str) -> None:
    told = cr.derive(function, wrt, form="components")
    if wrt == "b" and function is functions.columns:
        return  # δ_i0 of an axis of length one is all that is left.
    assert not any(isinstance(n, Delta) for n in toposort([told.steps[-1].before]))


KEPT = [
    (functions.rows, "W"),
    (functions.columns, "W"),
    (functions.loss, "b2"),
    (functions.classifier, "w2"),
    (functions.shared, "w"),
    (functions.scalar, "x"),
]


@pytest.mark.parametrize(("function", "wrt"), KEPT, ids=[f.name for f, _ in KEPT])
def test_the_telling_reads_as_it_did(function: Any, wrt: str, golden: Golden) -> None:
    text = str(cr.derive(function, wrt, form="components"))
    # The last digits of a deviation are the machine's.
    golden.check(f"components_{function.name}_{wrt}.txt", text.rpartition("; largest")[0] + "\n")


def test_an_intermediate_is_worked_out_once() -> None:
    told = cr.derive(functions.shared, "w", form="components")
    opened = [step.opened for step in all_steps(told.steps) if step.opened]
    assert len(opened) == len(set(opened)) == 3


def test_what_does_not_depend_is_gone_at_once() -> None:
    told = cr.derive(functions.rows, "W", form="components")
    reasons = [step.why for step in all_steps(told.steps)]
    assert reasons.count("y does not depend on W: 0") == 1
    assert "c does not depend on W: 0" in reasons
    assert not any("0" in line.split("·")[0] for line in str(told).splitlines() if line.lstrip().startswith("= 0 "))


w = Input.of("w", (3,))
A, v, s, i = Input.of("A", (2, 3)), Input.of("v", (3,)), Input.of("s", ()), Input.of("i", (2,), "int")
RULES: list[tuple[str, Any, str, str]] = [
    ("itself", w, "Kronecker delta", "w by itself"),
    ("no part of it", v * 2, "does not depend", "does not depend on w: 0"),
    ("a sum", w + v, "term by term", "term by term"),
    ("a difference", v - w, "term by term", "term by term"),
    ("a sign", -w, "kept constant", "sign stays"),
    ("over a number", w / s, "kept constant", "constant factor"),
    ("times a constant", v * w, "kept constant", "v does not depend on w: kept constant"),
    ("a product", w * np.sin(w), "product rule", "each factor in turn"),
    ("a sum of products", A @ w, "past the sum", "sum of the derivatives"),
    ("a plain sum", w.sum(), "past the sum", "sum of the derivatives"),
    ("a transpose", call("broadcast_to", w, (4, 3)), "shared", "w is the same along an axis"),
    ("a function", np.tanh(w), "chain rule", "in terms of its own output"),
    ("a reduction", cr.norm(w), "chain rule", "length"),
    ("entries", w[i], "entry by entry", "entry"),
    ("a step", cr.stop_gradient(w), "no slope", "held"),
]


@pytest.mark.parametrize(("f", "rule", "why"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_the_rule_for_an_operation(f: Any, rule: str, why: str) -> None:
    found = advance(derivative(f, w), {}, Varying(w))  # type: ignore[arg-type]
    assert found.rule == rule
    if rule != "no slope":
        assert why in found.why
    assert found.after.shape == (*f.shape, 3)


def test_what_varies_is_found_at_any_depth() -> None:
    node = w * 1.0
    for _ in range(20_000):
        node = np.sin(node)
    varying = Varying(w)
    assert varying(node)
    assert not varying(v * 2)


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


@pytest.mark.parametrize("form", explain.FORMS)
def test_a_wrong_record_is_never_told(wrong: Elementwise, form: str) -> None:
    @in_words
    def net(x: Any, w: Any, v: Any, y: Any) -> Any:
        h = wrong(x @ w)
        p = h @ v
        return ((p - y) ** 2).mean()

    with pytest.raises(ArithmeticError, match="the derivation by w deviates") as caught:
        cr.derive(net, "w", form=form)
    if form == "components":
        assert "'chain rule' of h (a slope that is wrong)" in str(caught.value)
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
    spoilt = replace(told, sections=(Section("", (Chain(tuple(steps), "components", inputs[0]),)),))
    error, step = explain.largest_deviation(spoilt)
    assert error == pytest.approx(1 / 3, rel=1e-6)
    assert step is steps[2]
