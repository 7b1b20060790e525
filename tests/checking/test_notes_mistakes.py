"""The mistakes in the formulas and the code of three notes on backpropagation, typed in as they stand there, and named.

The numbers are those of docs/notes.md, where each is explained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

rng = np.random.default_rng(5)

# The first note's network, samples in columns.
FIRST = cr.parse(
    "z = W1@x; a = tanh(z); y_hat = W2@a; e = y - y_hat; E = sum(e**2) / (2*x.shape[1]); E",
    x="n L", y="L", W1="m n", W2="m",
)  # fmt: skip
LINEAR = cr.parse("x = A@y; f = sum(sin(x) * c); f", A="n m", y="m", c="n")
SQUARE = cr.parse("x = A@y; f = sum(sin(x) * c); f", A="m m", y="m", c="m")
SUM = cr.parse("f = sum(sin(y)); f", y="n")
# The second note's: two inputs, two hidden units, one output, all scalars.
SECOND = cr.parse(
    "z1 = x1*w1 + x2*w3; z2 = x1*w2 + x2*w4; a1 = sigmoid(z1); a2 = sigmoid(z2); z3 = a1*w5 + a2*w6; a3 = sigmoid(z3);"
    "E = (a3 - y)**2 / 2; E",
    **dict.fromkeys(["x1", "x2", "y", "w1", "w2", "w3", "w4", "w5", "w6"], ""),
)
# The third note's.
THIRD = cr.parse(
    "u1 = x@w1 + b1; l1 = relu(u1); l2 = l1@w2 + b2; diff = y - l2; loss = sum(diff**2) / x.shape[0]; loss",
    x="N d", y="N k", w1="d m", b1="m", w2="m k", b2="k",
)  # fmt: skip
AT = {
    "x": rng.normal(size=(7, 3)), "y": rng.normal(size=(7, 1)), "w1": rng.normal(size=(3, 4)),
    "b1": rng.normal(size=4), "w2": rng.normal(size=(4, 1)), "b2": rng.normal(size=1),
}  # fmt: skip
SQUARE_AT = {**AT, "w1": rng.normal(size=(3, 3)), "b1": rng.normal(size=3), "w2": rng.normal(size=(3, 1))}
"""With as many hidden units as inputs, where wrong products fit by accident."""

LINES: list[tuple[int, Any, str, str, set[str]]] = [
    # entry, function, wrt, the line, the kinds of which one has to be named
    (9, LINEAR, "y", "d_y = A d_x", {"does-not-evaluate"}),
    (9, SQUARE, "y", "d_y = A d_x", {"transpose"}),
    (6, LINEAR, "y", "d_y_j = Σ_i A_ij", {"missing-factor"}),
    (13, FIRST, "W2", "∂E/∂y_hat_l = 1/L (y_l - y_hat_l)", {"sign"}),
    (13, FIRST, "W2", "∂E/∂W2_i = 1/L Σ_l (y_l - y_hat_l) a_il", {"sign"}),
    (13, FIRST, "W1", "∂E/∂W1_ij = 1/L Σ_l (y_l - y_hat_l) W2_i (1 - a_il^2) x_jl", {"sign"}),
    (14, FIRST, "W1", "∂E/∂W1_ij = 1/L Σ_l (y_hat_l - y_l) W2_i (1 - a_il^2) x_il", {"does-not-evaluate"}),
    (15, FIRST, "W1", "d_W1 = 1/L ((y_hat - y) W2) x", {"does-not-evaluate"}),
    (
        11,
        FIRST,
        "W2",
        "∂E/∂W2_i = 1/L Σ_l (y_hat_l - y_l) Σ_k (1 - δ_ki) a_kl",
        {"unknown", "extra-term", "wrong-operand"},
    ),
    (19, SECOND, "w5", "d_w5 = -(a3 - y) a3 (1 - a3) a1", {"sign"}),
    (21, SECOND, "w6", "z3 = a1*w5 + a1*w6", {"forward", "wrong-operand"}),
    (21, SECOND, "w6", "d_w6 = d_z3 a1", {"wrong-operand", "stale-value"}),
    (22, SECOND, "z1", "d_z1 = d_z3 w5 a3 (1 - a3)", {"wrong-factor", "stale-value", "wrong-operand"}),
    (30, THIRD, "w1", "d_w1 = xᵀ", {"does-not-evaluate", "shape", "unknown", "missing-factor"}),
    (31, THIRD, "w1", "d_w1 = xᵀ ((2 (l2 - y)) w2ᵀ ⊙ (u1 > 0))", {"sum-for-mean"}),
    (31, THIRD, "diff", "d_diff = 2 diff", {"sum-for-mean"}),
    (25, THIRD, "diff", "d_diff = 1/N diff", {"scale"}),
    (28, THIRD, "l2", "d_l2 = 2/N l2 - y", {"does-not-evaluate"}),
    (29, THIRD, "u1", "d_u1 = d_l1", {"missing-factor"}),
    (32, THIRD, "w1", "d_w1 = (2/N (l2 - y) w2ᵀ ⊙ (u1 > 0)) xᵀ", {"does-not-evaluate"}),
    (33, THIRD, "w1", "∂loss/∂w1_ij = (u1_nj > 0) 2/N Σ_n (l2_n0 - y_n0) w2_j0 x_ni", {"does-not-evaluate"}),
    (34, THIRD, "b2", "diff = y - relu(x w1 + b1) w2 + b2", {"does-not-evaluate"}),
    (35, THIRD, "l2", "∂loss/∂l2_nk = 2/N (l2 - y_nk)", {"does-not-evaluate"}),
    (36, THIRD, "l2", "d_l2 = 2/N (y - l2)", {"sign"}),
    (40, THIRD, "x", "∂loss/∂x_ni = 2/N Σ_n (l2_n - y_n) w2_j w1_ij", {"does-not-evaluate"}),
    (42, THIRD, "b2", "d_b2_k = 2/N Σ_n l2_nk - y_nk", {"does-not-evaluate"}),
    (45, THIRD, "w1", "d_w1 = d_u1 @ x", {"does-not-evaluate"}),
    (47, THIRD, "w1", "d_w1 = x @ d_u1", {"does-not-evaluate"}),
]


@pytest.mark.parametrize(("entry", "function", "wrt", "line", "kinds"), LINES, ids=[f"{c[0]}: {c[3]}" for c in LINES])
def test_a_line_of_the_notes_is_named(entry: int, function: Any, wrt: str, line: str, kinds: set[str]) -> None:
    steps = cr.check_steps(function, wrt, [line])
    assert steps.first_wrong is not None
    assert steps.first_wrong.diagnosis.kind in kinds, str(steps)


def _forward(p: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    l1 = np.maximum(p["x"] @ p["w1"] + p["b1"], 0)
    diff = p["y"] - (l1 @ p["w2"] + p["b2"])
    l2_g = -2 * diff / len(p["x"])
    return l1, diff, l2_g, (l2_g @ p["w2"].T) * (l1 > 0)


CODE: list[tuple[int, str, Callable[..., Any], dict[str, Any], set[str], str]] = [
    (37, "w1", lambda **p: (_forward(p)[3] * p["x"]).sum(), AT, {"does-not-evaluate"}, "u1"),
    (37, "w1", lambda **p: (_forward(p)[3] * p["x"]).sum(), SQUARE_AT, {"elementwise-for-matrix"}, "u1"),
    (38, "b1", lambda **p: (_forward(p)[3] * 1).sum(), AT, {"extra-sum"}, "u1"),
    (41, "w2", lambda **p: (_forward(p)[2] * _forward(p)[0]).sum(0), AT, {"shape"}, "l2"),
    (41, "w2", lambda **p: (_forward(p)[2] * _forward(p)[0]).sum(0)[None], AT, {"shape"}, "l2"),
    (45, "w1", lambda **p: _forward(p)[3] @ p["x"], AT, {"does-not-evaluate"}, "u1"),
    (45, "w1", lambda **p: _forward(p)[3].T @ p["x"], AT, {"transpose"}, "u1"),
    (45, "w1", lambda **p: _forward(p)[3].T @ p["x"], SQUARE_AT, {"order", "transpose"}, "u1"),
    (49, "w1", lambda **p: (_forward(p)[3] * p["x"]).sum(0), SQUARE_AT, {"elementwise-for-matrix"}, "u1"),
    (34, "b2", lambda **p: -_forward(p)[2].sum(0), AT, {"sign"}, "diff"),
    (44, "w1", lambda **p: np.einsum("ni,nj->nij", p["x"], _forward(p)[3]), AT, {"missing-sum"}, "u1"),
    (36, "w2", lambda **p: _forward(p)[0].T @ _forward(p)[1], AT, {"scale"}, "loss"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "wrt", "backward", "at", "kinds", "where"), CODE, ids=[f"{c[0]}: {k}" for k, c in enumerate(CODE)]
)
def test_code_of_the_notes_is_named(
    entry: int, wrt: str, backward: Callable[..., Any], at: dict[str, Any], kinds: set[str], where: str
) -> None:
    report = cr.check(THIRD, backward, wrt=wrt, at=at)
    assert not report.ok
    found = report[wrt].diagnosis
    assert found.kind in kinds, str(report)
    assert found.where == where, str(report)


def test_39_shapes_that_broadcast_are_told_apart() -> None:
    def flat(**p: Any) -> Any:
        l1, _, _, _ = _forward(p)
        l2_g = 2 * (l1 @ p["w2"] + p["b2"] - p["y"][:, 0]) / len(p["x"])
        return l2_g.sum(0)

    report = cr.check(THIRD, flat, wrt="b2", at=AT)
    assert not report.ok
    assert "(7,)" in str(report)
