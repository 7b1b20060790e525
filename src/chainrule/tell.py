"""The gradient to read and to trust: printed, derived step by step, and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .emit import numpy as emit_numpy
from .ir.derivation import Derivation
from .ir.dims import show_shape
from .ir.errors import ArgumentError, DerivativeError
from .ir.graph import Graph, depends_on
from .ir.node import Const, Input, Map, Reduce
from .pipeline import GradientGraph, as_function, gradient_graph, wanted
from .run.printed import Program
from .simplify import simplify, stabilise

if TYPE_CHECKING:
    from .check.numeric import Report


def derive(f: Callable[..., Any], wrt: str | None = None, form: str = "matrix") -> Derivation:
    """The derivation of the gradient of f with respect to one argument, every step of it verified.

    ``form``: "matrix" (a table of forward and backward formulas, and the closed form) or "components" (index notation,
    one rule at a time). f has its shapes declared. ``print`` it, or take ``.latex()`` or ``.html()``.

    Raises ValueError for an unknown form, ArithmeticError where a step would not hold (it is never shown then), and
    what `value_and_grad` raises.
    """
    from . import explain
    from .render.derivation import show_derivation
    from .simplify.canonical import canonical

    if form not in explain.FORMS:
        raise ValueError(f"{form!r} is no form of telling; there are {', '.join(explain.FORMS)}")
    function = as_function(f)
    traced = function.trace()
    inputs = [i for group in wanted(function, traced, wrt).values() for i in group]
    if len(inputs) > 1:
        raise DerivativeError(f"{wrt!r} is a structure of arrays: name one, such as {inputs[0].name!r}")
    derived = gradient_graph(traced, inputs)
    (gradient,) = derived.gradients
    forward, notes = _with_constants_named(derived)
    if form == "matrix":
        told = explain.matrix(forward, derived.intermediates, gradient, inputs[0])
    else:
        told = explain.components(forward, gradient, inputs[0])
        result = told.steps[-1].before
        if canonical(result) is not canonical(gradient):
            # Its last step is evaluated like every other; that it is an identity is what could not be shown.
            notes = (*notes, "the last step is shown by numbers, not by rearranging")
    told = replace(told, notes=(*notes, *_conventions(forward, inputs[0])))
    error, step = explain.largest_deviation(told)
    if not error < 1e-9:
        where = f" at the step {step.rule!r} of {step.where} ({step.why})" if step else ""
        raise ArithmeticError(f"the derivation by {inputs[0].name} deviates by {error:.1e}{where}")
    return replace(told, error=error, checker=lambda d: explain.largest_deviation(d)[0], printer=show_derivation)


def _conventions(graph: Graph, wrt: Input) -> tuple[str, ...]:
    """What is returned at points without a derivative, for each operation on the way that has such points."""
    active = depends_on(graph.outputs[:1], [wrt])
    passed = [node.op for node in graph.nodes() if node in active and isinstance(node, (Map, Reduce))]
    told = {op.name: op.convention for op in passed if op.convention and not op.analytic and not op.singular}
    notes = [f"{name}: {convention}" for name, convention in told.items()]
    if notes:
        notes.append("a convention belongs to one operation: where several meet at such points, they do not compose")
    return tuple(notes)


def _with_constants_named(derived: GradientGraph) -> tuple[Graph, tuple[str, ...]]:
    """The function's graph with a name for each constant array, the same in every line of a telling; and a legend."""
    names = dict(derived.forward.names)
    taken, notes, count = {*derived.graph.names.values()}, [], 0
    for node in derived.graph.nodes():
        if isinstance(node, Const) and node.shape and node not in names:
            count += 1
            while f"A{count}" in taken:
                count += 1
            names[node] = f"A{count}"
            notes.append(f"A{count} is a constant array of shape {show_shape(node.shape)}")
    return Graph(derived.forward.inputs, derived.forward.outputs, names), tuple(notes)


def source(
    f: Callable[..., Any], wrt: str | Sequence[str] | None = None, *, target: Literal["numpy", "c"] = "numpy"
) -> str:
    """Readable NumPy for f and its gradients, in the user's own names; it runs without chainrule. Or the same in C.

    ``wrt``: the arguments whose gradients are wanted, the first one unless told; an empty list gives f alone. f has its
    shapes declared. The NumPy function that is printed returns the value and a dict of gradients; the C function
    (float64, C11) writes them, in that order, to the arrays it is given.

    Raises ValueError for an unknown target, ChainruleError for an operation that has no spelling there.
    """
    if target not in ("numpy", "c"):
        raise ValueError(f"{target!r} is no target; there are numpy and c")
    function = as_function(f)
    traced = function.trace()
    inputs = [i for group in wanted(function, traced, wrt).values() for i in group]
    if not inputs:
        graph, name, doc = simplify(stabilise(traced.graph)), traced.function, f"The value of {traced.function}."
    else:
        graph, name = gradient_graph(traced, inputs).graph, f"{traced.function}_and_gradients"
        doc = f"The value of {traced.function} and its gradients by {', '.join(i.name for i in inputs)}."
    if target == "c":
        from .emit import c as emit_c

        return emit_c.source(graph, name=name).text
    gradients = [i.name for i in inputs]
    forward = len(traced.graph.outputs)
    return emit_numpy.source(
        graph, function=name, doc=doc, gradients=gradients, forward=forward, result=traced.result
    ).text


def check(
    f: Callable[..., Any],
    candidate: Callable[..., Any] | None = None,
    *,
    wrt: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Report:
    """A gradient of f against differences of f at a point, with an error estimate: ``.ok``, ``.max_error``; print it.

    The gradient is chainrule's own, or a ``candidate``'s: a function of the same arguments by name that returns an
    array for one argument, or a dict of arrays. ``wrt``: the arguments to check, all floating-point ones unless told.
    ``at``: the arguments' values; drawn at random from the declared shapes where it is left out.

    Raises ArgumentError, DerivativeError and ShapeError as `value_and_grad` does.
    """
    from .check.numeric import compare
    from .explain.evaluate import finite_point

    function = as_function(f)
    bound: Mapping[str, Any] = {} if at is None else function.bind((), at)
    traced = function.trace(bound or None)
    if wrt is None:
        inputs = [i for i in traced.graph.inputs if i.kind == "float"]
    else:
        inputs = [i for group in wanted(function, traced, wrt).values() for i in group]
    derived = gradient_graph(traced, inputs).graph
    if at is None:
        # Where the function and its gradient are finite: inside the operations' domains.
        bound, _ = finite_point(traced.graph, derived.outputs, seed)
    arrays = dict(bound) if at is None else traced.flatten(bound)
    program = Program(derived, traced.function)
    split = len(traced.graph.outputs)
    if candidate is None:
        results = program(arrays)[split:]
        gradients = {i.name: np.asarray(g) for i, g in zip(inputs, results, strict=True)}
    else:
        gradients = _given(candidate(**bound), inputs)
    value = Program(Graph(traced.graph.inputs, traced.graph.outputs[:1]), traced.function)
    return compare(lambda point: float(value(point, np.float64)[0]), gradients, arrays, seed=seed)


def _given(result: Any, inputs: Sequence[Input]) -> dict[str, np.ndarray]:
    """A candidate's gradients by name."""
    if not isinstance(result, dict):
        if len(inputs) != 1:
            raise ArgumentError(f"a gradient for each of {', '.join(i.name for i in inputs)} is needed, as a dict")
        return {inputs[0].name: np.asarray(result)}
    missing = [i.name for i in inputs if i.name not in result]
    if missing:
        raise ArgumentError(f"the candidate returns no gradient for {', '.join(missing)}")
    return {i.name: np.asarray(result[i.name]) for i in inputs}
