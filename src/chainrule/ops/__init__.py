"""The operations, a family a file. Importing this package fills the registry."""

from . import activations, arithmetic, einsum, index, linear, reduce, select, shape, symbol, transcendental

__all__ = [
    "activations",
    "arithmetic",
    "einsum",
    "index",
    "linear",
    "reduce",
    "select",
    "shape",
    "symbol",
    "transcendental",
]
