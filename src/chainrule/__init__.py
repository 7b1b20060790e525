"""chainrule: write a loss in a few NumPy-like lines, and get its gradient derived, explained, checked and run.

A loss with three things to ask of it:

    import numpy as np, chainrule as cr

    @cr.function(x="N d", y="N", w="d")
    def loss(x, y, w):
        return ((x @ w - y) ** 2).sum() / x.shape[0]

    cr.grad(loss, "w")(x, y, w)         # numbers
    print(cr.source(loss, wrt="w"))     # NumPy that runs without chainrule
    print(cr.derive(loss, "w"))         # the derivation, verified
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .frontend import library as _library
from .frontend.initialise import initialiser
from .frontend.library import *
from .frontend.names import name
from .ir.errors import ArgumentError, ChainruleError, DerivativeError, ShapeError, TraceError
from .ir.records import Elementwise, Interval, Reduction
from .ir.registry import register, unregister
from .ir.whole import Whole
from .ops import activations as _activations
from .ops import arithmetic as _arithmetic
from .ops import circular as _circular
from .ops import compare as _compare
from .ops import einsum as _einsum
from .ops import exponential as _exponential
from .ops import hyperbolic as _hyperbolic
from .ops import index as _index
from .ops import linalg as _linalg
from .ops import linear as _linear
from .ops import normal as _normal
from .ops import order as _order
from .ops import padding as _padding
from .ops import piecewise as _piecewise
from .ops import random as _random
from .ops import rearrange as _rearrange
from .ops import reduce as _reduce
from .ops import robust as _robust
from .ops import roots as _roots
from .ops import rounding as _rounding
from .ops import scan as _scan
from .ops import select as _select
from .ops import shape as _shape
from .ops import smooth as _smooth
from .ops import solve as _solve
from .ops import sort as _sort
from .ops import special as _special
from .ops import statistics as _statistics
from .ops import symbol as _symbol
from .ops import transcendental as _transcendental
from .ops import windows as _windows
from .ops.activations import *
from .ops.arithmetic import *
from .ops.circular import *
from .ops.compare import *
from .ops.einsum import *
from .ops.exponential import *
from .ops.hyperbolic import *
from .ops.index import *
from .ops.linalg import *
from .ops.linear import *
from .ops.normal import *
from .ops.order import *
from .ops.padding import *
from .ops.piecewise import *
from .ops.random import *
from .ops.rearrange import *
from .ops.reduce import *
from .ops.robust import *
from .ops.roots import *
from .ops.rounding import *
from .ops.scan import *
from .ops.select import *
from .ops.shape import *
from .ops.smooth import *
from .ops.solve import *
from .ops.sort import *
from .ops.special import *
from .ops.statistics import *
from .ops.symbol import *
from .ops.transcendental import *
from .ops.windows import *
from .picture import picture
from .pipeline import function, parse
from .tell import check, source
from .transforms import grad, hessian, hvp, jvp, value_and_grad, vjp
from .transforms import jacobian_of as jacobian

if TYPE_CHECKING:
    from .derivation import ClosedForm, Derivation, derive
    from .explain.glossary import glossary
    from .native import compile
    from .checking.steps import check_steps
    from .train import networks, schedules
    from .train.loop import train
    from .train.optimisers import adagrad, adam, adamw, gradient_descent, momentum, nesterov, rmsprop, sgd
    from .train.run import Run, load

__version__ = "0.1.0"

_ON_USE = {
    "adagrad": "train.optimisers",
    "adam": "train.optimisers",
    "adamw": "train.optimisers",
    "check_steps": "checking.steps",
    "ClosedForm": "derivation",
    "Derivation": "derivation",
    "compile": "native",
    "derive": "derivation",
    "glossary": "explain.glossary",
    "gradient_descent": "train.optimisers",
    "load": "train.run",
    "momentum": "train.optimisers",
    "nesterov": "train.optimisers",
    "networks": "train",
    "rmsprop": "train.optimisers",
    "Run": "train.run",
    "schedules": "train",
    "sgd": "train.optimisers",
    "testing": "testing",
    "train": "train.loop",
}
"""What is imported when it is first asked for, so that `import chainrule` stays quick."""

__all__ = [
    "ArgumentError",
    "ChainruleError",
    "ClosedForm",
    "Derivation",
    "DerivativeError",
    "Elementwise",
    "Interval",
    "Reduction",
    "Run",
    "ShapeError",
    "TraceError",
    "Whole",
    "adagrad",
    "adam",
    "adamw",
    "check",
    "check_steps",
    "compile",
    "derive",
    "function",
    "glossary",
    "grad",
    "gradient_descent",
    "hessian",
    "hvp",
    "initialiser",
    "jacobian",
    "jvp",
    "load",
    "momentum",
    "name",
    "nesterov",
    "networks",
    "parse",
    "picture",
    "register",
    "rmsprop",
    "schedules",
    "sgd",
    "source",
    "testing",
    "train",
    "unregister",
    "value_and_grad",
    "vjp",
]
__all__ += _activations.__all__
__all__ += _arithmetic.__all__
__all__ += _circular.__all__
__all__ += _compare.__all__
__all__ += _einsum.__all__
__all__ += _exponential.__all__
__all__ += _hyperbolic.__all__
__all__ += _index.__all__
__all__ += _library.__all__
__all__ += _linalg.__all__
__all__ += _linear.__all__
__all__ += _normal.__all__
__all__ += _order.__all__
__all__ += _padding.__all__
__all__ += _piecewise.__all__
__all__ += _random.__all__
__all__ += _rearrange.__all__
__all__ += _reduce.__all__
__all__ += _robust.__all__
__all__ += _roots.__all__
__all__ += _rounding.__all__
__all__ += _scan.__all__
__all__ += _select.__all__
__all__ += _shape.__all__
__all__ += _smooth.__all__
__all__ += _solve.__all__
__all__ += _sort.__all__
__all__ += _special.__all__
__all__ += _statistics.__all__
__all__ += _symbol.__all__
__all__ += _transcendental.__all__
__all__ += _windows.__all__


def __getattr__(attribute: str) -> Any:
    module = _ON_USE.get(attribute)
    if module is None:
        raise AttributeError(f"module 'chainrule' has no attribute {attribute!r}")
    value = importlib.import_module(f"{__name__}.{module}")
    if module != attribute:
        value = getattr(value, attribute)
    globals()[attribute] = value
    return value


class _Package(ModuleType):
    """The package as a module that keeps cr.train, cr.check and cr.derive what they are: functions, not rooms.

    Python binds a subpackage to its name in the package when it is first imported.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in ("check", "derive", "train")):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
# The room of that name, which importing the pipeline has bound already.
globals().pop("derive", None)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_USE})
