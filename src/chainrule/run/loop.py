"""Steps of a training in native code: the arrays a compiled loop works on, and the call."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..emit.c_loop import LoopSource
from ..ir.dims import Sizes
from .compiler import fast_flags, shared_library
from .native import dtype_of

Array = np.ndarray[Any, Any]
_LINE = 64
"""Bytes of a line of the cache, and of the longest vector."""


class NativeLoop:
    """A compiled loop over the samples of ``data``; ``fixed`` are the step's other arguments, which stay as they are.

    ``begin`` are the values that the steps change, in the order of the step's inputs; they are copied. Raises
    NoCompiler or CompileError.
    """

    def __init__(
        self,
        source: LoopSource,
        begin: Sequence[Any],
        data: Mapping[str, Array],
        fixed: Mapping[str, Any],
        longest: int,
        threads: int = 1,
        flags: Sequence[str] | None = None,
    ) -> None:
        self.source, self.threads = source, threads
        step = source.step
        library = shared_library(source.text, fast_flags() if flags is None else tuple(flags))
        size = ctypes.c_ssize_t
        self._function = library[source.function]
        self._function.argtypes = [*[size] * 5, *[ctypes.c_void_p] * 10]
        self._function.restype = ctypes.c_int
        dtypes = [dtype_of(a, step.dtype) for a in step.inputs]
        held = [_aligned(np.asarray(value, dtype)) for value, dtype in zip(begin, dtypes, strict=False)]
        self._sets = [held, [_aligned(a) for a in held]]
        sampled = [source.batch[n] for n in source.sampled]
        others = [a for n, a in enumerate(source.batch) if n not in source.sampled]
        self._data = [np.ascontiguousarray(data[a.name], dtype_of(a, step.dtype)) for a in sampled]
        self._longest = longest
        self._samples = min((len(a) for a in self._data), default=longest)
        self._rows = [_room((longest, *a.shape[1:]), a.dtype) for a in self._data]
        self._fixed = [np.array(fixed[a.name], dtype_of(a, step.dtype), order="C") for a in others]
        sizes = Sizes(dict.fromkeys(step.dims, longest))
        self._values = [np.empty(sizes.of(a.shape), dtype_of(a, step.dtype)) for a in source.values]
        self._workspace = _room((_workspace(library, source, longest),), np.dtype(np.uint8))
        self._at = 0
        # The arrays stay where they are.
        held, fresh, *others = map(_pointers, (*self._sets, self._data, self._rows, self._fixed, self._values))
        self._places = ((held, fresh, *others), (fresh, held, *others))

    @property
    def held(self) -> list[Array]:
        """The values as they are now; they are written over by later steps."""
        return self._sets[self._at]

    def take(self, steps: int, batch: int, order: Array | None = None, first: int = 0) -> tuple[Array, int]:
        """Take steps, and give the losses of those that were taken, with a code.

        ``order`` names the samples, ``batch`` for each step; without it they are those from ``first`` on, and from 0 on
        where too few are left. The code is 0 where all went well, -1 where the loss of the last (given) or its update
        is not finite, and what is held is as before that step; n where the step failed for its n-th reason.

        Raises ValueError for a batch longer than there is room for, an order that is too short, or too few samples.
        """
        if batch > self._longest or (order is not None and order.size < steps * batch):
            raise ValueError(f"{steps} steps of {batch} samples: there is room for {self._longest} at a time")
        if order is None and not 0 <= first <= self._samples - batch:
            raise ValueError(f"{batch} samples from {first} on: there are {self._samples}")
        losses = np.empty(steps)
        done = ctypes.c_ssize_t(0)
        names = None if order is None else np.ascontiguousarray(order, np.int64)
        code = self._function(
            steps, batch, first, self._samples, self.threads, None if names is None else names.ctypes.data,
            *self._places[self._at],
            losses.ctypes.data, ctypes.byref(done), self._workspace.ctypes.data,
        )  # fmt: skip
        self._at = (self._at + done.value) % 2
        return losses[: done.value + (code == -1)], code


def _room(shape: Sequence[int], dtype: np.dtype[Any]) -> Array:
    """An array that begins where a cache line begins, so that no vector lies across two."""
    size = math.prod(shape) * dtype.itemsize
    whole = np.empty(size + _LINE, np.uint8)
    first = -whole.ctypes.data % _LINE
    return whole[first : first + size].view(dtype).reshape(shape)


def _aligned(array: Array) -> Array:
    """A copy of an array that begins so."""
    copy = _room(array.shape, array.dtype)
    copy[...] = array
    return copy


def _pointers(arrays: Sequence[Array]) -> Any:
    return (ctypes.c_void_p * max(1, len(arrays)))(*(a.ctypes.data for a in arrays))


def _workspace(library: ctypes.CDLL, source: LoopSource, longest: int) -> int:
    """The bytes that a step of the longest batch needs."""
    size = library[f"workspace_{source.step.function}"]
    size.argtypes = [ctypes.c_ssize_t] * len(source.step.dims)
    size.restype = ctypes.c_ssize_t
    return int(size(*[longest] * len(source.step.dims)))
