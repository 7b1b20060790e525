"""A convolution is told as textbooks write it, x_{n c p+i}; its derivative puts every error back where it came from."""

from __future__ import annotations

from typing import Any

import pytest

import chainrule as cr


@cr.function(x="N c 7", w="o c 3", t="N o 3")
def strided(x: Any, w: Any, t: Any) -> Any:
    y = cr.conv1d(x, w, stride=2)
    loss = ((y - t) ** 2).sum() / 2
    return loss


@cr.function(x="6", w="3", t="4")
def one_channel(x: Any, w: Any, t: Any) -> Any:
    y = cr.windows(x, 0, 3) @ w
    loss = ((y - t) ** 2).sum() / 2
    return loss


@cr.function(x="N c 6", t="N c 3")
def pooled(x: Any, t: Any) -> Any:
    y = cr.max_pool(x, 2)
    loss = ((y - t) ** 2).sum() / 2
    return loss


CLOSED = [
    (one_channel, "w", "components", "[x[j + i]]_jiᵀ(y - t)"),
    (one_channel, "x", "components", "[Σ_jp (y_j - t_j) w_p δ[i, j + p]]_i"),
    (strided, "w", "components", "[Σ_nj (y_noj - t_noj)x[n, c, 2j + i]]_oci"),
    (strided, "w", "matrix", "[Σ_nj (y_noj - t_noj)x[n, c, 2j + i]]_oci"),
    (strided, "x", "components", "[Σ_jp (Σ_o w_ocp (y_noj - t_noj))δ[i, 2j + p]]_nci"),
    (strided, "x", "substitution", "[Σ_jp (Σ_o w_ocp (y_noj - t_noj))δ[i, 2j + p]]_nci"),
    (pooled, "x", "matrix",
     "[Σ_jp where(x[n, c, 2j + p] = y_ncj, 1 / (Σ_q [x[n, c, 2j + q] = y_ncj]), 0)(y_ncj - t_ncj)δ[i, 2j + p]]_nci"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "wrt", "form", "closed"), CLOSED, ids=[f"{c[0].name} {c[1]} {c[2]}" for c in CLOSED])
def test_the_closed_form_is_a_textbooks(f: Any, wrt: str, form: str, closed: str) -> None:
    told = cr.derive(f, wrt, form)
    assert told.verify() < 1e-12
    assert str(told.closed_forms[wrt]) == closed
    # Where an entry of a window stands is told by a formula: no array of numbers that nobody sees.
    assert "constant array" not in str(told)


def test_a_chain_goes_from_the_window_to_the_delta() -> None:
    text = str(cr.derive(strided, "x", "components"))
    for line in ("w_ocs ∂x[n, c, 2r + s]/∂x_ijp", "w_ocs δ[q, 2r + s] ∂x_ncq/∂x_ijp", "w_ojs δ[p, 2r + s] δ_ni"):
        assert line in text


def test_the_greatest_entry_of_a_window_is_told_by_its_entries() -> None:
    assert "y     [max_p(x[n, c, 2j          (N, c, 3)" in str(cr.derive(pooled, "x", "matrix"))


def test_latex_has_the_places_as_indices() -> None:
    assert r"x_{n,c,2\,r + q}" in cr.derive(strided, "w", "components").to("latex")


@pytest.mark.parametrize(("form", "message"), [("deltas", "no layers"), ("scalar", "x has 3 axes")])
def test_forms_that_do_not_fit_say_which_do(form: str, message: str) -> None:
    with pytest.raises(cr.DerivativeError, match=f"{message}.*forms matrix, components and substitution"):
        cr.derive(strided, "x", form)
