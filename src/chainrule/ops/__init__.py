"""The operations, a family a file. Importing this package fills the registry."""

from . import (
    activations,
    arithmetic,
    einsum,
    index,
    linalg,
    linear,
    random,
    reduce,
    scan,
    select,
    shape,
    symbol,
    transcendental,
    windows,
)

__all__ = [
    "activations",
    "arithmetic",
    "einsum",
    "index",
    "linalg",
    "linear",
    "random",
    "reduce",
    "scan",
    "select",
    "shape",
    "symbol",
    "transcendental",
    "windows",
]
