"""The syntax tree of a formula as people write it: `notation` makes it, `index_notation` makes graphs of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Num:
    """A number."""

    value: float


@dataclass(frozen=True)
class Sym:
    """A name with its indices, or without."""

    name: str
    indices: tuple[Index, ...] | None = None


@dataclass(frozen=True)
class Apply:
    """A function of operands: ``tanh(z_k)``, ``f″(z)``, ``where(a > 0, b, c)``."""

    name: str
    primes: int
    args: tuple[Tree, ...]


@dataclass(frozen=True)
class Sum:
    """Σ over letters of what stands behind it; over all entries where there are no letters."""

    letters: tuple[str, ...]
    body: Tree
    kind: str = "sum"


@dataclass(frozen=True)
class Pair:
    """Two operands and what stands between: + - * / ^ @ ⊙ or a comparison."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class At:
    """An entry of an expression: ``(a b)[n]``."""

    body: Tree
    indices: tuple[Index, ...]


@dataclass(frozen=True)
class Neg:
    """Minus in front."""

    body: Tree


@dataclass(frozen=True)
class Turned:
    """A transpose."""

    body: Tree


@dataclass(frozen=True)
class Part:
    """∂top/∂bottom."""

    top: Tree
    bottom: Tree


Tree: TypeAlias = Num | Sym | Apply | Sum | Pair | At | Neg | Turned | Part

Index: TypeAlias = str | int | Sym
"""A letter that stands for every place of an axis, one place of it, or an entry that names a place (``y_n``)."""
