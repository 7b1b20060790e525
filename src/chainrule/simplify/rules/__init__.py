"""The rules as data, a phase a file."""

from . import choice, collect, factor, layout, simplex, spell, stable, tidy

__all__ = ["choice", "collect", "factor", "layout", "simplex", "spell", "stable", "tidy"]
