"""The paths from the weights of a network to its loss, counted without walking them; and what their products cost.

An *arrow* leads from a thing to each that it changes directly: from a weight to the sum that it stands in, from a sum z
to its a = f(z), from an a along a weight to a sum of a later layer, from an output to the loss. On each stands a slope,
which is given. By the chain rule ∂E/∂w is the sum, over all paths from w to E, of the product of the slopes on its
arrows: a path of n arrows costs n − 1 multiplications, one for each arrow but that into E. A slope that is 1 everywhere
(of a bias, of a value that is added as it is) is no factor and costs nothing.

- Each path of each weight by itself: an arrow is paid for every time that a path goes along it.
- With ∂E/∂z stored for every z (the errors δ, backpropagation): an arrow is paid for once.

For two inputs, two hidden units and one output, with six weights, that is 20 and 11; with ten hidden layers of two it
is 81,924 and 101.
Additions are not counted. Units that are wired alike stand in one *row*, so that wide layers cost no time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)


@dataclass(frozen=True)
class Bundle:
    """Arrows from every unit of one row to all units of another (``dense``), or to the one at its own place."""

    source: int
    target: int
    dense: bool
    costs: bool = True


@dataclass(frozen=True)
class Feed:
    """``each`` arrows from parameters to every unit of a row, each from another entry of a parameter."""

    target: int
    each: int
    costs: bool = True


@dataclass(frozen=True)
class Cost:
    """What a row adds to the counts.

    ``weights`` are the entries of parameters that lead to it, ``paths`` their paths to the loss, ``apart`` the
    multiplications of these paths, each by itself; ``errors`` and ``gradients`` are those with stored errors: of the
    row's own errors, and of the derivatives by the parameters.
    """

    weights: int = 0
    paths: int = 0
    apart: int = 0
    errors: int = 0
    gradients: int = 0

    @property
    def stored(self) -> int:
        """The multiplications with stored errors."""
        return self.errors + self.gradients

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.weights + other.weights, self.paths + other.paths, self.apart + other.apart,
            self.errors + other.errors, self.gradients + other.gradients,
        )  # fmt: skip


@dataclass(frozen=True)
class Wiring:
    """Rows of units by their ``widths``, the loss last; a row leads only to later ones."""

    widths: tuple[int, ...]
    bundles: tuple[Bundle, ...]
    feeds: tuple[Feed, ...]

    @cached_property
    def ways(self) -> tuple[int, ...]:
        """For each row, the number of paths from one of its units to the loss."""
        return self._onward()[0]

    @cached_property
    def costs(self) -> tuple[Cost, ...]:
        """What each row adds."""
        ways, products = self._onward()
        reached = self._reached()
        found = []
        for row, width in enumerate(self.widths):
            cost = Cost()
            for feed in self.feeds:
                if feed.target == row:
                    count = feed.each * width
                    apart = products[row] + ways[row] * feed.costs
                    cost += Cost(count, count * ways[row], count * apart, 0, count * feed.costs)
            arrows = sum(width * self._fan(b) * b.costs for b in self.bundles if b.source == row and row in reached)
            found.append(cost + Cost(errors=arrows))
        return tuple(found)

    @property
    def total(self) -> Cost:
        """What all rows add up to."""
        return sum(self.costs, Cost())

    def _fan(self, bundle: Bundle) -> int:
        return self.widths[bundle.target] if bundle.dense else 1

    def _onward(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """For a unit of each row: its paths to the loss, and the multiplications of their products.

        Both from the loss backwards, each row once. The multiplications of a path are its arrows that cost.
        """
        ways, products = [0] * len(self.widths), [0] * len(self.widths)
        ways[-1] = 1
        for bundle in sorted(self.bundles, key=lambda b: -b.source):
            paths = ways[bundle.target]
            ways[bundle.source] += self._fan(bundle) * paths
            products[bundle.source] += self._fan(bundle) * (products[bundle.target] + paths * bundle.costs)
        return tuple(ways), tuple(products)

    def _reached(self) -> set[int]:
        """The rows that some parameter leads to: nobody asks for the errors of others."""
        reached = {feed.target for feed in self.feeds}
        for bundle in sorted(self.bundles, key=lambda b: b.source):
            if bundle.source in reached:
                reached.add(bundle.target)
        return reached


def layers(widths: Sequence[int]) -> Wiring:
    """Inputs and layers of so many units, each with all of the one before it, every sum under an activation."""
    rows: list[int] = []
    bundles: list[Bundle] = []
    feeds: list[Feed] = []
    for before, width in pairwise(widths):
        z = len(rows)
        rows += [width, width]
        feeds.append(Feed(z, before))
        bundles += [Bundle(z - 1, z, True)] if z else []
        bundles.append(Bundle(z, z + 1, False))
    bundles.append(Bundle(len(rows) - 1, len(rows), True, costs=False))
    return Wiring((*rows, 1), tuple(bundles), tuple(feeds))


def number_of_routes(source: Thing, goal: Thing, after: Callable[[Thing], Sequence[Thing]]) -> int:
    """The number of paths from one thing to another; ``after`` has what a thing leads to. Each thing is met once."""
    known = {goal: 1}
    stack = [source]
    while stack:
        thing = stack[-1]
        todo = [] if thing in known else [other for other in after(thing) if other not in known]
        if todo:
            stack += todo
            continue
        stack.pop()
        if thing not in known:
            known[thing] = sum(known[other] for other in after(thing))
    return known[source]


def routes(
    source: Thing, goal: Thing, after: Callable[[Thing], Sequence[Thing]]
) -> Iterator[tuple[Thing, ...]]:  # fmt: skip
    """The paths one by one, those through what stands first first; every thing has to lead to the goal."""
    if source is goal:
        yield (source,)
        return
    path = [source]
    open_ends = [iter(after(source))]
    while path:
        following = next(open_ends[-1], None)
        if following is None:
            path.pop()
            open_ends.pop()
        elif following is goal:
            yield (*path, goal)
        else:
            path.append(following)
            open_ends.append(iter(after(following)))
