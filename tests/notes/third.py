"""The third note: two layers with relu, by substitution (entries 90 to 117)."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from tests.notes.checks import Case, Checks, attempt, relu, right, slope

CHECKS = Checks()
of = CHECKS.of

rng = np.random.default_rng(3)
N, d, m = 7, 3, 4
x, y = rng.normal(size=(N, d)), rng.normal(size=(N, 1))
w1, b1, w2, b2 = rng.normal(size=(d, m)), rng.normal(size=m), rng.normal(size=(m, 1)), rng.normal(size=1)
AT = {"x": x, "y": y, "w1": w1, "b1": b1, "w2": w2, "b2": b2}
SHAPES = {"x": "N d", "y": "N k", "w1": "d m", "b1": "m", "w2": "m k", "b2": "k"}
MSE = cr.parse("l1 = relu(x@w1 + b1); l2 = l1@w2 + b2; diff = y - l2; sum(diff**2) / x.shape[0]", **SHAPES)
ONE = cr.parse("sum((y - (relu(x@w1 + b1)@w2 + b2))**2)", **{**SHAPES, "x": "d", "y": "k"})
"""u5, for one sample."""
by = {name: cr.grad(MSE, name)(**AT) for name in AT}

# The intermediates for all samples, a row each.
u1 = x @ w1 + b1
u2 = np.maximum(0, u1)
u3 = u2 @ w2 + b2
u4 = y - u3
u5 = u4**2
on = (u1 > 0).astype(float)
e = u3 - y
assert 0 < on.mean() < 1, "some units have to be on, and some off"
assert np.any(on.any(axis=0) & ~on.all(axis=0)), "a unit has to be on for some samples, and off for others"


@of(90)
def _() -> Case:
    # A row times D matrices of m by m, from the left: D m² multiplications; from the right, D − 1 of m³ and one of m².
    D, units = 5, 6
    matrices = [rng.normal(size=(units, units)) for _ in range(D)]
    row = rng.normal(size=units)
    inwards, inwards_count = row, 0
    for matrix in matrices:
        inwards, inwards_count = inwards @ matrix, inwards_count + units**2
    outwards, outwards_count = matrices[-1], 0
    for matrix in reversed(matrices[:-1]):
        outwards, outwards_count = matrix @ outwards, outwards_count + units**3
    assert (inwards_count, outwards_count) == (D * units**2, (D - 1) * units**3)
    return Case(ours=inwards, truth=row @ outwards)


@of(91)
def _() -> Case:
    chain = cr.parse("u = 7 + x**2; 3 * u", x="")
    product = slope(lambda u: 3 * u, 7 + 1.7**2) * slope(lambda x: 7 + x**2, 1.7)
    return right([product, 6 * 1.7], [cr.grad(chain)(1.7)] * 2)


@of(92)
def _() -> Case:
    affine = cr.parse("x @ w + b", x=f"{d}", w=f"{d} {m}", b=f"{m}")
    one, other = affine(x[0], w1, b1), affine(x[1], w1, b1)
    return Case(note=one + other, ours=one + other - b1, truth=affine(x[0] + x[1], w1, b1))


@of(93)
def _() -> Case:
    output = cr.parse("relu(x@w1 + b1)@w2 + b2", x="d", w1="d m", b1="m", w2="m k", b2="k")
    return right(np.maximum(0, x[0] @ w1 + b1) @ w2 + b2, output(x[0], w1, b1, w2, b2))


@of(94)
def _() -> Case:
    alone = {**AT, "x": x[:1], "y": y[:1]}
    return Case(note=u5[0, 0] / 2, ours=u5[0, 0], truth=MSE(**alone))


@of(95)
def _() -> Case:
    mean = cr.parse("mean((y - x)**2)", x="n", y="n")
    p, t = x[:3, 0], y[:3, 0]
    three = ((t[0] - p[0]) ** 2 + (t[1] - p[1]) ** 2 + (t[2] - p[2]) ** 2) / 3
    return right([(t[0] - p[0]) ** 2 / 1, three], [mean(p[:1], t[:1]), mean(p, t)])


@of(96)
def _() -> Case:
    terms = [(y[i] - (np.maximum(0, x[i] @ w1 + b1) @ w2 + b2)) ** 2 for i in range(N)]
    # With two outputs the mean over samples and that over all numbers are not the same.
    assert np.mean(np.ones((N, 2))) != np.sum(np.ones((N, 2))) / N
    return right([sum(terms)[0] / N, (1 / N) * sum(terms)[0]], [MSE(**AT)] * 2)


@of(97)
def _() -> Case:
    return right(20, cr.parse("sum(2 * x)", x="n")(np.array([1.0, 2.0, 3.0, 4.0])))


@of(98)
def _() -> Case:
    lines = [
        sum((y[i] - (np.maximum(0, u1[i]) @ w2 + b2)) ** 2 for i in range(N))[0],
        sum((y[i] - (u2[i] @ w2 + b2)) ** 2 for i in range(N))[0],
        sum((y[i] - u3[i]) ** 2 for i in range(N))[0],
        sum(u4[i] ** 2 for i in range(N))[0],
        sum(u5[i] for i in range(N))[0],
    ]
    return right(np.array(lines) / N, [MSE(**AT)] * 5)


@of(99)
def _() -> Case:
    by_u4 = cr.grad(cr.parse("sum(u4**2) / u4.shape[0]", u4="N k"))(u4)
    return Case(note=2 * u4, ours=2 * u4 / N, truth=by_u4)


def mean_of(term: Any) -> Any:
    """1/N Σ_i ∂(…)/∂w1, the bracket a function of w1 and the sample."""
    return sum(slope(lambda w, i=i: term(w, i), w1) for i in range(N)) / N


def difference(w: Any, i: int) -> Any:
    """u4 of a sample, as a function of w1."""
    return (y[i] - (relu(x[i] @ w + b1) @ w2 + b2))[0]


@of(100)
def _() -> Case:
    fifth_power = mean_of(lambda w, i: difference(w, i) ** 5)
    return Case(note=fifth_power, ours=mean_of(lambda w, i: difference(w, i) ** 2), truth=by["w1"])


# Jacobians of single steps, by chainrule: rows are entries of the result, columns those of what it is by.
SQUARE, DIFFERENCE = cr.parse("sum(u4**2)", u4="1"), cr.parse("y - u3", u3="1", y="1")
SECOND, RELU = cr.parse("u2@w2 + b2", u2=f"{m}", w2=f"{m} 1", b2="1"), cr.parse("relu(u1)", u1=f"{m}")
FIRST = cr.parse("x@w1 + b1", w1=f"{d} {m}", x=f"{d}", b1=f"{m}")


@of(101)
def _() -> Case:
    total = np.zeros((d, m))
    for i in range(N):
        row = cr.grad(SQUARE)(u4[i])[None, :]
        for jacobian in (
            cr.jacobian(DIFFERENCE, "u3")(u3[i], y[i]),
            cr.jacobian(SECOND, "u2")(u2[i], w2, b2),
            cr.jacobian(RELU)(u1[i]),
        ):
            row = row @ jacobian
        total += np.einsum("j,jab->ab", row[0], cr.jacobian(FIRST, "w1")(w1, x[i], b1))
    return right(total / N, by["w1"])


@of(102)
def _() -> Case:
    return right(2 * u4[0], cr.grad(SQUARE)(u4[0]))


@of(103)
def _() -> Case:
    without_brackets = slope(lambda u: 0 * u + y[0], u3[0])[:, 0] - u3[0]
    ours = slope(lambda u: y[0] - u, u3[0])[:, 0]
    return Case(note=without_brackets, ours=ours, truth=cr.jacobian(DIFFERENCE, "u3")(u3[0], y[0])[:, 0])


@of(104)
def _() -> Case:
    return right([[-1.0]], cr.jacobian(DIFFERENCE, "u3")(u3[0], y[0]))


@of(105)
def _() -> Case:
    return right(w2.T, cr.jacobian(SECOND, "u2")(u2[0], w2, b2))


@of(106)
def _() -> Case:
    return Case(note=on[0], ours=np.diag(on[0]), truth=cr.jacobian(RELU)(u1[0]))


@of(107)
def _() -> Case:
    ours = np.einsum("a,jb->jab", x[0], np.eye(m))
    return Case(note=x[:1].T, ours=ours, truth=cr.jacobian(FIRST, "w1")(w1, x[0], b1))


def by_one_sample(i: int) -> np.ndarray:
    """∂u5/∂w1 for a sample."""
    return cr.grad(ONE, "w1")(x[i], y[i], w1, b1, w2, b2)


@of(108)
def _() -> Case:
    return Case(note=by_one_sample(0), ours=sum(by_one_sample(i) for i in range(N)) / N, truth=by["w1"])


def column(row: Any) -> Any:
    return np.asarray(row)[:, None]


@of(109)
def _() -> Case:
    def theirs() -> Any:
        return sum(((2 * u4[i]) * (-1) * w2.T * on[i]) @ column(x[i]) for i in range(N)) / N

    # With one hidden unit every factor but x is a number, and their order is free.
    one = {**AT, "w1": w1[:, :1], "b1": b1[:1], "w2": w2[:1]}
    error = y - (u2[:, :1] @ w2[:1] + b2)
    numbers = 2 * error * (-1) * w2[0, 0] * on[:, :1]
    assert np.allclose(sum(numbers[i] * column(x[i]) for i in range(N)) / N, cr.grad(MSE, "w1")(**one), rtol=1e-12)
    ours = sum(column(x[i]) @ ((2 * u4[i]) * (-1) * w2.T * on[i]) for i in range(N)) / N
    return Case(note=attempt(theirs), ours=ours, truth=by["w1"])


@of(110)
def _() -> Case:
    def line(error: Any, condition: Any) -> Any:
        return sum(column(x[i]) @ np.where(condition(i), -2 * error(i) * w2.T, 0) for i in range(N)) / N

    lines = [
        line(lambda i: u4[i], lambda i: u1[i] > 0),
        line(lambda i: y[i] - u3[i], lambda i: u1[i] > 0),
        line(lambda i: y[i] - (u2[i] @ w2 + b2), lambda i: u1[i] > 0),
        line(lambda i: y[i] - (np.maximum(0, u1[i]) @ w2 + b2), lambda i: u1[i] > 0),
        line(lambda i: y[i] - (np.maximum(0, x[i] @ w1 + b1) @ w2 + b2), lambda i: x[i] @ w1 + b1 > 0),
    ]
    return right(lines, [by["w1"]] * 5)


@of(111)
def _() -> Case:
    whole = sum(column(x[i]) @ (-2 * u4[i] * w2.T) for i in range(N)) / N
    # Whichever sample i is taken to be, in front of the sum: that which comes nearest.
    outside = [np.where(u1[i] > 0, whole, 0) for i in range(N)]
    nearest = min(outside, key=lambda found: float(np.max(np.abs(found - by["w1"]))))
    inside = sum(column(x[i]) @ np.where(u1[i] > 0, -2 * u4[i] * w2.T, 0) for i in range(N)) / N
    return Case(note=nearest, ours=inside, truth=by["w1"])


@of(112)
def _() -> Case:
    def gradient(error: Any) -> Any:
        return sum(column(x[i]) @ np.where(u1[i] > 0, -2 * error[i] * w2.T, 0) for i in range(N)) / N

    return Case(note=gradient(y - u2 @ w2 + b2), ours=gradient(y - (u2 @ w2 + b2)), truth=by["w1"])


@of(113)
def _() -> Case:
    terms = [column(x[i]) @ np.where(u1[i] > 0, (u2[i] @ w2 + b2 - y[i]) * w2.T, 0) for i in range(N)]
    return right(2 / N * sum(terms), by["w1"])


@of(114)
def _() -> Case:
    one_by_one = 2 / N * sum(column(x[i]) @ (e[i] * w2.T * on[i]) for i in range(N))
    at_once = 2 / N * x.T @ ((e @ w2.T) * on)
    return right([one_by_one, at_once], [by["w1"]] * 2)


@of(115)
def _() -> Case:
    i = 2
    g4 = 2 * u4[i]
    g3 = g4 * -1
    g2 = g3 @ w2.T
    g1 = g2 * on[i]
    truth = [
        cr.grad(SQUARE)(u4[i]),
        cr.grad(cr.parse("sum((y - u)**2)", u="k", y="k"), "u")(u3[i], y[i]),
        cr.grad(cr.parse("sum((y - (u@w + b))**2)", u="m", y="k", w="m k", b="k"), "u")(u2[i], y[i], w2, b2),
        cr.grad(cr.parse("sum((y - (relu(u)@w + b))**2)", u="m", y="k", w="m k", b="k"), "u")(u1[i], y[i], w2, b2),
    ]
    return right(np.concatenate([g4, g3, g2, g1]), np.concatenate(truth))


@of(116)
def _() -> Case:
    i = 2
    g1 = ((2 * u4[i] * -1) @ w2.T) * on[i]
    return right(g1, cr.grad(ONE, "b1")(x[i], y[i], w1, b1, w2, b2))


def lin(x: Any, w: Any, b: Any) -> Any:
    return x @ w + b


@of(117)
def _() -> Case:
    l1 = np.maximum(lin(x, w1, b1), 0)
    l2 = lin(l1, w2, b2)
    return right(np.mean((y - l2) ** 2), MSE(**AT))
