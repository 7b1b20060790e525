"""What is checked of a scalar operation on arrays: shapes, views, precision, integers, refusals, what is printed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.errors import DerivativeError, ShapeError
from ..ir.node import Input
from ..ir.records import Elementwise, Interval
from ..ir.registry import call
from ..transforms import grad
from .compare import close, require
from .drawing import broadcasting, draw, ends, generator, variables
from .reference import oracle_values
from .refusals import refused
from .traced import Traced, random_like


def shapes(op: Elementwise, oracle: Any = None) -> None:
    """Operands of any shape broadcast (0-d, empty, of size 1), and a gradient comes back in its operand's own shape."""
    for given in broadcasting(op.arity):
        operands = [np.asarray(v) for v in draw(op, given)]
        traced = Traced(op, operands)
        full = Traced(op, np.broadcast_arrays(*operands))
        found = traced.value()
        require(found.shape == np.broadcast_shapes(*(v.shape for v in operands)), f"the shape of {given}")
        close(found, full.value(), f"the value for shapes {given}")
        g = random_like(generator(op.name), found)
        own = [operands[i].shape for i in variables(op)]
        for one, wide, shape in zip(traced.pull(g), full.pull(g), own, strict=True):
            what = f"the gradient for shapes {given}"
            close(one, _summed_to(wide, shape), what, rtol=1e-13, atol=1e-14)


def _summed_to(wide: Any, shape: tuple[int, ...]) -> Any:
    """The sum over everything that broadcasting repeated."""
    wide = wide.sum(axis=tuple(range(wide.ndim - len(shape))))
    return wide.sum(axis=tuple(a for a, n in enumerate(shape) if n == 1), keepdims=True)


def views(op: Elementwise, oracle: Any = None) -> None:
    """A strided view of an array is as good as the array."""
    strided = [v.repeat(2, axis=0)[::2].T[::-1] for v in draw(op, (4, 6))]
    found, copies = Traced(op, strided), Traced(op, [v.copy() for v in strided])
    close(found.value(), copies.value(), "the value of a view")
    for one, other in zip(found.pull(), copies.pull(), strict=True):
        close(one, other, "the gradient of a view")


def single_precision(op: Elementwise, oracle: Any = None) -> None:
    """float32 comes out of float32, in both modes, and is near the float64."""
    exact = [v.astype(np.float32) if v.dtype.kind == "f" else v for v in draw(op)]
    wide = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in exact]
    single, double = Traced(op, exact), Traced(op, wide)
    close(single.value().astype(float), double.value().astype(float), "the value", rtol=1e-5, atol=1e-6, at=exact)
    if not single.floats:
        return
    if op.result not in ("bool", "int"):
        require(single.value().dtype == np.float32, f"the value is of {single.value().dtype}")
    g = random_like(generator(op.name), exact[-1]).astype(np.float32)
    for found, wanted in zip(single.pull(g), double.pull(g), strict=True):
        require(found.dtype == np.float32, f"the gradient is of {found.dtype}")
        close(found, wanted, "the gradient", rtol=1e-4, atol=1e-5, at=exact)
    pushed = single.push([g] * len(single.floats))
    require(pushed.dtype == np.float32, f"the tangent is of {pushed.dtype}")


def integers(op: Elementwise, oracle: Any = None) -> None:
    """Integers are numbers too."""
    operands = [np.array([True, False]) if i < op.conditions else _whole(op.domain_of(i), i) for i in range(op.arity)]
    traced = Traced(op, operands)
    kind, letter = traced.output.kind, traced.value().dtype.kind
    require(kind == op.result_kind("int"), f"integers come out as {kind}")
    require(letter == kind[0], f"the value of integers is of {traced.value().dtype}, where the record says {kind}")
    wanted = oracle_values(op, oracle, operands)
    if wanted is None:
        wanted = np.asarray(op.ref(*(v.astype(float) for v in operands)), float)
    close(traced.value().astype(float), wanted, "the value of integers", rtol=1e-14, at=operands)


def _whole(domain: Interval, i: int) -> Any:
    """Two whole numbers in a domain, not at its bounds where there are others."""
    inside = [v for v in (2, 1 + (i > 0), 1, 3, 0, -1, 4) if domain.low < v < domain.high]
    return np.array((inside or [int(domain.low)])[:2])


def wrong_inputs(op: Elementwise, oracle: Any = None) -> None:
    """What does not fit is refused: operands too many, shapes, integers where a gradient is asked for."""
    x, y = Input.of("x", (2,)), Input.of("y", (3,))
    refused(lambda: op(*[x] * (op.arity + 1)), TypeError, op.name, str(op.arity))
    if op.arity > 1:
        refused(lambda: op(x, *[y] * (op.arity - 1)), ShapeError, "(2,)", "(3,)")
    if op.result in ("float", "same") and len(variables(op)) and not op.conditions:

        def total(*operands: Any) -> Any:
            return call("sum", op(*operands))

        whole = [_whole(op.domain_of(i), i) for i in range(op.arity)]
        refused(lambda: grad(_named(total, op.arity))(*whole), DerivativeError, "int", "x0")


def _named(f: Any, arity: int) -> Any:
    """A function of so many arguments x0, x1, …, as a user would write it."""
    scope: dict[str, Any] = {"f": f}
    arguments = ", ".join(f"x{i}" for i in range(arity))
    exec(f"def g({arguments}):\n    return f({arguments})", scope)
    return scope["g"]


def printed_numpy(op: Elementwise, oracle: Any = None) -> None:
    """The NumPy that is printed for it, and for its slopes, gives what the record means."""
    for operands in (draw(op), ends(op)):
        if op.result == "int":
            operands = [np.where(np.isfinite(v), v, 0) for v in operands]
        traced = Traced(op, operands)
        g = Input.of("g", traced.output.shape)
        nodes = [traced.output, *traced.pullbacks(g)]
        given = random_like(generator(op.name), operands[-1])
        found, wanted = traced.printed(nodes, g=given), traced.evaluate(nodes, g=given)
        for n, (one, other) in enumerate(zip(found, wanted, strict=True)):
            what = "the printed value" if n == 0 else "the printed gradient"
            close(one, other, what, rtol=1e-12, atol=1e-300, at=operands)
