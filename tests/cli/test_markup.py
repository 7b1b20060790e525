"""The parts of a report: nothing is lost, everything is escaped, ticks are round."""

from __future__ import annotations

import base64
import html
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image  # matplotlib brings it

from chainrule.cli.markup import coloured, curves, nice_ticks, picture, python, table

PROGRAM = '''def f(x):
    """A <text> over
    two lines & more."""
    # 1 < 2
    return x[0] @ 1e-3 if x else None
'''


def text_of(fragment: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", fragment))


@pytest.mark.parametrize("program", [PROGRAM, "x = 1", "", "\n\nx = 1\n", "s = f'{x:>3}'  # é\n"])
def test_colours_leave_the_program_as_it_is(program: str) -> None:
    assert "".join(text for _, text in coloured(program)) == program.rstrip("\n")
    assert text_of(python(program)) == program.rstrip("\n")


def test_colours_by_kind() -> None:
    found = {(style, text) for style, text in coloured(PROGRAM) if style}
    assert {("k", "def"), ("k", "return"), ("k", "None"), ("n", "0"), ("n", "1e-3"), ("c", "# 1 < 2")} <= found
    assert any(style == "s" and text.startswith('"""A <text>') for style, text in found)


def test_a_table_escapes_its_texts_and_sets_numbers_right() -> None:
    result = table(["<a>", "n"], [["x & y", "1,234"], ["<script>", "5%"]], caption="a < b")
    assert "<script>" not in result
    assert result.count('class="num"') == 3
    assert "&lt;a&gt;" in result
    assert "x &amp; y" in result


def test_a_picture_is_the_image() -> None:
    pixels = np.linspace(0, 1, 24).reshape(4, 6)
    source = re.search(r'base64,([^"]*)"', picture(pixels, 'a "7"'))
    assert source
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(source[1]))))
    np.testing.assert_array_equal(drawn, np.round(255 * (1 - pixels)))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0, 0.5, 1]),
        (0.0, 2.3, [0, 1, 2, 3]),
        (0.63, 1.0, [0.6, 0.7, 0.8, 0.9, 1.0]),
        (0.0, 0.0, None),
        (1, 40, [0, 10, 20, 30, 40]),
        (0.97, 0.97, None),
        (1e-9, 3e-9, None),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, ticks: list[float] | None) -> None:
    found = nice_ticks(low, high)
    assert found[0] <= low
    assert found[-1] >= high
    assert 2 <= len(found) <= 7
    assert found == sorted(set(found))
    if ticks is not None:
        assert found == ticks


@pytest.mark.parametrize("lines", [{"a": [1.0]}, {"a": [0.0, 0.0], "b": [0.0, 0.0]}, {"a & b": [3.0, 2.0, 1e-9]}])
def test_curves_stay_inside_their_picture(lines: dict[str, list[float]]) -> None:
    drawing = curves("a < b", lines)
    numbers = re.findall(r'points="([^"]*)"', drawing)
    points = [tuple(map(float, p.split(","))) for line in numbers for p in line.split()]
    assert len(points) == sum(map(len, lines.values()))
    assert all(0 <= x <= 360 and 0 <= y <= 230 for x, y in points)
    HTMLParser().feed(drawing)
    assert "a < b" not in drawing
