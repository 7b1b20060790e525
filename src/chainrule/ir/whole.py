"""The record of an operation on whole arrays that a library does, not we: an inverse, a sort, a cumulative sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from .build import as_node, cast, is_traced
from .dims import Shape, Sizes
from .node import Call, Einsum, Kind, Node
from .records import Slopes

Operands: TypeAlias = Sequence[Node]
Samples: TypeAlias = Sequence[tuple[Callable[..., Any], tuple[np.ndarray, ...]]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Whole:
    """An operation on whole arrays.

    ``ref(*arrays, **settings)`` is what it means, ``shape(*shapes, **settings)`` the shape that comes out (it raises
    ShapeError where there is none). Axes in front of the operation's own are a batch, which all operands share; a
    setting that is an axis counts from the end.

    Both directions are graphs of operations, or there are none: no derivative flows through a sort's order.
    ``forward(args, y, tangents, **settings)`` is the tangent of the result y (a tangent of None: that operand does not
    vary), ``backward(args, y, g, **settings)`` the cotangent of each operand. Either is batched as the operation is.
    """

    name: str
    ref: Callable[..., Any]
    shape: Callable[..., Shape]
    why: str
    settings: tuple[str, ...] = ()
    own: int = 1
    """How many of an operand's last axes are the operation's own; up to its axis, where it has that setting."""
    forward: Callable[..., Node] | None = None
    backward: Callable[..., Slopes] | None = None
    result: Kind = "float"
    build: Callable[..., Any] | None = None
    """What the record does when it is called, where that is more than to make the node of its operands."""
    stands_for: tuple[Any, ...] = ()
    numpy: str = ""
    """Template with {0}, {1}, … for the operands, {name} for a setting, {dtype} for the precision of the run."""
    imports: str = ""
    """The line of Python that brings in what ``numpy`` calls, where that is not NumPy."""
    definition: str = ""
    """Python source of a function that ``numpy`` calls and no library has."""
    latex: str = ""
    text: str = ""
    singular: bool = False
    """Whether the value or a slope may be infinite or NaN at a finite point."""
    convention: str = ""
    """What is returned at points without a derivative."""
    cases: Callable[[], Samples] = field(default=lambda: ())
    """For tests: functions that use it, each with arguments where they are well conditioned."""
    special: Callable[[], Samples] = field(default=lambda: ())
    """For tests: functions at special values (ties, zeros, empty arrays), where a derivative is a convention."""
    errors: Callable[[], Sequence[tuple[Callable[..., Any], tuple[Shape, ...], str]]] = field(default=lambda: ())
    """For tests: uses that are refused, with the arguments' shapes and what the message says."""
    oracle: Any = None
    """For tests: the same function of arrays, written in another way; takes the settings too."""

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """On traced arrays an expression; on plain arrays the value."""
        if self.build is not None and is_traced(args):
            return self.build(*args, **settings)
        if not is_traced(args):
            with np.errstate(all="ignore"):
                return self.ref(*args, **settings)
        return self.of(*(as_node(a) for a in args), **settings)

    def of(self, *args: Node, **settings: Any) -> Node:
        """The node; integers are cast where the operation is one on floats."""
        if self.backward is not None:
            args = tuple(cast(a, "float") for a in args)
        return Call.make(args, (self, *(settings[name] for name in self.settings)))

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        """The values of the settings by name."""
        return dict(zip(self.settings, values, strict=True))

    def is_singular(self, operands: Sequence[Node]) -> bool:
        """Whether the value or a slope may be infinite or NaN at a finite point."""
        return self.singular

    @property
    def operands(self) -> tuple[bool, ...]:
        """Whether a derivative flows to the operands."""
        return (self.backward is not None,)

    def value(self, node: Call, values: Sequence[Any], sizes: Sizes) -> Any:
        """The value of a node."""
        settings = {k: sizes.of(v) if isinstance(v, tuple) else v for k, v in node.settings.items()}
        return self.ref(*values, **settings)

    def batch(self, node: Call) -> int:
        """How many leading axes of the operands, and of the result, are a batch."""
        own = -node.settings["axis"] if "axis" in self.settings else self.own
        return len(node.args[0].shape) - own

    def transpose(self, node: Call, g: Node) -> Slopes:
        """The cotangents of the operands, from that of the result."""
        assert self.backward is not None
        return self.backward(node.args, node, g, **node.settings)

    def push(self, node: Call, tangents: Sequence[Node | None], extra: Shape) -> Node:
        """The tangent of the result; axes that tangents have behind their own go in front, as a batch, and back."""
        assert self.forward is not None
        args = [_spread(arg, extra) for arg in node.args]
        moved = [None if t is None else _turned(t, len(t.shape) - len(extra)) for t in tangents]
        result = self.forward(args, _spread(node, extra), moved, **node.settings)
        return _turned(result, len(extra))


def _spread(node: Node, extra: Shape) -> Node:
    """The same array for every place of the extra axes, which stand in front."""
    shape = (*extra, *node.shape)
    return Einsum.of([node], [tuple(range(len(extra), len(shape)))], tuple(range(len(shape))), dict(enumerate(shape)))


def _turned(node: Node, first: int) -> Node:
    """The first so many axes put behind the others."""
    order = (*range(first, len(node.shape)), *range(first))
    return Einsum.of([node], [tuple(range(len(order)))], order, dict(enumerate(node.shape)))
