"""A derivation that a reader wrote down: the first wrong line, what only follows from it, what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule as cr
from chainrule.ir.errors import ArgumentError


@cr.function(x="N d", y="N k", w1="d h", b1="h", w2="h k", b2="k")
def network(x: Any, y: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    z1 = x @ w1 + b1
    l1 = cr.relu(z1)
    z2 = l1 @ w2 + b2
    return ((z2 - y) ** 2).sum() / x.shape[0]


def test_a_right_derivation_is_right_line_by_line() -> None:
    lines = [
        "z1 = x @ w1 + b1", "d_z2 = 2/N (z2 - y)", "∂loss/∂w2_ij = Σ_n l1_ni d_z2_nj", "d_l1 = d_z2 w2ᵀ",
        "dz1 = dl1 ⊙ (z1 > 0)", "w1.g = x.T @ z1.g", "= xᵀ ((2/N (z2 - y)) w2ᵀ ⊙ (z1 > 0))",
    ]  # fmt: skip
    steps = cr.check_steps(network, "w1", lines)
    assert steps.ok, str(steps)
    assert steps.first_wrong is None


def test_the_first_wrong_line_is_named_and_what_follows_is_not_blamed() -> None:
    steps = cr.check_steps(network, "w1", ["d_l1 = d_z2 w2ᵀ", "d_z1 = d_l1", "d_w1 = xᵀ d_z1", "d_b1_j = Σ_n d_z1_nj"])
    assert [line.ok for line in steps.lines] == [True, False, False, False]
    assert steps.first_wrong is steps[2]
    assert steps[2].diagnosis.kind == "missing-factor"
    assert steps[3].follows
    assert steps[4].follows
    assert "follows" in str(steps)


def test_a_chain_goes_on_with_the_line_before() -> None:
    steps = cr.check_steps(network, "w1", ["xᵀ d_z1", "= xᵀ (d_l1 ⊙ z1)", "= xᵀ ((d_z2 w2ᵀ) ⊙ z1)"])
    assert steps[1].ok
    assert not steps[2].ok
    assert not steps[2].follows
    assert steps[3].follows


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        ("d_l1 = d_z2 w2", "does-not-evaluate", "would fit"),
        ("d_b2_k = d_z2_nk", "does-not-evaluate", "bound by no sum"),
        ("d_b2 = sum(d_z2)", "extra-sum", "axis too many"),
        ("d_z2 = 2 (z2 - y)", "sum-for-mean", "times N"),
        ("d_z2 = 2/N l1 w2 + b2 - y", "does-not-evaluate", "brackets"),
        ("z2 = -(l1 w2 + b2)", "sign", "sign"),
    ],
)
def test_what_is_wrong_in_a_line_is_told(line: str, kind: str, told: str) -> None:
    steps = cr.check_steps(network, "w1", [line])
    assert steps.first_wrong is not None
    assert steps.first_wrong.diagnosis.kind == kind, str(steps)
    assert told in str(steps)


def test_a_left_side_that_is_nothing_is_refused() -> None:
    with pytest.raises(ArgumentError, match="z9"):
        cr.check_steps(network, "w1", ["d_z9 = z1"])
