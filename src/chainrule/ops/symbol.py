"""A scalar function without a formula, f, with slopes f′, f″, …: for a derivation that holds for any activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import registry
from ..ir.errors import ChainruleError
from ..ir.records import Elementwise

__all__ = ["symbol"]

_PRIMES = ("", "′", "″", "‴")


def symbol(name: str, *, value: Callable[..., Any] | None = None, slopes: tuple[Callable[..., Any], ...] = ()) -> Any:
    """An unknown scalar function called ``name``; it is applied element by element.

    ``value`` and ``slopes`` (the first slope, the second, …) say what it is, where numbers are wanted; they take and
    give NumPy arrays. Two symbols of one name without a value are the same function.
    """
    if not name.isidentifier():
        raise ChainruleError(f"a symbol's name is an identifier, not {name!r}")
    return _derivative(name, 0, (value, *slopes) if value else ())


def _derivative(name: str, order: int, known: tuple[Callable[..., Any] | None, ...]) -> Elementwise:
    """The record of the order-th derivative of a symbol."""
    primes = _PRIMES[order] if order < len(_PRIMES) else f"⁽{order}⁾"
    if not known:
        found = registry.symbols.get((name, order))
        if found is not None:
            return found  # type: ignore[no-any-return]

    def unknown(*_: Any) -> Any:
        raise ChainruleError(f"{name}{primes} is an unknown function: give cr.symbol({name!r}, value=…, slopes=…)")

    ref = known[order] if order < len(known) else None
    record = Elementwise(
        name=f"{name}{primes}",
        ref=ref or unknown,
        partials=lambda x, y: (_derivative(name, order + 1, known)(x),),
        why=f"the slope of {name}{primes}, whatever it is, taken at its argument",
        numpy=f"{name}{'_prime' * order}({{0}})",
        analytic=False,
        symbol=(name, order),
    )
    if not known:
        registry.symbols[name, order] = record
    return record


def smooth_stand_in(record: Elementwise, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """A random smooth function in the place of an unknown one, with its exact slopes, for evaluating a derivation.

    Σ a sin(b x + c) with coefficients drawn from the seed and the symbol's name; the n-th slope is exact.
    """
    assert record.symbol is not None
    name, order = record.symbol
    rng = np.random.default_rng([seed, *name.encode()])
    a, b, c = rng.uniform(0.3, 1.0, 3), rng.uniform(0.5, 1.5, 3), rng.uniform(0, 6, 3)

    def value(x: np.ndarray) -> Any:
        x = np.asarray(x)
        terms = [ak * bk**order * np.sin(bk * x + ck + order * np.pi / 2) for ak, bk, ck in zip(a, b, c, strict=True)]
        return terms[0] + terms[1] + terms[2]

    return value
