"""The forms of telling: each makes a Telling, whose last line is the gradient that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..ir.telling import Telling
from .components import components
from .components.numbers import side_by_side
from .deltas import deltas
from .evaluate import TOLERANCE, deviation, largest_deviation
from .matrix import matrix
from .scalar import scalar
from .subject import Subject
from .substitution import substitution

FORMS: Mapping[str, Callable[[Subject], Telling]] = {
    "matrix": matrix,
    "components": components,
    "scalar": scalar,
    "deltas": deltas,
    "substitution": substitution,
}
"""Every form by its name."""

__all__ = [
    "FORMS",
    "TOLERANCE",
    "Subject",
    "components",
    "deltas",
    "deviation",
    "largest_deviation",
    "matrix",
    "scalar",
    "side_by_side",
    "substitution",
]
