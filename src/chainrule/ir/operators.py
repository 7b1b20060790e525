"""What Python and NumPy may ask of an expression: operators, methods, and NumPy's two protocols.

Each finds its operation by name in the registry. What only a number could answer raises, and says what to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from .errors import TraceError, at_user_line
from .registry import call, for_numpy


def _refuse(what: str, instead: str) -> NoReturn:
    raise TraceError(at_user_line(f"{what} of a traced array is not known while the function is traced; {instead}"))


class Operators:
    """The operators and methods of a traced array, as NumPy's arrays have them."""

    __slots__ = ()
    shape: Any

    def __add__(self, other: Any) -> Any:
        return call("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return call("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return call("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return call("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return call("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return call("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return call("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return call("div", other, self)

    def __mod__(self, other: Any) -> Any:
        return call("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return call("mod", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return call("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return call("floor_divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return call("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return call("pow", other, self)

    def __matmul__(self, other: Any) -> Any:
        return call("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return call("matmul", other, self)

    def __neg__(self) -> Any:
        return call("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return call("abs", self)

    def __lt__(self, other: Any) -> Any:
        return call("less", self, other)

    def __le__(self, other: Any) -> Any:
        return call("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return call("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return call("greater_equal", self, other)

    def __eq__(self, other: object) -> Any:
        return self is other if other is None else call("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self is not other if other is None else call("not_equal", self, other)

    # Equality builds a graph, so identity is what dictionaries of nodes go by.
    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Any:
        return call("logical_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return call("logical_and", other, self)

    def __or__(self, other: Any) -> Any:
        return call("logical_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return call("logical_or", other, self)

    def __invert__(self) -> Any:
        return call("logical_not", self)

    def __getitem__(self, key: Any) -> Any:
        return call("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise TraceError(
            at_user_line(
                "a traced array cannot be written into; build the result instead: "
                "cr.where(mask, new, old), cr.concatenate([...]), or x * mask"
            )
        )

    def __bool__(self) -> NoReturn:
        _refuse(
            "the truth value",
            "write cr.where(condition, a, b) instead of if, & and | instead of and, or",
        )

    def __float__(self) -> NoReturn:
        _refuse("the number", "keep it an array; call the function to get numbers")

    def __int__(self) -> NoReturn:
        _refuse("the integer", "keep it an array, or pass it as a Python int")

    def __index__(self) -> NoReturn:
        _refuse("the integer", "pass it as a Python int, or index with an integer array")

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        _refuse(
            "the content",
            "use functions of NumPy that chainrule knows (chainrule ops): np.stack([a, b]) for np.array([a, b])",
        )

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        if not isinstance(self.shape[0], int):
            _refuse("len()", "use x.shape[0]")
        return int(self.shape[0])

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    if not TYPE_CHECKING:  # A type checker would take every attribute for known.

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(name)
            raise AttributeError(at_user_line(f"a traced array has no attribute {name!r} (see: chainrule ops)"))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> Any:
        """The number of elements."""
        return call("size", self)

    @property
    def T(self) -> Any:
        """All axes in reverse order."""
        return call("transpose", self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return call("swapaxes", self, -1, -2)

    def transpose(self, *axes: Any) -> Any:
        """As numpy.ndarray.transpose."""
        return call("transpose", self, (axes[0] if len(axes) == 1 else axes) or None)

    def swapaxes(self, a: int, b: int) -> Any:
        """As numpy.ndarray.swapaxes."""
        return call("swapaxes", self, a, b)

    def reshape(self, *shape: Any) -> Any:
        """As numpy.ndarray.reshape, in row-major order."""
        return call("reshape", self, shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Any:
        """As numpy.ndarray.ravel."""
        return call("reshape", self, -1)

    flatten = ravel

    def squeeze(self, axis: Any = None) -> Any:
        """As numpy.ndarray.squeeze."""
        return call("squeeze", self, axis)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """As numpy.ndarray.sum."""
        return call("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """As numpy.ndarray.mean."""
        return call("mean", self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        """As numpy.ndarray.var."""
        return call("var", self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
        """As numpy.ndarray.std."""
        return call("std", self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """As numpy.ndarray.max."""
        return call("max", self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """As numpy.ndarray.min."""
        return call("min", self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        """As numpy.ndarray.prod."""
        return call("prod", self, axis=axis, keepdims=keepdims)

    def dot(self, other: Any) -> Any:
        """As numpy.ndarray.dot for one and two axes."""
        return call("dot", self, other)

    def clip(self, low: Any = None, high: Any = None) -> Any:
        """As numpy.ndarray.clip."""
        return call("clip", self, low, high)

    def astype(self, dtype: Any) -> Any:
        """The same numbers as float, int or bool; the precision of floats is that of the function's arguments."""
        return call("astype", self, dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        handler = for_numpy(ufunc)
        if handler is None or method != "__call__":
            spelled = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            raise TraceError(at_user_line(f"numpy.{spelled} is not an operation of chainrule (see: chainrule ops)"))
        if kwargs.get("out") is not None:
            raise TraceError(
                at_user_line("a traced array cannot be written into an array: write a = a + x, not a += x, and no out=")
            )
        if any(value is not None for value in kwargs.values()):
            raise TraceError(at_user_line(f"numpy.{ufunc.__name__} on a traced array takes no {', '.join(kwargs)}"))
        return handler(*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        handler = for_numpy(function)
        if handler is None:
            raise TraceError(
                at_user_line(f"numpy.{function.__name__} is not an operation of chainrule (see: chainrule ops)")
            )
        return handler(*args, **kwargs)
