"""How many multiplications gradients take: every path product by itself, or with stored errors. Counted by doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any


class Counted(float):
    """A number that counts how often it, and what is made of it, is multiplied."""

    multiplications = 0

    def __mul__(self, other: float) -> Counted:
        Counted.multiplications += 1
        return Counted(float(self) * float(other))

    def __add__(self, other: float) -> Counted:
        return Counted(float(self) + float(other))

    @classmethod
    def used_by(cls, work: Callable[[], Any]) -> int:
        """How many multiplications a piece of work takes."""
        cls.multiplications = 0
        work()
        return cls.multiplications


def paths(widths: list[int]) -> Iterator[list[Counted]]:
    """The factors of every path product of every weight of a network with these widths, one output, slopes given."""
    one = Counted(1.0)

    def onwards(layer: int) -> Iterator[list[Counted]]:
        """From what a unit of this layer collects to the loss: its slope, the weight behind it, and so on."""
        if layer == len(widths) - 1:
            yield [one, one]  # f′ of the output, and ∂E/∂a
            return
        for _unit in range(widths[layer + 1]):
            for rest in onwards(layer + 1):
                yield [one, one, *rest]

    for layer, (before, here) in enumerate(pairwise(widths), start=1):
        for _weight in range(before * here):
            for rest in onwards(layer):
                yield [one, *rest]  # what the weight is multiplied with, in front


def separately(widths: list[int]) -> int:
    """Multiplications, if every path product is worked out by itself."""

    def work() -> None:
        for factors in paths(widths):
            product = factors[0]
            for factor in factors[1:]:
                product = product * factor

    return Counted.used_by(work)


def with_stored_errors(widths: list[int]) -> int:
    """Multiplications, if the error of every unit is worked out once and used again."""
    one = Counted(1.0)

    def work() -> None:
        errors = [one * one for _ in range(widths[-1])]
        for layer in range(len(widths) - 1, 0, -1):
            units = range(widths[layer - 1])
            gradients = [error * one for error in errors for _ in units]
            assert len(gradients) == widths[layer - 1] * widths[layer]
            if layer > 1:
                errors = [sum((error * one for error in errors), Counted(0.0)) * one for _ in units]

    return Counted.used_by(work)
