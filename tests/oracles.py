"""What each operation means, told by somebody else: mpmath at 50 digits, and JAX.

A record without an oracle in mpmath fails the tests of its family; JAX serves where it has the same function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np

from chainrule.ir.records import Elementwise, Reduction

# Here too, since a test may be run by something else than pytest, which reads conftest.py.
jax.config.update("jax_enable_x64", True)
mpmath.mp.dps = 50

# What mpmath lacks, or calls otherwise, and the record does not say itself.
MPMATH: dict[str, Callable[..., Any]] = {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "logical_or": lambda a, b: bool(a) or bool(b),
    "logical_not": lambda a: not a,
    "where": lambda c, a, b: a if c else b,
    "stop_gradient": lambda x: x,
    "to_float": lambda x: x,
    "to_int": lambda x: mpmath.floor(x) if x >= 0 else mpmath.ceil(x),
    "to_bool": lambda x: x != 0,
    "max": lambda entries: max(entries),
    "min": lambda entries: min(entries),
    "prod": lambda entries: mpmath.fprod(entries),
    "norm": lambda entries: mpmath.norm(entries, 2),
    "logsumexp": lambda entries: mpmath.log(mpmath.fsum(map(mpmath.exp, entries))),
}

JAX: dict[str, Callable[..., Any]] = {
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "div": jnp.true_divide,
    "neg": jnp.negative,
    "pow": jnp.power,
    "exp": jnp.exp,
    "log": jnp.log,
    "sqrt": jnp.sqrt,
    "xlogy": jax.scipy.special.xlogy,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tan": jnp.tan,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "softplus": jax.nn.softplus,
    "log_sigmoid": jax.nn.log_sigmoid,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "clipped": jnp.clip,
    "where": jnp.where,
    "less": jnp.less,
    "less_equal": jnp.less_equal,
    "greater": jnp.greater,
    "greater_equal": jnp.greater_equal,
    "equal": jnp.equal,
    "not_equal": jnp.not_equal,
    "logical_and": jnp.logical_and,
    "logical_or": jnp.logical_or,
    "logical_not": jnp.logical_not,
    "stop_gradient": jax.lax.stop_gradient,
    "to_float": lambda x: x.astype(jnp.float64),
    "to_int": lambda x: x.astype(jnp.int64),
    "to_bool": lambda x: x.astype(bool),
    "max": jnp.max,
    "min": jnp.min,
    "prod": jnp.prod,
    "norm": lambda x, axis, keepdims: jnp.sqrt(jnp.sum(x * x, axis=axis, keepdims=keepdims)),
    "logsumexp": jax.scipy.special.logsumexp,
}


def mpmath_function(record: Elementwise | Reduction) -> Callable[..., Any]:
    """The record's meaning on numbers of mpmath: of each operand, or of a list of entries for a reduction."""
    if callable(record.oracle):
        return record.oracle  # type: ignore[no-any-return]
    name = record.oracle or record.name
    found = MPMATH.get(name) or getattr(mpmath, name, None)
    assert found is not None, f"{record.name}: mpmath has no {name!r}; the record needs an oracle"
    return found  # type: ignore[no-any-return]


def exactly(value: Any) -> Any:
    """A NumPy number as a number of mpmath, every digit kept; a truth value stays one."""
    return bool(value) if isinstance(value, (bool, np.bool_)) else mpmath.mpf(float(value))
