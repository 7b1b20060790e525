"""One step of gradient descent in numbers: values forward, errors backward, the weights that follow, the next loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..derive import reverse
from ..ir.build import constant
from ..ir.dims import Sizes, bind_sizes
from ..ir.graph import substitute
from ..ir.node import Node
from ..ir.telling import Block, Name, Paragraph, Piece, Section, Sentence, Table, Term, Value
from .deltas_layers import Layered
from .differentiate import derivative
from .evaluate import random_point
from .example import example, has_unknown, values_at
from .subject import Subject

MOST_ENTRIES = 12
"""Arrays are shown where none has more entries than this."""
_RATES = tuple(10.0**-k for k in range(9))


@dataclass(frozen=True, eq=False)
class NumberedStep:
    """The section, and the point that its numbers are those of."""

    section: Section
    at: Mapping[str, Any]


def sizes_for(subject: Subject, at: Mapping[str, Any]) -> Sizes:
    """The lengths of named dimensions: those at the point, or of an example."""
    if not at:
        return random_point(subject.graph, 0)[1]
    return bind_sizes({i.name: i.shape for i in subject.graph.inputs}, {n: np.shape(v) for n, v in at.items()})


def step(found: Layered) -> NumberedStep | None:
    """A step at the reader's point or an example; None where a function has no formula."""
    if has_unknown(found.subject.graph):
        return None
    at = example(found.subject)
    small = all(np.size(value) <= MOST_ENTRIES for value in _arrays(found, at))
    blocks = [_point(found, at), *(_tables(found, at) if small else ())]
    rate, before, after = _search(found, at)
    if small:
        blocks.append(_update(found, at, rate))
    blocks.append(_outcome(found, rate, before, after))
    return NumberedStep(Section("A step with numbers", tuple(blocks)), at)
