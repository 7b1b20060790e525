"""The display boxes: what a formula is made of on paper, before any notation spells it.

A reading (matrix, components) makes them from nodes; a notation (text, latex, mathml) prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float | int | bool


@dataclass(frozen=True)
class Symbol:
    """A name, with its indices in the components reading: W_kd. ``size`` marks a dimension: the N of 1/N."""

    name: str
    indices: tuple[Box, ...] = ()
    size: bool = False


@dataclass(frozen=True)
class Listing:
    """A short row of numbers, spelled out: [0, 0, 1]."""

    values: tuple[float | int | bool, ...]


@dataclass(frozen=True)
class Terms:
    """A sum a + b − c: (is it subtracted, the term)."""

    terms: tuple[tuple[bool, Box], ...]


@dataclass(frozen=True)
class Negative:
    """−a."""

    body: Box


@dataclass(frozen=True)
class Product:
    """Factors side by side: numbers multiplied, a number times an array."""

    factors: tuple[Box, ...]


@dataclass(frozen=True)
class Hadamard:
    """Arrays multiplied entry by entry: a ⊙ b."""

    factors: tuple[Box, ...]


@dataclass(frozen=True)
class MatrixProduct:
    """x @ w."""

    factors: tuple[Box, ...]


@dataclass(frozen=True)
class Fraction:
    """a / b."""

    top: Box
    bottom: Box


@dataclass(frozen=True)
class Power:
    """a^b."""

    base: Box
    exponent: Box


@dataclass(frozen=True)
class Root:
    """√a."""

    body: Box


@dataclass(frozen=True)
class Exponential:
    """eᵃ."""

    body: Box


@dataclass(frozen=True)
class Transposed:
    """aᵀ."""

    body: Box


@dataclass(frozen=True)
class Function:
    """An operation spelled by the templates of its record, with {0}, {1}, … for the operands."""

    text: str
    latex: str
    operands: tuple[Box, ...]


@dataclass(frozen=True)
class Call:
    """A named function: tr(a), f′(z); ``subscript`` says along which axes or letters."""

    name: str
    operands: tuple[Box, ...]
    primes: int = 0
    subscript: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Big:
    """Σ_n a, ∏_k a, max_k(a): an operator, spelled in text and in LaTeX, that runs over some letters."""

    text: str
    latex: str
    letters: tuple[Box, ...]
    body: Box


@dataclass(frozen=True)
class Range:
    """Evenly spaced places of one axis, as a slice writes them: 1:3."""

    first: int
    stop: int | None
    step: int


@dataclass(frozen=True)
class At:
    """Some entries of an array: d[n], p[:, k]; None is a whole axis."""

    body: Box
    places: tuple[Box | None, ...]


@dataclass(frozen=True)
class Spread:
    """An array that is constant along new axes: v[:, None]; ``new`` says which axes those are."""

    body: Box
    new: tuple[bool, ...]


@dataclass(frozen=True)
class RowSums:
    """The matrix of which each entry is the sum of its row of Y: (Y1)1ᵀ, 1 being a column of ones."""

    body: Symbol


@dataclass(frozen=True)
class Entries:
    """The array whose entries are given by a formula in letters: [Σ_k a_ik b_k]_i."""

    body: Box
    letters: tuple[Box, ...]


@dataclass(frozen=True)
class Stacked:
    """Arrays under each other: [a; b]."""

    parts: tuple[Box, ...]


@dataclass(frozen=True)
class Cases:
    """One formula where a condition holds, another elsewhere."""

    condition: Box
    yes: Box
    no: Box


@dataclass(frozen=True)
class Kronecker:
    """δ_ij."""

    left: Box
    right: Box


@dataclass(frozen=True)
class Partial:
    """∂f/∂w."""

    top: Box
    bottom: Box


@dataclass(frozen=True)
class Elided:
    """What is left out of a formula too long to be read: …"""


Box: TypeAlias = (
    Number
    | Symbol
    | Listing
    | Terms
    | Negative
    | Product
    | Hadamard
    | MatrixProduct
    | Fraction
    | Power
    | Root
    | Exponential
    | Transposed
    | Function
    | Call
    | Big
    | Range
    | At
    | Spread
    | RowSums
    | Entries
    | Stacked
    | Cases
    | Kronecker
    | Partial
    | Elided
)
