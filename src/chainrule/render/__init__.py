"""How an expression looks: text, LaTeX, MathML. Reads nodes, computes no mathematics."""

from .formula import NotationName, Reading, equation, shape_comment, show
from .letters import Letters

__all__ = ["Letters", "NotationName", "Reading", "equation", "shape_comment", "show"]
