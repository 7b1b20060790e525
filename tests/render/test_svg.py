"""Pictures as SVG: well-formed, self-contained, legible: no text covers another, none is small, none sticks out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.ir.picture import Block, Diagram, Edge, Line, Number, Symbol, Vertex
from chainrule.render.svg import draw, scene_of
from chainrule.render.svg_labels import place_labels, straight
from chainrule.render.svg_place import fitted, spread
from chainrule.render.svg_scene import WIDEST, Rect
from chainrule.render.svg_shapes import Text
from chainrule.render.svg_text import SMALLEST, Run, number, typeset, width, wrapped
from tests.drawn import DRAWN, bowl, logarithm, parabola, polynomial, six_weights
from tests.kept import Golden

NAMESPACE = "{http://www.w3.org/2000/svg}"

SHOWN: dict[str, tuple[Any, dict[str, Any]]] = {name: (f, {}) for name, f in DRAWN.items()}
SHOWN |= {
    f"{name}-{show}": (f, {"show": show})
    for name, f in DRAWN.items()
    for show in ("forward", "backward")
    if name != "rows"  # whose activation has no values
}
SHOWN |= {
    f"{name}-{detail}-{show}": (DRAWN[name], {"detail": detail, "show": show})
    for name in ("six_weights", "two_two_two", "one_sample", "classifier", "recurrent", "logistic_regression", "twelve")
    for detail in ("graph", "full")
    for show in (None, "backward")
    if (name, detail) not in [("twelve", "full"), ("recurrent", "full")]
}
SHOWN |= {
    "tangent": (parabola, {"detail": "tangent", "at": {"x": 1.0}}),
    "tangent-log": (logarithm, {"detail": "tangent", "at": {"x": 0.5}}),
    "contours": (polynomial, {"detail": "contours", "at": {"x": 1.0, "y": 0.5}}),
    "contours-vector": (bowl, {"detail": "contours", "at": {"w": np.array([1.0, 1.0])}}),
    "descent": (bowl, {"detail": "path", "at": {"w": np.array([1.5, 1.0])}}),
    "descent-curve": (parabola, {"detail": "path", "at": {"x": 2.0}}),
}


def shown(name: str) -> cr.picture:
    f, options = SHOWN[name]
    return cr.picture(f, **options)


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.slow
def test_every_picture_is_legible(name: str) -> None:
    picture = shown(name)
    root = ET.fromstring(picture.svg)
    left, top, across, down = map(float, root.attrib["viewBox"].split())
    assert across <= WIDEST + 0.1
    written = scene_of(picture.drawn).written
    assert len(written) == len(root.findall(f".//{NAMESPACE}text"))
    for n, (rect, text) in enumerate(written):
        assert left <= rect.left, text
        assert rect.right <= left + across, text
        assert top <= rect.top, text
        assert rect.bottom <= top + down, text
        for other, words in written[:n]:
            assert rect.overlap(other) < 1, (text, words)
    sizes = [float(e.attrib["font-size"]) for e in root.iter() if "font-size" in e.attrib]
    assert min(sizes) >= SMALLEST


@pytest.mark.parametrize("name", ["six_weights-backward", "attention", "wide", "contours", "tangent"])
def test_it_needs_nothing_beside_it(name: str) -> None:
    svg = shown(name).svg
    root = ET.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["width"] == "100%"
    assert root[0].tag == f"{NAMESPACE}title"
    assert root[0].text
    assert root[1].tag == f"{NAMESPACE}desc"
    assert root[1].text
    assert "prefers-color-scheme: dark" in svg
    for word in ("href", "url(", "<script", "@import", ' id="', "http://www.w3.org/1999"):
        assert word not in svg, word
    assert svg.count("http") == 1  # the namespace
    classes = {c for e in root.iter() for c in e.attrib.get("class", "").split()}
    told = set(re.findall(r"\.(cr-[a-z]+)", svg))
    assert classes - told == set()
    assert all(c.startswith("cr-") for c in classes)


@pytest.mark.parametrize("name", ["six_weights", "residual", "polynomial-backward", "tangent"])
def test_kept_pictures(name: str, golden: Golden) -> None:
    golden.check(f"picture_{name}.svg", shown(name).svg)


def test_the_same_picture_is_drawn_each_time() -> None:
    assert cr.picture(six_weights, show="backward").svg == cr.picture(six_weights, show="backward").svg


def test_a_users_names_are_escaped() -> None:
    diagram = Diagram(
        "<b>&", '"</desc>', (Vertex("input", (Symbol("a<b>&"),)), Vertex("loss", ("</text><script>",))), (Edge(0, 1),),
        ((Block((0,)),), (Block((1,)),)), {}, (Line(("x < y & \x01",), "quiet"),),
    )  # fmt: skip
    root = ET.fromstring(draw(diagram))
    texts = ["".join(e.itertext()) for e in root.iter(f"{NAMESPACE}text")]
    assert texts == ["a<b>&", "</text><script>", "x < y & �"]
    assert root[0].text == "<b>&"
    assert not list(root.iter(f"{NAMESPACE}script"))


# ---------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("label", "runs"),
    [
        ((Symbol("y_hat"),), (Run("ŷ", italic=True),)),
        ((Symbol("w1"),), (Run("w", italic=True), Run("1", place="sub"))),
        ((Symbol("alpha"), " = ", Number(0.5)), (Run("α", italic=True), Run(" = 0.5"))),
        (
            (Symbol("W1", ("2", "3")),),
            (Run("W", italic=True), Run("23", place="sub"), Run("(1)", place="sup", back=True)),
        ),
        ((Symbol("x", ("2", "12")),), (Run("x", italic=True), Run("2,12", italic=True, place="sub"))),
        ((Symbol("h", ("m",)),), (Run("h", italic=True), Run("m", italic=True, place="sub"))),
    ],
)
def test_names_are_set_as_mathematics(label: Any, runs: tuple[Run, ...]) -> None:
    assert typeset(label) == runs


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (2.0, "2"), (0.5, "0.5"), (-0.12345, "−0.123"), (1234.5, "1234"), (99999.0, "99999"),
        (1.5e-5, "1.5·10⁻⁵"), (1e6, "10⁶"), (-2e12, "−2·10¹²"), (float("inf"), "∞"), (float("nan"), "NaN"),
        (0.001, "0.001"), (0.99999, "1"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_text_is_measured_by_its_letters() -> None:
    narrow, wide = (width((Run(text),), 10.0) for text in ("il", "MW"))
    assert narrow < 0.4 * wide
    assert width((Run("ŷ"),), 10.0) == width((Run("y"),), 10.0)
    stacked = (Run("W"), Run("23", place="sub"), Run("(1)", place="sup", back=True))
    assert width(stacked, 15.0) < width((Run("W"), Run("23", place="sub"), Run("(1)", place="sup")), 15.0)


def test_lines_are_broken_at_spaces() -> None:
    runs = (Run("one two three four five"),)
    lines = wrapped(runs, 10.0, width((Run("one two three"),), 10.0))
    assert [line[0].text for line in lines] == ["one two three", "four five"]


# ---------------------------------------------------------------------------------------------- places


def test_vertices_are_moved_apart_by_as_little_as_possible() -> None:
    assert fitted([0.0, 0.0, 5.0], [1.0, 1.0, 1.0], [4.0, 4.0]) == pytest.approx([-7 / 3, 5 / 3, 17 / 3])
    assert fitted([0.0, 10.0], [1.0, 1.0], [4.0]) == [0.0, 10.0]


def test_a_vertex_stands_in_the_middle_of_its_neighbours() -> None:
    size = dict.fromkeys(range(3), 5.0)
    place = spread([[0, 1], [2]], size, size, [(0, 2), (1, 2)], 10.0)
    assert place[2] == pytest.approx((place[0] + place[1]) / 2)
    assert place[1] - place[0] >= 20 - 1e-9


def test_labels_find_a_place_where_they_cover_nothing() -> None:
    text = Text((Run("0.123"),), 13.0, "value", 0.0)
    edges = [straight((0, y), (200, v), text) for y in (0, 60) for v in (0, 60)]
    places, wrong = place_labels(edges, [Rect(-20, -20, 5, 80)])
    rects = [edge.rect(t) for edge, t in zip(edges, places, strict=True)]
    assert wrong < 10
    assert all(a.overlap(b) == 0 for n, a in enumerate(rects) for b in rects[:n])
