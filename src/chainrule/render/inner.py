"""The lines of a chain as a tree: the steps inside of a step drawn together, so that they can be folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .spelling import Line


@dataclass(frozen=True)
class Inner:
    """The steps inside of a step: lines, and what is inside of those."""

    items: tuple[Line | Inner, ...]

    @property
    def lines(self) -> list[Line]:
        """The lines that are its own."""
        return [item for item in self.items if isinstance(item, Line)]

    def count(self) -> int:
        """How many lines there are, the inner ones counted too."""
        return sum(item.count() if isinstance(item, Inner) else 1 for item in self.items)


def tree(lines: Sequence[Line]) -> Inner:
    """All lines of a chain."""
    return Inner(tuple(_nested(lines, 0)))


def _nested(lines: Sequence[Line], depth: int) -> Iterator[Line | Inner]:
    """Lines with those deeper inside drawn together; those about another thing by themselves."""
    inside: list[Line] = []
    for line in lines:
        if line.depth > depth:
            own = line.depth == depth + 1
            if own and inside and (before := _about(inside, depth + 1)) and before != line.about:
                yield Inner(tuple(_nested(inside, depth + 1)))
                inside = []
            inside.append(line)
            continue
        if inside:
            yield Inner(tuple(_nested(inside, depth + 1)))
            inside = []
        yield line
    if inside:
        yield Inner(tuple(_nested(inside, depth + 1)))


def _about(lines: Sequence[Line], depth: int) -> str:
    return next((line.about for line in lines if line.depth == depth), "")
