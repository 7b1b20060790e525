"""Functions of arrays, taken through the graph: values and both modes of derivatives, as the interpreter sees them."""

from __future__ import annotations

from chainrule.testing.traced import Traced, random_like

__all__ = ["Traced", "random_like"]
