"""The expression nodes: immutable, interned, so that a repeated subexpression *is* the same object.

That identity is backpropagation's memorised δ: what is worked out once is met again, never worked out twice.
Interning is weak (a graph nobody holds is freed) and safe under threads; nodes pickle and copy to themselves.
"""

from __future__ import annotations

import hashlib
import math
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np

from . import registry
from .dims import Dim, Extent, Shape, show_shape
from .errors import ShapeError
from .operators import Operators

if TYPE_CHECKING:
    from .records import Elementwise, Reduction

Kind: TypeAlias = Literal["float", "int", "bool"]
Subscripts: TypeAlias = tuple[int, ...]

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


class Input(Node):
    """An argument of the function. params: (name, shape, kind)."""

    __slots__ = ()

    @classmethod
    def of(cls, name: str, shape: Shape, kind: Kind = "float") -> Input:
        return cls.make((), (name, shape, kind))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return params[1], params[2]

    @property
    def name(self) -> str:
        return self.params[0]  # type: ignore[no-any-return]


class Const(Node):
    """A number, or an array of numbers. params: (kind, what tells it apart, the value)."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any) -> Const:
        array = np.asarray(value)
        kind: Kind
        match array.dtype.kind:
            case "f":
                kind = "float"
            case "b":
                kind = "bool"
            case "i" | "u":
                kind = "int"
            case _:
                raise ShapeError(f"a constant is made of real numbers, not of {array.dtype} ({value!r:.60})")
        if array.ndim == 0:
            number = array.item()
            # The hexadecimal text tells -0.0 from 0.0 and keeps every NaN one constant.
            return cls.make((), (kind, float(number).hex() if kind == "float" else number, _Value(number)))
        array = np.array(array, order="C")
        array.flags.writeable = False
        digest = hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()
        return cls.make((), (kind, (array.dtype.str, array.shape, digest), _Value(array)))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        value = params[2].value
        return (value.shape if isinstance(value, np.ndarray) else ()), params[0]

    @property
    def value(self) -> Any:
        """A Python number (shape ()), or a read-only array."""
        return self.params[2].value


class _Value:
    """Carries a constant's value outside its identity: all are equal, the key beside it tells constants apart."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Value)

    def __hash__(self) -> int:
        return 0


class Size(Node):
    """A named dimension as a number: the N in 1/N. params: (dim,)."""

    __slots__ = ()

    @classmethod
    def of(cls, dim: Extent) -> Node:
        return cls.make((), (dim,)) if isinstance(dim, Dim) else Const.of(dim)

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return (), "int"

    @property
    def dim(self) -> Dim:
        return self.params[0]  # type: ignore[no-any-return]


class Map(Node):
    """A scalar operation, element by element; every operand has exactly the result's shape. params: (record,)."""

    __slots__ = ()

    @classmethod
    def of(cls, op: Elementwise, *args: Node) -> Node:
        return cls.make(args, (op,))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return args[-1].shape, params[0].result_kind(args[-1].kind)

    @property
    def op(self) -> Elementwise:
        return self.params[0]  # type: ignore[no-any-return]


class Reduce(Node):
    """An operation that removes axes. params: (record, axes)."""

    __slots__ = ()

    @classmethod
    def of(cls, op: Reduction, x: Node, axes: tuple[int, ...]) -> Node:
        return cls.make((x,), (op, axes))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        (x,) = args
        return tuple(s for a, s in enumerate(x.shape) if a not in params[1]), x.kind

    @property
    def op(self) -> Reduction:
        return self.params[0]  # type: ignore[no-any-return]

    @property
    def axes(self) -> tuple[int, ...]:
        return self.params[1]  # type: ignore[no-any-return]


class Delta(Node):
    """Kronecker's delta δ_ij over one dimension: an identity matrix that contracts away. params: (extent,)."""

    __slots__ = ()

    @classmethod
    def of(cls, extent: Extent) -> Delta:
        return cls.make((), (extent,))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return (params[0], params[0]), "float"


class Einsum(Node):
    """A sum of products, in Einstein's notation with integer indices. params: (subscripts, out, extents).

    The output's indices are 0, 1, …, rank−1; the summed ones follow in order of first appearance. ``extents[i]`` is
    the size of index i. An output index that no operand has is a broadcast.
    """

    __slots__ = ()
    record = "einsum"

    @classmethod
    def of(
        cls,
        args: Sequence[Node],
        subs: Sequence[Subscripts],
        out: Subscripts,
        extents: dict[int, Extent],
    ) -> Node:
        """The canonical node for this sum of products; the operand itself where nothing happens to it.

        Raises ShapeError where an index would have two sizes.
        """
        args, subs = list(args), list(subs)
        for arg, sub in zip(args, subs, strict=True):
            for index, extent in zip(sub, arg.shape, strict=True):
                if extents.setdefault(index, extent) is not extent and extents[index] != extent:
                    raise ShapeError(f"an index is both {extents[index]} and {extent} long")
        if len(set(out)) < len(out):
            out = _separate_repeats(args, subs, out, extents)
        if len(args) == 1 and subs[0] == out:
            return args[0]
        rename: dict[int, int] = {}
        for sub in (out, *subs):
            for index in sub:
                rename.setdefault(index, len(rename))
        if len(rename) == len(out) and all(sub == out for sub in subs) and args:
            product = args[0]
            for arg in args[1:]:
                product = Map.of(registry.record("mul"), product, arg)
            return product
        new_subs = tuple(tuple(rename[i] for i in sub) for sub in subs)
        return cls.make(tuple(args), (new_subs, tuple(range(len(out))), tuple(extents[i] for i in rename)))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        _, out, extents = params
        shape = tuple(extents[i] for i in out)
        if len(args) == 1 and len(extents) == len(out):
            return shape, args[0].kind
        return shape, "float" if any(a.kind == "float" for a in args) else "int"

    def with_args(self, args: tuple[Node, ...]) -> Node:
        return Einsum.of(args, self.subs, self.out, dict(enumerate(self.extents)))

    @property
    def subs(self) -> tuple[Subscripts, ...]:
        return self.params[0]  # type: ignore[no-any-return]

    @property
    def out(self) -> Subscripts:
        return self.params[1]  # type: ignore[no-any-return]

    @property
    def extents(self) -> tuple[Extent, ...]:
        return self.params[2]  # type: ignore[no-any-return]

    @property
    def summed(self) -> Subscripts:
        """The indices that are summed over."""
        return tuple(range(len(self.out), len(self.extents)))

    @property
    def is_layout(self) -> bool:
        """It only transposes, broadcasts or takes a diagonal of one operand: no arithmetic is done."""
        return len(self.args) == 1 and len(self.extents) == len(self.out)


def _separate_repeats(
    args: list[Node], subs: list[Subscripts], out: Subscripts, extents: dict[int, Extent]
) -> Subscripts:
    """Give a repeated output index a name of its own, tied to the first by a Kronecker delta."""
    seen: set[int] = set()
    fresh: list[int] = []
    for index in out:
        if index in seen:
            twin = max(extents) + 1
            extents[twin] = extents[index]
            args.append(Delta.of(extents[index]))
            subs.append((index, twin))
            index = twin
        seen.add(index)
        fresh.append(index)
    return tuple(fresh)


class Reshape(Node):
    """The same numbers in row-major order under another shape. params: (shape,)."""

    __slots__ = ()
    record = "reshape"

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return params[0], args[0].kind


SliceSpec: TypeAlias = tuple[int, int, int] | None
"""One axis of a slice: (first index, number of entries, step); None keeps the axis whole."""


class Slice(Node):
    """Evenly spaced entries of every axis. params: (a SliceSpec per axis,)."""

    __slots__ = ()
    record = "slice"

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        pairs = zip(args[0].shape, params[0], strict=True)
        return tuple(extent if spec is None else spec[1] for extent, spec in pairs), args[0].kind


class Pad(Node):
    """The transpose of Slice: entries put at their places in zeros. params: (a SliceSpec per axis, shape)."""

    __slots__ = ()
    record = "pad"

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return params[1], args[0].kind


class Concat(Node):
    """Arrays one after the other along an axis. params: (axis,)."""

    __slots__ = ()
    record = "concat"

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        (axis,) = params
        total = math.fsum(a.shape[axis] for a in args)
        return (*args[0].shape[:axis], int(total), *args[0].shape[axis + 1 :]), args[0].kind


class Gather(Node):
    """Entries of x along an axis, chosen by integers. args: (x, indices); params: (axis, batch).

    The first ``batch`` axes of both go along together; the indices' remaining axes take the place of ``axis``.
    """

    __slots__ = ()
    record = "gather"

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        (x, indices), (axis, batch) = args, params
        return (*x.shape[:axis], *indices.shape[batch:], *x.shape[axis + 1 :]), x.kind


class Scatter(Node):
    """The transpose of Gather: entries added up at their places in zeros. params: (axis, batch, extent)."""

    __slots__ = ()
    record = "scatter"

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        (x, indices), (axis, batch, extent) = args, params
        width = len(indices.shape) - batch
        return (*x.shape[:axis], extent, *x.shape[axis + width :]), x.kind


class D(Node):
    """A derivative that is not worked out yet, ∂f/∂w: its axes are f's, then w's. For explanations alone."""

    __slots__ = ()

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return args[0].shape + args[1].shape, "float"
