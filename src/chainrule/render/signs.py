"""The legend of the signs that occur in a telling: what a reader may not know, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass

from .beside import needs_signs
from .boxes import (
    At,
    Big,
    Box,
    Call,
    Cases,
    Elided,
    Entries,
    Function,
    Hadamard,
    Kronecker,
    MatrixProduct,
    Number,
    Partial,
    Spread,
    Symbol,
    Transposed,
)

_A, _B, _C, _I, _J = (Symbol(name) for name in ("a", "b", "c", "i", "j"))
_Z = Symbol("z")
_WITH_SIGN = Function("A @ B", r"A\,B", ())


@dataclass(frozen=True)
class Sign:
    """A sign, shown by an example, and what it means. ``only`` is the one notation that has it, if it is but one."""

    example: Box
    meaning: str
    only: str = ""


SIGNS: dict[str, Sign] = {
    "partial": Sign(Partial(_A, _B), "the derivative of a by b: how a changes with b alone"),
    "sum": Sign(Big("Σ", r"\sum", (_I,), Symbol("a", (_I,))), "the sum over all i"),
    "total": Sign(Big("Σ", r"\sum", (), _A), "the sum of all entries of a"),
    "product": Sign(MatrixProduct((Symbol("A"), Symbol("B"))), "the product of matrices"),
    "at": Sign(_WITH_SIGN, "the product of matrices", "text"),
    "hadamard": Sign(Hadamard((_A, _B)), "the product entry by entry"),
    "transposed": Sign(Transposed(Symbol("A")), "A with rows and columns exchanged"),
    "inverse": Sign(Function("{0}⁻¹", "{0}^{-1}", (Symbol("A"),)), "the inverse of A: A⁻¹A is the identity"),
    "inverse transposed": Sign(Function("{0}⁻ᵀ", r"{0}^{-\top}", (Symbol("A"),)), "the inverse of A, transposed"),
    "kronecker": Sign(Kronecker(_I, _J), "1 where i and j agree, 0 elsewhere"),
    "slope": Sign(Call("f", (_Z,), 1), "the slope of f at z"),
    "condition": Sign(Function("[a > 0]", "[a > 0]", ()), "1 where the condition holds, 0 elsewhere"),
    "cases": Sign(Cases(Function("a > 0", "a > 0", ()), _B, _C), "b where the condition holds, c elsewhere", "text"),
    "column": Sign(Spread(_A, (False, True)), "a as a column, repeated along a new axis"),
    "entry": Sign(At(_A, (_I,)), "the part of a at place i"),
    "entries": Sign(Entries(Symbol("a", (_I,)), (_I,)), "the array whose entries are those in brackets"),
    "trace": Sign(Call("tr", (Symbol("A"),)), "the trace: the sum of the diagonal"),
    "softmax": Sign(Call("softmax", (_A,)), "exp of a, divided by the sum of that along the last axis"),
    "onehot": Sign(Call("onehot", (_Z,)), "a row for each entry of z: 1 in the place that it names, 0 elsewhere"),
    "sigmoid": Sign(Function("σ({0})", r"\sigma\left({0}\right)", (_Z,)), "1/(1 + exp(−z)), the logistic function"),
    "relu": Sign(
        Function("relu({0})", r"\operatorname{relu}\left({0}\right)", (_Z,)), "z where it is positive, 0 elsewhere"
    ),
    "softplus": Sign(Function("softplus({0})", r"\operatorname{softplus}\left({0}\right)", (_Z,)), "log(1 + exp(z))"),
    "clip": Sign(
        Function("clip({0}, {1}, {2})", r"\operatorname{clip}\left({0}, {1}, {2}\right)", (_A, _B, _C)),
        "a, but b where it is less than b, and c where it is more than c",
    ),
    "norm": Sign(Function("‖{0}‖", r"\left\lVert {0} \right\rVert", (_A,)), "the length of a, √(a₁² + a₂² + …)"),
    "elided": Sign(Elided(), "what is left out, for the formula would be too long to be read"),
}
"""Every sign that is explained, by a name of ours."""

_FUNCTIONS = {
    "σ": "sigmoid",
    "relu": "relu",
    "softplus": "softplus",
    "clip": "clip",
    "‖": "norm",
    "[": "condition",
    "{0}⁻¹": "inverse",
    "{0}⁻ᵀ": "inverse transposed",
}


def signs_in(boxes: Iterable[Box], notation: str) -> list[Sign]:
    """The signs that occur in formulas, as a notation has them."""
    found = {name for box in boxes for part in _parts(box) for name in _signs(part, notation)}
    return [sign for name, sign in SIGNS.items() if name in found and sign.only in ("", notation)]


def _parts(box: Box) -> Iterator[Box]:
    """A box and everything inside of it."""
    stack: list[object] = [box]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            stack.extend(part)
        elif is_dataclass(part):
            yield part  # type: ignore[misc]  # a box is the one kind of dataclass in a box
            stack.extend(getattr(part, field.name) for field in fields(part))


def _signs(box: Box, notation: str) -> Iterator[str]:
    """The names of the signs that a box brings along, without those inside of it."""
    match box:
        case Partial():
            yield "partial"
        case Big(text="Σ", letters=letters):
            yield "sum" if letters else "total"
        case MatrixProduct(factors):
            yield "at" if notation == "text" and needs_signs(factors) else "product"
        case Hadamard():
            yield "hadamard"
        case Transposed():
            yield "transposed"
        case Kronecker():
            yield "kronecker"
        case Call(name, _, primes):
            if primes:
                yield "slope"
            yield {"tr": "trace"}.get(name, name)
        case Function(text):
            yield from (name for start, name in _FUNCTIONS.items() if text.startswith(start))
        case Cases():
            yield "cases"
        case Spread(_, (False, True)):
            yield "column"
        case At(_, places) if not all(isinstance(place, Number) for place in places):
            yield "entry"
        case Entries():
            yield "entries"
        case Elided():
            yield "elided"
