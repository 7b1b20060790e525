"""The forms of telling: each makes a Derivation, whose last line is the gradient that runs."""

from .components import components
from .evaluate import deviation, largest_deviation
from .matrix import matrix

FORMS = ("matrix", "components")

__all__ = ["FORMS", "components", "deviation", "largest_deviation", "matrix"]
