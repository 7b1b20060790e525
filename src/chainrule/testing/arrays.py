"""What is checked of an operation on arrays, at any function that uses it: modes, orders, views, precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..ir.errors import ChainruleError
from ..ir.node import Input
from .compare import close, require
from .reference import difference
from .refusals import refused
from .traced import Traced, random_like

F = Callable[..., Any]


def both_modes(f: F, values: Sequence[Any], tolerance: float = 1e-12) -> None:
    """Forward mode, reverse mode and the symbolic Jacobian are one linear map."""
    traced = Traced(f, values)
    rng = np.random.default_rng(8)
    g, tangents = (
        random_like(rng, traced.value()),
        [rng.normal(size=np.shape(traced.values[i.name])) for i in traced.floats],
    )
    pulled, pushed, jacobians = traced.pull(g), traced.push(tangents), traced.jacobians()
    for n, (found, jacobian) in enumerate(zip(pulled, jacobians, strict=True)):
        close(found, np.tensordot(g, jacobian, g.ndim), f"cotangent times Jacobian, argument {n},",
              rtol=tolerance, atol=0.1 * tolerance * _size(jacobian))  # fmt: skip
    along = sum(np.tensordot(j, t, t.ndim) for j, t in zip(jacobians, tangents, strict=True))
    scale = max((_size(j) for j in jacobians), default=1.0)
    close(pushed, along, "Jacobian times tangent", rtol=tolerance, atol=0.1 * tolerance * scale)
    terms = [p * t for p, t in zip(pulled, tangents, strict=True)]
    slack = tolerance * (1 + sum(float(np.sum(abs(t))) for t in terms))
    inner = sum(float(np.sum(t)) for t in terms)
    close(np.sum(g * pushed), inner, "cotangent times tangent", atol=slack)


def _size(array: Any) -> float:
    """The largest entry, 1 at least."""
    return float(max(1.0, np.max(np.abs(array), initial=0.0, where=np.isfinite(array))))


def second_order(f: F, values: Sequence[Any], tolerance: float = 1e-11) -> None:
    """Of Σ f(x)³, whose Hessian is never trivial: reverse over reverse equals forward over reverse."""
    traced = Traced(lambda *x: f(*x) ** 3, values)
    rng = np.random.default_rng(9)
    tangents = [rng.normal(size=np.shape(traced.values[i.name])) for i in traced.floats]
    for n, i in enumerate(traced.floats):
        again = Traced(traced.gradient(n), values)
        g = random_like(rng, traced.values[i.name])
        terms = [p * t for p, t in zip(again.pull(g), tangents, strict=True)]
        products = g * again.push(tangents)
        slack = tolerance * (1 + sum(float(np.sum(abs(t))) for t in terms) + float(np.sum(abs(products))))
        close(np.sum(products), sum(float(np.sum(t)) for t in terms), f"the Hessian in argument {n}", atol=slack)


def symbolic_hessian(f: F, values: Sequence[Any], tolerance: float = 1e-11) -> None:
    """The symbolic Hessian of Σ g·f under random g is symmetric, and what reverse over reverse gives."""
    traced = Traced(f, values)
    rng = np.random.default_rng(10)
    g = random_like(rng, traced.value())
    for n, i in enumerate(traced.floats):
        x = traced.values[i.name]
        again = Traced(traced.gradient_under(g, n), values)
        hessian = again.jacobians()[n].reshape(x.size, x.size)
        slack = tolerance * _size(hessian)
        close(hessian, hessian.T, f"the Hessian in argument {n} beside its transpose", atol=slack)
        t = random_like(rng, x)
        pulled = again.pull(t)[n].ravel()
        close(pulled, hessian.T @ t.ravel(), f"the Hessian in argument {n}", rtol=tolerance, atol=slack)


def directional(f: F, values: Sequence[Any], ref: F | None = None) -> None:
    """The slope along a random direction is that of differences of NumPy's own, at both orders, in both modes."""
    traced = Traced(f, values)
    rng = np.random.default_rng(11)
    moving = [v.dtype.kind == "f" for v in map(np.asarray, values)]
    t = [rng.uniform(-1, 1, np.shape(v)) for v, m in zip(values, moving, strict=True) if m]

    def at(evaluate: Callable[..., Any]) -> Callable[[Any], Any]:
        def along(h: Any) -> Any:
            steps = iter(t)
            return evaluate(*(v + h * next(steps) if m else v for v, m in zip(values, moving, strict=True)))

        return along

    zero, one = np.float64(0), np.float64(1)
    slope, error = difference(at(ref or f), zero, one)
    slack = 1e-12 * _size(slope)
    close(traced.push(t), slope, "the slope by forward mode", atol=error + slack)
    g = random_like(rng, slope)
    found = sum(float(np.sum(p * s)) for p, s in zip(traced.pull(g), t, strict=True))
    tolerance = float(np.sum((error + slack) * abs(g)))
    close(found, float(np.sum(g * slope)), "the slope by reverse mode", atol=tolerance)
    for n in range(len(traced.floats)):
        again = Traced(traced.gradient_under(g, n), values)
        second, left = difference(at(again.at), zero, one)
        close(again.push(t), second, f"the slope of the gradient in argument {n}", atol=left + 1e-11 * _size(second))


def single_precision(f: F, values: Sequence[Any], tolerance: float = 2e-5) -> None:
    """float32 comes out of float32, in both modes, and is near the float64."""
    exact = [v.astype(np.float32) if v.dtype.kind == "f" else v for v in map(np.asarray, values)]
    wide = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in exact]
    single, double = Traced(f, exact), Traced(f, wide)
    pairs = [("the value", single.value(), double.value())]
    if double.output.kind == "float":
        g = random_like(np.random.default_rng(12), double.value()).astype(np.float32)
        pairs += [("the gradient", a, b) for a, b in zip(single.pull(g), double.pull(g), strict=True)]
        if single.floats:
            t = [single.values[i.name] for i in single.floats]
            pairs.append(("the tangent", single.push(t), double.push(t)))
    for what, found, wanted in pairs:
        require(wanted.dtype.kind != "f" or found.dtype == np.float32, f"{what} is of {found.dtype}")
        close(found, wanted, what, rtol=tolerance, atol=tolerance * _size(wanted))


def views(f: F, values: Sequence[Any]) -> None:
    """A strided view of an array is as good as the array."""
    strided = [np.repeat(v[..., None], 2, -1)[..., 0] for v in map(np.asarray, values)]
    close(Traced(f, strided).value(), Traced(f, values).value(), "the value of views", rtol=1e-13, atol=1e-15)


def printed(f: F, values: Sequence[Any], tolerance: float = 1e-12) -> None:
    """The NumPy that is printed for a function and its gradients gives what the records mean."""
    traced = Traced(f, values)
    g = Input.of("g", traced.output.shape)
    nodes = [traced.output, *(traced.pullbacks(g) if traced.output.kind == "float" else [])]
    given = random_like(np.random.default_rng(13), np.zeros(g.shape))
    for one, other in zip(traced.printed(nodes, g=given), traced.evaluate(nodes, g=given), strict=True):
        close(one, other, "what is printed", rtol=tolerance, atol=tolerance)


def refusals(errors: Sequence[tuple[F, Any, str]]) -> None:
    """Uses that make no sense are refused, with words that say why."""
    for f, shapes, words in errors:
        inputs = [Input.of(f"x{n}", shape) for n, shape in enumerate(shapes)]
        refused(partial(f, *inputs), (ChainruleError, IndexError, TypeError, ValueError), words)
