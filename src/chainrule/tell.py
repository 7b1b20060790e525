"""The gradient as a program to read, and checked at a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from .emit import numpy as emit_numpy
from .ir.errors import ArgumentError
from .ir.graph import Graph
from .pipeline import as_function, gradient_graph, wanted
from .run.printed import Program
from .simplify import simplify, stabilise

if TYPE_CHECKING:
    from .check.diagnosis import Diagnoses
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


@overload
def check(
    f: Callable[..., Any],
    candidate: None = None,
    *,
    wrt: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Report: ...
@overload
def check(
    f: Callable[..., Any],
    candidate: Any,
    *,
    wrt: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Diagnoses: ...
def check(
    f: Callable[..., Any],
    candidate: Any = None,
    *,
    wrt: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Report | Diagnoses:
    """Is a gradient right, and if not, which mistake is it? ``.ok``, ``.max_error``, ``["w1"].diagnosis``; print it.

    The ``candidate`` is somebody's own gradient: a function that takes f's arguments by name, or some of them, and
    returns a dict of arrays, an array for a single argument, or the loss and such a dict. Arrays may be NumPy's,
    PyTorch's or JAX's. Where it also takes an argument called ``upstream`` (or g, dout, grad_output, …), that is the
    cotangent of f's result, which may then be an array. It may also be a dict of arrays, the gradients at ``at``: then
    what is said is less sure, since there are no other points to try it at; or formulas in a dict, or one formula.
    Each is compared with the gradient that is derived, at several random points, and what differs is explained by the
    smallest edit of the derivation that gives the candidate's numbers (docs/check.md).

    Without a candidate chainrule's own gradient is compared with differences of f, with an error estimate.

    ``wrt``: the arguments to check; all floating-point ones unless told, or those that a dict names. ``at``: the
    arguments' values; drawn at random from the declared shapes where it is left out.

    Raises ArgumentError, DerivativeError and ShapeError as `value_and_grad` does.
    """
    if candidate is not None:
        from .checking import diagnose

        return diagnose(f, candidate, wrt=wrt, at=at, seed=seed)
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
    results = program(arrays)[split:]
    gradients = {i.name: np.asarray(g) for i, g in zip(inputs, results, strict=True)}
    value = Program(Graph(traced.graph.inputs, traced.graph.outputs[:1]), traced.function)
    return compare(lambda point: float(value(point, np.float64)[0]), gradients, arrays, seed=seed)
