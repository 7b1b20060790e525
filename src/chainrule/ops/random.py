"""Random numbers from keys: the same key gives the same numbers, and two that were split from one never share any.

A key is an array of two integers; the numbers are those of NumPy's Philox, a counter-based generator (Salmon et al.,
*Parallel random numbers: as easy as 1, 2, 3*, 2011). Each use of a key counts in a range of its own, so that what is
drawn from a key is independent of the keys that are split from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.build import as_node
from ..ir.dims import Dim, Shape, parse_shape, show_shape
from ..ir.errors import ShapeError, TraceError, at_user_line
from ..ir.graph import describe
from ..ir.node import Node
from ..ir.registry import function, register
from ..ir.whole import Whole
from .order import argsort

__all__ = ["bernoulli", "key", "normal", "permutation", "split", "uniform"]

_SPLIT, _UNIFORM, _NORMAL = 1, 2, 3
"""Where the counter of each use begins, in its highest word."""


def _philox(key: Any, use: int) -> np.random.Philox:
    return np.random.Philox(key=np.asarray(key).astype(np.uint64), counter=[0, 0, 0, use])


def _of_key(x: Any) -> Node:
    node = as_node(x)
    if node.kind != "int":
        raise TraceError(at_user_line(f"{describe(node)} is no key but of kind {node.kind}: cr.key(seed) makes one"))
    if node.shape != (2,):
        raise ShapeError(
            at_user_line(f"{describe(node)} has shape {show_shape(node.shape)}; a key has (2,): cr.key(seed) makes one")
        )
    return node


def _extents(shape: Any) -> Shape:
    """A shape as a user gives it: a number, a name, a tuple, a text."""
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    return parse_shape((shape,) if isinstance(shape, Dim) else shape)


def _drawing(record: Callable[[], Whole]) -> Callable[..., Any]:
    """What a record of random numbers builds from a key and a shape."""
    return lambda key, shape=(): record().of(_of_key(key), shape=_extents(shape))


def key(seed: int) -> np.ndarray:
    """The key of a seed: shape (2,), int64. Every random number of a program follows from its keys."""
    return np.array([seed, 0], dtype=np.int64)


def _split(key: Any, count: int = 2) -> Any:
    return _philox(key, _SPLIT).random_raw(2 * count).astype(np.int64).reshape(count, 2)


def _build_split(key: Any, count: int = 2) -> Any:
    return split.of(_of_key(key), count=int(count))


split: Whole = register(
    Whole(
        name="split_key",
        settings=("count",),
        ref=_split,
        shape=lambda key, count: (count, 2),
        result="int",
        build=_build_split,
        why="keys are integers: no derivative flows through them",
        numpy="np.random.Philox(key={0}.astype(np.uint64), counter=[0, 0, 0, 1])"
        ".random_raw(2 * {count}).astype(np.int64).reshape({count}, 2)",
        latex=r"\operatorname{split}\left({0}\right)",
        text="split({0})",
        cases=lambda: [(lambda k: split(k, 3), (key(7),)), (lambda k: split(k[0]), (split(key(7), 2),))],
        special=lambda: [(lambda k: split(k, 0), (key(7),))],
        errors=lambda: [
            (lambda k: split(k > 0), ((2,),), "is no key but of kind bool"),
            (lambda k: split(k > 0), ((3,),), "is no key but of kind bool"),
        ],
    )
)


def _uniform(key: Any, shape: Any = ()) -> Any:
    # The greatest number below 1 that float32 has as well, so that no precision rounds one up to 1.
    return np.minimum(np.random.Generator(_philox(key, _UNIFORM)).random(shape), 1 - 2.0**-24)


uniform: Whole = register(
    Whole(
        name="uniform",
        settings=("shape",),
        ref=_uniform,
        shape=lambda key, shape: shape,
        build=_drawing(lambda: uniform),
        why="a random number does not change with its key: no derivative flows",
        numpy="uniform({0}, {shape}).astype({dtype})",
        definition='''
def uniform(key, shape):
    """Random numbers from 0 to below 1, by the key."""
    philox = np.random.Philox(key=key.astype(np.uint64), counter=[0, 0, 0, 2])
    return np.minimum(np.random.Generator(philox).random(shape), 1 - 2.0**-24)
''',
        latex=r"\operatorname{uniform}\left({0}\right)",
        text="uniform({0})",
        cases=lambda: [(lambda k: uniform(k, (3, 2)), (key(7),)), (lambda k: uniform(k), (key(-1),))],
        special=lambda: [(lambda k: uniform(k, (0,)), (key(7),))],
        errors=lambda: [(lambda k: uniform(k, 3), ((2,),), "is no key but of kind float")],
    )
)

normal: Whole = register(
    Whole(
        name="normal",
        settings=("shape",),
        ref=lambda key, shape=(): np.random.Generator(_philox(key, _NORMAL)).standard_normal(shape),
        shape=lambda key, shape: shape,
        build=_drawing(lambda: normal),
        why="a random number does not change with its key: no derivative flows",
        numpy="normal({0}, {shape}).astype({dtype})",
        definition='''
def normal(key, shape):
    """Random numbers from the standard normal distribution, by the key."""
    philox = np.random.Philox(key=key.astype(np.uint64), counter=[0, 0, 0, 3])
    return np.asarray(np.random.Generator(philox).standard_normal(shape))
''',
        latex=r"\operatorname{normal}\left({0}\right)",
        text="normal({0})",
        cases=lambda: [(lambda k: normal(k, (3, 2)), (key(7),)), (lambda k: normal(k), (key(-1),))],
        special=lambda: [(lambda k: normal(k, (0,)), (key(7),))],
        errors=lambda: [(lambda k: normal(k, 3), ((2,),), "is no key but of kind float")],
    )
)


@function()
def bernoulli(key: Any, probability: Any, shape: Any = ()) -> Any:
    """Truth values of this shape, each true with this probability."""
    return uniform(key, shape) < probability


@function()
def permutation(key: Any, count: int) -> Any:
    """The integers 0 … count − 1 in a random order."""
    return argsort(uniform(key, (count,)))
