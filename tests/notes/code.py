"""The third note's Python, the answers to its exercise, and the comments below it (entries 118 to 141)."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from tests.notes.checks import Case, Checks, attempt, right
from tests.notes.third import AT, MSE, N, b1, b2, by, d, e, m, on, u1, u2, u4, w1, w2, x, y

CHECKS = Checks()
of = CHECKS.of

l1, l2 = u2, u2 @ w2 + b2
diff = y - l2
# The note's lines, with a name each for what they hold.
by_diff = (2 / N) * diff
by_l2 = by_diff * -1
by_l1 = by_l2 @ w2.T
by_u1 = by_l1 * (l1 > 0)

OF_DIFF = cr.parse("sum(diff**2) / diff.shape[0]", diff="N k")
OF_L2 = cr.parse("sum((y - l2)**2) / y.shape[0]", l2="N k", y="N k")
OF_L1 = cr.parse("sum((y - (l1@w2 + b2))**2) / y.shape[0]", l1="N m", y="N k", w2="m k", b2="k")
OF_U1 = cr.parse("sum((y - (relu(u1)@w2 + b2))**2) / y.shape[0]", u1="N m", y="N k", w2="m k", b2="k")


@of(118)
def _() -> Case:
    note = sum(np.sum((y[i] - l2) ** 2) for i in range(N)) / N
    ours = sum(np.sum((y[i] - l2[i]) ** 2) for i in range(N)) / N
    return Case(note=note, ours=ours, truth=MSE(**AT))


@of(119)
def _() -> Case:
    assert x.shape[0] == N
    return right(by_diff, cr.grad(OF_DIFF)(diff))


@of(120)
def _() -> Case:
    # Their l2.g, as the gradient by l2.
    return Case(note=by_l1, ours=by_l2, truth=cr.grad(OF_L2, "l2")(l2, y))


@of(121)
def _() -> Case:
    return right(by_l2, cr.grad(OF_L2, "l2")(l2, y))


@of(122)
def _() -> Case:
    return right(by_l1, cr.grad(OF_L1, "l1")(l1, y, w2, b2))


@of(123)
def _() -> Case:
    return right(by_u1, cr.grad(OF_U1, "u1")(u1, y, w2, b2))


@of(124)
def _() -> Case:
    # It does not fit; where d = m, one number comes out.
    square = np.ones((N, m))
    assert np.shape((by_u1 * square).sum()) == ()
    return Case(note=attempt(lambda: (by_u1 * x).sum()), ours=x.T @ by_u1, truth=by["w1"])


@of(125)
def _() -> Case:
    shared = cr.parse("sum((y - (relu(x@w1 + b1)@w2 + b2))**2) / y.shape[0]",
                      x="N d", y="N k", w1="d m", b1="", w2="m k", b2="k")  # fmt: skip
    inside = ((2 / N) * -(y - (np.maximum(x @ w1 + 0.3, 0) @ w2 + b2)) @ w2.T) * (x @ w1 + 0.3 > 0)
    assert np.isclose(inside.sum(), cr.grad(shared, "b1")(x, y, w1, 0.3, w2, b2), rtol=1e-12), "one bias for all units"
    return Case(note=(by_u1 * 1).sum(), ours=by_u1.sum(axis=0), truth=by["b1"])


@of(126)
def _() -> Case:
    flat = y[:, 0]
    compatible = flat - l2
    assert compatible.shape == (N, N)
    with np.testing.assert_raises(cr.ShapeError):
        cr.mse(l2, flat)
    return Case(note=np.sum(compatible**2) / N, ours=np.sum((flat - l2[:, 0]) ** 2) / N, truth=MSE(**AT))


@of(127)
def _() -> Case:
    whole = 2 / N * (e @ w2.T).sum(axis=0)
    outside = [np.where(u1[i] > 0, whole, 0) for i in range(N)]
    nearest = min(outside, key=lambda found: float(np.max(np.abs(found - by["b1"]))))
    return Case(note=nearest, ours=2 / N * ((e @ w2.T) * on).sum(axis=0), truth=by["b1"])


@of(128)
def _() -> Case:
    # Theirs has the sum over all samples, even with the condition where it belongs.
    summed = 2 / N * sum((e[i] @ w2.T * on[i]) @ w1.T for i in range(N))
    ours = [2 / N * (e[i] @ w2.T * on[i]) @ w1.T for i in range(N)]
    return Case(note=[summed] * N, ours=ours, truth=by["x"])


@of(129)
def _() -> Case:
    note = 2 / N * sum(e[i : i + 1] @ u2[i : i + 1] for i in range(N))
    assert np.allclose(note.T, by["w2"], rtol=1e-12), "the right numbers, in a row"
    return Case(note=note, ours=2 / N * sum(u2[i : i + 1].T @ e[i : i + 1] for i in range(N)), truth=by["w2"])


@of(130)
def _() -> Case:
    without_brackets = 2 / N * sum(u2[i] @ w2 for i in range(N)) + b2 - y[-1]
    return Case(note=without_brackets, ours=2 / N * sum(u2[i] @ w2 + b2 - y[i] for i in range(N)), truth=by["b2"])


@of(131)
def _() -> Case:
    return Case(ours=[2 / N * e[i] @ w2.T for i in range(N)], truth=cr.grad(OF_L1, "l1")(l1, y, w2, b2))


@of(132)
def _() -> Case:
    entry_by_entry = [[0.0 if value <= 0 else 1.0 for value in row] for row in u1]
    return right(entry_by_entry, cr.grad(cr.parse("sum(relu(u))", u="N m"))(u1))


@of(133)
def _() -> Case:
    # Theirs as a matrix product of all; ours as the sum over what shares b1, from ∂u1_nj/∂b1_k = δ_jk.
    shares = np.einsum("nj,jk->k", by_u1, np.eye(m))
    return Case(note=attempt(lambda: (by_u1 * x).sum()), ours=shares, truth=by["b1"])


@of(134)
def _() -> Case:
    product = [[sum(x[i, k] * w1[k, j] for k in range(d)) for j in range(m)] for i in range(N)]
    return right(product, cr.parse("x @ w", x="N d", w="d m")(x, w1))


@of(135)
def _() -> Case:
    assert np.allclose((by_u1.T @ x).T, by["w1"], rtol=1e-12)
    return Case(note=attempt(lambda: by_u1 @ x), ours=x.T @ by_u1, truth=by["w1"])


@of(136)
def _() -> Case:
    # What they ask for: another axis summed (the samples), and shapes that differ (N by d, N by m).
    over_samples = [[sum(x[n, a] * by_u1[n, b] for n in range(N)) for b in range(m)] for a in range(d)]
    cannot = attempt(lambda: x @ by_u1)
    return Case(note=cannot, ours=x.T @ by_u1, truth=over_samples)


@of(137)
def _() -> Case:
    affine = cr.parse("x@w + b", x=f"{d}", w=f"{d} {m}", b=f"{m}")
    jacobian = cr.jacobian(affine, "x")(x[0], w1, b1)
    assert np.allclose(jacobian, w1.T, rtol=1e-12), "rows for y"
    rows_for_x = jacobian.T
    return Case(note=w1.T, ours=w1, truth=rows_for_x)


@of(138)
def _() -> Case:
    # By W: "the other factor, transposed", in the place where it stood, is on the wrong side.
    product = cr.parse("sum(G * (X @ W))", X="N d", W="d m", G="N m")
    assert np.allclose(by_u1 @ w1.T, cr.grad(product, "X")(x, w1, by_u1), rtol=1e-12)
    return Case(note=attempt(lambda: by_u1 @ x.T), ours=x.T @ by_u1, truth=cr.grad(product, "W")(x, w1, by_u1))


@of(139)
def _() -> Case:
    return right(u4 * e, [[u4[i, 0] * e[i, 0]] for i in range(N)])


@of(140)
def _() -> Case:
    return right((w1[:, 0] * w1[:, 1]).sum(), cr.parse("a @ b", a="n", b="n")(w1[:, 0], w1[:, 1]))


@of(141)
def _() -> Case:
    A, B = x[:3], w1[:, :3]
    one_number: Any = np.sum(A * B)
    assert np.isclose(one_number, np.trace(A.T @ B), rtol=1e-12)
    rows_by_columns = [[A[i] @ B[:, j] for j in range(3)] for i in range(3)]
    return Case(note=one_number, ours=A @ B, truth=rows_by_columns)
