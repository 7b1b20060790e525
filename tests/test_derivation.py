"""The public `Derivation`: what it is asked for, what it refuses, what it never shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import derivation as module
from chainrule.ir.node import Map
from chainrule.ir.registry import call
from chainrule.ir.telling import Chain, Section, Step, Telling
from tests import functions

rng = np.random.default_rng(0)


def test_several_things_are_told_at_once() -> None:
    d = cr.derive(functions.loss, ["w1", "b1", "w2", "b2"])
    assert list(d.closed_forms) == ["w1", "b1", "w2", "b2"]
    assert str(d.closed_form) == str(d.closed_forms["w1"])
    assert all("\n" not in str(form) for form in d.closed_forms.values())
    for name, form in d.closed_forms.items():
        alone = cr.derive(functions.loss, name).closed_form
        assert form.node is alone.node


def test_an_intermediate_may_be_asked_for() -> None:
    for form in ("matrix", "components"):
        d = cr.derive(functions.rows, "z", form)
        assert d.error < 1e-9
        assert list(d.closed_forms) == ["z"]
    both = cr.derive(functions.rows, ["h", "W"])
    assert list(both.closed_forms) == ["h", "W"]
    assert both.closed_forms["W"].node is cr.derive(functions.rows, "W").closed_form.node


def test_the_first_argument_is_meant_where_none_is_named() -> None:
    assert list(cr.derive(functions.scalar).closed_forms) == ["x"]


def test_shapes_may_come_with_the_numbers() -> None:
    def f(w: Any, x: Any) -> Any:
        return ((w * x) ** 2).sum()

    d = cr.derive(f, "w", at={"w": np.ones(3), "x": np.arange(3.0)})
    assert d.error < 1e-9
    assert d.telling.graph.inputs[0].shape == (3,)


@pytest.mark.parametrize(
    ("function", "wrt", "form", "error", "says"),
    [
        (functions.loss, "w1", "sonnet", ValueError, "'sonnet' is no form of telling; there are .*components"),
        (functions.loss, "w9", "matrix", cr.ArgumentError, "has no argument 'w9'; did you mean 'w1'|'w2'"),
        (functions.loss, ["w1", "q"], "matrix", cr.ArgumentError, "'q'"),
        (functions.loss, [], "matrix", cr.ArgumentError, "at least one thing"),
        (functions.classifier, "y", "matrix", cr.DerivativeError, "y of classifier is an array of kind int"),
        (cr.function(x="N")(lambda x: x * 2), "x", "matrix", cr.DerivativeError, "returns an array of shape"),
        (cr.function(x="N")(lambda x: (x > 0).sum()), "x", "matrix", cr.DerivativeError, "a number of kind"),
        (lambda x: x**2, "x", "matrix", cr.ArgumentError, "the shape of .* is not known"),
        ("no function", "x", "matrix", TypeError, "a function is needed"),
    ],
)
def test_what_cannot_be_derived_says_why(function: Any, wrt: Any, form: str, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        cr.derive(function, wrt, form)


def test_an_unknown_notation_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="'braille' is no notation; there are text, latex"):
        cr.derive(functions.scalar).to("braille")


def _spoiling(form: Any, spoil: Any) -> Any:
    """A form of telling that goes wrong in a certain way."""
    return lambda subject: spoil(form(subject))


def test_a_derivation_that_fails_its_check_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong_step(told: Telling) -> Telling:
        (first, *rest) = told.sections
        (chain, *others) = [b for b in first.blocks if isinstance(b, Chain)]
        (a, b, *steps) = chain.steps
        bad = Step(b.before, call("mul", b.after, 1.5), b.rule, b.why, b.where)
        blocks = (Chain((a, bad, *steps), chain.reading, chain.wrt), *others)
        return Telling(told.form, told.graph, told.closed, told.names, (Section("", blocks), *rest))

    def wrong_end(told: Telling) -> Telling:
        closed = {wrt: call("mul", node, 2.0) for wrt, node in told.closed.items()}
        return Telling(told.form, told.graph, closed, told.names, told.sections)

    forms = dict(module.FORMS)
    monkeypatch.setattr(module, "FORMS", {**forms, "components": _spoiling(forms["components"], wrong_step)})
    with pytest.raises(ArithmeticError, match=r"the derivation by W deviates by 3\.3e-01 at the step '.+' of"):
        cr.derive(functions.rows, "W", "components")
    monkeypatch.setattr(module, "FORMS", {**forms, "components": _spoiling(forms["components"], wrong_end)})
    with pytest.raises(ArithmeticError, match="the derivation by W does not end in the gradient that runs"):
        cr.derive(functions.rows, "W", "components")


def test_a_function_may_stop_gradients() -> None:
    @cr.function(x="N", w="N")
    def f(x: Any, w: Any) -> Any:
        h = w * x
        return (cr.stop_gradient(h) * h).sum()

    for form in ("matrix", "components"):
        assert cr.derive(f, "w", form).error < 1e-9


def test_conventions_at_kinks_are_notes() -> None:
    notes = cr.derive(cr.function(x="N")(lambda x: abs(x).sum() + cr.relu(x).sum())).notes
    assert sum("slope at 0 is 0" in note or "at 0" in note for note in notes) >= 2
    assert any("do not compose" in note for note in notes)


def test_the_closed_form_is_one_and_the_same_in_every_form() -> None:
    @cr.function(x="N d", w="d")
    def loss(x: Any, w: Any) -> Any:
        s = x @ w
        return (cr.exp(s) - s + cr.exp(0.5 * s)).mean()

    forms = {str(cr.derive(loss, "w", form).closed_form) for form in ("matrix", "components", "substitution")}
    assert len(forms) == 1
    assert "u" not in forms.pop().replace("exp", "")


def test_verifying_again_gives_the_figure_again() -> None:
    d = cr.derive(functions.rows, "W", "components")
    assert 0 <= d.verify() < 1e-9
    assert d.count() > len(d.steps)
    assert not any(isinstance(s.before, Map) and s.before.op.name == "nothing" for s in d.steps)


def test_rows_stand_beside_columns_with_the_same_numbers() -> None:
    rows = cr.function(x="L n", y="L k", W="n k")(lambda x, y, W: ((x @ W - y) ** 2).sum())
    columns = cr.function(x="n L", y="k L", W="k n")(lambda x, y, W: ((W @ x - y) ** 2).sum())
    told = cr.derive(rows, "W", "matrix", beside=columns)
    assert told.error < 1e-12
    assert "Samples as rows and as columns" in str(told)
    wrong = cr.function(x="n L", y="k L", W="k n")(lambda x, y, W: ((W @ x + y) ** 2).sum())
    with pytest.raises(ArithmeticError, match="deviates"):
        cr.derive(rows, "W", "matrix", beside=wrong)
