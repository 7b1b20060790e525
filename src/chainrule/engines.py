"""NumPy or native code: what runs a graph, and whether it pays to compile it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from .ir.dims import Dim, bind_sizes
from .ir.errors import ArgumentError, warn
from .ir.graph import Graph
from .lower.cost import operations
from .run.printed import Program

if TYPE_CHECKING:
    from .run.compiler import Accuracy
    from .run.native import NativeProgram

Engine: TypeAlias = Literal["auto", "native", "numpy"]
ENGINES: tuple[Engine, ...] = ("auto", "native", "numpy")
Run: TypeAlias = Callable[[Sequence[np.ndarray]], list[Any]]

_CALL, _RATE = 2e-6, 10e9
"""What NumPy needs for a call, and how many operations it does in a second; native code is taken for free."""
_COMPILING, _COMPILING_EACH = 0.7, 0.015
"""Seconds that compiling takes, and for each operation on whole arrays; measured with GCC 12 on a core of 3.7 GHz."""
LONGEST = 3000
"""Programs of more nodes than this are not compiled unasked: C compilers are slow on them."""


def check_engine(engine: object) -> None:
    """Raise ArgumentError for an engine that there is not."""
    if engine not in ENGINES:
        raise ArgumentError(f'engine is "auto", "native" or "numpy", not {engine!r}')


def seconds_saved(graph: Graph, sizes: Mapping[Dim, int], steps: int) -> float:
    """How much longer than in native code so many runs take in NumPy, roughly."""
    work, calls = operations(graph, sizes)
    return steps * (calls * _CALL + work / _RATE)


def seconds_to_compile(graph: Graph) -> float:
    """How long compiling takes, roughly."""
    _, calls = operations(graph, {})
    return _COMPILING + _COMPILING_EACH * calls


class Compiled:
    """A graph in native code; in NumPy, with one warning that says why, where that cannot be had."""

    def __init__(self, graph: Graph, name: str, accuracy: Accuracy) -> None:
        self.graph, self.name, self.accuracy = graph, name, accuracy
        self._native: NativeProgram | None = None
        self._plain: Program | None = None

    def ready(self, arrays: Mapping[str, np.ndarray]) -> Run:
        """The program for arrays of these very shapes and dtypes, in the inputs' order."""
        if self._plain is None:
            from .run.native import CompileError, NoCompiler, NoSpelling

            try:
                return self.in_native_code(arrays)
            except (NoSpelling, NoCompiler, CompileError) as reason:
                warn(f"{self.name} and its gradient run in NumPy: {reason}")
                self._plain = Program(self.graph, self.name)
        return self._plain.ready(arrays)

    def in_native_code(self, arrays: Mapping[str, np.ndarray]) -> Run:
        """The same, or NoSpelling, NoCompiler or CompileError."""
        from .run.native import NativeProgram

        if self._native is None:
            self._native = NativeProgram(self.graph, accuracy=self.accuracy)
        return self._native.ready(arrays)


class Patient:
    """A graph in NumPy, until it has run so often that compiling it would have paid.

    When that is, is worked out from sizes and not measured, so that the same calls give the same numbers. It is then
    compiled; at worst, if no call follows, twice the time was spent that had to be.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self._plain = Program(graph, name)
        self._compiled = Compiled(graph, name, "libm")
        self._lost, self._most = 0.0, seconds_to_compile(graph)
        self._waits = len(graph.nodes()) <= LONGEST

    def ready(self, arrays: Mapping[str, np.ndarray]) -> Run:
        """The program for arrays of these very shapes and dtypes, in the inputs' order."""
        plain = now = self._plain.ready(arrays)
        if not self._waits:
            return plain
        sizes = bind_sizes({i.name: i.shape for i in self.graph.inputs}, {n: a.shape for n, a in arrays.items()})
        saved = seconds_saved(self.graph, sizes, 1)

        def run(given: Sequence[np.ndarray]) -> list[Any]:
            nonlocal now
            if now is plain and self._waits:
                self._lost += saved
                if self._lost > self._most:
                    now = self._in_native_code(arrays) or plain
            return now(given)

        return run

    def _in_native_code(self, arrays: Mapping[str, np.ndarray]) -> Run | None:
        """None where that cannot be had, which is told only where the user can mend it."""
        from .run.native import CompileError, NoCompiler, NoSpelling

        try:
            return self._compiled.in_native_code(arrays)
        except NoSpelling:
            pass
        except (NoCompiler, CompileError) as reason:
            warn(f"{self._plain.name} and its gradient run in NumPy: {reason}")
        self._waits = False
        return None


def program_of(engine: Engine) -> Callable[[Graph, str], Any]:
    """What makes a program of a graph and a name. Raises ArgumentError for an engine that there is not."""
    check_engine(engine)
    return {"auto": Patient, "native": _native, "numpy": Program}[engine]


def _native(graph: Graph, name: str) -> NativeProgram:
    from .run.native import NativeProgram

    return NativeProgram(graph)
