"""Is a gradient right? Numeric differences with an error estimate, kinks told apart from mistakes."""

from .numeric import Checked, Report, compare

__all__ = ["Checked", "Report", "compare"]
