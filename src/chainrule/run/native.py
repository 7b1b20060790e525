"""Emitted C, compiled by the system's compiler, kept in a cache, loaded and called."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..emit.c import Argument, CSource, NoSpelling, source
from ..ir.dims import bind_sizes
from ..ir.errors import ArgumentError
from ..ir.graph import Graph
from .compiler import FLAGS, Accuracy, CompileError, NoCompiler, fast_flags, shared_library
from .interpret import precision

__all__ = ["FLAGS", "CompileError", "Native", "NativeProgram", "NoCompiler", "NoSpelling", "compile_c"]


@dataclass(frozen=True)
class Native:
    """A compiled function: called with arrays by name, it gives the outputs in order."""

    source: CSource
    function: Any
    workspace: Any

    def __call__(self, values: Mapping[str, Any]) -> list[np.ndarray]:
        """The outputs for these arguments; floats are taken in, and come out, in the program's precision.

        Raises ArgumentError for an argument that is missing or of another kind of number, ShapeError for shapes that
        do not fit, IndexError for an index outside its axis, ValueError for an extreme of no entries.
        """
        source = self.source
        arrays = [_array(argument, values, source.dtype) for argument in source.inputs]
        sizes = bind_sizes(
            {a.name: a.shape for a in source.inputs},
            {a.name: array.shape for a, array in zip(source.inputs, arrays, strict=True)},
        )
        lengths = [sizes[dim] for dim in source.dims]
        outputs = [np.empty(sizes.of(a.shape), dtype_of(a, source.dtype)) for a in source.outputs]
        scratch = np.empty(self.workspace(*lengths), np.uint8)
        code = self.function(*lengths, *(array.ctypes.data for array in (*arrays, *outputs, scratch)))
        if code:
            failure = source.failures[code - 1]
            raise failure.error(failure.message)
        return outputs


def compile_c(source: CSource, *, flags: Sequence[str] = FLAGS) -> Native:
    """The function of an emitted file, compiled (or found in the cache) and loaded.

    Raises NoCompiler where the machine has no C compiler, CompileError where it refuses the file.
    """
    library = shared_library(source.text, tuple(flags))
    sizes = [ctypes.c_ssize_t] * len(source.dims)
    function = library[source.function]
    function.argtypes = [*sizes, *[ctypes.c_void_p] * (len(source.inputs) + len(source.outputs) + 1)]
    function.restype = ctypes.c_int
    workspace = library[f"workspace_{source.function}"]
    workspace.argtypes = sizes
    workspace.restype = ctypes.c_ssize_t
    return Native(source, function, workspace)


class NativeProgram:
    """A graph as compiled code, for floats in single and in double precision, each compiled when it is first met.

    Raises NoSpelling for a graph that cannot be written in C; when it is made ready, NoCompiler, CompileError, and
    ShapeError where a shape is not the declared one.
    """

    def __init__(self, graph: Graph, name: str = "program", accuracy: Accuracy = "libm") -> None:
        self._accuracy: Accuracy = accuracy
        self._sources = {dtype: source(graph, name=name, dtype=dtype) for dtype in ("float64", "float32")}
        self._compiled: dict[str, Native] = {}

    def ready(self, arrays: Mapping[str, np.ndarray]) -> Callable[[Sequence[np.ndarray]], list[Any]]:
        """The program for arrays of these very shapes and dtypes, in the inputs' order, checked once, here."""
        dtype = str(precision(arrays))
        if dtype not in self._compiled:
            self._compiled[dtype] = compile_c(self._sources[dtype], flags=fast_flags(self._accuracy))
        native = self._compiled[dtype]
        made = self._sources[dtype]
        sizes = bind_sizes({a.name: a.shape for a in made.inputs}, {name: a.shape for name, a in arrays.items()})
        wanted = [dtype_of(a, dtype) for a in made.inputs]
        shapes = [(sizes.of(a.shape), dtype_of(a, dtype)) for a in made.outputs]
        lengths = [sizes[dim] for dim in made.dims]
        room = native.workspace(*lengths)

        def run(given: Sequence[np.ndarray]) -> list[Any]:
            taken = [np.array(a, w, order="C", copy=None) for a, w in zip(given, wanted, strict=True)]
            outputs = [np.empty(shape, kind) for shape, kind in shapes]
            # A workspace for each call: two threads may call at once.
            scratch = np.empty(room, np.uint8)
            code = native.function(*lengths, *[a.ctypes.data for a in (*taken, *outputs, scratch)])
            if code:
                failure = made.failures[code - 1]
                raise failure.error(failure.message)
            return [a if a.shape else a[()] for a in outputs]

        return run


def dtype_of(argument: Argument, real: str) -> np.dtype[Any]:
    """NumPy's name for an argument's numbers."""
    return np.dtype({"float": real, "int": "int64", "bool": "bool"}[argument.kind])


def _array(argument: Argument, values: Mapping[str, Any], real: str) -> np.ndarray:
    """An argument as a contiguous array of the dtype that the function takes."""
    if argument.name not in values:
        raise ArgumentError(f"the argument {argument.name} is missing")
    given = np.asarray(values[argument.name])
    fits = {"float": "fiub", "int": "iub", "bool": "b"}[argument.kind]
    if given.dtype.kind not in fits:
        raise ArgumentError(f"{argument.name} is an array of {given.dtype}, where {argument.kind} is needed")
    # ascontiguousarray would give a scalar an axis.
    return np.array(given, dtype_of(argument, real), order="C", copy=None)
