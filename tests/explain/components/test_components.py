"""The components form: index notation, a rule at a time, every line true, the last one the gradient that runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.graph import toposort
from chainrule.ir.node import D, Delta
from chainrule.ir.telling import Chain, Step, all_steps
from chainrule.simplify.canonical import canonical
from tests import functions
from tests.derived import derived
from tests.kept import Golden


@cr.function(x="n L", y="1 L", W1="m n", W2="1 m")
def columns_of_one(x: Any, y: Any, W1: Any, W2: Any) -> Any:
    """The network n-m-1 with any activation, samples as columns; the output is a row."""
    z = W1 @ x
    a = functions.f(z)
    y_hat = W2 @ a
    E = 0.5 * ((y - y_hat) ** 2).sum() / x.shape[1]
    return E


@cr.function(x="L n", y="L 1", W1="n m", W2="m 1")
def rows_of_one(x: Any, y: Any, W1: Any, W2: Any) -> Any:
    """The same network, samples as rows."""
    z = x @ W1
    a = functions.f(z)
    y_hat = a @ W2
    E = ((y - y_hat) ** 2).mean() / 2
    return E


@cr.function(x="N int", y="N", E="V d", w="d")
def embedding(x: Any, y: Any, E: Any, w: Any) -> Any:
    e = E[x]
    p = e @ w
    return ((p - y) ** 2).mean()


TOLD: list[tuple[str, Any, str]] = [
    *(("rows", functions.rows, wrt) for wrt in "Wbvcx"),
    *(("columns", functions.columns, wrt) for wrt in "Wbvc"),
    *((f.name, f, wrt) for f in (rows_of_one, columns_of_one) for wrt in ("W1", "W2", "x")),
    *(("loss", functions.loss, wrt) for wrt in ("w1", "b1", "w2", "b2", "x", "y")),
    *(("classifier", functions.classifier, wrt) for wrt in ("w1", "b1", "w2", "b2")),
    *(("three_layers", functions.three_layers, wrt) for wrt in ("w1", "w2", "w3")),
    ("shared", functions.shared, "w"),
    ("scalar", functions.scalar, "x"),
    ("scalar", functions.scalar, "a"),
    *(("layer_norm", functions.layer_norm, wrt) for wrt in "xgb"),
    *(("attention", functions.attention, wrt) for wrt in "qkv"),
    ("logistic", functions.logistic, "w"),
    ("pieces", functions.pieces, "x"),
    *(("robust", functions.robust, wrt) for wrt in "xewh"),
    ("embedding", embedding, "E"),
]
every = pytest.mark.parametrize(("function", "wrt"), [row[1:] for row in TOLD], ids=[f"{r[0]} by {r[2]}" for r in TOLD])
BY_NUMBERS_ALONE = ("pieces", "robust")
"""The gradient that runs has choices and scattered rows that no law of rings makes of the line in components."""


def steps_of(told: Any) -> tuple[Step, ...]:
    """The steps from the derivative to the closed form, without what is told beside them."""
    return next(block for block in told.telling.blocks if isinstance(block, Chain)).steps


def last_in_components(told: Any) -> Step:
    """The step from index notation to the closed form."""
    (step,) = [step for step in steps_of(told) if step.rule == "in this order"]
    return step  # type: ignore[no-any-return]


@every
def test_every_line_is_true_and_the_last_is_the_gradient(function: Any, wrt: str) -> None:
    told = derived(function, wrt, "components")
    assert told.error < 1e-9
    assert told.verify() < 1e-9
    assert told.count() == len(all_steps(told.steps)) > 3
    closed = told.closed_form.node
    assert steps_of(told)[-1].rule == "as matrices"
    assert steps_of(told)[-1].after is closed
    step = last_in_components(told)
    assert step.after is closed
    same = canonical(step.before) is canonical(closed)
    assert same == (function.name not in BY_NUMBERS_ALONE or wrt == "h")
    assert ("random points" in step.why) != same


@every
def test_each_line_begins_where_the_one_before_ended(function: Any, wrt: str) -> None:
    told = derived(function, wrt, "components")

    def follow(steps: Any) -> None:
        for before, after in pairwise(steps):
            assert before.after is after.before
        for step in steps:
            follow(step.steps)
            assert step.why
            assert step.rule
            assert step.indices is not None
            assert len(step.indices.axes) == len(step.after.shape)
            assert step.before is not step.after or step.opened or step.whole or step.rule.startswith("in ")

    for block in told.telling.blocks:
        if isinstance(block, Chain):
            follow(block.steps)
    assert isinstance(told.steps[0].before, D)
    assert not any(isinstance(n, D) for n in toposort([last_in_components(told).before]))


NETWORKS = [row for row in TOLD if row[0] not in ("embedding", "pieces", "robust")]


@pytest.mark.parametrize(
    ("function", "wrt"), [row[1:] for row in NETWORKS], ids=[f"{r[0]} by {r[2]}" for r in NETWORKS]
)
def test_all_deltas_have_cancelled_a_sum_in_the_end(function: Any, wrt: str) -> None:
    told = derived(function, wrt, "components")
    assert not any(isinstance(n, Delta) for n in toposort([last_in_components(told).before]))


@every
def test_a_delta_cancels_one_sum_at_a_time(function: Any, wrt: str) -> None:
    told = derived(function, wrt, "components")
    for block in told.telling.blocks:
        for chain in _chains(block.steps) if isinstance(block, Chain) else ():
            for before, after in pairwise(chain):
                if after.rule == "the delta cancels the sum":
                    gone = set(_summed(before) - _summed(after))
                    assert len(gone) == 1, after.why
                    assert f"{{{gone.pop()}}}" in after.why


def _chains(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    yield steps
    for step in steps:
        yield from _chains(step.steps)


def _summed(step: Step) -> Counter[int]:
    assert step.indices is not None
    shown = set(toposort([step.after]))
    return Counter(i for node, summed in step.indices.sums.items() if node in shown for i in summed)


# ---------------------------------------------------------------------------------------------- how it reads

KEPT = [
    (functions.rows, "W"),
    (functions.columns, "W"),
    (functions.columns, "b"),
    (columns_of_one, "W1"),
    (rows_of_one, "W2"),
    (functions.loss, "b2"),
    (functions.classifier, "w2"),
    (functions.shared, "w"),
    (functions.scalar, "x"),
    (functions.layer_norm, "x"),
    (functions.attention, "q"),
    (embedding, "E"),
]


@pytest.mark.parametrize(("function", "wrt"), KEPT, ids=[f"{f.name} by {wrt}" for f, wrt in KEPT])
def test_the_telling_reads_as_it_did(function: Any, wrt: str, golden: Golden) -> None:
    text = str(derived(function, wrt, "components"))
    # The last digits of a deviation are the machine's.
    golden.check(f"components_{function.name}_{wrt}.txt", text.rpartition("; largest")[0] + "\n")


def test_the_square_takes_three_steps() -> None:
    told = derived(functions.rows, "c", "components")
    found = [(step.rule, step.why) for step in told.steps[:7]]
    assert [rule for rule, _ in found] == [
        "substitution",
        "past the constant factor",
        "past the sum",
        "chain rule",
        "numbers",
        "term by term",
        "does not depend",
    ]
    assert found[1][1] == "1/(2L) stays in front"
    assert found[4][1] == "½ · 2 = 1"
    assert found[6][1] == "y does not depend on c: 0"


@pytest.mark.parametrize(
    "loss",
    [
        lambda r: 0.5 * (r**2).mean(),
        lambda r: (r**2).mean() / 2,
        lambda r: (r**2).sum() / (2 * r.shape[0]),
        lambda r: 0.5 / r.shape[0] * (r**2).sum(),
    ],
)
def test_a_constant_factor_is_one_step_however_it_is_written(loss: Callable[[Any], Any]) -> None:
    def fit(w: Any, x: Any, y: Any) -> Any:
        r = x @ w - y
        E = loss(r)
        return E

    told = cr.derive(cr.function(w="d", x="N d", y="N")(fit), "w", form="components")
    assert [step.rule for step in told.steps][:3] == ["substitution", "past the constant factor", "past the sum"]
    assert "= 1/(2N) ∂(Σ_n r_n²)/∂w_i" in str(told)


def test_two_signs_make_a_plus() -> None:
    @cr.function(w="d", x="N d", t="N")
    def game(w: Any, x: Any, t: Any) -> Any:
        p = 1 - x @ w
        return -(t * p).mean()

    told = cr.derive(game, "w", form="components")
    assert "− · − = +" in [step.why for step in told.steps]
    assert "= -(-(1/N) Σ_n t_n x_ni)" in str(told)


def test_an_axis_of_length_one_has_no_index() -> None:
    text = str(cr.derive(columns_of_one, "W2", form="components"))
    assert "∂E/∂W2_i" in text
    assert "(1/L) Σ_l (ŷ_l - y_l) a_il" in text
    assert "δ[" not in text
    text = str(derived(functions.columns, "b", "components"))
    assert "∂b_m/∂b_i" in text
    assert "= δ_mi\n" in text


def test_an_intermediate_is_worked_out_once() -> None:
    told = derived(functions.shared, "w", "components")
    steps = all_steps(steps_of(told))
    opened = [step.opened for step in steps if step.rule == "substitution"]
    assert len(opened) == len(set(opened)) == 4
    again = derived(functions.layer_norm, "x", "components")
    assert [step.rule for step in all_steps(again.steps)].count("used again") == 1


def test_what_does_not_depend_is_gone_at_once() -> None:
    told = derived(functions.rows, "W", "components")
    reasons = [step.why for step in all_steps(told.steps)]
    assert reasons.count("y does not depend on W: 0") == 1
    assert "c does not depend on W: 0" in reasons
    assert "b and t do not depend on x: 0" in [
        step.why for step in all_steps(derived(functions.layer_norm, "x", "components").steps)
    ]


def test_the_slope_in_terms_of_the_output_is_a_step_of_its_own() -> None:
    told = derived(functions.three_layers, "w1", "components")
    steps = all_steps(steps_of(told))
    own = [k for k, step in enumerate(steps) if step.rule == "in terms of its own output"]
    assert len(own) == 2
    for k in own:
        assert steps[k - 1].rule == "chain rule"
        assert steps[k - 1].opened
        assert steps[k].before is steps[k].after
    text = str(told)
    assert "(1 - tanh(u1_nm)²) ∂u1_nm" in text
    assert "(1 - h1_nm²) ∂u1_nm" in text


@pytest.mark.parametrize(("function", "wrt"), [(columns_of_one, "W2"), (rows_of_one, "W1"), (embedding, "E")])
def test_its_lines_can_be_left_out_and_found_again(function: Any, wrt: str) -> None:
    exercise = derived(function, wrt, "components").exercise(3)
    assert len(exercise.blanks) > 8
    for number in exercise.blanks:
        assert exercise.answer(number, exercise.solution(number)), exercise.solution(number)
        assert "{" not in exercise.hint(number)


def test_a_sum_that_loses_its_only_index_to_a_chosen_entry_counts_its_equal_terms() -> None:
    """Σ_qr δ_{(q+1) r} is not 1 when δ has cancelled the sum over r: it is a 1 for every q."""

    @cr.function(b="3", g="2 3 3")
    def f(b: Any, g: Any) -> Any:
        padded = np.pad(g + b, ((1, 1), (0, 0), (0, 0)))
        return np.sum(padded) + np.tanh(padded).sum()

    told = cr.derive(f, "b", "components")
    assert told.error < 1e-12
    assert "3 · 2 + Σ" in str(told)
