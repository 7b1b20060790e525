"""Formulas in MathML, which browsers draw without scripts or fonts of ours. Every box is one element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..ir.templates import ATOM, fill
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
from .names import escape_xml, parse_name, show_number
from .notation import ARRAYS, LOOSE, OPERATOR, Notation, is_word
from .text import prime

TIMES, APPLY = "<mo>\u2062</mo>", "<mo>\u2061</mo>"
"""Invisible signs: of a product, of a function applied to what follows."""
_GAP = TIMES + '<mspace width="0.167em"/>'
_ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~", "dot": "˙"}
_SIGNS = {"-": "−", "Σ": "∑", "*": "·"}
_OPERAND = 0xE000
"""Operands stand in a template as characters of Unicode's private area until the template is taken apart."""
_TOKENS = re.compile(r"[\ue000-\uf8ff]|[^\W\d_]\w*[′″‴]*|\d+(?:\.\d+)?|\S")


class MathML(Notation):
    """Prints boxes as MathML elements."""

    def bracket(self, text: str) -> str:
        return _fenced("(", text, ")")

    def template(self, box: Function) -> str:
        return box.text

    def spread(self, box: Spread) -> int:
        return ARRAYS if box.new == (False, True) else ATOM

    def write(self, box: Box) -> str:
        match box:
            case Number(value):
                return _number(value)
            case Symbol(name, indices):
                return self._symbol(name, [self.write(i) for i in indices])
            case Listing(values):
                return _fenced("[", _commas(map(_number, values)), "]")
            case Terms(terms):
                return self._terms(terms)
            case Negative(body):
                return _row(_mo("−"), self.spell(body, LOOSE))
            case Product(factors):
                return _side_by_side(self.factors(factors))
            case Hadamard(factors):
                return _row(_mo("⊙").join(self.arrays(factors, Hadamard)))
            case MatrixProduct(factors):
                return _row(_GAP.join(self.arrays(factors, MatrixProduct)))
            case Fraction(top, bottom):
                return f"<mfrac>{self.write(top)}{self.write(bottom)}</mfrac>"
            case Power(base, exponent):
                return f"<msup>{self.spell(base, ATOM)}{self.write(exponent)}</msup>"
            case Root(body):
                return f"<msqrt>{self.write(body)}</msqrt>"
            case Exponential(body):
                return f"<msup><mi>e</mi>{self.write(body)}</msup>"
            case Transposed(body):
                return f"<msup>{self.spell(body, ATOM)}{_mo('⊤')}</msup>"
            case Function():
                return self._function(box)
            case _:
                return self._array(box)

    def _array(self, box: Box) -> str:
        """What is written about whole arrays, indices and derivatives."""
        match box:
            case Call(name, operands, primes, subscript):
                head = self._symbol(name, [self.write(s) for s in subscript])
                if primes:
                    # Not raised: the sign is drawn high up already.
                    head = _row(head, _mo(prime(primes)))
                return _row(head, APPLY, self.bracket(_commas(map(self.write, operands))))
            case Big():
                return self._big(box)
            case Range(first, stop, step):
                ends = [str(first or ""), "" if stop is None else str(stop), *([str(step)] if step != 1 else [])]
                return _row(_mo(":").join(f"<mn>{e}</mn>" if e else "" for e in ends))
            case At(body, places):
                return self._at(body, [_mo(":") if p is None else self.write(p) for p in places])
            case Spread(body, (False, True)):
                return _row(self.spell(body, ATOM), _GAP, f"<msup><mn>1</mn>{_mo('⊤')}</msup>")
            case Spread(body, new):
                return self._at(body, [_mo("∗") if n else _mo(":") for n in new])
            case RowSums(body):
                return _row(
                    self.bracket(_row(self.write(body), _GAP, "<mn>1</mn>")), _GAP, f"<msup><mn>1</mn>{_mo('⊤')}</msup>"
                )
            case Entries(body, letters):
                return _sub(_fenced("[", self.write(body), "]"), [self.write(c) for c in letters])
            case Stacked(parts):
                return _fenced("[", _table([self.write(p)] for p in parts), "]")
            case Cases(condition, yes, no):
                rows = ((yes, "if\u00a0", self.write(condition)), (no, "otherwise", ""))
                table = _table([self.write(value), _row(f"<mtext>{word}</mtext>", c)] for value, word, c in rows)
                return _row(_mo("{"), table)
            case Kronecker(left, right):
                return _sub("<mi>δ</mi>", [self.write(left), self.write(right)])
            case Partial(top, bottom):
                return self._partial(top, _row(_mo("∂"), self.spell(bottom, ATOM)))
            case Elided():
                return _mo("…")
            case _:
                raise AssertionError(f"no case for {type(box).__name__}")

    def _symbol(self, name: str, indices: Sequence[str] = ()) -> str:
        """A name with the subscripts that it brings along, then its indices."""
        parts = parse_name(name)
        base = _mi(parts.base)
        if parts.accent:
            base = f'<mover accent="true">{base}{_mo(_ACCENTS[parts.accent])}</mover>'
        own = [f"<mn>{s}</mn>" if s.isdecimal() else self._symbol(s) for s in parts.subscripts]
        if parts.superscript:
            layer = f"<mn>{parts.superscript}</mn>" if parts.superscript.isdecimal() else _mi(parts.superscript)
            above = _row(_mo("("), layer, _mo(")"))
            below = _mo(",").join([*own, *([_run(indices)] if indices else [])])
            return f"<msubsup>{base}{_row(below)}{above}</msubsup>" if below else f"<msup>{base}{above}</msup>"
        if own and indices:
            return f"<msub>{base}{_row(_mo(',').join([*own, _run(indices)]))}</msub>"
        return _sub(base, own or indices)

    def _at(self, body: Box, places: Sequence[str]) -> str:
        if isinstance(body, Symbol) and not body.indices:
            return self._symbol(body.name, places)
        return _sub(self.spell(body, ATOM), places)

    def _terms(self, terms: Sequence[tuple[bool, Box]]) -> str:
        parts: list[str] = []
        for minus, box in terms:
            if minus or parts:
                parts.append(_mo("−" if minus else "+"))
            parts.append(self.spell(box, LOOSE))
        return _row(*parts)

    def _big(self, box: Big) -> str:
        *words, sign = box.text.split()
        operator = _mi(sign) if is_word(box) else _mo(_SIGNS.get(sign, sign))
        if box.letters:
            operator = f"<munder>{operator}{_row(_run([self.write(c) for c in box.letters]))}</munder>"
        head = "".join(_mi(w) + APPLY for w in words) + operator
        body = self.spell(box.body, OPERATOR)
        return _row(head, APPLY, self.bracket(self.write(box.body))) if is_word(box) else _row(head, body)

    def _partial(self, top: Box, below: str) -> str:
        d = _mo("∂")
        if isinstance(top, Symbol):
            return f"<mfrac>{_row(d, self.write(top))}{below}</mfrac>"
        return _row(f"<mfrac>{d}{below}</mfrac>", self.spell(top, ATOM))

    def _function(self, box: Function) -> str:
        """A function by its template for text, taken apart into names, numbers and signs."""
        stand_ins = [(chr(_OPERAND + i), self.level(o)) for i, o in enumerate(box.operands)]
        tokens: list[str] = _TOKENS.findall(fill(box.text, stand_ins)[0])
        parts: list[str] = []
        for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
            if ord(token[0]) >= _OPERAND and ord(token[0]) < _OPERAND + len(box.operands):
                parts.append(self.write(box.operands[ord(token) - _OPERAND]))
            elif token[0].isalpha():
                parts.append(_mi(token) + (APPLY if following == "(" else _GAP if following[:1].isalpha() else ""))
            elif token[0].isdigit():
                parts.append(f"<mn>{token}</mn>")
            else:
                parts.append(_mo(_SIGNS.get(token, token)))
        return _row(*parts)


def _mi(name: str) -> str:
    return f"<mi>{escape_xml(name)}</mi>"


def _mo(sign: str) -> str:
    return f"<mo>{escape_xml(sign)}</mo>"


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _fenced(left: str, inside: str, right: str) -> str:
    return _row(_mo(left), inside, _mo(right))


def _commas(parts: Iterable[str]) -> str:
    return _row(_mo(",").join(parts))


def _table(rows: Iterable[Sequence[str]]) -> str:
    cells = ("".join(f"<mtd>{cell}</mtd>" for cell in row) for row in rows)
    return f"<mtable>{''.join(f'<mtr>{row}</mtr>' for row in cells)}</mtable>"


def _number(value: float) -> str:
    """A number; a minus sign and a power of ten are drawn as such."""
    text = show_number(value)
    minus, digits = text.startswith("-"), text.removeprefix("-")
    mantissa, e, exponent = digits.partition("e")
    if e and exponent:
        power = f"<msup><mn>10</mn>{_number(int(exponent))}</msup>"
        body = power if mantissa == "1" else _row(f"<mn>{mantissa}</mn>", _mo("·"), power)
    else:
        body = f"<mn>{digits}</mn>" if digits[0].isdigit() else _mi(digits)
    return _row(_mo("−"), body) if minus else body


def _run(parts: Sequence[str]) -> str:
    """Indices in a row, with commas where one is longer than a letter."""
    short = all(re.fullmatch(r"<m[in]>\w</m[in]>", p) for p in parts)
    return ("" if short else _mo(",")).join(parts)


def _sub(base: str, parts: Sequence[str]) -> str:
    if not parts:
        return base
    return f"<msub>{base}{parts[0] if len(parts) == 1 else _row(_run(parts))}</msub>"


def _side_by_side(factors: Sequence[str]) -> str:
    """Factors with a gap between, and a dot where two numbers would run together."""
    text = factors[0]
    for factor in factors[1:]:
        text += (_mo("·") if re.match(r"(<mrow>|<mfrac>|<msup>)*<mn>", factor) else _GAP) + factor
    return _row(text)
