"""The first note's network with one hidden layer (entries 33 to 60)."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from tests.notes.checks import Case, Checks, attempt, right, slope

CHECKS = Checks()
of = CHECKS.of

rng = np.random.default_rng(2)
n, m, L = 4, 3, 5
x, y = rng.normal(size=(n, L)), rng.normal(size=L)
W1, W2 = rng.normal(size=(m, n)), rng.normal(size=m)

NETWORK = cr.parse(
    "z = W1@x; a = tanh(z); y_hat = W2@a; sum((y - y_hat)**2) / (2*x.shape[1])", x="n L", y="L", W1="m n", W2="m"
)
OUTPUT = cr.parse("W2 @ tanh(W1 @ x)", x="n L", W1="m n", W2="m")
by_W1, by_W2 = cr.grad(NETWORK, "W1")(x, y, W1, W2), cr.grad(NETWORK, "W2")(x, y, W1, W2)
output_by_W1 = cr.jacobian(OUTPUT, "W1")(x, W1, W2)

z = W1 @ x
a = np.tanh(z)
df = 1 - a**2
y_hat = W2 @ a
# The derivatives that equations leave open, by the complex step: ∂ŷ_l/∂W is [l, …]. (A sample is s in loops.)
open_W2 = slope(lambda W: W @ a, W2)
open_W1 = slope(lambda W: W2 @ np.tanh(W @ x), W1)


def E(W1: Any, W2: Any) -> Any:
    return np.sum((y - W2 @ np.tanh(W1 @ x)) ** 2) / (2 * L)


def mean(terms: Any) -> Any:
    """1/L Σ_l, the samples being the first axis."""
    return np.sum(terms, axis=0) / L


def times(numbers: Any, partials: Any) -> Any:
    """Σ needs it: a number for each sample times what follows."""
    return numbers.reshape(-1, *[1] * (partials.ndim - 1)) * partials


@of(33)
def _() -> Case:
    row = W2[None, :]
    assert (W1.shape, row.shape) == ((m, n), (1, m))
    return right((row @ a)[0], OUTPUT(x, W1, W2))


@of(34)
def _() -> Case:
    hidden = [[np.tanh(sum(W1[i, j] * x[j, s] for j in range(n))) for s in range(L)] for i in range(m)]
    return right([sum(W2[i] * hidden[i][s] for i in range(m)) for s in range(L)], OUTPUT(x, W1, W2))


@of(35)
def _() -> Case:
    return right(sum((y[s] - y_hat[s]) ** 2 for s in range(L)) / (2 * L), NETWORK(x, y, W1, W2))


@of(36)
def _() -> Case:
    # The gradient without the ½ is twice as long, and so is zero at the same places.
    whole = cr.parse("sum((y - W2@tanh(W1@x))**2) / x.shape[1]", x="n L", y="L", W1="m n", W2="m")
    return Case(ours=2 * by_W2, truth=cr.grad(whole, "W2")(x, y, W1, W2))


@of(37)
def _() -> Case:
    cost, w = cr.parse("2 * w**2", w=""), 1.0
    curvature = float(cr.hessian(cost)(w))
    rates = np.array([0.1, 0.3, 0.49, 0.51, 0.7])
    falls = [cost(w - rate * cr.grad(cost)(w)) < cost(w) for rate in rates]
    return Case(note=np.ones(5), ours=rates < 2 / curvature, truth=falls)


@of(38)
def _() -> Case:
    return right(sum(slope(lambda W, s=s: (y[s] - W @ a[:, s]) ** 2, W2) for s in range(L)) / (2 * L), by_W2)


@of(39)
def _() -> Case:
    terms = times(y - y_hat, slope(lambda W: y - W @ a, W2))
    return Case(note=mean(-terms), ours=mean(terms), truth=by_W2)


@of(40)
def _() -> Case:
    terms = times(y - y_hat, open_W2)
    return Case(note=mean(terms), ours=-mean(terms), truth=by_W2)


@of(41)
def _() -> Case:
    note = [sum((y[s] - y_hat[s]) * a[i, s] for s in range(L)) / L for i in range(m)]
    ours = [sum((y_hat[s] - y[s]) * a[i, s] for s in range(L)) / L for i in range(m)]
    return Case(note=note, ours=ours, truth=by_W2)


@of(42)
def _() -> Case:
    as_row = cr.parse("sum((y - W2@tanh(W1@x))**2) / (2*x.shape[1])", x="n L", y="1 L", W1="m n", W2="1 m")
    found = cr.grad(as_row, "W2")(x, y[None], W1, W2[None])
    # It grows along the gradient, by its squared length for each unit of the step.
    growth = slope(lambda t: E(W1, W2 + t * by_W2), 0.0)
    return right([1, m, by_W2 @ by_W2], [*found.shape, growth])


@of(43)
def _() -> Case:
    note = sum((y[s] - y_hat[s]) * a[:, s : s + 1].T for s in range(L)) / L
    ours = sum((y_hat[s] - y[s]) * a[:, s : s + 1].T for s in range(L)) / L
    assert np.allclose(ours, (y_hat - y)[None, :] @ a.T / L, rtol=1e-12)
    return Case(note=note, ours=ours, truth=by_W2[None, :])


@of(44)
def _() -> Case:
    # [i, j, k, d]: 1 where i = k and j = d.
    deltas = np.einsum("ik,jd->ijkd", np.eye(m), np.eye(n))
    return right(deltas, cr.jacobian(cr.parse("1 * W", W=f"{m} {n}"))(W1))


@of(45)
def _() -> Case:
    return right(
        sum(slope(lambda W, s=s: (y[s] - W2 @ np.tanh(W @ x[:, s])) ** 2, W1) for s in range(L)) / (2 * L), by_W1
    )


@of(46)
def _() -> Case:
    terms = times(y - y_hat, slope(lambda W: y - W2 @ np.tanh(W @ x), W1))
    return Case(note=mean(-terms), ours=mean(terms), truth=by_W1)


@of(47)
def _() -> Case:
    terms = times(y - y_hat, open_W1)
    return Case(note=mean(terms), ours=-mean(terms), truth=by_W1)


# Equations (24) to (32) are ∂ŷ_l/∂W1_ij: the axes are l, i, j.


@of(48)
def _() -> Case:
    return right(slope(lambda W: sum(W2[k] * np.tanh(W @ x)[k] for k in range(m)), W1), output_by_W1)


@of(49)
def _() -> Case:
    return right(sum(slope(lambda W, k=k: W2[k] * np.tanh(W @ x)[k], W1) for k in range(m)), output_by_W1)


@of(50)
def _() -> Case:
    return right(sum(W2[k] * slope(lambda W, k=k: np.tanh(W @ x)[k], W1) for k in range(m)), output_by_W1)


def z_by_W1() -> np.ndarray:
    """∂z_kl/∂W1_ij: the axes are k, l, i, j."""
    return slope(lambda W: W @ x, W1)


def with_index_ii(partials: np.ndarray) -> np.ndarray:
    """What is by the entry ij, asked for by the entry ii instead, whatever j is (here m ≤ n, so that there is one)."""
    diagonal = np.stack([partials[..., i, i] for i in range(m)], axis=-1)
    return np.repeat(diagonal[..., None], n, axis=-1)


@of(51)
def _() -> Case:
    note = sum(times(W2[k] * df[k], with_index_ii(z_by_W1())[k]) for k in range(m))
    ours = sum(times(W2[k] * df[k], z_by_W1()[k]) for k in range(m))
    return Case(note=note, ours=ours, truth=output_by_W1)


@of(52)
def _() -> Case:
    inner = [slope(lambda W, k=k: sum(W[k, d] * x[d] for d in range(n)), W1) for k in range(m)]
    return right(sum(times(W2[k] * df[k], inner[k]) for k in range(m)), output_by_W1)


@of(53)
def _() -> Case:
    itself = slope(lambda W: W, W1)

    def equation(partials: np.ndarray) -> Any:
        return sum(W2[k] * df[k, s] * x[d, s] * partials[k, d] * np.eye(L)[s][:, None, None]
                   for k in range(m) for d in range(n) for s in range(L))  # fmt: skip

    return Case(note=equation(with_index_ii(itself)), ours=equation(itself), truth=output_by_W1)


@of(54)
def _() -> Case:
    return right(np.einsum("k,kl,dl,ki,dj->lij", W2, df, x, np.eye(m), np.eye(n)), output_by_W1)


@of(55)
def _() -> Case:
    return right(np.einsum("k,kl,jl,ki->lij", W2, df, x, np.eye(m)), output_by_W1)


@of(56)
def _() -> Case:
    return right([[[W2[i] * df[i, s] * x[j, s] for j in range(n)] for i in range(m)] for s in range(L)], output_by_W1)


@of(57)
def _() -> Case:
    return Case(note=mean(times(y - y_hat, open_W1)), ours=mean(times(y_hat - y, open_W1)), truth=by_W1)


@of(58)
def _() -> Case:
    def equation(e: np.ndarray) -> Any:
        return [[sum(e[s] * W2[i] * df[i, s] * x[j, s] for s in range(L)) / L for j in range(n)] for i in range(m)]

    return Case(note=equation(y - y_hat), ours=equation(y_hat - y), truth=by_W1)


@of(59)
def _() -> Case:
    row = W2[None, :]

    def theirs() -> Any:
        return sum((y[s] - y_hat[s]) * ((row * df[:, s : s + 1].T) @ x[:, s : s + 1]) for s in range(L)) / L

    ours = sum((y_hat[s] - y[s]) * ((row.T * df[:, s : s + 1]) @ x[:, s : s + 1].T) for s in range(L)) / L
    return Case(note=attempt(theirs), ours=ours, truth=by_W1)


@of(60)
def _() -> Case:
    move1, move2 = rng.normal(size=W1.shape), rng.normal(size=W2.shape)
    together = slope(lambda t: E(W1 + t * move1, W2 + t * move2), 0.0)
    return right(np.sum(by_W1 * move1) + np.sum(by_W2 * move2), together)
