"""What stands beside a derivation in components: the table of δ, why ⊙, a shared bias, many indices, made-up names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.components.rows import TwoSamples
from chainrule.explain.evaluate import deviation, random_point, without_derivatives
from chainrule.ir.dims import Dim
from chainrule.ir.graph import toposort
from chainrule.ir.node import Const, D, Delta, Input
from chainrule.ir.telling import Chain, Math, Paragraph, Section, Table
from chainrule.run.interpret import interpret
from tests import functions


def told(function: Any, *wrt: str) -> Any:
    return cr.derive(function, list(wrt), form="components")


def section(derivation: Any, begins: str) -> Section | None:
    found = [s for s in derivation.telling.sections if s.title.startswith(begins)]
    assert len(found) < 2
    return found[0] if found else None


def chains(part: Section) -> list[Chain]:
    return [block for block in part.blocks if isinstance(block, Chain)]


def test_the_table_of_delta_is_told_once_and_is_the_identity() -> None:
    found = section(told(functions.rows, "W", "b"), "Kronecker's delta")
    assert found is not None
    assert found.folded
    (table,) = [block for block in found.blocks if isinstance(block, Table)]
    cells = [[cell[0] for cell in row[1:]] for row in table.rows]
    np.testing.assert_array_equal(np.array(cells, float), np.eye(3))
    (claim,) = table.claims
    assert isinstance(claim.before, Delta)
    assert isinstance(claim.after, Const)
    assert "δ_di is Kronecker's delta" in str(told(functions.rows, "W", "b"))
    assert section(told(functions.scalar, "x"), "Kronecker's delta") is None


def test_an_elementwise_jacobian_is_shown_as_diagonal() -> None:
    found = section(told(functions.columns, "W"), "Why ⊙")
    assert found is not None
    jacobian, product = chains(found)
    assert isinstance(jacobian.steps[0].before, D)
    deltas = [n for n in toposort([jacobian.steps[-1].after]) if isinstance(n, Delta)]
    assert len(deltas) == 2
    assert not any(isinstance(n, Delta) for n in toposort([product.steps[-1].after]))
    text = str(told(functions.columns, "W"))
    assert "= f′(z_ml) δ_mi δ_lj" in text
    assert "= ∂E/∂h_ij f′(z_ij)" in text


def test_a_function_with_arithmetic_alone_needs_no_such_section() -> None:
    assert section(told(functions.layer_norm, "g"), "Why ⊙") is None


def test_what_comes_back_in_other_ways_too_has_its_jacobian_alone() -> None:
    @cr.function(x="N d", w="d d")
    def residual(x: Any, w: Any) -> Any:
        z = x @ w
        a = np.tanh(z)
        return ((z + a) ** 2).sum()

    found = section(told(residual, "w"), "Why ⊙")
    assert found is not None
    assert len(chains(found)) == 1


# ---------------------------------------------------------------------------------------------- what is shared


def test_a_bias_is_shared_by_two_samples_and_a_sample_is_not() -> None:
    derivation = told(functions.rows, "b")
    found = section(derivation, "Why the gradient by b is a sum over L")
    assert found is not None
    assert found.folded
    bias, data, general = chains(found)
    text = str(derivation)
    assert "= ∂E/∂z_1[i] + ∂E/∂z_2[i]" in text
    assert "= Σ_l ∂E/∂z_li" in text
    line = next(line for line in text.splitlines() if line.startswith("∂E/∂x_1[i] = "))
    assert "z_2" not in line
    assert "Σ_l" not in line
    for chain in (bias, data, general):
        assert isinstance(chain.steps[0].before, D)
        assert all(a.after is b.before for a, b in zip(chain.steps, chain.steps[1:], strict=False))


@pytest.mark.parametrize(
    ("function", "wrt", "shared"),
    [
        (functions.rows, "b", True),
        (functions.columns, "b", True),
        (functions.layer_norm, "g", True),
        (functions.loss, "b1", True),
        (functions.classifier, "b2", True),
        (functions.rows, "W", False),
        (functions.rows, "x", False),
        (functions.attention, "v", False),
        (functions.scalar, "a", False),
    ],
)
def test_only_what_is_spread_over_samples_has_such_a_section(function: Any, wrt: str, shared: bool) -> None:
    derivation = told(function, wrt)
    assert (section(derivation, f"Why the gradient by {wrt}") is not None) == shared
    assert derivation.error < 1e-9


def test_used_twice_is_another_matter() -> None:
    @cr.function(x="N d", b="d")
    def twice(x: Any, b: Any) -> Any:
        z = x + b
        a = z * (x - b)
        return a.sum()

    assert section(told(twice, "b"), "Why the gradient") is None


def test_the_parts_of_two_samples_are_those_of_the_whole() -> None:
    traced = functions.classifier.trace()
    graph = traced.graph
    named = {name: node for node, name in graph.names.items()}
    two = TwoSamples(Dim("N"), graph.names)
    whole = two.whole(named["logits"])
    parts = [two.part(named["logits"], k) for k in (0, 1)]
    assert [p.shape for p in parts] == [(Dim("k"),)] * 2
    assert [two.names[p] for p in parts] == ["logits_1", "logits_2"]
    assert sorted(two.names[p] for p in two.names if isinstance(p, Input)) == ["x_1", "x_2"]
    inputs = tuple(n for n in toposort([whole, *parts]) if isinstance(n, Input))
    values, sizes = random_point(type(graph)(inputs, (whole,)), 0)
    found, *rows = interpret(without_derivatives([whole, *parts]), values, sizes=sizes)
    assert deviation(found, np.stack(rows)) < 1e-15


# ---------------------------------------------------------------------------------------------- many indices, names


@pytest.mark.parametrize(
    ("function", "wrt", "count"),
    [
        (functions.rows, "W", "four"),
        (functions.rows, "b", "three"),
        (functions.columns, "v", None),
        (functions.scalar, "x", None),
        (functions.layer_norm, "x", "four"),
    ],
)
def test_what_no_matrix_holds_is_said(function: Any, wrt: str, count: str | None) -> None:
    notes = [b for b in told(function, wrt).telling.blocks if isinstance(b, Paragraph) and b.kind == "note"]
    found = [b.pieces for b in notes if b.pieces[0] == "On the way stands "]
    if count is None:
        assert found == []
    else:
        ((_, symbol, words),) = found
        assert isinstance(symbol, Math)
        assert isinstance(symbol.node, D)
        assert f"which has {count} indices: no matrix can hold it" in str(words)


def test_made_up_names_are_in_the_legend() -> None:
    text = str(told(functions.layer_norm, "x"))
    assert "where u1_nk = x_nk - μ_n\n" in text
    assert "u3_nk = x̂_nk g_k + b_k - t_nk" in text or "u3_nk = x_hat[n, k] g_k + b_k - t_nk" in text
    assert "\nwhere " not in str(told(functions.rows, "v"))
