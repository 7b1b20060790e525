"""Plots: tangents touch, secants meet the curve, contours have one value, gradients stand at right angles to them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.pictures.contour import contour, framed, ticks
from chainrule.explain.pictures.plots import STEPS, Field, along, contours, descent, tangent
from chainrule.ir.picture import Curve, Number, Plot
from tests.drawn import bowl, logarithm, parabola, polynomial


def field(f: Any, **at: Any) -> Field:
    graph = f.trace().graph
    point = {name: np.asarray(value, float) for name, value in at.items()}
    places = [(node, index) for node in graph.inputs for index in np.ndindex(point[node.name].shape)]
    return Field(graph, tuple(places), point)


def curves(plot: Plot, kind: str) -> list[Curve]:
    return [curve for curve in plot.curves if curve.kind == kind]


def slope(curve: Curve) -> float:
    (x0, y0), (x1, y1) = curve.points[0], curve.points[-1]
    return (y1 - y0) / (x1 - x0)


def shown(curve: Curve) -> float:
    return [piece.value for piece in curve.label if isinstance(piece, Number)][-1]


@pytest.mark.parametrize(("f", "x", "expected"), [(parabola, 1.0, 2.0), (parabola, -0.5, -1.0), (logarithm, 0.5, 2.0)])
def test_the_tangent_has_the_slope_of_the_gradient(f: Any, x: float, expected: float) -> None:
    plot = tangent(field(f, x=x))
    (line,) = curves(plot, "tangent")
    assert slope(line) == pytest.approx(expected)
    assert shown(line) == pytest.approx(expected)
    assert plot.dots[0].at == pytest.approx((x, float(f(x))))


def test_secants_come_near_the_tangent() -> None:
    lines = curves(tangent(field(parabola, x=1.0)), "secant")
    assert [slope(line) for line in lines] == pytest.approx([3.0, 2.5, 2.25])
    assert [shown(line) for line in lines] == pytest.approx([3.0, 2.5, 2.25])


def test_a_curve_stays_in_its_frame_and_ends_where_the_function_does() -> None:
    plot = tangent(field(logarithm, x=0.5))
    points = [spot for curve in plot.curves for spot in curve.points]
    assert all(plot.x.low - 1e-9 <= x <= plot.x.high + 1e-9 for x, _ in points)
    assert all(plot.y.low - 1e-9 <= y <= plot.y.high + 1e-9 for _, y in points)
    (line,) = curves(plot, "function")
    assert min(x for x, _ in line.points) > 0
    assert all(y == pytest.approx(math.log(x)) for x, y in line.points[1:-1])


def test_contours_are_where_the_function_has_their_value() -> None:
    plot = contours(field(polynomial, x=1.0, y=0.5))
    marked = [
        (curve, piece.value) for curve in curves(plot, "contour") for piece in curve.mark if isinstance(piece, Number)
    ]
    assert len(marked) >= 5
    for curve, level in marked:
        for x, y in curve.points:
            assert x * x + 3 * x * y - 5 * y + 2 == pytest.approx(level, abs=0.02)


def test_the_gradient_stands_at_right_angles_to_the_contour_through_the_point() -> None:
    plot = contours(field(bowl, w=[1.0, 1.0]))
    gradient, down = plot.arrows
    across = (gradient.end[0] - 1.0, gradient.end[1] - 1.0)
    assert across[1] / across[0] == pytest.approx(7 / 3)
    assert (down.end[0] - 1.0, down.end[1] - 1.0) == pytest.approx((-across[0], -across[1]))
    assert [p.value for p in gradient.label if isinstance(p, Number)] == pytest.approx([3.0, 7.0])
    (through,) = [c for c in curves(plot, "contour") if not c.mark]
    away = [(math.hypot(x - 1, y - 1), x - 1, y - 1) for x, y in through.points]
    _, *way = min(step for step in away if step[0] > 1e-6)
    assert abs(way[0] * across[0] + way[1] * across[1]) < 0.05 * math.hypot(*way) * math.hypot(*across)


def test_a_flat_point_has_no_arrow() -> None:
    plot = contours(field(bowl, w=[0.0, 0.0]))
    assert plot.arrows == ()


def test_every_step_of_descent_goes_against_the_gradient_and_down() -> None:
    plot = descent(field(bowl, w=[1.5, 1.0]))
    (path,) = curves(plot, "path")
    assert len(path.points) == STEPS + 1
    rate = next(p.value for p in plot.caption[0].label if isinstance(p, Number))
    value = [u * u + 3 * v * v + u * v for u, v in path.points]
    assert all(after < before for before, after in pairwise(value))
    for (u, v), after in pairwise(path.points):
        assert after == pytest.approx((u - rate * (2 * u + v), v - rate * (6 * v + u)))


def test_descent_on_a_curve_stays_on_it() -> None:
    plot = descent(field(parabola, x=2.0))
    (path,) = curves(plot, "path")
    assert all(y == pytest.approx(x * x) for x, y in path.points)


def test_a_given_path_is_drawn_on_contours() -> None:
    spots = [(math.cos(t), math.sin(t)) for t in np.linspace(0, 6, 40)]
    plot = along(field(polynomial, x=1.0, y=0.0), spots)
    (path,) = curves(plot, "path")
    assert path.points == tuple(spots)
    assert curves(plot, "contour")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, (0, 2, 4, 6, 8, 10)), (-1, 3, (-1, 0, 1, 2, 3)), (0, 0.55, (0, 0.1, 0.2, 0.3, 0.4, 0.5)), (2, 2, (2,))],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert ticks(low, high) == expected


def test_marching_squares_close_a_circle_and_leave_out_what_is_not_finite() -> None:
    x = y = np.linspace(-2, 2, 81)
    z = np.add.outer(x**2, y**2)
    (line,) = contour(x, y, z, 1.0)
    assert line[0] == line[-1]
    assert all(math.hypot(*spot) == pytest.approx(1.0, abs=1e-3) for spot in line)
    z[x < 0] = np.nan
    (half,) = contour(x, y, z, 1.0)
    assert half[0] != half[-1]
    assert min(u for u, _ in half) >= 0


@pytest.mark.parametrize(("level", "joined"), [(0.4, "high"), (0.6, "low")])
def test_at_a_saddle_the_middle_says_which_corners_belong_together(level: float, joined: str) -> None:
    side = np.array([0.0, 1.0])
    lines = contour(side, side, np.array([[1.0, 0.0], [0.0, 1.0]]), level)
    assert len(lines) == 2
    around_low = [all(x > y for x, y in line) or all(x < y for x, y in line) for line in lines]
    assert around_low == [joined == "high"] * 2


def test_a_curve_is_cut_at_the_frame() -> None:
    pieces = framed([(-1, 0), (1, 2), (3, 0), (math.nan, 0), (0, 0), (1, 0)], (0, 2), (0, 1.5))
    assert pieces == [((0, 1), (0.5, 1.5)), ((1.5, 1.5), (2, 1)), ((0, 0), (1, 0))]


def test_several_pieces_share_one_legend() -> None:
    @cr.function(x="")
    def pole(x: Any) -> Any:
        return 1 / x

    plot = tangent(field(pole, x=1.0))
    pieces = curves(plot, "function")
    assert len(pieces) == 2
    assert [bool(piece.label) for piece in pieces] == [True, False]
