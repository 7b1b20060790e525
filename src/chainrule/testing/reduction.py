"""What is checked of an operation that removes axes: values, gradients and Hessians, over every sort of axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.errors import DerivativeError, ShapeError
from ..ir.node import Input
from ..ir.records import Reduction
from ..transforms import grad
from .compare import close, require
from .drawing import generator
from .reference import difference, exactly, mpmath_function
from .refusals import refused
from .traced import Traced, random_like

OVER: tuple[tuple[tuple[int, ...], Any], ...] = (
    ((5,), None),
    ((1,), 0),
    ((3, 4), 0),
    ((3, 4), -1),
    ((3, 4), None),
    ((2, 3, 4), (0, 2)),
    ((2, 3, 4), (-1, -2)),
    ((3, 1), 1),
    ((2, 3), ()),
)
"""Shapes, and the axes that go."""


def draw(op: Reduction, shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    """Entries without ties, from the record's samples."""
    return generator(f"{op.name}{shape}").uniform(*op.samples, shape).astype(dtype)


def of(op: Reduction, axis: Any, keepdims: bool = False) -> Callable[[Any], Any]:
    """The reduction over these axes."""
    return lambda x: op(x, axis=axis, keepdims=keepdims)


def value(op: Reduction, oracle: Any = None) -> None:
    """The value is the oracle's, whichever axes go, kept or not."""
    for shape, axis in OVER:
        x = draw(op, shape)
        for keepdims in (False, True):
            found = Traced(of(op, axis, keepdims), [x]).value()
            wanted = _row_by_row(op, oracle, x, axis, keepdims)
            close(found, wanted, f"the value over axis {axis} of shape {shape}", rtol=1e-14)


def _row_by_row(op: Reduction, oracle: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The oracle's value of each row of entries that goes; that of ``ref``, one row at a time, without an oracle."""
    gone = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(axis).astype(int).tolist()]
    kept = [a for a in range(x.ndim) if a not in gone]
    rows = x.transpose(*kept, *gone).reshape(*(x.shape[a] for a in kept), -1)
    found = np.apply_along_axis(lambda row: _of_row(op, oracle, row), -1, rows)
    return found.reshape([1 if a in gone else n for a, n in enumerate(x.shape)]) if keepdims else found


def _of_row(op: Reduction, oracle: Any, row: Any) -> float:
    f = mpmath_function(op, oracle)
    if f is None:
        return float(op.ref(row, axis=(0,)))
    import mpmath

    with mpmath.workdps(50):
        return float(f([exactly(v) for v in row]))


def first_slopes(op: Reduction, oracle: Any = None) -> None:
    """The slope in every entry is the oracle's."""
    x = draw(op, (4,))
    f = mpmath_function(op, oracle)
    if f is None:
        told = [difference(lambda v: op.ref(v, axis=(0,)), x.astype(np.longdouble), unit) for unit in np.eye(4)]
        wanted, error = np.array([s for s, _ in told]), np.array([e for _, e in told])
    else:
        wanted, error = _exact(f, x), np.zeros(4)
    pulled = Traced(of(op, None), [x]).pull(np.asarray(1.5))[0]
    close(pulled / 1.5, wanted, "the slope", rtol=1e-12, atol=1e-14 + error, at=[x])


def _exact(f: Any, x: Any) -> Any:
    """The slope in every entry, to 50 digits."""
    import mpmath

    with mpmath.workdps(50):
        entries = [exactly(v) for v in x]
        return np.array(
            [
                float(mpmath.diff(lambda v, i=i: f([*entries[:i], v, *entries[i + 1 :]]), entries[i]))
                for i in range(len(entries))
            ]
        )


def differences(op: Reduction, oracle: Any = None) -> None:
    """The slope along a random direction is that of differences, in both modes, whichever axes go."""
    for shape, axis in OVER:
        x = draw(op, shape)
        # Entries a step apart keep their order, so that no difference reaches across a tie.
        x = x + (np.argsort(np.argsort(x, None)) * 0.4).reshape(shape)
        t = random_like(np.random.default_rng(2), x)
        t /= np.max(abs(t))
        traced = Traced(of(op, axis), [x])
        slope, error = difference(of(op, axis), x, t)
        where = f"over axis {axis} of shape {shape}"
        close(traced.push([t]), slope, f"the slope by forward mode {where}", atol=error)
        g = random_like(np.random.default_rng(3), slope)
        found, tolerance = np.sum(traced.pull(g)[0] * t), np.sum(error * abs(g))
        close(found, np.sum(g * slope), f"the slope by reverse mode {where}", atol=tolerance)


def jacobian(op: Reduction, oracle: Any = None) -> None:
    """Forward mode, reverse mode and the symbolic Jacobian are one linear map."""
    for shape, axis in OVER:
        x = draw(op, shape)
        traced = Traced(of(op, axis), [x])
        rng = np.random.default_rng(1)
        g, t = random_like(rng, traced.value()), random_like(rng, x)
        pushed, (matrix,) = traced.push([t]), traced.jacobians()
        where = f"over axis {axis} of shape {shape}"
        close(np.tensordot(matrix, t, t.ndim), pushed, f"Jacobian times tangent {where}", rtol=1e-12, atol=1e-13)
        back = np.tensordot(g, matrix, g.ndim)
        close(traced.pull(g)[0], back, f"cotangent times Jacobian {where}", rtol=1e-12, atol=1e-13)


def hessian(op: Reduction, oracle: Any = None) -> None:
    """The symbolic Hessian is symmetric, the difference of gradients, and what both modes give at second order."""
    for shape, axis in (((4,), None), ((2, 3), 1)):
        x = draw(op, shape) + (np.argsort(np.argsort(draw(op, shape), None)) * 0.4).reshape(shape)
        slope = Traced(Traced(of(op, axis), [x]).gradient(0), [x])
        matrix = slope.jacobians()[0].reshape(x.size, x.size)
        close(matrix, matrix.T, "the Hessian beside its transpose", atol=1e-13)
        t = random_like(np.random.default_rng(4), x)
        t /= np.max(abs(t))
        close(slope.pull(t)[0].ravel(), matrix @ t.ravel(), "reverse over reverse", rtol=1e-11, atol=1e-13)
        close(slope.push([t]).ravel(), matrix @ t.ravel(), "forward over reverse", rtol=1e-11, atol=1e-13)
        gradient = Traced(of(op, axis), [x])
        g = Input.of("g", gradient.output.shape)
        nodes = gradient.pullbacks(g)

        def there(v: Any, gradient: Traced = gradient, nodes: Any = nodes) -> Any:
            return gradient.evaluate(nodes, g=np.ones(gradient.output.shape), x0=v)[0]

        wanted, error = difference(there, x, t)
        close((matrix @ t.ravel()).reshape(shape), wanted, "the Hessian", rtol=1e-10, atol=error)


def special_entries(op: Reduction, oracle: Any = None) -> None:
    """The special entries of the record have their gradients: alone, in either mode and precision, and in a matrix."""
    for entries, slopes in op.special:
        for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
            _special(op, np.array(entries, dtype), np.array(slopes), tolerance)


def _special(op: Reduction, x: Any, slopes: Any, tolerance: float) -> None:
    """One row of special entries."""
    at = f"at {x.tolist()} in {x.dtype}"
    traced = Traced(op, [x])
    (found,) = traced.pull()
    require(found.dtype == x.dtype, f"the gradient {at} is of {found.dtype}")
    close(found, slopes, f"the gradient by reverse mode {at}", rtol=tolerance, at=[x])
    pushed = np.array([traced.push([unit]) for unit in np.eye(len(x))])
    close(pushed, slopes, f"the gradient by forward mode {at}", rtol=tolerance, at=[x])
    close(traced.jacobians()[0], slopes, f"the Jacobian {at}", rtol=tolerance, at=[x])
    rows, wanted = np.stack([x, x[::-1]]), np.stack([slopes, slopes[::-1]])
    close(Traced(of(op, 1), [rows]).pull()[0], wanted, f"the gradient as a row {at}", rtol=tolerance)
    close(Traced(of(op, 0), [rows.T]).pull()[0], wanted.T, f"the gradient as a column {at}", rtol=tolerance)


def empty(op: Reduction, oracle: Any = None) -> None:
    """Of no entries there is the value that the record tells, or an error; of no rows there are no results."""
    traced = Traced(of(op, 0), [np.ones((0, 2))])
    if op.empty is None:
        refused(traced.value, ValueError, op.name)
        refused(lambda: op(np.ones((0, 2)), axis=0), ValueError, "zero-size")
    else:
        close(traced.value(), np.full(2, op.empty), "the value of no entries")
        require(traced.pull()[0].shape == (0, 2), "the gradient of no entries has another shape")
    none = Traced(of(op, 1), [np.ones((0, 2))])
    require(none.value().shape == (0,), "of no rows there are results")
    require(none.pull()[0].shape == (0, 2), "the gradient of no rows has another shape")


def single_precision(op: Reduction, oracle: Any = None) -> None:
    """float32 comes out of float32, in both modes, and is near the float64."""
    x = draw(op, (3, 4), np.float32)
    single, double = Traced(of(op, 1), [x]), Traced(of(op, 1), [x.astype(np.float64)])
    g = random_like(np.random.default_rng(5), double.value()).astype(np.float32)
    for what, found, wanted in (
        ("the value", single.value(), double.value()),
        ("the gradient", single.pull(g)[0], double.pull(g)[0]),
        ("the tangent", single.push([x]), double.push([x])),
    ):
        require(found.dtype == np.float32, f"{what} is of {found.dtype}")
        close(found, wanted, what, rtol=2e-5, atol=1e-6)


def views(op: Reduction, oracle: Any = None) -> None:
    """A strided view of an array is as good as the array."""
    view = draw(op, (4, 6))[::-1, ::2].T
    found, copy = Traced(of(op, 0), [view]), Traced(of(op, 0), [view.copy()])
    close(found.value(), copy.value(), "the value of a view")
    close(found.pull()[0], copy.pull()[0], "the gradient of a view")


def integers(op: Reduction, oracle: Any = None) -> None:
    """Integers are numbers too."""
    x = np.array([[3, 1, 2], [0, 5, 4]]) + (1 if op.samples[0] > 0 else 0)
    found = Traced(of(op, 1), [x]).value()
    require((found.dtype.kind == "i") == (not op.float_only), f"integers come out as {found.dtype}")
    close(found.astype(float), op(x.astype(float), axis=1), "the value of integers", rtol=1e-13)


def wrong_inputs(op: Reduction, oracle: Any = None) -> None:
    """What does not fit is refused: an axis that is not there, integers where a gradient is asked for."""
    refused(lambda: op(Input.of("x", (2, 3)), axis=2), ShapeError, "axis 2")
    refused(lambda: grad(lambda x0: op(x0))(np.array([1, 2])), DerivativeError, "int", "x0")


def printed_numpy(op: Reduction, oracle: Any = None) -> None:
    """The NumPy that is printed for it, and for its slopes, gives what the record means."""
    for shape, axis in OVER:
        traced = Traced(of(op, axis), [draw(op, shape)])
        g = Input.of("g", traced.output.shape)
        nodes = [traced.output, *traced.pullbacks(g)]
        given = random_like(np.random.default_rng(6), np.zeros(g.shape))
        for one, other in zip(traced.printed(nodes, g=given), traced.evaluate(nodes, g=given), strict=True):
            close(one, other, f"what is printed for axis {axis} of shape {shape}", rtol=1e-12, atol=1e-14)
