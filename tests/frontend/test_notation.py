"""Formulas as people write them, in index notation and as whole arrays: what is printed is read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.evaluate import without_derivatives
from chainrule.frontend.index_notation import parse_indexed
from chainrule.frontend.matrix_notation import parse_matrix
from chainrule.frontend.notation import DEEPEST
from chainrule.frontend.notation_tokens import LONGEST, NotationError
from chainrule.ir.dims import Dim
from chainrule.ir.node import Input, Node, Size
from chainrule.run.interpret import bind, interpret

N, M = Dim("N"), Dim("m")
INPUTS = [
    Input.of("x", (N,)), Input.of("W", (M, N)), Input.of("A", (N, N)), Input.of("y_hat", (N,)), Input.of("W1", (M, N)),
    Input.of("c", ()), Input.of("labels", (N,), "int"), Input.of("P", (N, M)),
    Input.of("Q", (2, N)),
]  # fmt: skip
SCOPE: dict[str, Node] = {**{i.name: i for i in INPUTS}, "N": Size.of(N), "m": Size.of(M), "ŷ": INPUTS[3]}
RNG = np.random.default_rng(3)
V: dict[str, Any] = {
    "x": RNG.normal(size=4), "W": RNG.normal(size=(3, 4)), "A": RNG.normal(size=(4, 4)), "y_hat": RNG.normal(size=4),
    "W1": RNG.normal(size=(3, 4)), "c": np.array(1.7), "labels": np.array([2, 0, 1, 1]), "P": RNG.normal(size=(4, 3)),
    "Q": RNG.normal(size=(2, 4)),
}  # fmt: skip
EXTENTS = {"i": N, "j": N, "n": N, "k": M, "d": M}


def value(node: Node) -> Any:
    (worked,) = without_derivatives([node])
    return interpret([worked], V, sizes=bind(INPUTS, V))[0]


@pytest.mark.parametrize(
    ("text", "axes", "wanted"),
    [
        ("x_i", "i", V["x"]),
        ("Σ_i W_ki x_i", "k", V["W"] @ V["x"]),
        ("sum_i W_ki*x_i", "k", V["W"] @ V["x"]),
        ("W_ki", "ik", V["W"].T),
        ("A_ii", "i", np.diag(V["A"])),
        ("Σ_i A_ii", "", np.trace(V["A"])),
        ("Σ_ij A_ij x_i x_j", "", V["x"] @ V["A"] @ V["x"]),
        ("Σ_i x_i + c", "", V["x"].sum() + V["c"]),
        ("x_i - y_hat[i]", "i", V["x"] - V["y_hat"]),
        ("x_i − ŷ_i", "i", V["x"] - V["y_hat"]),
        ("2/N x_i", "i", 2 / 4 * V["x"]),
        ("x_i / (2 N)", "i", V["x"] / 8),
        ("1/(2 N) Σ_i (x_i - y_hat_i)²", "", ((V["x"] - V["y_hat"]) ** 2).sum() / 8),
        ("½ x_i^2", "i", 0.5 * V["x"] ** 2),
        ("x_i²", "i", V["x"] ** 2),
        ("exp(x_i)⁻¹", "i", np.exp(-V["x"])),
        ("-x_i²", "i", -(V["x"] ** 2)),
        ("--x_i", "i", V["x"]),
        ("|x_i|", "i", abs(V["x"])),
        ("[x_i > 0]", "i", V["x"] > 0),
        ("[x_i ≥ 0] c", "i", (V["x"] >= 0) * V["c"]),
        ("tanh(x_i)", "i", np.tanh(V["x"])),
        ("σ(x_i)", "i", 1 / (1 + np.exp(-V["x"]))),
        ("log Σ_i exp(x_i)", "", np.log(np.exp(V["x"]).sum())),
        ("where(x_i > 0, x_i, c)", "i", np.where(V["x"] > 0, V["x"], V["c"])),
        ("δ_ij", "ij", np.eye(4)),
        ("delta_ij x_j", "ij", np.diag(V["x"])),
        ("Σ_j δ_ij x_j", "i", V["x"]),
        ("δ_ij δ_kd", "ikjd", np.einsum("ij,kd->ikjd", np.eye(4), np.eye(3))),
        ("P[n, labels_n]", "n", V["P"][np.arange(4), V["labels"]]),
        ("δ[labels_n, k]", "nk", np.eye(3)[V["labels"]]),
        ("Q_0i", "i", V["Q"][0]),
        ("W1_ki x_i", "ki", V["W1"] * V["x"]),
        ("∂x_i/∂x_j", "ij", np.eye(4)),
        ("∂(x_i²)/∂x_j", "ij", 2 * np.diag(V["x"])),
        ("∂(Σ_i W_ki x_i)/∂x_j", "kj", V["W"]),
        ("x_i c", "ki", np.ones((3, 1)) * V["x"] * V["c"]),
        ("√(x_i²)", "i", abs(V["x"])),
    ],
)
def test_index_notation_means_what_it_says(text: str, axes: str, wanted: Any) -> None:
    found = value(parse_indexed(text, SCOPE, {letter: EXTENTS[letter] for letter in axes}))
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("W x", V["W"] @ V["x"]),
        ("W @ x", V["W"] @ V["x"]),
        ("Wx", V["W"] @ V["x"]),
        ("x ⊙ Ax", V["x"] * (V["A"] @ V["x"])),
        ("where(|x| ≤ c, x², c |x|)", np.where(abs(V["x"]) <= V["c"], V["x"] ** 2, V["c"] * abs(V["x"]))),
        (
            "2‖x - ŷ‖ (x - ŷ)/‖x‖ |c|",
            2 * np.linalg.norm(V["x"] - V["y_hat"]) * (V["x"] - V["y_hat"]) / np.linalg.norm(V["x"]) * abs(V["c"]),
        ),
        ("clip(x, -1, c)", np.clip(V["x"], -1, V["c"])),
        ("2cAx + Aᵀx", 2 * V["c"] * V["A"] @ V["x"] + V["A"].T @ V["x"]),
        ("(1/(Nc))A(x - ŷ)", V["A"] @ (V["x"] - V["y_hat"]) / (4 * V["c"])),
        ("xᵀ A x", V["x"] @ V["A"] @ V["x"]),
        ("x.T @ A @ x", V["x"] @ V["A"] @ V["x"]),
        ("W^T W x", V["W"].T @ V["W"] @ V["x"]),
        ("x ŷᵀ", np.outer(V["x"], V["y_hat"])),
        ("2 x", 2 * V["x"]),
        ("(1/N) (x - ŷ)", (V["x"] - V["y_hat"]) / 4),
        ("c x ⊙ ŷ", V["c"] * V["x"] * V["y_hat"]),
        ("x * y_hat", V["x"] * V["y_hat"]),
        ("(A + Aᵀ) x", (V["A"] + V["A"].T) @ V["x"]),
        ("Σ x²", (V["x"] ** 2).sum()),
        ("Σ_k P[k]", V["P"].sum(axis=0)),
        ("Σ_n (P ⊙ P)[n]", (V["P"] ** 2).sum(axis=0)),
        ("softmax(x)", np.exp(V["x"]) / np.exp(V["x"]).sum()),
        ("P - onehot(labels)", V["P"] - np.eye(3)[V["labels"]]),
        ("x ⊙ [x > 0]", V["x"] * (V["x"] > 0)),
        ("exp(W x)", np.exp(V["W"] @ V["x"])),
        ("∂(Σ x²)/∂x", 2 * V["x"]),
    ],
)
def test_whole_arrays_mean_what_they_say(text: str, wanted: Any) -> None:
    np.testing.assert_allclose(value(parse_matrix(text, SCOPE)), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x_ij", "x has 1 axes, and 2 indices"),
        ("x", "x has 1 axes, and 0 indices"),
        ("W_ij x_j + A_ii", "the index i runs over"),
        ("x_j", "the index j is bound by no sum"),
        ("Σ_k x_i", "the sum runs over k"),
        ("δ_i", "two letters"),
        ("δ_ik", "run over different lengths"),
        ("wrong_i", "nothing is called"),
        ("never′(x_i)", "there is no function never′"),
        ("W x_i", "W has 2 axes, and 0 indices"),
        ("x_i +", "something is missing"),
        ("(x_i", "here a '.' is missing"),
        ("x_i)", "does not belong here"),
        ("x_i ; x_i", "does not belong here"),
        ("x[é.]", "an index is a letter or a number|here a ']' is missing"),
        ("__import__('os')", "is expected here"),
        ("(" * (DEEPEST + 5) + "x_i", "nested more than"),
        ("x_i " * LONGEST, "at most"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, says: str) -> None:
    with pytest.raises(NotationError, match=says):
        parse_indexed(text, SCOPE, {"i": N, "k": M})


def test_a_matrix_product_that_does_not_fit_says_what_would() -> None:
    with pytest.raises(NotationError, match="would fit"):
        parse_matrix("x W", SCOPE)
    with pytest.raises(NotationError, match="single entries"):
        parse_matrix("x_i", SCOPE)


def test_an_unknown_function_has_primes() -> None:
    f, x = cr.symbol("f"), Input.of("x", (N,))
    scope: dict[str, Node] = {"x": x, "a": f(x)}
    assert parse_indexed("f(x_i)", scope, {"i": N}) is f(x)
    slope = cr.derive(cr.function(x="N")(lambda x: f(x).sum()), "x").closed_form.node
    assert parse_matrix("f'(x)", {"x": slope.args[0], "a": f(slope.args[0])}) is slope


def test_an_unknown_function_of_somebody_else_is_not_known() -> None:
    cr.symbol("elsewhere")
    with pytest.raises(NotationError, match="there is no function elsewhere"):
        parse_indexed("elsewhere(x_i)", SCOPE, {"i": N})
    with pytest.raises(NotationError, match="there is no function elsewhere"):
        parse_matrix("elsewhere(x)", SCOPE)
