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
    "exp2": lambda x: jnp.power(2.0, x),
    "expm1": jnp.expm1,
    "log1p": jnp.log1p,
    "log2": jnp.log2,
    "log10": jnp.log10,
    "logaddexp": jnp.logaddexp,
    "xlog1py": jax.scipy.special.xlog1py,
    "logit": jax.scipy.special.logit,
    "cbrt": jnp.cbrt,
    "hypot": jnp.hypot,
    "arcsin": jnp.arcsin,
    "arccos": jnp.arccos,
    "arctan": jnp.arctan,
    "arctan2": jnp.arctan2,
    "sinc": lambda x: jnp.where(x == jnp.rint(x), 1.0 * (x == 0), jnp.sinc(x)),
    "sinc_slope": lambda x: _sinc_slope(x),
    "sinh": jnp.sinh,
    "cosh": jnp.cosh,
    "arcsinh": jnp.arcsinh,
    "arccosh": jnp.arccosh,
    "arctanh": jnp.arctanh,
    "erf": jax.scipy.special.erf,
    "erfc": jax.scipy.special.erfc,
    "erfinv": jax.scipy.special.erfinv,
    "ndtr": jax.scipy.special.ndtr,
    "normal_density": jax.scipy.stats.norm.pdf,
    "gammaln": jax.scipy.special.gammaln,
    "digamma": jax.scipy.special.digamma,
    "polygamma_1": lambda x: jnp.where(jnp.isinf(x), 0.0, jax.scipy.special.polygamma(1, x)),
    "polygamma_2": lambda x: jnp.where(jnp.isinf(x), 0.0, jax.scipy.special.polygamma(2, x)),
    "floor": jnp.floor,
    "ceil": jnp.ceil,
    "rint": jnp.rint,
    "trunc": jnp.trunc,
    "mod": jnp.mod,
    "floor_divide": jnp.floor_divide,
    "copysign": jnp.copysign,
    "heaviside": jnp.heaviside,
    "isfinite": jnp.isfinite,
    "isinf": jnp.isinf,
    "isnan": jnp.isnan,
    "multiply_no_nan": lambda x, y: jnp.where(y == 0, 0.0, x * y),
    # JAX multiplies −∞ by 0 and divides ∞ by ∞, where these have limits.
    "silu": lambda x: jax.nn.silu(jnp.maximum(x, -1e3)),
    "mish": lambda x: jax.nn.mish(jnp.maximum(x, -1e3)),
    "gelu": lambda x: jax.nn.gelu(jnp.maximum(x, -1e3), approximate=False),
    "gelu_tanh": lambda x: jax.nn.gelu(jnp.maximum(x, -1e3), approximate=True),
    "softsign": lambda x: jax.nn.soft_sign(jnp.clip(x, -1e30, 1e30)),
    "hard_swish": lambda x: jax.nn.hard_swish(jnp.maximum(x, -1e3)),
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_tanh": jax.nn.hard_tanh,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "scaled_elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "relu6": jax.nn.relu6,
    "log_cosh": lambda x: jnp.logaddexp(x, -x) - jnp.log(2.0),
    "to_float": lambda x: x.astype(jnp.float64),
    "to_int": lambda x: x.astype(jnp.int64),
    "to_bool": lambda x: x.astype(bool),
    "max": jnp.max,
    "min": jnp.min,
    "prod": jnp.prod,
    "norm": lambda x, axis, keepdims: jnp.sqrt(jnp.sum(x * x, axis=axis, keepdims=keepdims)),
    "logsumexp": jax.scipy.special.logsumexp,
}


def _sinc_slope(x: Any) -> Any:
    """The slope of sinc in JAX, which loses its digits near 0, and has none at infinity."""
    tame = jnp.where(jnp.isinf(x) | (abs(x) < 1e-2), 1.0, x)
    far = jax.jvp(jnp.sinc, (tame,), (jnp.ones_like(tame),))[1]
    z = jnp.pi * x
    near = -jnp.pi * z / 3 * (1 - z**2 / 10 * (1 - z**2 / 28 * (1 - z**2 / 54)))
    return jnp.where(abs(x) < 1e-2, near, jnp.where(jnp.isinf(x), 0.0, far))


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
