"""A function whose gradient can be asked for: a plain Python function, or a formula, with the shapes declared of it."""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from ..ir.build import is_traced
from ..ir.dims import Dim
from ..ir.errors import ArgumentError, ChainruleError, ShapeError, TraceError
from .arguments import Declared, closest, declare, declared_inputs, input_leaves, inputs_of
from .memo import Fingerprint, Unkeyed
from .names import call_watched, current
from .trace import Traced, Watched, trace
from .tree import Tree, flatten

Engine = Callable[["Function", dict[str, Any]], Any]
"""Runs a function on bound arguments."""

_KEPT = 64


class Function:
    """A plain function with declared shapes, that can be traced, and called like before.

    ``shapes`` has, for some or all arguments, names or integers (``"N d"``, ``(3, 4)``; ``""`` is a single number), a
    word ``int`` or ``bool`` at the end for another kind of number, words for what is known of the values
    (``symmetric``, ``positive``, ``simplex``), or a dict or list of those. ``engine`` runs the function on arrays.
    Raises ArgumentError where a shape is given for an argument that does not exist.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        engine: Engine | None = None,
        shapes: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        watched: Watched = call_watched,
    ) -> None:
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.__module__ = getattr(function, "__module__", __name__)
        given = name if name is not None else str(getattr(function, "__name__", type(function).__name__))
        self.name = "f" if given == "<lambda>" else given
        self.__name__ = self.name
        self.__qualname__ = getattr(function, "__qualname__", self.name)
        self.signature = inspect.signature(function)
        self.engine = engine
        self._watched = watched
        for argument in shapes or {}:
            if argument not in self.signature.parameters:
                raise self._unknown(argument)
        self.declared: dict[str, Tree] = {argument: declare(argument, s) for argument, s in (shapes or {}).items()}
        self.settled = False
        """Whether nothing outside its arguments can change what it computes: then like arrays have one trace."""
        self._traces: OrderedDict[Hashable, tuple[list[Any], Traced]] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<chainrule function {self.name}{self.signature}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The value on arrays; while another function is traced, the expression."""
        bound = self.bind(args, kwargs)
        if current.get() is not None or any(is_traced(leaf) for _, leaf in flatten(bound)):
            call = inspect.BoundArguments(self.signature, OrderedDict(bound))
            return self.__wrapped__(*call.args, **call.kwargs)
        if self.engine is None:
            raise ChainruleError(f"{self.name} has no engine to run it on arrays")
        return self.engine(self, bound)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Each argument's value by its name, defaults filled in.

        Raises ArgumentError for a missing, misspelt or extra argument; it names the nearest one.
        """
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise self._misfit(args, kwargs) or ArgumentError(f"{self.name}: {error}") from None
        bound.apply_defaults()
        return dict(bound.arguments)

    def with_shapes(self, shapes: Mapping[str, Any]) -> Function:
        """The same function with these shapes declared, instead of its own."""
        return Function(self.__wrapped__, self.engine, shapes, name=self.name, watched=self._watched)

    def _misfit(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ArgumentError | None:
        """What is wrong with a call that the signature refuses."""
        parameters = self.signature.parameters.values()
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        for name in kwargs:
            if name not in self.signature.parameters and not takes_any:
                return self._unknown(name)
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if len(args) > len(positional) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
            names = ", ".join(p.name for p in positional)
            return ArgumentError(f"{self.name} takes {len(positional)} arguments ({names}), but {len(args)} are given")
        given = {p.name for p, _ in zip(positional, args, strict=False)}
        for name in kwargs:
            if name in given:
                return ArgumentError(f"{self.name} is given its argument {name!r} twice, by position and by name")
        given |= set(kwargs)
        wanted = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        missing = [p.name for p in wanted if p.name not in given]
        if not missing:
            return None
        return ArgumentError(f"{self.name} lacks {_list('argument', missing)}. {self._arguments()}")

    def _unknown(self, name: str) -> ArgumentError:
        known = list(self.signature.parameters)
        return ArgumentError(f"{self.name} has no argument {name!r}{closest(name, known)} {self._arguments()}")

    def _arguments(self) -> str:
        return f"Its arguments are {', '.join(self.signature.parameters) or 'none'}"

    def trace(self, bound: Mapping[str, Any] | None = None) -> Traced:
        """The graph of the function for bound arguments, or for the declared shapes where none are given.

        Arrays, floats and nested lists of numbers become inputs, of the declared shape or their own; dicts, lists and
        tuples are structures of them; everything else is passed as it is. A trace is kept and found again by the
        inputs' shapes and kinds, the other values, and what the function takes from its surroundings.

        Raises ArgumentError or ShapeError where an argument is not what was declared, or has no shape.
        """
        if bound is None:
            arguments = {name: self._declared_tree(name) for name in self.signature.parameters}
        else:
            arguments = {name: inputs_of(name, value, self.declared.get(name)) for name, value in bound.items()}
        marks = Fingerprint()
        try:
            surroundings = marks.function(self.__wrapped__)
            self.settled = not marks.changeable
            key: Hashable = (_tree_key(arguments, marks), surroundings)
        except Unkeyed:
            # Traced anew each time; if it did what it did before, what was made of that trace can be used again.
            traced, marks = self._trace(arguments), Fingerprint()
            key = ("graph", marks.of(traced.graph.inputs), marks.of([traced.result]))
            return self._found(key) or self._keep(key, marks, traced)
        return self._found(key) or self._keep(key, marks, self._trace(arguments))

    def _found(self, key: Hashable) -> Traced | None:
        """The trace that is kept under a key."""
        with self._lock:
            found = self._traces.get(key)
            if found is None:
                return None
            self._traces.move_to_end(key)
            return found[1]

    def _keep(self, key: Hashable, marks: Fingerprint, traced: Traced) -> Traced:
        """Keep a trace, and of too many the latest; of two threads' the first."""
        with self._lock:
            traced = self._traces.setdefault(key, (marks.held, traced))[1]
            if len(self._traces) > _KEPT:
                self._traces.popitem(last=False)
        return traced

    def _declared_tree(self, name: str) -> Tree:
        """The inputs that are declared of an argument; those of its default value where nothing is."""
        if name in self.declared:
            return declared_inputs(name, self.declared[name])
        parameter = self.signature.parameters[name]
        match parameter.kind:
            case parameter.VAR_POSITIONAL:
                return ()
            case parameter.VAR_KEYWORD:
                return {}
        if parameter.default is not parameter.empty:
            return inputs_of(name, parameter.default)
        raise ArgumentError(
            f"the shape of {self.name}'s argument {name!r} is not known: declare it, "
            f'@cr.function({name}="N d", …) with names or integers for its dimensions, or give arrays'
        )

    def _trace(self, arguments: Mapping[str, Tree]) -> Traced:
        try:
            return trace(self.__wrapped__, self.name, self.signature, arguments, self._watched)
        except (ShapeError, TraceError) as error:
            hint = self._hint(arguments)
            if hint:
                raise type(error)(f"{error}\n  {hint}") from error
            raise

    def _hint(self, arguments: Mapping[str, Tree]) -> str:
        """Where named and numbered dimensions meet, that may be why shapes do not fit."""
        named = any(
            isinstance(leaf, Declared) and any(isinstance(s, Dim) for s in leaf.shape)
            for _, leaf in flatten(self.declared)
        )
        bare = [n for n, tree in arguments.items() if n not in self.declared and input_leaves(tree)]
        if not named or not bare:
            return ""
        return (
            f"(a named dimension fits itself alone, and {_list('argument', bare)} "
            f"{'has' if len(bare) == 1 else 'have'} no declared shape, so that its dimensions are integers)"
        )


def _list(noun: str, names: list[str]) -> str:
    """``the argument 'x'``, ``the arguments 'x' and 'y'``."""
    quoted = [repr(n) for n in names]
    if len(quoted) == 1:
        return f"the {noun} {quoted[0]}"
    return f"the {noun}s {', '.join(quoted[:-1])} and {quoted[-1]}"


def _tree_key(arguments: Mapping[str, Tree], marks: Fingerprint) -> Hashable:
    """What a trace depends on in its arguments: structure, the inputs' names, shapes and kinds, the fixed values."""
    return tuple((name, marks.of(tree)) for name, tree in arguments.items())
