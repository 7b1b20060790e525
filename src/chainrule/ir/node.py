"""The node kinds: a closed set, so that every pass can have one case for each and refuse what it does not know.

Inputs, numbers, scalar operations, sums of products and reductions are here; what only moves numbers about is in
`structure`, and is found here too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from . import registry
from .dims import Dim, Extent, Shape
from .errors import ShapeError
from .interned import Kind, Node
from .structure import Call, Concat, D, Gather, Pad, Reshape, Scatter, Slice, SliceSpec

if TYPE_CHECKING:
    from .records import Elementwise, Reduction

__all__ = [
    "Call",
    "Concat",
    "Const",
    "D",
    "Delta",
    "Einsum",
    "Gather",
    "Input",
    "Kind",
    "Map",
    "Node",
    "Pad",
    "Reduce",
    "Reshape",
    "Scatter",
    "Size",
    "Slice",
    "SliceSpec",
    "Subscripts",
]

Subscripts: TypeAlias = tuple[int, ...]


class Input(Node):
    """An argument of the function. params: (name, shape, kind, what was declared of its values: symmetric, …)."""

    __slots__ = ()

    @classmethod
    def of(cls, name: str, shape: Shape, kind: Kind = "float", properties: frozenset[str] = frozenset()) -> Input:
        return cls.make((), (name, shape, kind, properties))

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return params[1], params[2]

    @property
    def name(self) -> str:
        return self.params[0]  # type: ignore[no-any-return]

    @property
    def properties(self) -> frozenset[str]:
        """What was declared of its values: symmetric, positive, simplex."""
        return self.params[3]  # type: ignore[no-any-return]


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
