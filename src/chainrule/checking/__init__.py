"""`cr.check` for somebody's own gradient, and `cr.check_steps` for a derivation: both are asked, and explained."""

from .report import diagnose

__all__ = ["diagnose"]
