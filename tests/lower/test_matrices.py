"""Sums of products as products of matrices: the same numbers whatever the axes, and no copy where none is needed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule.ops  # noqa: F401  (fills the registry)
from chainrule.emit.numpy import source
from chainrule.ir.dims import Dim, Extent
from chainrule.ir.graph import Graph
from chainrule.ir.node import Einsum, Input, Node, Reshape
from chainrule.ir.registry import call
from chainrule.ir.verify import verify
from chainrule.lower import matrices
from chainrule.run.interpret import interpret
from chainrule.run.printed import Program

SIZES = {"N": 3, "M": 2}


@st.composite
def products(draw: st.DrawFn) -> tuple[Node, dict[str, Any]]:
    """A sum of products of two arrays, any of its axes of a named length, in any order; and arrays for it."""
    counts = [draw(st.integers(0, most)) for most in (2, 3, 3, 3)]  # kept by both, summed, of one alone
    counts[1] = max(1, counts[1])
    batch, inner, left, right = _numbered(counts)
    names = draw(st.sets(st.integers(0, sum(counts) - 1), max_size=2))
    extents: dict[int, Extent] = {i: draw(st.integers(1, 4)) for i in range(sum(counts))}
    extents.update(zip(sorted(names), map(Dim, SIZES), strict=False))
    subs = [tuple(draw(st.permutations([*batch, *inner, *own]))) for own in (left, right)]
    out = tuple(draw(st.permutations([*batch, *left, *right])))
    operands = [Input.of(name, tuple(extents[i] for i in sub)) for name, sub in zip("ab", subs, strict=True)]
    node = Einsum.of(operands, subs, out, dict(extents))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    values = {o.name: rng.normal(size=tuple(SIZES.get(str(e), e) for e in o.shape)) for o in operands}
    return node, values


def _numbered(counts: list[int]) -> list[range]:
    starts = np.cumsum([0, *counts]).tolist()
    return [range(a, b) for a, b in pairwise(starts)]


@given(products())
@settings(max_examples=max(150, settings().max_examples))
def test_the_numbers_are_the_same_and_so_are_those_of_the_printed_text(case: tuple[Node, dict[str, Any]]) -> None:
    node, values = case
    inputs = tuple(Input.of(n.name, n.shape) for n in node.args)
    graph = Graph(inputs, (node,))
    (wanted,) = interpret([node], values)
    rewritten = matrices(graph)
    verify(rewritten.outputs)
    np.testing.assert_allclose(interpret(rewritten.outputs, values)[0], wanted, rtol=1e-12, atol=1e-13)
    (found,) = Program(graph)(values)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


def printed(subscripts: str, *shapes: tuple[Any, ...]) -> str:
    operands = [Input.of(name, shape) for name, shape in zip("xw", shapes, strict=False)]
    return source(Graph(tuple(operands), (call("einsum", subscripts, *operands),))).text


N = Dim("N")
SPELLED = [
    ("nti,io->nto", ((N, 5, 4), (4, 3)), "x @ w"),
    ("nti,ni->nt", ((N, 5, 4), (N, 4)), "np.einsum"),
    ("bhtd,bhsd->bhts", ((N, 2, 5, 4), (N, 2, 6, 4)), "x @ w.swapaxes(-1, -2)"),
    # What is summed lies in front in both: joining it copies nothing.
    ("nti,nto->io", ((N, 5, 4), (N, 5, 3)), "np.tensordot(x, w, axes=((0, 1), (0, 1)))"),
    ("nti,nto->oi", ((N, 5, 4), (N, 5, 3)), "np.tensordot(x, w, axes=((0, 1), (0, 1))).transpose(1, 0)"),
    # Image by image where the sums are smaller than a copy.
    ("nop,ncp->oc", ((N, 3, 30), (N, 4, 30)), "(x @ w.swapaxes(-1, -2)).sum(0)"),
    ("nop,ncp->oc", ((N, 30, 3), (N, 40, 3)), "np.tensordot(x, w, axes=((0, 2), (0, 2)))"),
    ("ij,ij->", ((3, 4), (3, 4)), "np.einsum"),
]


@pytest.mark.parametrize(("subscripts", "shapes", "text"), SPELLED, ids=[f"{s[0]} {s[1][0][1]}" for s in SPELLED])
def test_a_product_is_spelled_as_people_write_it(subscripts: str, shapes: Any, text: str) -> None:
    assert text in printed(subscripts, *shapes)


def test_all_products_of_an_array_ask_for_the_same_matrix() -> None:
    """Of the windows of a convolution one copy serves the value and the gradient of the weights."""
    x, w, g = Input.of("x", (N, 2, 3, 4, 5, 6)), Input.of("w", (7, 2, 4, 6)), Input.of("g", (N, 7, 3, 5))
    forward = call("einsum", "ocij,ncpiqj->nopq", w, x)
    backward = call("einsum", "nopq,ncpiqj->ocij", g, x)
    nodes = matrices(Graph((x, w, g), (forward, backward))).nodes()
    copies = [n for n in nodes if isinstance(n, Reshape) and isinstance(n.args[0], Einsum) and n.args[0].args[0] is x]
    assert [c.shape for c in copies] == [(N, 48, 15)]


def test_names_stay_with_what_they_name() -> None:
    x, w = Input.of("x", (2, 3, 4, 5)), Input.of("w", (4, 5, 6))
    y = call("einsum", "abij,ijo->oab", x, w)
    graph = matrices(Graph((x, w), (y * 2.0,), {y: "y"}))
    (named,) = [n for n, name in graph.names.items() if name == "y"]
    assert any(n is named for n in graph.nodes())
    assert "y = " in source(Graph((x, w), (y * 2.0,), {y: "y"})).text
