"""Arguments: what their declared shapes mean, and which parts of their values are arrays."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir.dims import Dim, Shape, parse_shape, show_shape
from ..ir.errors import ArgumentError, ChainruleError, ShapeError
from ..ir.node import Input, Kind
from .properties import MEANINGS, check_declared, check_values
from .tree import Tree, entries, flatten, is_structure, join, rebuilt

_KINDS: dict[str, Kind] = {"float": "float", "int": "int", "bool": "bool"}
_KIND_OF: dict[str, Kind] = {"f": "float", "i": "int", "u": "int", "b": "bool"}


@dataclass(frozen=True)
class Declared:
    """What is declared of an argument: its shape, the kind of number in it, properties such as symmetric."""

    shape: Shape
    kind: Kind = "float"
    properties: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return show_shape(self.shape)


def declare(name: str, spec: Any) -> Tree:
    """``"N d"``, ``"N int"``, ``"d d symmetric"``, ``(3, 4)``, ``""`` as a Declared; a dict or list of those as a
    structure of them.

    Raises ShapeError where it is no shape, or where an array of it cannot have a property that is declared.
    """
    if isinstance(spec, (dict, list)):
        return rebuilt(spec, [declare(join(name, key), below) for key, below in entries(spec)])
    if isinstance(spec, Declared):
        return spec
    given, words = _words_behind(spec) if isinstance(spec, str) else (spec, [])
    kinds = [_KINDS[word] for word in words if word in _KINDS]
    properties = frozenset(word for word in words if word in MEANINGS)
    try:
        shape = parse_shape((given,) if isinstance(given, (int, Dim)) else given)
        if not all(isinstance(s, Dim) or (type(s) is int and s >= 0) for s in shape):
            raise ShapeError("an integer dimension is not negative")
        if len(kinds) > 1:
            raise ShapeError(f"the numbers are of one kind, not {' and '.join(kinds)}")
    except (ChainruleError, TypeError, ValueError) as error:
        raise ShapeError(
            f'{spec!r} is no shape for {name}: write names or integers, as in {name}="N d", {name}=(3, 4), '
            f'{name}="" for a single number; at the end int or bool for another kind of number, and what is known '
            f"of the values: {', '.join(MEANINGS)} ({error})"
        ) from error
    check_declared(name, shape, kinds[0] if kinds else "float", properties)
    return Declared(shape, kinds[0] if kinds else "float", properties)


def _words_behind(spec: str) -> tuple[str, list[str]]:
    """The dimensions of a declaration, and the words behind them: kinds of number, properties."""
    parts = spec.split()
    first = len(parts)
    while first and (parts[first - 1] in _KINDS or parts[first - 1] in MEANINGS):
        first -= 1
    return " ".join(parts[:first]), parts[first:]


def closest(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'w1'?"``, or a full stop where nothing is near."""
    near = difflib.get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else "."


def declared_inputs(path: str, declared: Tree) -> Tree:
    """An Input for every declared shape."""
    if is_structure(declared):
        return rebuilt(declared, [declared_inputs(join(path, k), below) for k, below in entries(declared)])
    return Input.of(path, declared.shape, declared.kind, declared.properties)


def inputs_of(path: str, value: Any, declared: Tree | None = None) -> Tree:
    """The structure of a value, with an Input for every array; what is no array stays as it is.

    Raises ArgumentError or ShapeError where the value is not what was declared.
    """
    if is_structure(declared):
        return _declared_structure(path, value, declared)
    if declared is not None or is_array(value):
        return _input(path, value, declared)
    if is_structure(value):
        return rebuilt(value, [inputs_of(join(path, key), below) for key, below in entries(value)])
    return value


def _declared_structure(path: str, value: Any, declared: Tree) -> Tree:
    """The Inputs of a value whose structure was declared."""
    wanted = [key for key, _ in entries(declared)]
    if not is_structure(value) or isinstance(declared, dict) != isinstance(value, dict):
        shown = "a dict with " if isinstance(declared, dict) else "a list of "
        raise ArgumentError(f"{path} is {shown}{', '.join(map(str, wanted))}, not {_a(value)}")
    given = dict(entries(value))
    for key in given:
        if key not in wanted:
            raise ArgumentError(f"{path} has no entry {key!r}{closest(str(key), map(str, wanted))}")
    for key in wanted:
        if key not in given:
            raise ArgumentError(f"{path} lacks its entry {key!r}")
    below = dict(entries(declared))
    return rebuilt(value, [inputs_of(join(path, key), part, below[key]) for key, part in entries(value)])


def is_array(value: Any) -> bool:
    """Whether a value is traced: an array, a Python float, a nested list of numbers. Integers alone are fixed."""
    if isinstance(value, list):
        numbers = (int, float, np.generic)
        return bool(value) and all(is_array(v) if isinstance(v, list) else isinstance(v, numbers) for v in value)
    if isinstance(value, (np.integer, np.bool_)):
        return False
    return isinstance(value, (np.ndarray, float)) or (hasattr(value, "__array__") and not isinstance(value, type))


def _a(value: Any) -> str:
    """``a str``, ``an int``."""
    text = type(value).__name__
    return f"an {text}" if text[0] in "aeiou" else f"a {text}"


def as_array(path: str, value: Any) -> np.ndarray:
    """The value as an array of real numbers. Raises ArgumentError where it is none."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{path} is no array: {error}") from error
    if array.dtype.kind not in _KIND_OF:
        what = f"{_a(value)}" if array.dtype.kind in "OUS" else f"made of {array.dtype}"
        raise ArgumentError(f"{path} is an array of real numbers, but {what} was given")
    return array


def _input(path: str, value: Any, declared: Declared | None) -> Input:
    array = as_array(path, value)
    kind = _KIND_OF[array.dtype.kind]
    if declared is None:
        return Input.of(path, array.shape, kind)
    if array.ndim != len(declared.shape):
        raise ShapeError(
            f"{path} has shape {show_shape(array.shape)}, but {declared} was declared: "
            f"{array.ndim} axes instead of {len(declared.shape)}"
        )
    check_values(path, array, declared.properties)
    # A Python integer is as good as a float; an array of integers stays one, so that its derivative is refused.
    if declared.kind == "float":
        kind = "float" if isinstance(value, int) else kind
    elif kind != declared.kind and (kind, declared.kind) != ("bool", "int"):
        raise ArgumentError(f"{path} was declared {declared.kind}, but an array of {array.dtype} was given")
    else:
        kind = declared.kind
    return Input.of(path, declared.shape, kind, declared.properties)


def values_of(arguments: Mapping[str, Tree], bound: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The array for each Input, by its name: what a run needs.

    Python's own numbers take the precision of the arrays beside them. Raises ArgumentError where the values are not
    structured as those that were traced.
    """
    found: dict[str, tuple[Input, Any]] = {}
    for name, tree in arguments.items():
        _pair(name, tree, bound[name], found)
    floats = [v.dtype for _, v in found.values() if isinstance(v, (np.ndarray, np.floating)) and v.dtype.kind == "f"]
    weak = np.result_type(*floats) if floats else np.dtype(np.float64)
    return {path: _as_kind(path, node.kind, value, weak) for path, (node, value) in found.items()}


def _pair(path: str, tree: Tree, value: Any, found: dict[str, tuple[Input, Any]]) -> None:
    """Put every Input of a tree together with its part of a value."""
    if isinstance(tree, Input):
        found[path] = (tree, value)
    elif is_structure(tree):
        below = dict(entries(tree))
        if not is_structure(value) or dict(entries(value)).keys() != below.keys():
            raise ArgumentError(f"{path} is structured otherwise than when the function was traced")
        for key, part in entries(value):
            _pair(join(path, key), below[key], part, found)


def _as_kind(path: str, kind: Kind, value: Any, weak: np.dtype[Any]) -> np.ndarray:
    array = as_array(path, value)
    if kind == "float" and (not hasattr(value, "dtype") or array.dtype.kind != "f"):
        return array.astype(weak)
    return array.astype(np.int64) if kind == "int" and array.dtype.kind == "b" else array


def input_leaves(tree: Tree) -> list[Input]:
    """The Inputs of a tree, in order."""
    return [leaf for _, leaf in flatten(tree) if isinstance(leaf, Input)]
