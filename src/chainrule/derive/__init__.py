"""The chain rule, graph → graph, in two directions. Both read the same records."""

from .forward import forward, jacobian, tangent
from .reverse import Cotangents, reverse

__all__ = ["Cotangents", "forward", "jacobian", "reverse", "tangent"]
