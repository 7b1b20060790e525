"""Mistakes that were made in public projects: detected, and most of them named, with their place."""

from __future__ import annotations

import pytest

from tests.check.scoring import Score, cases, score
from tests.check.wrong import Case

CASES = cases("tests.check.public")
NOT_NAMED = {
    "zeros_of_an_array_for_a_shape",
    "sign_is_read_off_the_overwritten_input",
    "biases_from_the_sums_of_the_weights_gradients",
    "copysign_without_the_sign_of_its_first_argument",
    "shared_node_reports_twice",
    "only_the_anchor_moves",
    "mean_subtracted_twice",
    "corrections_summed_over_the_whole_block",
    "scale_and_shift_read_by_row",
    "row_sums_spread_along_the_columns",
    "residual_goes_back_through_the_norm",
}
"""Those of which something else is said than whoever reported them said, or nothing; see docs/check.md."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.backward.__name__)
def test_it_is_detected_and_named(case: Case) -> None:
    found: Score = score(case)
    assert found.detected, found.got
    assert not found.false_alarms
    if case.backward.__name__ in NOT_NAMED:
        assert not found.named, "it is named now: take it from the list"
    else:
        assert found.named, f"wanted {found.wanted}, got {found.got}"


def test_most_are_named() -> None:
    assert len(CASES) >= 50
    assert len(NOT_NAMED) <= len(CASES) / 4
