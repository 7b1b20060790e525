"""Formulas in LaTeX, as MathJax, KaTeX and amsmath read it."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.templates import ATOM, POWER, PRODUCT
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
from .names import MACROS, escape_latex, parse_name, show_number
from .notation import ARRAYS, LOOSE, OPERATOR, Notation, is_word

ONES = r"\mathbf{1}"
"""A column of ones."""

_FUNCTIONS = {"log", "exp", "max", "min"}


class Latex(Notation):
    """Prints boxes as LaTeX."""

    def bracket(self, text: str) -> str:
        return rf"\left({text}\right)"

    def template(self, box: Function) -> str:
        return box.latex

    def spread(self, box: Spread) -> int:
        return ARRAYS if box.new == (False, True) else ATOM

    def level(self, box: Box) -> int:
        if isinstance(box, Number) and "10^" in (text := _number(box.value)) and box.value > 0:
            return PRODUCT if r"\cdot" in text else POWER
        return super().level(box)

    def write(self, box: Box) -> str:
        match box:
            case Number(value):
                return _number(value)
            case Symbol(name, indices):
                return self._symbol(name, [self.write(i) for i in indices])
            case Listing(values):
                return rf"\left[{', '.join(map(_number, values))}\right]"
            case Terms(terms):
                return self._terms(terms)
            case Negative(body):
                return "-" + self.spell(body, LOOSE)
            case Product(factors):
                return _side_by_side(self.factors(factors))
            case Hadamard(factors):
                return r" \odot ".join(self.arrays(factors, Hadamard))
            case MatrixProduct(factors):
                return r"\,".join(self.arrays(factors, MatrixProduct))
            case Fraction(top, bottom):
                return rf"\frac{{{self.write(top)}}}{{{self.write(bottom)}}}"
            case Power(base, exponent):
                return f"{self.spell(base, ATOM)}^{_group(self.write(exponent))}"
            case Root(body):
                return rf"\sqrt{{{self.write(body)}}}"
            case Exponential(body):
                return f"e^{_group(self.write(body))}"
            case Transposed(body):
                return rf"{self.spell(body, ATOM)}^{{\top}}"
            case Function():
                return self.filled(box)
            case _:
                return self._array(box)

    def _array(self, box: Box) -> str:
        """What is written about whole arrays, indices and derivatives."""
        match box:
            case Call(name, operands, primes, subscript):
                head = _function_name(name) + _primes(primes) + _subscript([self.write(s) for s in subscript])
                return head + self.bracket(self._list(operands))
            case Big(_, operator, letters, body):
                head = operator + _subscript([self.write(c) for c in letters])
                return head + (self.bracket(self.write(body)) if is_word(box) else " " + self.spell(body, OPERATOR))
            case Range(first, stop, step):
                return f"{first or ''}:{'' if stop is None else stop}" + (f":{step}" if step != 1 else "")
            case At(body, places):
                return self._at(body, [":" if p is None else self.write(p) for p in places])
            case Spread(body, (False, True)):
                # A column repeated: v times a row of ones.
                return rf"{self.spell(body, ATOM)}\,{ONES}^{{\top}}"
            case Spread(body, new):
                return self._at(body, [r"\ast" if n else ":" for n in new])
            case RowSums(body):
                return rf"{self.bracket(self.write(body) + ONES)}\,{ONES}^{{\top}}"
            case Entries(body, letters):
                return rf"\left[{self.write(body)}\right]" + _subscript([self.write(c) for c in letters])
            case Stacked(parts):
                return r"\begin{bmatrix} " + r" \\ ".join(map(self.write, parts)) + r" \end{bmatrix}"
            case Cases(condition, yes, no):
                rows = rf"{self.write(yes)} & \text{{if }} {self.write(condition)} \\ {self.write(no)}"
                return rf"\begin{{cases}} {rows} & \text{{otherwise}} \end{{cases}}"
            case Kronecker(left, right):
                return r"\delta" + _subscript([self.write(left), self.write(right)])
            case Partial(Symbol() as top, bottom):
                return rf"\frac{{\partial {self.write(top)}}}{{\partial {self.spell(bottom, ATOM)}}}"
            case Partial(top, bottom):
                return rf"\frac{{\partial}}{{\partial {self.spell(bottom, ATOM)}}} {self.spell(top, ATOM)}"
            case Elided():
                return r"\dots"
            case _:
                raise AssertionError(f"no case for {type(box).__name__}")

    def _symbol(self, name: str, indices: Sequence[str]) -> str:
        """A name with the subscripts that it brings along, then its indices: W_{1,kd}."""
        parts = parse_name(name)
        base = _word(parts.base)
        if parts.accent:
            base = rf"\{parts.accent}{{{base}}}"
        own = [_word(s) for s in parts.subscripts]
        if parts.superscript:
            # In a group of its own: LaTeX takes one superscript only, and the whole may stand transposed.
            below = ",".join([*own, *([_run(indices)] if indices else [])])
            return f"{{{base}^{{({parts.superscript})}}{'_' + _group(below) if below else ''}}}"
        if not (own and indices):
            return base + _subscript(own or indices)
        return f"{base}_{{{','.join([*own, _run(indices)])}}}"

    def _at(self, body: Box, places: Sequence[str]) -> str:
        """An entry, a row, a column: p_{n,:}."""
        if isinstance(body, Symbol) and not body.indices:
            return self._symbol(body.name, places)
        # LaTeX takes one subscript only.
        indexed = isinstance(body, (At, Spread, Entries, Kronecker, Symbol))
        return self.spell(body, ATOM + indexed) + _subscript(places)

    def _list(self, boxes: Sequence[Box]) -> str:
        return ", ".join(map(self.write, boxes))

    def _terms(self, terms: Sequence[tuple[bool, Box]]) -> str:
        text = ""
        for minus, box in terms:
            sign = ("-" if minus else "") if not text else (" - " if minus else " + ")
            text += sign + self.spell(box, LOOSE)
        return text


def _number(value: float) -> str:
    """A number, with a power of ten in place of an e."""
    mantissa, e, exponent = show_number(value).partition("e")
    if not mantissa.strip("-").replace(".", "").isdigit():
        return {"∞": r"\infty", "-∞": r"-\infty"}.get(mantissa + e + exponent, rf"\mathrm{{{mantissa + e + exponent}}}")
    if not e:
        return mantissa
    power = rf"10^{{{int(exponent)}}}"
    return mantissa.removesuffix("1") + power if mantissa in ("1", "-1") else rf"{mantissa} \cdot {power}"


def _word(word: str) -> str:
    """One letter as it is, a Greek one by its command, a longer word upright."""
    if word in MACROS:
        return MACROS[word]
    escaped = escape_latex(word)
    return escaped if len(word) == 1 or word.isdigit() else rf"\mathrm{{{escaped}}}"


def _function_name(name: str) -> str:
    base = _word(parse_name(name).base)
    if name in _FUNCTIONS:
        return rf"\{name}"
    return Latex().write(Symbol(name)) if not base.startswith(r"\mathrm") else rf"\operatorname{{{escape_latex(name)}}}"


def _primes(order: int) -> str:
    return "'" * order if order < 4 else f"^{{({order})}}"


def _group(text: str) -> str:
    """An exponent or a subscript; a single sign needs no braces."""
    return text if len(text) == 1 else f"{{{text}}}"


def _run(parts: Sequence[str]) -> str:
    """Indices in a row: kd, or n,y_n where one is longer than a letter."""
    return ("" if all(len(p) == 1 and p.isalnum() for p in parts) else ",").join(parts)


def _subscript(parts: Sequence[str]) -> str:
    return f"_{_group(_run(parts))}" if parts else ""


def _side_by_side(factors: Sequence[str]) -> str:
    """Factors with a thin space between, and a dot where two numbers would run together."""
    text = factors[0]
    for factor in factors[1:]:
        text += (r" \cdot " if factor[0].isdigit() else r"\,") + factor
    return text
