"""What a user asks of a function: its gradient, and the same graph in other directions.

Each takes a function and gives one with the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from .derive import forward, jacobian, reverse
from .engines import Engine, program_of
from .frontend.function import Function
from .frontend.trace import Traced
from .ir.errors import ArgumentError, DerivativeError
from .ir.graph import Graph
from .ir.node import Input, Node
from .pipeline import arrange, as_function, check_differentiable, evaluate, gradient_graph, kept, wanted
from .run.printed import Program
from .simplify import simplify, stabilise


class Runnable(Protocol):
    """A program: for arrays like these, in the order of its graph's inputs, the function that gives its outputs."""

    def ready(self, arrays: Mapping[str, np.ndarray]) -> Callable[[Sequence[np.ndarray]], list[Any]]:
        """That function."""


def value_and_grad(
    f: Callable[..., Any], wrt: str | Sequence[str] | None = None, *, engine: Engine = "auto"
) -> Callable[..., tuple[Any, Any]]:
    """The value of f, and its gradient with respect to one argument or several.

    ``wrt``: a name → an array (or the argument's structure); a list of names → a dict by name; nothing → the first
    argument. f returns a single float, alone or first of several results. The gradient has the argument's shape and
    the precision of the float arguments.

    ``engine``: "numpy"; "native", which is C, compiled at the first call (`cr.compile` tells more); or "auto", which is
    NumPy until the calls have lost as much time by it, reckoned from their sizes, as compiling takes, and then C.
    Numbers of the two may differ in their last digits.

    Raises ArgumentError for a name f does not have or another engine, DerivativeError for an integer argument or a
    result that is no single float, ShapeError where shapes do not fit; with "native" NoSpelling for an operation that
    has no C, NoCompiler and CompileError.
    """
    return differentiated(f, wrt, program_of(engine))


def differentiated(
    f: Callable[..., Any], wrt: str | Sequence[str] | None, program_of: Callable[[Graph, str], Runnable]
) -> Callable[..., tuple[Any, Any]]:
    """Value and gradient of f, run by the program that is made of their graph and f's name."""
    function = as_function(f)
    repeats = Repeats(function)

    def call(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        key = repeats.key(args, kwargs)
        again = repeats.known.get(key)
        if again is not None:
            return again([*args, *kwargs.values()])  # type: ignore[no-any-return]
        bound = function.bind(args, kwargs)
        traced = function.trace(bound)
        groups = wanted(function, traced, wrt)
        inputs = [i for group in groups.values() for i in group]
        made = ("gradient", program_of, *(i.name for i in inputs))
        program = kept(traced, made, lambda: program_of(gradient_graph(traced, inputs).graph, traced.function))
        split = len(traced.graph.outputs)
        hand_back = arrange(traced, groups, wrt is None or isinstance(wrt, str))
        value = traced.unflatten if split > 1 or isinstance(traced.result, (dict, list, tuple)) else itemgetter(0)
        values = traced.flatten(bound)
        run = program.ready({i.name: np.asarray(values[i.name]) for i in traced.graph.inputs})

        def finish(arrays: Sequence[np.ndarray]) -> tuple[Any, Any]:
            results = run(arrays)
            return value(results[:split]), hand_back(results[split:])

        repeats.remember(key, traced, args, kwargs, finish)
        return finish([np.asarray(values[i.name]) for i in traced.graph.inputs])

    return call


class Repeats:
    """Calls that were made before with arrays of the same shapes and dtypes: looked up, not worked out again.

    Only for functions whose surroundings cannot change, called with arrays alone.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.known: dict[Any, Callable[[Sequence[np.ndarray]], Any]] = {}

    def key(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """What tells calls apart; None where an argument is no array."""
        about: list[Any] = [*kwargs]
        for value in (*args, *kwargs.values()):
            if type(value) is not np.ndarray:
                return None
            about += (value.shape, value.dtype)
        return tuple(about)

    def remember(
        self,
        key: Any,
        traced: Traced,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        finish: Callable[[Sequence[np.ndarray]], Any],
    ) -> None:
        """Keep how such a call is run: ``finish`` takes the arrays in the order of the graph's inputs."""
        names = [*list(self.function.signature.parameters)[: len(args)], *kwargs]
        order = {name: i for i, name in enumerate(names)}
        inputs = [i.name for i in traced.graph.inputs]
        if key is None or not self.function.settled or set(inputs) != set(order):
            return
        if any(i.properties for i in traced.graph.inputs):
            return  # the values have to be looked at each time
        places = [order[name] for name in inputs]
        if len(self.known) >= 64:
            self.known.clear()
        self.known[key] = lambda given: finish([given[i] for i in places])


def grad(
    f: Callable[..., Any], wrt: str | Sequence[str] | None = None, *, engine: Engine = "auto"
) -> Callable[..., Any]:
    """The gradient of f with respect to one argument or several: `value_and_grad` without the value."""
    both = value_and_grad(f, wrt, engine=engine)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def vjp(
    f: Callable[..., Any], wrt: str | Sequence[str] | None = None
) -> Callable[..., tuple[Any, Callable[[Any], Any]]]:
    """Reverse mode for a result of any shape: the value, and a function from its cotangent to that of ``wrt``.

    ``value, pull = cr.vjp(f, "w")(x, w)``; ``pull(g)`` is Σ g ∂f/∂w, with g of the value's shape.
    """
    function = as_function(f)

    def call(*args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], Any]]:
        bound = function.bind(args, kwargs)
        traced = function.trace(bound)
        groups = wanted(function, traced, wrt)
        inputs = [i for group in groups.values() for i in group]
        program, seed = kept(traced, ("vjp", *(i.name for i in inputs)), lambda: _vjp_program(traced, inputs))
        arrays = traced.flatten(bound)
        hand_back = arrange(traced, groups, wrt is None or isinstance(wrt, str))

        def pull(cotangent: Any) -> Any:
            return hand_back(program({**arrays, seed.name: _floats(cotangent)}))

        return evaluate(function, bound), pull

    return call


def _vjp_program(traced: Traced, wrt: Sequence[Input]) -> tuple[Program, Input]:
    graph = stabilise(traced.graph)
    output = graph.outputs[0]
    for node in wrt:
        check_differentiable(node, traced.function)
    seed = Input.of("cotangent.of.result", output.shape)
    cotangents = reverse({output: seed}, wrt)
    inputs = (*graph.inputs, seed)
    return Program(simplify(Graph(inputs, tuple(map(cotangents.get, wrt)), graph.names)), traced.function), seed


def jvp(f: Callable[..., Any], tangents: Mapping[str, Any]) -> Callable[..., tuple[Any, Any]]:
    """Forward mode: the value of f, and how it changes along ``tangents``, a direction for each argument that moves.

    ``value, change = cr.jvp(f, {"w": v})(x, w)``; a direction has its argument's shape.
    """
    function = as_function(f)

    def call(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        bound = function.bind(args, kwargs)
        traced = function.trace(bound)
        moving = {name: _input(traced, name) for name in tangents}

        def make() -> Program:
            graph = stabilise(traced.graph)
            directions = [Input.of(f"{node.name}.tangent", node.shape) for node in moving.values()]
            seeds = dict[Node, Node](zip(moving.values(), directions, strict=True))
            changes = forward(graph.outputs, seeds)
            inputs = (*graph.inputs, *directions)
            return Program(simplify(Graph(inputs, (*graph.outputs, *changes), graph.names)), traced.function)

        program = kept(traced, ("jvp", *moving), make)
        results = program({**traced.flatten(bound), **_directions(tangents)})
        split = len(traced.graph.outputs)
        return traced.unflatten(results[:split]), traced.unflatten(results[split:])

    return call


def _input(traced: Traced, name: str) -> Input:
    """The one array of this name. Raises ArgumentError, or DerivativeError where it has no derivative."""
    if not isinstance(name, str):
        raise ArgumentError(f"one argument is named here, such as 'w', not {name!r}")
    group = traced.leaves(name)
    if len(group) > 1:
        raise DerivativeError(f"{name!r} is a structure of arrays: name one, such as {group[0].name!r}")
    check_differentiable(group[0], traced.function)
    return group[0]


def _directions(tangents: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {f"{name}.tangent": _floats(value) for name, value in tangents.items()}


def _floats(value: Any) -> np.ndarray:
    """An array of floats, of its own precision if it has one."""
    return np.asarray(value, np.result_type(value, np.float32))


def hvp(f: Callable[..., Any], tangents: Mapping[str, Any]) -> Callable[..., Any]:
    """The Hessian of a scalar f times a direction, without the Hessian: forward mode over the reverse gradient.

    ``cr.hvp(f, {"w": v})(x, w)`` is {"w": Σ ∂²f/∂w∂w′ v′}; with several directions, their sum in each.
    """
    function = as_function(f)

    def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = function.bind(args, kwargs)
        traced = function.trace(bound)
        moving = {name: _input(traced, name) for name in tangents}

        def make() -> Program:
            gradients = gradient_graph(traced, list(moving.values()))
            directions = [Input.of(f"{node.name}.tangent", node.shape) for node in moving.values()]
            seeds = dict[Node, Node](zip(moving.values(), directions, strict=True))
            changes = forward(gradients.gradients, seeds)
            inputs = (*gradients.graph.inputs, *directions)
            return Program(simplify(Graph(inputs, tuple(changes), gradients.graph.names)), traced.function)

        program = kept(traced, ("hvp", *moving), make)
        return dict(zip(moving, program({**traced.flatten(bound), **_directions(tangents)}), strict=True))

    return call


def jacobian_graph(traced: Traced, wrt: Input) -> Graph:
    """∂result/∂wrt, as a graph: the result's axes first, then wrt's."""
    check_differentiable(wrt, traced.function)
    graph = stabilise(traced.graph)
    return simplify(Graph(graph.inputs, tuple(jacobian(graph.outputs[:1], wrt)), graph.names))


def jacobian_of(f: Callable[..., Any], wrt: str | None = None) -> Callable[..., Any]:
    """The Jacobian of f's (first) result with respect to one argument: an array of the result's axes, then wrt's."""
    function = as_function(f)

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = function.bind(args, kwargs)
        traced = function.trace(bound)
        node = _input(traced, wrt or next(iter(function.signature.parameters)))
        program = kept(traced, ("jacobian", node.name), lambda: Program(jacobian_graph(traced, node), traced.function))
        return program(traced.flatten(bound))[0]

    return call


def hessian(f: Callable[..., Any], wrt: str | Sequence[str] | None = None) -> Callable[..., Any]:
    """The second derivatives of a scalar f: for one name an array of shape (wrt's, wrt's); for a list {a: {b: …}}."""
    function = as_function(f)

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = function.bind(args, kwargs)
        traced = function.trace(bound)
        single = wrt is None or isinstance(wrt, str)
        names = [wrt or next(iter(function.signature.parameters))] if single else list(wrt or ())
        inputs = [_input(traced, str(name)) for name in names]

        def make() -> Program:
            gradients = gradient_graph(traced, inputs)
            rows = [jacobian(gradients.gradients, node) for node in inputs]
            outputs = tuple(rows[b][a] for a in range(len(inputs)) for b in range(len(inputs)))
            return Program(simplify(Graph(gradients.graph.inputs, outputs, gradients.graph.names)), traced.function)

        results = kept(traced, ("hessian", *(i.name for i in inputs)), make)(traced.flatten(bound))
        n = len(inputs)
        table = {a: {b: results[i * n + j] for j, b in enumerate(names)} for i, a in enumerate(names)}
        return results[0] if single else table

    return call
