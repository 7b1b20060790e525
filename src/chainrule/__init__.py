"""chainrule: write a loss in a few NumPy-like lines, and get its gradient derived, explained, checked and run.

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

from .frontend.initialise import initialiser
from .frontend.library import (
    activation,
    binary_cross_entropy,
    cross_entropy,
    dense,
    log_softmax,
    mse,
    one_hot,
    softmax,
)
from .frontend.names import name
from .ir.errors import ArgumentError, ChainruleError, DerivativeError, ShapeError, TraceError
from .ir.records import Elementwise, Interval, Reduction
from .ir.registry import register, unregister
from .ops.activations import log_sigmoid, relu, sigmoid, softplus
from .ops.arithmetic import add, div, mul, neg, sub
from .ops.arithmetic import pow_ as pow  # noqa: A004
from .ops.index import pick, scatter_add, take
from .ops.linear import (
    broadcast_to,
    diagonal,
    dot,
    einsum,
    eye,
    inner,
    matmul,
    mean,
    moveaxis,
    outer,
    sum,  # noqa: A004
    swapaxes,
    trace,
    transpose,
)
from .ops.reduce import logsumexp, max, min, norm, prod  # noqa: A004
from .ops.select import abs_ as abs  # noqa: A004
from .ops.select import clip, equal, greater, greater_equal, less, less_equal, maximum, minimum, not_equal
from .ops.select import sign, stop_gradient, where
from .ops.shape import concatenate, expand_dims, flip, pad, ravel, reshape, square, squeeze, stack
from .ops.symbol import symbol
from .ops.transcendental import cos, exp, log, sin, sqrt, tan, tanh, xlogy
from .pipeline import derive, function, parse, source
from .transforms import check, grad, hessian, hvp, jvp, value_and_grad, vjp
from .transforms import jacobian_of as jacobian

if TYPE_CHECKING:
    from .train import networks
    from .train.loop import train
    from .train.optimisers import adam, gradient_descent, momentum, sgd
    from .train.run import Run, load

__version__ = "0.1.0"

_ON_USE = {
    "adam": "train.optimisers",
    "gradient_descent": "train.optimisers",
    "load": "train.run",
    "momentum": "train.optimisers",
    "networks": "train",
    "Run": "train.run",
    "sgd": "train.optimisers",
    "train": "train.loop",
}
"""What is imported when it is first asked for, so that `import chainrule` stays quick."""

__all__ = [
    "ArgumentError",
    "ChainruleError",
    "DerivativeError",
    "Elementwise",
    "Interval",
    "Reduction",
    "Run",
    "ShapeError",
    "TraceError",
    "abs",
    "activation",
    "adam",
    "add",
    "binary_cross_entropy",
    "broadcast_to",
    "check",
    "clip",
    "concatenate",
    "cos",
    "cross_entropy",
    "dense",
    "derive",
    "diagonal",
    "div",
    "dot",
    "einsum",
    "equal",
    "exp",
    "expand_dims",
    "eye",
    "flip",
    "function",
    "grad",
    "gradient_descent",
    "greater",
    "greater_equal",
    "hessian",
    "hvp",
    "initialiser",
    "inner",
    "jacobian",
    "jvp",
    "less",
    "less_equal",
    "load",
    "log",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "momentum",
    "moveaxis",
    "mse",
    "mul",
    "name",
    "neg",
    "networks",
    "norm",
    "not_equal",
    "one_hot",
    "outer",
    "pad",
    "parse",
    "pick",
    "pow",
    "prod",
    "ravel",
    "register",
    "relu",
    "reshape",
    "scatter_add",
    "sgd",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "source",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "sub",
    "sum",
    "swapaxes",
    "symbol",
    "take",
    "tan",
    "tanh",
    "trace",
    "train",
    "transpose",
    "unregister",
    "value_and_grad",
    "vjp",
    "where",
    "xlogy",
]


def __getattr__(attribute: str) -> Any:
    module = _ON_USE.get(attribute)
    if module is None:
        raise AttributeError(f"module 'chainrule' has no attribute {attribute!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    globals()[attribute] = value
    return value


class _Package(ModuleType):
    """The package as a module that keeps cr.train and cr.check what they are: functions, not the rooms of that name.

    Python binds a subpackage to its name in the package when it is first imported.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in ("check", "train")):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_USE})
