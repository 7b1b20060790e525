"""Scalar calculus: difference quotients, partial derivatives, the chain rule, paths, Jacobians."""

from __future__ import annotations

import chainrule as cr

from .entry import Entry


@cr.function(x="")
def parabola(x):
    return x**2


@cr.function(x="", y="")
def plane(x, y):
    return x + y


@cr.function(x="", y="")
def product(x, y):
    return x * cr.exp(y)


@cr.function(x="", y="")
def quadratic(x, y):
    return x**2 + 3 * x * y - 5 * y + 2


@cr.function(x="")
def chain(x):
    u = 7 + x**2
    y = 3 * u
    return y


@cr.function(t="")
def along_a_path(t):
    x = cr.cos(t)
    y = cr.sin(t)
    f = x**2 + 3 * x * y
    return f


@cr.function(y="m", A="n m", b="n")
def linear_map(y, A, b):
    x = A @ y
    f = ((x - b) ** 2).sum() / 2
    return f


@cr.function(x="n", a="n")
def many_variables(x, a):
    f = (a * cr.exp(x)).sum()
    return f


ENTRIES = (
    Entry("difference-quotient", "A derivative is a limit", "x², its difference quotient, and a table of h.",
          parabola, "x", "scalar", {"x": 1.5}),
    Entry("partial-sum", "Partial derivatives of x + y", "The other variable is held fixed.",
          plane, ["x", "y"], "scalar", {"x": 1.0, "y": 2.0}),
    Entry("partial-product", "Partial derivatives of x eʸ", "One variable in a factor, one in an exponent.",
          product, ["x", "y"], "scalar", {"x": 2.0, "y": 0.5}),
    Entry("partial-quadratic", "Partial derivatives of x² + 3xy − 5y + 2", "Term by term; and the plane that touches.",
          quadratic, ["x", "y"], "scalar", {"x": 1.0, "y": -0.5}),
    Entry("chain-rule", "The chain rule: y = 3u, u = 7 + x²", "Two small derivatives, multiplied.",
          chain, "x", "scalar", {"x": 2.0}),
    Entry("along-a-path", "Along a path: df/dt", "Every coordinate moves with t; a row times a column.",
          along_a_path, "t", "scalar", {"t": 0.7}),
    Entry("linear-map", "A linear map and its Jacobian", "x = A y: the gradient goes back through Aᵀ.",
          linear_map, "y", "scalar"),
    Entry("many-variables", "The gradient of many variables", "The linear approximation, and the steepest direction.",
          many_variables, "x", "scalar"),
)  # fmt: skip
