"""Formulas as plain text with a few Unicode signs, for a terminal: relu(x @ w1 + b1)."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.templates import ATOM, PRODUCT
from .beside import needs_signs, side_by_side
from .boxes import (
    At,
    Big,
    Box,
    Call,
    Cases,
    Elided,
    Entries,
    Exponential,
    Fraction,
    Function,
    Hadamard,
    Kronecker,
    Listing,
    MatrixProduct,
    Negative,
    Number,
    Partial,
    Power,
    Product,
    Range,
    Root,
    RowSums,
    Spread,
    Stacked,
    Symbol,
    Terms,
    Transposed,
)
from .names import show_number, text_name
from .notation import LOOSE, OPERATOR, TALL, Notation, is_word

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text(Notation):
    """Prints boxes as plain text."""

    cases = ATOM
    exponential = ATOM

    def bracket(self, text: str) -> str:
        return f"({text})"

    def template(self, box: Function) -> str:
        return box.text

    def fraction(self, box: Fraction) -> int:
        return PRODUCT if _tight(box) else LOOSE

    def partial(self, box: Partial) -> int:
        return TALL

    def write(self, box: Box) -> str:
        match box:
            case Number(value):
                return show_number(value)
            case Symbol(name, indices):
                return text_name(name) + self.subscript(indices, long="_" in text_name(name))
            case Listing(values):
                return f"[{', '.join(map(show_number, values))}]"
            case Terms(terms):
                return self._terms(terms)
            case Negative(body):
                return "-" + self.spell(body, LOOSE)
            case Product(factors):
                return side_by_side(self._beside(factors))
            case Hadamard(factors):
                return " ⊙ ".join(self.arrays(factors, Hadamard))
            case MatrixProduct(factors) if not self.juxtaposed(box):
                return " @ ".join(self.arrays(factors, MatrixProduct))
            case MatrixProduct():
                return side_by_side(self._chain(box))
            case Fraction():
                return self._fraction(box)
            case Power(base, exponent):
                return self.spell(base, ATOM) + self._exponent(exponent)
            case Root(body):
                return f"√({self.write(body)})"
            case Exponential(body):
                return f"exp({self.write(body)})"
            case Transposed(body):
                return self.spell(body, ATOM) + "ᵀ"
            case Function():
                return self.filled(box)
            case _:
                return self._array(box)

    def juxtaposed(self, box: MatrixProduct) -> bool:
        return not needs_signs(box.factors)

    def _beside(self, factors: Sequence[Box]) -> list[tuple[Box, str]]:
        """The factors of a product with their texts; a chain of matrices at its end goes on with its own factors."""
        parts = list(zip(factors, self.factors(factors), strict=True))
        last = factors[-1]
        if isinstance(last, MatrixProduct) and self.juxtaposed(last):
            parts[-1:] = self._chain(last)
        return parts

    def _chain(self, box: MatrixProduct) -> list[tuple[Box, str]]:
        """The factors of a chain of matrices with their texts; those of a chain that it begins with are its own."""
        parts = list(zip(box.factors, self.arrays(box.factors, MatrixProduct), strict=True))
        first = box.factors[0]
        if isinstance(first, MatrixProduct):
            parts[:1] = self._chain(first)
        return parts

    def _array(self, box: Box) -> str:
        """What is written about whole arrays, indices and derivatives."""
        match box:
            case Call(name, operands, primes, subscript):
                return text_name(name) + prime(primes) + self.subscript(subscript) + f"({self._list(operands)})"
            case Big(operator, _, letters, body):
                head = operator + ("_" if letters else "") + _run(list(map(self.write, letters)))
                return f"{head}({self.write(body)})" if is_word(box) else f"{head} {self.spell(body, OPERATOR)}"
            case Range(first, stop, step):
                return f"{first or ''}:{'' if stop is None else stop}" + (f":{step}" if step != 1 else "")
            case At(body, places):
                return f"{self.spell(body, ATOM)}[{', '.join(':' if p is None else self.write(p) for p in places)}]"
            case Spread(body, new):
                return f"{self.spell(body, ATOM)}[{', '.join('None' if n else ':' for n in new)}]"
            case RowSums(body):
                gap = " @ " if needs_signs((body,)) else ""
                return f"({self.write(body)}{gap}1)1ᵀ"
            case Entries(body, letters):
                return f"[{self.write(body)}]_{_run(list(map(self.write, letters)))}"
            case Stacked(parts):
                return f"[{'; '.join(map(self.write, parts))}]"
            case Cases(condition, yes, no):
                return f"where({self._list((condition, yes, no))})"
            case Kronecker(left, right):
                return "δ" + self.subscript((left, right))
            case Partial(top, bottom):
                over = self.write(top) if isinstance(top, Symbol) else f"({self.write(top)})"
                return f"∂{over}/∂{self.spell(bottom, ATOM)}"
            case Elided():
                return "…"
            case _:
                raise AssertionError(f"no case for {type(box).__name__}")

    def subscript(self, places: Sequence[Box], *, long: bool = False) -> str:
        """_kd for letters and digits, [n, y_n] for anything longer, and after a name with an underscore."""
        spelled = [self.write(p) for p in places]
        if all(len(s) == 1 for s in spelled) and not (long and spelled):
            return f"_{''.join(spelled)}" if spelled else ""
        return f"[{', '.join(spelled)}]"

    def _list(self, boxes: Sequence[Box]) -> str:
        return ", ".join(map(self.write, boxes))

    def _terms(self, terms: Sequence[tuple[bool, Box]]) -> str:
        text = ""
        for minus, box in terms:
            sign = ("-" if minus else "") if not text else (" - " if minus else " + ")
            text += sign + self.spell(box, LOOSE)
        return text

    def _fraction(self, box: Fraction) -> str:
        """2/N, 1/(2L) and (x - a)/‖x - a‖ in one piece, exp(x) / y with room around the bar."""
        top = self.spell(box.top, PRODUCT + isinstance(box.top, Fraction))
        bottom = self.spell(box.bottom, PRODUCT + 1)
        return f"{top}/{bottom}" if _tight(box) else f"{top} / {bottom}"

    def _exponent(self, box: Box) -> str:
        if isinstance(box, Number) and show_number(box.value).lstrip("-").isdigit():
            return show_number(box.value).translate(_SUPERSCRIPTS)
        return "^" + self.spell(box, ATOM)


def _tight(box: Fraction) -> bool:
    """Whether a fraction is one factor to the eye: 2/N, a_i/(2L), (x - a)/‖x - a‖."""
    below = box.bottom.factors if isinstance(box.bottom, Product) else (box.bottom,)
    return all(map(_one_piece, (box.top, *below)))


def _one_piece(box: Box) -> bool:
    """Whether a box is a name, a number, a length, a sum in brackets, or a power of such."""
    if isinstance(box, Power):
        return _one_piece(box.base) and isinstance(box.exponent, Number)
    return isinstance(box, (Symbol, Terms)) or _digits(box) or (isinstance(box, Function) and box.text == "‖{0}‖")


def _digits(box: Box) -> bool:
    return isinstance(box, Number) and show_number(box.value).isdigit()


def _run(letters: Sequence[str]) -> str:
    """Letters in a row: ij, or i1,j where one is longer."""
    return ("" if all(len(c) == 1 for c in letters) else ",").join(letters)


def prime(order: int) -> str:
    """The primes of a derivative: f″."""
    return ("", "′", "″", "‴")[order] if order < 4 else f"⁽{order}⁾"
