"""Where records are found: by name, by the NumPy function that means the same, by an operator of Python.

The only mutable state of the package besides caches. `ir` holds it and knows nobody who fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from .errors import ChainruleError


class Record(Protocol):
    """What the registry knows of a record; `records` tells the rest."""

    @property
    def name(self) -> str:
        """What it is called by."""

    @property
    def stands_for(self) -> tuple[Any, ...]:
        """The NumPy functions it answers for."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound=Record)

_RECORDS: dict[str, Any] = {}
_FUNCTIONS: dict[str, Callable[..., Any]] = {}
_NUMPY: dict[Any, Callable[..., Any]] = {}
symbols: dict[tuple[str, int], Any] = {}
"""Unknown functions (name, order of derivative), which are not operations but have records."""


def register(record: R) -> R:
    """Enter a record; its name must be new. A record that names a NumPy function answers for it on traced arrays."""
    if record.name in _RECORDS:
        raise ChainruleError(f"an operation named {record.name!r} is registered already")
    _RECORDS[record.name] = record
    _FUNCTIONS.setdefault(record.name, record)
    for function in record.stands_for:
        _NUMPY[function] = record
    return record


def unregister(name: str) -> None:
    """Take a record out again (for tests of user-made operations)."""
    record = _RECORDS.pop(name)
    _FUNCTIONS.pop(name, None)
    for function in record.stands_for:
        _NUMPY.pop(function, None)


def record(name: str) -> Any:
    """The record of this name."""
    try:
        return _RECORDS[name]
    except KeyError:
        raise ChainruleError(f"there is no operation named {name!r}") from None


def records() -> Iterator[Any]:
    """All records, in the order they were registered."""
    return iter(list(_RECORDS.values()))


def function(*stands_for: Any) -> Callable[[F], F]:
    """Register a function built from records under its name, and for the NumPy functions it stands for."""

    def enter(f: F) -> F:
        _FUNCTIONS[f.__name__.rstrip("_")] = f
        for numpy_function in stands_for:
            _NUMPY[numpy_function] = f
        return f

    return enter


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """Call an operation or function by name: how operators, which live below the operations, reach them."""
    return _FUNCTIONS[name](*args, **kwargs)


def functions() -> dict[str, Callable[..., Any]]:
    """Everything callable by name, records among them."""
    return dict(_FUNCTIONS)


def for_numpy(function: Any) -> Callable[..., Any] | None:
    """What answers for a NumPy function on traced arrays."""
    return _NUMPY.get(function)
