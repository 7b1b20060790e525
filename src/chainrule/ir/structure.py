"""The node kinds that move numbers about, the call of a library, and the derivative that is not worked out yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from .dims import Shape
from .interned import Kind, Node

if TYPE_CHECKING:
    from .whole import Whole


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


class Call(Node):
    """An operation on whole arrays that a library does: an inverse, a sort. params: (record, its settings' values…)."""

    __slots__ = ()

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        op = params[0]
        return op.shape(*(a.shape for a in args), **op.named(params[1:])), op.result

    @property
    def op(self) -> Whole:
        return self.params[0]  # type: ignore[no-any-return]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name: the axis of a sort, say."""
        return self.op.named(self.params[1:])


class D(Node):
    """A derivative that is not worked out yet, ∂f/∂w: its axes are f's, then w's. For explanations alone."""

    __slots__ = ()

    @classmethod
    def infer(cls, args: tuple[Node, ...], params: tuple[Any, ...]) -> tuple[Shape, Kind]:
        return args[0].shape + args[1].shape, "float"
