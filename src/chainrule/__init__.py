"""chainrule: write a loss in a few NumPy-like lines, and get its gradient derived, explained, checked and run."""

from .pipeline import function, source
from .transforms import grad, hessian, hvp, jvp, value_and_grad, vjp
from .transforms import jacobian_of as jacobian
from .ops.activations import relu

__version__ = "0.1.0"
