"""The second note: six weights, and why δ is stored (entries 61 to 89)."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from tests.notes.checks import Case, Checks, right, slope
from tests.notes.counting import separately, with_stored_errors

CHECKS = Checks()
of = CHECKS.of

NAMES = ["x1", "x2", "y", "w1", "w2", "w3", "w4", "w5", "w6"]
AT = dict(zip(NAMES, [0.5, -1.0, 1.0, 0.4, -0.6, 0.2, 0.8, 1.1, -0.7], strict=True))
FORWARD = (
    "z1 = x1*w1 + x2*w3; z2 = x1*w2 + x2*w4; a1 = sigmoid(z1); a2 = sigmoid(z2); z3 = a1*w5 + a2*w6; a3 = sigmoid(z3)"
)
NETWORK = cr.parse(f"{FORWARD}; (y - a3)**2 / 2", **dict.fromkeys(NAMES, ""))
x1, x2, y, w1, w2, w3, w4, w5, w6 = AT.values()
by = {name: float(cr.grad(NETWORK, name)(**AT)) for name in NAMES[3:]}


def f(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


z1, z2 = x1 * w1 + x2 * w3, x1 * w2 + x2 * w4
a1, a2 = f(z1), f(z2)
z3 = a1 * w5 + a2 * w6
a3 = f(z3)
df1, df2, df3 = a1 * (1 - a1), a2 * (1 - a2), a3 * (1 - a3)
δ3 = (a3 - y) * df3
δ1, δ2 = δ3 * w5 * df1, δ3 * w6 * df2
# The loss as a function of what a unit collects, for the derivatives by z.
BY_Z3 = cr.parse("(y - sigmoid(z3))**2 / 2", z3="", y="")
BY_Z = cr.parse("z3 = sigmoid(z[0])*w5 + sigmoid(z[1])*w6; (y - sigmoid(z3))**2 / 2", z="2", w5="", w6="", y="")
by_z3 = cr.grad(BY_Z3, "z3")(z3, y)
by_z1, by_z2 = cr.grad(BY_Z, "z")([z1, z2], w5, w6, y)


def E(**changed: Any) -> Any:
    """The error, with some of the numbers changed."""
    v = AT | changed
    h1, h2 = f(v["x1"] * v["w1"] + v["x2"] * v["w3"]), f(v["x1"] * v["w2"] + v["x2"] * v["w4"])
    return (v["y"] - f(h1 * v["w5"] + h2 * v["w6"])) ** 2 / 2


@of(61)
def _() -> Case:
    # What backpropagation hands over is the gradient; the updated weight is gradient descent's.
    return Case(note=w1 - 0.1 * by["w1"], ours=δ1 * x1, truth=by["w1"])


@of(62)
def _() -> Case:
    updated, _ = cr.gradient_descent(0.1).update(np.array(w1), np.array(by["w1"]), {})
    return right(w1 - 0.1 * slope(lambda w: E(w1=w), w1), updated)


@of(63)
def _() -> Case:
    # If E were a function of w1 alone, its derivative by w1 would not change with w5.
    mixed = cr.hessian(cr.parse(
        "a3 = sigmoid(sigmoid(x1*w[0] + x2*w3)*w[1] + sigmoid(x1*w2 + x2*w4)*w6); (y - a3)**2 / 2",
        w="2", **dict.fromkeys(["x1", "x2", "y", "w2", "w3", "w4", "w6"], ""),
    ))([w1, w5], x1, x2, y, w2, w3, w4, w6)[0, 1]  # fmt: skip

    def by_w1(w: Any) -> Any:
        output = f(a1 * w + a2 * w6)
        return (output - y) * output * (1 - output) * w * df1 * x1

    return Case(note=0.0, ours=slope(by_w1, w5), truth=mixed)


@of(64)
def _() -> Case:
    cost = cr.parse("2 * w**2", w="")
    curvature = float(cr.hessian(cost)(1.0))
    rates = np.array([0.1, 0.25, 0.49, 0.51, 0.6])
    after = []
    for rate in rates:
        w = 1.0
        for _ in range(20):
            w = w - rate * float(cr.grad(cost)(w))
        after.append(abs(w) < 1)
    best = min(rates, key=lambda rate: abs(1.0 - rate * float(cr.grad(cost)(1.0))))
    return Case(ours=[*(rates < 2 / curvature), 1 / curvature], truth=[*after, best])


@of(65)
def _() -> Case:
    # How E changes, for each unit of a step along the derivative: theirs is an improvement by its square.
    weights = np.array([AT[name] for name in NAMES[3:]])
    g = np.array(list(by.values()))
    along = slope(lambda t: E(**dict(zip(NAMES[3:], weights + t * g, strict=True))), 0.0)
    return Case(note=-(g @ g), ours=g @ g, truth=along)


def weight_of_the_man(exercise: Any, diet: Any) -> Any:
    return 70 + 8 * np.exp(-exercise / 3) + 2 * diet - exercise * diet / 10


MAN = cr.parse("70 + 8*exp(-exercise/3) + 2*diet - exercise*diet/10", exercise="", diet="")


@of(66)
def _() -> Case:
    small = 1e-5
    change = weight_of_the_man(2 + small / 2, 3) - weight_of_the_man(2 - small / 2, 3)
    rate = cr.grad(MAN, "exercise")(2.0, 3.0)
    return Case(note=rate, ours=rate * small, truth=change)


@of(67)
def _() -> Case:
    rates = [slope(lambda t: weight_of_the_man(t, 3), 2), slope(lambda d: weight_of_the_man(2, d), 3)]
    # With a diet that follows the exercise, diet = t², the whole derivative is another number.
    following = slope(lambda t: weight_of_the_man(t, t**2 - 1), 2)
    assert np.isclose(following, rates[0] + rates[1] * 2 * 2, rtol=1e-12)
    assert not np.isclose(following, rates[0], rtol=0.1)
    return right(rates, [cr.grad(MAN, "exercise")(2.0, 3.0), cr.grad(MAN, "diet")(2.0, 3.0)])


@of(68)
def _() -> Case:
    return right((y - a3) ** 2 / 2, NETWORK(**AT))


@of(69)
def _() -> Case:
    half, whole = cr.parse("(y - p)**2 / 2", y="", p=""), cr.parse("(y - p)**2", y="", p="")

    def minimum(cost: Any) -> float:
        return float(-cr.grad(cost, "p")(y, 0.0) / cr.hessian(cost, "p")(y, 0.0))

    assert np.isclose(2 * cr.grad(half, "p")(y, 0.3), cr.grad(whole, "p")(y, 0.3), rtol=1e-12)
    return right([minimum(half), minimum(half)], [minimum(whole), y])


def traced(name: str) -> float:
    """A named intermediate of the network, as chainrule works it out."""
    return float(cr.parse(f"{FORWARD}; 1 * {name}", **dict.fromkeys(NAMES, ""))(**AT))


@of(70)
def _() -> Case:
    products = [x1 * w1, x2 * w3], [x1 * w2, x2 * w4]
    hidden = [f(sum(each)) for each in products]
    return right(f(sum([hidden[0] * w5, hidden[1] * w6])), traced("a3"))


@of(71)
def _() -> Case:
    theirs = [x1 * w1 + x2 * w3, x1 * w2 + x2 * w4, f(x1 * w1 + x2 * w3), f(x1 * w2 + x2 * w4)]
    return right(theirs, [traced(name) for name in ("z1", "z2", "a1", "a2")])


@of(72)
def _() -> Case:
    return Case(note=a1 * w5 + a1 * w6, ours=a1 * w5 + a2 * w6, truth=traced("z3"))


@of(73)
def _() -> Case:
    activations = {"sigmoid": f, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
    return right([g(z3) for g in activations.values()], [cr.parse(f"{name}(z)", z="")(z3) for name in activations])


@of(74)
def _() -> Case:
    small = 1e-5
    change = E(w1=w1 + small / 2) - E(w1=w1 - small / 2)
    return Case(note=by["w1"], ours=by["w1"] * small, truth=change)


@of(75)
def _() -> Case:
    E_a3 = a3 - y
    forms = [
        E_a3 * slope(lambda w: f(f(x1 * w + x2 * w3) * w5 + a2 * w6), w1),
        E_a3 * df3 * slope(lambda w: f(x1 * w + x2 * w3) * w5 + a2 * w6, w1),
        E_a3 * df3 * w5 * slope(lambda w: f(x1 * w + x2 * w3), w1),
        E_a3 * df3 * w5 * df1 * x1,
    ]
    return right(forms, [by["w1"]] * 4)


@of(76)
def _() -> Case:
    e = a3 - y
    ours = [e * df3 * w6 * df2 * x1, e * df3 * w5 * df1 * x2, e * df3 * w6 * df2 * x2, e * df3 * a1, e * df3 * a2]
    return Case(ours=ours, truth=[by[name] for name in NAMES[4:]])


@of(77)
def _() -> Case:
    return right([20, 11], [separately([2, 2, 1]), with_stored_errors([2, 2, 1])])


@of(78)
def _() -> Case:
    forms = [slope(lambda z: (y - f(z)) ** 2 / 2, z3), -(y - a3) * slope(f, z3), (a3 - y) * slope(f, z3)]
    return right(forms, [by_z3] * 3)


@of(79)
def _() -> Case:
    return right([δ1, δ2], cr.grad(BY_Z, "z")([z1, z2], w5, w6, y))


@of(80)
def _() -> Case:
    return right(δ3 * a1, by["w5"])


@of(81)
def _() -> Case:
    return right(δ3 * a2, by["w6"])


@of(82)
def _() -> Case:
    # How z3 changes with a3 can only be read as 1/f′(z3), for a3 is made of it.
    return Case(note=δ3 * (1 / df3) * df1, ours=δ3 * w5 * df1, truth=by_z1)


@of(83)
def _() -> Case:
    theirs = slope(lambda a: a * w5 + a * w6, a1)
    return Case(note=δ3 * theirs * df1, ours=δ3 * slope(lambda a: a * w5 + a2 * w6, a1) * df1, truth=by_z1)


@of(84)
def _() -> Case:
    return right(δ3 * w5 * df1, by_z1)


@of(85)
def _() -> Case:
    return right(δ3 * w6 * df2, by_z2)


@of(86)
def _() -> Case:
    shared = by["w5"] / a1
    return right([shared, shared * w5 * df1 * x1], [by_z3, by["w1"]])


@of(87)
def _() -> Case:
    return right(δ1 * x1, by["w1"])


@of(88)
def _() -> Case:
    return Case(ours=[δ2 * x1, δ1 * x2, δ2 * x2], truth=[by["w2"], by["w3"], by["w4"]])


@of(89)
def _() -> Case:
    deep = [2] * 11 + [1]
    return right([81_924, 101], [separately(deep), with_stored_errors(deep)])
