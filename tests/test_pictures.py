"""cr.picture: what can be asked for, what is handed back, and what is refused."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.picture import Diagram, Number, Plot, Symbol
from chainrule.picture import Picture
from tests import functions
from tests.drawn import bowl, parabola, polynomial, six_weights, two_two_two, wide

AT = {"x1": [0.5], "x2": [-1.0], "y": [1.0], "w1": 0.1, "w2": 0.2, "w3": 0.3, "w4": 0.4, "w5": 0.5, "w6": 0.6}


def test_a_picture_is_text_and_is_shown_and_saved(tmp_path: Path) -> None:
    picture = cr.picture(six_weights)
    assert str(picture) == picture.svg == picture._repr_svg_()
    assert picture.svg in picture._repr_html_()
    path = picture.save(tmp_path / "network.svg")
    assert path.read_text(encoding="utf-8") == picture.svg
    assert ET.parse(path).getroot().tag.endswith("svg")
    assert repr(picture) == "<picture: The network of E>"


@pytest.mark.parametrize(
    ("f", "even"), [(six_weights, True), (wide, True), (functions.attention, False), (polynomial, False)]
)
def test_a_network_is_drawn_where_there_are_layers_else_the_graph(f: Any, even: bool) -> None:
    drawn = cr.picture(f).drawn
    assert isinstance(drawn, Diagram)
    assert drawn.even is even
    graph = cr.picture(f, detail="graph").drawn
    assert isinstance(graph, Diagram)
    assert not graph.even


def test_a_plain_function_is_drawn_at_its_arguments() -> None:
    picture = cr.picture(lambda x: np.sin(x) ** 2, at={"x": 0.5}, show="backward")
    assert "sin" in picture.svg
    assert isinstance(cr.picture(lambda x: np.sin(x) ** 2, at={"x": 0.5}, detail="tangent").drawn, Plot)


def numbers(picture: Picture, tone: str) -> list[float]:
    assert isinstance(picture.drawn, Diagram)
    lines = [line for v in picture.drawn.vertices for line in v.lines if line.tone == tone]
    return [piece.value for line in lines for piece in line.label if isinstance(piece, Number)]


def test_the_numbers_are_those_of_the_gradient() -> None:
    picture = cr.picture(two_two_two, show="backward", detail="full")
    assert isinstance(picture.drawn, Diagram)
    point = {v.label[0].name: v for v in picture.drawn.vertices if v.kind in ("weight", "input")}  # type: ignore[union-attr]
    values = {name: next(p.value for p in v.lines[0].label if isinstance(p, Number)) for name, v in point.items()}
    loss, gradients = cr.value_and_grad(two_two_two, [n for n in values if n[0] in "wb"])(**values)
    assert numbers(picture, "value")[-1] == pytest.approx(loss)
    for name, gradient in gradients.items():
        shown = [p.value for p in point[name].lines[1].label if isinstance(p, Number)]
        assert shown == pytest.approx([float(gradient)], rel=1e-9), name


def test_wrt_says_where_derivatives_flow() -> None:
    picture = cr.picture(polynomial, at={"x": 1.0, "y": 2.0}, show="backward", wrt="y")
    assert isinstance(picture.drawn, Diagram)
    deltas = {v.label[0].name: len(v.lines) for v in picture.drawn.vertices if v.kind in ("input", "weight")}  # type: ignore[union-attr]
    assert deltas == {"x": 1, "y": 2}


def test_asked_for_a_network_wrt_says_what_its_weights_are() -> None:
    drawn = cr.picture(functions.scalar, detail="network", wrt="a").drawn
    assert isinstance(drawn, Diagram)
    assert [v.label for v in drawn.vertices if v.kind == "source"] == [(Symbol("x"),)]
    assert not cr.picture(functions.scalar, wrt="a").drawn.even  # type: ignore[union-attr]


def test_where_what_was_written_overflows_the_stable_form_is_drawn() -> None:
    @cr.function(z="N", t="N")
    def cross_entropy(z: Any, t: Any) -> Any:
        p = cr.sigmoid(z)
        return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()

    near = cr.picture(cross_entropy, at={"z": [0.5], "t": [1.0]}, show="backward")
    assert ">p<" in near.svg
    far = cr.picture(cross_entropy, at={"z": [-800.0], "t": [1.0]}, show="backward")
    assert "log σ" in far.svg
    assert numbers(far, "value")[-1] == 800.0
    assert numbers(far, "delta")[-1] == 1.0


def test_structures_and_results_of_several_parts() -> None:
    @cr.function(p={"W": "d k", "a<b": "k"}, x="N d")
    def loss(p: Any, x: Any) -> Any:
        h = np.tanh(x @ p["W"] + p["a<b"])
        return h.sum(), {"h": h}

    drawn = cr.picture(loss, show="backward", detail="graph").drawn
    assert isinstance(drawn, Diagram)
    names = {p.name for v in drawn.vertices for p in v.label if isinstance(p, Symbol)}
    assert {"x", "W"} < names
    ET.fromstring(cr.picture(loss).svg)


def test_an_array_is_a_result_too() -> None:
    @cr.function(x="N d", W="d k")
    def forward(x: Any, W: Any) -> Any:
        return cr.softmax(x @ W)

    assert "result" in cr.picture(forward, show="forward").svg
    with pytest.raises(cr.DerivativeError, match="one number"):
        cr.picture(forward, show="backward")


def test_plots_vary_what_is_named() -> None:
    plot = cr.picture(polynomial, at={"x": 1.0, "y": 2.0}, detail="tangent", wrt="y").drawn
    assert isinstance(plot, Plot)
    assert plot.x.label == (Symbol("y"),)
    assert plot.dots[0].at == (2.0, -1.0)
    assert isinstance(cr.picture(bowl, detail="contours").drawn, Plot)
    assert cr.picture(parabola, detail="path").drawn.title == "Gradient descent on parabola"


def test_a_row_of_values_for_each_number_is_a_path() -> None:
    t = np.linspace(0, 1, 20)
    plot = cr.picture(polynomial, at={"x": np.cos(t), "y": np.sin(t)}, detail="path").drawn
    assert isinstance(plot, Plot)
    (path,) = [curve for curve in plot.curves if curve.kind == "path"]
    assert path.points == tuple(zip(np.cos(t).tolist(), np.sin(t).tolist(), strict=True))
    vector = cr.picture(bowl, at={"w": np.stack([t, t**2], axis=1)}, detail="path").drawn
    assert isinstance(vector, Plot)
    assert any(curve.kind == "path" and curve.points[-1] == (1.0, 1.0) for curve in vector.curves)


@pytest.mark.parametrize(
    ("f", "options", "error", "words"),
    [
        (six_weights, {"detail": "circles"}, ValueError, "network, graph, full, tangent, contours, path"),
        (six_weights, {"show": "up"}, ValueError, "forward, backward, or None"),
        (polynomial, {"detail": "tangent", "show": "forward"}, ValueError, "belongs to a network or a graph"),
        (functions.attention, {"detail": "network"}, cr.ArgumentError, "no layers.*graph.*full"),
        (six_weights, {"at": {"x1": [1.0]}}, cr.ArgumentError, "lacks the arguments 'x2'"),
        (six_weights, {"at": {**AT, "w7": 1.0}}, cr.ArgumentError, "no argument 'w7'; did you mean 'w"),
        (six_weights, {"at": {**AT, "x1": [[1.0]]}}, cr.ShapeError, "x1"),
        (six_weights, {"wrt": "q"}, cr.ArgumentError, "no argument 'q'"),
        (functions.robust, {"show": "backward", "wrt": "i"}, cr.DerivativeError, "kind int"),
        (functions.rows, {"show": "forward"}, cr.ChainruleError, "unknown function"),
        (six_weights, {"detail": "tangent"}, cr.ArgumentError, "one number.*wrt='x'"),
        (parabola, {"detail": "contours"}, cr.ArgumentError, "two numbers, or a vector of two"),
        (3, {}, TypeError, "a function is needed"),
    ],
)
def test_what_is_refused_and_in_which_words(
    f: Any, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        cr.picture(f, **options)
