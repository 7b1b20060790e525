"""The rules as data, a phase a file."""

from . import choice, collect, factor, layout, library, products, simplex, spell, stable, symmetric, tidy, units

__all__ = [
    "choice",
    "collect",
    "factor",
    "layout",
    "library",
    "products",
    "simplex",
    "spell",
    "stable",
    "symmetric",
    "tidy",
    "units",
]
