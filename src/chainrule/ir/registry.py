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
_FAMILIES: dict[str, Callable[[int], Any]] = {}
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
    """The record of this name; one of a family is made when it is first asked for."""
    found = _RECORDS.get(name)
    if found is None:
        stem, _, order = name.rpartition("_")
        if stem not in _FAMILIES or not order.isdecimal():
            raise ChainruleError(f"there is no operation named {name!r}")
        found = _FAMILIES[stem](int(order))
    return found


def family(stem: str, member: Callable[[int], Any]) -> None:
    """Enter records that there is no end of, one for each whole number n: ``member(n)``, which is named ``stem_n``."""
    _FAMILIES[stem] = member


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
    """What answers for a function of NumPy, or a ufunc of SciPy (known by its name), on traced arrays."""
    found = _NUMPY.get(function)
    return _NUMPY.get(f"scipy.special.{function.__name__}") if found is None else found
