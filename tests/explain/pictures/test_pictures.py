"""What diagrams show: the numbers are those of the gradient that runs, and the structure is the function's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.pictures import diagram, example
from chainrule.explain.pictures.layering import layered
from chainrule.explain.pictures.network import find_network
from chainrule.explain.pictures.point import numbers
from chainrule.explain.pictures.scalars import NotScalar, scalars
from chainrule.ir.picture import Diagram, Number, Symbol, Vertex
from chainrule.run.interpret import bind, interpret
from tests import functions
from tests.drawn import DRAWN, NETWORKS, one_sample, quadratic, six_weights, twelve, two_two_two, wide

SMALL = ["six_weights", "two_two_two", "one_sample", "logistic_regression", "logistic", "quadratic", "polynomial"]
"""Functions whose every operation is drawn."""


def drawn(f: Any, detail: str | None = None, **options: Any) -> Diagram:
    return diagram(f.trace().graph, detail, **options)


def number(vertex: Vertex, tone: str) -> float | None:
    for line in vertex.lines:
        if line.tone == tone:
            return next((p.value for p in line.label if isinstance(p, Number)), None)
    return None


def labelled(picture: Diagram) -> dict[str, Vertex]:
    """Vertices by their names, with the index: a1, W1[2,3]; an operation's name stands beside it."""
    found = {}
    for vertex in picture.vertices:
        for label in [vertex.label, *(line.label for line in vertex.lines if line.tone == "plain")]:
            for piece in label:
                if isinstance(piece, Symbol):
                    found[piece.name + (f"[{','.join(piece.index)}]" if piece.index else "")] = vertex
    return found


# ---------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("name", sorted(DRAWN.keys() - {"rows"}))  # whose activation has no values
def test_the_numbers_are_those_that_run(name: str) -> None:
    f = DRAWN[name]
    graph = f.trace().graph
    point = example(graph, find_network(graph))
    floats = [node for node in graph.inputs if node.kind == "float"]
    found = numbers(graph, point, floats)
    names = [node.name for node in floats]
    value, gradients = cr.value_and_grad(f, names)(**point)
    np.testing.assert_allclose(found.values[graph.outputs[0]], value, rtol=1e-12)
    for node in floats:
        expected = found.deltas.get(node, np.zeros(np.shape(point[node.name])))
        np.testing.assert_allclose(expected, gradients[node.name], rtol=1e-9, atol=1e-12 * (1 + np.max(abs(expected))))


def test_a_network_shows_values_and_derivatives_by_sums_and_weights() -> None:
    given = {"x1": [0.5], "x2": [-1.0], "y": [1.0], "w1": 0.1, "w2": 0.2, "w3": 0.3, "w4": 0.4, "w5": 0.5, "w6": 0.6}
    at = {name: np.asarray(value) for name, value in given.items()}
    picture = drawn(six_weights, show="backward", at=at)
    units = labelled(picture)
    a1, a2 = (1 / (1 + np.exp(-z)) for z in (0.05 - 0.3, 0.1 - 0.4))
    y_hat = 1 / (1 + np.exp(-(0.5 * a1 + 0.6 * a2)))
    d3 = (y_hat - 1) * y_hat * (1 - y_hat)
    assert number(units["a1"], "value") == pytest.approx(a1)
    assert number(units["y_hat"], "delta") == pytest.approx(d3)
    assert number(units["a1"], "delta") == pytest.approx(d3 * 0.5 * a1 * (1 - a1))
    assert number(units["E"], "value") == pytest.approx((1 - y_hat) ** 2 / 2)
    labels = {p.name: q.value for e in picture.edges if e.label for p, _, q in [e.label.label]}  # type: ignore[union-attr]
    assert labels["w5"] == pytest.approx(d3 * a1)
    assert labels["w3"] == pytest.approx(d3 * 0.5 * a1 * (1 - a1) * -1.0)
    assert all(edge.back for edge in picture.edges)


def test_every_unit_of_a_layer_shows_its_own_numbers() -> None:
    point = _point(one_sample)
    units = labelled(drawn(one_sample, show="backward", at=point))
    x, y, W1, W2 = (point[name] for name in ("x", "y", "W1", "W2"))
    a = np.tanh(W1 @ x)
    delta = (W2 @ a - y) * W2[0] * (1 - a * a)
    for k in range(2):
        assert number(units[f"a[{k + 1}]"], "value") == pytest.approx(a[k])
        assert number(units[f"a[{k + 1}]"], "delta") == pytest.approx(delta[k])


def test_of_several_samples_the_units_show_the_first() -> None:
    point = {name: np.asarray(v) for name, v in functions.values_of(functions.loss).items()}
    picture = drawn(functions.loss, show="forward", at=point)
    l2 = np.maximum(point["x"] @ point["w1"] + point["b1"], 0) @ point["w2"] + point["b2"]
    assert number(labelled(picture)["l2[1]"], "value") == pytest.approx(l2[0, 0])
    assert any("first sample" in str(line.label) for line in picture.caption)


@pytest.mark.parametrize("name", SMALL)
def test_single_numbers_compute_what_the_arrays_do(name: str) -> None:
    graph = DRAWN[name].trace().graph
    point = example(graph, find_network(graph))
    single = scalars(graph, bind(graph.inputs, point), 10_000, point)
    at = single.point(point)
    assert all(node.shape == () for node in single.graph.nodes())
    whole = numbers(graph, point, [n for n in graph.inputs if n.kind == "float"])
    parts = numbers(single.graph, at, single.graph.inputs)
    for node, entries in single.entries.items():
        flat = np.asarray(whole.values[node], float).ravel()
        known = [(parts.values[e], v) for e, v in zip(entries, flat, strict=True) if e in parts.values]
        for value, expected in known:
            assert float(value) == pytest.approx(float(expected), rel=1e-12, abs=1e-12)
    for node in graph.inputs:
        if node in whole.deltas:
            deltas = [float(parts.deltas.get(e, np.zeros(()))) for e in single.entries[node]]
            np.testing.assert_allclose(deltas, whole.deltas[node].ravel(), rtol=1e-9, atol=1e-12)


def test_a_point_is_finite_and_rounded() -> None:
    graph = NETWORKS["logistic"].trace().graph
    point = example(graph, find_network(graph))
    assert point["x"].shape == (1,)
    np.testing.assert_array_equal(point["x"], np.round(point["x"], 1))
    assert np.isfinite(interpret(graph.outputs, point)[0])


def test_an_unknown_function_has_no_numbers() -> None:
    with pytest.raises(cr.ChainruleError, match="unknown function"):
        drawn(functions.rows, show="forward")


# ---------------------------------------------------------------------------------------------- networks


def counted(picture: Diagram) -> list[list[int]]:
    """The number of vertices of each block, column by column, dots counted."""
    return [[len(block.vertices) for block in blocks] for blocks in picture.columns]


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (six_weights, [[2], [2], [1], [1]]),
        (two_two_two, [[3], [2], [2], [1]]),  # the 1 of the biases stands under the inputs
        (wide, [[5], [5], [5], [5], [1]]),  # three, dots, the last
        (twelve, [[3], [3], [1], [3], [3], [1]]),  # folded in the middle
        (functions.rows, [[5], [5], [1], [1]]),
        (NETWORKS["recurrent"], [[3, 3], [3, 3], [3, 3], [3], [3], [1]]),
    ],
)
def test_columns_of_a_network(f: Any, shape: list[list[int]]) -> None:
    assert counted(drawn(f)) == shape


def test_a_large_layer_says_how_large_it_is() -> None:
    heads = [line.label for blocks in drawn(wide).columns for line in blocks[0].heading]
    assert ("128 units",) in heads
    assert ("relu",) in heads
    names = [p for v in drawn(functions.rows).vertices for p in v.label if isinstance(p, Symbol)]
    assert Symbol("x", ("n",)) in names
    assert Symbol("h", ("m",)) in names


def test_the_folded_layers_are_told() -> None:
    box = next(v for v in drawn(twelve).vertices if v.kind == "box")
    assert [line.label for line in box.lines] == [("layers 3 … 11",), ("128 units each",), ("relu",)]


def test_a_weight_is_called_by_its_entry() -> None:
    labels = [e.label.label[0] for e in drawn(one_sample, at=_point(one_sample)).edges if e.label]
    assert Symbol("W1", ("2", "3")) in labels
    assert Symbol("W2", ("2",)) in labels
    assert len(labels) == 8


def test_a_bias_that_is_a_column_is_written_at_its_connections() -> None:
    shapes = {"x": (3, 1), "y": (1,), "W": (2, 3), "b": (2, 1), "v": (2,), "c": ()}
    edges = drawn(functions.columns, at={name: np.ones(shape) for name, shape in shapes.items()}).edges
    labels = [edge.label.label[0] for edge in edges if edge.label]
    assert [s for s in labels if isinstance(s, Symbol) and s.name == "b"] == [Symbol("b", ("1",)), Symbol("b", ("2",))]


def test_a_residual_connection_is_drawn_beside_the_weights() -> None:
    kinds = [e.kind for e in drawn(NETWORKS["residual"], at=_point(NETWORKS["residual"])).edges]
    assert kinds.count("same") == 2
    far = drawn(NETWORKS["far_residual"])
    assert sum(edge.kind == "same" for edge in far.edges) == 1


def _point(f: Any) -> dict[str, np.ndarray]:
    graph = f.trace().graph
    return example(graph, find_network(graph))


def test_without_layers_the_network_is_refused_and_the_others_named() -> None:
    with pytest.raises(cr.ArgumentError, match=r'detail="graph".*detail="full"'):
        drawn(functions.attention, "network")
    assert not drawn(functions.attention).even


# ---------------------------------------------------------------------------------------------- graphs


def signs(picture: Diagram) -> list[str]:
    return sorted(str(v.label[0]) for v in picture.vertices if v.kind == "operation" and isinstance(v.label[0], str))


def test_every_operation_of_the_six_weights() -> None:
    """The second note's Figure 2: six multiplications, three sums, three non-linearities; then the error."""
    picture = drawn(six_weights, "full")
    assert signs(picture) == ["+"] * 3 + ["×"] * 6 + ["σ"] * 3 + ["−"]
    kinds = [v.kind for v in picture.vertices]
    assert (kinds.count("weight"), kinds.count("input"), kinds.count("loss")) == (6, 3, 1)


def test_every_operation_of_a_matrix_product() -> None:
    picture = drawn(quadratic, "full")
    assert signs(picture).count("×") == 9 + 3
    assert Symbol("A", ("3", "3")) in [v.label[0] for v in picture.vertices if v.label]


def test_what_is_multiplied_by_nothing_is_not_drawn() -> None:
    @cr.function(x="2")
    def diagonal(x: Any) -> Any:
        return (x @ np.array([[2.0, 0.0], [0.0, 1.0]]) * x).sum()

    assert signs(drawn(diagonal, "full", at={"x": np.array([1.0, 2.0])})) == ["+", "×", "×"]


def test_products_of_arrays_entry_by_entry_have_a_sign_of_their_own() -> None:
    assert "⊙" in signs(drawn(functions.layer_norm))
    assert "@" in signs(drawn(functions.attention))
    assert "×" in signs(drawn(functions.scalar))


def test_too_many_operations_are_drawn_on_arrays_and_that_is_said() -> None:
    picture = drawn(wide, "full", at=_point(wide))
    assert len(picture.vertices) < 40
    assert any("whole arrays" in str(line.label) for line in picture.caption)
    with pytest.raises(NotScalar):
        scalars(wide.trace().graph, bind(wide.trace().graph.inputs, _point(wide)), 600)


def test_a_deep_graph_is_folded_by_its_names() -> None:
    picture = drawn(twelve, "graph")
    boxes = [v for v in picture.vertices if v.kind == "box"]
    assert 10 < len(boxes) <= 18
    assert any("intermediates" in str(line.label) for v in boxes for line in v.lines)


def test_a_graph_without_names_is_cut_at_its_products() -> None:
    @cr.function(x="N d", A="d d", B="d d", C="d d")
    def nameless(x: Any, A: Any, B: Any, C: Any) -> Any:
        return (np.exp(np.sin(np.exp(np.sin(np.exp(np.sin(x @ A)) @ B)) @ C) ** 2 + 1) * 3 + np.sqrt(abs(x))
                + np.cos(np.tanh(x) * 2 + 1) ** 2 / (1 + np.exp(-np.sqrt(x * x)) ** 2)).sum()  # fmt: skip

    boxes = [v for v in drawn(nameless, "graph").vertices if v.kind == "box"]
    assert len(boxes) == 4
    assert {p.name for v in boxes for p in v.label if isinstance(p, Symbol)} == {"u1", "u2", "u3", "nameless"}


def test_depth_is_no_limit() -> None:
    @cr.function(x="")
    def chain(x: Any) -> Any:
        for _ in range(5000):
            x = np.sin(x)
        return x

    assert len(drawn(chain, show="backward").vertices) < 40


def test_what_is_subtracted_and_divided_by_is_marked() -> None:
    @cr.function(a="", b="", c="")
    def quotient(a: Any, b: Any, c: Any) -> Any:
        return (a - b) / c

    picture = drawn(quotient)
    names = [v.label[0].name if v.label and isinstance(v.label[0], Symbol) else "" for v in picture.vertices]
    marks = {names[e.source]: e.label.label[0] for e in picture.edges if e.label}
    assert marks == {"b": "−", "c": "÷"}


# ---------------------------------------------------------------------------------------------- layering


def crossings(columns: Sequence[Sequence[int]], steps: Sequence[tuple[int, int]]) -> int:
    place = {v: (c, n) for c, column in enumerate(columns) for n, v in enumerate(column)}
    total = 0
    for i, (a, b) in enumerate(steps):
        for c, d in steps[:i]:
            if place[a][0] == place[c][0]:
                total += (place[a][1] - place[c][1]) * (place[b][1] - place[d][1]) < 0
    return total


def test_edges_run_forward_and_a_bend_stands_in_every_column_between() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (0, 3)]
    found = layered(4, edges)
    column = {v: n for n, vertices in enumerate(found.columns) for v in vertices}
    for (a, b), bends in zip(edges, found.through, strict=True):
        assert [column[v] for v in (a, *bends, b)] == list(range(column[a], column[b] + 1))
    assert sum(map(len, found.through)) == 2


def test_edges_that_need_not_cross_do_not() -> None:
    edges = [(0, 5), (1, 4), (2, 3), (0, 4)]
    found = layered(6, edges)
    steps = [pair for (a, b), bends in zip(edges, found.through, strict=True) for pair in pairwise([a, *bends, b])]
    assert crossings(found.columns, steps) == 0


def test_an_input_stands_where_it_is_used() -> None:
    found = layered(4, [(0, 1), (1, 3), (2, 3)])
    assert found.columns == ((0,), (1, 2), (3,))
