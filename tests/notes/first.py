"""The first note: partial derivatives, the chain rule, Kronecker's delta (entries 1 to 32)."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

import chainrule as cr
from tests.notes.checks import Case, Checks, right, slope

CHECKS = Checks()
of = CHECKS.of
NEAR = 3e-6
"""How far from a point the tangent is followed: its error is of the size of the square, 1e-11."""

rng = np.random.default_rng(1)
n, m = 4, 3
x0, y0 = 0.7, -1.3
v0 = rng.normal(size=n)
A = rng.normal(size=(n, m))
y_at = rng.normal(size=m)
one = cr.parse("x * sin(x)", x="")
two = cr.parse("x * exp(y) + x**2 * y", x="", y="")
many = cr.parse("sum(sin(x) * x) + prod(x)", x=str(n))
eye = np.eye(m)


def f(x: Any) -> Any:
    return x * np.sin(x)


def f2(x: Any, y: Any) -> Any:
    return x * np.exp(y) + x**2 * y


def fn(x: Any) -> Any:
    return np.sum(np.sin(x) * x) + np.prod(x)


def path(t: Any) -> Any:
    """x(t), a path through n-dimensional space."""
    return np.array([t, t**2, np.sin(t), np.exp(t)])


def maps(y: Any) -> Any:
    """x(y): n numbers from m."""
    return np.sin(A @ y)


ALONG = cr.parse("x = t**2; x * sin(x)", t="")
MAPS = cr.parse("sin(A @ y)", A=f"{n} {m}", y=str(m))
OF_Y = cr.parse("x = sin(A @ y); sum(sin(x) * x) + prod(x)", A=f"{n} {m}", y=str(m))
LINEAR = cr.parse("A @ y", A=f"{n} {m}", y=str(m))
OF_LINEAR = cr.parse("x = A @ y; sum(sin(x) * x) + prod(x)", A=f"{n} {m}", y=str(m))
gradient = cr.grad(many)(v0)


@of(1)
def _() -> Case:
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        quotient = ((x0 + h) * mpmath.sin(x0 + h) - x0 * mpmath.sin(x0)) / h
    return right(float(quotient), cr.grad(one)(x0))


@of(2)
def _() -> Case:
    nearby = x0 + NEAR * np.array([-1, 1])
    return right(np.polyfit(nearby - x0, f(nearby), 1)[0], cr.grad(one)(x0))


@of(3)
def _() -> Case:
    x = x0 + NEAR
    tangent = one(x0) + cr.grad(one)(x0) * (x - x0)
    return Case(note=np.sin(x) + x * np.cos(x), ours=f(x), truth=tangent)


@of(4)
def _() -> Case:
    formulas = ["x + y", "x * exp(y)", "x**2 + 3*x*y - 5*y + 2"]
    found = [cr.grad(cr.parse(text, x="", y=""), by)(x0, y0) for text in formulas for by in "xy"]
    ours = [1, 1, np.exp(y0), x0 * np.exp(y0), 2 * x0 + 3 * y0, 3 * x0 - 5]
    return Case(ours=ours, truth=found)


@of(5)
def _() -> Case:
    with mpmath.workdps(60):
        h, x, y = mpmath.mpf(10) ** -20, mpmath.mpf(x0), mpmath.mpf(y0)

        def exact(x: Any, y: Any) -> Any:
            return x * mpmath.exp(y) + x**2 * y

        quotients = [(exact(x + h, y) - exact(x, y)) / h, (exact(x, y + h) - exact(x, y)) / h]
    return right([float(q) for q in quotients], [cr.grad(two, by)(x0, y0) for by in "xy"])


@of(6)
def _() -> Case:
    g = cr.parse("x * exp(y)", x="", y="")
    return right([np.exp(y0), x0 * np.exp(y0)], [cr.grad(g, by)(x0, y0) for by in "xy"])


@of(7)
def _() -> Case:
    x, y = x0 + NEAR, y0 - NEAR
    by_x, by_y = cr.grad(two, "x")(x0, y0), cr.grad(two, "y")(x0, y0)
    plane = two(x0, y0) + by_x * (x - x0) + by_y * (y - y0)
    # "f′" of two variables could only be one of the two partial derivatives: take either.
    return Case(note=cr.grad(two, "x")(x, y), ours=f2(x, y), truth=plane)


@of(8)
def _() -> Case:
    partials = [slope(lambda xi, i=i: fn(np.where(np.arange(n) == i, xi, v0)), v0[i]) for i in range(n)]
    return right(np.array(partials), gradient)


@of(9)
def _() -> Case:
    x = v0 + NEAR * rng.normal(size=n)
    return right(fn(v0) + gradient[None, :] @ (x - v0), [fn(x)])


@of(10)
def _() -> Case:
    x = v0 + NEAR * rng.normal(size=n)
    total = fn(v0)
    for i in range(n):
        total = total + gradient[i] * (x - v0)[i]
    return right(total, fn(x))


@of(11)
def _() -> Case:
    g = np.array([3.0, 4.0])
    angles = np.linspace(0, 2 * np.pi, 400_001)
    of_length_one = np.stack([np.cos(angles), np.sin(angles)])
    aligned_and_short = 0.5 * g / np.linalg.norm(g)
    return Case(note=g @ aligned_and_short, ours=np.linalg.norm(g), truth=np.max(g @ of_length_one))


@of(12)
def _() -> Case:
    valley = cr.parse("p[0]**2 + 100 * p[1]**2", p="2")
    at = np.array([10.0, 1.0])
    down = -cr.grad(valley)(at)
    newton = -np.linalg.solve(cr.hessian(valley)(at), cr.grad(valley)(at))
    to_the_minimum = -at
    return Case(*(d / np.linalg.norm(d) for d in (newton, to_the_minimum, down)))


@of(13)
def _() -> Case:
    t = 1.2
    return right(cr.grad(one)(t**2) * 2 * t, cr.grad(ALONG)(t))


@of(14)
def _() -> Case:
    t = 1.2
    x, dx, df = t**2, 2 * t, cr.grad(one)(t**2)
    # Leibniz's rule is that for the product f · x.
    return Case(note=df * dx * x + f(x) * dx, ours=df * dx, truth=cr.grad(ALONG)(t))


@of(15)
def _() -> Case:
    t = 0.8
    velocity = slope(path, t)
    return right(sum(cr.grad(many)(path(t))[i] * velocity[i] for i in range(n)), slope(lambda t: fn(path(t)), t))


@of(16)
def _() -> Case:
    t = 0.8
    row, column = cr.grad(many)(path(t))[None, :], slope(path, t)[:, None]
    return Case(ours=(row @ column)[0, 0], truth=slope(lambda t: fn(path(t)), t))


@of(17)
def _() -> Case:
    t = 0.8
    amounts = slope(path, t)
    weighted = np.sum(cr.grad(many)(path(t)) * amounts)
    return Case(note=np.sum(amounts), ours=weighted, truth=slope(lambda t: fn(path(t)), t))


@of(18)
def _() -> Case:
    by_g = cr.grad(cr.parse("x = sin(A @ y); sum(sin(x) * x) + prod(x)", A=f"{n} {m}", y=str(m), g=str(m)), "g")
    return Case(note=by_g(A, y_at, y_at), ours=slope(lambda y: fn(maps(y)), y_at), truth=cr.grad(OF_Y, "y")(A, y_at))


@of(19)
def _() -> Case:
    by_x, partials = cr.grad(many)(maps(y_at)), slope(maps, y_at)
    return right([sum(by_x[i] * partials[i, j] for i in range(n)) for j in range(m)], cr.grad(OF_Y, "y")(A, y_at))


@of(20)
def _() -> Case:
    J = np.array([[slope(maps, y_at)[i, j] for i in range(n)] for j in range(m)])
    return right(J, cr.jacobian(MAPS, "y")(A, y_at).T)


@of(21)
def _() -> Case:
    J, by_x = cr.jacobian(MAPS, "y")(A, y_at).T, cr.grad(many)(maps(y_at))
    return right([sum(J[j, i] * by_x[i] for i in range(n)) for j in range(m)], cr.grad(OF_Y, "y")(A, y_at))


@of(22)
def _() -> Case:
    J = cr.jacobian(MAPS, "y")(A, y_at).T
    return right(J @ cr.grad(many)(maps(y_at)), cr.grad(OF_Y, "y")(A, y_at))


@of(23)
def _() -> Case:
    def rough(x1: float, x2: float) -> float:
        return x1**2 * x2 / (x1**2 + x2**2) if (x1, x2) != (0, 0) else 0.0

    h = 1e-6
    partials = [(rough(h, 0) - rough(0, 0)) / h, (rough(0, h) - rough(0, 0)) / h]
    along = (rough(h, h) - rough(0, 0)) / h
    return Case(note=partials[0] * 1 + partials[1] * 1, ours=0.5, truth=along)


@of(24)
def _() -> Case:
    return right([sum(A[i, k] * y_at[k] for k in range(m)) for i in range(n)], LINEAR(A, y_at))


@of(25)
def _() -> Case:
    return right(A, cr.jacobian(LINEAR, "y")(A, y_at))


@of(26)
def _() -> Case:
    # A square A, so that theirs can be multiplied at all.
    square = rng.normal(size=(n, n))
    f_of = cr.parse("x = A @ y; sum(sin(x) * x) + prod(x)", A=f"{n} {n}", y=str(n))
    by_x = cr.grad(many)(square @ v0)
    return Case(note=square @ by_x, ours=square.T @ by_x, truth=cr.grad(f_of, "y")(square, v0))


@of(27)
def _() -> Case:
    layer = cr.parse("z = W @ a; sum(sin(z) * z) + prod(z)", W=f"{n} {m}", a=str(m))
    error = cr.grad(many)(A @ y_at)
    return Case(ours=A.T @ error, truth=cr.grad(layer, "a")(A, y_at))


@of(28)
def _() -> Case:
    partials = slope(lambda y: y, y_at)
    formula = [[sum(A[i, k] * partials[k, j] for k in range(m)) for j in range(m)] for i in range(n)]
    return right(formula, cr.jacobian(LINEAR, "y")(A, y_at))


ITSELF = cr.parse("1 * y", y=str(m))


@of(29)
def _() -> Case:
    note = [[1 if k == 1 else 0 for _ in range(1, m + 1)] for k in range(1, m + 1)]
    ours = [[1 if k == j else 0 for j in range(1, m + 1)] for k in range(1, m + 1)]
    return Case(note=note, ours=ours, truth=cr.jacobian(ITSELF)(y_at))


@of(30)
def _() -> Case:
    return right(eye, cr.jacobian(ITSELF)(y_at))


@of(31)
def _() -> Case:
    note = [[0 if k == j else 1 for j in range(m)] for k in range(m)]
    ours = [[1 if k == j else 0 for j in range(m)] for k in range(m)]
    return Case(note=note, ours=ours, truth=cr.jacobian(ITSELF)(y_at))


@of(32)
def _() -> Case:
    return right(np.einsum("ik,kj->ij", A, eye), A)
