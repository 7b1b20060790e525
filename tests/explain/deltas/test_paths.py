"""Paths from weights to a loss, counted row by row, against all paths walked one by one."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import Any

import pytest

from chainrule.explain.deltas.paths import Bundle, Cost, Feed, Wiring, layers, number_of_routes, routes


def by_walking(wiring: Wiring) -> tuple[int, int, int]:
    """Paths, multiplications path by path, and with every arrow paid for once: on single units, without any rule."""
    goal = (len(wiring.widths) - 1, 0)
    arrows: dict[Any, list[tuple[Any, bool]]] = {}
    for bundle in wiring.bundles:
        for u in range(wiring.widths[bundle.source]):
            fan = range(wiring.widths[bundle.target]) if bundle.dense else [u]
            arrows.setdefault((bundle.source, u), []).extend(((bundle.target, v), bundle.costs) for v in fan)
    weights = []
    for number, feed in enumerate(wiring.feeds):
        for v in range(wiring.widths[feed.target]):
            for k in range(feed.each):
                weight = ("weight", number, v, k)
                weights.append(weight)
                arrows[weight] = [((feed.target, v), feed.costs)]
    paths = apart = 0
    gone: set[Any] = set()
    for weight in weights:
        stack: list[tuple[Any, tuple[Any, ...]]] = [(weight, ())]
        while stack:
            thing, passed = stack.pop()
            if thing == goal:
                paths += 1
                apart += sum(costs for _, _, costs in passed)
                gone.update(passed)
            stack += [(other, (*passed, (thing, other, costs))) for other, costs in arrows.get(thing, ())]
    return paths, apart, sum(costs for _, _, costs in gone)


RESIDUAL = Wiring(
    (3, 3, 3, 3, 2, 1),
    (
        Bundle(0, 1, False), Bundle(1, 2, True), Bundle(2, 3, False), Bundle(1, 3, False, costs=False),
        Bundle(3, 4, True), Bundle(4, 5, True, costs=False), Bundle(1, 5, True, costs=False),
    ),
    (Feed(0, 4), Feed(0, 1, costs=False), Feed(2, 3), Feed(4, 3), Feed(5, 7, costs=False)),
)  # fmt: skip
"""A value added as it is, biases, a row that the loss sees directly, and parameters in the loss itself."""
IDLE = Wiring((2, 2, 3, 1), (Bundle(0, 1, True), Bundle(1, 2, True), Bundle(2, 3, True, costs=False)), (Feed(1, 2),))
"""No parameter leads to the first row."""
WALKED = {
    "2-1": layers((2, 1)),
    "2-2-1": layers((2, 2, 1)),
    "2-2-2": layers((2, 2, 2)),
    "3-4-2-3": layers((3, 4, 2, 3)),
    "five deep": layers((2, 2, 2, 2, 2, 2, 1)),
    "residual": RESIDUAL,
    "idle": IDLE,
}


@pytest.mark.parametrize("name", WALKED)
def test_counts_are_those_of_walking_every_path(name: str) -> None:
    total = WALKED[name].total
    assert (total.paths, total.apart, total.stored) == by_walking(WALKED[name])


def test_the_figures_of_the_small_and_the_deep_network() -> None:
    small = layers((2, 2, 1)).total
    assert small == Cost(weights=6, paths=6, apart=20, errors=5, gradients=6)
    assert small.stored == 11
    deep = layers((2, *[2] * 10, 1)).total
    assert (deep.apart, deep.stored) == (81_924, 101)


def test_rows_add_up_to_the_whole() -> None:
    wiring = layers((2, 2, 1))
    assert wiring.widths == (2, 2, 1, 1, 1)
    assert wiring.ways == (1, 1, 1, 1, 1)
    assert [(cost.apart, cost.stored) for cost in wiring.costs] == [(16, 6), (0, 2), (4, 3), (0, 0), (0, 0)]


def test_more_paths_are_counted_than_could_be_walked() -> None:
    total = layers((128,) * 13 + (10,)).total
    # From each of the weights of layer l the units of every later layer, and the first ones are the most.
    assert total.paths == sum(128 * 128 * 128 ** (11 - k) * 10 for k in range(12)) + 128 * 10
    assert total.stored < 10**6


def ladder(depth: int) -> dict[Any, list[Any]]:
    """Two things side by side, each leading to both of the next pair."""
    steps: list[list[Any]] = [["start"], *([(k, 0), (k, 1)] for k in range(depth)), ["end"]]
    return {thing: after for before, after in pairwise(steps) for thing in before}


def test_routes_are_as_many_as_are_counted() -> None:
    for depth in (1, 2, 5):
        after = ladder(depth)
        found = list(routes("start", "end", after.__getitem__))
        assert len(found) == len(set(found)) == number_of_routes("start", "end", after.__getitem__) == 2**depth
        assert all(b in after[a] for route in found for a, b in pairwise(route))
    assert list(routes("end", "end", after.__getitem__)) == [("end",)]


def test_many_routes_are_counted_and_the_first_are_met_at_once() -> None:
    after = ladder(3000)
    assert number_of_routes("start", "end", after.__getitem__) == 2**3000
    first, second = islice(routes("start", "end", after.__getitem__), 2)
    assert first[-2] == (2999, 0)
    assert second[-2] == (2999, 1)
    assert first[:-2] == second[:-2]
