"""One step of training as one graph: the loss, its gradients, and the updates of all parameters.

    parameters, state, batch  →  loss (and what else the function returns), new parameters, new state

The program reads the old values and makes new ones, so that they are still there if the new ones turn out bad.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..ir.build import cast
from ..ir.errors import ShapeError
from ..ir.graph import Graph
from ..ir.node import Input, Node
from ..pipeline import executable, gradient_graph
from .optimizer import Optimizer

if TYPE_CHECKING:
    from ..frontend.trace import Traced

Arrays: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A training step, ready to run. Its graph's inputs are parameters, state and batch, in this order.

    Its outputs are the ``values`` results of the loss function, the loss first, then parameters and state again.
    """

    graph: Graph
    parameters: tuple[str, ...]
    state: tuple[str, ...]
    batch: tuple[str, ...]
    values: int

    def program(self, examples: Mapping[str, Any]) -> Callable[..., Sequence[Any]]:
        """The step as a function of arrays like the examples, in the order of the graph's inputs."""
        return executable(self.graph, "step").positional(examples)


def step_graph(traced: Traced, parameters: Sequence[Input], optimizer: Optimizer) -> Step:
    """The graph of one training step for the inputs that are parameters.

    Raises DerivativeError where the loss is no single float, or a parameter has no derivative; ShapeError where an
    update changes a shape.
    """
    gradients = gradient_graph(traced, parameters)
    names = dict(gradients.graph.names)
    states: dict[str, Input] = {}
    new_states: dict[str, Node] = {}
    new_parameters: list[Node] = []
    for parameter, gradient in zip(parameters, optimizer.clipped(gradients.gradients), strict=True):
        entries = state_inputs(parameter, optimizer)
        updated, after = optimizer.update(parameter, gradient, entries, parameter.name)
        new_parameters.append(_like(parameter, updated, optimizer))
        names.setdefault(updated, f"new_{parameter.name.replace('.', '_')}")
        for entry, node in entries.items():
            states[node.name] = node
            _once(new_states, node.name, _like(node, after[entry], optimizer), optimizer)
            names.setdefault(new_states[node.name], f"new_{node.name.replace('.', '_')}")
    batch = [i for i in gradients.graph.inputs if i not in set(parameters)]
    outputs = (*gradients.graph.outputs[: gradients.values], *new_parameters, *(new_states[name] for name in states))
    return Step(
        Graph((*parameters, *states.values(), *batch), outputs, names),
        tuple(p.name for p in parameters),
        tuple(states),
        tuple(i.name for i in batch),
        gradients.values,
    )


def state_inputs(parameter: Input, optimizer: Optimizer) -> dict[str, Input]:
    """The entries of a parameter's state, as inputs; a shared entry is the same input for every parameter."""
    shape = tuple(s if isinstance(s, int) else 1 for s in parameter.shape)
    return {
        entry: Input.of(_state_name(parameter.name, entry, optimizer), np.shape(value))
        for entry, value in optimizer.init(np.zeros(shape)).items()
    }


def initial_state(parameters: Mapping[str, Any], optimizer: Optimizer) -> Arrays:
    """The state that all parameters begin with, by the names of the step's inputs."""
    return {
        _state_name(name, entry, optimizer): value
        for name, parameter in parameters.items()
        for entry, value in optimizer.init(np.asarray(parameter)).items()
    }


def _state_name(parameter: str, entry: str, optimizer: Optimizer) -> str:
    return f"{optimizer.name}.{entry}" + ("" if entry in optimizer.shared else f".{parameter}")


def _like(before: Input, after: Any, optimizer: Optimizer) -> Node:
    """An update, which has the shape and the kind of what it replaces."""
    if not isinstance(after, Node) or after.shape != before.shape:
        raise ShapeError(f"{optimizer.name} does not keep the shape of {before.name}: {before.shape}")
    return cast(after, before.kind)


def _once(known: dict[str, Node], name: str, node: Node, optimizer: Optimizer) -> None:
    """Keep a new state; one that is shared has to come out the same from every parameter's update."""
    if known.setdefault(name, node) is not node:
        raise ShapeError(f"{optimizer.name} declares {name} shared, but updates it differently for each parameter")


def first_bad(arrays: Sequence[Any]) -> int | None:
    """The position of the first array that has an entry which is not finite."""
    for n, array in enumerate(arrays):
        flat = np.ravel(array)
        # A sum of squares is a single pass of BLAS; it overflows early, so its verdict is looked at again.
        if not math.isfinite(flat.dot(flat)) and not np.isfinite(flat).all():
            return n
    return None
