"""The rules as data, a phase a file."""

from . import factor, layout, stable, tidy

__all__ = ["factor", "layout", "stable", "tidy"]
