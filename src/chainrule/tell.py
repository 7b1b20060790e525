"""The gradient as a program to read, and checked at a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .emit import numpy as emit_numpy
from .ir.errors import ArgumentError
from .ir.graph import Graph
from .ir.node import Input
from .pipeline import as_function, gradient_graph, wanted
from .run.printed import Program
from .simplify import simplify, stabilise

if TYPE_CHECKING:
    from .check.numeric import Report


def source(
    f: Callable[..., Any],
    wrt: str | Sequence[str] | None = None,
    *,
    target: Literal["numpy", "c"] = "numpy",
    dtype: Literal["float64", "float32"] = "float64",
) -> str:
    """Readable NumPy for f and its gradients, in the user's own names; it runs without chainrule. Or the same in C.

    ``wrt``: the arguments whose gradients are wanted, the first one unless told; an empty list gives f alone. f has its
    shapes declared. The NumPy function that is printed returns the value and a dict of gradients.

    In C (C11, in the precision ``dtype``) it is a file that needs nothing besides libm and allocates nothing:
    ``cr_…_forward`` gives the value, ``cr_…_backward`` the value and the gradients, ``cr_…_step`` changes the arguments
    in ``wrt`` by a step of gradient descent. Its heading tells how they are called.

    Raises ArgumentError for an unknown target or dtype, ChainruleError for an operation that has no spelling there.
    """
    if target not in ("numpy", "c"):
        raise ArgumentError(f"{target!r} is no target; there are numpy and c")
    if dtype not in ("float64", "float32"):
        raise ArgumentError(f"dtype is float64 or float32, not {dtype!r}")
    if target == "numpy" and dtype != "float64":
        raise ArgumentError("the precision of printed NumPy is that of its arguments; dtype is for C")
    function = as_function(f)
    traced = function.trace()
    inputs = [i for group in wanted(function, traced, wrt).values() for i in group]
    plain = simplify(stabilise(traced.graph))
    graph = gradient_graph(traced, inputs).graph if inputs else plain
    name, doc = traced.function, f"The value of {traced.function}."
    gradients = [i.name for i in inputs]
    if inputs:
        name = f"{traced.function}_and_gradients"
        doc = f"The value of {traced.function} and its gradients by {', '.join(gradients)}."
    printed = emit_numpy.source(
        graph, function=name, doc=doc, gradients=gradients, forward=len(traced.graph.outputs), result=traced.result
    ).text
    if target == "numpy":
        return printed
    from .emit.c_file import c_file

    notes = "The same as NumPy:\n\n" + "\n".join(f"  {line}".rstrip() for line in printed.splitlines())
    return c_file(traced.function, plain, graph if inputs else None, gradients, dtype=dtype, notes=notes).text


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
