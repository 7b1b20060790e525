"""The names a reader knows: the arguments', and the local variables' of the traced function's own frame."""

from __future__ import annotations

import functools
import inspect
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, TypeVar

from ..ir.errors import ChainruleError
from ..ir.graph import naming, toposort
from ..ir.node import Const, Delta, Input, Node, Size

T = TypeVar("T")
Bind = Callable[[str, Any, int], None]
"""Told of a variable, the value it is bound to, and the line."""


@dataclass
class Names:
    """What a trace under way learns of names: each node's variable (the first binding wins) and line."""

    variables: dict[Node, str] = field(default_factory=dict)
    explicit: dict[Node, str] = field(default_factory=dict)
    line_of: dict[Node, int] = field(default_factory=dict)

    def bind(self, variable: str, value: Any, line: int) -> None:
        """A variable was bound; only an expression that is worked out by the function gets its name."""
        if isinstance(value, Node) and _is_worked_out(value):
            self.variables.setdefault(value, variable)
            self.line_of.setdefault(value, line)

    def settle(self, inputs: Sequence[Input], outputs: Sequence[Node], function: str) -> dict[Node, str]:
        """One identifier for each named node that the outputs need.

        A variable that was bound to several nodes is numbered; an argument's name stays its input's; a scalar result
        without a name gets the function's.
        """
        alive = set(toposort(outputs))
        bound = {n: v for n, v in {**self.variables, **self.explicit}.items() if n in alive and _is_worked_out(n)}
        groups: dict[str, list[Node]] = {}
        for node, variable in bound.items():
            groups.setdefault(variable, []).append(node)
        names = input_names(inputs, set(groups))
        taken = set(names.values())
        plain = {variable for variable, nodes in groups.items() if len(nodes) == 1 and variable not in taken}
        taken |= plain
        chosen: dict[Node, str] = {}
        for variable, nodes in groups.items():
            texts = [variable] if variable in plain else numbered(variable, len(nodes), taken)
            chosen.update(zip(nodes, texts, strict=True))
            taken.update(texts)
        names.update((node, chosen[node]) for node in bound)
        if outputs and outputs[0] not in names and outputs[0].shape == () and _is_worked_out(outputs[0]):
            names.update({outputs[0]: function} if is_name(function) and function not in taken else {})
        return names


def _is_worked_out(node: Node) -> bool:
    """Whether the function computes it, so that a variable's name is the node's own."""
    return not isinstance(node, (Input, Const, Size, Delta))


def input_names(inputs: Sequence[Input], variables: set[str]) -> dict[Node, str]:
    """An identifier for each input: the argument's name, or a leaf's key (W1) where nothing else is called that."""
    keys = [i.name.rpartition(".")[2] for i in inputs]
    arguments = {i.name.partition(".")[0] for i in inputs}
    names: dict[Node, str] = {i: i.name for i in inputs if "." not in i.name}
    taken = arguments | variables
    for node, key in zip(inputs, keys, strict=True):
        if node not in names and is_name(key) and keys.count(key) == 1 and key not in taken:
            names[node] = key
    taken |= set(names.values())
    for node in inputs:
        if node not in names:
            path = re.sub(r"\W", "_", node.name)
            names[node] = path if path not in taken else numbered(path, 1, taken)[0]
            taken.add(names[node])
    return names


def numbered(variable: str, count: int, taken: Iterable[str]) -> list[str]:
    """``h`` → h1, h2, …; with an underscore where those exist, or where the name ends in a digit already."""
    taken = set(taken)
    joint = "_" if variable[-1].isdigit() else ""
    while True:
        names = [f"{variable}{joint}{i}" for i in range(1, count + 1)]
        if taken.isdisjoint(names):
            return names
        joint += "_"


def is_name(text: str) -> bool:
    """Whether it can be a variable's name in Python."""
    return text.isidentifier() and not keyword.iskeyword(text)


current: ContextVar[Names | None] = ContextVar("current", default=None)
"""The trace under way in this thread or task."""


def name(x: T, text: str) -> T:
    """Call an intermediate ``text`` in everything that is printed; returns x.

    Outside a trace nothing happens. Raises ChainruleError where the text is no Python identifier.
    """
    if not is_name(text):
        raise ChainruleError(f"a name is a Python identifier, not {text!r}")
    trace = current.get()
    if trace is not None and isinstance(x, Node):
        trace.explicit.setdefault(x, text)
    return x


class Tracing:
    """A context in which a trace is under way; errors describe its nodes by their variables."""

    def __enter__(self) -> Names:
        names = Names()
        self._current = current.set(names)
        self._naming = naming.set(names.variables)
        return names

    def __exit__(self, *_: object) -> None:
        current.reset(self._current)
        naming.reset(self._naming)


def call_watched(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], bind: Bind) -> Any:
    """Call a function and report what its own local variables are bound to, line by line.

    A trace function that is there already (a debugger's, a coverage tool's) goes on working.
    """
    code = code_of(function)
    if code is None:
        return function(*args, **kwargs)
    previous = sys.gettrace()
    sys.settrace(_Watcher(code, previous, bind).on_call)
    try:
        return function(*args, **kwargs)
    finally:
        sys.settrace(previous)


def code_of(function: Any) -> CodeType | None:
    """The code of the function the user wrote, under decorators and partial applications."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", None)  # noqa: B004
    return getattr(function, "__code__", None)


class _Watcher:
    """A trace function for one frame, the first that runs the given code; whatever was there before is asked too."""

    def __init__(self, code: CodeType, previous: Any, bind: Bind) -> None:
        self._code: CodeType | None = code
        self._previous = previous
        self._bind = bind

    def on_call(self, frame: FrameType, event: str, arg: Any) -> Any:
        inner = self._previous(frame, event, arg) if self._previous is not None else None
        if sys.gettrace() != self.on_call:
            # Some tools install themselves again when they are called.
            sys.settrace(self.on_call)
        if frame.f_code is not self._code:
            return inner
        self._code = None
        return _local_trace(inner, self._bind)


def _local_trace(inner: Any, bind: Bind) -> Any:
    """The trace function of the watched frame: compares its variables with what they were at the line before."""
    seen: dict[str, Any] = {}
    line = 0

    def local(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal inner, line
        if inner is not None:
            inner = inner(frame, event, arg) or inner
        if event in ("line", "return"):
            for variable, value in frame.f_locals.items():
                if isinstance(value, Node) and seen.get(variable) is not value:
                    seen[variable] = value
                    if variable not in frame.f_code.co_freevars:
                        bind(variable, value, line)
            line = frame.f_lineno
        return local

    return local
