"""Which letter a numbered index has: one letter for it in all lines of a telling, where that can be.

The entry that is asked for, ∂E/∂W_ij, has letters that nothing else gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..ir.dims import Extent
from ..ir.node import Einsum, Node
from ..ir.telling import Chain, Indices, Step
from .letters import Letters


class IndexLetters:
    """Letters for the indices of chains in components; ``letters`` gives them out."""

    def __init__(self, letters: Letters, chains: Iterable[Chain]) -> None:
        self.letters = letters
        self._of: dict[int, str] = {}
        asked = [
            [i for i, extent in zip(_own(chain), chain.wrt.shape, strict=True) if extent != 1]
            for chain in chains
            if chain.wrt is not None and chain.steps and chain.steps[0].indices is not None
        ]
        reserved = letters.reserve(max(map(len, asked), default=0))
        for indices in asked:
            self._of.update(zip(indices, reserved, strict=False))

    def of(self, indices: Indices, shape: Sequence[Extent]) -> tuple[list[str], dict[Node, tuple[str, ...]]]:
        """The letters of a line's axes, and of what the sums in it run over."""
        lengths = dict(zip(indices.axes, shape, strict=True))
        for node, summed in indices.sums.items():
            if isinstance(node, Einsum):
                lengths.update(zip(summed, node.extents[len(node.out) :], strict=True))
        taken: set[str] = set()
        for index in sorted(lengths):
            # An index that was met first keeps its letter.
            if index not in self._of or self._of[index] in taken:
                self._of[index] = self.letters.index(lengths[index], taken)
            taken.add(self._of[index])
        sums = {node: tuple(self._of[i] for i in summed) for node, summed in indices.sums.items()}
        return [self._of[i] for i in indices.axes], sums

    def filled(self, text: str) -> str:
        """A reason with the letters in it: "{3}" is index number 3."""
        return re.sub(r"\{(\d+)\}", lambda found: self._of.get(int(found[1]), "…"), text)


def _own(chain: Chain) -> tuple[int, ...]:
    """The indices of what is asked for: the last axes of every line."""
    first: Step = chain.steps[0]
    assert first.indices is not None
    assert chain.wrt is not None
    return first.indices.axes[len(first.indices.axes) - len(chain.wrt.shape) :]
