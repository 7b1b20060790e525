"""The expression nodes: immutable, interned, so that a repeated subexpression *is* the same object.

That identity is backpropagation's memorised δ: what is worked out once is met again, never worked out twice.
Interning is weak (a graph nobody holds is freed) and safe under threads; nodes pickle and copy to themselves.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any, ClassVar, Literal, Self, TypeAlias

from . import registry
from .dims import Shape, show_shape
from .operators import Operators

Kind: TypeAlias = Literal["float", "int", "bool"]

_LOCK = threading.Lock()
_TABLE: weakref.WeakValueDictionary[tuple[Any, ...], Node] = weakref.WeakValueDictionary()


class Node(Operators):
    """One expression: what it is (its class and ``params``), made of what (``args``), of which shape and kind."""

    __slots__ = ("__weakref__", "args", "kind", "params", "shape")
    args: tuple[Node, ...]
    params: tuple[Any, ...]
    shape: Shape
    kind: Kind

    record: ClassVar[str] = ""
    """The name of the record of a structural kind; Map and Reduce carry theirs."""

    @classmethod
    def make(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> Self:
        """The node of this class with these parts: the one that exists already, or a new one."""
        key = (cls, params, *map(id, args))
        found = _TABLE.get(key)
        if found is None:
            shape, kind = cls.infer(args, params)
            with _LOCK:
                found = _TABLE.get(key)
                if found is None:
                    found = object.__new__(cls)
                    found.args, found.params, found.shape, found.kind = args, params, shape, kind
                    _TABLE[key] = found
        return found  # type: ignore[return-value]

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        """Shape and kind of number that follow from the parts."""
        raise AssertionError(f"{cls.__name__} does not say its shape")

    def with_args(self, args: tuple[Node, ...]) -> Node:
        """The same operation on other operands."""
        return self if args == () else type(self).make(args, self.params)

    @property
    def op(self) -> Any:
        """The record of the operation: where its value, derivative and spelling are written down."""
        return registry.record(self.record)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from .graph import pack, unpack

        return (unpack, (pack((self,)),))

    def __repr__(self) -> str:
        from .graph import describe

        return f"<{describe(self)} : {self.kind} {show_shape(self.shape)}>"
