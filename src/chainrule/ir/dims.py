"""Dimensions: an integer, or a name whose size is known only when the program runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from .errors import ShapeError, TraceError, at_user_line

if TYPE_CHECKING:
    from .node import Node

_DIMS: dict[str, Dim] = {}


class Dim:
    """A named dimension, such as the N of ``x="N d"``. One object per name, compared by identity.

    It takes part in arithmetic as a number (``2 / x.shape[0]``); whatever would need its value while the function is
    traced (``bool``, ``//``, ``range``) raises and says so.
    """

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str) -> Dim:
        found = _DIMS.get(name)
        if found is None:
            if not name.isidentifier():
                raise ShapeError(f"a dimension is an integer or a name, not {name!r}")
            found = object.__new__(cls)
            object.__setattr__(found, "name", name)
            found = _DIMS.setdefault(name, found)
        return found

    def __reduce__(self) -> tuple[type[Dim], tuple[str]]:
        return (Dim, (self.name,))

    def __setattr__(self, key: str, value: object) -> NoReturn:
        raise AttributeError("a dimension cannot be changed")

    def __repr__(self) -> str:
        return self.name

    def node(self) -> Node:
        """The dimension as a number in a graph."""
        from .node import Size

        return Size.of(self)

    def _refuse(self, what: str) -> NoReturn:
        raise TraceError(
            at_user_line(
                f"the size {self.name} is not known while the function is traced, and {what} needs it; "
                f"give this dimension as an integer in the function's shapes"
            )
        )

    def __bool__(self) -> bool:
        self._refuse("a truth value")

    def __index__(self) -> int:
        self._refuse("an integer (range, a slice, a shape)")

    def __int__(self) -> int:
        self._refuse("an index, a slice or int()")

    def __float__(self) -> float:
        self._refuse("float()")

    def __floordiv__(self, other: object) -> NoReturn:
        self._refuse("//")

    def __rfloordiv__(self, other: object) -> NoReturn:
        self._refuse("//")

    def __mod__(self, other: object) -> NoReturn:
        self._refuse("%")

    def __lt__(self, other: object) -> bool:
        self._refuse("a comparison")

    __le__ = __gt__ = __ge__ = __lt__

    def __add__(self, other: Any) -> Any:
        return self.node() + other

    def __radd__(self, other: Any) -> Any:
        return other + self.node()

    def __sub__(self, other: Any) -> Any:
        return self.node() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.node()

    def __mul__(self, other: Any) -> Any:
        return self.node() * other

    def __rmul__(self, other: Any) -> Any:
        return other * self.node()

    def __truediv__(self, other: Any) -> Any:
        return self.node() / other

    def __rtruediv__(self, other: Any) -> Any:
        return other / self.node()

    def __pow__(self, other: Any) -> Any:
        return self.node() ** other

    def __neg__(self) -> Any:
        return -self.node()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """np.sqrt(x.shape[0]), and arithmetic with NumPy's arrays and numbers."""
        return getattr(ufunc, method)(*(i.node() if isinstance(i, Dim) else i for i in inputs), **kwargs)


Extent: TypeAlias = int | Dim
Shape: TypeAlias = tuple[Extent, ...]


def show_shape(shape: Iterable[Extent]) -> str:
    """A shape as it is printed everywhere: ``(N, d)``, ``(m,)``, ``()``."""
    parts = [str(s) for s in shape]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def parse_shape(text: str | Iterable[Extent | str]) -> Shape:
    """``"N d"`` → (N, d); ``"3 4"`` → (3, 4); a tuple passes through."""
    if not isinstance(text, str):
        return tuple(Dim(s) if isinstance(s, str) else s for s in text)
    parts = re.split(r"[\s,]+", text.strip().strip("()"))
    return tuple(int(p) if p.isdecimal() else Dim(p) for p in parts if p)


def broadcast_shapes(*shapes: Shape) -> Shape | None:
    """NumPy's broadcasting rule with names; a name fits itself and 1. None where the shapes do not fit."""
    rank = max(map(len, shapes), default=0)
    result: list[Extent] = []
    for axis in range(-rank, 0):
        extents = {s[axis] for s in shapes if len(s) >= -axis} - {1}
        if len(extents) > 1:
            return None
        result.append(extents.pop() if extents else 1)
    return tuple(result)


class Sizes(dict[Dim, int]):
    """The sizes of the named dimensions in one run."""

    def of(self, shape: Shape) -> tuple[int, ...]:
        """The shape with every name replaced by its size."""
        return tuple(self[s] if isinstance(s, Dim) else s for s in shape)

    def extent(self, extent: Extent) -> int:
        """One dimension as a number."""
        return self[extent] if isinstance(extent, Dim) else extent


def known_product(shape: Iterable[Extent]) -> int:
    """The product of the integer dimensions of a shape."""
    return math.prod(s for s in shape if isinstance(s, int))


def bind_sizes(shapes: Mapping[str, Shape], actual: Mapping[str, tuple[int, ...]]) -> Sizes:
    """The sizes that make the declared shapes equal to the actual ones.

    Raises ShapeError naming the argument, both shapes, and the argument that set a dimension first.
    """
    sizes = Sizes()
    set_by: dict[Dim, str] = {}
    for name, declared in shapes.items():
        got = actual[name]
        if len(got) != len(declared):
            raise ShapeError(
                f"{name} has shape {show_shape(got)}, but {show_shape(declared)} was declared: "
                f"{len(got)} axes instead of {len(declared)}"
            )
        for want, have in zip(declared, got, strict=True):
            if isinstance(want, Dim) and want not in sizes:
                sizes[want], set_by[want] = have, name
            elif sizes.extent(want) != have:
                why = f" ({want} is {sizes[want]}, from {set_by[want]})" if isinstance(want, Dim) else ""
                raise ShapeError(f"{name} has shape {show_shape(got)}, but {show_shape(declared)} is needed{why}")
    return sizes
