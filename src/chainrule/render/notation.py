"""What all notations share: how tightly each box binds, and so where brackets stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..ir.templates import ATOM, POWER, PRODUCT, SUM, fill, flattened, precedence
from .boxes import (
    Big,
    Box,
    Cases,
    Exponential,
    Fraction,
    Function,
    Hadamard,
    MatrixProduct,
    Negative,
    Number,
    Partial,
    Power,
    Product,
    RowSums,
    Spread,
    Symbol,
    Terms,
    Transposed,
)

# Between the levels of ir.templates: what may end a product, but not stand inside one without brackets.
LOOSE, OPERATOR, ARRAYS = SUM + 2, SUM + 5, PRODUCT - 2
TALL = POWER + 10
"""A fraction that is drawn as one stands among factors, but not under an exponent."""


class Notation(ABC):
    """Prints boxes. A subclass spells each kind; operands get brackets by the levels given here."""

    cases = SUM - 10
    exponential = POWER

    @abstractmethod
    def write(self, box: Box) -> str:
        """The box without brackets around it."""

    @abstractmethod
    def bracket(self, text: str) -> str:
        """Round brackets around what was written."""

    @abstractmethod
    def template(self, box: Function) -> str:
        """The template by which this notation spells a function."""

    def spell(self, box: Box, need: int = 0) -> str:
        """The box, in brackets if it binds less tightly than needed."""
        text = self.write(box)
        return text if self.level(box) >= need else self.bracket(text)

    def level(self, box: Box) -> int:
        """How tightly a box binds."""
        match box:
            case Number(value):
                return SUM if not isinstance(value, bool) and value < 0 else ATOM
            case Terms() | Negative():
                return SUM
            case Big() if not is_word(box):
                return OPERATOR
            case Hadamard() | MatrixProduct():
                return ARRAYS
            case Product():
                return PRODUCT
            case Fraction():
                return self.fraction(box)
            case Power() | Transposed() | RowSums():
                return POWER
            case Exponential():
                return self.exponential
            case Partial():
                return self.partial(box)
            case Cases():
                return self.cases
            case Spread():
                return self.spread(box)
            case Function():
                gap = ARRAYS if function_level(box.text) == ARRAYS else ATOM
                return min(function_level(self.template(box)), gap)
            case _:
                return ATOM

    def fraction(self, box: Fraction) -> int:
        """The level of a fraction."""
        return TALL

    def partial(self, box: Partial) -> int:
        """The level of a derivative: of a name it is one thing, of anything else an operator in front of it."""
        return TALL if isinstance(box.top, Symbol) else OPERATOR

    def spread(self, box: Spread) -> int:
        """The level of an array with new axes."""
        return ATOM

    def factors(self, boxes: Sequence[Box]) -> list[str]:
        """The factors of a product; an operator such as Σ reaches to the end, and so may only stand last."""
        last = len(boxes) - 1
        return [self.spell(box, OPERATOR if i == last else PRODUCT) for i, box in enumerate(boxes)]

    def arrays(self, boxes: Sequence[Box], own: type[Box]) -> list[str]:
        """The factors of a product of arrays; the first may be such a product itself.

        Matrices side by side bind more tightly than ⊙, and so need no brackets beside it.
        """
        return [self.spell(box, 0 if self._plain(box, own, i == 0) else POWER) for i, box in enumerate(boxes)]

    def _plain(self, box: Box, own: type[Box], first: bool) -> bool:
        """Whether a factor of a product of arrays, itself such a product, needs no brackets."""
        beside = own is Hadamard and isinstance(box, MatrixProduct) and self.juxtaposed(box)
        return beside or (first and isinstance(box, own))

    def juxtaposed(self, box: MatrixProduct) -> bool:
        """Whether matrices are multiplied by standing side by side, without a sign."""
        return True

    def filled(self, box: Function) -> str:
        """A function by its template."""
        return fill(self.template(box), [(self.write(o), self.level(o)) for o in box.operands])[0]


def is_word(box: Big) -> bool:
    """Whether an operator is spelled like a function, max, and so takes its body in brackets."""
    return box.text.isascii()


def function_level(template: str) -> int:
    """How tightly a template binds; "log σ({0})" is one thing, but not one to put another factor after."""
    level = precedence(template)
    return ARRAYS if level == ATOM and " " in flattened(template) else level
