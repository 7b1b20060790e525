"""How weights begin: by name, drawn from a generator.

Sources: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"; He et al.
2015, "Delving deep into rectifiers"; LeCun et al. 1998, "Efficient BackProp".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..ir.errors import ArgumentError
from .arguments import closest

Initialiser: TypeAlias = "Callable[[tuple[int, ...], np.random.Generator], np.ndarray[Any, Any]]"
"""From a shape (…, fan in, fan out) and a generator to an array of float64."""


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers each output is made of, and how many outputs each input goes to: (n, m) for W: (n, m)."""
    if not shape:
        return 1, 1
    return math.prod(shape[:-1]), shape[-1] * math.prod(shape[:-2])


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Uniform within ±√(6/(n + m)), so that variances stay, forwards and backwards (Glorot & Bengio 2010, eq. 16)."""
    bound = math.sqrt(6 / max(1, sum(fans(shape))))
    return rng.uniform(-bound, bound, shape)


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Normal with variance 2/(n + m) (Glorot & Bengio 2010, eq. 12)."""
    return rng.normal(0, math.sqrt(2 / max(1, sum(fans(shape)))), shape)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Uniform within ±√(6/n), of variance 2/n, for layers with relu (He et al. 2015, eq. 10)."""
    bound = math.sqrt(6 / max(1, fans(shape)[0]))
    return rng.uniform(-bound, bound, shape)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Normal with variance 2/n, for layers with relu (He et al. 2015, eq. 10)."""
    return rng.normal(0, math.sqrt(2 / max(1, fans(shape)[0])), shape)


def lecun_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Normal with variance 1/n (LeCun et al. 1998, eq. 16)."""
    return rng.normal(0, math.sqrt(1 / max(1, fans(shape)[0])), shape)


def zeros(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Nothing but zeros, as biases begin."""
    return np.zeros(shape)


def ones(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Nothing but ones, as scales begin."""
    return np.ones(shape)


def normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Normal with variance 1."""
    return rng.normal(size=shape)


INITIALISERS: dict[str, Initialiser] = {
    f.__name__: f for f in (glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_normal, zeros, ones, normal)
}


def initialiser(name: str) -> Initialiser:
    """The initialiser of this name. Raises ArgumentError, with the nearest name, where there is none."""
    if name not in INITIALISERS:
        raise ArgumentError(f"there is no initialiser {name!r}{closest(name, INITIALISERS)}")
    return INITIALISERS[name]
