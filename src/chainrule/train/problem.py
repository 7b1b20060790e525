"""What is trained on what: the loss function, parameters and data put together, checked by name, and traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ir.dims import bind_sizes
from ..ir.errors import ArgumentError
from ..ir.node import Input
from ..pipeline import arrange, as_function, misplaced_index, wanted

if TYPE_CHECKING:
    from ..frontend.function import Function
    from ..frontend.trace import Traced

BATCH = "N"
"""The name of the sample axis, which stays open."""

_KINDS = {"f": "", "i": " int", "u": " int", "b": " bool"}


@dataclass(frozen=True, eq=False)
class Problem:
    """A loss, the parameters that it depends on (in one precision), and the data, samples along axis 0."""

    function: Function
    parameters: dict[str, Any]
    data: dict[str, np.ndarray[Any, Any]]
    key: str | None = None
    """The argument that takes a key of random numbers, where a step has one."""

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(next(iter(self.data.values())))

    @property
    def precision(self) -> np.dtype[Any]:
        """The dtype that everything runs in: the parameters'."""
        return np.result_type(*(leaf.dtype for leaf in _leaves(self.parameters)))

    def batch(self, chosen: Any) -> dict[str, np.ndarray[Any, Any]]:
        """The chosen samples of every array."""
        return {name: array[chosen] for name, array in self.data.items()}

    def bound(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The function's arguments for a batch, defaults filled in."""
        return self.function.bind((), {**self.parameters, **batch})

    def trace(self, batch: Mapping[str, Any], *, free: bool) -> Traced:
        """The loss for batches like this one; ``free`` leaves the number of samples open.

        Raises TraceError or ShapeError where the function needs that number, ArgumentError where the data hold a label
        or index that is outside what it chooses from.
        """
        shapes = {name: _shape_of(value) for name, value in self.parameters.items()}
        for name, array in batch.items():
            rows = BATCH if free and name != self.key else len(array)
            shapes[name] = _spelled((rows, *array.shape[1:]), array.dtype)
        traced = self.function.with_shapes(shapes).trace(self.bound(batch))
        # A label of −1 would count from the end, and teach the last class.
        complaint = misplaced_index(traced.graph, {**batch, **self.data}, negative=False)
        if complaint:
            raise ArgumentError(complaint)
        return traced

    def inputs(self, traced: Traced) -> list[Input]:
        """The inputs that are parameters, in order."""
        groups = wanted(self.function, traced, list(self.parameters))
        return [node for group in groups.values() for node in group]

    def arranged(self, traced: Traced, values: list[Any]) -> dict[str, Any]:
        """Parameters, in the order of `inputs`, in the structure that was given."""
        groups = wanted(self.function, traced, list(self.parameters))
        return arrange(traced, groups, single=False)([np.array(v) for v in values])  # type: ignore[no-any-return]


def problem(
    loss: Callable[..., Any], parameters: Mapping[str, Any], data: Mapping[str, Any], key: str | None = None
) -> Problem:
    """Put loss, parameters and data together; ``key`` is the argument that takes a key in a step.

    Raises ArgumentError for a name that is missing, misspelt, superfluous, or in both; for parameters that are no
    floats; for data that are no arrays of samples, of different lengths, or empty; for a key without a default. Raises
    ShapeError where shapes are not those that the function declares.
    """
    function = as_function(loss)
    _check_key(function, key, {**parameters, **data})
    both = sorted(set(parameters) & set(data))
    if both:
        raise ArgumentError(f"{both[0]!r} is given as a parameter and as data")
    if not parameters or not data:
        raise ArgumentError(f"there are no {'data' if parameters else 'parameters'}: give a dict of arrays by name")
    function.bind((), {**parameters, **data})
    trees = {name: _floats(name, value) for name, value in parameters.items()}
    precision = np.result_type(*(leaf.dtype for leaf in _leaves(trees)))
    trees = {name: _mapped(lambda leaf: leaf.astype(precision), tree) for name, tree in trees.items()}
    result = Problem(function, trees, samples_of(data, precision), key)
    _check_declared(result)
    return result


def _check_key(function: Function, key: str | None, given: Mapping[str, Any]) -> None:
    """Raise ArgumentError where the key's name is taken, no argument of the function, or one without a default."""
    if key is None:
        return
    if key in given:
        raise ArgumentError(f"{key!r} is to take a key in each step, and cannot be given as well")
    argument = function.signature.parameters.get(key)
    if argument is None or argument.default is argument.empty:
        what = "no argument" if argument is None else "no default for its argument"
        raise ArgumentError(
            f"{function.name} has {what} {key!r}: a step gives it a key, and where the loss is only measured it keeps "
            f"its default, as in def {function.name}(…, {key}=None)"
        )


def samples_of(data: Mapping[str, Any], precision: np.dtype[Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Data as arrays, floats in this precision, all with as many samples along axis 0. Raises ArgumentError."""
    arrays = {name: np.asarray(value) for name, value in data.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS or array.ndim == 0:
            what = "a single number" if array.ndim == 0 else f"made of {array.dtype}"
            raise ArgumentError(f"{name} is an array of numbers with samples along its first axis, not {what}")
    first, *rest = arrays
    for name in rest:
        if len(arrays[name]) != len(arrays[first]):
            raise ArgumentError(
                f"there are {len(arrays[first])} samples in {first}, but {len(arrays[name])} in {name}: shapes "
                f"{arrays[first].shape} and {arrays[name].shape}"
            )
    if not len(arrays[first]):
        raise ArgumentError(f"there are no samples: {first} has shape {arrays[first].shape}")
    return {n: a.astype(precision, copy=False) if a.dtype.kind == "f" else a for n, a in arrays.items()}


def _check_declared(made: Problem) -> None:
    """Raise ShapeError where an array is not of the shape that the function itself declares."""
    if made.function.declared:
        bound = made.bound(made.data)
        traced = made.function.trace(bound)
        arrays = traced.flatten(bound)
        bind_sizes({i.name: i.shape for i in traced.graph.inputs}, {name: a.shape for name, a in arrays.items()})


def _floats(path: str, value: Any) -> Any:
    """Parameters as arrays of floats, in their structure. Raises ArgumentError naming the one that is not."""
    if isinstance(value, Mapping):
        return {key: _floats(f"{path}.{key}", below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_floats(f"{path}.{n}", below) for n, below in enumerate(value))
    array = np.asarray(value)
    if array.dtype.kind != "f":
        kind = type(value).__name__ if array.dtype.kind not in _KINDS else f"made of {array.dtype}"
        raise ArgumentError(
            f"the parameter {path} is {kind}, and only floats can be trained: write {path}.astype(float)"
        )
    return array


def _mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _mapped(change, below) for key, below in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_mapped(change, below) for below in tree)
    return change(tree)


def _leaves(tree: Any) -> list[Any]:
    below = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else None
    return [tree] if below is None else [leaf for part in below for leaf in _leaves(part)]


def _shape_of(value: Any) -> Any:
    """The shapes of a parameter's arrays, as they are declared."""
    if isinstance(value, (list, tuple)):
        return [_shape_of(below) for below in value]
    if isinstance(value, dict):
        return {key: _shape_of(below) for key, below in value.items()}
    return _spelled(value.shape, value.dtype)


def _spelled(shape: tuple[Any, ...], dtype: np.dtype[Any]) -> str:
    """A shape as `cr.function` takes it: ``"N 64"``, ``"N int"``."""
    return " ".join(map(str, shape)) + _KINDS[dtype.kind]
