"""What a trace depends on besides its arguments: the closure and the globals of the function, as a key for a cache.

An array counts by its content (a large one by its identity and a sample), so that a function is traced anew when a
global array was changed. What cannot be keyed, such as a generator of random numbers, makes a function be traced at
every call: slower, and right.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Hashable, Iterator
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..ir.dims import Dim
from ..ir.node import Node
from ..ir.records import Elementwise, Reduction, Structural
from .formula import Formula

_SAMPLE = 1 << 14
_MOST_ENTRIES = 1_000
_DEEPEST_OBJECT = 2
_BY_IDENTITY = (ModuleType, type, BuiltinFunctionType, np.ufunc, Node, Dim, Elementwise, Reduction, Structural, Formula)
_OWN = __name__.partition(".")[0]
_NOT_THE_USERS = {"numpy", "scipy", _OWN, *sys.stdlib_module_names} - {"__main__"}


class Unkeyed(Exception):
    """Something has no key: what depends on it is not kept."""


class Fingerprint:
    """Makes hashable keys of values; ``held`` are the objects whose identity is part of a key."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.changeable = False
        """Whether something was met that could be another thing, or hold other values, at the next look."""
        self._visited: set[int] = set()

    def of(self, value: Any, depth: int = 0) -> Hashable:
        """A key that is equal as long as the value computes the same. Raises Unkeyed where there is none."""
        match value:
            case float():
                return type(value), value.hex()
            case None | bool() | int() | complex() | str() | bytes() | range() | Enum():
                return type(value), value
            case np.ndarray():
                self.changeable = True
                return self._array(value)
            case np.generic():
                return type(value), value.tobytes()
            case slice():
                return slice, self.of([value.start, value.stop, value.step], depth)
            case _ if isinstance(value, _BY_IDENTITY):
                return self._identity(value)
            case _ if isinstance(value, (list, tuple, dict, set, frozenset)):
                return self._container(value, depth)
        return self._callable_or_object(value, depth)

    def _identity(self, value: Any) -> Hashable:
        self.held.append(value)
        return "is", id(value)

    def _array(self, value: np.ndarray) -> Hashable:
        if value.dtype.hasobject:
            raise Unkeyed
        about = (value.shape, value.dtype.str)
        if value.size <= _SAMPLE:
            return *about, hashlib.blake2b(value.tobytes(), digest_size=16).digest()
        sample = value.ravel()[:: value.size // _SAMPLE] if value.flags.c_contiguous else value.flat[::997]
        return *about, self._identity(value), hashlib.blake2b(sample.tobytes(), digest_size=16).digest()

    def _container(self, value: Any, depth: int) -> Hashable:
        if len(value) > _MOST_ENTRIES:
            raise Unkeyed
        if id(value) in self._visited:
            return "again", id(value)
        self._visited.add(id(value))
        self.changeable |= not isinstance(value, (tuple, frozenset))
        self.held.append(value)
        if isinstance(value, dict):
            return type(value), tuple((self.of(k, depth), self.of(v, depth)) for k, v in value.items())
        if isinstance(value, (set, frozenset)):
            return type(value), frozenset(self.of(v, depth) for v in value)
        return type(value), tuple(self.of(v, depth) for v in value)

    def _callable_or_object(self, value: Any, depth: int) -> Hashable:
        match value:
            case FunctionType():
                return self.function(value)
            case MethodType():
                return "method", self.function(value.__func__), self.of(value.__self__, depth)
            case functools.partial():
                return "partial", self.of(value.func), self.of(value.args), self.of(value.keywords)
            case _ if callable(value) and hasattr(value, "__wrapped__"):
                return "wraps", self.of(value.__wrapped__, depth)
            case _ if type(value).__module__.partition(".")[0] == _OWN or isinstance(value, np.dtype):
                # What chainrule made is not changed behind anybody's back (a generator of random numbers is, by use).
                return self._identity(value)
            case _ if not hasattr(value, "__dict__"):
                raise Unkeyed
            case _ if depth >= _DEEPEST_OBJECT:
                return self._identity(value)
        self.held.append(value)
        return "object", id(value), self._container(vars(value), depth + 1)

    def function(self, function: Callable[..., Any]) -> Hashable:
        """A key for a function: its code, closure, defaults, and the globals that its code mentions."""
        if not isinstance(function, FunctionType):
            return self.of(function)
        if (function.__module__ or "").partition(".")[0] in _NOT_THE_USERS or id(function) in self._visited:
            return self._identity(function)
        self._visited.add(id(function))
        self.held.append(function)
        cells = [c for c in function.__closure__ or () if _is_filled(c)]
        scope = function.__globals__
        globals_ = [n for n in _mentioned(function.__code__) if n in scope]
        self.changeable |= bool(cells) or not all(isinstance(scope[n], ModuleType) for n in globals_)
        parts: list[Hashable] = [self.of(c.cell_contents) for c in cells]
        parts += [(n, self.of(scope[n])) for n in globals_]
        parts += [self.of(function.__defaults__), self.of(function.__kwdefaults__)]
        return function.__code__, id(scope), tuple(parts)


def _is_filled(cell: Any) -> bool:
    """Whether a closure's variable has a value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _mentioned(code: CodeType) -> tuple[str, ...]:
    """The names that a function's code, and the code inside it, looks up outside."""

    def names(code: CodeType) -> Iterator[str]:
        yield from code.co_names
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from names(constant)

    return tuple(dict.fromkeys(names(code)))
