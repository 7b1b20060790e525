"""Running the NumPy that is printed: the text of `emit.numpy`, compiled as it stands.

Every identifier in the text was checked or made by the emitter, and its constants are numbers, so nothing of a user's
string is ever executed. A program too long to compile well is interpreted instead, node by node.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..emit.numpy import source
from ..ir.dims import bind_sizes
from ..ir.errors import ChainruleError
from ..ir.graph import Graph
from ..ir.node import Map
from .indices import misplaced_index
from .interpret import interpret, precision

LONGEST = 3000
"""Programs of more nodes than this are interpreted: Python's compiler is slow on them."""

LONG_AXIS = 65536
_serial = itertools.count()


class Program:
    """A graph that can be called: values of the inputs by name → values of the outputs.

    Floats run at the precision of the float arguments (float32 or float64; mixed widen), whatever is constant too.
    """

    def __init__(self, graph: Graph, name: str = "program") -> None:
        self.graph = graph
        self.name = name
        self._shapes = {i.name: i.shape for i in graph.inputs}
        self._kinds = {i.name: i.kind for i in graph.inputs}
        self._results = [o.kind for o in graph.outputs]
        nodes = graph.nodes()
        # What an unknown function stands for (`cr.symbol`) is known to its record, not to a text.
        self._interpreted = len(nodes) > LONGEST or any(isinstance(n, Map) and n.op.symbol for n in nodes)
        self._compiled: dict[bool, Callable[..., tuple[Any, ...]]] = {}

    def __call__(self, values: Mapping[str, Any], dtype: Any = None) -> list[Any]:
        """The outputs, as arrays or NumPy numbers. Raises ShapeError where a shape is not the declared one."""
        arrays = {name: np.asarray(values[name]) for name in self._shapes}
        return self.ready(arrays, dtype)(list(arrays.values()))

    def ready(self, arrays: Mapping[str, np.ndarray], dtype: Any = None) -> Callable[[Sequence[np.ndarray]], list[Any]]:
        """The program for arrays of these very shapes and dtypes, in the inputs' order, checked once, here.

        Raises ShapeError where a shape is not the declared one.
        """
        dtype = precision(arrays) if dtype is None else np.dtype(dtype)
        sizes = bind_sizes(self._shapes, {name: a.shape for name, a in arrays.items()})
        cast = [i for i, (n, a) in enumerate(arrays.items()) if self._kinds[n] == "float" and a.dtype != dtype]
        long_axes = any(extent > LONG_AXIS for a in arrays.values() for extent in a.shape)
        compiled = None if self._interpreted else self._compiled.get(long_axes) or self._compile(long_axes)

        def run(given: Sequence[np.ndarray]) -> list[Any]:
            if cast:
                given = [a.astype(dtype) if i in cast else a for i, a in enumerate(given)]
            if compiled is None:
                named = dict(zip(self._shapes, given, strict=True))
                results: Sequence[Any] = interpret(self.graph.outputs, named, dtype=dtype, sizes=sizes)
            else:
                try:
                    with np.errstate(all="ignore"):
                        results = compiled(*given)
                except ZeroDivisionError:
                    # Python's own numbers (sizes) do not divide by zero, NumPy's do: 1/0 samples is infinite.
                    named = dict(zip(self._shapes, given, strict=True))
                    results = interpret(self.graph.outputs, named, dtype=dtype, sizes=sizes)
                except IndexError as error:
                    named = dict(zip(self._shapes, given, strict=True))
                    raise IndexError(misplaced_index(self.graph, named, negative=True) or str(error)) from error
            return settled(results, self._results, dtype, given)

        return run

    def positional(self, examples: Mapping[str, Any]) -> Callable[..., Sequence[Any]]:
        """The program as a function of arrays in the inputs' order, which looks at nothing: for loops.

        Every call must bring arrays of the examples' dtypes, and of shapes that fit as theirs do; the lengths of named
        dimensions may be others (up to 65,536). Raises ShapeError where the examples' shapes are not the declared.
        """
        arrays = {name: np.asarray(examples[name]) for name in self._shapes}
        bind_sizes(self._shapes, {name: a.shape for name, a in arrays.items()})
        long_axes = any(extent > LONG_AXIS for a in arrays.values() for extent in a.shape)
        run = None if self._interpreted else self._compiled.get(long_axes) or self._compile(long_axes)
        if run is not None:
            return run
        dtype = precision(arrays)
        return lambda *values: interpret(self.graph.outputs, dict(zip(self._shapes, values, strict=True)), dtype=dtype)

    def _compile(self, long_axes: bool) -> Callable[..., tuple[Any, ...]] | None:
        """The compiled text, which tracebacks can show; None where the graph has no printed form."""
        try:
            # Names are for readers: without them a value that is used once lives no longer than its line.
            nameless = Graph(self.graph.inputs, self.graph.outputs)
            program = source(nameless, function="program", long_axes=long_axes)
        except ChainruleError:
            self._interpreted = True
            return None
        filename = f"<chainrule {self.name} {next(_serial)}>"
        scope: dict[str, Any] = {}
        exec(compile(program.text, filename, "exec"), scope)
        linecache.cache[filename] = (len(program.text), None, program.text.splitlines(True), filename)
        function, constants = scope["program"], program.constants
        run = (lambda *given: function(*given, *constants)) if constants else function
        self._compiled[long_axes] = run
        return run


def settled(results: Sequence[Any], kinds: Sequence[str], dtype: np.dtype[Any], given: Sequence[Any]) -> list[Any]:
    """Results as arrays, or NumPy numbers where they have no axes; floats at the run's precision.

    Each is the caller's own: no view, no argument, none twice, so that writing into one changes nothing else.
    """
    taken = set(map(id, given))
    done = []
    for value, kind in zip(results, kinds, strict=True):
        wanted = dtype if kind == "float" else None
        if type(value) is not np.ndarray or not value.shape or (wanted is not None and value.dtype != wanted):
            value = np.asarray(value, wanted)[()]
        if type(value) is np.ndarray and (value.base is not None or id(value) in taken or not value.flags.writeable):
            value = value.copy()
        taken.add(id(value))
        done.append(value)
    return done
