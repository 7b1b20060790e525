"""Exercises: lines left out of a derivation, answers checked by numbers and by form."""

from __future__ import annotations

from typing import Any

import pytest

from tests import functions
from tests.derived import derived


def last(exercise: Any) -> int:
    return max(exercise.blanks)


@pytest.fixture
def components() -> Any:
    return derived(functions.rows, "W", "components").exercise(3)


def blank(exercise: Any, rule: str, left: str = "") -> int:
    return next(n for n, b in exercise.blanks.items() if b.step.rule == rule and left in b.left)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("form", ["matrix", "components"])
@pytest.mark.parametrize(
    ("function", "wrt"), [(functions.rows, "W"), (functions.columns, "b"), (functions.classifier, "w1")]
)
def test_every_line_that_is_left_out_is_its_own_answer(function: Any, wrt: str, form: str, level: int) -> None:
    exercise = derived(function, wrt, form).exercise(level)
    assert exercise.blanks
    text = str(exercise)
    for number in exercise.blanks:
        assert f"? ({number})" in text
        assert exercise.answer(number, exercise.solution(number)), exercise.solution(number)


def test_higher_levels_leave_more_out() -> None:
    derivation = derived(functions.rows, "W", "components")
    counts = [len(derivation.exercise(level).blanks) for level in (1, 2, 3, 4)]
    assert counts[0] < counts[1] < counts[2] == counts[3]
    assert "·" in str(derivation.exercise(3))
    assert "·" not in str(derivation.exercise(4))
    with pytest.raises(ValueError, match="a level of 1, 2, 3, 4, not 5"):
        derivation.exercise(5)


def test_an_answer_may_be_written_in_other_ways(components: Any) -> None:
    number = blank(components, "back to where we left off", "∂E")
    axes = components.blanks[number].axes
    (i, j) = axes
    for text in (
        f"-1/L Σ_l (y_l - y_hat[l]) v_{j} f′(z_l{j}) x_l{i}",
        f"1/L sum_l (y_hat_l - y_l)*v_{j}*f'(z_l{j})*x_l{i}",
        f"(Σ_l x_l{i} (ŷ_l − y_l) f'(z_l{j})) v_{j} / L",
        f"1/L Σ_p (ŷ_p − y_p) v_{j} f'(z_p{j}) x_p{i}",
    ):
        verdict = components.answer(number, text)
        assert verdict, verdict
        assert str(verdict).startswith("✓")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1/L Σ_l (y_l - ŷ_l) v_{j} f'(z_l{j}) x_l{i}", "the negative of the right line"),
        ("2/L Σ_l (ŷ_l - y_l) v_{j} f'(z_l{j}) x_l{i}", "2 times the right line"),
        ("Σ_l (ŷ_l - y_l) v_{j} f'(z_l{j}) x_l{i}", "L times the right line"),
        ("1/L Σ_l (ŷ_l - y_l) v_{j} x_l{i}", "not equal"),
        ("1/L Σ_l (ŷ_l - y_l) v_{j} f'(z_l{j}) x_{i}l", "runs over"),
        ("1/L (ŷ_l - y_l) v_{j} f'(z_l{j}) x_l{i}", "the index l is bound by no sum"),
        ("1/L Σ_l (ŷ_l - y_l) q_{j}", "nothing is called"),
        ("1/L Σ_l (ŷ_l - y_l", "here a ')' is missing"),
        ("1/L Σ_l (ŷ_l - y_l) v_{j} g(z_l{j}) x_l{i}", "there is no function g"),
        ("1/L Σ_l (ŷ - y) v_{j}", "has 1 axes, and 0 indices"),
        ("1/L Σ_q (ŷ_l - y_l)", "nothing behind it has that index"),
        ("a € b", "is no sign of a formula"),
        ("", "something is missing"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(components: Any, text: str, says: str) -> None:
    number = blank(components, "back to where we left off", "∂E")
    i, j = components.blanks[number].axes
    verdict = components.answer(number, text.replace("{i}", i).replace("{j}", j))
    assert not verdict
    assert says in verdict.message, verdict.message
    assert "test_exercise" not in verdict.message


def test_an_equal_line_that_does_not_do_the_step_is_told_so(components: Any) -> None:
    number = blank(components, "past the sum", "∂E")
    assert "still to be done" in components.answer(number, components.blanks[number].left).message or (
        "the left side again" in components.answer(number, components.blanks[number].left).message
    )
    final = next(b for b in reversed(components.blanks.values()) if b.step.rule == "back to where we left off")
    ahead = components.answer(number, final.right)
    assert ahead
    assert "several steps at once" in ahead.message


def test_matrices_are_read_too() -> None:
    exercise = derived(functions.rows, "v", "matrix").exercise(3)
    number = last(exercise)
    assert exercise.answer(number, "1/L h.T @ (y_hat - y)")
    assert exercise.answer(number, "(1/L) hᵀ (ŷ − y)")
    assert "negative" in exercise.answer(number, "1/L hᵀ (y - ŷ)").message
    assert "would fit" in exercise.answer(number, "1/L h (ŷ - y)").message
    assert "has the shape (L,)" in exercise.answer(number, "1/L (ŷ - y)").message


def test_hints_grow_stronger(components: Any) -> None:
    number = blank(components, "chain rule", "∂E")
    step = components.blanks[number].step
    hints = [components.hint(number) for _ in range(4)]
    assert hints[0] == f"{step.rule}: {step.why}"
    assert "ŷ" in hints[1]
    assert "derivative" in hints[1] or "worked out" in hints[1]
    assert hints[2] == hints[3] == components.solution(number)
    with pytest.raises(ValueError, match="there is no blank 99"):
        components.hint(99)
